/*
 * A signature file as text: CSV read by libcsv in strict mode, one row a line, with limits on rows, lines and fields.
 * Judging what the fields say is lint.h's business.
 */
#pragma once

#include "signatures/row.h"

enum { ROWS_MAX = 100000 };

/* What becomes of a row; the spans of the row live for the call only. Not 0 stops the reading and is passed on. */
typedef int row_handler(void *arg, const struct row *row, struct err *e);

struct sigfile {
	bool signatures; /* the header begins with id,kind; else nothing was read */
	size_t rows;
	uint8_t sha256[32];
};

/* Reads path; errors call it `name`. ERR_IO: not a readable regular file; ERR_FORMAT: not the format. */
int sigfile_read(struct sigfile *out, const char *path, const char *name, row_handler *handle, void *arg,
                 struct err *e);
