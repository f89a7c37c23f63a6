/*
 * What a run knows before it looks at a capture: signature sets and weights, found, loaded and compiled. The default folder
 * is the installed one, or `signatures/` of the build tree when the program runs from there.
 */
#pragma once

#include "analyzer/evidence/weight.h"

struct knowledge {
	struct sigdb *signatures;
	struct weights *weights;
};

/* The default folder as a path, or ERR_USAGE when there is none. */
int knowledge_folder(char *path, size_t size, struct err *e);

/* The weights of the default folder. */
int weights_default(struct weights **w, struct err *e);

/* Loads the default sets, unless they are not wanted, then the paths in their order, each a file or a folder; compiles. A
 * folder with a weights.csv replaces the weights. ERR_USAGE, ERR_FORMAT, ERR_IO: nothing is loaded and the text says what to do. */
int knowledge_load(struct knowledge *k, bool defaults, const char *const *paths, size_t count, struct err *e);
void knowledge_free(struct knowledge *k);
