/* TSH files. */
#include "tests/analyzer/capture/captures.h"

enum { RECORD = 44 };

static void image_tsh(struct image *m, uint8_t interface, uint32_t seconds, uint32_t microseconds, uint16_t len)
{
	m->big_endian = true;
	image_u32(m, seconds);
	image_number(m, interface, 1);
	image_number(m, microseconds, 3);
	image_u16(m, 0x4500);
	image_u16(m, len);
	image_payload(m, 32, (uint8_t)microseconds);
}

static struct image image_ordinary(void)
{
	struct image m = {0};
	for (uint32_t i = 0; i < 10; i++)
		image_tsh(&m, i % 2 ? 3 : 7, TEST_SECONDS + i, i * 111, (uint16_t)(40 * i + 20));
	return m;
}

static void ordinary(void **state)
{
	(void)state;
	struct image m = image_ordinary();
	struct reading r = reading_image(&m);
	assert_string_equal(r.facts.format, "tsh");
	assert_int_equal(r.facts.status, CAPTURE_OK);
	assert_int_equal(r.count, 10);
	for (size_t i = 0; i < r.count; i++) {
		const struct frame *f = &r.frames[i];
		assert_int_equal(f->ts_ns, INT64_C(1000000000) * (TEST_SECONDS + (int64_t)i) + (int64_t)i * 111000);
		assert_int_equal(f->linktype, LINKTYPE_RAW);
		assert_int_equal(f->interface, i % 2);
		assert_int_equal(f->wire_len, 40 * i + 20);
		assert_int_equal(f->bytes.len, i == 0 ? 20 : 36);
		assert_int_equal(f->bytes.ptr[0], 0x45);
		assert_int_equal(f->fcs_len, 0);
	}
	reading_free(&r);
	/* Clean cuts that are long enough to be recognised: after 4 to 9 records. */
	assert_int_equal(assert_cuts_consistent(&m), 6);
	image_free(&m);
}

static void damage(void **state)
{
	(void)state;
	struct image m = image_ordinary();
	m.bytes[5 * RECORD + 8] = 0x65;
	struct reading r = reading_image(&m);
	assert_int_equal(r.facts.status, CAPTURE_DAMAGED);
	assert_int_equal(r.facts.last_good_frame, 5);
	assert_int_equal(r.facts.lost_bytes, RECORD);
	assert_int_equal(r.count, 9);
	reading_free(&r);
	image_free(&m);
}

static void what_is_not_tsh(void **state)
{
	static const uint32_t bad[] = {8, 5, 0};
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct image m = image_ordinary();
		m.bytes[3 * RECORD + bad[i]] = 0xff;
		struct reading r = reading_image(&m);
		assert_int_equal(r.facts.status, CAPTURE_UNSUPPORTED);
		reading_free(&r);
		image_free(&m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ordinary),
	    cmocka_unit_test(damage),
	    cmocka_unit_test(what_is_not_tsh),
	};
	return cmocka_run_group_tests_name("tsh", tests, NULL, NULL);
}
