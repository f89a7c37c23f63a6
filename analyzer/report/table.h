/* One table as text: header and rows into a descriptor, every field quoted by libcsv, with the hash of all that was written. */
#pragma once

#include "analyzer/report/columns.h"

struct table;

/* A table of this kind into fd, which stays the caller's. NULL when memory is exhausted. */
struct table *table_new(int fd, enum row_kind kind);
void table_free(struct table *t); /* without flushing; NULL is legal */

/* All three: ERR_IO when the text cannot be written, or when a pipe takes no more and SIGINT, SIGTERM or SIGHUP, blocked by
 * the caller, is pending; then whole lines were written. */
int table_header(struct table *t, struct err *e);
int table_row(struct table *t, const struct row_fields *row, struct err *e);
int table_flush(struct table *t, struct err *e);

/* The reader of the descriptor has gone: the last ERR_IO was a closed pipe. */
bool table_pipe_closed(const struct table *t);

uint64_t table_rows(const struct table *t); /* without the header */
/* Of all text so far; once, at the end. */
void table_sha256(struct table *t, uint8_t digest[32]);
