/*
 * A folder and everything below it, in byte order of names: regular files whose content is that of a capture, and regular
 * files that cannot be read, since they may be captures. Symbolic links are not followed, result folders not entered.
 */
#pragma once

#include "analyzer/base/err.h"

#include <stddef.h>

enum { WALK_DEPTH_MAX = 128 };

struct walk {
	int (*take)(void *context, const char *path, struct err *e); /* negative stops the walk */
	void *context;
	size_t other_files, result_folders;
};

/* What cannot be read, a folder included, is given to take: whoever opens it will say why. */
int walk_folder(struct walk *w, const char *path, struct err *e);
