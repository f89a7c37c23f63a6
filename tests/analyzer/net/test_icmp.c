/* ICMP errors and the packets that they quote, however short. */
#include "tests/support/frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* An error about what bytes_hello sends, which quotes `quoted` bytes of it. */
static void error_about_hello(struct bytes *b, uint8_t version, const char *head, size_t quoted)
{
	struct bytes hello;
	if (version == 4)
		bytes_hello(&hello);
	else
		bytes_hello6(&hello);
	bytes_clear(b);
	bytes_put(b, span_first(bytes_span(&hello), quoted));
	bytes_hex(b, head);
	if (version == 4)
		bytes_ipv4(b, IPPROTO_ICMP, "192.0.2.1", "10.1.1.1");
	else
		bytes_ipv6(b, IPPROTO_ICMPV6, "2001:db8::9", "2001:db8::1");
}

static void assert_quotes_hello(const struct icmp_quote *q, uint8_t version)
{
	char src[ADDR_TEXT_SIZE], dst[ADDR_TEXT_SIZE];
	assert_string_equal(addr_text(&q->src, src), version == 4 ? "10.1.1.1" : "2001:db8::1");
	assert_string_equal(addr_text(&q->dst, dst), version == 4 ? "10.2.2.2" : "2001:db8::2");
	assert_int_equal(q->l4_proto, IPPROTO_TCP);
	assert_int_equal(q->ttl, 64);
}

/* All of it, or as little as an old router quotes. */
static void errors_quote_as_far_as_it_goes(void **state)
{
	(void)state;
	struct decoder *d = frames_decoder();
	for (uint8_t version = 4; version <= 6; version += 2) {
		size_t header = version == 4 ? 20 : 40;
		for (size_t quoted = 0; quoted <= header + 25; quoted++) {
			struct bytes b;
			struct packet p;
			error_about_hello(&b, version, version == 4 ? "030a0000 00000000" : "01010000 00000000",
			                  quoted);
			assert_int_equal(frames_decode(d, LINKTYPE_RAW, bytes_span(&b), &p), DECODE_IP);
			assert_true(p.has_l4);
			assert_int_equal(p.icmp_type, version == 4 ? 3 : 1);
			assert_int_equal(p.icmp_code, version == 4 ? 10 : 1);
			assert_int_equal(p.payload_len, quoted);
			assert_int_equal(p.sport, 0);
			assert_int_equal(p.quote.src.version, quoted >= header ? version : 0);
			assert_int_equal(p.quote.has_ports, quoted >= header + 4);
			assert_int_equal(p.quote.has_seq, quoted >= header + 8);
			if (quoted < header)
				continue;
			assert_quotes_hello(&p.quote, version);
			assert_int_equal(p.quote.sport, quoted >= header + 4 ? 1234 : 0);
			assert_int_equal(p.quote.dport, quoted >= header + 4 ? 80 : 0);
			assert_int_equal(p.quote.tcp_seq, quoted >= header + 8 ? 1000 : 0);
		}
	}
	decoder_free(d);
}

static void bears_any_cut(void **state)
{
	(void)state;
	struct bytes b;
	error_about_hello(&b, 4, "0b000000 00000000", 45);
	assert_prefixes("icmp", LINKTYPE_RAW, bytes_span(&b));
	error_about_hello(&b, 6, "03000000 00000000", 65);
	assert_prefixes("icmpv6", LINKTYPE_RAW, bytes_span(&b));
}

static void only_errors_quote(void **state)
{
	(void)state;
	static const uint8_t errors[] = {3, 4, 5, 11, 12}, errors6[] = {1, 2, 3, 4};
	struct decoder *d = frames_decoder();
	for (uint8_t version = 4; version <= 6; version += 2) {
		for (unsigned type = 0; type < 256; type++) {
			struct bytes b;
			struct packet p;
			char head[20];
			snprintf(head, sizeof head, "%02x00000000000000", type);
			error_about_hello(&b, version, head, 65);
			assert_int_equal(frames_decode(d, LINKTYPE_RAW, bytes_span(&b), &p), DECODE_IP);
			bool error = version == 4 ? memchr(errors, (int)type, sizeof errors) != NULL
			                          : memchr(errors6, (int)type, sizeof errors6) != NULL;
			assert_int_equal(p.quote.src.version != 0, error);
		}
	}
	decoder_free(d);
}

struct quote_case {
	const char *name;
	const char *quote;
	uint8_t version, l4_proto;
	bool has_ports;
};

#define QUOTE6(next) "60000000 0000" next "01 20010db8000000000000000000000001 20010db8000000000000000000000002"

static const struct quote_case quotes[] = {
    {"options", "46 00 003c 0001 0000 01 11 0000 0a010101 0a020202 94040000 04d2 0035 0028 0000", 4, 17, true},
    {"options cut", "46 00 003c 0001 0000 01 11 0000 0a010101 0a020202 9404", 4, 17, false},
    {"later fragment", "45 00 003c 0001 0010 01 11 0000 0a010101 0a020202 04d2 0035 0028 0000", 4, 17, false},
    {"header length 4", "44 00 003c 0001 0000 01 11 0000 0a010101 0a020202", 0, 0, false},
    {"version 5", "55 00 003c 0001 0000 01 11 0000 0a010101 0a020202", 0, 0, false},
    {"echo", "45 00 003c 0001 0000 01 01 0000 0a010101 0a020202 0800 0000 0001 0001", 4, 1, false},
    {"ipv6, options and fragment", QUOTE6("00") "2c00 010400000000 1100 0001 00000005 04d2 0035 0008 0000", 6, 17,
     true},
    {"ipv6, later fragment", QUOTE6("2c") "1100 0009 00000005 04d2 0035 0008 0000", 6, 44, false},
    {"ipv6, options cut", QUOTE6("00") "2c05 0104", 6, 0, false},
};

static void quotes_of_all_sorts(void **state)
{
	(void)state;
	struct decoder *d = frames_decoder();
	for (size_t i = 0; i < sizeof quotes / sizeof quotes[0]; i++) {
		struct bytes b;
		struct packet p;
		bytes_clear(&b);
		bytes_hex(&b, quotes[i].quote);
		bytes_hex(&b, "0b000000 00000000");
		bytes_ipv4(&b, IPPROTO_ICMP, "192.0.2.1", "10.1.1.1");
		assert_int_equal(frames_decode(d, LINKTYPE_RAW, bytes_span(&b), &p), DECODE_IP);
		const struct icmp_quote *q = &p.quote;
		if (q->src.version != quotes[i].version || q->l4_proto != quotes[i].l4_proto ||
		    q->has_ports != quotes[i].has_ports)
			fail_msg("%s: version %u, protocol %u", quotes[i].name, q->src.version, q->l4_proto);
		assert_int_equal(p.anomalies, 0);
	}
	decoder_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(errors_quote_as_far_as_it_goes),
	    cmocka_unit_test(bears_any_cut),
	    cmocka_unit_test(only_errors_quote),
	    cmocka_unit_test(quotes_of_all_sorts),
	};
	return cmocka_run_group_tests_name("test_icmp", tests, NULL, NULL);
}
