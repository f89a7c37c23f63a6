/* Captures by name, by list and below folders; what may be opened. */
#include "analyzer/inputs.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char pcap_head[] =
    "\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00\x01\x00\x00\x00";

static int setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	char *path;
	assert_true(asprintf(&path, "%s/wallprint-inputs-XXXXXX", tmp ? tmp : "/tmp") > 0);
	assert_non_null(mkdtemp(path));
	*state = path;
	return chdir(path);
}

static int teardown(void **state)
{
	char command[512];
	snprintf(command, sizeof command, "chmod -R u+rwx '%s'; rm -rf '%s'", (char *)*state, (char *)*state);
	int status = chdir("/") | system(command);
	free(*state);
	return status;
}

static void put_file(const char *name, const void *bytes, size_t len)
{
	int fd = open(name, O_CREAT | O_WRONLY | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

static void put_capture(const char *name)
{
	put_file(name, pcap_head, sizeof pcap_head - 1);
}

static void names_are(struct inputs *in, size_t count, const char *const *names)
{
	for (size_t i = 0; i < in->count && i < count; i++)
		assert_string_equal(in->items[i].name, names[i]);
	assert_int_equal(in->count, count);
	inputs_free(in);
}

static void a_folder_is_walked_in_byte_order(void **state)
{
	(void)state;
	static const char *const order[] = {"top/B.pcap", "top/a/x",    "top/a/z.dat",
	                                    "top/a.pcap", "top/b.pcap", "top/\xc3\xa9.pcap"};
	struct inputs in = {0};
	struct err e;
	mkdir("top", 0700);
	mkdir("top/a", 0700);
	for (size_t i = 6; i-- > 0;)
		put_capture(order[i]);
	put_file("top/note.txt", "hello", 5);
	put_file("top/empty.pcap", "", 0);
	assert_int_equal(inputs_add(&in, "top", true, &e), 0);
	assert_int_equal(in.other_files, 2);
	/* "a" is before "a.pcap" as names are compared, not paths. */
	names_are(&in, 6, order);
}

static void links_and_special_files_are_not_captures(void **state)
{
	(void)state;
	static const char *const order[] = {"top/real.pcap"};
	struct inputs in = {0};
	struct err e;
	mkdir("top", 0700);
	mkdir("elsewhere", 0700);
	put_capture("elsewhere/far.pcap");
	put_capture("top/real.pcap");
	assert_int_equal(symlink("../elsewhere", "top/folder"), 0);
	assert_int_equal(symlink("../elsewhere/far.pcap", "top/file.pcap"), 0);
	assert_int_equal(symlink("../top", "top/loop"), 0);
	assert_int_equal(mkfifo("top/pipe", 0600), 0);
	assert_int_equal(inputs_add(&in, "top/", true, &e), 0);
	assert_int_equal(in.other_files, 4);
	names_are(&in, 1, order);
}

static void result_folders_are_not_entered(void **state)
{
	(void)state;
	static const char *const order[] = {"top/other/c.pcap"};
	static const char ours[] = "{\n  \"wallprint\": \"0.1.0\",\n", foreign[] = "{\n  \"name\": \"x\"\n}\n";
	struct inputs in = {0};
	struct err e;
	mkdir("top", 0700);
	mkdir("top/result", 0700);
	mkdir("top/other", 0700);
	put_file("top/result/manifest.json", ours, sizeof ours - 1);
	put_capture("top/result/slice.pcap");
	put_file("top/other/manifest.json", foreign, sizeof foreign - 1);
	put_capture("top/other/c.pcap");
	assert_int_equal(inputs_add(&in, "top", true, &e), 0);
	assert_int_equal(in.result_folders, 1);
	names_are(&in, 1, order);
}

static void unreadable_files_below_a_folder_are_kept(void **state)
{
	(void)state;
	static const char *const order[] = {"top/closed", "top/secret.pcap"};
	struct inputs in = {0};
	struct err e;
	if (geteuid() == 0)
		skip(); /* nothing is unreadable */
	mkdir("top", 0700);
	mkdir("top/closed", 0000);
	put_capture("top/secret.pcap");
	chmod("top/secret.pcap", 0000);
	assert_int_equal(inputs_add(&in, "top", true, &e), 0);
	names_are(&in, 2, order);
}

static void without_walking_a_folder_is_a_name(void **state)
{
	(void)state;
	static const char *const order[] = {"top", "missing"};
	struct inputs in = {0};
	struct err e;
	mkdir("top", 0700);
	assert_int_equal(inputs_add(&in, "top", false, &e), 0);
	assert_int_equal(inputs_add(&in, "missing", true, &e), 0);
	assert_int_equal(input_open(&in.items[0], &e), -1);
	assert_non_null(strstr(e.text, "-r"));
	assert_int_equal(input_open(&in.items[1], &e), -1);
	assert_non_null(strstr(e.text, "No such file"));
	names_are(&in, 2, order);
}

static void lists_are_read(void **state)
{
	(void)state;
	static const char *const lines[] = {"a", " b c ", "-", "last"};
	static const char *const nuls[] = {"a\nb", "c"};
	struct inputs in = {0};
	struct err e;
	put_file("lines", "a\n b c \n\n-\nlast", 15);
	assert_int_equal(inputs_add_list(&in, "lines", false, false, &e), 0);
	assert_false(in.items[2].standard_input);
	names_are(&in, 4, lines);
	put_file("nuls", "a\nb\0\0c\0", 7);
	assert_int_equal(inputs_add_list(&in, "nuls", true, false, &e), 0);
	names_are(&in, 2, nuls);
}

static void bad_lists_are_refused(void **state)
{
	(void)state;
	struct inputs in = {0};
	struct err e;
	char longer[5000];
	memset(longer, 'a', sizeof longer);
	put_file("long", longer, sizeof longer);
	put_file("nuls", "a\0b", 3);
	assert_int_equal(inputs_add_list(&in, "long", false, false, &e), ERR_USAGE);
	assert_int_equal(inputs_add_list(&in, "nuls", false, false, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "-0"));
	assert_int_equal(inputs_add_list(&in, "missing", false, false, &e), ERR_USAGE);
	assert_int_equal(inputs_add_list(&in, ".", false, false, &e), ERR_USAGE);
	inputs_free(&in);
}

static void standard_input_is_read_once(void **state)
{
	(void)state;
	struct inputs in = {0};
	struct err e;
	assert_int_equal(inputs_add(&in, "-", false, &e), 0);
	assert_true(in.items[0].standard_input);
	assert_int_equal(inputs_add(&in, "-", false, &e), ERR_USAGE);
	assert_int_equal(inputs_add_list(&in, "-", false, false, &e), ERR_USAGE);
	inputs_free(&in);
}

static void devices_are_not_opened(void **state)
{
	(void)state;
	static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full"};
	struct inputs in = {0};
	struct err e;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(inputs_add(&in, devices[i], true, &e), 0);
		assert_int_equal(input_open(&in.items[i], &e), -1);
		assert_non_null(strstr(e.text, "neither"));
	}
	inputs_free(&in);
}

static void a_pipe_without_a_writer_does_not_hang(void **state)
{
	(void)state;
	struct inputs in = {0};
	struct err e;
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_int_equal(inputs_add(&in, "pipe", false, &e), 0);
	int fd = input_open(&in.items[0], &e);
	assert_true(fd >= 0);
	close(fd);
	inputs_free(&in);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(a_folder_is_walked_in_byte_order),
	    TEST(links_and_special_files_are_not_captures),
	    TEST(result_folders_are_not_entered),
	    TEST(unreadable_files_below_a_folder_are_kept),
	    TEST(without_walking_a_folder_is_a_name),
	    TEST(lists_are_read),
	    TEST(bad_lists_are_refused),
	    TEST(standard_input_is_read_once),
	    TEST(devices_are_not_opened),
	    TEST(a_pipe_without_a_writer_does_not_hang),
	};
	return cmocka_run_group_tests_name("inputs", tests, NULL, NULL);
}
