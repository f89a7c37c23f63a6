/* See pattern.h. */
#include "signatures/pattern.h"

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* One escape at the start of s, which begins with a backslash; how long it is, or 0. */
static size_t escape_read(struct span s, uint8_t *byte)
{
	if (s.len >= 2 && s.ptr[1] == '\\') {
		*byte = '\\';
		return 2;
	}
	if (s.len < 4 || s.ptr[1] != 'x')
		return 0;
	int high = hex_digit(s.ptr[2]), low = hex_digit(s.ptr[3]);
	*byte = (uint8_t)((unsigned)high << 4 | (unsigned)low);
	return high < 0 || low < 0 ? 0 : 4;
}

bool pattern_unescape(struct arena *arena, struct span written, struct span *out)
{
	uint8_t *bytes = arena_alloc(arena, written.len + 1);
	if (!bytes)
		return false;
	size_t len = 0;
	for (size_t i = 0; i < written.len;) {
		size_t used = 1;
		bytes[len] = written.ptr[i];
		if (written.ptr[i] == '\\')
			used = escape_read(span_after(written, i), &bytes[len]);
		if (used == 0)
			return false;
		i += used;
		len++;
	}
	*out = span_of(bytes, len);
	return true;
}

size_t utf8_sequence(struct span s)
{
	uint8_t first = s.len ? s.ptr[0] : 0xff;
	if (first < 0x80)
		return 1;
	size_t n = first >= 0xf0 && first <= 0xf4 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
	if (first > 0xf4 || n == 0 || s.len < n)
		return 0;
	uint32_t code = first & (0xffU >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((s.ptr[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s.ptr[i] & 0x3f);
	}
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	return code < least[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? 0 : n;
}

size_t pattern_plain(struct span s)
{
	size_t n = utf8_sequence(s);
	uint8_t c = n ? s.ptr[0] : 0;
	bool control = c < 0x20 || c == 0x7f || (n == 2 && c == 0xc2 && s.ptr[1] < 0xa0);
	bool lost = n == 3 && memcmp(s.ptr, "\xef\xbf\xbd", 3) == 0;
	return control || lost ? 0 : n;
}

bool pattern_escape(struct arena *arena, struct span bytes, const char *also, struct span *written)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t *out = arena_alloc(arena, 4 * bytes.len + 1);
	size_t len = 0;
	if (!out)
		return false;
	for (size_t i = 0; i < bytes.len;) {
		uint8_t c = bytes.ptr[i];
		size_t n = pattern_plain(span_after(bytes, i));
		bool edge = c == ' ' && (i == 0 || i == bytes.len - 1);
		if (c == '\\') {
			out[len++] = '\\';
			out[len++] = '\\';
		} else if (n == 0 || edge || (c && strchr(also, c))) {
			out[len++] = '\\';
			out[len++] = 'x';
			out[len++] = (uint8_t)digits[c >> 4];
			out[len++] = (uint8_t)digits[c & 15];
			n = 1;
		} else {
			memcpy(out + len, bytes.ptr + i, n);
			len += n;
		}
		i += n;
	}
	*written = span_of(out, len);
	return true;
}

bool pattern_write(struct arena *arena, struct span bytes, struct span *written, bool *esc)
{
	*esc = bytes.len && (bytes.ptr[0] == ' ' || bytes.ptr[bytes.len - 1] == ' ');
	for (size_t i = 0, n; i < bytes.len && !*esc; i += n) {
		n = pattern_plain(span_after(bytes, i));
		*esc = n == 0;
	}
	*written = bytes;
	return !*esc || pattern_escape(arena, bytes, "", written);
}
