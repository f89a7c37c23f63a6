/*
 * A row is: u32 mark, u8 kind, u8 fields, u32 bytes; then for each field u32 length and its bytes. Numbers are big-endian.
 */
#include "analyzer/report/rows.h"

#include "analyzer/base/cursor.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	ROWS_MARK = 0x77707231,
	ROWS_HEAD = 10,
	ROWS_BODY_MAX = ROW_BYTES_MAX + ROW_FIELDS_MAX * 4,
	ROWS_BUFFER = ROWS_HEAD + ROWS_BODY_MAX,
};

struct rows_writer {
	int fd;
	size_t used;
	uint8_t buffer[ROWS_BUFFER];
};

struct rows_reader {
	int fd;
	off_t next, end;     /* of the file: what is not in the buffer yet */
	size_t start, count; /* of the buffer: what was not given out yet */
	uint8_t buffer[ROWS_BUFFER];
};

struct rows_writer *rows_writer_new(int fd)
{
	struct rows_writer *w = malloc(sizeof *w);
	if (w) {
		w->fd = fd;
		w->used = 0;
	}
	return w;
}

void rows_writer_free(struct rows_writer *w)
{
	free(w);
}

int rows_flush(struct rows_writer *w, struct err *e)
{
	for (size_t done = 0; done < w->used;) {
		ssize_t n = write(w->fd, w->buffer + done, w->used - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(e, ERR_IO, "temporary file: %s", strerror(errno));
		done += (size_t)n;
	}
	w->used = 0;
	return 0;
}

static void put_u8(struct rows_writer *w, unsigned value)
{
	w->buffer[w->used++] = (uint8_t)value;
}

static void put_u32(struct rows_writer *w, size_t value)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		put_u8(w, (unsigned)(value >> shift) & 0xff);
}

int rows_put(struct rows_writer *w, enum row_kind kind, const struct row_fields *row, struct err *e)
{
	size_t bytes = 0;
	if (row->count > ROW_FIELDS_MAX)
		return err_set(e, ERR_LIMIT, "a row of %zu fields", row->count);
	for (size_t i = 0; i < row->count; i++) {
		if (row->field[i].len > ROW_BYTES_MAX - bytes)
			return err_set(e, ERR_LIMIT, "a row of more than %d bytes", ROW_BYTES_MAX);
		bytes += row->field[i].len;
	}
	size_t body = bytes + row->count * 4;
	if (ROWS_HEAD + body > sizeof w->buffer - w->used) {
		int status = rows_flush(w, e);
		if (status < 0)
			return status;
	}
	put_u32(w, ROWS_MARK);
	put_u8(w, kind);
	put_u8(w, (unsigned)row->count);
	put_u32(w, body);
	for (size_t i = 0; i < row->count; i++) {
		put_u32(w, row->field[i].len);
		if (row->field[i].len)
			memcpy(w->buffer + w->used, row->field[i].ptr, row->field[i].len);
		w->used += row->field[i].len;
	}
	return 0;
}

struct rows_reader *rows_reader_new(void)
{
	return calloc(1, sizeof(struct rows_reader));
}

void rows_reader_free(struct rows_reader *r)
{
	free(r);
}

void rows_reader_start(struct rows_reader *r, int fd, off_t begin, off_t end)
{
	r->fd = fd;
	r->next = begin;
	r->end = end;
	r->start = r->count = 0;
}

/* At least n bytes in the buffer, when the file has them. */
static int fill(struct rows_reader *r, size_t n, struct err *e)
{
	if (r->count >= n)
		return 0;
	memmove(r->buffer, r->buffer + r->start, r->count);
	r->start = 0;
	while (r->count < n && r->next < r->end) {
		size_t want = sizeof r->buffer - r->count;
		if ((uintmax_t)(r->end - r->next) < want)
			want = (size_t)(r->end - r->next);
		ssize_t got = pread(r->fd, r->buffer + r->count, want, r->next);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(e, ERR_IO, "temporary file: %s", strerror(errno));
		if (got == 0)
			break;
		r->count += (size_t)got;
		r->next += got;
	}
	return 0;
}

static bool field_is_sound(struct span field)
{
	for (size_t i = 0; i < field.len; i++) {
		if (field.ptr[i] < 0x20 || field.ptr[i] > 0x7e)
			return false;
	}
	if (field.len == 0)
		return true;
	uint8_t first = field.ptr[0];
	bool negative = first == '-' && field.len > 1 && field.ptr[1] >= '0' && field.ptr[1] <= '9';
	return negative || !memchr("=+-@", first, 4);
}

static bool row_parse(struct cursor *c, size_t fields, struct row_fields *row)
{
	for (size_t i = 0; i < fields; i++) {
		row->field[i] = cursor_take(c, cursor_be32(c));
		if (c->failed || !field_is_sound(row->field[i]))
			return false;
	}
	row->count = fields;
	return cursor_left(c) == 0;
}

int rows_next(struct rows_reader *r, enum row_kind *kind, struct row_fields *row, struct err *e)
{
	int status = fill(r, ROWS_HEAD, e);
	if (status < 0)
		return status;
	if (r->count == 0)
		return 0;
	struct cursor head = cursor_over(span_of(r->buffer + r->start, r->count < ROWS_HEAD ? r->count : ROWS_HEAD));
	uint32_t mark = cursor_be32(&head);
	uint8_t which = cursor_u8(&head), fields = cursor_u8(&head);
	uint32_t body = cursor_be32(&head);
	if (head.failed || mark != ROWS_MARK || which >= ROW_KIND_COUNT || fields > ROW_FIELDS_MAX ||
	    body > ROWS_BODY_MAX)
		return err_set(e, ERR_FORMAT, "a row with a wrong head");
	status = fill(r, ROWS_HEAD + (size_t)body, e);
	if (status < 0)
		return status;
	if (r->count < ROWS_HEAD + (size_t)body)
		return err_set(e, ERR_FORMAT, "a row that is cut short");
	struct cursor c = cursor_over(span_of(r->buffer + r->start + ROWS_HEAD, body));
	if (!row_parse(&c, fields, row))
		return err_set(e, ERR_FORMAT, "a row with fields that cannot be");
	r->start += ROWS_HEAD + body;
	r->count -= ROWS_HEAD + body;
	*kind = (enum row_kind)which;
	return 1;
}

bool rows_at_end(const struct rows_reader *r)
{
	return r->count == 0 && r->next >= r->end;
}
