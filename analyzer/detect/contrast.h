/*
 * The control experiment inside a capture (docs/rules.md, "Name contrast"): at one address and port, did one name fail where others
 * passed? A server that is down, a lost route, a full queue and a careless client read no names. What it does not rule
 * out: a server that refuses the name itself, and a filter on the client's own machine.
 *
 * Attempts of a client at a place within five minutes' bins of the finding's own and two to either side count; those of one name within
 * 5 s of each other are one. Fisher's exact test, one-sided, adjusted over all names tested (fisher.h).
 */
#pragma once

#include "analyzer/base/arena.h"
#include "analyzer/detect/attempt.h"
#include "analyzer/evidence/weight.h"

struct contrast_input {
	const struct attempt_table *attempts;
	const struct weights *weights;
	int64_t first_ns; /* of the capture: where bins are counted from */
	struct arena *arena;
};

/*
 * Every finding with contrast bits and a name: adds E10_1 to E10_4, and E10b where a single control carries it, sets selectivity, and
 * puts the numbers into details, for which all[i] may be replaced by a wider copy from the arena. Then E13 for what
 * happened to one name three times and never otherwise. Findings whose memory is exhausted stay without.
 */
void contrast_all(struct finding **all, size_t count, const struct contrast_input *in);

/* The counts behind a contrast; for detectors that look for one of their own. */
struct contrast_counts {
	uint32_t fail, ok, ctrl_fail, ctrl_ok;
};

/*
 * Attempts in the range from from_ns on and before to_ns: those at `name` against all others that have one. outcomes: the bits that
 * are a failure; success is ATTEMPT_ANSWERED, the rest counts neither way.
 */
struct contrast_counts contrast_count(struct attempt_range range, const char *name, uint32_t outcomes, int64_t from_ns,
                                      int64_t to_ns);
