/*
 * What a detector is: a rule about events. It sees events and the facts that flows keep, never raw frames or stream
 * buffers, and proposes candidate findings. One file, one `const struct detector detector_<name>`, one line in list.h.
 */
#pragma once

#include "analyzer/base/arena.h"
#include "analyzer/detect/conclusion.h"
#include "analyzer/event/bus.h"
#include "analyzer/evidence/candidate.h"
#include "analyzer/evidence/weight.h"
#include "analyzer/net/names.h"

/* One call's context; borrowed. One a detector and logical shard. */
struct detection {
	const struct sigdb *signatures;
	const struct weights *weights;
	void *run;   /* run_size bytes of this shard, zeroed before start() */
	void *state; /* flow_size bytes of the event's flow; NULL in start() and finish() */
	struct candidates *candidates;
	uint64_t *tested;          /* a counter a mechanism, by index into mechanisms[] */
	struct arena *scratch;     /* reset after every packet */
	struct attempts *attempts; /* flows come by themselves; detectors add queries */
	struct names *names;       /* of the shard: names_keep() makes a name outlive the event */
	int64_t now_ns;            /* capture clock; at the end of the capture its last value */
	const bool *wanted;        /* by index into mechanisms[]; NULL: all */
	size_t memory;             /* bytes that the detector's own tables may take; 0: no bound */
};

typedef void detect_fn(struct detection *d, const struct event *ev);

struct detector {
	const char *name, *summary;
	size_t run_size, flow_size;
	detect_fn *on[EV_COUNT];                          /* the subscription is the dispatch table */
	int (*start)(struct detection *d, struct err *e); /* optional: prepare `run`; negative ERR_* */
	void (*conclude)(struct conclusion *c); /* optional: the capture pass, once for all shards (conclusion.h) */
	void (*finish)(struct detection *d);    /* optional, last of all: free what start took */
};

extern const struct detector *const detectors[]; /* NULL-terminated, in the order of list.h */

/* The rule was able to judge one flow (or query) for this mechanism: the `tested` column. */
void detection_tested(struct detection *d, const struct mechanism *m);

/* A candidate for the event's flow: fills in flow, vantage-independent facts and copies it. NULL: not wanted, or over a limit. */
struct finding *detection_propose(struct detection *d, struct flow *flow, struct finding *f);
