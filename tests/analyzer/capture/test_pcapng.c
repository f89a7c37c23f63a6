/* pcapng: every kind of block built by hand, sections, interfaces, and the same frames as a classic pcap. */
#include "tests/analyzer/capture/captures.h"

enum {
	BLOCK_OBSOLETE = 2,
	BLOCK_SIMPLE = 3,
	BLOCK_NAMES = 4,
	BLOCK_STATISTICS = 5,
	BLOCK_SECRETS = 10,
	BLOCK_CUSTOM = 0xbad
};

static const uint64_t stamp_us = UINT64_C(1600000000) * 1000000;
static const int64_t stamp_ns = INT64_C(1600000000) * 1000000000;

static void enhanced_packets_in_both_orders(void **state)
{
	(void)state;
	for (int big_endian = 0; big_endian < 2; big_endian++) {
		struct image m = {.big_endian = big_endian};
		image_section(&m);
		image_interface(&m, LINKTYPE_ETHERNET, 1000);
		image_packet(&m, 0, stamp_us + 7, 61, 1514, 3);
		image_packet(&m, 0, stamp_us + 8, 0, 9, 3);
		struct reading r = reading_image(&m);
		assert_int_equal(r.count, 2);
		assert_string_equal(r.facts.format, "pcapng");
		assert_int_equal(r.facts.status, CAPTURE_OK);
		assert_int_equal(r.facts.snaplen, 1000);
		assert_int_equal(r.frames[0].ts_ns, stamp_ns + 7000);
		assert_int_equal(r.frames[0].bytes.len, 61);
		assert_int_equal(r.frames[0].bytes.ptr[0], 3);
		assert_int_equal(r.frames[0].wire_len, 1514);
		assert_int_equal(r.frames[1].wire_len, 9);
		reading_free(&r);
		image_free(&m);
	}
}

static void simple_packets(void **state)
{
	(void)state;
	struct image m = {0};
	image_section(&m);
	image_interface(&m, LINKTYPE_ETHERNET, 50);
	for (uint32_t wire = 49; wire <= 60; wire += 11) {
		size_t b = block_begin(&m, BLOCK_SIMPLE);
		image_u32(&m, wire);
		image_payload(&m, wire < 50 ? wire : 50, 1);
		block_end(&m, b);
	}
	struct reading r = reading_image(&m);
	assert_int_equal(r.count, 2);
	assert_int_equal(r.facts.status, CAPTURE_OK);
	assert_int_equal(r.frames[0].ts_ns, FRAME_NO_TIME);
	assert_int_equal(r.frames[0].bytes.len, 49);
	assert_int_equal(r.frames[1].bytes.len, 50);
	assert_int_equal(r.frames[1].wire_len, 60);
	reading_free(&r);
	image_free(&m);
}

static void obsolete_packets(void **state)
{
	(void)state;
	struct image m = {.big_endian = true};
	image_section(&m);
	image_interface(&m, LINKTYPE_ETHERNET, 0);
	image_interface(&m, LINKTYPE_RAW, 0);
	for (uint16_t i = 0; i < 2; i++) {
		size_t b = block_begin(&m, BLOCK_OBSOLETE);
		image_u16(&m, i);
		image_u16(&m, i ? 5 : UINT16_MAX);
		image_u32(&m, (uint32_t)(stamp_us >> 32));
		image_u32(&m, (uint32_t)stamp_us);
		image_u32(&m, 33);
		image_u32(&m, 44);
		image_payload(&m, 33, 1);
		image_zeros(&m, 3);
		image_option_number(&m, 2, 1, 4);
		block_end(&m, b);
	}
	struct reading r = reading_image(&m);
	assert_int_equal(r.count, 2);
	assert_int_equal(r.facts.status, CAPTURE_OK);
	assert_int_equal(r.frames[1].ts_ns, stamp_ns);
	assert_int_equal(r.frames[1].interface, 1);
	assert_int_equal(r.frames[1].linktype, LINKTYPE_RAW);
	assert_int_equal(r.frames[1].way, FRAME_INBOUND);
	assert_int_equal(r.frames[1].wire_len, 44);
	assert_true(r.facts.has_interface_drops);
	assert_int_equal(r.facts.interface_drops, 5);
	reading_free(&r);
	image_free(&m);
}

static void other_blocks_are_stepped_over(void **state)
{
	static const uint32_t types[] = {BLOCK_NAMES, BLOCK_SECRETS, BLOCK_CUSTOM, 9, 0x80000001, 0};
	(void)state;
	struct image m = {0};
	image_section(&m);
	image_interface(&m, LINKTYPE_ETHERNET, 0);
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		size_t b = block_begin(&m, types[i]);
		image_payload(&m, 13 * i, 0xff);
		block_end(&m, b);
		image_packet(&m, 0, stamp_us, 20, 20, (uint8_t)i);
	}
	/* One that cannot be shown in one piece. */
	size_t b = block_begin(&m, BLOCK_SECRETS);
	image_payload(&m, 3 * 1024 * 1024, 0);
	block_end(&m, b);
	image_packet(&m, 0, stamp_us, 20, 20, 6);
	struct reading r = reading_image(&m);
	assert_int_equal(r.facts.status, CAPTURE_OK);
	assert_int_equal(r.count, 7);
	for (size_t i = 0; i < r.count; i++)
		assert_int_equal(r.frames[i].bytes.ptr[0], i);
	reading_free(&r);
	image_free(&m);
}

static void interfaces_of_many_kinds(void **state)
{
	(void)state;
	struct image m = {0};
	image_section(&m);
	size_t b = interface_begin(&m, LINKTYPE_ETHERNET, 96);
	image_option(&m, 1, "a comment", 9);
	image_option_number(&m, 9, 9, 1); /* nanoseconds */
	image_option_number(&m, 13, 4, 1);
	image_option_number(&m, 0, 0, 0);
	block_end(&m, b);
	b = interface_begin(&m, LINKTYPE_LINUX_SLL, 0);
	image_option_number(&m, 9, 0x80 | 10, 1); /* 1024 ticks a second */
	image_option_number(&m, 14, (uint64_t)-3600, 8);
	block_end(&m, b);
	image_packet(&m, 1, UINT64_C(1600003600) * 1024 + 512, 20, 20, 1);
	image_packet(&m, 0, (uint64_t)stamp_ns + 1, 20, 20, 1);
	image_section(&m);
	image_interface(&m, LINKTYPE_RAW, 65535);
	image_packet(&m, 0, stamp_us, 20, 20, 1);
	struct reading r = reading_image(&m);
	assert_int_equal(r.facts.status, CAPTURE_OK);
	assert_int_equal(r.count, 3);
	assert_int_equal(r.frames[0].interface, 1);
	assert_int_equal(r.frames[0].ts_ns, stamp_ns + 500000000);
	assert_int_equal(r.frames[0].fcs_len, 0);
	assert_int_equal(r.frames[1].interface, 0);
	assert_int_equal(r.frames[1].ts_ns, stamp_ns + 1);
	assert_int_equal(r.frames[1].fcs_len, 4);
	assert_int_equal(r.frames[2].interface, 2);
	assert_int_equal(r.facts.linktype_count, 3);
	assert_int_equal(r.facts.linktypes[0], LINKTYPE_LINUX_SLL);
	assert_int_equal(r.facts.linktypes[1], LINKTYPE_ETHERNET);
	assert_int_equal(r.facts.linktypes[2], LINKTYPE_RAW);
	assert_int_equal(r.facts.snaplen, 65535);
	reading_free(&r);
	image_free(&m);
}

static void sections_in_different_orders(void **state)
{
	(void)state;
	struct image m = {0};
	for (int i = 0; i < 4; i++) {
		m.big_endian = i % 2;
		image_section(&m);
		image_interface(&m, LINKTYPE_ETHERNET, 0);
		image_packet(&m, 0, stamp_us + (uint64_t)i, 20, 30, (uint8_t)i);
	}
	struct reading r = reading_image(&m);
	assert_int_equal(r.facts.status, CAPTURE_OK);
	assert_int_equal(r.count, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(r.frames[i].interface, i);
		assert_int_equal(r.frames[i].ts_ns, stamp_ns + (int64_t)i * 1000);
	}
	reading_free(&r);
	image_free(&m);
}

static void packet_options(void **state)
{
	(void)state;
	struct image m = {0};
	image_section(&m);
	image_interface(&m, LINKTYPE_ETHERNET, 0);
	for (uint32_t way = 0; way < 4; way++) {
		size_t b = packet_begin(&m, 0, stamp_us, 21, 21, 1);
		image_option(&m, 1, "odd", 3);
		image_option_number(&m, 2, 4 << 5 | way, 4);
		image_option_number(&m, 4, 10, 8);
		block_end(&m, b);
	}
	struct reading r = reading_image(&m);
	assert_int_equal(r.count, 4);
	assert_int_equal(r.frames[0].way, FRAME_WAY_UNKNOWN);
	assert_int_equal(r.frames[1].way, FRAME_INBOUND);
	assert_int_equal(r.frames[2].way, FRAME_OUTBOUND);
	assert_int_equal(r.frames[3].way, FRAME_WAY_UNKNOWN);
	assert_int_equal(r.frames[0].fcs_len, 4);
	assert_int_equal(r.facts.interface_drops, 40);
	reading_free(&r);
	image_free(&m);
}

static void image_statistics(struct image *m, uint32_t interface, uint64_t ifdrop, uint64_t osdrop)
{
	size_t b = block_begin(m, BLOCK_STATISTICS);
	image_u32(m, interface);
	image_u64(m, 0);
	image_option_number(m, 4, 99, 8);
	image_option_number(m, 5, ifdrop, 8);
	image_option_number(m, 7, osdrop, 8);
	image_option_number(m, 0, 0, 0);
	block_end(m, b);
}

static void statistics_are_the_last_ones_of_each_interface(void **state)
{
	(void)state;
	struct image m = {0};
	image_section(&m);
	image_interface(&m, LINKTYPE_ETHERNET, 0);
	image_interface(&m, LINKTYPE_ETHERNET, 0);
	image_statistics(&m, 0, 5, 1);
	image_statistics(&m, 0, 7, 2);
	image_statistics(&m, 1, 100, 0);
	image_statistics(&m, 2, 1000, 1000); /* no such interface */
	image_section(&m);
	image_interface(&m, LINKTYPE_ETHERNET, 0);
	image_statistics(&m, 0, 1000, 0);
	struct reading r = reading_image(&m);
	assert_int_equal(r.count, 0);
	assert_true(r.facts.has_interface_drops);
	assert_int_equal(r.facts.interface_drops, 1109);
	reading_free(&r);
	image_free(&m);
}

/* The blocks around it are whole, so nothing has to be searched: only the packet is lost. */
static void a_packet_that_cannot_be(void **state)
{
	(void)state;
	for (int kind = 0; kind < 3; kind++) {
		struct image m = {0};
		image_section(&m);
		if (kind == 0)
			image_packet(&m, 0, stamp_us, 20, 20, 1); /* before any interface */
		image_interface(&m, LINKTYPE_ETHERNET, 0);
		image_packet(&m, 0, stamp_us, 20, 20, 2);
		size_t at = m.len;
		if (kind > 0)
			image_packet(&m, kind == 1 ? 1 : 0, stamp_us, 20, 20, 1);
		if (kind == 2)
			image_set_u32(&m, at + 20, 21); /* longer than its block */
		image_packet(&m, 0, stamp_us, 20, 20, 3);
		struct reading r = reading_image(&m);
		assert_int_equal(r.facts.status, CAPTURE_DAMAGED);
		assert_int_equal(r.facts.damage_count, 1);
		assert_int_equal(r.facts.lost_bytes, 52);
		assert_int_equal(r.facts.last_good_frame, kind == 0 ? 0 : 1);
		assert_int_equal(r.count, 2);
		assert_int_equal(r.frames[0].bytes.ptr[0], 2);
		assert_int_equal(r.frames[1].bytes.ptr[0], 3);
		reading_free(&r);
		image_free(&m);
	}
}

static void a_section_of_another_version(void **state)
{
	(void)state;
	struct image m = {0};
	image_section(&m);
	image_interface(&m, LINKTYPE_ETHERNET, 0);
	image_packet(&m, 0, stamp_us, 20, 20, 1);
	size_t at = m.len;
	image_section(&m);
	m.bytes[at + 12] = 2;
	image_interface(&m, LINKTYPE_ETHERNET, 0);
	image_packet(&m, 0, stamp_us, 20, 20, 2);
	image_section(&m);
	image_interface(&m, LINKTYPE_ETHERNET, 0);
	image_packet(&m, 0, stamp_us, 20, 20, 3);
	struct reading r = reading_image(&m);
	assert_int_equal(r.facts.status, CAPTURE_DAMAGED);
	assert_non_null(strstr(r.facts.error, "version 2.0"));
	assert_int_equal(r.count, 2);
	assert_int_equal(r.frames[1].bytes.ptr[0], 3);
	reading_free(&r);
	image_free(&m);
}

static void options_that_do_not_add_up(void **state)
{
	(void)state;
	struct image m = {0};
	image_section(&m);
	size_t b = interface_begin(&m, LINKTYPE_ETHERNET, 0);
	image_option_number(&m, 9, 9, 1);
	image_u16(&m, 9);
	image_u16(&m, 1000);
	block_end(&m, b);
	b = packet_begin(&m, 0, (uint64_t)stamp_ns, 20, 20, 1);
	image_u16(&m, 2);
	image_u16(&m, UINT16_MAX);
	block_end(&m, b);
	struct reading r = reading_image(&m);
	assert_int_equal(r.count, 1);
	assert_int_equal(r.frames[0].ts_ns, stamp_ns);
	assert_int_equal(r.frames[0].way, FRAME_WAY_UNKNOWN);
	reading_free(&r);
	image_free(&m);
}

/* Lengths that leave the padding out, as some writers state them. */
static void lengths_without_padding(void **state)
{
	(void)state;
	struct image m = {0};
	image_section(&m);
	image_interface(&m, LINKTYPE_ETHERNET, 0);
	for (uint8_t i = 0; i < 3; i++) {
		size_t start = m.len;
		image_packet(&m, 0, stamp_us, 21, 21, i);
		image_set_u32(&m, start + 4, 53);
		image_set_u32(&m, m.len - 4, 53);
	}
	struct reading r = reading_image(&m);
	assert_int_equal(r.facts.status, CAPTURE_OK);
	assert_int_equal(r.count, 3);
	assert_int_equal(r.frames[2].bytes.len, 21);
	reading_free(&r);
	image_free(&m);
}

static void the_same_frames_as_pcap(void **state)
{
	(void)state;
	struct image a = {0}, b = {.big_endian = true};
	image_pcap(&a, (uint32_t)MAGIC_MICRO, 65535, LINKTYPE_ETHERNET);
	image_section(&b);
	image_interface(&b, LINKTYPE_ETHERNET, 65535);
	for (uint32_t i = 0; i < 300; i++) {
		image_record(&a, TEST_SECONDS, i, i * 5, i * 6, (uint8_t)i);
		image_packet(&b, 0, stamp_us + i, i * 5, i * 6, (uint8_t)i);
	}
	struct reading pcap = reading_image(&a), pcapng = reading_image(&b);
	assert_int_equal(pcap.count, 300);
	assert_readings_equal(&pcap, &pcapng);
	assert_int_equal(pcap.facts.snaplen, pcapng.facts.snaplen);
	reading_free(&pcap);
	reading_free(&pcapng);
	image_free(&a);
	image_free(&b);
}

static void cut_anywhere(void **state)
{
	(void)state;
	for (int big_endian = 0; big_endian < 2; big_endian++) {
		struct image m = {.big_endian = big_endian};
		image_section(&m);
		image_interface(&m, LINKTYPE_ETHERNET, 0);
		for (uint32_t i = 0; i < 5; i++)
			image_packet(&m, 0, stamp_us + i, 30 + i, 60, (uint8_t)i);
		image_statistics(&m, 0, 1, 2);
		assert_int_equal(assert_cuts_consistent(&m), 7);
		image_free(&m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(enhanced_packets_in_both_orders),
	    cmocka_unit_test(simple_packets),
	    cmocka_unit_test(obsolete_packets),
	    cmocka_unit_test(other_blocks_are_stepped_over),
	    cmocka_unit_test(interfaces_of_many_kinds),
	    cmocka_unit_test(sections_in_different_orders),
	    cmocka_unit_test(packet_options),
	    cmocka_unit_test(statistics_are_the_last_ones_of_each_interface),
	    cmocka_unit_test(a_packet_that_cannot_be),
	    cmocka_unit_test(a_section_of_another_version),
	    cmocka_unit_test(options_that_do_not_add_up),
	    cmocka_unit_test(lengths_without_padding),
	    cmocka_unit_test(the_same_frames_as_pcap),
	    cmocka_unit_test(cut_anywhere),
	};
	return cmocka_run_group_tests_name("pcapng", tests, NULL, NULL);
}
