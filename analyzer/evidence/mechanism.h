/*
 * The mechanisms that this build can find: the ids of the taxonomy with their stage, protocol and one fixed sentence
 * each. A mechanism is added here when its detector is.
 */
#pragma once

#include "analyzer/evidence/guard.h"

#include <stddef.h>
#include <stdint.h>

struct mechanism {
	const char *id;
	const char *stage, *protocol; /* words of the taxonomy; "any": the flow's own */
	const char *note;             /* the `note` column: fixed text, says what the packets show, never who or why */
	/*
	 * The `note` instead where the finding itself carries the word: selectivity is name, address, port or
	 * protocol, or a signature of scope national or isp matched (the report decides). NULL: no such sentence,
	 * `note` always holds.
	 */
	const char *note_selective;
	const char *source;   /* the paper or report behind the rule */
	const char *rule;     /* one or two sentences: when it speaks. NULL: not written yet */
	const char *innocent; /* what else looks like this, and what tells it apart. NULL: not written yet */
	const char *terms;    /* ids of weights.csv that it may carry beside those of every suspect, blank-separated */
	/*
	 * Bits 1 << enum guard that the capture pass tests for its findings (detect/guard.h): G15, G16, G17, G22. The
	 * others are the detector's own business.
	 */
	uint32_t guards;
};

/* Terms that any mechanism may carry: of the headers of a suspect packet (detect/suspect.h), and of the capture pass (contrast.h, guard.h). */
#define MECHANISM_TERMS_SUSPECT "E01 E01b E02 E02b E02c E02d E03 E03b E03c E05 E07 E08 E08b"
#define MECHANISM_TERMS_CAPTURE "E10_1 E10_2 E10_3 E10_4 E10b E13 N15 N16 N17 N22"

extern const struct mechanism mechanisms[];
extern const size_t mechanism_count;

/* NULL when there is none with this id. */
const struct mechanism *mechanism_find(const char *id);
