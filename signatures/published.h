/*
 * Sets of signatures as others publish them, read into rows of named fields: CSV with a header, JSON (an array of objects,
 * or one object after the other), and lists of one word a line. What the fields mean is the importers' business. Files are
 * small (the largest known has half a megabyte), and what is larger than PUBLISHED_BYTES_MAX is refused unread.
 */
#pragma once

#include "analyzer/base/err.h"
#include "analyzer/base/span.h"

enum {
	PUBLISHED_BYTES_MAX = 8 * 1024 * 1024,
	PUBLISHED_OBJECT_MAX = 64 * 1024, /* bytes of one object of JSON */
	PUBLISHED_FIELDS_MAX = 32,
};

/* One row. Of JSON, texts and numbers are fields, and a list of texts is a field with LF between the items. Of a list, the
 * word is called "line". */
struct published {
	const char *file;
	uint32_t line; /* on which it begins, from 1 */
	struct span name[PUBLISHED_FIELDS_MAX], value[PUBLISHED_FIELDS_MAX];
	size_t count;
};

/* The spans live for the call only. Not 0 stops the reading and is passed on. */
typedef int published_handler(void *arg, const struct published *row, struct err *e);

/* The value of a field; empty with ptr NULL when there is none of that name. */
struct span published_field(const struct published *row, const char *name);

/* Reads a file; errors call it by its path. ERR_IO, ERR_NOMEM, or ERR_FORMAT with file and line. */
int published_read(const char *path, published_handler *handle, void *arg, struct err *e);

/* As published_read for a file that is a list: blank lines and those that begin with # are no rows. */
int published_read_list(const char *path, published_handler *handle, void *arg, struct err *e);

/* What published_read does with the bytes of a file. */
int published_text(const char *file, struct span text, published_handler *handle, void *arg, struct err *e);
int published_list(const char *file, struct span text, published_handler *handle, void *arg, struct err *e);

/* The JSON part of published_text. */
int published_json(const char *file, struct span text, published_handler *handle, void *arg, struct err *e);
