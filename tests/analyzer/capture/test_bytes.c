/* The byte source: blocks, pieces, gzip and zstd with several members, cuts, damage, limits and digests. */
#include "tests/analyzer/capture/captures.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <stdio.h>

#include "analyzer/capture/bytes.h"

static struct image image_ordinary(size_t records)
{
	struct image m = {0};
	image_pcap(&m, (uint32_t)MAGIC_MICRO, 65535, LINKTYPE_ETHERNET);
	image_records(&m, records);
	return m;
}

static void assert_digest(const uint8_t digest[CAPTURE_SHA256_SIZE], struct span bytes)
{
	struct sha256_ctx hash;
	uint8_t expected[SHA256_DIGEST_SIZE];
	sha256_init(&hash);
	sha256_update(&hash, bytes.len, bytes.ptr);
	sha256_digest(&hash, sizeof expected, expected);
	assert_memory_equal(digest, expected, sizeof expected);
}

/* A source over memory that gives at most `piece` bytes a time. */
struct pieces {
	struct span left;
	size_t piece;
};

static ptrdiff_t pieces_read(void *arg, uint8_t *to, size_t size)
{
	struct pieces *p = arg;
	struct span run = span_first(p->left, p->piece < size ? p->piece : size);
	if (run.len > 0)
		memcpy(to, run.ptr, run.len);
	p->left = span_after(p->left, run.len);
	return (ptrdiff_t)run.len;
}

/* Every way of looking gives the bytes of the file, in order. */
static void looking_ahead(void **state)
{
	static const size_t pieces[] = {1, 4093, 65536, SIZE_MAX}, looks[] = {1, 16, 5000, 300000, BYTES_AHEAD_MAX};
	const struct bytes_options options = {.max_inflated = UINT64_MAX};
	(void)state;
	for (size_t p = 0; p < sizeof pieces / sizeof pieces[0]; p++) {
		struct image m = {0};
		image_payload(&m, pieces[p] == 1 ? 100000 : 5000000, 0);
		for (size_t l = 0; l < sizeof looks / sizeof looks[0]; l++) {
			struct pieces input = {.left = image_span(&m), .piece = pieces[p]};
			struct bytes b;
			struct err e;
			struct span run;
			assert_int_equal(bytes_open(&b, (struct bytes_input){.read = pieces_read, .arg = &input},
			                            &options, &e),
			                 0);
			size_t at = 0;
			bool more = true;
			while (more) {
				more = bytes_want(&b, looks[l], &run);
				assert_int_equal(bytes_offset(&b), at);
				assert_true(run.len == looks[l] || (!more && at + run.len == m.len));
				assert_memory_equal(run.ptr, &m.bytes[at], run.len);
				size_t step = run.len > 1 ? run.len - run.len / 3 : run.len;
				bytes_advance(&b, step);
				at += step;
			}
			assert_int_equal(b.end, BYTES_DONE);
			bytes_close(&b);
		}
		image_free(&m);
	}
}

static void skipping(void **state)
{
	(void)state;
	struct image m = {0};
	image_payload(&m, 4000000, 0);
	struct pieces input = {.left = image_span(&m), .piece = SIZE_MAX};
	const struct bytes_options options = {.max_inflated = UINT64_MAX};
	struct bytes b;
	struct err e;
	struct span run;
	assert_int_equal(bytes_open(&b, (struct bytes_input){.read = pieces_read, .arg = &input}, &options, &e), 0);
	assert_true(bytes_skip(&b, 3999999));
	assert_true(bytes_want(&b, 1, &run));
	assert_int_equal(run.ptr[0], m.bytes[3999999]);
	assert_true(bytes_skip(&b, 1));
	assert_true(bytes_skip(&b, 0));
	assert_false(bytes_skip(&b, UINT64_MAX));
	assert_int_equal(bytes_offset(&b), m.len);
	bytes_close(&b);
	bytes_close(&b);
	image_free(&m);
}

static void plain_digests(void **state)
{
	(void)state;
	struct image m = image_ordinary(100);
	struct reading r = reading_image(&m);
	assert_true(r.facts.hashed);
	assert_digest(r.facts.sha256, image_span(&m));
	assert_digest(r.facts.stream_sha256, image_span(&m));
	assert_int_equal(r.facts.file_bytes, m.len);
	reading_free(&r);
	image_free(&m);
}

static void no_digests_unless_asked(void **state)
{
	const struct capture_limits limits = {.max_inflated = CAPTURE_MAX_INFLATED_DEFAULT};
	(void)state;
	struct image m = image_ordinary(3);
	struct capture *c;
	struct err e;
	assert_int_equal(capture_open_memory(&c, image_span(&m), &limits, &e), 0);
	struct reading r = reading_take(c);
	assert_false(r.facts.hashed);
	assert_int_equal(r.facts.file_bytes, m.len);
	reading_free(&r);
	image_free(&m);
}

typedef void packer(struct image *m, struct span plain);

static void packed_is_the_same(packer *pack, const char *name)
{
	struct image m = image_ordinary(300), packed = {0};
	size_t half = m.len / 2 + 3;
	pack(&packed, span_first(image_span(&m), half));
	pack(&packed, span_of(NULL, 0));
	pack(&packed, span_after(image_span(&m), half));
	struct reading plain = reading_image(&m), r = reading_image(&packed);
	assert_readings_equal(&plain, &r);
	assert_int_equal(r.facts.status, CAPTURE_OK);
	assert_string_equal(r.facts.compression, name);
	assert_int_equal(r.facts.file_bytes, packed.len);
	assert_digest(r.facts.sha256, image_span(&packed));
	assert_memory_equal(r.facts.stream_sha256, plain.facts.stream_sha256, CAPTURE_SHA256_SIZE);
	reading_free(&plain);
	reading_free(&r);
	image_free(&m);
	image_free(&packed);
}

static void several_members(void **state)
{
	(void)state;
	packed_is_the_same(image_gzip, "gzip");
	packed_is_the_same(image_zstd, "zstd");
}

static void zstd_skippable_frames(void **state)
{
	(void)state;
	struct image m = image_ordinary(20), packed = {0};
	for (int i = 0; i < 2; i++) {
		image_u32(&packed, 0x184d2a50 + (uint32_t)i * 15);
		image_u32(&packed, 9);
		image_payload(&packed, 9, 1);
		if (i == 0)
			image_zstd(&packed, image_span(&m));
	}
	struct reading plain = reading_image(&m), r = reading_image(&packed);
	assert_readings_equal(&plain, &r);
	assert_int_equal(r.facts.status, CAPTURE_OK);
	reading_free(&plain);
	reading_free(&r);
	image_free(&m);
	image_free(&packed);
}

/* Every frame whose bytes come before the cut is read, and the cut is told. */
static void cut_at_every_length(packer *pack)
{
	struct image m = image_ordinary(30), packed = {0};
	pack(&packed, span_first(image_span(&m), 1000));
	size_t first = packed.len;
	pack(&packed, span_after(image_span(&m), 1000));
	struct reading whole = reading_image(&m);
	size_t last = 0;
	for (size_t n = 0; n < packed.len; n++) {
		struct reading r = reading_of(span_of(packed.bytes, n));
		assert_reading_starts(&whole, &r);
		assert_true(r.count >= last);
		last = r.count;
		assert_true(r.facts.status == CAPTURE_TRUNCATED || r.facts.status == CAPTURE_UNREADABLE || n < 4);
		assert_digest(r.facts.sha256, span_of(packed.bytes, n));
		assert_true(n < first || r.count >= 9);
		reading_free(&r);
	}
	/* Only the trailer of the last member is missing. */
	struct reading r = reading_of(span_of(packed.bytes, packed.len - 1));
	assert_int_equal(r.facts.status, CAPTURE_TRUNCATED);
	assert_true(pack == image_zstd || r.count == whole.count);
	reading_free(&r);
	reading_free(&whole);
	image_free(&m);
	image_free(&packed);
}

static void cut_anywhere(void **state)
{
	(void)state;
	cut_at_every_length(image_gzip);
	cut_at_every_length(image_zstd);
}

static void what_follows_the_members(void **state)
{
	static packer *const packers[] = {image_gzip, image_zstd};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct image m = image_ordinary(30), packed = {0};
		packers[i](&packed, image_span(&m));
		image_zeros(&packed, 700000);
		struct reading r = reading_image(&packed);
		assert_int_equal(r.facts.status, CAPTURE_OK);
		assert_int_equal(r.count, 30);
		reading_free(&r);
		image_add(&packed, "something else entirely", 23);
		image_payload(&packed, 900000, 1);
		r = reading_image(&packed);
		assert_int_equal(r.facts.status, CAPTURE_DAMAGED);
		assert_non_null(strstr(r.facts.error, "something else"));
		assert_int_equal(r.count, 30);
		assert_int_equal(r.facts.last_good_frame, 30);
		assert_int_equal(r.facts.lost_bytes, 0);
		assert_int_equal(r.facts.file_bytes, packed.len);
		assert_digest(r.facts.sha256, image_span(&packed));
		assert_digest(r.facts.stream_sha256, image_span(&m));
		reading_free(&r);
		image_free(&m);
		image_free(&packed);
	}
}

/* The checksum, if nothing else, tells; and the digest is still that of the whole file. */
static void damaged_compression(void **state)
{
	static packer *const packers[] = {image_gzip, image_zstd};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct image m = image_ordinary(200), packed = {0};
		packers[i](&packed, image_span(&m));
		packed.bytes[packed.len / 2] ^= 0xff;
		packed.bytes[packed.len / 2 + 1] ^= 0xff;
		struct reading r = reading_image(&packed);
		assert_true(r.facts.status == CAPTURE_DAMAGED || r.facts.status == CAPTURE_TRUNCATED);
		assert_int_equal(r.facts.file_bytes, packed.len);
		assert_digest(r.facts.sha256, image_span(&packed));
		reading_free(&r);
		image_free(&m);
		image_free(&packed);
	}
}

static void a_wrong_checksum_is_damage(void **state)
{
	(void)state;
	struct image m = image_ordinary(30), packed = {0};
	image_gzip(&packed, image_span(&m));
	packed.bytes[packed.len - 5] ^= 1;
	struct reading r = reading_image(&packed);
	assert_int_equal(r.facts.status, CAPTURE_DAMAGED);
	assert_int_equal(r.count, 30);
	assert_int_equal(r.facts.last_good_frame, 30);
	reading_free(&r);
	image_free(&m);
	image_free(&packed);
}

static void the_limit_of_inflated_bytes(void **state)
{
	static packer *const packers[] = {image_gzip, image_zstd};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct image m = image_ordinary(50), packed = {0};
		packers[i](&packed, image_span(&m));
		struct reading whole = reading_image(&m);
		for (size_t n = 0; n <= m.len; n += 111) {
			const struct capture_limits limits = {.max_inflated = n, .hash = true};
			struct capture *c;
			struct err e;
			assert_int_equal(capture_open_memory(&c, image_span(&packed), &limits, &e), 0);
			struct reading r = reading_take(c);
			assert_int_equal(r.facts.status, n == m.len ? CAPTURE_OK : CAPTURE_LIMITED);
			assert_reading_starts(&whole, &r);
			assert_int_equal(r.facts.file_bytes, packed.len);
			assert_digest(r.facts.sha256, image_span(&packed));
			assert_digest(r.facts.stream_sha256, span_of(m.bytes, n));
			reading_free(&r);
		}
		const struct capture_limits exact = {.max_inflated = m.len};
		struct capture *c;
		struct err e;
		assert_int_equal(capture_open_memory(&c, image_span(&packed), &exact, &e), 0);
		struct reading r = reading_take(c);
		assert_int_equal(r.facts.status, CAPTURE_OK);
		assert_int_equal(r.count, whole.count);
		reading_free(&r);
		reading_free(&whole);
		image_free(&m);
		image_free(&packed);
	}
}

/* A plain file is not bounded by it. */
static void the_limit_is_for_compression_only(void **state)
{
	const struct capture_limits limits = {.max_inflated = 1};
	(void)state;
	struct image m = image_ordinary(50);
	struct capture *c;
	struct err e;
	assert_int_equal(capture_open_memory(&c, image_span(&m), &limits, &e), 0);
	struct reading r = reading_take(c);
	assert_int_equal(r.facts.status, CAPTURE_OK);
	assert_int_equal(r.count, 50);
	reading_free(&r);
	image_free(&m);
}

static void reading_that_fails(void **state)
{
	static packer *const packers[] = {NULL, image_gzip, image_zstd};
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct image m = image_ordinary(50), file = {0};
		if (packers[i])
			packers[i](&file, image_span(&m));
		else
			image_add(&file, m.bytes, m.len);
		struct reading whole = reading_image(&m);
		for (size_t n = 0; n < file.len; n += 97) {
			struct capture *c;
			struct err e;
			struct span part = span_of(file.bytes, n);
			assert_int_equal(capture_open_failing(&c, part, 61, EIO, &limits_usual, &e), 0);
			struct reading r = reading_take(c);
			assert_int_equal(r.facts.status, r.count ? CAPTURE_DAMAGED : CAPTURE_UNREADABLE);
			assert_non_null(strstr(r.facts.error, "cannot be read: Input/output error"));
			assert_reading_starts(&whole, &r);
			assert_digest(r.facts.sha256, part);
			reading_free(&r);
		}
		reading_free(&whole);
		image_free(&m);
		image_free(&file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(looking_ahead),
	    cmocka_unit_test(skipping),
	    cmocka_unit_test(plain_digests),
	    cmocka_unit_test(no_digests_unless_asked),
	    cmocka_unit_test(several_members),
	    cmocka_unit_test(zstd_skippable_frames),
	    cmocka_unit_test(cut_anywhere),
	    cmocka_unit_test(what_follows_the_members),
	    cmocka_unit_test(damaged_compression),
	    cmocka_unit_test(a_wrong_checksum_is_damage),
	    cmocka_unit_test(the_limit_of_inflated_bytes),
	    cmocka_unit_test(the_limit_is_for_compression_only),
	    cmocka_unit_test(reading_that_fails),
	};
	return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
