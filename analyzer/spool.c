/* See spool.h. */
#include "analyzer/spool.h"

#include "analyzer/batch.h"
#include "analyzer/report/columns.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct result_reader {
	struct rows_reader *rows; /* for whoever reads the result */
	struct rows_reader *last; /* holds the capture row */
	struct row_fields capture;
	uint64_t findings;
	size_t label, status; /* columns */
};

struct spool {
	int fd;
	off_t end;
	size_t pieces; /* waiting */
};

struct result_reader *result_reader_new(void)
{
	struct result_reader *r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	r->rows = rows_reader_new();
	r->last = rows_reader_new();
	r->label = column_find(ROW_FINDING, "label");
	r->status = column_find(ROW_CAPTURE, "status");
	if (r->rows && r->last)
		return r;
	result_reader_free(r);
	return NULL;
}

void result_reader_free(struct result_reader *r)
{
	if (!r)
		return;
	rows_reader_free(r->rows);
	rows_reader_free(r->last);
	free(r);
}

static int bad_result(struct err *e, const char *what)
{
	return err_set(e, ERR_FORMAT, "%s", what);
}

static bool is_label(struct span word)
{
	for (unsigned l = 0; l < LABEL_COUNT; l++) {
		if (span_equal(word, span_text(label_name((enum label)l))))
			return true;
	}
	return false;
}

static bool is_status(struct span word)
{
	for (unsigned s = CAPTURE_OK; s <= CAPTURE_LIMITED; s++) {
		if (span_equal(word, span_text(capture_status_name((enum capture_status)s))))
			return true;
	}
	return false;
}

static int check_row(struct result_reader *r, enum row_kind kind, struct err *e)
{
	if (r->capture.count != column_count(kind))
		return bad_result(e, "a row with a wrong number of columns");
	if (kind == ROW_FINDING && !is_label(r->capture.field[r->label]))
		return bad_result(e, "a finding with an unknown label");
	if (kind == ROW_CAPTURE && !is_status(r->capture.field[r->status]))
		return bad_result(e, "a capture row with an unknown status");
	return 0;
}

int spool_measure(int fd, struct spool_piece *all, struct err *e)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return err_set(e, ERR_IO, "temporary file: %s", strerror(errno));
	*all = (struct spool_piece){.begin = 0, .end = st.st_size};
	return 0;
}

int result_check(struct result_reader *r, int fd, struct spool_piece piece, struct err *e)
{
	enum row_kind kind = ROW_FINDING;
	int more;
	r->findings = 0;
	rows_reader_start(r->last, fd, piece.begin, piece.end);
	while (kind == ROW_FINDING && (more = rows_next(r->last, &kind, &r->capture, e)) != 0) {
		int status = more < 0 ? more : check_row(r, kind, e);
		if (status < 0)
			return status;
		r->findings += kind == ROW_FINDING;
	}
	if (kind == ROW_FINDING)
		return bad_result(e, "no capture row");
	/* The fields of the capture row stay valid: nothing is read after it. */
	return rows_at_end(r->last) ? 0 : bad_result(e, "something after the capture row");
}

int spool_open(struct spool **out, struct err *e)
{
	struct spool *s = calloc(1, sizeof *s);
	if (!s)
		return err_set(e, ERR_NOMEM, "out of memory");
	s->fd = worker_file(e);
	if (s->fd < 0) {
		free(s);
		return ERR_IO;
	}
	*out = s;
	return 0;
}

void spool_close(struct spool *s)
{
	if (!s)
		return;
	close(s->fd);
	free(s);
}

static int write_all(int fd, const uint8_t *bytes, size_t len, off_t at, struct err *e)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = pwrite(fd, bytes + done, len - done, at + (off_t)done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(e, ERR_IO, "temporary file: %s", strerror(errno));
		done += (size_t)n;
	}
	return 0;
}

int spool_add(struct spool *s, int fd, struct spool_piece from, struct spool_piece *to, struct err *e)
{
	uint8_t buffer[64 * 1024];
	to->begin = s->end;
	while (from.begin < from.end) {
		size_t want = sizeof buffer;
		if (from.end - from.begin < (off_t)want)
			want = (size_t)(from.end - from.begin);
		ssize_t n = pread(fd, buffer, want, from.begin);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(e, ERR_IO, "temporary file: %s", n < 0 ? strerror(errno) : "it shrank");
		int status = write_all(s->fd, buffer, (size_t)n, s->end, e);
		if (status < 0)
			return status;
		from.begin += n;
		s->end += n;
	}
	to->end = s->end;
	s->pieces++;
	return 0;
}

int spool_read(struct spool *s, struct result_reader *r, struct spool_piece piece, struct batch_result *result,
               struct err *e)
{
	int status = result_check(r, s->fd, piece, e);
	if (status < 0)
		return status;
	rows_reader_start(r->rows, s->fd, piece.begin, piece.end);
	result->rows = r->rows;
	result->capture = &r->capture;
	result->findings = r->findings;
	return 0;
}

void spool_drop(struct spool *s)
{
	if (--s->pieces == 0 && ftruncate(s->fd, 0) == 0)
		s->end = 0;
}
