/* What the configuration id depends on, and the shape of the two files. */
#include "analyzer/report/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint8_t hash_a[32] = {1}, hash_b[32] = {2};

static struct manifest_capture capture_at(void *context, size_t i)
{
	const char *const *names = context;
	return (struct manifest_capture){.name = names[i], .status = "ok", .sha256 = i ? NULL : hash_a};
}

static struct manifest *sample(void)
{
	static const char *const names[] = {"a \\\\ \"b\".pcap", "c.pcap"};
	struct manifest *m = calloc(1, sizeof *m);
	m->version = "1.2.3";
	m->commit = "abc";
	m->build = "release";
	m->compiler = "12";
	m->libraries[m->library_count++] = (struct manifest_pair){"zlib", "1.2"};
	m->options[m->option_count++] = (struct manifest_pair){"max-flows", "10"};
	m->options[m->option_count++] = (struct manifest_pair){"mechanisms", "all"};
	m->sets[m->set_count++] = (struct manifest_set){"dns.csv", 7, hash_a};
	m->weights = (struct manifest_set){"weights.csv", 3, hash_b};
	m->tables[m->table_count++] = (struct manifest_set){"findings.csv", 5, hash_b};
	m->capture = capture_at;
	m->context = (void *)(uintptr_t)names;
	m->capture_count = 2;
	return m;
}

static void id_differs(const struct manifest *m, const char *before, bool differs)
{
	char id[CONFIG_ID_SIZE];
	manifest_config_id(m, id);
	assert_int_equal(strlen(id), 64);
	assert_int_equal(strcmp(id, before) != 0, differs);
}

static void the_id_changes_with_what_shapes_the_tables_alone(void **state)
{
	(void)state;
	char id[CONFIG_ID_SIZE];
	struct manifest *m = sample();
	manifest_config_id(m, id);
	m->capture_count = 0;
	m->tables[0].rows = 6;
	m->sets[0].path = "/elsewhere/dns.csv";
	id_differs(m, id, false);
	m->options[0].value = "11";
	id_differs(m, id, true);
	m->options[0].value = "10";
	m->sets[0].sha256 = hash_b;
	id_differs(m, id, true);
	m->sets[0].sha256 = hash_a;
	m->weights.sha256 = hash_a;
	id_differs(m, id, true);
	m->weights.sha256 = hash_b;
	m->libraries[0].value = "1.3";
	id_differs(m, id, true);
	m->libraries[0].value = "1.2";
	id_differs(m, id, false);
	free(m);
}

/* A value that holds what separates lines is not taken for two of them. */
static void values_do_not_run_into_each_other(void **state)
{
	(void)state;
	char id[CONFIG_ID_SIZE];
	struct manifest *m = sample();
	m->options[0].value = "10\noption mechanisms 3 all";
	m->option_count = 1;
	manifest_config_id(m, id);
	m->options[0].value = "10";
	m->option_count = 2;
	id_differs(m, id, true);
	free(m);
}

static void the_first_line_marks_a_result_folder(void **state)
{
	(void)state;
	char *text;
	size_t size;
	struct manifest *m = sample();
	FILE *out = open_memstream(&text, &size);
	manifest_write(m, out);
	fclose(out);
	static const char start[] = "{\n  \"wallprint\": \"1.2.3\",\n";
	assert_int_equal(strncmp(text, start, sizeof start - 1), 0);
	assert_non_null(strstr(text, "\"capture\": \"a \\\\\\\\ \\\"b\\\".pcap\""));
	assert_non_null(strstr(text, "\"sha256\": \"\","));
	free(text);
	free(m);
}

static void arguments_are_written_in_printable_bytes(void **state)
{
	(void)state;
	char *text, *argv[] = {(char[]){"scan"}, (char[]){"-o"}, (char[]){"\xff\n\"\\"}};
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct run_facts r = {.host = "h", .argc = 3, .argv = argv, .jobs = 4};
	run_write(&r, out);
	fclose(out);
	assert_non_null(strstr(text, "\"started\": \"1970-01-01T00:00:00.000000000Z\""));
	assert_non_null(strstr(text, "\"-o\""));
	assert_non_null(strstr(text, "\"\\\\xff\\\\x0a\\\"\\\\x5c\""));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_id_changes_with_what_shapes_the_tables_alone),
	    cmocka_unit_test(values_do_not_run_into_each_other),
	    cmocka_unit_test(the_first_line_marks_a_result_folder),
	    cmocka_unit_test(arguments_are_written_in_printable_bytes),
	};
	return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
