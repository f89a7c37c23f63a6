/* snoop files. */
#include "tests/analyzer/capture/captures.h"

static void image_snoop(struct image *m, uint32_t version, uint32_t datalink)
{
	m->big_endian = true;
	image_add(m, "snoop\0\0", 8);
	image_u32(m, version);
	image_u32(m, datalink);
}

static void image_snoop_record(struct image *m, uint32_t captured, uint32_t wire, uint32_t drops, uint32_t seconds,
                               uint8_t seed)
{
	uint32_t pad = (4 - captured % 4) % 4;
	image_u32(m, wire);
	image_u32(m, captured);
	image_u32(m, 24 + captured + pad);
	image_u32(m, drops);
	image_u32(m, seconds);
	image_u32(m, 123456);
	image_payload(m, captured, seed);
	image_zeros(m, pad);
}

static void ordinary(void **state)
{
	(void)state;
	struct image m = {0};
	image_snoop(&m, 2, 4);
	image_snoop_record(&m, 61, 1514, 3, TEST_SECONDS, 1);
	image_snoop_record(&m, 60, 60, 9, TEST_SECONDS + 1, 2);
	struct reading r = reading_image(&m);
	assert_string_equal(r.facts.format, "snoop");
	assert_int_equal(r.facts.status, CAPTURE_OK);
	assert_int_equal(r.count, 2);
	assert_int_equal(r.frames[0].ts_ns, INT64_C(1000000000) * TEST_SECONDS + 123456000);
	assert_int_equal(r.frames[0].bytes.len, 61);
	assert_int_equal(r.frames[0].wire_len, 1514);
	assert_int_equal(r.frames[1].linktype, LINKTYPE_ETHERNET);
	assert_int_equal(r.frames[1].bytes.ptr[0], 2);
	assert_true(r.facts.has_interface_drops);
	assert_int_equal(r.facts.interface_drops, 9);
	assert_int_equal(assert_cuts_consistent(&m), 2);
	reading_free(&r);
	image_free(&m);
}

static void versions_and_links_that_are_not_read(void **state)
{
	static const uint32_t headers[][2] = {{1, 4}, {2, 77}};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct image m = {0};
		image_snoop(&m, headers[i][0], headers[i][1]);
		image_snoop_record(&m, 60, 60, 0, TEST_SECONDS, 1);
		struct reading r = reading_image(&m);
		assert_int_equal(r.facts.status, CAPTURE_UNSUPPORTED);
		assert_string_equal(r.facts.format, "snoop");
		assert_int_equal(r.count, 0);
		reading_free(&r);
		image_free(&m);
	}
}

static void damage(void **state)
{
	static const uint32_t sizes[] = {0, 23, 80, 200, UINT32_MAX};
	(void)state;
	for (size_t n = 0; n < sizeof sizes / sizeof sizes[0]; n++) {
		struct image m = {0};
		image_snoop(&m, 2, 4);
		for (uint8_t i = 0; i < 10; i++)
			image_snoop_record(&m, 60, 60, 0, TEST_SECONDS + i, i);
		image_set_u32(&m, 16 + 4 * 84 + 8, sizes[n]);
		struct reading r = reading_image(&m);
		assert_int_equal(r.facts.status, CAPTURE_DAMAGED);
		assert_int_equal(r.facts.lost_bytes, 84);
		assert_int_equal(r.facts.last_good_frame, 4);
		assert_int_equal(r.count, 9);
		assert_int_equal(r.frames[4].bytes.ptr[0], 5);
		reading_free(&r);
		image_free(&m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ordinary),
	    cmocka_unit_test(versions_and_links_that_are_not_read),
	    cmocka_unit_test(damage),
	};
	return cmocka_run_group_tests_name("snoop", tests, NULL, NULL);
}
