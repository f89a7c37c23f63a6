/* The bar on standard error: bytes, packets a second, time left, findings so far. */
#pragma once

#include "analyzer/batch.h"

struct progress {
	bool shown;
	uint64_t total_bytes; /* of regular files; 0: not known */
	int64_t started_ms;
	bool drawn; /* the bar stands on the current line */
};

/* Not shown: the other calls do nothing. */
void progress_start(struct progress *p, bool shown, const struct inputs *inputs);
void progress_draw(struct progress *p, const struct batch_progress *now);
/* Takes the bar away, before another line is written. */
void progress_clear(struct progress *p);
