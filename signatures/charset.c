/* See charset.h. Which charsets a country uses is taken from the WHATWG encoding standard's locale defaults and from
 * the charsets registered for its scripts. */
#include "signatures/charset.h"

#include <iconv.h>
#include <stdlib.h>

struct charsets {
	const char *countries;  /* two letters and a blank each */
	const char *charset[4]; /* NULL at the end */
};

static const struct charsets by_country[] = {
    {"RU BY KZ KG TJ TM UZ AM MD ", {"WINDOWS-1251", "KOI8-R"}},
    {"UA ", {"WINDOWS-1251", "KOI8-U"}},
    {"BG RS MK MN BA ", {"WINDOWS-1251"}},
    {"CN ", {"GB18030"}},
    {"TW HK MO ", {"BIG5", "BIG5-HKSCS"}},
    {"KR ", {"CP949"}},
    {"JP ", {"SHIFT_JIS", "EUC-JP"}},
    {"TR AZ CY ", {"WINDOWS-1254"}},
    {"SA AE KW QA BH OM YE IQ SY JO LB PS EG LY TN DZ MA SD MR IR PK AF ", {"WINDOWS-1256", "ISO-8859-6"}},
    {"IL ", {"WINDOWS-1255", "ISO-8859-8"}},
    {"TH ", {"CP874"}},
    {"GR CY ", {"ISO-8859-7", "WINDOWS-1253"}},
    {"VN ", {"WINDOWS-1258"}},
    {"PL CZ SK HU RO SI HR BA RS AL ", {"WINDOWS-1250", "ISO-8859-2"}},
    {"EE LV LT ", {"WINDOWS-1257", "ISO-8859-13"}},
    {"FR DE AT CH BE LU NL GB IE ES PT IT DK NO SE FI IS BR AR CL CO MX PE VE EC BO UY PY CR PA CU DO GT HN NI SV US "
     "CA "
     "AU NZ ID MY PH SN CI ",
     {"WINDOWS-1252"}},
};

static bool country_listed(const char *list, const char *country)
{
	for (; *list; list += 3)
		if (list[0] == country[0] && list[1] == country[1])
			return true;
	return false;
}

static bool is_ascii(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] >= 0x80)
			return false;
	return true;
}

void charset_cache_close(struct charset_cache *cache)
{
	for (size_t i = 0; i < cache->count; i++)
		iconv_close(cache->handle[i]);
	cache->count = 0;
}

/* The converter from UTF-8, or NULL. The lists name fewer charsets than the cache holds. */
static iconv_t converter(struct charset_cache *cache, const char *charset)
{
	for (size_t i = 0; i < cache->count; i++)
		if (strcmp(cache->name[i], charset) == 0)
			return cache->handle[i];
	iconv_t handle = cache->count < CHARSETS_MAX ? iconv_open(charset, "UTF-8") : (iconv_t)-1;
	if (handle == (iconv_t)-1)
		return NULL;
	cache->name[cache->count] = charset;
	cache->handle[cache->count++] = handle;
	return handle;
}

/* The text in one charset: an empty span when it cannot be expressed. */
static int convert(struct charset_cache *cache, struct arena *arena, struct span utf8, const char *charset,
                   struct span *out, struct err *e)
{
	*out = span_of(NULL, 0);
	iconv_t handle = converter(cache, charset);
	if (!handle)
		return err_set(e, ERR_IO, "the system's iconv does not know the charset %s", charset);
	size_t room = utf8.len * 4 + 16, left_in = utf8.len, left_out = room;
	char *in = malloc(utf8.len), *bytes = malloc(room), *to = bytes, *from = in;
	if (in && bytes)
		memcpy(in, utf8.ptr, utf8.len);
	bool memory = in && bytes;
	(void)iconv(handle, NULL, NULL, NULL, NULL);
	bool whole = memory && iconv(handle, &from, &left_in, &to, &left_out) == 0 && left_in == 0;
	if (whole)
		*out = arena_copy(arena, span_of(bytes, room - left_out));
	free(in);
	free(bytes);
	return memory ? 0 : err_set(e, ERR_NOMEM, "no memory for the signatures");
}

static bool is_new(struct span s, struct span utf8, const struct span *variants, int n)
{
	bool same = s.len == 0 || span_equal(s, utf8);
	for (int i = 0; i < n && !same; i++)
		same = span_equal(s, variants[i]);
	return !same;
}

int charset_variants(struct charset_cache *cache, struct arena *arena, struct span utf8, const char *countries,
                     struct span variants[CHARSET_VARIANTS_MAX], struct err *e)
{
	int n = 0;
	if (is_ascii(utf8))
		return 0;
	for (const char *c = countries; c[0] && c[1]; c += c[2] ? 3 : 2) {
		for (size_t i = 0; i < sizeof(by_country) / sizeof(by_country[0]); i++) {
			const struct charsets *set = &by_country[i];
			for (size_t k = 0; country_listed(set->countries, c) && k < 4 && set->charset[k]; k++) {
				int code = convert(cache, arena, utf8, set->charset[k], &variants[n], e);
				if (code < 0)
					return code;
				n += is_new(variants[n], utf8, variants, n) ? 1 : 0;
				if (n == CHARSET_VARIANTS_MAX)
					return n;
			}
		}
	}
	return n;
}
