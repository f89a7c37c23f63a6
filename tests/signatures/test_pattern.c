/* Patterns as they are written: the two escapes, and UTF-8 that is broken. */
#include "signatures/pattern.h"

#include "analyzer/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants the above */
#include <cmocka.h>

/* Every byte may be written as an escape, and every one but the backslash and what lint refuses as it stands. */
static void every_byte_comes_back(void **unused)
{
	(void)unused;
	struct arena arena = {0};
	char written[4 * 256 + 1];
	uint8_t bytes[256];
	struct text t = text_over(written, sizeof(written));
	struct span out;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (uint8_t)i;
		text_printf(&t, i % 2 ? "\\x%02x" : "\\x%02X", (unsigned)i);
	}
	assert_false(t.cut);
	assert_true(pattern_unescape(&arena, span_of(t.ptr, t.len), &out));
	assert_true(span_equal(out, span_of(bytes, sizeof(bytes))));
	assert_true(pattern_unescape(&arena, span_text(" доступ \n"), &out));
	assert_true(span_equal(out, span_text(" доступ \n")));
	arena_free(&arena);
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
	    cmocka_unit_test(every_byte_comes_back),
	    cmocka_unit_test(only_two_escapes),
	    cmocka_unit_test(broken_utf8),
	};
	return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
