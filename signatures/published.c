/* See published.h: files, CSV and lists; JSON is in published_json.c. */
#include "signatures/published.h"

#include <csv.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct span published_field(const struct published *row, const char *name)
{
	for (size_t i = 0; i < row->count; i++)
		if (span_equal(row->name[i], span_text(name)))
			return row->value[i];
	return span_of(NULL, 0);
}

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory to read the set");
}

/* The bytes of a file of at most PUBLISHED_BYTES_MAX, to be freed by the caller; NULL and an error otherwise. */
static uint8_t *read_whole(const char *path, size_t *len, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > PUBLISHED_BYTES_MAX) {
		bool large = fd >= 0 && S_ISREG(st.st_mode);
		err_set(e, large ? ERR_FORMAT : ERR_IO, "%s: %s", path,
		        fd < 0  ? strerror(errno)
		        : large ? "larger than 8 MiB; import it in parts"
		                : "not a regular file");
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	uint8_t *bytes = malloc((size_t)st.st_size + 1);
	ssize_t n = bytes ? 1 : 0;
	for (*len = 0; n > 0 && *len<(size_t)st.st_size; *len += n> 0 ? (size_t)n : 0)
		n = read(fd, bytes + *len, (size_t)st.st_size - *len);
	if (!bytes)
		no_memory(e);
	else if (n < 0)
		err_set(e, ERR_IO, "%s: %s", path, strerror(errno));
	close(fd);
	if (bytes && n >= 0)
		return bytes;
	free(bytes);
	return NULL;
}

/* A CSV file on its way through libcsv. The fields of a row are in `text`, which has room for all of the file. */
struct table {
	struct published row;
	published_handler *handle;
	void *arg;
	struct err *e;
	uint8_t *text;
	size_t used;
	size_t fields; /* of the row that is read */
	size_t header; /* bytes of `text` that the names take */
	uint32_t line; /* that is read */
	int code;
};

static void take_field(void *bytes, size_t len, void *arg)
{
	struct table *t = arg;
	struct span field = span_of(t->text + t->used, len);
	if (len)
		memcpy(t->text + t->used, bytes, len);
	t->used += len;
	if (t->fields < PUBLISHED_FIELDS_MAX && t->header == 0)
		t->row.name[t->fields] = field;
	else if (t->fields < PUBLISHED_FIELDS_MAX)
		t->row.value[t->fields] = field;
	t->fields++;
}

static void take_row(int terminator, void *arg)
{
	(void)terminator;
	struct table *t = arg;
	size_t fields = t->fields;
	t->fields = 0;
	if (t->code)
		return;
	if (t->header == 0) {
		t->row.count = fields;
		t->header = t->used;
		if (fields > PUBLISHED_FIELDS_MAX)
			t->code = err_set(t->e, ERR_FORMAT, "%s:1: %zu columns; at most %d can be read", t->row.file,
			                  fields, PUBLISHED_FIELDS_MAX);
	} else if (fields != t->row.count) {
		t->code = err_set(t->e, ERR_FORMAT, "%s:%u: %zu columns, but the header has %zu; mend the file",
		                  t->row.file, t->row.line, fields, t->row.count);
	} else {
		t->code = t->handle(t->arg, &t->row, t->e);
	}
	t->used = t->header;
	t->row.line = t->line + 1;
}

/* Blanks at the edges of fields belong to them. */
static int never_space(unsigned char c)
{
	(void)c;
	return 0;
}

static int broken_csv(struct csv_parser *csv, struct table *t)
{
	if (csv_error(csv) == CSV_ENOMEM)
		return no_memory(t->e);
	return err_set(t->e, ERR_FORMAT, "%s:%u: a quote in the wrong place, in the row that begins on line %u",
	               t->row.file, t->line, t->row.line);
}

/* Line by line, so that a row is known by the line that it begins on. */
static int read_lines(struct csv_parser *csv, struct table *t, struct span text)
{
	while (text.len && !t->code) {
		const uint8_t *end = memchr(text.ptr, '\n', text.len);
		size_t len = end ? (size_t)(end - text.ptr) + 1 : text.len;
		t->line++;
		if (csv_parse(csv, text.ptr, len, take_field, take_row, t) != len && !t->code)
			return broken_csv(csv, t);
		text = span_after(text, len);
	}
	if (!t->code && csv_fini(csv, take_field, take_row, t) != 0)
		return broken_csv(csv, t);
	return t->code;
}

static int published_csv(const char *file, struct span text, published_handler *handle, void *arg, struct err *e)
{
	struct csv_parser csv;
	struct table t = {.row = {.file = file, .line = 1}, .handle = handle, .arg = arg, .e = e};
	t.text = malloc(2 * text.len + 1); /* the names, and the fields of one row */
	if (!t.text || csv_init(&csv, CSV_STRICT | CSV_STRICT_FINI) != 0) {
		free(t.text);
		return no_memory(e);
	}
	csv_set_space_func(&csv, never_space);
	int code = read_lines(&csv, &t, text);
	csv_free(&csv);
	free(t.text);
	return code;
}

int published_text(const char *file, struct span text, published_handler *handle, void *arg, struct err *e)
{
	size_t at = span_starts(text, span_text("\xef\xbb\xbf")) ? 3 : 0;
	while (at < text.len && (text.ptr[at] == ' ' || text.ptr[at] == '\n' || text.ptr[at] == '\r'))
		at++;
	bool json = at < text.len && (text.ptr[at] == '[' || text.ptr[at] == '{');
	text = span_after(text, json || !span_starts(text, span_text("\xef\xbb\xbf")) ? 0 : 3);
	return json ? published_json(file, text, handle, arg, e) : published_csv(file, text, handle, arg, e);
}

int published_list(const char *file, struct span text, published_handler *handle, void *arg, struct err *e)
{
	struct published row = {.file = file, .count = 1, .name = {span_text("line")}};
	int code = 0;
	while (text.len && !code) {
		const uint8_t *end = memchr(text.ptr, '\n', text.len);
		size_t len = end ? (size_t)(end - text.ptr) : text.len;
		struct span word = span_first(text, len);
		if (word.len && word.ptr[word.len - 1] == '\r')
			word = span_first(word, word.len - 1);
		word = span_trim(word);
		row.line++;
		row.value[0] = word;
		if (word.len && word.ptr[0] != '#')
			code = handle(arg, &row, e);
		text = span_after(text, len + 1);
	}
	return code;
}

typedef int text_reader(const char *file, struct span text, published_handler *handle, void *arg, struct err *e);

static int read_file(const char *path, text_reader *reader, published_handler *handle, void *arg, struct err *e)
{
	size_t len;
	uint8_t *bytes = read_whole(path, &len, e);
	if (!bytes)
		return e->code;
	int code = reader(path, span_of(bytes, len), handle, arg, e);
	free(bytes);
	return code;
}

int published_read(const char *path, published_handler *handle, void *arg, struct err *e)
{
	return read_file(path, published_text, handle, arg, e);
}

int published_read_list(const char *path, published_handler *handle, void *arg, struct err *e)
{
	return read_file(path, published_list, handle, arg, e);
}
