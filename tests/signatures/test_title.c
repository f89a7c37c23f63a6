/* Where a page's title is, also when it comes in pieces. */
#include "signatures/title.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants the above */
#include <cmocka.h>

static void title_is(const char *page, const char *expected, bool expected_cut)
{
	struct span whole = span_text(page);
	for (size_t piece = 1; piece <= whole.len; piece++) {
		struct title t = {0};
		bool cut;
		for (struct span rest = whole; rest.len; rest = span_after(rest, piece))
			title_read(&t, span_first(rest, piece));
		struct span text = title_text(&t, &cut);
		if (!span_equal(text, span_text(expected)) || cut != expected_cut)
			fail_msg("\"%s\" in pieces of %zu: \"%.*s\"", page, piece, (int)text.len,
			         (const char *)text.ptr);
	}
}

static void where_titles_are(void **unused)
{
	(void)unused;
	title_is("<html><head><title>Blocked</title></head>", "Blocked", false);
	title_is("<TITLE>\r\n\t Blocked page \n</TiTlE >", "Blocked page", false);
	title_is("<title lang=\"en\" x='>'>y</title>", "'>y", false);
	title_is("<title/>rest", "rest", false);
	title_is("<titles>no</titles>", "", false);
	title_is("<titles><title>yes</title>", "yes", false);
	title_is("<<title>yes</title>", "yes", false);
	title_is("<tit<title>yes</title>", "yes", false);
	title_is("<title>first</title><title>second</title>", "first", false);
	title_is("<title></title><title>second</title>", "", false);
	title_is("<title>a<b>c</b>d</titl</title>", "a<b>c</b>d</titl", false);
	title_is("<title>a << b</title>", "a << b", false);
	title_is("<title>never closed", "never closed", false);
	title_is("no title at all", "", false);
	title_is("x", "", false);
}

static void long_titles(void **unused)
{
	(void)unused;
	char page[SIG_TITLE_MAX + 40] = "<title>", expected[SIG_TITLE_MAX + 1] = "";
	size_t len = strlen(page);
	memset(expected, 'x', SIG_TITLE_MAX);
	memset(page + len, 'x', SIG_TITLE_MAX);
	strcpy(page + len + SIG_TITLE_MAX, "</title>");
	title_is(page, expected, false);
	page[len + SIG_TITLE_MAX] = 'x';
	strcpy(page + len + SIG_TITLE_MAX + 1, "</title>");
	title_is(page, expected, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(where_titles_are),
	    cmocka_unit_test(long_titles),
	};
	return cmocka_run_group_tests_name("title", tests, NULL, NULL);
}
