/* ERF, with records that would overrun or crash libtrace. */
#include "tests/analyzer/capture/captures.h"

static const int64_t half_ns = 500000000;

/* A record of an Ethernet frame of `captured` bytes. */
static void image_ethernet(struct image *m, uint32_t seconds, uint16_t captured, uint16_t wire, uint8_t seed)
{
	image_erf(m, 2, 4, seconds, (uint16_t)(18 + captured), 0, wire);
	image_u16(m, 0);
	image_payload(m, captured, seed);
}

static void ethernet(void **state)
{
	(void)state;
	struct image m = {0};
	image_ethernet(&m, TEST_SECONDS, 60, 64, 1);
	image_ethernet(&m, TEST_SECONDS + 1, 96, 94, 2); /* two bytes of padding */
	struct reading r = reading_image(&m);
	assert_string_equal(r.facts.format, "erf");
	assert_int_equal(r.facts.status, CAPTURE_OK);
	assert_int_equal(r.count, 2);
	assert_int_equal(r.frames[0].ts_ns, INT64_C(1000000000) * TEST_SECONDS + half_ns);
	assert_int_equal(r.frames[0].linktype, LINKTYPE_ETHERNET);
	assert_int_equal(r.frames[0].fcs_len, 4);
	assert_int_equal(r.frames[0].wire_len, 64);
	assert_int_equal(r.frames[0].bytes.len, 60);
	assert_int_equal(r.frames[0].bytes.ptr[0], 1);
	assert_int_equal(r.frames[1].bytes.len, 94);
	assert_int_equal(r.frames[1].bytes.ptr[93], (uint8_t)(2 + 93 * 7));
	reading_free(&r);
	image_free(&m);
}

static void types_and_their_link_types(void **state)
{
	static const struct {
		uint8_t type, first;
		uint16_t linktype, header;
	} types[] = {
	    {1, 0xff, LINKTYPE_PPP_HDLC, 0},  {1, 0x0f, LINKTYPE_C_HDLC, 0},  {2, 0, LINKTYPE_ETHERNET, 2},
	    {3, 0, LINKTYPE_ERF, 0},          {10, 0x8f, LINKTYPE_C_HDLC, 0}, {11, 0, LINKTYPE_ETHERNET, 2},
	    {15, 0xff, LINKTYPE_PPP_HDLC, 0}, {16, 0, LINKTYPE_ETHERNET, 2},  {19, 0x0f, LINKTYPE_C_HDLC, 0},
	    {20, 0, LINKTYPE_ETHERNET, 2},    {21, 0, LINKTYPE_ERF, 0},       {22, 0x45, LINKTYPE_RAW, 0},
	    {23, 0x60, LINKTYPE_RAW, 0},      {27, 0, LINKTYPE_ERF, 0},       {30, 0, LINKTYPE_ERF, 0},
	};
	enum { TYPES = sizeof types / sizeof types[0], CAPTURED = 40 };
	(void)state;
	struct image m = {0};
	for (size_t i = 0; i < TYPES; i++) {
		image_erf(&m, types[i].type, 4, TEST_SECONDS, 16 + CAPTURED + types[i].header, 0, CAPTURED);
		image_zeros(&m, types[i].header);
		image_payload(&m, CAPTURED, types[i].first);
	}
	struct reading r = reading_image(&m);
	assert_int_equal(r.facts.status, CAPTURE_OK);
	assert_int_equal(r.count, TYPES);
	for (size_t i = 0; i < TYPES; i++) {
		const struct frame *f = &r.frames[i];
		size_t header = types[i].linktype == LINKTYPE_ERF ? 16 : 0;
		assert_int_equal(f->linktype, types[i].linktype);
		assert_int_equal(f->bytes.len, header + CAPTURED);
		assert_int_equal(f->bytes.ptr[header], types[i].first);
		assert_int_equal(f->wire_len, f->bytes.len);
	}
	reading_free(&r);
	image_free(&m);
}

static void extension_headers(void **state)
{
	(void)state;
	struct image m = {0};
	for (uint8_t extensions = 1; extensions < 4; extensions++) {
		image_erf(&m, 2 | 0x80, 4, TEST_SECONDS, (uint16_t)(68 + 8 * extensions), 0, 50);
		for (uint8_t i = 1; i <= extensions; i++) {
			image_number(&m, i < extensions ? 0x85 : 5, 1);
			image_zeros(&m, 7);
		}
		image_u16(&m, 0);
		image_payload(&m, 50, extensions);
	}
	struct reading r = reading_image(&m);
	assert_int_equal(r.facts.status, CAPTURE_OK);
	assert_int_equal(r.count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(r.frames[i].bytes.len, 50);
		assert_int_equal(r.frames[i].bytes.ptr[0], i + 1);
	}
	reading_free(&r);
	image_free(&m);
}

static void padding_records_ports_and_losses(void **state)
{
	static const uint8_t ports[] = {2, 0, 2}, numbers[] = {0, 1, 0};
	(void)state;
	struct image m = {0};
	for (size_t i = 0; i < 3; i++) {
		image_erf(&m, 48, 0, TEST_SECONDS, 24, 0, 0);
		image_zeros(&m, 8);
		image_erf(&m, 22, ports[i], TEST_SECONDS, 56, 7, 40);
		image_payload(&m, 40, 0x45);
	}
	/* A colour where others have a loss counter. */
	image_erf(&m, 11, 0, TEST_SECONDS, 18, 999, 40);
	image_u16(&m, 0);
	struct reading r = reading_image(&m);
	assert_int_equal(r.count, 4);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(r.frames[i].interface, numbers[i]);
	assert_true(r.facts.has_interface_drops);
	assert_int_equal(r.facts.interface_drops, 21);
	reading_free(&r);
	image_free(&m);
}

/* libtrace 3.0.22 writes past its buffer of 65536 bytes when a record is longer than 65520. */
static void records_too_long_for_libtrace(void **state)
{
	(void)state;
	for (uint32_t size = 65519; size <= 65535; size++) {
		struct image m = {0};
		image_ethernet(&m, TEST_SECONDS, 60, 64, 1);
		image_ethernet(&m, TEST_SECONDS, (uint16_t)(size - 18), 65535, 2);
		image_ethernet(&m, TEST_SECONDS, 60, 64, 3);
		struct reading r = reading_image(&m);
		bool fits = size <= 65520;
		assert_int_equal(r.count, fits ? 3 : 2);
		assert_int_equal(r.facts.status, fits ? CAPTURE_OK : CAPTURE_DAMAGED);
		assert_int_equal(r.facts.lost_bytes, fits ? 0 : size);
		assert_int_equal(r.facts.damage_count, !fits);
		assert_int_equal(r.frames[r.count - 1].bytes.ptr[0], 3);
		if (fits)
			assert_int_equal(r.frames[1].bytes.len, size - 18);
		else
			assert_non_null(strstr(r.facts.error, "offset 78: a record of "));
		reading_free(&r);
		image_free(&m);
	}
}

static void the_first_record_too_long(void **state)
{
	(void)state;
	struct image m = {0};
	image_ethernet(&m, TEST_SECONDS, 65535 - 18, 65535, 2);
	image_ethernet(&m, TEST_SECONDS, 60, 64, 3);
	image_ethernet(&m, TEST_SECONDS, 60, 64, 3);
	struct reading r = reading_image(&m);
	assert_int_equal(r.count, 2);
	assert_int_equal(r.facts.last_good_frame, 0);
	reading_free(&r);
	image_free(&m);
}

/* A type 0 crashes libtrace; a length below the header cannot be. */
static void records_that_cannot_be(void **state)
{
	(void)state;
	for (int kind = 0; kind < 3; kind++) {
		struct image m = {0};
		for (uint8_t i = 0; i < 20; i++)
			image_ethernet(&m, TEST_SECONDS + i, 5000, 5004, i);
		size_t victim = 16 * 5018;
		if (kind == 0)
			m.bytes[victim + 8] = 0;
		else if (kind == 1)
			m.bytes[victim + 10] = m.bytes[victim + 11] = 0;
		else
			m.bytes[victim + 8] = 0x7f;
		struct reading r = reading_image(&m);
		assert_int_equal(r.facts.status, CAPTURE_DAMAGED);
		assert_int_equal(r.count, 19);
		assert_int_equal(r.facts.lost_bytes, 5018);
		assert_int_equal(r.facts.last_good_frame, 16);
		assert_int_equal(r.frames[16].bytes.ptr[0], 17);
		reading_free(&r);
		image_free(&m);
	}
}

static void damage_near_the_start(void **state)
{
	(void)state;
	struct image m = {0};
	for (uint8_t i = 0; i < 6; i++)
		image_ethernet(&m, TEST_SECONDS, 20, 24, i);
	m.bytes[4 * 38 + 8] = 0;
	struct reading r = reading_image(&m);
	assert_int_equal(r.facts.status, CAPTURE_DAMAGED);
	assert_int_equal(r.facts.last_good_frame, 4);
	assert_int_equal(r.count, 5);
	reading_free(&r);
	image_free(&m);
}

static void cut_anywhere(void **state)
{
	(void)state;
	struct image m = {0};
	for (uint8_t i = 0; i < 5; i++)
		image_ethernet(&m, TEST_SECONDS + i, 20, 24, i);
	assert_int_equal(assert_cuts_consistent(&m), 4);
	image_free(&m);
}

static void what_is_not_erf(void **state)
{
	(void)state;
	struct image m = {0};
	/* The second record is from another decade; the first is before the first card; there is no second. */
	image_ethernet(&m, TEST_SECONDS, 20, 24, 1);
	image_ethernet(&m, TEST_SECONDS / 2, 20, 24, 1);
	struct reading r = reading_image(&m);
	assert_int_equal(r.facts.status, CAPTURE_UNSUPPORTED);
	reading_free(&r);
	image_free(&m);
	image_ethernet(&m, 1000, 20, 24, 1);
	image_ethernet(&m, 1000, 20, 24, 1);
	r = reading_image(&m);
	assert_int_equal(r.facts.status, CAPTURE_UNSUPPORTED);
	reading_free(&r);
	image_free(&m);
	image_zeros(&m, 4096);
	r = reading_image(&m);
	assert_int_equal(r.facts.status, CAPTURE_UNSUPPORTED);
	assert_string_equal(r.facts.format, "");
	reading_free(&r);
	image_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ethernet),
	    cmocka_unit_test(types_and_their_link_types),
	    cmocka_unit_test(extension_headers),
	    cmocka_unit_test(padding_records_ports_and_losses),
	    cmocka_unit_test(records_too_long_for_libtrace),
	    cmocka_unit_test(the_first_record_too_long),
	    cmocka_unit_test(records_that_cannot_be),
	    cmocka_unit_test(damage_near_the_start),
	    cmocka_unit_test(cut_anywhere),
	    cmocka_unit_test(what_is_not_erf),
	};
	return cmocka_run_group_tests_name("erf", tests, NULL, NULL);
}
