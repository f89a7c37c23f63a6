/* Comparison, search and number reading over borrowed bytes; nothing here allocates. */
#include "analyzer/base/span.h"

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool span_equal_nocase(struct span a, struct span b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.ptr[i]) != lower(b.ptr[i]))
			return false;
	return true;
}

size_t span_find(struct span hay, struct span needle)
{
	if (needle.len == 0)
		return 0;
	if (hay.len < needle.len)
		return SIZE_MAX;
	const uint8_t *at = memmem(hay.ptr, hay.len, needle.ptr, needle.len);
	return at ? (size_t)(at - hay.ptr) : SIZE_MAX;
}

struct span span_trim(struct span s)
{
	while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
		s = span_after(s, 1);
	while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

bool span_decimal(struct span s, uint64_t *out)
{
	uint64_t value = 0;
	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
		if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(s.ptr[i] - '0'), &value))
			return false;
	}
	*out = value;
	return true;
}
