/*
 * The first byte chooses a format, the rest is a published file. What is imported must load, with every row that was not left
 * out; and rows of OONI's must be exported as they were.
 */
#include "signatures/export.h"
#include "signatures/import.h"
#include "signatures/published.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OONI_COLUMNS = 11, TEXT_MAX = 512 * 1024, ROWS_KEPT = 4096 };

/* The fields of rows one after the other, each with its length before it. */
struct rows {
	uint8_t *bytes;
	size_t used, count;
	size_t start[ROWS_KEPT + 1];
};

static int keep_row(void *arg, const struct published *row, struct err *e)
{
	struct rows *rows = arg;
	if (rows->count == ROWS_KEPT)
		return err_set(e, ERR_LIMIT, "more rows than are compared");
	rows->start[rows->count++] = rows->used;
	for (size_t i = 0; i < row->count; i++) {
		uint32_t len = (uint32_t)row->value[i].len;
		if (rows->used + sizeof len + len > TEXT_MAX)
			return err_set(e, ERR_LIMIT, "more bytes than are compared");
		memcpy(rows->bytes + rows->used, &len, sizeof len);
		rows->used += sizeof len;
		if (len)
			memcpy(rows->bytes + rows->used, row->value[i].ptr, len);
		rows->used += len;
	}
	rows->start[rows->count] = rows->used;
	return 0;
}

static struct rows *rows_new(void)
{
	struct rows *rows = calloc(1, sizeof *rows);
	if (!rows || !(rows->bytes = malloc(TEXT_MAX)))
		abort();
	return rows;
}

static void rows_free(struct rows *rows)
{
	free(rows->bytes);
	free(rows);
}

/* What came back is what was there, but for rows that were left out. */
static void compare(const struct import *im, const struct rows *original, const struct rows *back)
{
	size_t k = 0;
	for (size_t i = 0; i < original->count; i++) {
		char line[8192];
		struct text t = text_over(line, sizeof line);
		if (import_remark(im, i, &t) && strstr(line, ": left out, "))
			continue;
		size_t len = original->start[i + 1] - original->start[i];
		if (k == back->count || back->start[k + 1] - back->start[k] != len ||
		    memcmp(original->bytes + original->start[i], back->bytes + back->start[k], len) != 0)
			abort();
		k++;
	}
	if (k != back->count)
		abort();
}

static void export_back(const struct import *im, const struct sigdb *db, struct span bytes)
{
	struct err e = {0};
	struct export_sums sums;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct rows *original = rows_new(), *back = rows_new();
	if (!out || export_ooni(db, SIG_KIND_COUNT, out, &sums, &e) < 0 || fclose(out) != 0)
		abort();
	if (published_text("original", bytes, keep_row, original, &e) == 0 &&
	    published_text("export", span_of(text, len), keep_row, back, &e) == 0)
		compare(im, original, back);
	else if (e.code != ERR_LIMIT)
		abort();
	rows_free(original);
	rows_free(back);
	free(text);
}

static void load_back(struct import *im, enum import_format format, struct span bytes)
{
	struct err e = {0};
	struct import_sums sums;
	struct sigdb *db = NULL;
	char path[64];
	int fd = memfd_create("set", MFD_CLOEXEC);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out || import_finish(im, &sums, &e) < 0 || !import_write(im, out) || fflush(out) != 0)
		abort();
	if (sums.read != sums.imported + sums.merged + sums.quarantined + sums.left_out)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (sigdb_load(&db, path, &e) < 0 || sigdb_compile(db, &e) < 0 || sigdb_count(db) != sums.read - sums.left_out)
		abort();
	if (format == IMPORT_OONI && bytes.len < TEXT_MAX)
		export_back(im, db, bytes);
	sigdb_free(db);
	fclose(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	enum import_format format = (enum import_format)(data[0] % IMPORT_FORMAT_COUNT);
	struct span bytes = span_of(data + 1, size - 1);
	char path[64];
	struct err e = {0};
	int fd = memfd_create("published", MFD_CLOEXEC);
	struct import *im = import_new(format);
	if (fd < 0 || !im || write(fd, bytes.ptr, bytes.len) != (ssize_t)bytes.len)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (import_file(im, path, &e) == 0)
		load_back(im, format, bytes);
	else if (!e.text[0])
		abort();
	import_free(im);
	close(fd);
	return 0;
}
