/* Regular expressions: which are refused, the literal that guards one, and searches that take too long. */
#include "signatures/regexp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants the above */
#include <cmocka.h>

static void literal_is(const char *pattern, const char *literal)
{
	struct regexp *re;
	struct err e = {0};
	if (regexp_compile(&re, span_text(pattern), &e) < 0)
		fail_msg("%s: %s", pattern, e.text);
	struct span found = regexp_literal(re);
	if (!span_equal(found, span_text(literal)))
		fail_msg("%s: literal \"%.*s\", not \"%s\"", pattern, (int)found.len, (const char *)found.ptr, literal);
	regexp_free(re);
}

static void longest_literal(void **unused)
{
	(void)unused;
	literal_is("^https?://block\\.example(?:[:/?]|$)", "://block.example");
	literal_is("abcd.efghi", "efghi");
	literal_is("abcdx*efg", "abcd");
	literal_is("abcdx+ef", "abcdx");
	literal_is("abcdx{0,3}ef", "abcd");
	literal_is("abcdx{2}ef", "abcdx");
	literal_is("abc{d}", "abc{d}");
	literal_is("(?:one|two)three", "three");
	literal_is("(optional)?needed", "needed");
	literal_is("a\\x62\\\\c\\.d[0-9]+x", "ab\\c.d");
	literal_is("line\\r\\n\\tend", "line\r\n\tend");
	literal_is("ab\\bcdef\\dghijk", "ghijk");
	literal_is("[]abcdef]wxyz", "wxyz");
	literal_is("запрет", "запрет");
}

static void refused_with(const char *pattern, const char *why)
{
	struct regexp *re;
	struct err e = {0};
	if (regexp_compile(&re, span_text(pattern), &e) == 0)
		fail_msg("%s: accepted", pattern);
	assert_null(re);
	assert_int_equal(e.code, ERR_FORMAT);
	if (!strstr(e.text, why))
		fail_msg("%s: \"%s\", not \"%s\"", pattern, e.text, why);
}

static void refused(void **unused)
{
	(void)unused;
	refused_with("abc", "no literal of 4");
	refused_with("abcd|efgh", "no literal of 4");
	refused_with("(abcdefgh)", "no literal of 4");
	refused_with("a+b+c+d+", "no literal of 4");
	refused_with("abcd(?=x)", "lookaround");
	refused_with("abcd(?<!x)", "lookaround");
	refused_with("(?i)abcd", "options");
	refused_with("(*LIMIT_MATCH=9)abcd", "special group");
	refused_with("(abcd)efgh\\1", "backreference");
	refused_with("abcd\\K", "escape");
	refused_with("abcd\\pL", "escape");
	refused_with("abcd\\Qx", "escape");
	refused_with("abcd\\", "escape");
	refused_with("abcd(?:x+)+", "repeats a group");
	refused_with("abcd(?:(?:x*)y){2,}", "repeats a group");
	refused_with("abcdx{1001}", "1000");
	refused_with("abcd(x", "not closed");
	refused_with("abcdx)", "too many");
	refused_with("abcd[x", "bracket");
	refused_with("*abcd", "nothing to repeat");
	refused_with("abcd\\xg0", "hexadecimal");
	refused_with("abcd[z-a]", "does not compile");
}

static void once_is_no_nesting(void **unused)
{
	(void)unused;
	literal_is("abcd(?:x+)?", "abcd");
	literal_is("abcd(?:x+){0,1}", "abcd");
	literal_is("abcd(?:xy){2,}", "abcd");
}

static bool matches(const char *pattern, const char *subject, bool starts, bool ends)
{
	struct regexp *re;
	struct err e;
	assert_int_equal(regexp_compile(&re, span_text(pattern), &e), 0);
	bool found = regexp_matches(re, span_text(subject), starts, ends);
	regexp_free(re);
	return found;
}

static void anchors_need_the_edge(void **unused)
{
	(void)unused;
	assert_true(matches("^abcd$", "abcd", true, true));
	assert_false(matches("^abcd", "abcd", false, true));
	assert_false(matches("abcd$", "abcd", true, false));
	assert_false(matches("abcd$", "abcd\n", true, true));
	assert_true(matches("ab.cdef", "ab\ncdef", true, true));
	assert_false(matches("abcd", "ABCD", true, true));
	assert_false(matches("abcd", "", true, true));
}

static void long_searches_give_up(void **unused)
{
	(void)unused;
	char subject[1025];
	memset(subject, 'a', sizeof(subject) - 1);
	subject[sizeof(subject) - 1] = '\0';
	assert_false(matches("aaaa.*a.*a.*a.*a.*a.*a.*b", subject, true, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(longest_literal),       cmocka_unit_test(refused),
	    cmocka_unit_test(once_is_no_nesting),    cmocka_unit_test(anchors_need_the_edge),
	    cmocka_unit_test(long_searches_give_up),
	};
	return cmocka_run_group_tests_name("regexp", tests, NULL, NULL);
}
