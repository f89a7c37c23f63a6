/* See sigfile.h. Every row is one line: line ends inside a field are written as escapes, which lets a line number
 * name a row and a broken quote spoil one line instead of the rest of the file. */
#include "signatures/sigfile.h"

#include <csv.h>
#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FILE_BYTES_MAX = 64 * 1024 * 1024,
	LINE_BYTES_MAX = COL_COUNT * (2 * FIELD_MAX + 3), /* every field quoted, every byte of it a doubled quote */
	READ_BYTES = 32 * 1024,
	SHOWN_MAX = 80,
};

const char *const column_names[COL_COUNT] = {
    [COL_ID] = "id",
    [COL_KIND] = "kind",
    [COL_LOCATION] = "location",
    [COL_MATCH] = "match",
    [COL_PATTERN] = "pattern",
    [COL_ENCODING] = "encoding",
    [COL_EXCEPT] = "except",
    [COL_SCOPE] = "scope",
    [COL_COUNTRY] = "country",
    [COL_VENDOR] = "vendor",
    [COL_CONFIDENCE] = "confidence",
    [COL_ACTION] = "action",
    [COL_SOURCE] = "source",
    [COL_URL] = "url",
    [COL_NOTES] = "notes",
    [COL_ALIASES] = "aliases",
    [COL_ORIGIN_ID] = "origin_id",
    [COL_ORIGIN] = "origin",
};

int row_error(const struct row *row, enum column column, struct err *e, const char *fmt, ...)
{
	char why[200];
	va_list args;
	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	return err_set(e, ERR_FORMAT, "%s:%u: %s: %s", row->file, row->line, column_names[column], why);
}

/* One line on its way through libcsv, whose own buffer does not outlive a field. */
struct line {
	struct row row;
	size_t fields, ends;
	size_t used;
	uint8_t text[LINE_BYTES_MAX];
};

static void field_read(void *bytes, size_t len, void *arg)
{
	struct line *l = arg;
	size_t room = sizeof(l->text) - l->used;
	len = len < room ? len : room;
	if (l->fields < COL_COUNT)
		l->row.field[l->fields] = span_of(l->text + l->used, len);
	l->fields++;
	if (len)
		memcpy(l->text + l->used, bytes, len);
	l->used += len;
}

static void line_read(int terminator, void *arg)
{
	(void)terminator;
	struct line *l = arg;
	l->ends++;
}

/* No byte is a blank to libcsv, which would drop blanks at the edges of fields. */
static int never_space(unsigned char c)
{
	(void)c;
	return 0;
}

/* One line with its LF: fields in l. */
static int line_parse(struct csv_parser *csv, struct line *l, struct span text, struct err *e)
{
	const char *file = l->row.file;
	uint32_t line = ++l->row.line;
	l->fields = l->ends = l->used = 0;
	if (text.len > LINE_BYTES_MAX)
		return err_set(e, ERR_FORMAT, "%s:%u: a line of more than %d bytes; a field holds at most %d", file,
		               line, LINE_BYTES_MAX, FIELD_MAX);
	if (text.len == 1)
		return err_set(e, ERR_FORMAT, "%s:%u: an empty line; remove it", file, line);
	if (memchr(text.ptr, '\r', text.len))
		return err_set(e, ERR_FORMAT,
		               "%s:%u: a carriage return; end lines with LF alone, write others as \\x0d", file, line);
	if (csv_parse(csv, text.ptr, text.len, field_read, line_read, l) != text.len)
		return csv_error(csv) == CSV_ENOMEM
		           ? err_set(e, ERR_NOMEM, "no memory for the signatures")
		           : err_set(e, ERR_FORMAT,
		                     "%s:%u: column %zu: a quote in the wrong place; put the field in "
		                     "quotes and double those inside",
		                     file, line, l->fields + 1);
	if (l->ends == 0)
		return err_set(e, ERR_FORMAT,
		               "%s:%u: column %zu: the quote is not closed on its line; write a line end as \\x0a "
		               "with encoding esc",
		               file, line, l->fields + 1);
	if (l->fields != COL_COUNT)
		return err_set(e, ERR_FORMAT, "%s:%u: %zu columns instead of %d; a field with a comma needs quotes",
		               file, line, l->fields, COL_COUNT);
	return 0;
}

static int header_check(const struct line *l, struct err *e)
{
	for (size_t i = 0; i < COL_COUNT; i++)
		if (!span_equal(l->row.field[i], span_text(column_names[i])))
			return err_set(e, ERR_FORMAT, "%s:1: column %zu of the header must be \"%s\"", l->row.file,
			               i + 1, column_names[i]);
	return 0;
}

/* A file on its way in: what was read and not yet handed out is bytes[start] to bytes[used - 1]. */
struct source {
	int fd;
	const char *name;
	char shown[SHOWN_MAX + 4]; /* the name for the texts of errors, which have to say more than that */
	struct sha256_ctx sha;
	size_t total;
	bool over;
	size_t start, used;
	uint8_t bytes[LINE_BYTES_MAX + READ_BYTES + 1];
};

static int too_large(const struct source *s, struct err *e)
{
	return err_set(e, ERR_FORMAT, "%s: larger than 64 MiB; split the set", s->name);
}

/* Reads some more behind what is there, which is no longer than LINE_BYTES_MAX. */
static int source_fill(struct source *s, struct err *e)
{
	if (s->start)
		memmove(s->bytes, s->bytes + s->start, s->used - s->start);
	s->used -= s->start;
	s->start = 0;
	ssize_t n = read(s->fd, s->bytes + s->used, READ_BYTES);
	if (n < 0)
		return err_set(e, ERR_IO, "%s: %s", s->name, strerror(errno));
	sha256_update(&s->sha, (size_t)n, s->bytes + s->used);
	s->used += (size_t)n;
	s->total += (size_t)n;
	s->over = n == 0;
	return s->total > FILE_BYTES_MAX ? too_large(s, e) : 0;
}

/* 1: a line with its LF, which the last one gets, borrowed until the next call; one that is too long is not given whole.
 * 0: there is no more. */
static int source_line(struct source *s, struct span *line, struct err *e)
{
	for (;;) {
		size_t len = s->used - s->start;
		const uint8_t *end = len ? memchr(s->bytes + s->start, '\n', len) : NULL;
		if (!end && s->over && len) {
			s->bytes[s->used++] = '\n';
			end = s->bytes + s->used - 1;
		}
		if (end || len > LINE_BYTES_MAX) {
			*line = span_of(s->bytes + s->start, end ? (size_t)(end - s->bytes) + 1 - s->start : len);
			s->start += line->len;
			return 1;
		}
		if (s->over)
			return 0;
		int code = source_fill(s, e);
		if (code < 0)
			return code;
	}
}

/* All lines of a file whose header begins rightly. */
static int lines_read(struct sigfile *out, struct csv_parser *csv, struct line *l, struct source *s,
                      row_handler *handle, void *arg, struct err *e)
{
	struct span text;
	int more;
	while ((more = source_line(s, &text, e)) > 0) {
		int code = line_parse(csv, l, text, e);
		if (code == 0)
			code = l->row.line == 1 ? header_check(l, e) : handle(arg, &l->row, e);
		if (code)
			return code;
		out->rows += l->row.line > 1;
		if (out->rows > ROWS_MAX)
			return err_set(e, ERR_FORMAT, "%s:%u: more than %d rows; split the set", l->row.file,
			               l->row.line, ROWS_MAX);
	}
	return more;
}

static bool is_signature_header(struct span text)
{
	return span_starts(text, span_text("id,kind,")) || span_starts(text, span_text("\"id\",\"kind\","));
}

static int text_read(struct sigfile *out, struct source *s, row_handler *handle, void *arg, struct err *e)
{
	static const char mark[] = "\xef\xbb\xbf";
	int code = source_fill(s, e);
	struct span text = span_of(s->bytes, s->used);
	if (code < 0)
		return code;
	if (span_starts(text, span_text(mark)) && is_signature_header(span_after(text, 3)))
		return err_set(e, ERR_FORMAT, "%s:1: begins with a byte order mark; save it without one", s->name);
	out->signatures = is_signature_header(text);
	if (!out->signatures)
		return 0;
	struct csv_parser csv;
	struct line *l = malloc(sizeof(*l));
	if (!l || csv_init(&csv, CSV_STRICT | CSV_STRICT_FINI) != 0) {
		free(l);
		return err_set(e, ERR_NOMEM, "no memory for the signatures");
	}
	csv_set_space_func(&csv, never_space);
	l->row = (struct row){.file = s->shown};
	code = lines_read(out, &csv, l, s, handle, arg, e);
	csv_free(&csv);
	free(l);
	return code;
}

static int source_open(struct source *s, const char *path, const char *name, struct err *e)
{
	struct stat st;
	s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	s->name = name;
	size_t len = strlen(name);
	snprintf(s->shown, sizeof(s->shown), "%s%s", len > SHOWN_MAX ? "..." : "",
	         len > SHOWN_MAX ? name + len - SHOWN_MAX : name);
	s->total = s->start = s->used = 0;
	s->over = false;
	sha256_init(&s->sha);
	if (s->fd < 0 || fstat(s->fd, &st) < 0)
		return err_set(e, ERR_IO, "%s: %s", name, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_IO, "%s: not a regular file", name);
	return st.st_size > FILE_BYTES_MAX ? too_large(s, e) : 0;
}

int sigfile_read(struct sigfile *out, const char *path, const char *name, row_handler *handle, void *arg, struct err *e)
{
	*out = (struct sigfile){0};
	struct source *s = malloc(sizeof(*s));
	if (!s)
		return err_set(e, ERR_NOMEM, "no memory for the signatures");
	int code = source_open(s, path, name, e);
	if (code == 0)
		code = text_read(out, s, handle, arg, e);
	sha256_digest(&s->sha, sizeof(out->sha256), out->sha256);
	if (s->fd >= 0)
		close(s->fd);
	free(s);
	return code;
}
