/*
 * The captures of a run, in the order given: named by hand, read from a list, or found by walking folders in byte order of
 * names. Knows which files may be opened (regular files and pipes; a device could block or never end).
 */
#pragma once

#include "analyzer/base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct input {
	char *name;
	bool standard_input;
};

struct inputs {
	struct input *items;
	size_t count, room;
	bool standard_input;   /* it is a capture, or the list of them */
	size_t other_files;    /* met in walked folders and no captures: skipped */
	size_t result_folders; /* met and not entered */
};

void inputs_free(struct inputs *in);

/* A capture named by hand, "-" for standard input; with `walk` a folder gives the captures below it. ERR_USAGE: standard
 * input twice; ERR_NOMEM. What is missing or cannot be read is added all the same: it gets its row. */
int inputs_add(struct inputs *in, const char *name, bool walk, struct err *e);

/* Names from a file ("-": standard input), one a line or each ended by NUL. Empty ones are skipped; a name "-" is a file. */
int inputs_add_list(struct inputs *in, const char *list, bool nul_ended, bool walk, struct err *e);

/* A descriptor that never blocks on opening and is closed by exec, or -1 and why not: one short line. */
int input_open(const struct input *input, struct err *e);
