/* Packets: addresses as text, in order and by purpose; checksums, and when they cannot be known. */
#include "tests/support/frames.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct addr addr_of(const char *text)
{
	struct addr a = {.version = strchr(text, ':') ? 6 : 4};
	assert_int_equal(inet_pton(a.version == 4 ? AF_INET : AF_INET6, text, a.bytes), 1);
	return a;
}

static void text_of_addresses(void **state)
{
	(void)state;
	static const char *const texts[] = {
	    "0.0.0.0", "255.255.255.255",      "192.0.2.1",        "::", "::1", "2001:db8::1",
	    "fe80::1", "2001:db8:0:1:1:1:1:1", "2001:db8::1:0:0:1"};
	char buf[ADDR_TEXT_SIZE];
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct addr a = addr_of(texts[i]);
		assert_string_equal(addr_text(&a, buf), texts[i]);
	}
	assert_string_equal(addr_text(&(struct addr){0}, buf), "");
	struct addr longest = addr_of("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255");
	assert_true(strlen(addr_text(&longest, buf)) < ADDR_TEXT_SIZE);
}

static void order_of_addresses(void **state)
{
	(void)state;
	struct addr none = {0}, low = addr_of("1.2.3.4"), high = addr_of("1.2.3.5"), six = addr_of("::");
	assert_true(addr_compare(&none, &low) < 0);
	assert_true(addr_compare(&low, &high) < 0);
	assert_true(addr_compare(&high, &low) > 0);
	assert_true(addr_compare(&high, &six) < 0);
	assert_int_equal(addr_compare(&low, &low), 0);
	assert_true(addr_equal(&low, &low));
	assert_false(addr_equal(&low, &high));
	struct addr zero = addr_of("0.0.0.0");
	assert_false(addr_equal(&zero, &six));
}

struct purpose {
	const char *text;
	bool is_private, is_loopback, is_multicast;
};

static void purpose_of_addresses(void **state)
{
	(void)state;
	static const struct purpose purposes[] = {
	    {"9.255.255.255", false, false, false},
	    {"10.0.0.0", true, false, false},
	    {"10.255.255.255", true, false, false},
	    {"11.0.0.0", false, false, false},
	    {"172.15.255.255", false, false, false},
	    {"172.16.0.0", true, false, false},
	    {"172.31.255.255", true, false, false},
	    {"172.32.0.0", false, false, false},
	    {"192.168.255.1", true, false, false},
	    {"192.169.0.0", false, false, false},
	    {"100.63.255.255", false, false, false},
	    {"100.64.0.0", true, false, false},
	    {"100.127.255.255", true, false, false},
	    {"100.128.0.0", false, false, false},
	    {"169.254.1.1", true, false, false},
	    {"127.0.0.1", false, true, false},
	    {"127.255.255.255", false, true, false},
	    {"224.0.0.1", false, false, true},
	    {"239.255.255.255", false, false, true},
	    {"240.0.0.0", false, false, false},
	    {"255.255.255.255", false, false, true},
	    {"8.8.8.8", false, false, false},
	    {"::1", false, true, false},
	    {"::2", false, false, false},
	    {"fc00::1", true, false, false},
	    {"fdff::1", true, false, false},
	    {"fe00::1", false, false, false},
	    {"fe80::1", true, false, false},
	    {"febf::1", true, false, false},
	    {"fec0::1", false, false, false},
	    {"ff02::1", false, false, true},
	    {"2001:db8::1", false, false, false},
	};
	for (size_t i = 0; i < sizeof purposes / sizeof purposes[0]; i++) {
		const struct purpose *want = &purposes[i];
		struct addr a = addr_of(want->text);
		if (addr_is_private(&a) != want->is_private || addr_is_loopback(&a) != want->is_loopback ||
		    addr_is_multicast(&a) != want->is_multicast)
			fail_msg("%s", want->text);
	}
	struct addr none = {0};
	assert_false(addr_is_private(&none) || addr_is_loopback(&none) || addr_is_multicast(&none));
}

static enum packet_checksum checksum_of(uint8_t version, uint8_t protocol, size_t payload, int flip, size_t extra)
{
	static struct bytes b;
	static const struct tcp_fields fields = {.sport = 1, .dport = 2, .flags = TCP_ACK};
	struct packet p;
	struct span text = span_text("abcdefghijklmnopqrstuvwxyz");
	bytes_clear(&b);
	bytes_put(&b, span_first(text, payload));
	if (protocol == IPPROTO_TCP)
		bytes_tcp(&b, &fields);
	else
		bytes_udp(&b, 1, 2);
	if (version == 4)
		bytes_ipv4(&b, protocol, "10.1.1.1", "10.2.2.2");
	else
		bytes_ipv6(&b, protocol, "2001:db8::1", "2001:db8::2");
	bytes_append_zeros(&b, extra);
	if (flip >= 0)
		b.room[b.start + (version == 4 ? 20U : 40U) + (size_t)flip] ^= 1;
	struct decoder *d = frames_decoder();
	assert_int_equal(frames_decode(d, LINKTYPE_RAW, bytes_span(&b), &p), DECODE_IP);
	decoder_free(d);
	return packet_checksum(&p);
}

/* Odd and even lengths, trailing padding, and every single byte wrong. */
static void checksums(void **state)
{
	(void)state;
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP};
	for (uint8_t version = 4; version <= 6; version += 2) {
		for (size_t i = 0; i < 2; i++) {
			for (size_t payload = 0; payload < 8; payload++) {
				assert_int_equal(checksum_of(version, protocols[i], payload, -1, payload),
				                 CHECKSUM_GOOD);
				int end = (int)payload + (protocols[i] == IPPROTO_TCP ? 20 : 8);
				for (int flip = end - (int)payload; flip < end; flip++)
					assert_int_equal(checksum_of(version, protocols[i], payload, flip, 0),
					                 CHECKSUM_BAD);
			}
		}
	}
}

static void checksums_that_cannot_be_known(void **state)
{
	(void)state;
	struct bytes b;
	struct packet p;
	struct decoder *d = frames_decoder();
	bytes_hello(&b);
	struct span frame = bytes_span(&b);
	struct frame f = {.number = 1,
	                  .linktype = LINKTYPE_RAW,
	                  .wire_len = (uint32_t)frame.len,
	                  .bytes = span_first(frame, frame.len - 1)};
	assert_int_equal(decoder_packet(d, &f, 0, &p), DECODE_IP);
	assert_int_equal(packet_checksum(&p), CHECKSUM_UNKNOWN);
	/* UDP over IPv4 may go without. */
	bytes_clear(&b);
	bytes_hex(&b, "0001 0002 000a 0000 6162");
	bytes_ipv4_fragment(&b, IPPROTO_UDP, "10.1.1.1", "10.2.2.2", 0, 0x4000);
	b.room[b.start + 26] = b.room[b.start + 27] = 0;
	assert_int_equal(frames_decode(d, LINKTYPE_RAW, bytes_span(&b), &p), DECODE_IP);
	assert_true(p.has_l4);
	assert_int_equal(packet_checksum(&p), CHECKSUM_UNKNOWN);
	bytes_clear(&b);
	bytes_hex(&b, "0800 0000 0000 0000");
	bytes_ipv4(&b, IPPROTO_ICMP, "10.1.1.1", "10.2.2.2");
	frames_decode(d, LINKTYPE_RAW, bytes_span(&b), &p);
	assert_int_equal(packet_checksum(&p), CHECKSUM_UNKNOWN);
	decoder_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_of_addresses),
	    cmocka_unit_test(order_of_addresses),
	    cmocka_unit_test(purpose_of_addresses),
	    cmocka_unit_test(checksums),
	    cmocka_unit_test(checksums_that_cannot_be_known),
	};
	return cmocka_run_group_tests_name("test_packet", tests, NULL, NULL);
}
