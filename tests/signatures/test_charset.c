/* In which charsets a pattern travels in each country. */
#include "signatures/charset.h"
#include "signatures/match.h"

#include "tests/support/signature_set.h"

#include <iconv.h>

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
	    {"запрет", "RU", "\xe7\xe0\xef\xf0\xe5\xf2"},                                              /* cp1251 */
	    {"запрет", "RU", "\xda\xc1\xd0\xd2\xc5\xd4"},                                              /* koi8-r */
	    {"запрет", "RU", "\xa7\xa0\xaf\xe0\xa5\xe2"},                                              /* cp866 */
	    {"запрет", "RU", "\xd7\xd0\xdf\xe0\xd5\xe2"},                                              /* iso8859-5 */
	    {"обмежено", "UA", "\xee\xe1\xec\xe5\xe6\xe5\xed\xee"},                                    /* cp1251 */
	    {"обмежено", "UA", "\xcf\xc2\xcd\xc5\xd6\xc5\xce\xcf"},                                    /* koi8-u */
	    {"обмежено", "UA", "\xae\xa1\xac\xa5\xa6\xa5\xad\xae"},                                    /* cp866 */
	    {"обмежено", "UA", "\xde\xd1\xdc\xd5\xd6\xd5\xdd\xde"},                                    /* iso8859-5 */
	    {"доступ", "BG", "\xe4\xee\xf1\xf2\xf3\xef"},                                              /* cp1251 */
	    {"доступ", "BG", "\xd4\xde\xe1\xe2\xe3\xdf"},                                              /* iso8859-5 */
	    {"反诈中心", "CN", "\xb7\xb4\xd5\xa9\xd6\xd0\xd0\xc4"},                                    /* gbk */
	    {"網站封鎖", "TW", "\xba\xf4\xaf\xb8\xab\xca\xc2\xea"},                                    /* big5 */
	    {"網站", "HK", "\xba\xf4\xaf\xb8"},                                                        /* big5 */
	    {"網站", "HK", "\xbe\x57\xd5\xbe"},                                                        /* gbk */
	    {"차단된", "KR", "\xc2\xf7\xb4\xdc\xb5\xc8"},                                              /* euc-kr */
	    {"차단된", "KR", "\xc0\x61\x94\x65\x96\x45"},                                              /* johab */
	    {"遮断", "JP", "\x8e\xd5\x92\x66"},                                                        /* shift_jis */
	    {"遮断", "JP", "\xbc\xd7\xc3\xc7"},                                                        /* euc-jp */
	    {"erişim engeli", "TR", "\x65\x72\x69\xfe\x69\x6d\x20\x65\x6e\x67\x65\x6c\x69"},           /* cp1254 */
	    {"الموقع محجوب", "SA", "\xc7\xe1\xe3\xe6\xde\xda\x20\xe3\xcd\xcc\xe6\xc8"},                /* cp1256 */
	    {"الموقع محجوب", "SA", "\xc7\xe4\xe5\xe8\xe2\xd9\x20\xe5\xcd\xcc\xe8\xc8"},                /* iso8859-6 */
	    {"حجب", "EG", "\xcd\xcc\xc8"},                                                             /* cp1256 */
	    {"ถูกระงับ", "TH", "\xb6\xd9\xa1\xc3\xd0\xa7\xd1\xba"},                                      /* cp874 */
	    {"Απαγορεύεται", "GR", "\xc1\xf0\xe1\xe3\xef\xf1\xe5\xfd\xe5\xf4\xe1\xe9"},                /* iso8859-7 */
	    {"הגישה", "IL", "\xe4\xe2\xe9\xf9\xe4"},                                                   /* cp1255 */
	    {"página", "CO", "\x70\xe1\x67\x69\x6e\x61"},                                              /* cp1252 */
	    {"zakázáno žádost", "CZ", "\x7a\x61\x6b\xe1\x7a\xe1\x6e\x6f\x20\x9e\xe1\x64\x6f\x73\x74"}, /* cp1250 */
	    {"zakázáno žádost", "CZ", "\x7a\x61\x6b\xe1\x7a\xe1\x6e\x6f\x20\xbe\xe1\x64\x6f\x73\x74"}, /* iso8859-2 */
	    {"užblokuota", "LT", "\x75\xfe\x62\x6c\x6f\x6b\x75\x6f\x74\x61"},                          /* cp1257 */
	    {"қолжетімсіз", "KZ", "\x9d\xee\xeb\xe6\xe5\xf2\xb3\xec\xf1\xb3\xe7"},                     /* kz1048 */
	    {"маҳдуд", "TJ", "\xcd\xc1\x8a\xc4\xd5\xc4"},                                              /* koi8-t */
	    {"فیلتر", "IR", "\xdd\xed\xe1\xca\xd1"}, /* cp1256, with a neighbour's letter */
	    {"acces restricționat", "RO",
	     "\x61\x63\x63\x65\x73\x20\x72\x65\x73\x74\x72\x69\x63\xfe\x69\x6f\x6e\x61\x74"}, /* iso8859-2, with a neighbour's letter */
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
	assert_int_equal(variants_of("запрет", "RU", out, &arena), 4);
	assert_int_equal(variants_of("запрет", "RU;BY;KZ", out, &arena), 4);
	assert_int_equal(variants_of("запрет", "CN;RU", out, &arena), 5);
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

/* The whole way: a row in UTF-8 fires on a page in every charset of its country, cut in the middle of its letters. */
static void pages_in_the_charsets_of_a_country(void **unused)
{
	(void)unused;
	static const struct {
		const char *rows, *charsets[6];
	} cases[] = {
	    {"a,http,body,contains,доступ ограничен,plain,,national,RU,,8,hit" SIGNATURE_SOURCE,
	     {"UTF-8", "WINDOWS-1251", "KOI8-R", "CP866", "ISO-8859-5"}},
	    {"a,http,body,contains,网站被拦截,plain,,national,CN,,8,hit" SIGNATURE_SOURCE, {"UTF-8", "GBK", "GB18030"}},
	    {"a,http,body,contains,網站被封鎖,plain,,national,TW,,8,hit" SIGNATURE_SOURCE, {"UTF-8", "BIG5"}},
	    {"a,http,body,contains,الموقع محجوب,plain,,national,AE,,8,hit" SIGNATURE_SOURCE,
	     {"UTF-8", "WINDOWS-1256", "ISO-8859-6"}},
	    {"a,http,body,contains,불법 사이트 차단,plain,,national,KR,,8,hit" SIGNATURE_SOURCE,
	     {"UTF-8", "EUC-KR", "CP949"}},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sigdb *db = signature_set(cases[i].rows);
		const struct signature *s = sigdb_at(db, 0);
		for (size_t k = 0; k < 6 && cases[i].charsets[k]; k++) {
			char page[256], *from = (char *)(uintptr_t)s->pattern.ptr, *to = page;
			size_t in = s->pattern.len, room = sizeof(page);
			iconv_t handle = iconv_open(cases[i].charsets[k], "UTF-8");
			assert_true(handle != (iconv_t)-1);
			assert_int_equal(iconv(handle, &from, &in, &to, &room), 0);
			iconv_close(handle);
			struct sig_hits hits = {0};
			struct sigscan *sc = malloc(sigscan_size());
			sigscan_start(sc);
			for (struct span rest = span_of(page, sizeof(page) - room); rest.len;
			     rest = span_after(rest, 1))
				sigscan_body(db, sc, span_first(rest, 1), &hits);
			sigscan_finish(db, sc, &hits);
			free(sc);
			if (hits.count != 1)
				fail_msg("%s is not found in %s", cases[i].rows, cases[i].charsets[k]);
		}
		sigdb_free(db);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_charsets_of_a_country),
	    cmocka_unit_test(nothing_to_convert),
	    cmocka_unit_test(several_countries_share),
	    cmocka_unit_test(every_country),
	    cmocka_unit_test(pages_in_the_charsets_of_a_country),
	};
	return cmocka_run_group_tests_name("charset", tests, NULL, NULL);
}
