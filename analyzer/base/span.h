/* A borrowed run of bytes. The only currency for wire bytes outside base/cursor.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Never freed through this; valid as long as its owner says. ptr may be NULL only when len is 0. */
struct span {
	const uint8_t *ptr;
	size_t len;
};

static inline struct span span_of(const void *ptr, size_t len)
{
	return (struct span){.ptr = ptr, .len = len};
}

/* The bytes of a C string, without its NUL. The string must outlive the span. */
static inline struct span span_text(const char *text)
{
	return span_of(text, strlen(text));
}

/* The first n bytes, or all of them when there are fewer. */
static inline struct span span_first(struct span s, size_t n)
{
	return span_of(s.ptr, n < s.len ? n : s.len);
}

/* What follows the first n bytes; empty when there are no more than n. */
static inline struct span span_after(struct span s, size_t n)
{
	return n < s.len ? span_of(s.ptr + n, s.len - n) : span_of(NULL, 0);
}

static inline bool span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool span_starts(struct span s, struct span prefix)
{
	return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

/* ASCII letters are compared without regard to case; all other bytes exactly. */
bool span_equal_nocase(struct span a, struct span b);

/* Offset of the first occurrence of needle, or SIZE_MAX. An empty needle is found at 0. */
size_t span_find(struct span hay, struct span needle);

/* Without blanks and tabs at both ends. */
struct span span_trim(struct span s);

/* A decimal number that fills the whole span, without a sign. False when it is empty, has another byte, or overflows. */
bool span_decimal(struct span s, uint64_t *out);
