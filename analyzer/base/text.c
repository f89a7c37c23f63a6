/* Escaping and number formatting that do not depend on the locale. */
#include "analyzer/base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct text text_over(char *buffer, size_t size)
{
	buffer[0] = '\0';
	return (struct text){.ptr = buffer, .size = size};
}

void text_add(struct text *t, struct span s)
{
	size_t room = t->size - 1 - t->len;
	if (s.len > room)
		t->cut = true;
	s = span_first(s, room);
	if (s.len)
		memcpy(t->ptr + t->len, s.ptr, s.len);
	t->len += s.len;
	t->ptr[t->len] = '\0';
}

void text_printf(struct text *t, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	size_t room = t->size - t->len;
	int wrote = vsnprintf(t->ptr + t->len, room, fmt, args);
	va_end(args);
	if (wrote < 0)
		return;
	if ((size_t)wrote >= room) {
		t->cut = true;
		t->len = t->size - 1;
		return;
	}
	t->len += (size_t)wrote;
}

/* Length of the valid UTF-8 sequence above ASCII at the start of s, or 0. Control characters U+0080..U+009F, invisible and
 * direction marks, surrogates and overlong forms are not valid here. */
static size_t utf8_letter(struct span s)
{
	uint8_t first = s.ptr[0];
	size_t n = first >= 0xf0 && first <= 0xf4 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
	if (first > 0xf4 || n == 0 || s.len < n)
		return 0;
	uint32_t code = first & (0xffU >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((s.ptr[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s.ptr[i] & 0x3f);
	}
	static const uint32_t least[] = {0, 0, 0xa0, 0x800, 0x10000};
	bool direction_mark = (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	                      (code >= 0x2060 && code <= 0x206f) || code == 0x061c || code == 0xfeff;
	if (code < least[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) || direction_mark)
		return 0;
	return n;
}

static bool needs_escape(uint8_t c, bool first, enum text_place place)
{
	if (c < 0x20 || c > 0x7e)
		return true;
	if (place == TEXT_LIST && (c == ';' || c == '='))
		return true;
	return first && (c == '=' || c == '+' || c == '-' || c == '@');
}

void text_escape(struct text *t, struct span s, enum text_place place)
{
	bool bounded = place != TEXT_FILE_NAME && s.len > TEXT_OUTSIDE_MAX;
	if (bounded)
		s = span_first(s, TEXT_OUTSIDE_MAX);
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.ptr[i];
		size_t letter = place == TEXT_FILE_NAME && c >= 0x80 ? utf8_letter(span_after(s, i)) : 0;
		if (letter) {
			text_add(t, span_of(s.ptr + i, letter));
			i += letter - 1;
		} else if (c == '\\') {
			text_add(t, span_text("\\\\"));
		} else if (needs_escape(c, i == 0 && t->len == 0, place)) {
			text_printf(t, "\\x%02x", c);
		} else {
			text_add(t, span_of(&c, 1));
		}
	}
	if (bounded)
		text_add(t, span_text("..."));
}

void text_hex(struct text *t, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		text_printf(t, "%02x", s.ptr[i]);
}

/* Civil date from days since 1970-01-01 (H. Hinnant, "chrono-compatible low-level date algorithms"). */
static void civil(int64_t days, int64_t *year, int *month, int *day)
{
	int64_t z = days + 719468;
	int64_t era = z / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = yoe + era * 400 + (*month <= 2);
}

void text_time(struct text *t, int64_t ns)
{
	if (ns < 0)
		return;
	int64_t seconds = ns / 1000000000, year;
	int64_t of_day = seconds % 86400;
	int month, day;
	civil(seconds / 86400, &year, &month, &day);
	text_printf(t, "%04" PRId64 "-%02d-%02dT%02d:%02d:%02d.%09dZ", year, month, day, (int)(of_day / 3600),
	            (int)(of_day / 60 % 60), (int)(of_day % 60), (int)(ns % 1000000000));
}
