/* IP fragments: joined in any order, never when they contradict each other, within time and memory. */
#include "tests/support/frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000000)

enum { MF = 0x2000, PAYLOAD = 64, PIECE = 16 };

/* The transport part of what bytes_hello builds with a longer payload, with a right checksum. */
static struct span transport_of(struct bytes *b, uint8_t version)
{
	static const struct tcp_fields fields = {.sport = 1234, .dport = 80, .seq = 1, .flags = TCP_ACK};
	uint8_t payload[PAYLOAD - 20];
	for (size_t i = 0; i < sizeof payload; i++)
		payload[i] = (uint8_t)i;
	bytes_clear(b);
	bytes_put(b, span_of(payload, sizeof payload));
	bytes_tcp(b, &fields);
	if (version == 4)
		bytes_ipv4(b, IPPROTO_TCP, "10.1.1.1", "10.2.2.2");
	else
		bytes_ipv6(b, IPPROTO_TCP, "2001:db8::1", "2001:db8::2");
	return span_after(bytes_span(b), version == 4 ? 20 : 40);
}

struct piece {
	unsigned id;
	size_t offset, len;
	bool more;
};

static void wrap_piece(struct bytes *b, uint8_t version, struct span bytes, const struct piece *piece)
{
	bytes_clear(b);
	bytes_put(b, bytes);
	unsigned offset_more = (unsigned)piece->offset;
	if (version == 4) {
		unsigned fragment = offset_more / 8 | (piece->more ? MF : 0);
		bytes_ipv4_fragment(b, IPPROTO_TCP, "10.1.1.1", "10.2.2.2", piece->id, fragment);
		return;
	}
	bytes_be32(b, piece->id);
	bytes_be16(b, offset_more | piece->more);
	bytes_hex(b, "0600");
	bytes_ipv6(b, IPPROTO_FRAGMENT, "2001:db8::1", "2001:db8::2");
}

static enum decode_result feed(struct decoder *d, uint8_t version, struct span whole, struct piece piece,
                               int64_t clock_ns, struct packet *p)
{
	static struct bytes b;
	wrap_piece(&b, version, span_first(span_after(whole, piece.offset), piece.len), &piece);
	return frames_decode_at(d, LINKTYPE_RAW, bytes_span(&b), clock_ns, p);
}

static struct piece nth(unsigned id, size_t n)
{
	return (struct piece){.id = id, .offset = n * PIECE, .len = PIECE, .more = (n + 1) * PIECE < PAYLOAD};
}

static void assert_joined(const struct packet *p, struct span whole)
{
	assert_true(p->anomalies & PKT_FRAGMENTED);
	assert_false(p->anomalies & (PKT_FRAGMENT_ALONE | PKT_SNAPPED | PKT_MALFORMED));
	assert_true(p->has_l4);
	assert_int_equal(p->dport, 80);
	assert_int_equal(p->payload_len, PAYLOAD - 20);
	assert_true(span_equal(p->l4, whole));
	assert_true(span_equal(p->payload, span_after(whole, 20)));
	assert_int_equal(packet_checksum(p), CHECKSUM_UNKNOWN);
}

/* Four pieces in all 24 orders, over both versions. */
static void joins_in_any_order(void **state)
{
	(void)state;
	static struct bytes b;
	struct packet p;
	for (uint8_t version = 4; version <= 6; version += 2) {
		struct span whole = transport_of(&b, version);
		struct decoder *d = frames_decoder();
		unsigned joined = 0;
		for (size_t order = 0; order < 256; order++) {
			size_t n[4] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6};
			if ((1U << n[0] | 1U << n[1] | 1U << n[2] | 1U << n[3]) != 15)
				continue;
			for (size_t i = 0; i < 4; i++) {
				enum decode_result result = feed(d, version, whole, nth(9, n[i]), 0, &p);
				assert_int_equal(result, i < 3 ? DECODE_FRAGMENT : DECODE_IP);
				assert_int_equal(p.src.version, version);
			}
			assert_joined(&p, whole);
			joined++;
		}
		assert_int_equal(joined, 24);
		assert_int_equal(decoder_counts(d)->fragments_joined, 24);
		assert_int_equal(decoder_counts(d)->fragments_dropped, 0);
		decoder_free(d);
	}
}

static void alone_has_addresses_and_nothing_else(void **state)
{
	(void)state;
	static struct bytes b;
	struct packet p;
	struct span whole = transport_of(&b, 4);
	struct decoder *d = frames_decoder();
	assert_int_equal(feed(d, 4, whole, nth(9, 0), 0, &p), DECODE_FRAGMENT);
	assert_int_equal(p.anomalies, PKT_FRAGMENT_ALONE);
	assert_false(p.has_l4);
	assert_int_equal(p.sport, 0);
	assert_int_equal(p.l4_proto, IPPROTO_TCP);
	assert_int_equal(p.src.bytes[0], 10);
	decoder_free(d);
}

static void equal_bytes_twice_are_harmless(void **state)
{
	(void)state;
	static struct bytes b;
	struct packet p;
	struct span whole = transport_of(&b, 4);
	struct decoder *d = frames_decoder();
	for (size_t i = 0; i < 3; i++)
		for (int twice = 0; twice < 2; twice++)
			assert_int_equal(feed(d, 4, whole, nth(9, i), 0, &p), DECODE_FRAGMENT);
	/* Overlaps the piece before, with the same bytes. */
	struct piece last = {.id = 9, .offset = 40, .len = PAYLOAD - 40};
	assert_int_equal(feed(d, 4, whole, last, 0, &p), DECODE_IP);
	assert_joined(&p, whole);
	assert_int_equal(decoder_counts(d)->fragments_conflicting, 0);
	decoder_free(d);
}

static void other_bytes_are_not_joined(void **state)
{
	(void)state;
	static struct bytes b;
	struct packet p;
	for (uint8_t version = 4; version <= 6; version += 2) {
		struct span whole = transport_of(&b, version);
		uint8_t forged[PAYLOAD];
		memcpy(forged, whole.ptr, PAYLOAD);
		forged[20] ^= 1;
		struct decoder *d = frames_decoder();
		feed(d, version, whole, nth(9, 0), 0, &p);
		feed(d, version, whole, nth(9, 1), 0, &p);
		/* Differs in one byte of what is there. */
		struct piece overlap = {.id = 9, .offset = 8, .len = 16, .more = true};
		assert_int_equal(feed(d, version, span_of(forged, PAYLOAD), overlap, 0, &p), DECODE_FRAGMENT);
		assert_int_equal(decoder_counts(d)->fragments_conflicting, 1);
		for (size_t i = 0; i < 4; i++)
			assert_int_equal(feed(d, version, whole, nth(9, i), 0, &p), DECODE_FRAGMENT);
		assert_int_equal(decoder_counts(d)->fragments_conflicting, 1);
		assert_int_equal(decoder_counts(d)->fragments_joined, 0);
		decoder_free(d);
	}
}

static void ends_that_disagree_are_not_joined(void **state)
{
	(void)state;
	static struct bytes b;
	struct packet p;
	struct span whole = transport_of(&b, 4);
	static const struct piece seconds[] = {
	    {9, 48, 8, false},  /* another end */
	    {9, 64, 0, false},  /* none: not possible, and not kept */
	    {9, 56, 16, true},  /* goes past the end */
	    {9, 16, 16, false}, /* ends before what is there */
	};
	for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
		uint8_t longer[PAYLOAD + 16] = {0};
		memcpy(longer, whole.ptr, PAYLOAD);
		struct decoder *d = frames_decoder();
		feed(d, 4, whole, nth(9, 3), 0, &p);
		assert_int_equal(feed(d, 4, span_of(longer, sizeof longer), seconds[i], 0, &p), DECODE_FRAGMENT);
		assert_int_equal(decoder_counts(d)->fragments_conflicting, i != 1);
		decoder_free(d);
	}
}

static void others_are_told_apart(void **state)
{
	(void)state;
	static struct bytes b;
	struct packet p;
	struct span whole = transport_of(&b, 4);
	struct decoder *d = frames_decoder();
	for (size_t i = 0; i < 3; i++)
		feed(d, 4, whole, nth(9, i), 0, &p);
	assert_int_equal(feed(d, 4, whole, nth(10, 3), 0, &p), DECODE_FRAGMENT);
	/* The same in a VLAN is another packet. */
	static struct bytes tagged;
	struct piece last = nth(9, 3);
	wrap_piece(&tagged, 4, span_after(whole, last.offset), &last);
	bytes_hex(&tagged, "020000000002 020000000001 8100 0005 0800");
	assert_int_equal(frames_decode(d, LINKTYPE_ETHERNET, bytes_span(&tagged), &p), DECODE_FRAGMENT);
	assert_int_equal(feed(d, 4, whole, last, 0, &p), DECODE_IP);
	assert_joined(&p, whole);
	decoder_free(d);
}

static void waits_thirty_seconds(void **state)
{
	(void)state;
	static struct bytes b;
	struct packet p;
	struct span whole = transport_of(&b, 4);
	static const struct {
		int64_t then;
		bool joined;
	} times[] = {{30 * SECOND, true}, {31 * SECOND, false}, {-30 * SECOND, true}, {-7200 * SECOND, false}};
	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
		struct decoder *d = frames_decoder();
		for (size_t n = 0; n < 3; n++)
			feed(d, 4, whole, nth(9, n), 0, &p);
		enum decode_result result = feed(d, 4, whole, nth(9, 3), times[i].then, &p);
		assert_int_equal(result, times[i].joined ? DECODE_IP : DECODE_FRAGMENT);
		assert_int_equal(decoder_counts(d)->fragments_dropped, !times[i].joined);
		decoder_free(d);
	}
}

static struct decoder *small_decoder(size_t bytes, size_t packets)
{
	struct decoder_limits limits = {.fragment_bytes = bytes, .fragment_packets = packets};
	struct decoder *d = decoder_new(&limits);
	assert_non_null(d);
	return d;
}

/* Full, the packet that has waited longest goes; whether bytes or packets are short. */
static void oldest_goes_first(void **state)
{
	(void)state;
	static struct bytes b;
	struct packet p;
	struct span whole = transport_of(&b, 4);
	struct decoder *limited[] = {small_decoder(1 << 20, 3), small_decoder(9 * 64, 64)};
	for (size_t k = 0; k < 2; k++) {
		struct decoder *d = limited[k];
		for (unsigned id = 1; id <= 3; id++)
			for (size_t n = 0; n < 3; n++)
				feed(d, 4, whole, nth(id, n), 0, &p);
		assert_int_equal(decoder_counts(d)->fragments_dropped, 0);
		feed(d, 4, whole, nth(4, 0), 0, &p);
		assert_int_equal(decoder_counts(d)->fragments_dropped, 1);
		assert_int_equal(feed(d, 4, whole, nth(3, 3), 0, &p), DECODE_IP);
		assert_joined(&p, whole);
		assert_int_equal(feed(d, 4, whole, nth(1, 3), 0, &p), DECODE_FRAGMENT);
		decoder_free(d);
	}
}

static void no_room_is_counted(void **state)
{
	(void)state;
	static struct bytes b;
	struct packet p;
	struct span whole = transport_of(&b, 4);
	struct decoder *limited[] = {small_decoder(0, 64), small_decoder(1 << 20, 0), small_decoder(32, 64)};
	for (size_t k = 0; k < 3; k++) {
		for (size_t n = 0; n < 4; n++)
			assert_int_equal(feed(limited[k], 4, whole, nth(1, n), 0, &p), DECODE_FRAGMENT);
		assert_int_equal(decoder_counts(limited[k])->fragments_dropped, 4);
		decoder_free(limited[k]);
	}
}

/* The ring turns many times over; what fits is joined all the same. */
static void ring_wraps(void **state)
{
	(void)state;
	static struct bytes b;
	struct packet p;
	struct span whole = transport_of(&b, 4);
	struct decoder *d = small_decoder(7 * 32 + 5 * 64, 8);
	for (unsigned id = 0; id < 500; id++) {
		size_t first = 8 * (1 + id % 5);
		struct piece head = {.id = id, .offset = 0, .len = first, .more = true};
		struct piece tail = {.id = id, .offset = first, .len = PAYLOAD - first};
		assert_int_equal(feed(d, 4, whole, head, 0, &p), DECODE_FRAGMENT);
		assert_int_equal(feed(d, 4, whole, tail, 0, &p), DECODE_IP);
		assert_joined(&p, whole);
	}
	assert_int_equal(decoder_counts(d)->fragments_dropped, 0);
	decoder_free(d);
}

/* A flood of the smallest pieces is given up long before it costs anything; the largest packet is joined. */
static void sizes_at_the_limits(void **state)
{
	(void)state;
	static uint8_t bytes[65520];
	struct packet p;
	struct decoder *d = frames_decoder();
	struct span whole = span_of(bytes, sizeof bytes);
	for (size_t n = 0; n < 1000; n++)
		assert_int_equal(feed(d, 4, whole, (struct piece){1, n * 8, 8, true}, 0, &p), DECODE_FRAGMENT);
	assert_true(decoder_counts(d)->fragments_dropped >= 1000 / 256);
	/* Offset 65512 + 16 is over 64 KiB (the ping of death); 65512 + 8 is not. */
	assert_int_equal(feed(d, 4, whole, (struct piece){2, 0, 32760, true}, 0, &p), DECODE_FRAGMENT);
	struct piece second = {2, 32760, 32752, true};
	assert_int_equal(feed(d, 4, whole, second, 0, &p), DECODE_FRAGMENT);
	uint8_t tail[16] = {0};
	static struct bytes b;
	struct piece over = {2, 65528, 16, false}, last = {2, 65512, 8, false};
	wrap_piece(&b, 4, span_of(tail, 16), &over);
	assert_int_equal(frames_decode(d, LINKTYPE_RAW, bytes_span(&b), &p), DECODE_FRAGMENT);
	wrap_piece(&b, 4, span_of(tail, 8), &last);
	assert_int_equal(frames_decode(d, LINKTYPE_RAW, bytes_span(&b), &p), DECODE_IP);
	assert_int_equal(p.l4.len, 65520);
	/* A piece that is not the last must end where the next can start. */
	assert_int_equal(feed(d, 4, whole, (struct piece){3, 0, 12, true}, 0, &p), DECODE_FRAGMENT);
	assert_int_equal(feed(d, 4, whole, (struct piece){3, 12, 4, false}, 0, &p), DECODE_FRAGMENT);
	decoder_free(d);
}

static void cut_pieces_join_up_to_the_cut(void **state)
{
	(void)state;
	static struct bytes b, piece_bytes;
	struct packet p;
	struct span whole = transport_of(&b, 4);
	struct decoder *d = frames_decoder();
	feed(d, 4, whole, nth(9, 0), 0, &p);
	feed(d, 4, whole, nth(9, 1), 0, &p);
	feed(d, 4, whole, nth(9, 3), 0, &p);
	struct piece third = nth(9, 2);
	wrap_piece(&piece_bytes, 4, span_first(span_after(whole, third.offset), third.len), &third);
	struct span frame = bytes_span(&piece_bytes);
	struct frame f = {.number = 1,
	                  .linktype = LINKTYPE_RAW,
	                  .wire_len = (uint32_t)frame.len,
	                  .bytes = span_first(frame, frame.len - 6)};
	assert_int_equal(decoder_packet(d, &f, 0, &p), DECODE_IP);
	assert_int_equal(p.anomalies, PKT_FRAGMENTED | PKT_SNAPPED);
	assert_int_equal(p.payload_len, PAYLOAD - 20);
	assert_int_equal(p.payload.len, 3 * PIECE - 6 - 20);
	assert_true(span_starts(span_after(whole, 20), p.payload));
	decoder_free(d);
}

/* RFC 6946: nothing to wait for. */
static void atomic_fragments_stand_alone(void **state)
{
	(void)state;
	struct bytes b;
	struct packet p;
	struct decoder *d = frames_decoder();
	bytes_hello6(&b);
	static struct bytes atomic;
	bytes_clear(&atomic);
	bytes_put(&atomic, span_after(bytes_span(&b), 40));
	bytes_hex(&atomic, "0600 0000 00000009");
	bytes_ipv6(&atomic, IPPROTO_FRAGMENT, "2001:db8::1", "2001:db8::2");
	assert_int_equal(frames_decode(d, LINKTYPE_RAW, bytes_span(&atomic), &p), DECODE_IP);
	assert_hello(&p, 6);
	assert_int_equal(p.anomalies, 0);
	assert_prefixes("atomic", LINKTYPE_RAW, bytes_span(&atomic));
	decoder_free(d);
}

/* A tunnel whose outer packets are fragmented, with an inner packet that is a fragment itself. */
static void joins_inside_what_was_joined(void **state)
{
	(void)state;
	static struct bytes b, inner, outer;
	struct packet p;
	struct span whole = transport_of(&b, 4);
	struct decoder *d = frames_decoder();
	for (size_t n = 0; n < 4; n++) {
		struct piece in = nth(9, n);
		wrap_piece(&inner, 4, span_first(span_after(whole, in.offset), in.len), &in);
		bytes_hex(&inner, "0000 0800");
		struct span carried = bytes_span(&inner);
		for (int half = 0; half < 2; half++) {
			bytes_clear(&outer);
			bytes_put(&outer, half ? span_after(carried, 24) : span_first(carried, 24));
			bytes_ipv4_fragment(&outer, IPPROTO_GRE, "192.0.2.1", "192.0.2.2", 100 + (unsigned)n,
			                    half ? 3 : MF);
			enum decode_result result = frames_decode(d, LINKTYPE_RAW, bytes_span(&outer), &p);
			assert_int_equal(result, half && n == 3 ? DECODE_IP : DECODE_FRAGMENT);
		}
	}
	assert_joined(&p, whole);
	assert_true(p.anomalies & PKT_TUNNELED);
	assert_int_equal(decoder_counts(d)->fragments_joined, 5);
	decoder_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(joins_in_any_order),
	    cmocka_unit_test(alone_has_addresses_and_nothing_else),
	    cmocka_unit_test(equal_bytes_twice_are_harmless),
	    cmocka_unit_test(other_bytes_are_not_joined),
	    cmocka_unit_test(ends_that_disagree_are_not_joined),
	    cmocka_unit_test(others_are_told_apart),
	    cmocka_unit_test(waits_thirty_seconds),
	    cmocka_unit_test(oldest_goes_first),
	    cmocka_unit_test(no_room_is_counted),
	    cmocka_unit_test(ring_wraps),
	    cmocka_unit_test(sizes_at_the_limits),
	    cmocka_unit_test(cut_pieces_join_up_to_the_cut),
	    cmocka_unit_test(atomic_fragments_stand_alone),
	    cmocka_unit_test(joins_inside_what_was_joined),
	};
	return cmocka_run_group_tests_name("test_fragment", tests, NULL, NULL);
}
