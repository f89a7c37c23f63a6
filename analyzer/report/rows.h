/*
 * Table rows on their way from a worker to its parent, through a file: framed, bounded, and checked when they are read,
 * since a worker has looked at a hostile capture. What the fields mean is for columns.h to say.
 */
#pragma once

#include "analyzer/base/err.h"
#include "analyzer/base/span.h"

#include <sys/types.h>

enum {
	ROW_FIELDS_MAX = 64,
	ROW_BYTES_MAX = 256 * 1024, /* all fields of a row together */
};

enum row_kind { ROW_FINDING, ROW_CAPTURE, ROW_KIND_COUNT };

/* Fields in the order of the columns; borrowed. */
struct row_fields {
	size_t count;
	struct span field[ROW_FIELDS_MAX];
};

struct rows_writer;

/* Writes to fd, which stays the caller's. NULL when memory is exhausted. */
struct rows_writer *rows_writer_new(int fd);
void rows_writer_free(struct rows_writer *w); /* without flushing; NULL is legal */

/* ERR_LIMIT: more than a row may hold. ERR_IO: cannot be written. */
int rows_put(struct rows_writer *w, enum row_kind kind, const struct row_fields *row, struct err *e);
int rows_flush(struct rows_writer *w, struct err *e);

struct rows_reader;

/* Reads what lies between two offsets of fd, whose file position it leaves alone. NULL when memory is exhausted. */
struct rows_reader *rows_reader_new(void);
void rows_reader_free(struct rows_reader *r); /* NULL is legal */
void rows_reader_start(struct rows_reader *r, int fd, off_t begin, off_t end);

/*
 * 1: a row, whose fields are valid until the next call; 0: the end; ERR_FORMAT: not what rows_put writes, or a field
 * that no column can hold (other bytes than printable ASCII, or a first byte that a spreadsheet would act on); ERR_IO.
 */
int rows_next(struct rows_reader *r, enum row_kind *kind, struct row_fields *row, struct err *e);

/* Every byte was read. */
bool rows_at_end(const struct rows_reader *r);
