/* Link layers: each leads to the IP packet, wherever the frame is cut; what tells networks apart is kept. */
#include "tests/support/frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

struct link_case {
	const char *name;
	uint16_t linktype;
	uint8_t version; /* of the IP packet that the head leads to */
	bool tagged;     /* the head has an identity */
	const char *head;
};

#define MACS "020000000002 020000000001"

static const struct link_case cases[] = {
    {"ethernet", 1, 4, false, MACS "0800"},
    {"ethernet, ipv6", 1, 6, false, MACS "86dd"},
    {"802.3 llc", 1, 4, false, MACS "0030 060603"},
    {"802.3 snap", 1, 4, false, MACS "0035 aaaa03 000000 0800"},
    {"802.3 snap, bridge tunnel", 1, 6, false, MACS "0049 aaaa03 0000f8 86dd"},
    {"802.3, long frame", 1, 4, false, MACS "8870 aaaa03 000000 0800"},
    {"802.1q", 1, 4, true, MACS "8100 2064 0800"},
    {"802.1q, priority", 1, 4, false, MACS "8100 e000 0800"},
    {"802.1ad in 802.1q in 9100", 1, 6, true, MACS "9100 0001 8100 0002 88a8 0003 86dd"},
    {"vlan with snap", 1, 4, true, MACS "8100 0064 0035 aaaa03 000000 0800"},
    {"802.1ah", 1, 4, true, MACS "88e7 00123456" MACS "0800"},
    {"802.1br", 1, 4, false, MACS "893f 000000000000 0800"},
    {"vn-tag", 1, 4, false, MACS "8926 00000000 0800"},
    {"cisco metadata", 1, 4, false, MACS "8909 01010001 0005 0800"},
    {"nsh", 1, 4, false,
     MACS "894f 0fc6 02 01 000001 ff"
          "00000000 00000000 00000000 00000000"},
    {"isl", 1, 4, true, "01000c000000 020000000001 0050 aaaa03 00000c 00c8 0000 0000" MACS "0800"},
    {"mpls", 1, 4, true, MACS "8847 00010140"},
    {"mpls, two labels", 1, 6, true, MACS "8847 00010040 00020140"},
    {"mpls, explicit null", 1, 4, false, MACS "8847 00000140"},
    {"pseudowire with control word", 1, 4, true, MACS "8847 00010140 00000000" MACS "0800"},
    {"pseudowire without", 1, 4, true, MACS "8847 00010140" MACS "0800"},
    {"pseudowire, address starts with 4", 1, 4, true, MACS "8847 00010140 420000000002 020000000001 0800"},
    {"pppoe", 1, 4, true, MACS "8864 1100 0007 002f 0021"},
    {"pppoe, ipv6", 1, 6, true, MACS "8864 1100 0007 0043 0057"},
    {"null, little-endian", 0, 4, false, "02000000"},
    {"null, big-endian", 0, 4, false, "00000002"},
    {"null, linux ipv6", 0, 6, false, "0a000000"},
    {"null, macos ipv6", 0, 6, false, "1e000000"},
    {"loop", 108, 6, false, "00000018"},
    {"raw", 101, 4, false, ""},
    {"raw, ipv6", 101, 6, false, ""},
    {"raw, bsd", 12, 4, false, ""},
    {"ipv4", 228, 4, false, ""},
    {"ipv6", 229, 6, false, ""},
    {"sll", 113, 4, false, "0000 0001 0006 0200000000010000 0800"},
    {"sll, vlan", 113, 4, true, "0000 0001 0006 0200000000010000 8100 0064 0800"},
    {"sll, llc", 113, 4, false, "0000 0001 0006 0200000000010000 0004 aaaa03 000000 0800"},
    {"sll2", 276, 6, false, "86dd 0000 00000003 0001 04 06 0200000000010000"},
    {"ppp", 9, 4, false, "ff03 0021"},
    {"ppp, compressed", 9, 6, false, "57"},
    {"ppp, mpls", 9, 4, true, "ff03 0281 00010140"},
    {"ppp, whole multilink", 9, 4, false, "ff03 003d c0000001 0021"},
    {"ppp in hdlc", 50, 4, false, "ff03 0021"},
    {"cisco hdlc as ppp", 50, 4, false, "0f00 0800"},
    {"ppp with direction", 204, 4, false, "01 ff03 0021"},
    {"pppd", 166, 4, false, "01 03 0021"},
    {"pppoe alone", 51, 4, true, "1100 0007 002f 0021"},
    {"cisco hdlc", 104, 4, false, "0f00 0800"},
    {"frame relay", 107, 4, true, "1841 03 cc"},
    {"frame relay, padded snap", 107, 6, true, "1841 03 00 80 000000 86dd"},
    {"frame relay, bridged", 107, 4, true, "1841 03 00 80 0080c2 0007" MACS "0800"},
    {"frame relay, cisco", 107, 4, true, "1841 0800"},
    {"nflog", 239, 4, false, "02 00 0000 0800 0100 08000301 0500 0a00 00000000 3100 0900"},
    {"nflog, big-endian", 239, 6, false, "0a 00 0000 0008 0001 08000301 0045 0009"},
    {"erf, ethernet", 197, 4, false, "0000000000000000 02 04 0051 0000 003f 0000" MACS "0800"},
    {"erf, extension header", 197, 4, false, "0000000000000000 82 04 0059 0000 003f 0000000000000000 0000" MACS "0800"},
    {"erf, ipv4", 197, 4, false, "0000000000000000 16 04 003d 0000 002d"},
    {"ppi, ethernet", 192, 4, false, "00 00 0800 01000000" MACS "0800"},
    {"token ring", 6, 4, false, "10 40 020000000002 020000000001 aaaa03 000000 0800"},
    {"token ring, routed", 6, 4, false, "10 40 020000000002 820000000001 0670 0011 0020 aaaa03 000000 0800"},
    {"fddi", 10, 4, false, "50 020000000002 020000000001 aaaa03 000000 0800"},
    {"rfc 1483", 100, 4, false, "aaaa03 000000 0800"},
    {"rfc 1483, bridged", 100, 4, false, "aaaa03 0080c2 0007 0000" MACS "0800"},
    {"sunatm", 123, 4, false, "02 00 0001 aaaa03 000000 0800"},
    {"pflog", 117, 4, false,
     "3d 02 00 00 656d3000000000000000000000000000 00000000000000000000000000000000"
     "00000000 00000000 00000000 00000000 00000000 00000000 00 000000"},
    {"enc", 109, 4, false, "02000000 00000000 00000000"},
};

static void build(struct bytes *b, const struct link_case *c)
{
	if (c->version == 4)
		bytes_hello(b);
	else
		bytes_hello6(b);
	bytes_hex(b, c->head);
}

static void leads_to_ip(void **state)
{
	(void)state;
	struct decoder *d = frames_decoder();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct bytes b;
		struct packet p;
		build(&b, &cases[i]);
		enum decode_result result = frames_decode(d, cases[i].linktype, bytes_span(&b), &p);
		if (result != DECODE_IP)
			fail_msg("%s: result %d", cases[i].name, result);
		assert_hello(&p, cases[i].version);
		assert_int_equal(p.anomalies, 0);
		if ((p.tunnel_shared || p.tunnel_way) != cases[i].tagged)
			fail_msg("%s: identity", cases[i].name);
	}
	decoder_free(d);
}

static void bears_any_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct bytes b;
		build(&b, &cases[i]);
		assert_prefixes(cases[i].name, cases[i].linktype, bytes_span(&b));
	}
}

static struct packet decoded(const char *head)
{
	struct bytes b;
	struct packet p;
	struct decoder *d = frames_decoder();
	bytes_hello(&b);
	bytes_hex(&b, head);
	assert_int_equal(frames_decode(d, LINKTYPE_ETHERNET, bytes_span(&b), &p), DECODE_IP);
	decoder_free(d);
	return p;
}

static void identity_is_in_the_digests(void **state)
{
	(void)state;
	struct packet plain = decoded(MACS "0800");
	struct packet vlan1 = decoded(MACS "8100 0001 0800"), vlan2 = decoded(MACS "8100 0002 0800");
	struct packet stacked = decoded(MACS "88a8 0001 8100 0002 0800"),
	              other = decoded(MACS "88a8 0002 8100 0001 0800");
	assert_int_equal(plain.tunnel_way, 0);
	assert_true(vlan1.tunnel_way && vlan1.tunnel_way != vlan2.tunnel_way);
	assert_true(stacked.tunnel_way != vlan1.tunnel_way && stacked.tunnel_way != other.tunnel_way);
	/* The priority bits are none of it. */
	assert_true(decoded(MACS "8100 e001 0800").tunnel_way == vlan1.tunnel_way);

	struct packet label1 = decoded(MACS "8847 00010140"), label2 = decoded(MACS "8847 00020140");
	assert_int_equal(label1.tunnel_shared, 0);
	assert_true(label1.tunnel_way && label1.tunnel_way != label2.tunnel_way);
	/* Neither the labels above the lowest, nor entropy (RFC 6790) below it, nor the time to live. */
	assert_true(decoded(MACS "8847 00030040 0001013f").tunnel_way == label1.tunnel_way);
	assert_true(decoded(MACS "8847 00010040 00007040 12345140").tunnel_way == label1.tunnel_way);
	assert_true(decoded(MACS "8864 1100 0007 002f 0021").tunnel_shared !=
	            decoded(MACS "8864 1100 0008 002f 0021").tunnel_shared);
}

struct stop_case {
	const char *name;
	uint16_t linktype;
	enum decode_result result;
	const char *frame;
};

static const struct stop_case stops[] = {
    {"empty", 1, DECODE_MALFORMED, ""},
    {"half an ethernet header", 1, DECODE_MALFORMED, "020000000002"},
    {"arp", 1, DECODE_NOT_IP, MACS "0806 0001 0800 06 04 0001"},
    {"stp", 1, DECODE_NOT_IP, "0180c2000000 020000000001 0026 424203 0000"},
    {"pppoe discovery", 1, DECODE_NOT_IP, MACS "8863 1109 0000 0004 01010000"},
    {"pppoe, version 2", 1, DECODE_MALFORMED, MACS "8864 2100 0007 0004 0021"},
    {"lcp", 9, DECODE_NOT_IP, "ff03 c021 01"},
    {"labels without end", 1, DECODE_MALFORMED, MACS "8847 00010040 00010040"},
    {"labels, then nothing", 1, DECODE_NOT_IP, MACS "8847 00010140 10000000 ffffffff"},
    {"nsh, length too small", 1, DECODE_MALFORMED, MACS "894f 0001 01 01"},
    {"unknown link", 147, DECODE_UNKNOWN_LINK, "00"},
    {"ppi of an unknown link", 192, DECODE_UNKNOWN_LINK, "00 00 0800 93000000 00"},
    {"ppi of itself without end", 192, DECODE_MALFORMED, "00 00 0800 c0000000"},
    {"nflog without a packet", 239, DECODE_MALFORMED, "02 00 0000 0800 0100 08000301"},
    {"nflog, length too small", 239, DECODE_MALFORMED, "02 00 0000 0300 0900 45000000"},
    {"null of no family", 0, DECODE_NOT_IP, "07000000 00000000"},
    {"raw, version 5", 101, DECODE_MALFORMED, "50"},
};

static void stops_where_it_must(void **state)
{
	(void)state;
	struct decoder *d = frames_decoder();
	for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
		struct bytes b;
		struct packet p;
		bytes_clear(&b);
		bytes_hex(&b, stops[i].frame);
		enum decode_result result = frames_decode(d, stops[i].linktype, bytes_span(&b), &p);
		if (result != stops[i].result)
			fail_msg("%s: result %d", stops[i].name, result);
		assert_int_equal(p.src.version, 0);
	}
	decoder_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(leads_to_ip),
	    cmocka_unit_test(bears_any_cut),
	    cmocka_unit_test(identity_is_in_the_digests),
	    cmocka_unit_test(stops_where_it_must),
	};
	return cmocka_run_group_tests_name("test_link", tests, NULL, NULL);
}
