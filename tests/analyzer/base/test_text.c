/* Text with a bound: nothing from outside gets through unescaped, and what did not fit is marked. */
#include "analyzer/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static const char *escaped(struct span s, enum text_place place)
{
	static char buffer[4096];
	struct text t = text_over(buffer, sizeof buffer);
	text_escape(&t, s, place);
	assert_false(t.cut);
	assert_int_equal(strlen(buffer), t.len);
	return buffer;
}

static void escapes_what_is_not_printable(void **state)
{
	static const enum text_place places[] = {TEXT_FIELD, TEXT_LIST, TEXT_FILE_NAME};
	char expected[16];
	(void)state;
	for (int p = 0; p < 3; p++)
		for (unsigned c = 0; c < 256; c++) {
			uint8_t bytes[2] = {'a', (uint8_t)c};
			bool list = places[p] == TEXT_LIST && (c == ';' || c == '=');
			if (c == '\\')
				snprintf(expected, sizeof expected, "a\\\\");
			else if (c < 0x20 || c > 0x7e || list)
				snprintf(expected, sizeof expected, "a\\x%02x", c);
			else
				snprintf(expected, sizeof expected, "a%c", (int)c);
			assert_string_equal(escaped(span_of(bytes, 2), places[p]), expected);
		}
}

static void escapes_what_starts_a_formula(void **state)
{
	(void)state;
	assert_string_equal(escaped(span_text("=1+1"), TEXT_FIELD), "\\x3d1+1");
	assert_string_equal(escaped(span_text("+1"), TEXT_FIELD), "\\x2b1");
	assert_string_equal(escaped(span_text("-1"), TEXT_FIELD), "\\x2d1");
	assert_string_equal(escaped(span_text("@x"), TEXT_FIELD), "\\x40x");
	assert_string_equal(escaped(span_text("-x-"), TEXT_FILE_NAME), "\\x2dx-");
	assert_string_equal(escaped(span_text("-x=;"), TEXT_LIST), "\\x2dx\\x3d\\x3b");
	assert_string_equal(escaped(span_text("a=;b"), TEXT_FIELD), "a=;b");
	assert_string_equal(escaped(span_text("\t=1"), TEXT_FIELD), "\\x09=1");
	assert_string_equal(escaped(span_of(NULL, 0), TEXT_FIELD), "");

	/* Only what stands first in the field. */
	char buffer[32];
	struct text t = text_over(buffer, sizeof buffer);
	text_printf(&t, "a=");
	text_escape(&t, span_text("-1"), TEXT_FIELD);
	assert_string_equal(buffer, "a=-1");
}

static void bounds_outside_text(void **state)
{
	char text[600], expected[600];
	(void)state;
	memset(text, 'x', sizeof text);
	memset(expected, 'x', sizeof expected);
	expected[TEXT_OUTSIDE_MAX] = '\0';
	assert_string_equal(escaped(span_of(text, 256), TEXT_FIELD), expected);
	snprintf(expected + TEXT_OUTSIDE_MAX, 4, "...");
	assert_string_equal(escaped(span_of(text, 257), TEXT_FIELD), expected);
	assert_string_equal(escaped(span_of(text, 600), TEXT_LIST), expected);
	assert_int_equal(strlen(escaped(span_of(text, 600), TEXT_FILE_NAME)), 600);
	memset(text, 0, sizeof text);
	assert_int_equal(strlen(escaped(span_of(text, 600), TEXT_FIELD)), 4 * 256 + 3);
}

static void keeps_letters_of_file_names(void **state)
{
	static const char *const letters[] = {"\xc3\xa9",     "\xd8\xa7",         "\xd7\x90",
	                                      "\xe4\xb8\xad", "\xf0\x9f\x98\x80", "\xed\x9f\xbf",
	                                      "\xee\x80\x80", "\xf4\x8f\xbf\xbf", "\xc2\xa0"};
	(void)state;
	for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++) {
		char text[16];
		snprintf(text, sizeof text, "a%sb", letters[i]);
		assert_string_equal(escaped(span_text(text), TEXT_FILE_NAME), text);
		assert_non_null(strstr(escaped(span_text(text), TEXT_FIELD), "\\x"));
	}
}

/* What is not UTF-8, and what is but would turn, hide or control the text around it. */
static void escapes_what_is_no_letter(void **state)
{
	static const char *const wrong[] = {
	    "\x80",
	    "\xbf",
	    "\xc0\xaf",
	    "\xc1\xbf",
	    "\xc3",
	    "\xe4\xb8",
	    "\xe0\x80\xaf",
	    "\xe0\x9f\xbf",
	    "\xf0\x80\x80\xaf",
	    "\xf0\x8f\xbf\xbf",
	    "\xed\xa0\x80",
	    "\xed\xbf\xbf",
	    "\xf4\x90\x80\x80",
	    "\xf5\x80\x80\x80",
	    "\xff",
	    "\xc2\x80",
	    "\xc2\x9b",
	    "\xe2\x80\x8b",
	    "\xe2\x80\x8e",
	    "\xe2\x80\x8f",
	    "\xe2\x80\xa8",
	    "\xe2\x80\xaa",
	    "\xe2\x80\xae",
	    "\xe2\x81\xa6",
	    "\xe2\x81\xa9",
	    "\xe2\x81\xa0",
	    "\xd8\x9c",
	    "\xef\xbb\xbf",
	    "\xc3(",
	    "\xe4\xb8(",
	};
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		char text[16];
		snprintf(text, sizeof text, "%s|", wrong[i]);
		const char *out = escaped(span_text(text), TEXT_FILE_NAME);
		for (const char *c = out; *c; c++)
			assert_true((unsigned char)*c < 0x80);
		assert_true(strncmp(out, "\\x", 2) == 0);
		assert_int_equal(out[strlen(out) - 1], '|');
	}
}

static void a_full_buffer_is_marked(void **state)
{
	char buffer[8];
	(void)state;
	struct text t = text_over(buffer, sizeof buffer);
	text_add(&t, span_text("1234567"));
	assert_false(t.cut);
	text_add(&t, span_of(NULL, 0));
	assert_false(t.cut);
	text_add(&t, span_text("8"));
	assert_true(t.cut);
	assert_string_equal(buffer, "1234567");
	t = text_over(buffer, sizeof buffer);
	text_printf(&t, "%d", 123456789);
	assert_true(t.cut);
	assert_int_equal(t.len, 7);
	assert_string_equal(buffer, "1234567");
	text_printf(&t, "x");
	text_escape(&t, span_text("=\n"), TEXT_LIST);
	assert_string_equal(buffer, "1234567");
	t = text_over(buffer, 1);
	text_printf(&t, "x");
	text_add(&t, span_text("x"));
	assert_true(t.cut);
	assert_string_equal(buffer, "");
}

static void writes_hex(void **state)
{
	char buffer[16];
	struct text t = text_over(buffer, sizeof buffer);
	(void)state;
	text_hex(&t, span_of("\x00\xab\x0f", 3));
	assert_string_equal(buffer, "00ab0f");
}

static void writes_times(void **state)
{
	static const struct {
		int64_t seconds, ns;
		const char *text;
	} times[] = {
	    {0, 0, "1970-01-01T00:00:00.000000000Z"},
	    {0, 1, "1970-01-01T00:00:00.000000001Z"},
	    {68169599, 999999999, "1972-02-28T23:59:59.999999999Z"},
	    {68169600, 0, "1972-02-29T00:00:00.000000000Z"},
	    {68256000, 0, "1972-03-01T00:00:00.000000000Z"},
	    {951782400, 0, "2000-02-29T00:00:00.000000000Z"},
	    {951868800, 0, "2000-03-01T00:00:00.000000000Z"},
	    {978307199, 5, "2000-12-31T23:59:59.000000005Z"},
	    {1709164800, 0, "2024-02-29T00:00:00.000000000Z"},
	    {1582979696, 123456789, "2020-02-29T12:34:56.123456789Z"},
	    {4107542399, 0, "2100-02-28T23:59:59.000000000Z"},
	    {4107542400, 0, "2100-03-01T00:00:00.000000000Z"},
	    {9183110400, 0, "2261-01-01T00:00:00.000000000Z"},
	    {9214646399, 999999999, "2261-12-31T23:59:59.999999999Z"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
		char buffer[64];
		struct text t = text_over(buffer, sizeof buffer);
		text_time(&t, times[i].seconds * 1000000000 + times[i].ns);
		assert_string_equal(buffer, times[i].text);
	}
	char buffer[64];
	struct text t = text_over(buffer, sizeof buffer);
	text_time(&t, -1);
	text_time(&t, INT64_MIN);
	assert_string_equal(buffer, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(escapes_what_is_not_printable),
	    cmocka_unit_test(escapes_what_starts_a_formula),
	    cmocka_unit_test(bounds_outside_text),
	    cmocka_unit_test(keeps_letters_of_file_names),
	    cmocka_unit_test(escapes_what_is_no_letter),
	    cmocka_unit_test(a_full_buffer_is_marked),
	    cmocka_unit_test(writes_hex),
	    cmocka_unit_test(writes_times),
	};
	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
