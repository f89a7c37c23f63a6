/*
 * One worker: a process of its own that runs one job on one input and leaves its rows in a temporary file that the parent
 * opened. It looks at hostile bytes, so what it hands over is checked by whoever reads it, and when it dies only its own
 * capture is lost. Which capture comes next and in which order results are written is batch.h's business.
 */
#pragma once

#include "analyzer/report/sink.h"

#include <stdatomic.h>
#include <sys/types.h>

/* Reads the input, pushes findings and one summary; 0 or a negative ERR_*. Runs in the worker. */
typedef int worker_job(void *context, int input, const struct sink *sink, struct err *e);

/* Shared with the process: how far it is, and its last words. */
struct worker_page {
	_Atomic uint64_t bytes, frames, findings;
	_Atomic uint64_t steps; /* of the capture pass, done */
	struct err error;
};

struct worker {
	pid_t pid;  /* 0: idle */
	int output; /* the temporary file */
	struct worker_page *page;
};

/* How a worker ended, as its exit status says; anything else is a crash. */
enum worker_end { WORKER_DONE, WORKER_CRASHED, WORKER_NO_MEMORY, WORKER_OUTPUT_FAILED };

/* An unlinked file in TMPDIR (default /tmp), or -1. */
int worker_file(struct err *e);

int worker_open(struct worker *w, struct err *e);
/* Kills a running process. Legal on a worker that was never opened but is zeroed. */
void worker_close(struct worker *w);

/* Starts the job in a new process, with an empty output file. The input stays the caller's, to be closed after this.
 * memory: bytes of address space, 0 for no bound; not enforced where a sanitizer needs its shadow memory. */
int worker_start(struct worker *w, int input, worker_job *job, void *context, uint64_t memory, struct err *e);

/* Kills the process and waits for it. */
void worker_kill(struct worker *w);

/* True when the process has ended (without waiting); then *end and a short line for WORKER_CRASHED and the others. */
bool worker_ended(struct worker *w, enum worker_end *end, struct err *why);
