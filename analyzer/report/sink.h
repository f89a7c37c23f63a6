/* Where a capture's result goes: the pipeline pushes findings in their final order, then one summary. */
#pragma once

#include "analyzer/evidence/summary.h"

struct sink {
	void *context;
	/* 0, or a negative ERR_*: the output cannot be written, stop. */
	int (*finding)(void *context, const struct finding *f, struct err *e);
	int (*summary)(void *context, const struct capture_summary *s, struct err *e);
	/* Now and then (every few thousand frames): for progress and for noticing a stalled worker. May be NULL. */
	void (*progress)(void *context, uint64_t bytes_read, uint64_t frames, uint64_t findings);
	/* Between the steps of the capture pass, which reads no frames: it goes on. May be NULL. */
	void (*alive)(void *context);
};
