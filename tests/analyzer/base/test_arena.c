/* Arenas: zeroed and aligned memory, their budget, and what a reset keeps. */
#include "analyzer/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void gives_zeroed_and_aligned(void **state)
{
	struct arena a = {0};
	(void)state;
	for (int round = 0; round < 2; round++) {
		for (size_t size = 0; size < 300; size++) {
			uint8_t *p = arena_alloc(&a, size);
			assert_non_null(p);
			assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
			for (size_t i = 0; i < size; i++)
				assert_int_equal(p[i], 0);
			memset(p, 0xee, size);
		}
		arena_reset(&a);
	}
	arena_free(&a);
	arena_free(&a);
}

static void keeps_to_its_budget(void **state)
{
	struct arena a;
	uint8_t bytes[96] = {0};
	size_t got = 0;
	(void)state;
	arena_init(&a, 960);
	while (arena_alloc(&a, 96))
		got += 96;
	assert_int_equal(got, 960);
	assert_int_equal(a.used, 960);
	assert_null(arena_alloc(&a, 1));
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_non_null(arena_alloc(&a, 0));
	assert_int_equal(arena_copy(&a, span_of(bytes, sizeof bytes)).len, 0);
	assert_null(arena_string(&a, span_of(bytes, sizeof bytes)));
	arena_reset(&a);
	assert_int_equal(a.used, 0);
	assert_null(arena_alloc(&a, 961));
	assert_non_null(arena_alloc(&a, 960));
	assert_null(arena_alloc(&a, 1));
	arena_free(&a);
}

static void has_no_bound_without_a_budget(void **state)
{
	struct arena a;
	(void)state;
	arena_init(&a, 0);
	uint8_t *big = arena_alloc(&a, 5 << 20);
	assert_non_null(big);
	big[(5 << 20) - 1] = 1;
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_alloc(&a, SIZE_MAX - 15));
	arena_free(&a);
}

static void copies(void **state)
{
	struct arena a = {0};
	char source[] = "abc";
	(void)state;
	struct span copy = arena_copy(&a, span_text(source));
	char *string = arena_string(&a, span_of(source, 2));
	memset(source, 'x', 3);
	assert_true(span_equal(copy, span_text("abc")));
	assert_string_equal(string, "ab");
	assert_int_equal(arena_copy(&a, span_of(NULL, 0)).len, 0);
	assert_string_equal(arena_string(&a, span_of(NULL, 0)), "");
	arena_free(&a);
}

/* No allocation a packet: a second round of the same size finds the room of the first. */
static void reset_keeps_the_largest_block(void **state)
{
	struct arena a = {0};
	(void)state;
	for (int i = 0; i < 100; i++)
		assert_non_null(arena_alloc(&a, 200));
	arena_reset(&a);
	void *kept = arena_alloc(&a, 200);
	for (int i = 0; i < 39; i++)
		assert_non_null(arena_alloc(&a, 200));
	arena_reset(&a);
	assert_ptr_equal(arena_alloc(&a, 200), kept);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(gives_zeroed_and_aligned),      cmocka_unit_test(keeps_to_its_budget),
	    cmocka_unit_test(has_no_bound_without_a_budget), cmocka_unit_test(copies),
	    cmocka_unit_test(reset_keeps_the_largest_block),
	};
	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
