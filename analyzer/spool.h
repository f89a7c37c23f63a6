/*
 * Results of workers: checked to be what a worker may hand over, and kept in one temporary file until it is their turn. The
 * file is emptied whenever nothing waits in it.
 */
#pragma once

#include "analyzer/report/rows.h"

#include <stdint.h>

struct batch_result;

/* A run of bytes of a file. */
struct spool_piece {
	off_t begin, end;
};

struct result_reader;
struct result_reader *result_reader_new(void); /* NULL: no memory */
void result_reader_free(struct result_reader *r);

/* All of a file. */
int spool_measure(int fd, struct spool_piece *all, struct err *e);

/*
 * 0: findings, then one capture row, each with all its columns and words that there are. ERR_FORMAT: something else, which
 * only a worker that was taken over writes. ERR_IO.
 */
int result_check(struct result_reader *r, int fd, struct spool_piece piece, struct err *e);

struct spool;
int spool_open(struct spool **out, struct err *e);
void spool_close(struct spool *s); /* NULL is legal */

/* Copies a piece of another file to the end. */
int spool_add(struct spool *s, int fd, struct spool_piece from, struct spool_piece *to, struct err *e);

/* Fills in rows, capture and findings of a result; valid until the reader is used again. */
int spool_read(struct spool *s, struct result_reader *r, struct spool_piece piece, struct batch_result *result,
               struct err *e);

/* One of the pieces is not needed any more. */
void spool_drop(struct spool *s);
