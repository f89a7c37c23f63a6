/* Exact probabilities, against values from the definition, and the adjustment for many tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "analyzer/detect/fisher.h"

static void agrees_with_the_definition(void **state)
{
	static const struct {
		uint32_t fail, ok, ctrl_fail, ctrl_ok, p;
	} cases[] = {
	    {3, 0, 0, 3, 50000000},  /* one of C(6, 3) = 20 */
	    {3, 0, 0, 4, 28571429},  /* 1 / 35, rounded up */
	    {5, 0, 0, 5, 3968254},   /* 1 / 252 */
	    {6, 0, 0, 7, 582751},    /* 1 / 1716 */
	    {3, 1, 1, 5, 119047620}, /* 25 / 210 */
	    {2, 3, 4, 5, 762237763}, {0, 0, 0, 0, P_UNIT}, {0, 5, 0, 5, P_UNIT}, {30, 0, 0, 30, 1},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(fisher_one_sided(cases[i].fail, cases[i].ok, cases[i].ctrl_fail, cases[i].ctrl_ok),
		                 cases[i].p);
}

static void more_failures_are_never_less_telling(void **state)
{
	uint32_t before = P_UNIT;
	(void)state;
	for (uint32_t n = 0; n < 100; n++) {
		uint32_t p = fisher_one_sided(n, 1, 2, 12);
		assert_true(p <= before);
		before = p;
	}
}

/* What speaks against a connection is not cut to the size that can be computed. */
static void large_counts(void **state)
{
	(void)state;
	assert_int_equal(fisher_one_sided(1000, 0, 0, 1000), fisher_one_sided(30, 0, 0, 30));
	assert_int_equal(fisher_one_sided(30, 31, 0, 30), P_UNIT);
	assert_int_equal(fisher_one_sided(30, 0, 31, 1000), P_UNIT);
	assert_int_equal(fisher_one_sided(UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX), P_UNIT);
}

static void adjusts_for_many_tests(void **state)
{
	uint32_t p[] = {10, 20, 30, 900};
	(void)state;
	benjamini_hochberg(p, 4, 4);
	assert_int_equal(p[0], 40);
	assert_int_equal(p[1], 40);
	assert_int_equal(p[2], 40);
	assert_int_equal(p[3], 900);
	uint32_t alone[] = {P_UNIT / 1000};
	benjamini_hochberg(alone, 1, 1);
	assert_int_equal(alone[0], P_UNIT / 1000);
	uint32_t of_many[] = {P_UNIT / 1000};
	benjamini_hochberg(of_many, 1, 500);
	assert_int_equal(of_many[0], P_UNIT / 2);
	uint32_t never_more[] = {P_UNIT / 2};
	benjamini_hochberg(never_more, 1, 500);
	assert_int_equal(never_more[0], P_UNIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(agrees_with_the_definition),
	    cmocka_unit_test(more_failures_are_never_less_telling),
	    cmocka_unit_test(large_counts),
	    cmocka_unit_test(adjusts_for_many_tests),
	};
	return cmocka_run_group_tests_name("fisher", tests, NULL, NULL);
}
