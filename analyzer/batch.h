/*
 * Many captures, a worker process each, some side by side; results are handed on in the order of the captures. A slow capture
 * holds up nothing but the handing on: what is finished early waits in a temporary file. A worker that dies costs its
 * capture's findings and nothing else.
 */
#pragma once

#include "analyzer/inputs.h"
#include "analyzer/report/rows.h"
#include "analyzer/worker.h"

enum result_status { RESULT_DONE, RESULT_UNREADABLE, RESULT_CRASHED, RESULT_STALLED, RESULT_NO_MEMORY };

/* "unreadable", "crashed", ...: words of captures.csv. "ok" for RESULT_DONE, whose row has its own word. */
const char *result_status_name(enum result_status status);

struct batch_result {
	const struct input *input;
	size_t index;
	enum result_status status;
	const char *error; /* one line; may hold any bytes; "" when done */
	/* Done: the capture row, and a reader that gives all rows, findings first. Both were checked: kinds, order, number of
	 * fields, labels and status. */
	const struct row_fields *capture;
	uint64_t findings;
	struct rows_reader *rows;
};

struct batch_progress {
	size_t captures_done, captures;
	uint64_t bytes, frames, findings;
};

struct batch {
	const struct inputs *inputs;
	worker_job *job;
	void *job_context;
	unsigned workers;  /* at least 1 */
	uint64_t stall_ms; /* without progress; 0: no limit */
	uint64_t memory;   /* bytes of address space a worker; 0: no limit */
	void *context;     /* of the two below */
	/* Called once a capture, in order. Negative stops the run. */
	int (*take)(void *context, const struct batch_result *result, struct err *e);
	/* About five times a second. May be NULL. */
	void (*tick)(void *context, const struct batch_progress *progress);
};

/*
 * 0: every capture was handed on. Negative: stopped, by `take` or because a temporary file could not be written (ERR_IO).
 * A positive number: the signal (SIGINT, SIGTERM, SIGHUP) that asked for an end. No worker is left behind in any case.
 */
int batch_run(const struct batch *b, struct err *e);
