/*
 * The result folder: opened once without following a link, files made in it under a temporary name and renamed when all are
 * complete and on disk, so that a run either leaves a whole result or nothing.
 */
#pragma once

#include "analyzer/base/err.h"

#include <stdbool.h>

enum { FOLDER_FILES_MAX = 8 };

struct folder;

/* Makes the folder, or takes an empty one. ERR_USAGE: it is not empty, or no folder; ERR_IO: it cannot be made. */
int folder_open(struct folder **out, const char *path, struct err *e);

/* A new file that will have this name: a descriptor for writing, which stays the folder's; or ERR_IO. */
int folder_create(struct folder *f, const char *name, struct err *e);

/* Everything to disk and under its final name. On error nothing stays. */
int folder_commit(struct folder *f, struct err *e);

/* Closes; what was not committed is removed, and the folder too if it was made here. NULL is legal. */
void folder_close(struct folder *f);
