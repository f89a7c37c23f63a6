#include "signatures/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants the above */
#include <cmocka.h>

static void round_trip(struct arena *arena, struct span bytes)
{
	char buffer[2048];
	struct text t = text_over(buffer, sizeof(buffer));
	struct span again;
	pattern_escape(&t, bytes);
	assert_false(t.cut);
	for (size_t i = 0; i < t.len; i++)
		assert_true((uint8_t)t.ptr[i] >= 0x20 && t.ptr[i] != 0x7f);
	assert_true(t.len == 0 || (t.ptr[0] != ' ' && t.ptr[t.len - 1] != ' '));
	assert_true(pattern_unescape(arena, span_of(t.ptr, t.len), &again));
	assert_true(span_equal(again, bytes));
}

static void escaping_loses_nothing(void **unused)
{
	(void)unused;
	struct arena arena = {0};
	uint8_t bytes[300];
	uint32_t seed = 11;
	for (int round = 0; round < 2000; round++) {
		size_t len = seed % sizeof(bytes);
		for (size_t i = 0; i < len; i++) {
			seed = seed * 1664525U + 1013904223U;
			bytes[i] = (uint8_t)(seed >> (round % 2 ? 24 : 25)); /* every second round is ASCII */
		}
		round_trip(&arena, span_of(bytes, len));
		seed += 17;
	}
	round_trip(&arena, span_text(" \r\n\\x41 запрещено \xef\xbf\xbd\xc2\x85\xc2\xa0 "));
	arena_free(&arena);
}

static void letters_stay_readable(void **unused)
{
	(void)unused;
	char buffer[64];
	struct text t = text_over(buffer, sizeof(buffer));
	pattern_escape(&t, span_text(" доступ \\\n"));
	assert_string_equal(buffer, "\\x20доступ \\\\\\x0a");
}

static void only_two_escapes(void **unused)
{
	(void)unused;
	static const char *const wrong[] = {"\\",    "\\n",      "\\x",   "\\x4",  "\\x4g",
	                                    "\\xg4", "a\\u0041", "\\X41", "\\\\\\"};
	struct arena arena = {0};
	struct span out = span_text("as before");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(pattern_unescape(&arena, span_text(wrong[i]), &out));
	assert_true(span_equal(out, span_text("as before")));
	assert_true(pattern_unescape(&arena, span_text("\\x4A\\x4a\\\\x41"), &out));
	assert_true(span_equal(out, span_text("JJ\\x41")));
	arena_free(&arena);
}

static void broken_utf8(void **unused)
{
	(void)unused;
	assert_int_equal(utf8_sequence(span_text("a")), 1);
	assert_int_equal(utf8_sequence(span_text("я")), 2);
	assert_int_equal(utf8_sequence(span_text("国")), 3);
	assert_int_equal(utf8_sequence(span_text("\xf0\x9f\x98\x80")), 4);
	static const char *const broken[] = {"\x80",         "\xc0\x80",         "\xc1\xbf",         "\xe0\x80\x80",
	                                     "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x80\x80\x80", "\xe5\x9b"};
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		assert_int_equal(utf8_sequence(span_text(broken[i])), 0);
	assert_int_equal(utf8_sequence(span_of(NULL, 0)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(escaping_loses_nothing),
	    cmocka_unit_test(letters_stay_readable),
	    cmocka_unit_test(only_two_escapes),
	    cmocka_unit_test(broken_utf8),
	};
	return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
