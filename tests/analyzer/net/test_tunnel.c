/* Tunnels: opened down to the inner packet, told apart by their identity, closed when what is inside is no IP. */
#include "tests/support/frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define MACS     "020000000002 020000000001"
#define ROUTER_A "192.0.2.1"
#define ROUTER_B "192.0.2.2"

struct tunnel_case {
	const char *name;
	uint8_t protocol; /* of IP */
	uint16_t port;    /* of UDP; 0: the head stands behind IP */
	uint8_t version;  /* of the inner packet */
	const char *head;
};

static const struct tunnel_case cases[] = {
    {"ip in ip", IPPROTO_IPIP, 0, 4, ""},
    {"6in4", IPPROTO_IPV6, 0, 6, ""},
    {"etherip", 97, 0, 4, "3000" MACS "0800"},
    {"mpls in ip", IPPROTO_MPLS, 0, 4, "00010140"},
    {"gre", IPPROTO_GRE, 0, 4, "0000 0800"},
    {"gre, ipv6", IPPROTO_GRE, 0, 6, "0000 86dd"},
    {"gre, checksum, key, sequence", IPPROTO_GRE, 0, 4, "b000 0800 12340000 00000007 00000001"},
    {"gre, routed", IPPROTO_GRE, 0, 4, "4000 0800 00000000 0800 00 04 0a000001 0000 00 00"},
    {"gre, bridged", IPPROTO_GRE, 0, 4, "0000 6558" MACS "8100 0005 0800"},
    {"gre, mpls", IPPROTO_GRE, 0, 4, "0000 8847 00010140"},
    {"gre, wccp", IPPROTO_GRE, 0, 4, "0000 883e"},
    {"gre, wccp 2", IPPROTO_GRE, 0, 4, "0000 883e 00000000"},
    {"erspan 1", IPPROTO_GRE, 0, 4, "0000 88be" MACS "0800"},
    {"erspan 2", IPPROTO_GRE, 0, 4, "1000 88be 00000001 1001 0005 00000000" MACS "0800"},
    {"erspan 3", IPPROTO_GRE, 0, 4, "1000 22eb 00000001 2001 0005 00000000 0000 0000" MACS "0800"},
    {"erspan 3, platform", IPPROTO_GRE, 0, 4,
     "1000 22eb 00000001 2001 0005 00000000 0000 0001 0000000000000000" MACS "0800"},
    {"erspan 3, ip", IPPROTO_GRE, 0, 4, "1000 22eb 00000001 2001 0005 00000000 0000 0800"},
    {"pptp", IPPROTO_GRE, 0, 4, "3081 880b 0031 0009 00000001 00000002 ff03 0021"},
    {"pptp, compressed", IPPROTO_GRE, 0, 4, "3001 880b 002e 0009 00000001 21"},
    {"eoip", IPPROTO_GRE, 0, 4, "2001 6400 003b 0700" MACS "0800"},
    {"l2tpv3", 115, 0, 4, "00000005" MACS "0800"},
    {"l2tpv3, cookie and sublayer", 115, 0, 4, "00000005 1122334455667788 00000000" MACS "0800"},
    {"l2tpv3, ppp", 115, 0, 4, "00000005 ff03 0021"},
    {"vxlan", IPPROTO_UDP, 4789, 4, "08000000 00000500" MACS "0800"},
    {"vxlan, linux port", IPPROTO_UDP, 8472, 6, "08000000 00000500" MACS "86dd"},
    {"vxlan, group policy", IPPROTO_UDP, 4789, 4, "88000005 00000500" MACS "8100 0009 0800"},
    {"vxlan-gpe", IPPROTO_UDP, 4790, 4, "0c000001 00000500"},
    {"vxlan-gpe, ethernet", IPPROTO_UDP, 4790, 6, "0c000003 00000500" MACS "86dd"},
    {"geneve", IPPROTO_UDP, 6081, 4, "0000 6558 00000500" MACS "0800"},
    {"geneve, options", IPPROTO_UDP, 6081, 4, "0200 0800 00000500 0102 80 01 00000000"},
    {"gtp-u", IPPROTO_UDP, 2152, 4, "30 ff 002d 00000005"},
    {"gtp-u, sequence", IPPROTO_UDP, 2152, 6, "32 ff 0045 00000005 0001 00 00"},
    {"gtp-u, extension", IPPROTO_UDP, 2152, 4, "34 ff 0035 00000005 0000 00 85 01 0001 00"},
    {"teredo", IPPROTO_UDP, 3544, 6, ""},
    {"teredo, origin", IPPROTO_UDP, 3544, 6, "0000 f227 12345678"},
    {"teredo, authentication and origin", IPPROTO_UDP, 3544, 6, "0001 00 00 0011223344556677 00 0000 f227 12345678"},
    {"l2tp", IPPROTO_UDP, 1701, 4, "0002 0005 0006 ff03 0021"},
    {"l2tp, all fields", IPPROTO_UDP, 1701, 4, "4a02 003f 0005 0006 0001 0002 0002 0000 ff03 0021"},
    {"l2tpv3 over udp", IPPROTO_UDP, 1701, 4, "0003 0000 00000005" MACS "0800"},
    {"mpls over udp", IPPROTO_UDP, 6635, 4, "00010140"},
};

static void build(struct bytes *b, const struct tunnel_case *c, const char *head)
{
	if (c->version == 4)
		bytes_hello(b);
	else
		bytes_hello6(b);
	bytes_hex(b, head);
	if (c->port)
		bytes_udp(b, 50000, c->port);
	bytes_ipv4(b, c->protocol, ROUTER_A, ROUTER_B);
	bytes_ethernet(b, 0x0800);
}

static void opens(void **state)
{
	(void)state;
	struct decoder *d = frames_decoder();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct bytes b;
		struct packet p;
		build(&b, &cases[i], cases[i].head);
		enum decode_result result = frames_decode(d, LINKTYPE_ETHERNET, bytes_span(&b), &p);
		if (result != DECODE_IP || p.l4_proto != IPPROTO_TCP)
			fail_msg("%s: result %d, protocol %d", cases[i].name, result, p.l4_proto);
		assert_hello(&p, cases[i].version);
		assert_int_equal(p.anomalies, PKT_TUNNELED);
		if (!p.tunnel_shared && !p.tunnel_way)
			fail_msg("%s: no identity", cases[i].name);
	}
	decoder_free(d);
}

static void bears_any_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct bytes b;
		build(&b, &cases[i], cases[i].head);
		assert_prefixes(cases[i].name, LINKTYPE_ETHERNET, bytes_span(&b));
	}
}

/* Anything but an IP packet inside: the packet that carries it is the result, and whole. */
static void stays_closed_without_ip(void **state)
{
	(void)state;
	struct decoder *d = frames_decoder();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct bytes b;
		struct packet p;
		char src[ADDR_TEXT_SIZE];
		bytes_clear(&b);
		bytes_put(&b, span_text("this is a text, and no packet at all; not even a header of one fits"));
		bytes_hex(&b, cases[i].head);
		size_t inside = bytes_span(&b).len;
		if (cases[i].port)
			bytes_udp(&b, 50000, cases[i].port);
		bytes_ipv4(&b, cases[i].protocol, ROUTER_A, ROUTER_B);
		bytes_ethernet(&b, 0x0800);
		assert_int_equal(frames_decode(d, LINKTYPE_ETHERNET, bytes_span(&b), &p), DECODE_IP);
		assert_string_equal(addr_text(&p.src, src), ROUTER_A);
		assert_int_equal(p.l4_proto, cases[i].protocol);
		assert_int_equal(p.tunnel_shared, 0);
		assert_int_equal(p.tunnel_way, 0);
		assert_int_equal(p.payload_len, inside);
		assert_int_equal(p.payload.len, inside);
		if (cases[i].port) {
			assert_int_equal(p.dport, cases[i].port);
			assert_int_equal(p.anomalies, 0);
			assert_int_equal(packet_checksum(&p), CHECKSUM_GOOD);
		}
	}
	decoder_free(d);
}

struct closed_case {
	const char *name;
	uint16_t port;
	const char *head; /* before an IP packet, which must not be found */
};

static const struct closed_case closed[] = {
    {"vxlan without its flag", 4789, "00000000 00000500" MACS "0800"},
    {"geneve of version 1", 6081, "4000 0800 00000500"},
    {"geneve of another type", 6081, "0000 1234 00000500"},
    {"gtp prime", 2152, "20 ff 002d 00000005"},
    {"gtp echo", 2152, "30 01 002d 00000005"},
    {"gtp, too long", 2152, "30 ff 0fff 00000005"},
    {"gtp, too short", 2152, "30 ff 002c 00000005"},
    {"labels, then no packet", 6635, "00010140 4f000000"},
    {"gtp, extension of length 0", 2152, "34 ff 0035 00000005 0000 00 85 00 0001 00"},
    {"l2tp control", 1701, "c802 0039 0005 0006 0000 0000"},
    {"l2tp, reserved bits", 1701, "1002 0005 0006 ff03 0021"},
    {"l2tp, other protocol", 1701, "0002 0005 0006 ff03 c021"},
    {"another port", 5000, "08000000 00000500" MACS "0800"},
    {"plain ipv4 to a teredo port", 3544, ""},
    {"an inner packet that is longer than the datagram", 2152, "30 ff 0035 00000005 4500 0fff 0000 0000"},
};

static void content_decides(void **state)
{
	(void)state;
	struct decoder *d = frames_decoder();
	for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++) {
		struct bytes b;
		struct packet p;
		bytes_hello(&b);
		bytes_hex(&b, closed[i].head);
		bytes_udp(&b, 50000, closed[i].port);
		bytes_ipv4(&b, IPPROTO_UDP, ROUTER_A, ROUTER_B);
		bytes_ethernet(&b, 0x0800);
		assert_int_equal(frames_decode(d, LINKTYPE_ETHERNET, bytes_span(&b), &p), DECODE_IP);
		if (p.l4_proto != IPPROTO_UDP || p.dport != closed[i].port || p.anomalies || !p.has_l4)
			fail_msg("%s: opened or marked", closed[i].name);
	}
	decoder_free(d);
}

/* A tunnel whose inner packet is broken is malformed; one that was only guessed to be a tunnel is not. */
static void broken_inside(void **state)
{
	(void)state;
	struct decoder *d = frames_decoder();
	struct bytes b;
	struct packet p;
	bytes_clear(&b);
	bytes_hex(&b, "0000 0800 3500 0014 00000000 40060000 0a010101 0a020202");
	bytes_ipv4(&b, IPPROTO_GRE, ROUTER_A, ROUTER_B);
	assert_int_equal(frames_decode(d, LINKTYPE_RAW, bytes_span(&b), &p), DECODE_IP);
	assert_int_equal(p.anomalies, PKT_MALFORMED);
	assert_int_equal(p.l4_proto, IPPROTO_GRE);
	decoder_free(d);
}

static struct packet through(uint8_t protocol, unsigned port, const char *src, const char *dst, const char *head)
{
	struct decoder *d = frames_decoder();
	struct bytes b;
	struct packet p;
	bytes_hello(&b);
	bytes_hex(&b, head);
	if (port)
		bytes_udp(&b, 50000, port);
	bytes_ipv4(&b, protocol, src, dst);
	assert_int_equal(frames_decode(d, LINKTYPE_RAW, bytes_span(&b), &p), DECODE_IP);
	assert_int_equal(p.l4_proto, IPPROTO_TCP);
	decoder_free(d);
	return p;
}

static void ids_of_networks_are_shared(void **state)
{
	(void)state;
	static const struct {
		unsigned port;
		const char *five, *six;
	} networks[] = {
	    {4789, "08000000 00000500" MACS "0800", "08000000 00000600" MACS "0800"},
	    {6081, "0000 0800 00000500", "0000 0800 00000600"},
	};
	for (size_t i = 0; i < sizeof networks / sizeof networks[0]; i++) {
		struct packet five = through(IPPROTO_UDP, networks[i].port, ROUTER_A, ROUTER_B, networks[i].five);
		struct packet back = through(IPPROTO_UDP, networks[i].port, ROUTER_B, ROUTER_A, networks[i].five);
		struct packet flooded = through(IPPROTO_UDP, networks[i].port, ROUTER_A, "239.1.1.1", networks[i].five);
		struct packet six = through(IPPROTO_UDP, networks[i].port, ROUTER_A, ROUTER_B, networks[i].six);
		assert_true(five.tunnel_shared && five.tunnel_shared == back.tunnel_shared);
		assert_true(five.tunnel_shared == flooded.tunnel_shared);
		assert_true(five.tunnel_shared != six.tunnel_shared);
		assert_int_equal(five.tunnel_way, 0);
	}
}

static void ids_of_receivers_are_the_ways_own(void **state)
{
	(void)state;
	static const struct {
		uint8_t protocol;
		unsigned port;
		const char *five, *six;
	} pairs[] = {
	    {IPPROTO_UDP, 2152, "30 ff 002d 00000005", "30 ff 002d 00000006"},
	    {IPPROTO_UDP, 1701, "0002 0005 0006 ff03 0021", "0002 0005 0007 ff03 0021"},
	    {IPPROTO_GRE, 0, "2000 0800 00000005", "2000 0800 00000006"},
	    {IPPROTO_GRE, 0, "3001 880b 002e 0005 00000001 21", "3001 880b 002e 0006 00000001 21"},
	};
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		uint8_t protocol = pairs[i].protocol;
		unsigned port = pairs[i].port;
		struct packet five = through(protocol, port, ROUTER_A, ROUTER_B, pairs[i].five);
		struct packet back = through(protocol, port, ROUTER_B, ROUTER_A, pairs[i].six);
		struct packet other = through(protocol, port, ROUTER_A, "192.0.2.3", pairs[i].five);
		assert_true(five.tunnel_shared && five.tunnel_shared == back.tunnel_shared);
		assert_true(five.tunnel_way && back.tunnel_way && five.tunnel_way != back.tunnel_way);
		assert_true(five.tunnel_shared != other.tunnel_shared);
		assert_true(five.tunnel_way == other.tunnel_way);
	}
}

static void sessions_are_kept_apart(void **state)
{
	(void)state;
	struct packet eoip5 = through(IPPROTO_GRE, 0, ROUTER_A, ROUTER_B, "2001 6400 003b 0500" MACS "0800");
	struct packet eoip6 = through(IPPROTO_GRE, 0, ROUTER_A, ROUTER_B, "2001 6400 003b 0600" MACS "0800");
	struct packet span5 =
	    through(IPPROTO_GRE, 0, ROUTER_A, ROUTER_B, "1000 88be 00000001 1001 0005 00000000" MACS "0800");
	struct packet span6 =
	    through(IPPROTO_GRE, 0, ROUTER_A, ROUTER_B, "1000 88be 00000001 1001 0006 00000000" MACS "0800");
	assert_true(eoip5.tunnel_shared != eoip6.tunnel_shared);
	assert_true(span5.tunnel_shared != span6.tunnel_shared);
	assert_true(through(IPPROTO_IPIP, 0, ROUTER_A, ROUTER_B, "").tunnel_shared ==
	            through(IPPROTO_IPIP, 0, ROUTER_B, ROUTER_A, "").tunnel_shared);
	assert_true(through(IPPROTO_IPIP, 0, ROUTER_A, ROUTER_B, "").tunnel_shared !=
	            through(IPPROTO_IPIP, 0, ROUTER_A, "192.0.2.3", "").tunnel_shared);
}

/* GTP in VXLAN in a VLAN: each adds its part. */
static void tunnels_nest(void **state)
{
	(void)state;
	struct decoder *d = frames_decoder();
	struct packet p[2];
	for (size_t i = 0; i < 2; i++) {
		struct bytes b;
		bytes_hello(&b);
		bytes_hex(&b, "30 ff 002d 00000005");
		bytes_udp(&b, 2152, 2152);
		bytes_ipv4(&b, IPPROTO_UDP, "172.16.0.1", "172.16.0.2");
		bytes_ethernet(&b, 0x0800);
		bytes_hex(&b, i ? "08000000 00000600" : "08000000 00000500");
		bytes_udp(&b, 50000, 4789);
		bytes_ipv6(&b, IPPROTO_UDP, "2001:db8::a", "2001:db8::b");
		bytes_hex(&b, MACS "8100 0064 86dd");
		assert_int_equal(frames_decode(d, LINKTYPE_ETHERNET, bytes_span(&b), &p[i]), DECODE_IP);
		assert_hello(&p[i], 4);
		assert_prefixes("nested", LINKTYPE_ETHERNET, bytes_span(&b));
	}
	assert_true(p[0].tunnel_shared != p[1].tunnel_shared);
	assert_true(p[0].tunnel_way == p[1].tunnel_way);
	decoder_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(opens),
	    cmocka_unit_test(bears_any_cut),
	    cmocka_unit_test(stays_closed_without_ip),
	    cmocka_unit_test(content_decides),
	    cmocka_unit_test(broken_inside),
	    cmocka_unit_test(ids_of_networks_are_shared),
	    cmocka_unit_test(ids_of_receivers_are_the_ways_own),
	    cmocka_unit_test(sessions_are_kept_apart),
	    cmocka_unit_test(tunnels_nest),
	};
	return cmocka_run_group_tests_name("test_tunnel", tests, NULL, NULL);
}
