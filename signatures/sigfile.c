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
		return err_set(e, ERR_FORMAT, "%s:%u: a line of %zu bytes; a field holds at most %d", file, line,
		               text.len, FIELD_MAX);
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
		return err_set(e, ERR_FORMAT, "%s:%u: %zu columns instead of %d", file, line, l->fields, COL_COUNT);
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

/* All lines of a file whose header begins rightly. */
static int lines_read(struct sigfile *out, struct csv_parser *csv, struct line *l, struct span text,
                      row_handler *handle, void *arg, struct err *e)
{
	while (text.len) {
		const uint8_t *end = memchr(text.ptr, '\n', text.len);
		size_t len = end ? (size_t)(end - text.ptr) + 1 : text.len;
		int code = line_parse(csv, l, span_first(text, len), e);
		if (code == 0)
			code = l->row.line == 1 ? header_check(l, e) : handle(arg, &l->row, e);
		if (code)
			return code;
		out->rows += l->row.line > 1;
		if (out->rows > ROWS_MAX)
			return err_set(e, ERR_FORMAT, "%s:%u: more than %d rows; split the set", l->row.file,
			               l->row.line, ROWS_MAX);
		text = span_after(text, len);
	}
	return 0;
}

static bool is_signature_header(struct span text)
{
	return span_starts(text, span_text("id,kind,")) || span_starts(text, span_text("\"id\",\"kind\","));
}

static int text_read(struct sigfile *out, const char *name, struct span text, row_handler *handle, void *arg,
                     struct err *e)
{
	static const char mark[] = "\xef\xbb\xbf";
	if (span_starts(text, span_text(mark)) && is_signature_header(span_after(text, 3)))
		return err_set(e, ERR_FORMAT, "%s:1: begins with a byte order mark; save it without one", name);
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
	l->row = (struct row){.file = name};
	int code = lines_read(out, &csv, l, text, handle, arg, e);
	csv_free(&csv);
	free(l);
	return code;
}

/* The whole file with an LF at its end, to be freed by the caller; NULL and an error otherwise. */
static uint8_t *slurp(const char *path, const char *name, size_t *len, size_t *file_len, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		err_set(e, ERR_IO, "%s: %s", name, fd < 0 ? strerror(errno) : "not a regular file");
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	bool fits = st.st_size <= FILE_BYTES_MAX;
	uint8_t *bytes = fits ? malloc((size_t)st.st_size + 1) : NULL;
	size_t got = 0;
	ssize_t n = bytes ? 1 : 0;
	while (n > 0 && got < (size_t)st.st_size) {
		n = read(fd, bytes + got, (size_t)st.st_size - got);
		got += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	if (!bytes || n < 0) {
		err_set(e,
		        !fits   ? ERR_FORMAT
		        : n < 0 ? ERR_IO
		                : ERR_NOMEM,
		        "%s: %s", name,
		        !fits   ? "larger than 64 MiB; split the set"
		        : n < 0 ? "cannot be read"
		                : "no memory to read it");
		free(bytes);
		return NULL;
	}
	*len = *file_len = got;
	if (got && bytes[got - 1] != '\n')
		bytes[(*len)++] = '\n';
	return bytes;
}

int sigfile_read(struct sigfile *out, const char *path, const char *name, row_handler *handle, void *arg, struct err *e)
{
	*out = (struct sigfile){0};
	size_t len, file_len;
	uint8_t *bytes = slurp(path, name, &len, &file_len, e);
	if (!bytes)
		return e->code;
	struct sha256_ctx sha;
	sha256_init(&sha);
	sha256_update(&sha, file_len, bytes);
	sha256_digest(&sha, sizeof(out->sha256), out->sha256);
	int code = text_read(out, name, span_of(bytes, len), handle, arg, e);
	free(bytes);
	return code;
}
