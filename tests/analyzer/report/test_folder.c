/* A result folder is whole or not there. */
#include "analyzer/report/folder.h"

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

static int setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	char *path;
	assert_true(asprintf(&path, "%s/wallprint-folder-XXXXXX", tmp ? tmp : "/tmp") > 0);
	assert_non_null(mkdtemp(path));
	*state = path;
	return chdir(path);
}

static int teardown(void **state)
{
	char command[512];
	snprintf(command, sizeof command, "rm -rf '%s'", (char *)*state);
	int status = chdir("/") | system(command);
	free(*state);
	return status;
}

static void put_file(struct folder *f, const char *name)
{
	struct err e;
	int fd = folder_create(f, name, &e);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
}

static void committed_files_are_there(void **state)
{
	(void)state;
	struct err e;
	struct folder *f;
	struct stat st;
	assert_int_equal(folder_open(&f, "new/", &e), 0);
	put_file(f, "a.csv");
	put_file(f, "b.csv");
	assert_int_not_equal(stat("new/a.csv", &st), 0);
	assert_int_equal(folder_commit(f, &e), 0);
	folder_close(f);
	assert_int_equal(stat("new/a.csv", &st), 0);
	assert_int_equal(stat("new/b.csv", &st), 0);
	assert_int_equal(rmdir("new"), -1);
}

static void without_a_commit_nothing_stays(void **state)
{
	(void)state;
	struct err e;
	struct folder *f;
	struct stat st;
	assert_int_equal(folder_open(&f, "new", &e), 0);
	put_file(f, "a.csv");
	folder_close(f);
	assert_int_not_equal(stat("new", &st), 0);
	assert_int_equal(mkdir("mine", 0700), 0);
	assert_int_equal(folder_open(&f, "mine", &e), 0);
	put_file(f, "a.csv");
	folder_close(f);
	assert_int_equal(rmdir("mine"), 0);
}

static void a_commit_that_fails_leaves_nothing(void **state)
{
	(void)state;
	struct err e;
	struct folder *f;
	assert_int_equal(mkdir("mine", 0700), 0);
	assert_int_equal(folder_open(&f, "mine", &e), 0);
	put_file(f, "a.csv");
	put_file(f, "b.csv");
	assert_int_equal(mkdir("mine/b.csv", 0700), 0);
	assert_int_equal(folder_commit(f, &e), ERR_IO);
	folder_close(f);
	assert_int_equal(rmdir("mine/b.csv"), 0);
	assert_int_equal(rmdir("mine"), 0);
}

static void other_places_are_refused(void **state)
{
	(void)state;
	struct err e;
	struct folder *f;
	assert_int_equal(mkdir("full", 0700), 0);
	assert_int_equal(mkdir("full/x", 0700), 0);
	assert_int_equal(folder_open(&f, "full", &e), ERR_USAGE);
	assert_int_equal(mkdir("real", 0700), 0);
	assert_int_equal(symlink("real", "link"), 0);
	assert_int_equal(folder_open(&f, "link", &e), ERR_USAGE);
	assert_int_equal(folder_open(&f, "link/", &e), ERR_USAGE);
	close(open("file", O_CREAT | O_WRONLY, 0600));
	assert_int_equal(folder_open(&f, "file", &e), ERR_USAGE);
	assert_int_equal(folder_open(&f, "no/such/parent", &e), ERR_IO);
	assert_null(f);
}

static void a_name_that_somebody_put_there_is_not_followed(void **state)
{
	(void)state;
	struct err e;
	struct folder *f;
	struct stat st;
	assert_int_equal(folder_open(&f, "new", &e), 0);
	assert_int_equal(symlink("../target", "new/.a.csv.tmp"), 0);
	assert_int_equal(folder_create(f, "a.csv", &e), ERR_IO);
	assert_int_not_equal(stat("target", &st), 0);
	folder_close(f);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(committed_files_are_there),
	    TEST(without_a_commit_nothing_stays),
	    TEST(a_commit_that_fails_leaves_nothing),
	    TEST(other_places_are_refused),
	    TEST(a_name_that_somebody_put_there_is_not_followed),
	};
	return cmocka_run_group_tests_name("folder", tests, NULL, NULL);
}
