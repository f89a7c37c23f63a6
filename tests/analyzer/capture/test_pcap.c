/* Classic pcap: every magic number and byte order, header oddities, and libpcap as the oracle. */
#include "tests/analyzer/capture/captures.h"

#include <pcap/pcap.h>
#include <stdio.h>

static const int64_t second_ns = 1000000000;

static void micro_in_order(bool big_endian)
{
	struct image m = {.big_endian = big_endian};
	image_pcap(&m, (uint32_t)MAGIC_MICRO, 65535, LINKTYPE_ETHERNET);
	image_record(&m, TEST_SECONDS, 123456, 60, 1514, 1);
	image_record(&m, TEST_SECONDS + 1, 0, 0, 60, 2);
	struct reading r = reading_image(&m);
	assert_int_equal(r.count, 2);
	assert_string_equal(r.facts.format, "pcap");
	assert_string_equal(r.facts.compression, "");
	assert_int_equal(r.facts.status, CAPTURE_OK);
	assert_int_equal(r.facts.snaplen, 65535);
	assert_int_equal(r.facts.last_good_frame, 2);
	assert_int_equal(r.facts.linktype_count, 1);
	assert_int_equal(r.facts.linktypes[0], LINKTYPE_ETHERNET);
	assert_false(r.facts.has_interface_drops);
	assert_int_equal(r.frames[0].ts_ns, TEST_SECONDS * second_ns + 123456000);
	assert_int_equal(r.frames[0].wire_len, 1514);
	assert_int_equal(r.frames[0].bytes.len, 60);
	assert_int_equal(r.frames[0].bytes.ptr[1], 8);
	assert_int_equal(r.frames[0].way, FRAME_WAY_UNKNOWN);
	assert_int_equal(r.frames[1].bytes.len, 0);
	assert_int_equal(r.frames[1].wire_len, 60);
	reading_free(&r);
	image_free(&m);
}

static void microseconds_in_both_orders(void **state)
{
	(void)state;
	micro_in_order(false);
	micro_in_order(true);
}

static void nanoseconds(void **state)
{
	(void)state;
	for (int big_endian = 0; big_endian < 2; big_endian++) {
		struct image m = {.big_endian = big_endian};
		image_pcap(&m, (uint32_t)MAGIC_NANO, 65535, LINKTYPE_RAW);
		image_record(&m, TEST_SECONDS, 999999999, 40, 40, 1);
		struct reading r = reading_image(&m);
		assert_int_equal(r.count, 1);
		assert_int_equal(r.frames[0].ts_ns, TEST_SECONDS * second_ns + 999999999);
		assert_int_equal(r.frames[0].linktype, LINKTYPE_RAW);
		reading_free(&r);
		image_free(&m);
	}
}

static void modified_has_a_longer_record_header(void **state)
{
	static const uint8_t types[] = {0, 4, 3};
	static const uint8_t ways[] = {FRAME_INBOUND, FRAME_OUTBOUND, FRAME_WAY_UNKNOWN};
	(void)state;
	for (int big_endian = 0; big_endian < 2; big_endian++) {
		struct image m = {.big_endian = big_endian};
		image_pcap(&m, (uint32_t)MAGIC_MODIFIED, 65535, LINKTYPE_ETHERNET);
		for (size_t i = 0; i < sizeof types; i++) {
			image_record(&m, TEST_SECONDS, 5, 0, 42, 0);
			image_set_u32(&m, m.len - 8, 42);
			image_u32(&m, 2);
			image_u16(&m, 0x0800);
			image_add(&m, (uint8_t[]){types[i], 0}, 2);
			image_payload(&m, 42, 9);
		}
		struct reading r = reading_image(&m);
		assert_int_equal(r.count, 3);
		for (size_t i = 0; i < sizeof types; i++) {
			assert_int_equal(r.frames[i].bytes.len, 42);
			assert_int_equal(r.frames[i].bytes.ptr[0], 9);
			assert_int_equal(r.frames[i].way, ways[i]);
		}
		reading_free(&r);
		image_free(&m);
	}
}

static void ixia_has_a_longer_file_header(void **state)
{
	static const uint32_t magics[] = {0x1c0001ac, 0x1c0001ab}, ticks[] = {1, 1000};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct image m = {0};
		image_pcap(&m, magics[i], 65535, LINKTYPE_ETHERNET);
		image_u32(&m, 76);
		image_record(&m, TEST_SECONDS, 7, 60, 60, 1);
		struct reading r = reading_image(&m);
		assert_int_equal(r.count, 1);
		assert_int_equal(r.frames[0].ts_ns, TEST_SECONDS * second_ns + 7 * ticks[i]);
		reading_free(&r);
		image_free(&m);
	}
}

static void snaplen_zero_or_huge_or_too_small(void **state)
{
	static const uint32_t snaplens[] = {0, 1, 68, UINT32_MAX};
	(void)state;
	for (size_t i = 0; i < sizeof snaplens / sizeof snaplens[0]; i++) {
		struct image m = {0};
		image_pcap(&m, (uint32_t)MAGIC_MICRO, snaplens[i], LINKTYPE_ETHERNET);
		image_record(&m, TEST_SECONDS, 0, 1514, 1514, 1);
		image_record(&m, TEST_SECONDS, 0, 60, 60, 1);
		struct reading r = reading_image(&m);
		assert_int_equal(r.count, 2);
		assert_int_equal(r.facts.status, CAPTURE_OK);
		assert_int_equal(r.facts.snaplen, snaplens[i]);
		reading_free(&r);
		image_free(&m);
	}
}

static void the_largest_record(void **state)
{
	(void)state;
	struct image m = {0};
	image_pcap(&m, (uint32_t)MAGIC_MICRO, CAPTURE_RECORD_MAX, LINKTYPE_ETHERNET);
	image_record(&m, TEST_SECONDS, 0, CAPTURE_RECORD_MAX, CAPTURE_RECORD_MAX, 1);
	image_record(&m, TEST_SECONDS, 0, 60, 60, 1);
	struct reading r = reading_image(&m);
	assert_int_equal(r.count, 2);
	assert_int_equal(r.facts.status, CAPTURE_OK);
	assert_int_equal(r.frames[0].bytes.len, CAPTURE_RECORD_MAX);
	reading_free(&r);
	image_free(&m);
}

static void more_captured_than_on_the_wire(void **state)
{
	(void)state;
	struct image m = {0};
	image_pcap(&m, (uint32_t)MAGIC_MICRO, 65535, LINKTYPE_ETHERNET);
	for (uint32_t i = 0; i < 3; i++)
		image_record(&m, TEST_SECONDS + i, 0, 64, 20, 1);
	struct reading r = reading_image(&m);
	assert_int_equal(r.count, 3);
	assert_int_equal(r.facts.status, CAPTURE_OK);
	assert_int_equal(r.frames[0].wire_len, 64);
	reading_free(&r);
	image_free(&m);
}

static void link_type_field_with_fcs(void **state)
{
	(void)state;
	struct image m = {0};
	image_pcap(&m, (uint32_t)MAGIC_MICRO, 65535, 0x24000000 | LINKTYPE_ETHERNET);
	image_record(&m, TEST_SECONDS, 0, 64, 64, 1);
	struct reading r = reading_image(&m);
	assert_int_equal(r.count, 1);
	assert_int_equal(r.frames[0].linktype, LINKTYPE_ETHERNET);
	assert_int_equal(r.frames[0].fcs_len, 4);
	reading_free(&r);
	image_free(&m);
}

static void old_versions_swap_the_lengths(void **state)
{
	(void)state;
	for (uint16_t minor = 2; minor <= 4; minor++) {
		struct image m = {0};
		image_pcap(&m, (uint32_t)MAGIC_MICRO, 65535, LINKTYPE_ETHERNET);
		m.bytes[6] = (uint8_t)minor;
		image_record(&m, TEST_SECONDS, 0, 60, 1000, 1);
		if (minor < 4) {
			image_set_u32(&m, 24 + 8, 1000);
			image_set_u32(&m, 24 + 12, 60);
		}
		struct reading r = reading_image(&m);
		assert_int_equal(r.count, 1);
		assert_int_equal(r.frames[0].bytes.len, 60);
		assert_int_equal(r.frames[0].wire_len, 1000);
		reading_free(&r);
		image_free(&m);
	}
}

static void raw_ip_has_one_number(void **state)
{
	static const uint32_t numbers[] = {12, 14, 101};
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct image m = {0};
		image_pcap(&m, (uint32_t)MAGIC_MICRO, 65535, numbers[i]);
		image_record(&m, TEST_SECONDS, 0, 40, 40, 1);
		struct reading r = reading_image(&m);
		assert_int_equal(r.frames[0].linktype, LINKTYPE_RAW);
		reading_free(&r);
		image_free(&m);
	}
}

static void cut_anywhere(void **state)
{
	static const int magics[] = {MAGIC_MICRO, MAGIC_NANO};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct image m = {.big_endian = i == 1};
		image_pcap(&m, (uint32_t)magics[i], 65535, LINKTYPE_ETHERNET);
		image_records(&m, 6);
		/* Clean cuts: after the file header and after each record but the last. */
		assert_int_equal(assert_cuts_consistent(&m), 6);
		image_free(&m);
	}
}

static void as_libpcap_reads_it(void **state)
{
	(void)state;
	struct image m = {0};
	image_pcap(&m, (uint32_t)MAGIC_MICRO, 262144, LINKTYPE_ETHERNET);
	for (uint32_t i = 0; i < 500; i++)
		image_record(&m, TEST_SECONDS + i / 7, i * 1999, i * 37 % 9000, i * 37 % 9000 + i % 3, (uint8_t)i);
	struct reading r = reading_image(&m);
	char error[PCAP_ERRBUF_SIZE];
	FILE *file = fmemopen(m.bytes, m.len, "rb");
	assert_non_null(file);
	pcap_t *oracle = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, error);
	assert_non_null(oracle);
	struct pcap_pkthdr *header;
	const u_char *bytes;
	size_t n = 0;
	while (pcap_next_ex(oracle, &header, &bytes) == 1) {
		assert_true(n < r.count);
		const struct frame *f = &r.frames[n++];
		assert_int_equal(f->ts_ns, header->ts.tv_sec * second_ns + header->ts.tv_usec);
		assert_int_equal(f->wire_len, header->len);
		assert_true(span_equal(f->bytes, span_of(bytes, header->caplen)));
	}
	assert_int_equal(n, r.count);
	pcap_close(oracle);
	reading_free(&r);
	image_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(microseconds_in_both_orders),
	    cmocka_unit_test(nanoseconds),
	    cmocka_unit_test(modified_has_a_longer_record_header),
	    cmocka_unit_test(ixia_has_a_longer_file_header),
	    cmocka_unit_test(snaplen_zero_or_huge_or_too_small),
	    cmocka_unit_test(the_largest_record),
	    cmocka_unit_test(more_captured_than_on_the_wire),
	    cmocka_unit_test(link_type_field_with_fcs),
	    cmocka_unit_test(old_versions_swap_the_lengths),
	    cmocka_unit_test(raw_ip_has_one_number),
	    cmocka_unit_test(cut_anywhere),
	    cmocka_unit_test(as_libpcap_reads_it),
	};
	return cmocka_run_group_tests_name("pcap", tests, NULL, NULL);
}
