/*
 * Results in capture order -> tables, summary lines, result folder. Fills in what only the parent knows (the capture's name and
 * hash, rows of captures that no worker could finish) and counts what the exit status says.
 */
#pragma once

#include "analyzer/batch.h"
#include "analyzer/knowledge.h"
#include "analyzer/options.h"

struct output;

/* Opens the result folder, or takes standard output; everything given is borrowed. ERR_USAGE: the folder is no place for results;
 * ERR_IO: it cannot be made; ERR_NOMEM. */
int output_open(struct output **out, const struct options *o, const struct inputs *inputs, struct err *e);

/* The headers. ERR_IO. */
int output_start(struct output *out, struct err *e);

/* struct batch: take and tick. */
int output_take(void *output, const struct batch_result *result, struct err *e);
void output_tick(void *output, const struct batch_progress *progress);

struct output_run {
	const struct knowledge *knowledge;
	int argc;
	char *const *argv;
};

/* After the last capture: manifest, everything to disk, final names. ERR_IO: nothing is left. */
int output_commit(struct output *out, const struct output_run *run, struct err *e);

/* The reader of standard output has gone, which is no error. */
bool output_pipe_closed(const struct output *out);

/* Exit status by what was taken: 4, 1, 10 or 0. */
int output_status(const struct output *out);

/* Removes what was not committed. NULL is legal. */
void output_close(struct output *out);
