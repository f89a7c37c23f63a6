/* Whole frames through all layers: cut anywhere, broken on purpose, nested too deep; and what counts as malformed. */
#include "tests/support/frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static enum decode_result decode_cut(struct span frame, size_t captured, size_t wire, struct packet *p)
{
	struct decoder *d = frames_decoder();
	struct frame f = {.number = 1,
	                  .linktype = LINKTYPE_RAW,
	                  .wire_len = (uint32_t)wire,
	                  .bytes = span_first(frame, captured)};
	enum decode_result result = decoder_packet(d, &f, 0, p);
	decoder_free(d);
	return result;
}

static void snapped_is_not_malformed(void **state)
{
	(void)state;
	struct bytes b;
	struct packet p;
	bytes_hello(&b);
	struct span frame = bytes_span(&b);
	size_t whole = frame.len;
	/* The capture's doing: the wire had all of it. */
	assert_int_equal(decode_cut(frame, whole - 2, whole, &p), DECODE_IP);
	assert_int_equal(p.anomalies, PKT_SNAPPED);
	assert_int_equal(p.payload_len, 5);
	assert_int_equal(p.payload.len, 3);
	assert_int_equal(decode_cut(frame, 40, whole, &p), DECODE_IP);
	assert_int_equal(p.payload.len, 0);
	assert_true(p.has_l4);
	assert_int_equal(decode_cut(frame, 39, whole, &p), DECODE_IP);
	assert_false(p.has_l4);
	assert_int_equal(p.anomalies, PKT_SNAPPED);
	assert_int_equal(p.dport, 80);
	assert_int_equal(decode_cut(frame, 19, whole, &p), DECODE_SNAPPED);
	/* The sender's: the frame was no longer than that. */
	assert_int_equal(decode_cut(frame, whole - 2, whole - 2, &p), DECODE_IP);
	assert_int_equal(p.anomalies, PKT_MALFORMED);
	assert_int_equal(p.payload_len, 5);
	assert_int_equal(p.payload.len, 3);
	assert_int_equal(decode_cut(frame, 39, 39, &p), DECODE_IP);
	assert_int_equal(p.anomalies, PKT_MALFORMED);
	assert_int_equal(decode_cut(frame, 19, 19, &p), DECODE_MALFORMED);
	/* Both: cut, and longer than the wire all the same. */
	assert_int_equal(decode_cut(frame, whole - 2, whole - 1, &p), DECODE_IP);
	assert_int_equal(p.anomalies, PKT_MALFORMED);
}

static void bears_any_cut(void **state)
{
	(void)state;
	struct bytes b;
	bytes_hello(&b);
	assert_prefixes("ipv4", LINKTYPE_RAW, bytes_span(&b));
	bytes_hello6(&b);
	assert_prefixes("ipv6", LINKTYPE_RAW, bytes_span(&b));
}

struct header_case {
	const char *name;
	size_t at; /* a byte of the frame of bytes_hello or bytes_hello6.. */
	uint8_t value;
	uint8_t version;
	enum decode_result result;
	uint32_t anomalies;
};

static const struct header_case headers[] = {
    {"ipv4, version 5", 0, 0x55, 4, DECODE_MALFORMED, 0},
    {"ipv4, header of 16", 0, 0x44, 4, DECODE_MALFORMED, 0},
    {"ipv4, header past the end", 0, 0x4f, 4, DECODE_MALFORMED, 0},
    {"ipv4, total length 16", 3, 16, 4, DECODE_MALFORMED, 0},
    {"ipv4, total length 20", 3, 20, 4, DECODE_IP, PKT_IP_CHECKSUM_BAD | PKT_PADDED | PKT_MALFORMED},
    {"ipv4, total length 41", 3, 41, 4, DECODE_IP, PKT_IP_CHECKSUM_BAD | PKT_PADDED},
    {"ipv4, wrong checksum", 8, 63, 4, DECODE_IP, PKT_IP_CHECKSUM_BAD},
    {"ipv6, payload length 20", 5, 20, 6, DECODE_IP, PKT_PADDED},
    {"ipv6, payload length 19", 5, 19, 6, DECODE_IP, PKT_PADDED | PKT_MALFORMED},
    {"ipv6, payload length 26", 5, 26, 6, DECODE_IP, PKT_MALFORMED},
    {"ipv6, payload length 0", 5, 0, 6, DECODE_IP, PKT_LENGTH_ZERO},
    {"ipv6, nothing follows", 6, IPPROTO_NONE, 6, DECODE_IP, 0},
};

static void broken_headers(void **state)
{
	(void)state;
	struct decoder *d = frames_decoder();
	for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
		struct bytes b;
		struct packet p;
		if (headers[i].version == 4)
			bytes_hello(&b);
		else
			bytes_hello6(&b);
		b.room[b.start + headers[i].at] = headers[i].value;
		enum decode_result result = frames_decode(d, LINKTYPE_RAW, bytes_span(&b), &p);
		if (result != headers[i].result || p.anomalies != headers[i].anomalies)
			fail_msg("%s: result %d, anomalies %x", headers[i].name, result, p.anomalies);
		assert_prefixes(headers[i].name, LINKTYPE_RAW, bytes_span(&b));
	}
	decoder_free(d);
}

/* Zero is what offload leaves. */
static void no_checksum_is_no_wrong_checksum(void **state)
{
	(void)state;
	struct bytes b;
	struct packet p;
	bytes_hello(&b);
	b.room[b.start + 10] = b.room[b.start + 11] = 0;
	assert_int_equal(decode_cut(bytes_span(&b), 45, 45, &p), DECODE_IP);
	assert_int_equal(p.anomalies, 0);
}

static void super_packets(void **state)
{
	(void)state;
	static struct bytes b;
	struct packet p;
	static const struct tcp_fields fields = {.sport = 1, .dport = 2, .flags = TCP_ACK};
	bytes_clear(&b);
	bytes_append_zeros(&b, 70000);
	bytes_tcp(&b, &fields);
	bytes_ipv4(&b, IPPROTO_TCP, "10.1.1.1", "10.2.2.2");
	b.room[b.start + 2] = b.room[b.start + 3] = 0;
	b.room[b.start + 10] = b.room[b.start + 11] = 0;
	struct span frame = bytes_span(&b);
	assert_int_equal(decode_cut(frame, frame.len, frame.len, &p), DECODE_IP);
	assert_int_equal(p.anomalies, PKT_LENGTH_ZERO | PKT_JUMBO);
	assert_int_equal(p.payload_len, 70000);
	assert_int_equal(p.payload.len, 70000);
	assert_int_equal(packet_checksum(&p), CHECKSUM_UNKNOWN);
	assert_int_equal(decode_cut(frame, 100, frame.len, &p), DECODE_IP);
	assert_int_equal(p.anomalies, PKT_LENGTH_ZERO | PKT_JUMBO | PKT_SNAPPED);
	assert_int_equal(p.payload_len, 70000);
	assert_int_equal(p.payload.len, 60);
}

/* Ethernet fills short frames up, and may end in a check sequence. */
static void what_follows_the_packet_is_cut_off(void **state)
{
	(void)state;
	struct bytes b;
	struct packet p;
	bytes_hello(&b);
	bytes_append_zeros(&b, 9);
	bytes_ethernet(&b, 0x0800);
	struct decoder *d = frames_decoder();
	struct span frame = bytes_span(&b);
	assert_int_equal(frames_decode(d, LINKTYPE_ETHERNET, frame, &p), DECODE_IP);
	assert_hello(&p, 4);
	assert_int_equal(p.anomalies, PKT_PADDED);
	struct frame f = {.number = 1,
	                  .linktype = LINKTYPE_ETHERNET,
	                  .fcs_len = 4,
	                  .wire_len = (uint32_t)frame.len - 5,
	                  .bytes = span_first(frame, frame.len - 5)};
	assert_int_equal(decoder_packet(d, &f, 0, &p), DECODE_IP);
	assert_int_equal(p.anomalies, 0);
	/* Cut inside the check sequence, and before it. */
	f.bytes.len -= 2;
	assert_int_equal(decoder_packet(d, &f, 0, &p), DECODE_IP);
	assert_int_equal(p.anomalies, 0);
	f.bytes.len -= 3;
	assert_int_equal(decoder_packet(d, &f, 0, &p), DECODE_IP);
	assert_int_equal(p.anomalies, PKT_SNAPPED);
	f.fcs_len = 255;
	assert_int_equal(decoder_packet(d, &f, 0, &p), DECODE_MALFORMED);
	decoder_free(d);
}

static void ipv4_options(void **state)
{
	(void)state;
	struct bytes hello, b;
	struct packet p;
	bytes_hello(&hello);
	bytes_clear(&b);
	bytes_put(&b, span_after(bytes_span(&hello), 20));
	bytes_hex(&b, "4600 0031 0007 4000 40 06 0000 0a010101 0a020202 94040000");
	struct decoder *d = frames_decoder();
	assert_int_equal(frames_decode(d, LINKTYPE_RAW, bytes_span(&b), &p), DECODE_IP);
	assert_hello(&p, 4);
	assert_int_equal(p.anomalies, 0);
	assert_int_equal(p.ip_id, 7);
	assert_true(p.ip_df);
	assert_prefixes("options", LINKTYPE_RAW, bytes_span(&b));
	decoder_free(d);
}

struct extension_case {
	const char *name;
	uint8_t first;
	const char *src, *dst; /* of the IPv6 header */
	const char *headers;
};

#define ONE       "2001:db8::1"
#define TWO       "2001:db8::2"
#define ONE_HEX   "20010db8000000000000000000000001"
#define TWO_HEX   "20010db8000000000000000000000002"
#define OTHER_HEX "20010db8000000000000000000000009"

static const struct extension_case extensions[] = {
    {"hop-by-hop", 0, ONE, TWO, "0600 010400000000"},
    {"all in their order", 0, ONE, TWO,
     "3c00 010400000000 2b00 010400000000 2c00 00000000 0000 3300 0000 00000001"
     "0604 0000 00000001 00000001 112233445566778899aabbcc"},
    {"destination options", 60, ONE, TWO, "0600 010400000000"},
    {"long destination options", 60, ONE, TWO, "0601 010c 000000000000000000000000"},
    {"authentication", 51, ONE, TWO, "0604 0000 00000001 00000001 112233445566778899aabbcc"},
    {"shim6", 140, ONE, TWO, "0600 000000000000"},
    {"routing, done", 43, ONE, TWO, "0602 00 00 00000000" OTHER_HEX},
    {"routing, type 0", 43, ONE, "2001:db8::7", "0604 00 02 00000000" OTHER_HEX TWO_HEX},
    {"routing, type 2", 43, ONE, "2001:db8::7", "0602 02 01 00000000" TWO_HEX},
    {"segment routing", 43, ONE, "2001:db8::7", "0604 04 01 01 00 0000" TWO_HEX OTHER_HEX},
    {"home address", 60, "2001:db8::7", TWO, "0602 01 02 0000 c9 10" ONE_HEX},
};

static void build_extension(struct bytes *b, const struct extension_case *c)
{
	struct bytes hello;
	bytes_hello6(&hello);
	bytes_clear(b);
	bytes_put(b, span_after(bytes_span(&hello), 40));
	bytes_hex(b, c->headers);
	bytes_ipv6(b, c->first, c->src, c->dst);
}

/* The addresses are those that the transport layer sees. */
static void ipv6_extension_headers(void **state)
{
	(void)state;
	struct decoder *d = frames_decoder();
	for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++) {
		struct bytes b;
		struct packet p;
		build_extension(&b, &extensions[i]);
		assert_int_equal(frames_decode(d, LINKTYPE_RAW, bytes_span(&b), &p), DECODE_IP);
		if (p.l4_proto != IPPROTO_TCP || p.anomalies)
			fail_msg("%s: protocol %u, anomalies %x", extensions[i].name, p.l4_proto, p.anomalies);
		assert_hello(&p, 6);
		assert_prefixes(extensions[i].name, LINKTYPE_RAW, bytes_span(&b));
	}
	decoder_free(d);
}

static void authentication_over_ipv4(void **state)
{
	(void)state;
	struct bytes hello, b;
	struct packet p;
	bytes_hello(&hello);
	bytes_clear(&b);
	bytes_put(&b, span_after(bytes_span(&hello), 20));
	bytes_hex(&b, "0604 0000 00000001 00000001 112233445566778899aabbcc");
	bytes_ipv4(&b, IPPROTO_AH, "10.1.1.1", "10.2.2.2");
	struct decoder *d = frames_decoder();
	assert_int_equal(frames_decode(d, LINKTYPE_RAW, bytes_span(&b), &p), DECODE_IP);
	assert_hello(&p, 4);
	/* IPv6's headers are none of IPv4's. */
	bytes_hello(&hello);
	bytes_clear(&b);
	bytes_hex(&b, "0600 010400000000");
	bytes_ipv4(&b, IPPROTO_DSTOPTS, "10.1.1.1", "10.2.2.2");
	assert_int_equal(frames_decode(d, LINKTYPE_RAW, bytes_span(&b), &p), DECODE_IP);
	assert_int_equal(p.l4_proto, IPPROTO_DSTOPTS);
	assert_int_equal(p.payload.len, 8);
	decoder_free(d);
}

/* Layers without end: decoding stops, what was found stands. */
static void depth_is_bounded(void **state)
{
	(void)state;
	static struct bytes b;
	struct packet p;
	struct decoder *d = frames_decoder();
	bytes_hello(&b);
	for (int i = 0; i < 2000; i++)
		bytes_ipv4(&b, IPPROTO_IPIP, "192.0.2.1", "192.0.2.2");
	assert_int_equal(frames_decode(d, LINKTYPE_RAW, bytes_span(&b), &p), DECODE_IP);
	assert_true(p.anomalies & PKT_NESTED_TOO_DEEP);
	assert_int_equal(p.l4_proto, IPPROTO_IPIP);

	bytes_clear(&b);
	for (int i = 0; i < 2000; i++)
		bytes_hex(&b, "0001 8100");
	bytes_hex(&b, "020000000002 020000000001 8100");
	assert_int_equal(frames_decode(d, LINKTYPE_ETHERNET, bytes_span(&b), &p), DECODE_MALFORMED);
	assert_int_equal(p.anomalies, PKT_NESTED_TOO_DEEP);

	bytes_clear(&b);
	for (int i = 0; i < 2000; i++)
		bytes_hex(&b, "3c00 010400000000");
	bytes_ipv6(&b, IPPROTO_DSTOPTS, "::1", "::2");
	assert_int_equal(frames_decode(d, LINKTYPE_RAW, bytes_span(&b), &p), DECODE_IP);
	assert_true(p.anomalies & PKT_NESTED_TOO_DEEP);

	bytes_clear(&b);
	for (int i = 0; i < 2000; i++)
		bytes_hex(&b, "00 00 0800 c0000000");
	assert_int_equal(frames_decode(d, LINKTYPE_PPI, bytes_span(&b), &p), DECODE_MALFORMED);
	decoder_free(d);
}

/* As deep as real networks stack them: well within the bound. */
static void real_depth_is_reached(void **state)
{
	(void)state;
	struct bytes b;
	struct packet p;
	bytes_hello(&b);
	bytes_hex(&b, "30 ff 002d 00000005");
	bytes_udp(&b, 2152, 2152);
	bytes_ipv4(&b, IPPROTO_UDP, "172.16.0.1", "172.16.0.2");
	bytes_hex(&b, "0000 0800");
	bytes_ipv4(&b, IPPROTO_GRE, "172.17.0.1", "172.17.0.2");
	bytes_hex(&b, "020000000002 020000000001 8100 0005 0800");
	bytes_hex(&b, "08000000 00000500");
	bytes_udp(&b, 50000, 4789);
	bytes_ipv4(&b, IPPROTO_UDP, "172.18.0.1", "172.18.0.2");
	bytes_hex(&b, "00010140 00000000 020000000002 020000000001 8100 0006 0800");
	bytes_hex(&b, "020000000002 020000000001 88a8 0007 8100 0008 8847");
	struct decoder *d = frames_decoder();
	assert_int_equal(frames_decode(d, LINKTYPE_ETHERNET, bytes_span(&b), &p), DECODE_IP);
	assert_hello(&p, 4);
	assert_int_equal(p.anomalies, PKT_TUNNELED);
	decoder_free(d);
}

static void results_are_counted(void **state)
{
	(void)state;
	struct bytes b;
	struct packet p;
	struct decoder *d = frames_decoder();
	bytes_hello(&b);
	frames_decode(d, LINKTYPE_RAW, bytes_span(&b), &p);
	frames_decode(d, LINKTYPE_RAW, bytes_span(&b), &p);
	frames_decode(d, 9999, bytes_span(&b), &p);
	assert_int_equal(decoder_counts(d)->results[DECODE_IP], 2);
	assert_int_equal(decoder_counts(d)->results[DECODE_UNKNOWN_LINK], 1);
	assert_int_equal(decoder_counts(d)->results[DECODE_MALFORMED], 0);
	decoder_free(d);
	decoder_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(snapped_is_not_malformed),
	    cmocka_unit_test(bears_any_cut),
	    cmocka_unit_test(broken_headers),
	    cmocka_unit_test(no_checksum_is_no_wrong_checksum),
	    cmocka_unit_test(super_packets),
	    cmocka_unit_test(what_follows_the_packet_is_cut_off),
	    cmocka_unit_test(ipv4_options),
	    cmocka_unit_test(ipv6_extension_headers),
	    cmocka_unit_test(authentication_over_ipv4),
	    cmocka_unit_test(depth_is_bounded),
	    cmocka_unit_test(real_depth_is_reached),
	    cmocka_unit_test(results_are_counted),
	};
	return cmocka_run_group_tests_name("test_decode", tests, NULL, NULL);
}
