/* Names that clients asked for: each once, cut, within a budget, counted over shards. */
#include "analyzer/net/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static const char *keep(struct names *n, const char *name)
{
	return names_keep(n, span_text(name));
}

static void keeps_one_of_each(void **state)
{
	struct names n;
	struct err e;
	(void)state;
	assert_int_equal(names_init(&n, 0, &e), 0);
	const char *a = keep(&n, "Example.ORG");
	assert_string_equal(a, "example.org");
	assert_ptr_equal(keep(&n, "example.org"), a);
	assert_ptr_not_equal(keep(&n, "example.orG."), a);
	assert_null(names_keep(&n, span_of(NULL, 0)));
	assert_ptr_equal(names_keep(&n, span_of("example.org\0evil", 16)), a);
	assert_null(names_keep(&n, span_of("\0x", 2)));
	assert_string_equal(keep(&n, "\xc3\x84"), "\xc3\x84");
	assert_int_equal(n.count, 3);
	assert_int_equal(n.refused, 0);
	names_free(&n);
}

static void cuts_long_names(void **state)
{
	char text[300];
	struct names n;
	struct err e;
	(void)state;
	assert_int_equal(names_init(&n, 0, &e), 0);
	memset(text, 'a', sizeof text);
	const char *a = names_keep(&n, span_of(text, 300));
	assert_int_equal(strlen(a), NAMES_LENGTH_MAX);
	assert_ptr_equal(names_keep(&n, span_of(text, 255)), a);
	assert_ptr_not_equal(names_keep(&n, span_of(text, 254)), a);
	names_free(&n);
}

static void grows_and_finds_again(void **state)
{
	enum { MANY = 5000 };
	static const char *kept[MANY];
	struct names n;
	struct err e;
	(void)state;
	assert_int_equal(names_init(&n, 0, &e), 0);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < MANY; i++) {
			char text[32];
			snprintf(text, sizeof text, "host%d.example", i);
			const char *name = keep(&n, text);
			assert_string_equal(name, text);
			if (round == 0)
				kept[i] = name;
			assert_ptr_equal(name, kept[i]);
		}
	assert_int_equal(n.count, MANY);
	names_free(&n);
}

static void keeps_to_its_budget(void **state)
{
	struct names n;
	struct err e;
	char text[32];
	int kept = 0;
	(void)state;
	assert_int_equal(names_init(&n, 320, &e), 0);
	for (int i = 0; i < 50; i++) {
		snprintf(text, sizeof text, "host%d.example", i);
		kept += keep(&n, text) != NULL;
	}
	assert_in_range(kept, 5, 20);
	assert_int_equal(n.refused, 50 - kept);
	/* Those that are there are still found. */
	assert_string_equal(keep(&n, "host0.example"), "host0.example");
	names_free(&n);
	names_free(&n);
}

static void counts_over_tables(void **state)
{
	struct names n[3];
	const struct names *all[3] = {&n[0], &n[1], &n[2]};
	struct err e;
	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(names_init(&n[i], 0, &e), 0);
	assert_int_equal(names_distinct(all, 3), 0);
	assert_int_equal(names_distinct(all, 0), 0);
	keep(&n[0], "a");
	keep(&n[0], "b");
	keep(&n[2], "B");
	keep(&n[2], "c");
	assert_int_equal(names_distinct(all, 3), 3);
	assert_int_equal(names_distinct(all, 1), 2);
	for (int i = 0; i < 3; i++)
		names_free(&n[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keeps_one_of_each),     cmocka_unit_test(cuts_long_names),
	    cmocka_unit_test(grows_and_finds_again), cmocka_unit_test(keeps_to_its_budget),
	    cmocka_unit_test(counts_over_tables),
	};
	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
