/* TCP and UDP headers and TCP options: whole, cut and broken. */
#include "tests/support/frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct packet decoded_tcp(const char *options, size_t captured)
{
	struct bytes b;
	struct packet p;
	struct tcp_fields fields = {.sport = 1, .dport = 2, .flags = TCP_SYN, .options = options};
	bytes_clear(&b);
	bytes_tcp(&b, &fields);
	bytes_ipv4(&b, IPPROTO_TCP, "10.1.1.1", "10.2.2.2");
	struct span frame = bytes_span(&b);
	struct frame f = {.number = 1,
	                  .linktype = LINKTYPE_RAW,
	                  .wire_len = (uint32_t)frame.len,
	                  .bytes = span_first(frame, captured)};
	struct decoder *d = frames_decoder();
	assert_int_equal(decoder_packet(d, &f, 0, &p), DECODE_IP);
	decoder_free(d);
	assert_true(p.has_l4);
	return p;
}

static void options_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *options;
		unsigned seen;
	} cases[] = {
	    {"", 0},
	    {"020405b4", TCPOPT_SEEN_MSS},
	    {"0303 0700", TCPOPT_SEEN_WSCALE},
	    {"01010402", TCPOPT_SEEN_SACK_PERMITTED},
	    {"0101 050a 0000000100000002", TCPOPT_SEEN_SACK},
	    {"0101 080a 0000000500000006", TCPOPT_SEEN_TIMESTAMPS},
	    {"220a 0011223344556677 0000", TCPOPT_SEEN_FASTOPEN},
	    {"fe04f989", TCPOPT_SEEN_FASTOPEN},
	    {"fe041234", TCPOPT_SEEN_OTHER},
	    {"1e0c 00000000000000000000", TCPOPT_SEEN_MPTCP},
	    {"1312 00000000000000000000000000000000 0000", TCPOPT_SEEN_OTHER},
	    {"02 04 05b4 04 02 08 0a 00000005 00000006 01 03 03 07",
	     TCPOPT_SEEN_MSS | TCPOPT_SEEN_SACK_PERMITTED | TCPOPT_SEEN_TIMESTAMPS | TCPOPT_SEEN_WSCALE},
	    {"020405b4 00 ff ff ff", TCPOPT_SEEN_MSS},               /* nothing after the end counts */
	    {"020405b4 0300 0000", TCPOPT_SEEN_MSS | TCPOPT_BROKEN}, /* length 0 */
	    {"020405b4 0301 0000", TCPOPT_SEEN_MSS | TCPOPT_BROKEN}, /* length 1 */
	    {"020405b4 0808 0000", TCPOPT_SEEN_MSS | TCPOPT_BROKEN}, /* longer than the header */
	    {"02 03 05 01", TCPOPT_SEEN_OTHER},                      /* an MSS of one byte is none */
	    {"0101 01 08", TCPOPT_BROKEN},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct packet p = decoded_tcp(cases[i].options, 100);
		if (p.tcp_options.seen != cases[i].seen)
			fail_msg("%s: seen %x", cases[i].options, p.tcp_options.seen);
		assert_int_equal(p.anomalies, 0);
		assert_int_equal(p.payload_len, 0);
	}
}

static void option_values(void **state)
{
	(void)state;
	struct packet p = decoded_tcp("020405b4 0402 080a 00000005 00000006 01 03030f 01010101", 100);
	assert_int_equal(p.tcp_options.mss, 1460);
	assert_int_equal(p.tcp_options.tsval, 5);
	assert_int_equal(p.tcp_options.tsecr, 6);
	assert_int_equal(p.tcp_options.wscale, 14);
	assert_int_equal(p.tcp_options.length, 24);
	assert_int_equal(p.tcp_flags, TCP_SYN);
	assert_int_equal(p.tcp_window, 0x2000);
}

/* What the capture cut off is not the sender's fault. */
static void options_cut_by_the_capture(void **state)
{
	(void)state;
	for (size_t captured = 40; captured < 52; captured++) {
		struct packet p = decoded_tcp("020405b4 080a 00000005 00000006 0000", captured);
		assert_int_equal(p.anomalies, PKT_SNAPPED);
		assert_int_equal(p.tcp_options.seen, captured < 44 ? 0 : TCPOPT_SEEN_MSS);
		assert_int_equal(p.tcp_options.length, 16);
	}
}

struct broken_case {
	const char *name;
	uint8_t protocol;
	bool has_l4;
	unsigned sport;
	const char *transport;
};

static const struct broken_case broken[] = {
    {"tcp, offset 4", IPPROTO_TCP, false, 1, "0001 0002 00000000 00000000 4010 2000 0000 0000"},
    {"tcp, offset past the packet", IPPROTO_TCP, false, 1, "0001 0002 00000000 00000000 6010 2000 0000 0000"},
    {"tcp, too short", IPPROTO_TCP, false, 1, "0001 0002 00000000 00000000 5010 2000 0000"},
    {"tcp, ports alone", IPPROTO_TCP, false, 1, "0001 0002"},
    {"tcp, half a port", IPPROTO_TCP, false, 0, "0001 00"},
    {"udp, too short", IPPROTO_UDP, false, 1, "0001 0002 0008"},
    {"udp, length under 8", IPPROTO_UDP, true, 1, "0001 0002 0007 0000 00"},
    {"udp, length past the packet", IPPROTO_UDP, true, 1, "0001 0002 000a 0000 00"},
    {"dccp, offset under 8", IPPROTO_DCCP, false, 1, "0001 0002 01 00 0000 0000 0000"},
    {"sctp, too short", IPPROTO_SCTP, false, 1, "0001 0002 00000000 0000"},
    {"icmp, too short", IPPROTO_ICMP, false, 0, "0800 00"},
};

static void broken_headers(void **state)
{
	(void)state;
	struct decoder *d = frames_decoder();
	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
		struct bytes b;
		struct packet p;
		bytes_clear(&b);
		bytes_hex(&b, broken[i].transport);
		bytes_ipv4_fragment(&b, broken[i].protocol, "10.1.1.1", "10.2.2.2", 0, 0x4000);
		assert_int_equal(frames_decode(d, LINKTYPE_RAW, bytes_span(&b), &p), DECODE_IP);
		if (p.anomalies != PKT_MALFORMED || p.has_l4 != broken[i].has_l4 || p.sport != broken[i].sport)
			fail_msg("%s: anomalies %x, sport %u", broken[i].name, p.anomalies, p.sport);
		assert_int_equal(packet_checksum(&p), CHECKSUM_UNKNOWN);
		assert_prefixes(broken[i].name, LINKTYPE_RAW, bytes_span(&b));
	}
	decoder_free(d);
}

struct ports_case {
	uint8_t protocol;
	size_t payload;
	const char *transport;
};

static void ports_of_other_protocols(void **state)
{
	(void)state;
	static const struct ports_case cases[] = {
	    {IPPROTO_SCTP, 3, "0001 0002 00000000 00000000 616263"},
	    {IPPROTO_UDPLITE, 4, "0001 0002 0008 1234 61626364"},
	    {IPPROTO_DCCP, 2, "0001 0002 03 00 0000 00000000 6162"},
	    {IPPROTO_UDP, 2, "0001 0002 000a 0000 6162"},
	    {IPPROTO_UDP, 2, "0001 0002 0000 0000 6162"},      /* no length: the IP header's */
	    {IPPROTO_UDP, 2, "0001 0002 000a 0000 6162 ffff"}, /* shorter than IP's: what follows is not its own */
	};
	struct decoder *d = frames_decoder();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct bytes b;
		struct packet p;
		bytes_clear(&b);
		bytes_hex(&b, cases[i].transport);
		bytes_ipv4_fragment(&b, cases[i].protocol, "10.1.1.1", "10.2.2.2", 0, 0x4000);
		assert_int_equal(frames_decode(d, LINKTYPE_RAW, bytes_span(&b), &p), DECODE_IP);
		assert_true(p.has_l4);
		assert_int_equal(p.sport, 1);
		assert_int_equal(p.dport, 2);
		assert_int_equal(p.anomalies, 0);
		assert_int_equal(p.payload_len, cases[i].payload);
		assert_int_equal(p.payload.len, cases[i].payload);
		assert_prefixes("ports", LINKTYPE_RAW, bytes_span(&b));
	}
	decoder_free(d);
}

static void unknown_protocols_keep_their_bytes(void **state)
{
	(void)state;
	struct decoder *d = frames_decoder();
	struct bytes b;
	struct packet p;
	bytes_clear(&b);
	bytes_hex(&b, "0102030405");
	bytes_ipv4(&b, IPPROTO_ESP, "10.1.1.1", "10.2.2.2");
	assert_int_equal(frames_decode(d, LINKTYPE_RAW, bytes_span(&b), &p), DECODE_IP);
	assert_false(p.has_l4);
	assert_int_equal(p.l4_proto, IPPROTO_ESP);
	assert_int_equal(p.payload_len, 5);
	assert_int_equal(p.payload.len, 5);
	decoder_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(options_are_read),           cmocka_unit_test(option_values),
	    cmocka_unit_test(options_cut_by_the_capture), cmocka_unit_test(broken_headers),
	    cmocka_unit_test(ports_of_other_protocols),   cmocka_unit_test(unknown_protocols_keep_their_bytes),
	};
	return cmocka_run_group_tests_name("test_transport", tests, NULL, NULL);
}
