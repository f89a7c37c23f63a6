/*
 * What a detector sees of the whole capture, once every flow is closed: its own tables of all logical shards, what was tried and
 * how it ended, and the findings proposed so far. Whatever needs more than one address pair is decided here. Called once a detector, in
 * the order of list.h, in one thread.
 */
#pragma once

#include "analyzer/base/arena.h"
#include "analyzer/detect/attempt.h"
#include "analyzer/detect/census.h"
#include "analyzer/evidence/candidate.h"
#include "analyzer/evidence/weight.h"

struct conclusion {
	const struct sigdb *signatures;
	const struct weights *weights;
	void *const *runs; /* struct detection.run of this detector, of every logical shard */
	size_t run_count;
	const struct attempt_table *attempts;
	const struct census *census;
	bool terminated_locally;   /* guard G23: what the TCP in the file shows is the recorder's own */
	int64_t first_ns, last_ns; /* of the capture clock; FRAME_NO_TIME: no frame has a time */
	enum vantage vantage;      /* of most flows */

	/* Proposed so far, by the packet pass and by detectors before. A detector may change terms, guards, kind and selectivity. */
	struct finding **findings;
	size_t finding_count;

	struct candidates *candidates; /* conclusion_propose adds here */
	struct arena *arena;           /* lives until the findings are written: for texts of details */
	uint64_t *tested;              /* as in struct detection */
	const bool *wanted;
};

/* A finding of the capture pass; the detector fills in client, server, ports and vantage itself. NULL: not wanted, or over a limit. */
struct finding *conclusion_propose(struct conclusion *c, const struct finding *f);

/* The attempt's client, server, ports, flow, name and trigger into the finding. */
void finding_attempt(struct finding *f, const struct attempt *a);
