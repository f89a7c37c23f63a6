/* CSV text: quoting, line ends, hash, errors. */
#include "analyzer/report/table.h"

#include <fcntl.h>
#include <nettle/sha2.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static void fields_are_quoted_and_lines_end_in_lf(void **state)
{
	(void)state;
	char text[256] = "";
	struct err e;
	struct row_fields row = {.count = 3, .field = {span_text("a\"b"), span_of(NULL, 0), span_text("c,d")}};
	int fd = memfd_create("table", MFD_CLOEXEC);
	struct table *t = table_new(fd, ROW_CAPTURE);
	assert_int_equal(table_row(t, &row, &e), 0);
	assert_int_equal(table_flush(t, &e), 0);
	assert_true(pread(fd, text, sizeof text - 1, 0) > 0);
	assert_string_equal(text, "\"a\"\"b\",\"\",\"c,d\"\n");
	assert_int_equal(table_rows(t), 1);
	table_free(t);
	close(fd);
}

static void the_hash_is_that_of_the_file(void **state)
{
	(void)state;
	enum { ROWS = 200, BIG = 9000 };
	struct err e;
	char big[BIG];
	uint8_t claimed[32], counted[32], *text;
	memset(big, '"', sizeof big);
	struct row_fields row = {.count = 2, .field = {span_text("x"), span_of(big, sizeof big)}};
	int fd = memfd_create("table", MFD_CLOEXEC);
	struct table *t = table_new(fd, ROW_FINDING);
	assert_int_equal(table_header(t, &e), 0);
	for (int i = 0; i < ROWS; i++)
		assert_int_equal(table_row(t, &row, &e), 0);
	assert_int_equal(table_flush(t, &e), 0);
	table_sha256(t, claimed);
	off_t size = lseek(fd, 0, SEEK_END);
	assert_true(size > ROWS * 2 * BIG);
	text = malloc((size_t)size);
	assert_int_equal(pread(fd, text, (size_t)size, 0), size);
	struct sha256_ctx sha256;
	sha256_init(&sha256);
	sha256_update(&sha256, (size_t)size, text);
	sha256_digest(&sha256, sizeof counted, counted);
	assert_memory_equal(claimed, counted, sizeof counted);
	free(text);
	table_free(t);
	close(fd);
}

static void a_row_of_the_largest_size_fits(void **state)
{
	(void)state;
	struct err e;
	char *big = malloc(ROW_BYTES_MAX);
	memset(big, '"', ROW_BYTES_MAX);
	struct row_fields row = {.count = ROW_FIELDS_MAX, .field = {span_of(big, ROW_BYTES_MAX)}};
	int fd = memfd_create("table", MFD_CLOEXEC);
	struct table *t = table_new(fd, ROW_FINDING);
	assert_int_equal(table_row(t, &row, &e), 0);
	assert_int_equal(table_row(t, &row, &e), 0);
	assert_int_equal(table_flush(t, &e), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), 2 * (2 * ROW_BYTES_MAX + 3 * ROW_FIELDS_MAX));
	table_free(t);
	free(big);
	close(fd);
}

static void a_full_disk_and_a_closed_pipe_are_told_apart(void **state)
{
	(void)state;
	struct err e;
	int full = open("/dev/full", O_WRONLY), ends[2];
	if (full < 0)
		skip();
	struct table *t = table_new(full, ROW_FINDING);
	assert_int_equal(table_header(t, &e), 0);
	assert_int_equal(table_flush(t, &e), ERR_IO);
	assert_false(table_pipe_closed(t));
	table_free(t);
	close(full);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	t = table_new(ends[1], ROW_FINDING);
	assert_int_equal(table_header(t, &e), 0);
	assert_int_equal(table_flush(t, &e), ERR_IO);
	assert_true(table_pipe_closed(t));
	table_free(t);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fields_are_quoted_and_lines_end_in_lf),
	    cmocka_unit_test(the_hash_is_that_of_the_file),
	    cmocka_unit_test(a_row_of_the_largest_size_fits),
	    cmocka_unit_test(a_full_disk_and_a_closed_pipe_are_told_apart),
	};
	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
