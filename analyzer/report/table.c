/* CSV (RFC 4180) with LF line ends through libcsv, which quotes every field and doubles the quotes inside. */
#include "analyzer/report/table.h"

#include <csv.h>
#include <errno.h>
#include <limits.h>
#include <nettle/sha2.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A row with every byte a quote, its commas and its line end. */
enum {
	TABLE_LINE_MAX = 2 * ROW_BYTES_MAX + 3 * ROW_FIELDS_MAX + 1,
	TABLE_BUFFER = TABLE_LINE_MAX + 64 * 1024,
	PIPE_LOOK_MS = 200
};

struct table {
	int fd;
	enum row_kind kind;
	bool pipe, pipe_closed;
	uint64_t rows;
	struct sha256_ctx sha256;
	size_t used;
	char buffer[TABLE_BUFFER];
};

struct table *table_new(int fd, enum row_kind kind)
{
	struct table *t = malloc(sizeof *t);
	if (!t)
		return NULL;
	t->fd = fd;
	t->kind = kind;
	t->pipe_closed = false;
	struct stat st;
	t->pipe = fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
	t->rows = 0;
	t->used = 0;
	sha256_init(&t->sha256);
	return t;
}

void table_free(struct table *t)
{
	free(t);
}

/* Waits until a pipe takes something. False: a signal that the caller holds back asks for an end. */
static bool pipe_ready(int fd)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	while (poll(&p, 1, PIPE_LOOK_MS) == 0) {
		sigset_t pending;
		sigpending(&pending);
		for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
			if (sigismember(&pending, ends[i]) == 1)
				return false;
		}
	}
	return true; /* or broken: the write will say so */
}

/* How much to write in one go. A pipe takes whole lines at once, so that it holds no half of one whenever we are told to
 * end; a line that is too long for that goes in pieces. */
static size_t portion(const struct table *t, size_t done)
{
	size_t left = t->used - done;
	if (!t->pipe || left <= PIPE_BUF)
		return left;
	const char *start = t->buffer + done, *end = memrchr(start, '\n', PIPE_BUF);
	return end ? (size_t)(end + 1 - start) : PIPE_BUF;
}

int table_flush(struct table *t, struct err *e)
{
	for (size_t done = 0; done < t->used;) {
		bool whole = done == 0 || t->buffer[done - 1] == '\n';
		if (t->pipe && !pipe_ready(t->fd) && whole)
			return err_set(e, ERR_IO, "stopped by a signal");
		ssize_t n = write(t->fd, t->buffer + done, portion(t, done));
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0) {
			t->pipe_closed = errno == EPIPE;
			return err_set(e, ERR_IO, "%s", strerror(errno));
		}
		sha256_update(&t->sha256, (size_t)n, (const uint8_t *)t->buffer + done);
		done += (size_t)n;
	}
	t->used = 0;
	return 0;
}

/* Room for the longest line there can be. */
static int line_open(struct table *t, struct err *e)
{
	return sizeof t->buffer - t->used < TABLE_LINE_MAX ? table_flush(t, e) : 0;
}

static void line_field(struct table *t, struct span field, bool first)
{
	if (!first)
		t->buffer[t->used++] = ',';
	t->used += csv_write(t->buffer + t->used, sizeof t->buffer - t->used, field.len ? field.ptr : (const void *)"",
	                     field.len);
}

static void line_close(struct table *t)
{
	t->buffer[t->used++] = '\n';
}

int table_header(struct table *t, struct err *e)
{
	int status = line_open(t, e);
	if (status < 0)
		return status;
	for (size_t i = 0; i < column_count(t->kind); i++)
		line_field(t, span_text(column_at(t->kind, i)->name), i == 0);
	line_close(t);
	return 0;
}

int table_row(struct table *t, const struct row_fields *row, struct err *e)
{
	int status = line_open(t, e);
	if (status < 0)
		return status;
	for (size_t i = 0; i < row->count; i++)
		line_field(t, row->field[i], i == 0);
	line_close(t);
	t->rows++;
	return 0;
}

bool table_pipe_closed(const struct table *t)
{
	return t->pipe_closed;
}

uint64_t table_rows(const struct table *t)
{
	return t->rows;
}

void table_sha256(struct table *t, uint8_t digest[32])
{
	sha256_digest(&t->sha256, 32, digest);
}
