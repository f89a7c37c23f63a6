/* Headers are written in front of what is there; a decoded frame is held against what every decoding must keep to. */
#include "tests/support/frames.h"

#include "tests/support/guard.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

void bytes_clear(struct bytes *b)
{
	b->start = BYTES_ROOM;
}

struct span bytes_span(const struct bytes *b)
{
	return span_of(b->room + b->start, BYTES_ROOM - b->start);
}

void bytes_put(struct bytes *b, struct span s)
{
	assert_true(s.len <= b->start);
	b->start -= s.len;
	if (s.len)
		memcpy(b->room + b->start, s.ptr, s.len);
}

void bytes_hex(struct bytes *b, const char *hex)
{
	uint8_t out[512];
	size_t len = 0;
	while (*hex) {
		if (*hex == ' ') {
			hex++;
			continue;
		}
		char pair[3] = {hex[0], hex[1], 0};
		assert_true(len < sizeof out);
		out[len++] = (uint8_t)strtoul(pair, NULL, 16);
		hex += 2;
	}
	bytes_put(b, span_of(out, len));
}

void bytes_be16(struct bytes *b, unsigned value)
{
	uint8_t out[2] = {(uint8_t)(value >> 8), (uint8_t)value};
	bytes_put(b, span_of(out, sizeof out));
}

void bytes_be32(struct bytes *b, uint32_t value)
{
	bytes_be16(b, value & 0xffff);
	bytes_be16(b, value >> 16);
}

void bytes_append_zeros(struct bytes *b, size_t count)
{
	struct span s = bytes_span(b);
	assert_true(count <= b->start);
	memmove(b->room + b->start - count, s.ptr, s.len);
	b->start -= count;
	memset(b->room + BYTES_ROOM - count, 0, count);
}

void bytes_tcp(struct bytes *b, const struct tcp_fields *f)
{
	size_t before = b->start;
	if (f->options)
		bytes_hex(b, f->options);
	unsigned words = 5 + (unsigned)(before - b->start) / 4;
	bytes_be32(b, 0);
	bytes_be16(b, 0x2000);
	bytes_be16(b, words << 12 | f->flags);
	bytes_be32(b, f->ack);
	bytes_be32(b, f->seq);
	bytes_be16(b, f->dport);
	bytes_be16(b, f->sport);
}

void bytes_udp(struct bytes *b, unsigned sport, unsigned dport)
{
	size_t len = BYTES_ROOM - b->start + 8;
	bytes_be16(b, 0);
	bytes_be16(b, (unsigned)len);
	bytes_be16(b, dport);
	bytes_be16(b, sport);
}

static uint32_t sum_of(struct span s)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < s.len; i++)
		sum += i % 2 ? s.ptr[i] : (uint32_t)s.ptr[i] << 8;
	return sum;
}

static uint16_t folded(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void transport_checksum(struct bytes *b, uint8_t protocol, struct span src, struct span dst)
{
	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)
		return;
	struct span s = bytes_span(b);
	size_t at = b->start + (protocol == IPPROTO_TCP ? 16 : 6);
	if (s.len < (protocol == IPPROTO_TCP ? 20 : 8))
		return;
	uint16_t sum = folded((uint64_t)sum_of(s) + sum_of(src) + sum_of(dst) + protocol + s.len);
	b->room[at] = (uint8_t)(sum >> 8);
	b->room[at + 1] = (uint8_t)sum;
}

void bytes_ipv4_fragment(struct bytes *b, uint8_t protocol, const char *src, const char *dst, unsigned id,
                         unsigned fragment)
{
	uint8_t addresses[8];
	assert_int_equal(inet_pton(AF_INET, src, addresses), 1);
	assert_int_equal(inet_pton(AF_INET, dst, addresses + 4), 1);
	if ((fragment & 0x3fff) == 0)
		transport_checksum(b, protocol, span_of(addresses, 4), span_of(addresses + 4, 4));
	size_t total = bytes_span(b).len + 20;
	bytes_put(b, span_of(addresses, sizeof addresses));
	bytes_be16(b, 0);
	bytes_be16(b, 64U << 8 | protocol);
	bytes_be16(b, fragment);
	bytes_be16(b, id);
	bytes_be16(b, (unsigned)total);
	bytes_hex(b, "4500");
	uint16_t sum = folded(sum_of(span_first(bytes_span(b), 20)));
	b->room[b->start + 10] = (uint8_t)(sum >> 8);
	b->room[b->start + 11] = (uint8_t)sum;
}

void bytes_ipv4(struct bytes *b, uint8_t protocol, const char *src, const char *dst)
{
	bytes_ipv4_fragment(b, protocol, src, dst, 7, 0x4000);
}

void bytes_ipv6(struct bytes *b, uint8_t next, const char *src, const char *dst)
{
	uint8_t addresses[32];
	assert_int_equal(inet_pton(AF_INET6, src, addresses), 1);
	assert_int_equal(inet_pton(AF_INET6, dst, addresses + 16), 1);
	transport_checksum(b, next, span_of(addresses, 16), span_of(addresses + 16, 16));
	size_t length = bytes_span(b).len;
	bytes_put(b, span_of(addresses, sizeof addresses));
	bytes_be16(b, (unsigned)next << 8 | 64U);
	bytes_be16(b, (unsigned)length);
	bytes_hex(b, "60000000");
}

void bytes_ethernet(struct bytes *b, unsigned type)
{
	bytes_be16(b, type);
	bytes_hex(b, "020000000002 020000000001");
}

static const struct tcp_fields hello = {
    .sport = 1234, .dport = 80, .seq = 1000, .ack = 2000, .flags = TCP_ACK | TCP_PSH};

void bytes_hello(struct bytes *b)
{
	bytes_clear(b);
	bytes_put(b, span_text("hello"));
	bytes_tcp(b, &hello);
	bytes_ipv4(b, IPPROTO_TCP, "10.1.1.1", "10.2.2.2");
}

void bytes_hello6(struct bytes *b)
{
	bytes_clear(b);
	bytes_put(b, span_text("hello"));
	bytes_tcp(b, &hello);
	bytes_ipv6(b, IPPROTO_TCP, "2001:db8::1", "2001:db8::2");
}

void assert_hello(const struct packet *p, uint8_t version)
{
	char src[ADDR_TEXT_SIZE], dst[ADDR_TEXT_SIZE];
	assert_string_equal(addr_text(&p->src, src), version == 4 ? "10.1.1.1" : "2001:db8::1");
	assert_string_equal(addr_text(&p->dst, dst), version == 4 ? "10.2.2.2" : "2001:db8::2");
	assert_true(p->has_l4);
	assert_int_equal(p->l4_proto, IPPROTO_TCP);
	assert_int_equal(p->sport, 1234);
	assert_int_equal(p->dport, 80);
	assert_int_equal(p->tcp_seq, 1000);
	assert_int_equal(p->tcp_ack, 2000);
	assert_int_equal(p->tcp_flags, TCP_ACK | TCP_PSH);
	assert_int_equal(p->payload_len, 5);
	assert_true(span_equal(p->payload, span_text("hello")));
	assert_int_equal(packet_checksum(p), p->anomalies & PKT_FRAGMENTED ? CHECKSUM_UNKNOWN : CHECKSUM_GOOD);
}

struct decoder *frames_decoder(void)
{
	static const struct decoder_limits limits = {.fragment_bytes = 1 << 20, .fragment_packets = 64};
	struct decoder *d = decoder_new(&limits);
	assert_non_null(d);
	return d;
}

enum decode_result frames_decode_at(struct decoder *d, uint16_t linktype, struct span bytes, int64_t clock_ns,
                                    struct packet *p)
{
	/* The packet points to its frame; tests do not look at that. */
	struct frame f = {.number = 1, .linktype = linktype, .wire_len = (uint32_t)bytes.len, .bytes = bytes};
	enum decode_result result = decoder_packet(d, &f, clock_ns, p);
	p->frame = NULL;
	return result;
}

enum decode_result frames_decode(struct decoder *d, uint16_t linktype, struct span bytes, struct packet *p)
{
	return frames_decode_at(d, linktype, bytes, 0, p);
}

/* What was found may be less than in the whole, but not other. */
static void assert_agrees(const struct packet *part, const struct packet *whole)
{
	if (part->tunnel_shared != whole->tunnel_shared || part->tunnel_way != whole->tunnel_way ||
	    !addr_equal(&part->src, &whole->src) || !addr_equal(&part->dst, &whole->dst) ||
	    part->l4_proto != whole->l4_proto)
		return;
	assert_true(part->sport == whole->sport || part->sport == 0);
	assert_true(part->dport == whole->dport || part->dport == 0);
	if (part->has_l4) {
		assert_int_equal(part->tcp_seq, whole->tcp_seq);
		assert_int_equal(part->payload_len, whole->payload_len);
		assert_true(span_starts(whole->payload, part->payload));
	}
}

void assert_prefixes(const char *name, uint16_t linktype, struct span bytes)
{
	struct guard g = guard_new(bytes.len), whole_guard = guard_new(bytes.len);
	struct decoder *d = frames_decoder();
	struct packet whole, p;
	enum decode_result result = frames_decode(d, linktype, guard_place(&whole_guard, bytes), &whole);
	bool sound = result != DECODE_MALFORMED && !(whole.anomalies & PKT_MALFORMED);
	for (size_t len = 0; len <= bytes.len; len++) {
		struct frame f = {.number = 1,
		                  .linktype = linktype,
		                  .wire_len = (uint32_t)bytes.len,
		                  .bytes = guard_place(&g, span_first(bytes, len))};
		result = decoder_packet(d, &f, 0, &p);
		if (sound && (result == DECODE_MALFORMED || p.anomalies & PKT_MALFORMED))
			fail_msg("%s: called malformed when cut to %zu bytes", name, len);
		if (result == DECODE_IP)
			assert_agrees(&p, &whole);
		f.wire_len = (uint32_t)len;
		(void)decoder_packet(d, &f, 0, &p);
	}
	decoder_free(d);
	guard_free(&g);
	guard_free(&whole_guard);
}
