/* Damage: what stands before and behind it is read, and the facts say where and how much. */
#include "tests/analyzer/capture/captures.h"

#include <stdio.h>

enum { RECORDS = 40, VICTIM = 10, RECORD_HEADER = 16 };

/* A pcap of RECORDS frames and where each record starts. */
static struct image image_ordinary(size_t starts[RECORDS + 1])
{
	struct image m = {0};
	image_pcap(&m, (uint32_t)MAGIC_MICRO, 65535, LINKTYPE_ETHERNET);
	for (uint32_t i = 0; i < RECORDS; i++) {
		starts[i] = m.len;
		image_record(&m, TEST_SECONDS + i, i, 100, 100, (uint8_t)i);
	}
	starts[RECORDS] = m.len;
	return m;
}

static void assert_one_lost(const struct reading *r, size_t offset)
{
	char where[40];
	snprintf(where, sizeof where, "offset %zu: ", offset);
	assert_int_equal(r->facts.status, CAPTURE_DAMAGED);
	assert_int_equal(r->count, RECORDS - 1);
	assert_int_equal(r->facts.damage_count, 1);
	assert_int_equal(r->facts.lost_bytes, RECORD_HEADER + 100);
	assert_int_equal(r->facts.last_good_frame, VICTIM);
	assert_memory_equal(r->facts.error, where, strlen(where));
	for (size_t i = 0; i < r->count; i++)
		assert_int_equal(r->frames[i].bytes.ptr[0], i < VICTIM ? i : i + 1);
}

static void a_length_that_cannot_be(void **state)
{
	/* Too long for any record; and possible, but more than was on the wire and not followed by a record. */
	static const uint32_t lengths[] = {UINT32_MAX, CAPTURE_RECORD_MAX + 1, 60000, 101, 3001};
	(void)state;
	for (size_t n = 0; n < sizeof lengths / sizeof lengths[0]; n++) {
		size_t starts[RECORDS + 1];
		struct image m = image_ordinary(starts);
		image_set_u32(&m, starts[VICTIM] + 8, lengths[n]);
		struct reading r = reading_image(&m);
		assert_one_lost(&r, starts[VICTIM]);
		reading_free(&r);
		image_free(&m);
	}
}

static void bytes_that_went_missing(void **state)
{
	(void)state;
	for (size_t gone = 1; gone < RECORD_HEADER + 100; gone++) {
		size_t starts[RECORDS + 1];
		struct image m = image_ordinary(starts);
		memmove(&m.bytes[starts[VICTIM]], &m.bytes[starts[VICTIM] + gone], m.len - starts[VICTIM] - gone);
		m.len -= gone;
		struct reading r = reading_image(&m);
		assert_int_equal(r.facts.status, CAPTURE_DAMAGED);
		assert_true(r.count >= RECORDS - 2);
		assert_int_equal(r.frames[VICTIM - 1].bytes.ptr[0], VICTIM - 1);
		assert_int_equal(r.frames[r.count - 1].bytes.ptr[0], RECORDS - 1);
		reading_free(&r);
		image_free(&m);
	}
}

static void a_hole_of_noise(void **state)
{
	(void)state;
	size_t starts[RECORDS + 1];
	struct image m = image_ordinary(starts), noisy = {0};
	image_add(&noisy, m.bytes, starts[VICTIM]);
	for (uint32_t i = 0, x = 1; i < 3000000; i++) {
		x = x * 1664525 + 1013904223;
		image_add(&noisy, &(uint8_t){(uint8_t)(x >> 24)}, 1);
	}
	image_add(&noisy, &m.bytes[starts[VICTIM]], m.len - starts[VICTIM]);
	struct reading r = reading_image(&noisy);
	assert_int_equal(r.facts.status, CAPTURE_DAMAGED);
	assert_int_equal(r.facts.damage_count, 1);
	assert_int_equal(r.facts.lost_bytes, 3000000);
	assert_int_equal(r.count, RECORDS);
	assert_int_equal(r.facts.last_good_frame, VICTIM);
	reading_free(&r);
	image_free(&m);
	image_free(&noisy);
}

static void noise_to_the_end(void **state)
{
	(void)state;
	size_t starts[RECORDS + 1];
	struct image m = image_ordinary(starts);
	for (size_t i = 0; i < 1000; i++)
		image_add(&m, "\xff", 1);
	struct reading r = reading_image(&m);
	assert_int_equal(r.count, RECORDS);
	assert_int_equal(r.facts.status, CAPTURE_DAMAGED);
	assert_int_equal(r.facts.lost_bytes, 1000);
	assert_int_equal(r.facts.last_good_frame, RECORDS);
	reading_free(&r);
	image_free(&m);
}

static void several_places(void **state)
{
	(void)state;
	size_t starts[RECORDS + 1];
	struct image m = image_ordinary(starts);
	for (size_t i = 0; i < RECORDS; i += 8)
		image_set_u32(&m, starts[i] + 8, UINT32_MAX);
	struct reading r = reading_image(&m);
	assert_int_equal(r.count, RECORDS - RECORDS / 8);
	assert_int_equal(r.facts.damage_count, RECORDS / 8);
	assert_int_equal(r.facts.lost_bytes, RECORDS / 8 * (RECORD_HEADER + 100));
	assert_int_equal(r.facts.last_good_frame, 0);
	reading_free(&r);
	image_free(&m);
}

static void pcapng_resumes_at_the_next_block(void **state)
{
	static const uint32_t lengths[] = {0, 8, 51, 56, 600, 20000, UINT32_MAX};
	(void)state;
	for (size_t n = 0; n < sizeof lengths / sizeof lengths[0]; n++) {
		struct image m = {.big_endian = n % 2};
		image_section(&m);
		image_interface(&m, LINKTYPE_ETHERNET, 0);
		size_t victim = 0;
		for (uint32_t i = 0; i < RECORDS; i++) {
			victim = i == VICTIM ? m.len : victim;
			image_packet(&m, 0, 1, 20, 20, (uint8_t)i);
		}
		image_set_u32(&m, victim + 4, lengths[n]);
		struct reading r = reading_image(&m);
		assert_int_equal(r.facts.status, CAPTURE_DAMAGED);
		assert_int_equal(r.facts.damage_count, 1);
		assert_int_equal(r.facts.lost_bytes, 52);
		assert_int_equal(r.facts.last_good_frame, VICTIM);
		assert_int_equal(r.count, RECORDS - 1);
		assert_int_equal(r.frames[VICTIM].bytes.ptr[0], VICTIM + 1);
		reading_free(&r);
		image_free(&m);
	}
}

static void pcapng_resumes_at_a_section(void **state)
{
	(void)state;
	struct image m = {0};
	image_section(&m);
	image_interface(&m, LINKTYPE_ETHERNET, 0);
	image_payload(&m, 777, 0x55);
	m.big_endian = true;
	image_section(&m);
	image_interface(&m, LINKTYPE_RAW, 0);
	image_packet(&m, 0, 1, 20, 20, 7);
	struct reading r = reading_image(&m);
	assert_int_equal(r.facts.status, CAPTURE_DAMAGED);
	assert_int_equal(r.facts.lost_bytes, 777);
	assert_int_equal(r.count, 1);
	assert_int_equal(r.frames[0].interface, 1);
	assert_int_equal(r.frames[0].linktype, LINKTYPE_RAW);
	reading_free(&r);
	image_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_length_that_cannot_be),
	    cmocka_unit_test(bytes_that_went_missing),
	    cmocka_unit_test(a_hole_of_noise),
	    cmocka_unit_test(noise_to_the_end),
	    cmocka_unit_test(several_places),
	    cmocka_unit_test(pcapng_resumes_at_the_next_block),
	    cmocka_unit_test(pcapng_resumes_at_a_section),
	};
	return cmocka_run_group_tests_name("salvage", tests, NULL, NULL);
}
