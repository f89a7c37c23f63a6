/* In which charsets a pattern travels in each country. */
#include "signatures/charset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants the above */
#include <cmocka.h>

static int variants_of(const char *text, const char *countries, struct span out[CHARSET_VARIANTS_MAX],
                       struct arena *arena)
{
	struct charset_cache cache = {0};
	struct err e = {0};
	int n = charset_variants(&cache, arena, span_text(text), countries, out, &e);
	charset_cache_close(&cache);
	charset_cache_close(&cache);
	if (n < 0)
		fail_msg("%s", e.text);
	return n;
}

static void the_charsets_of_a_country(void **unused)
{
	(void)unused;
	static const struct {
		const char *text, *country, *bytes;
	} cases[] = {
	    {"запрет", "RU", "\xe7\xe0\xef\xf0\xe5\xf2"},
	    {"запрет", "RU", "\xda\xc1\xd0\xd2\xc5\xd4"},
	    {"запрет", "BY", "\xe7\xe0\xef\xf0\xe5\xf2"},
	    {"反诈", "CN", "\xb7\xb4\xd5\xa9"},
	    {"中文", "TW", "\xa4\xa4\xa4\xe5"},
	    {"차단", "KR", "\xc2\xf7\xb4\xdc"},
	    {"erişim", "TR", "eri\xfeim"},
	    {"ไทย", "TH", "\xe4\xb7\xc2"},
	    {"حجب", "SA", "\xcd\xcc\xc8"},
	    {"Αρχή", "GR", "\xc1\xf1\xf7\xde"},
	    {"página", "CO", "p\xe1gina"},
	};
	struct arena arena = {0};
	struct span out[CHARSET_VARIANTS_MAX];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int n = variants_of(cases[i].text, cases[i].country, out, &arena), found = 0;
		for (int k = 0; k < n; k++)
			found += span_equal(out[k], span_text(cases[i].bytes));
		if (found != 1)
			fail_msg("%s in %s: %d of %d", cases[i].text, cases[i].country, found, n);
	}
	arena_free(&arena);
}

static void nothing_to_convert(void **unused)
{
	(void)unused;
	struct arena arena = {0};
	struct span out[CHARSET_VARIANTS_MAX];
	assert_int_equal(variants_of("ascii", "RU;CN", out, &arena), 0);
	assert_int_equal(variants_of("запрет", "", out, &arena), 0);
	assert_int_equal(variants_of("запрет", "XX", out, &arena), 0);
	assert_int_equal(variants_of("国家", "RU", out, &arena), 0);
	arena_free(&arena);
}

static void several_countries_share(void **unused)
{
	(void)unused;
	struct arena arena = {0};
	struct span out[CHARSET_VARIANTS_MAX];
	assert_int_equal(variants_of("запрет", "RU", out, &arena), 2);
	assert_int_equal(variants_of("запрет", "RU;BY;KZ", out, &arena), 2);
	assert_int_equal(variants_of("запрет", "CN;RU", out, &arena), 3);
	arena_free(&arena);
}

/* Whatever the country, its charsets are known to this system. */
static void every_country(void **unused)
{
	(void)unused;
	struct arena arena = {0};
	struct span out[CHARSET_VARIANTS_MAX];
	int with_charset = 0;
	for (char a = 'A'; a <= 'Z'; a++)
		for (char b = 'A'; b <= 'Z'; b++)
			with_charset += variants_of("é", (char[]){a, b, '\0'}, out, &arena) > 0;
	assert_true(with_charset > 20);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_charsets_of_a_country),
	    cmocka_unit_test(nothing_to_convert),
	    cmocka_unit_test(several_countries_share),
	    cmocka_unit_test(every_country),
	};
	return cmocka_run_group_tests_name("charset", tests, NULL, NULL);
}
