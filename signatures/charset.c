/* See charset.h. Which charsets a country uses is taken from the WHATWG encoding standard's locale defaults and from
 * the charsets registered for its scripts. */
#include "signatures/charset.h"

#include <iconv.h>
#include <stdlib.h>

enum { OF_COUNTRY = 6 };

struct charsets {
	const char *countries;           /* two letters and a blank each */
	const char *charset[OF_COUNTRY]; /* NULL at the end */
};

/* GB18030, BIG5-HKSCS, CP949 and CP932 hold GBK and GB2312, BIG5, EUC-KR and Shift_JIS in the same bytes. */
static const struct charsets by_country[] = {
    {"RU BY KG TM UZ AM MD GE AZ ", {"WINDOWS-1251", "KOI8-R", "CP866", "ISO-8859-5"}},
    {"KZ ", {"WINDOWS-1251", "KOI8-R", "CP866", "ISO-8859-5", "RK1048", "PT154"}},
    {"TJ ", {"WINDOWS-1251", "KOI8-R", "CP866", "ISO-8859-5", "KOI8-T"}},
    {"UA ", {"WINDOWS-1251", "KOI8-U", "CP1125", "CP866", "ISO-8859-5"}},
    {"BG RS MK MN BA ME ", {"WINDOWS-1251", "ISO-8859-5", "KOI8-R"}},
    {"CN SG MY ", {"GB18030"}},
    {"TW HK MO ", {"BIG5", "BIG5-HKSCS", "EUC-TW", "GB18030"}},
    {"KR KP ", {"CP949", "JOHAB"}},
    {"JP ", {"CP932", "EUC-JP"}},
    {"TR AZ CY ", {"WINDOWS-1254", "ISO-8859-9"}},
    {"SA AE KW QA BH OM YE IQ SY JO LB PS EG LY TN DZ MA SD MR SO DJ IR PK AF ", {"WINDOWS-1256", "ISO-8859-6"}},
    {"IL ", {"WINDOWS-1255", "ISO-8859-8"}},
    {"TH ", {"WINDOWS-874", "TIS-620", "ISO-8859-11"}},
    {"GR CY ", {"ISO-8859-7", "WINDOWS-1253"}},
    {"VN ", {"WINDOWS-1258", "TCVN5712-1"}},
    {"PL CZ SK HU RO SI HR BA RS AL ME ", {"WINDOWS-1250", "ISO-8859-2"}},
    {"RO ", {"ISO-8859-16"}},
    {"EE LV LT ", {"WINDOWS-1257", "ISO-8859-13"}},
    {"FR DE AT CH BE LU NL GB IE ES PT IT DK NO SE FI IS BR AR CL CO MX PE VE EC BO UY PY CR PA CU DO GT HN NI SV US "
     "CA "
     "AU NZ ID MY PH SN CI ",
     {"WINDOWS-1252", "ISO-8859-15"}},
};

/*
 * Letters that a country writes with a neighbour where its charset lacks them: Persian yeh as Arabic yeh in windows-1256, Romanian
 * letters with a comma as those with a cedilla. UTF-8, all of the same length.
 */
static const struct {
	const char *written, *instead;
} neighbours[] = {
    {"\xdb\x8c", "\xd9\x8a"},                           /* U+06CC, U+064A */
    {"\xc8\x99", "\xc5\x9f"}, {"\xc8\x9b", "\xc5\xa3"}, /* U+0219, U+021B */
    {"\xc8\x98", "\xc5\x9e"}, {"\xc8\x9a", "\xc5\xa2"}, /* U+0218, U+021A */
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

/* Letters that have a neighbour are replaced by it. True when there were any. */
static bool use_neighbours(char *text, size_t len)
{
	bool any = false;
	for (size_t i = 0; i + 1 < len; i++) {
		for (size_t k = 0; k < sizeof(neighbours) / sizeof(neighbours[0]); k++) {
			if (memcmp(text + i, neighbours[k].written, 2) != 0)
				continue;
			memcpy(text + i, neighbours[k].instead, 2);
			any = true;
		}
	}
	return any;
}

/* Bytes written to `to`, or 0 when the charset cannot express the text. */
static size_t convert_text(iconv_t handle, char *from, size_t len, char *to, size_t room)
{
	size_t left = room;
	(void)iconv(handle, NULL, NULL, NULL, NULL);
	bool whole = iconv(handle, &from, &len, &to, &left) == 0 && len == 0;
	return whole ? room - left : 0;
}

/* The text in one charset: an empty span when it cannot be expressed. */
static int convert(struct charset_cache *cache, struct arena *arena, struct span utf8, const char *charset,
                   struct span *out, struct err *e)
{
	*out = span_of(NULL, 0);
	iconv_t handle = converter(cache, charset);
	if (!handle)
		return err_set(e, ERR_IO, "the system's iconv does not know the charset %s", charset);
	size_t room = utf8.len * 4 + 16, len = 0;
	char *in = malloc(utf8.len), *bytes = malloc(room);
	bool memory = in && bytes;
	if (memory) {
		memcpy(in, utf8.ptr, utf8.len);
		len = convert_text(handle, in, utf8.len, bytes, room);
		if (len == 0 && use_neighbours(in, utf8.len))
			len = convert_text(handle, in, utf8.len, bytes, room);
		*out = len ? arena_copy(arena, span_of(bytes, len)) : span_of(NULL, 0);
	}
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
			for (size_t k = 0; country_listed(set->countries, c) && k < OF_COUNTRY && set->charset[k];
			     k++) {
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
