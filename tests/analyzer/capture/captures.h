/*
 * Capture files built byte by byte, and what the readers make of them: shared by the tests of this folder. Everything
 * here is for tests only: it aborts the test when memory runs out.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#include "analyzer/capture/memory.h"

/* A file under construction; numbers are written in its byte order. */
struct image {
	uint8_t *bytes;
	size_t len, room;
	bool big_endian;
};

static inline void image_free(struct image *m)
{
	free(m->bytes);
	*m = (struct image){0};
}

static inline struct span image_span(const struct image *m)
{
	return span_of(m->bytes, m->len);
}

static inline void image_add(struct image *m, const void *bytes, size_t len)
{
	if (m->len + len > m->room) {
		m->room = (m->len + len) * 2 + 64;
		m->bytes = realloc(m->bytes, m->room);
		assert_non_null(m->bytes);
	}
	if (len > 0)
		memcpy(&m->bytes[m->len], bytes, len);
	m->len += len;
}

static inline void image_number(struct image *m, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		size_t shift = 8 * (m->big_endian ? size - 1 - i : i);
		image_add(m, &(uint8_t){(uint8_t)(value >> shift)}, 1);
	}
}

static inline void image_u16(struct image *m, uint16_t value)
{
	image_number(m, value, 2);
}

static inline void image_u32(struct image *m, uint32_t value)
{
	image_number(m, value, 4);
}

static inline void image_u64(struct image *m, uint64_t value)
{
	image_number(m, value, 8);
}

/* n bytes that differ from place to place. */
static inline void image_payload(struct image *m, size_t n, uint8_t seed)
{
	for (size_t i = 0; i < n; i++)
		image_add(m, &(uint8_t){(uint8_t)(seed + i * 7)}, 1);
}

static inline void image_zeros(struct image *m, size_t n)
{
	for (size_t i = 0; i < n; i++)
		image_add(m, "", 1);
}

enum { MAGIC_MICRO = (int)0xa1b2c3d4, MAGIC_NANO = (int)0xa1b23c4d, MAGIC_MODIFIED = (int)0xa1b2cd34 };

/* A time that packets of these tests may have: 2020-09-13. */
enum { TEST_SECONDS = 1600000000 };

static inline void image_pcap(struct image *m, uint32_t magic, uint32_t snaplen, uint32_t link)
{
	image_u32(m, magic);
	image_u16(m, 2);
	image_u16(m, 4);
	image_u64(m, 0);
	image_u32(m, snaplen);
	image_u32(m, link);
}

static inline void image_record(struct image *m, uint32_t seconds, uint32_t fraction, uint32_t captured, uint32_t wire,
                                uint8_t seed)
{
	image_u32(m, seconds);
	image_u32(m, fraction);
	image_u32(m, captured);
	image_u32(m, wire);
	image_payload(m, captured, seed);
}

/* n ordinary records of 60 bytes and more, a second apart. */
static inline void image_records(struct image *m, size_t n)
{
	for (uint32_t i = 0; i < n; i++)
		image_record(m, TEST_SECONDS + i, 1000 * i, 60 + i % 5, 60 + i % 5 + 100 * (i % 2), (uint8_t)i);
}

/* Starts a pcapng block; returns where, for block_end. */
static inline size_t block_begin(struct image *m, uint32_t type)
{
	size_t start = m->len;
	image_u32(m, type);
	image_u32(m, 0);
	return start;
}

static inline void image_set_u32(struct image *m, size_t at, uint32_t value)
{
	struct image number = {.big_endian = m->big_endian};
	image_u32(&number, value);
	memcpy(&m->bytes[at], number.bytes, number.len);
	image_free(&number);
}

static inline void block_end(struct image *m, size_t start)
{
	image_zeros(m, (4 - (m->len - start) % 4) % 4);
	uint32_t len = (uint32_t)(m->len - start + 4);
	image_u32(m, len);
	image_set_u32(m, start + 4, len);
}

static inline void image_section(struct image *m)
{
	size_t b = block_begin(m, 0x0a0d0d0a);
	image_u32(m, 0x1a2b3c4d);
	image_u16(m, 1);
	image_u16(m, 0);
	image_u64(m, UINT64_MAX);
	block_end(m, b);
}

static inline void image_option(struct image *m, uint16_t code, const void *value, uint16_t len)
{
	image_u16(m, code);
	image_u16(m, len);
	image_add(m, value, len);
	image_zeros(m, (4U - len % 4U) % 4U);
}

static inline void image_option_number(struct image *m, uint16_t code, uint64_t value, uint16_t size)
{
	image_u16(m, code);
	image_u16(m, size);
	image_number(m, value, size);
	image_zeros(m, (4U - size % 4U) % 4U);
}

static inline size_t interface_begin(struct image *m, uint16_t link, uint32_t snaplen)
{
	size_t b = block_begin(m, 1);
	image_u16(m, link);
	image_u16(m, 0);
	image_u32(m, snaplen);
	return b;
}

static inline void image_interface(struct image *m, uint16_t link, uint32_t snaplen)
{
	block_end(m, interface_begin(m, link, snaplen));
}

/* An enhanced packet block up to its options. */
static inline size_t packet_begin(struct image *m, uint32_t interface, uint64_t stamp, uint32_t captured, uint32_t wire,
                                  uint8_t seed)
{
	size_t b = block_begin(m, 6);
	image_u32(m, interface);
	image_u32(m, (uint32_t)(stamp >> 32));
	image_u32(m, (uint32_t)stamp);
	image_u32(m, captured);
	image_u32(m, wire);
	image_payload(m, captured, seed);
	image_zeros(m, (4 - captured % 4) % 4);
	return b;
}

static inline void image_packet(struct image *m, uint32_t interface, uint64_t stamp, uint32_t captured, uint32_t wire,
                                uint8_t seed)
{
	block_end(m, packet_begin(m, interface, stamp, captured, wire, seed));
}

/* An ERF record with a payload of n bytes after what the type asks for. */
static inline void image_erf(struct image *m, uint8_t type, uint8_t flags, uint32_t seconds, uint16_t size,
                             uint16_t lost, uint16_t wire)
{
	struct image le = {0};
	image_u32(&le, 0x80000000);
	image_u32(&le, seconds);
	image_add(m, le.bytes, le.len);
	image_free(&le);
	bool order = m->big_endian;
	m->big_endian = true;
	image_number(m, type, 1);
	image_number(m, flags, 1);
	image_u16(m, size);
	image_u16(m, lost);
	image_u16(m, wire);
	m->big_endian = order;
}

/* Appends one gzip member or zstd frame that holds the bytes. */
static inline void image_gzip(struct image *m, struct span plain)
{
	z_stream z = {0};
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	size_t room = deflateBound(&z, plain.len) + 64;
	uint8_t *out = malloc(room);
	assert_non_null(out);
	uint8_t *in = malloc(plain.len + 1);
	assert_non_null(in);
	if (plain.len > 0)
		memcpy(in, plain.ptr, plain.len);
	z.next_in = in;
	z.avail_in = (uInt)plain.len;
	z.next_out = out;
	z.avail_out = (uInt)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	image_add(m, out, room - z.avail_out);
	deflateEnd(&z);
	free(in);
	free(out);
}

static inline void image_zstd(struct image *m, struct span plain)
{
	size_t room = ZSTD_compressBound(plain.len);
	uint8_t *out = malloc(room);
	assert_non_null(out);
	ZSTD_CCtx *z = ZSTD_createCCtx();
	assert_non_null(z);
	ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
	size_t len = ZSTD_compress2(z, out, room, plain.ptr, plain.len);
	assert_false(ZSTD_isError(len));
	image_add(m, out, len);
	ZSTD_freeCCtx(z);
	free(out);
}

/* All that a capture gave. The bytes of the frames are copies. */
struct reading {
	struct frame *frames;
	size_t count;
	struct capture_facts facts;
};

static inline struct reading reading_take(struct capture *c)
{
	struct reading r = {0};
	struct frame f;
	struct err e;
	int got;
	while ((got = capture_next(c, &f, &e)) > 0) {
		r.frames = realloc(r.frames, (r.count + 1) * sizeof *r.frames);
		uint8_t *copy = malloc(f.bytes.len + 1);
		assert_non_null(r.frames);
		assert_non_null(copy);
		assert_true(f.wire_len >= f.bytes.len);
		assert_int_equal(f.number, r.count + 1);
		if (f.bytes.len > 0)
			memcpy(copy, f.bytes.ptr, f.bytes.len);
		f.bytes = span_of(copy, f.bytes.len);
		r.frames[r.count++] = f;
	}
	assert_int_equal(got, 0);
	assert_int_equal(capture_next(c, &f, &e), 0);
	r.facts = *capture_facts(c);
	assert_int_equal(r.facts.frames, r.count);
	assert_int_equal(r.facts.status == CAPTURE_OK, r.facts.error[0] == '\0');
	capture_close(c);
	return r;
}

static const struct capture_limits limits_usual = {.max_inflated = CAPTURE_MAX_INFLATED_DEFAULT, .hash = true};

static inline struct reading reading_of(struct span file)
{
	struct capture *c;
	struct err e;
	assert_int_equal(capture_open_memory(&c, file, &limits_usual, &e), 0);
	return reading_take(c);
}

static inline struct reading reading_image(const struct image *m)
{
	return reading_of(image_span(m));
}

static inline void reading_free(struct reading *r)
{
	union {
		const uint8_t *borrowed;
		void *owned;
	} bytes;
	for (size_t i = 0; i < r->count; i++) {
		bytes.borrowed = r->frames[i].bytes.ptr;
		free(bytes.owned);
	}
	free(r->frames);
	*r = (struct reading){0};
}

static inline void assert_frames_equal(const struct frame *a, const struct frame *b)
{
	assert_int_equal(a->ts_ns, b->ts_ns);
	assert_int_equal(a->wire_len, b->wire_len);
	assert_int_equal(a->interface, b->interface);
	assert_int_equal(a->linktype, b->linktype);
	assert_int_equal(a->fcs_len, b->fcs_len);
	assert_int_equal(a->way, b->way);
	assert_true(span_equal(a->bytes, b->bytes));
}

/* The frames of `part` are the first ones of `whole`. */
static inline void assert_reading_starts(const struct reading *whole, const struct reading *part)
{
	assert_true(part->count <= whole->count);
	for (size_t i = 0; i < part->count; i++)
		assert_frames_equal(&whole->frames[i], &part->frames[i]);
}

static inline void assert_readings_equal(const struct reading *a, const struct reading *b)
{
	assert_int_equal(a->count, b->count);
	assert_reading_starts(a, b);
}

/* The property of every format: cut anywhere, a file gives the first frames, and says that it is cut unless the cut is
 * between two records (`clean` counts those; a caller who knows how many compares). */
static inline size_t assert_cuts_consistent(const struct image *m)
{
	struct reading whole = reading_image(m);
	assert_int_equal(whole.facts.status, CAPTURE_OK);
	size_t clean = 0, last = 0;
	for (size_t n = 0; n < m->len; n++) {
		struct reading part = reading_of(span_of(m->bytes, n));
		assert_reading_starts(&whole, &part);
		assert_true(part.count >= last);
		last = part.count;
		clean += part.facts.status == CAPTURE_OK;
		assert_true(part.facts.status != CAPTURE_DAMAGED && part.facts.status != CAPTURE_LIMITED);
		assert_int_equal(part.facts.lost_bytes, 0);
		assert_int_equal(part.facts.file_bytes, n);
		reading_free(&part);
	}
	reading_free(&whole);
	return clean;
}
