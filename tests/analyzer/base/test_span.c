/* Spans: cutting, comparing, searching, decimal numbers; the empty span everywhere. */
#include "analyzer/base/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct span nothing = {NULL, 0};

static void cuts(void **state)
{
	struct span s = span_text("abcdef");
	(void)state;
	assert_int_equal(span_first(s, 2).len, 2);
	assert_int_equal(span_first(s, 99).len, 6);
	assert_int_equal(span_after(s, 2).len, 4);
	assert_int_equal(*span_after(s, 2).ptr, 'c');
	assert_int_equal(span_after(s, 6).len, 0);
	assert_int_equal(span_after(s, SIZE_MAX).len, 0);
	assert_int_equal(span_first(nothing, 3).len, 0);
	assert_int_equal(span_after(nothing, 3).len, 0);
}

static void compares(void **state)
{
	(void)state;
	assert_true(span_equal(nothing, span_of("x", 0)));
	assert_true(span_equal(span_of("a\0b", 3), span_of("a\0b", 3)));
	assert_false(span_equal(span_of("a\0b", 3), span_of("a\0c", 3)));
	assert_false(span_equal(span_text("ab"), span_text("abc")));
	assert_true(span_starts(span_text("abc"), span_text("ab")));
	assert_true(span_starts(span_text("abc"), nothing));
	assert_true(span_starts(nothing, nothing));
	assert_false(span_starts(span_text("ab"), span_text("abc")));
	assert_false(span_starts(span_text("xbc"), span_text("ab")));
	assert_true(span_equal_nocase(span_text("HoSt-1"), span_text("hOsT-1")));
	assert_false(span_equal_nocase(span_text("host"), span_text("hosts")));
	/* No letters: [ and {, @ and `, and bytes above ASCII. */
	assert_false(span_equal_nocase(span_text("["), span_text("{")));
	assert_false(span_equal_nocase(span_text("@"), span_text("`")));
	assert_false(span_equal_nocase(span_text("\xc0"), span_text("\xe0")));
}

static void finds(void **state)
{
	(void)state;
	assert_int_equal(span_find(span_text("xaab"), span_text("ab")), 2);
	assert_int_equal(span_find(span_text("ab"), span_text("ab")), 0);
	assert_true(span_find(span_text("a"), span_text("ab")) == SIZE_MAX);
	assert_true(span_find(span_text("aaaa"), span_text("b")) == SIZE_MAX);
	assert_true(span_find(nothing, span_text("b")) == SIZE_MAX);
	assert_int_equal(span_find(nothing, nothing), 0);
	assert_int_equal(span_find(span_of("\0\0\1", 3), span_of("\0\1", 2)), 1);
}

static void trims(void **state)
{
	(void)state;
	assert_true(span_equal(span_trim(span_text(" \t a b\t ")), span_text("a b")));
	assert_int_equal(span_trim(span_text(" \t ")).len, 0);
	assert_int_equal(span_trim(nothing).len, 0);
	/* Line ends are no blanks. */
	assert_true(span_equal(span_trim(span_text(" a\r\n")), span_text("a\r\n")));
}

static void reads_decimal(void **state)
{
	static const char *const wrong[] = {
	    "", "-1", "+1", " 1", "1 ", "0x1", "1a", "18446744073709551616", "99999999999999999999"};
	uint64_t value = 7;
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_false(span_decimal(span_text(wrong[i]), &value));
	assert_false(span_decimal(span_of("1\0", 2), &value));
	assert_true(span_decimal(span_text("0"), &value) && value == 0);
	assert_true(span_decimal(span_text("007"), &value) && value == 7);
	assert_true(span_decimal(span_text("18446744073709551615"), &value) && value == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cuts),  cmocka_unit_test(compares),      cmocka_unit_test(finds),
	    cmocka_unit_test(trims), cmocka_unit_test(reads_decimal),
	};
	return cmocka_run_group_tests_name("span", tests, NULL, NULL);
}
