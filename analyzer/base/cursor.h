/*
 * The only place where wire bytes are read. A cursor walks a span; a short read returns 0 (or an empty span), sets
 * `failed` for good and moves to the end, so a parser may read a whole fixed part and test `failed` once. Nothing may be
 * emitted, indexed or allocated from a value before that test. Length-prefixed parts are read through cursor_child,
 * which cannot leave its bytes.
 */
#pragma once

#include "analyzer/base/span.h"

struct cursor {
	const uint8_t *base, *pos, *end;
	bool failed;
};

static inline struct cursor cursor_over(struct span s)
{
	return (struct cursor){.base = s.ptr, .pos = s.ptr, .end = s.len ? s.ptr + s.len : s.ptr};
}

static inline size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->pos);
}

/* Bytes read so far: the offset of the next byte from the start of the span. */
static inline size_t cursor_offset(const struct cursor *c)
{
	return (size_t)(c->pos - c->base);
}

/* The next n bytes, or an empty span and `failed`. */
static inline struct span cursor_take(struct cursor *c, size_t n)
{
	if (n > cursor_left(c)) {
		c->failed = true;
		c->pos = c->end;
		return span_of(NULL, 0);
	}
	struct span s = span_of(c->pos, n);
	c->pos = n ? c->pos + n : c->pos;
	return s;
}

/* All that is left. Never fails. */
static inline struct span cursor_rest(struct cursor *c)
{
	return cursor_take(c, cursor_left(c));
}

static inline void cursor_skip(struct cursor *c, size_t n)
{
	(void)cursor_take(c, n);
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	struct span s = cursor_take(c, 1);
	return s.len ? s.ptr[0] : 0;
}

static inline uint16_t cursor_be16(struct cursor *c)
{
	struct span s = cursor_take(c, 2);
	return s.len ? (uint16_t)((unsigned)s.ptr[0] << 8 | s.ptr[1]) : 0;
}

static inline uint16_t cursor_le16(struct cursor *c)
{
	struct span s = cursor_take(c, 2);
	return s.len ? (uint16_t)((unsigned)s.ptr[1] << 8 | s.ptr[0]) : 0;
}

static inline uint32_t cursor_be24(struct cursor *c)
{
	struct span s = cursor_take(c, 3);
	return s.len ? (uint32_t)s.ptr[0] << 16 | (uint32_t)s.ptr[1] << 8 | s.ptr[2] : 0;
}

static inline uint32_t cursor_be32(struct cursor *c)
{
	struct span s = cursor_take(c, 4);
	return s.len ? (uint32_t)s.ptr[0] << 24 | (uint32_t)s.ptr[1] << 16 | (uint32_t)s.ptr[2] << 8 | s.ptr[3] : 0;
}

static inline uint32_t cursor_le32(struct cursor *c)
{
	struct span s = cursor_take(c, 4);
	return s.len ? (uint32_t)s.ptr[3] << 24 | (uint32_t)s.ptr[2] << 16 | (uint32_t)s.ptr[1] << 8 | s.ptr[0] : 0;
}

static inline uint64_t cursor_be64(struct cursor *c)
{
	uint64_t high = cursor_be32(c);
	return high << 32 | cursor_be32(c);
}

/* A cursor over the next n bytes, which the parent skips. When they are not there both fail and the child is empty. */
static inline struct cursor cursor_child(struct cursor *c, size_t n)
{
	bool short_read = n > cursor_left(c);
	struct cursor child = cursor_over(cursor_take(c, n));
	child.failed = short_read;
	return child;
}

/* Absolute move from the start of the span, for offsets that the wire holds (DNS name pointers). False: out of range,
 * and `failed` is set. */
static inline bool cursor_seek(struct cursor *c, size_t offset)
{
	if (offset > (size_t)(c->end - c->base)) {
		c->failed = true;
		c->pos = c->end;
		return false;
	}
	c->pos = offset ? c->base + offset : c->base;
	return true;
}
