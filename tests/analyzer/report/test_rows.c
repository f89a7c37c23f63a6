/* Rows through a file: what goes in comes out, and what a worker may not write is refused. */
#include "analyzer/report/rows.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static int empty_file(void)
{
	int fd = memfd_create("rows", MFD_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static struct row_fields row_of(size_t count, const char *const *fields)
{
	struct row_fields row = {.count = count};
	for (size_t i = 0; i < count; i++)
		row.field[i] = span_text(fields[i]);
	return row;
}

static void put_row(int fd, enum row_kind kind, const struct row_fields *row)
{
	struct err e;
	struct rows_writer *w = rows_writer_new(fd);
	assert_non_null(w);
	assert_int_equal(rows_put(w, kind, row, &e), 0);
	assert_int_equal(rows_flush(w, &e), 0);
	rows_writer_free(w);
}

/* What reading a file gives: the number of rows, or the error. */
static int count_rows(int fd)
{
	struct rows_reader *r = rows_reader_new();
	struct row_fields row;
	enum row_kind kind;
	struct err e;
	int rows = 0, more;
	rows_reader_start(r, fd, 0, lseek(fd, 0, SEEK_END));
	while ((more = rows_next(r, &kind, &row, &e)) > 0)
		rows++;
	rows_reader_free(r);
	return more < 0 ? more : rows;
}

static void rows_come_back_as_they_were(void **state)
{
	(void)state;
	static const char *const fields[] = {"a", "", "with \"quotes\", and commas", "-12"};
	int fd = empty_file();
	struct row_fields row = row_of(4, fields), got;
	struct err e;
	enum row_kind kind;
	put_row(fd, ROW_FINDING, &row);
	put_row(fd, ROW_CAPTURE, &row);
	struct rows_reader *r = rows_reader_new();
	rows_reader_start(r, fd, 0, lseek(fd, 0, SEEK_END));
	assert_int_equal(rows_next(r, &kind, &got, &e), 1);
	assert_int_equal(kind, ROW_FINDING);
	assert_int_equal(got.count, 4);
	for (size_t i = 0; i < 4; i++)
		assert_true(span_equal(got.field[i], span_text(fields[i])));
	assert_false(rows_at_end(r));
	assert_int_equal(rows_next(r, &kind, &got, &e), 1);
	assert_int_equal(kind, ROW_CAPTURE);
	assert_true(rows_at_end(r));
	assert_int_equal(rows_next(r, &kind, &got, &e), 0);
	rows_reader_free(r);
	close(fd);
}

static void many_rows_pass_the_buffer(void **state)
{
	(void)state;
	enum { ROWS = 300, LONG = 4000 };
	char text[LONG + 1];
	memset(text, 'x', LONG);
	text[LONG] = '\0';
	const char *fields[] = {text, "end"};
	struct row_fields row = row_of(2, fields);
	struct err e;
	int fd = empty_file();
	struct rows_writer *w = rows_writer_new(fd);
	for (int i = 0; i < ROWS; i++)
		assert_int_equal(rows_put(w, ROW_FINDING, &row, &e), 0);
	assert_int_equal(rows_flush(w, &e), 0);
	rows_writer_free(w);
	assert_int_equal(count_rows(fd), ROWS);
	close(fd);
}

static void the_largest_row_is_taken_and_a_larger_one_is_not(void **state)
{
	(void)state;
	char *text = malloc(ROW_BYTES_MAX + 2);
	memset(text, 'x', ROW_BYTES_MAX + 1);
	text[ROW_BYTES_MAX + 1] = '\0';
	struct row_fields row = {.count = 1, .field = {span_of(text, ROW_BYTES_MAX)}};
	struct err e;
	int fd = empty_file();
	put_row(fd, ROW_FINDING, &row);
	assert_int_equal(count_rows(fd), 1);
	row.field[0].len++;
	struct rows_writer *w = rows_writer_new(fd);
	assert_int_equal(rows_put(w, ROW_FINDING, &row, &e), ERR_LIMIT);
	rows_writer_free(w);
	free(text);
	close(fd);
}

static void every_cut_is_noticed(void **state)
{
	(void)state;
	static const char *const fields[] = {"abc", "d"};
	struct row_fields row = row_of(2, fields);
	int fd = empty_file();
	put_row(fd, ROW_FINDING, &row);
	off_t whole = lseek(fd, 0, SEEK_END);
	for (off_t cut = whole - 1; cut > 0; cut--) {
		assert_int_equal(ftruncate(fd, cut), 0);
		assert_int_equal(count_rows(fd), ERR_FORMAT);
	}
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(count_rows(fd), 0);
	close(fd);
}

static void every_changed_byte_of_the_frame_is_noticed(void **state)
{
	(void)state;
	static const char *const fields[] = {"abc"};
	struct row_fields row = row_of(1, fields);
	/* Mark, fields, bytes, length of the field; the kind may be the other one that there is. */
	static const off_t places[] = {0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13};
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		int fd = empty_file();
		put_row(fd, ROW_FINDING, &row);
		assert_int_equal(pwrite(fd, "\xff", 1, places[i]), 1);
		assert_int_equal(count_rows(fd), ERR_FORMAT);
		close(fd);
	}
}

static void fields_that_no_column_holds_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"=1+1", "+1", "-x", "-", "@a", "a\nb", "a\x7f", "\xc3\xa9", "\x1b[0m"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct row_fields row = row_of(1, &bad[i]);
		int fd = empty_file();
		put_row(fd, ROW_FINDING, &row);
		assert_int_equal(count_rows(fd), ERR_FORMAT);
		close(fd);
	}
}

static void a_full_disk_is_an_error(void **state)
{
	(void)state;
	static const char *const fields[] = {"abc"};
	struct row_fields row = row_of(1, fields);
	struct err e;
	int fd = open("/dev/full", O_WRONLY);
	if (fd < 0)
		skip();
	struct rows_writer *w = rows_writer_new(fd);
	assert_int_equal(rows_put(w, ROW_FINDING, &row, &e), 0);
	assert_int_equal(rows_flush(w, &e), ERR_IO);
	rows_writer_free(w);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_come_back_as_they_were),
	    cmocka_unit_test(many_rows_pass_the_buffer),
	    cmocka_unit_test(the_largest_row_is_taken_and_a_larger_one_is_not),
	    cmocka_unit_test(every_cut_is_noticed),
	    cmocka_unit_test(every_changed_byte_of_the_frame_is_noticed),
	    cmocka_unit_test(fields_that_no_column_holds_are_refused),
	    cmocka_unit_test(a_full_disk_is_an_error),
	};
	return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
