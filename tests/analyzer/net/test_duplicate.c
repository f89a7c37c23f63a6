/* Second captures of a packet (G4): what is a copy, and what only looks like one. */
#include "analyzer/net/duplicate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MICROSECOND = 1000 };

struct tap {
	struct duplicate_filter *filter;
	struct frame frame;
	struct packet p;
};

static struct tap tap_new(void)
{
	struct tap t = {.filter = calloc(1, sizeof(struct duplicate_filter))};
	assert_non_null(t.filter);
	duplicate_init(t.filter);
	t.frame.ts_ns = 1000000 * MICROSECOND;
	t.p = (struct packet){.src = {4, {10, 0, 0, 1}},
	                      .dst = {4, {10, 0, 0, 2}},
	                      .sport = 1,
	                      .dport = 2,
	                      .l4_proto = IPPROTO_TCP,
	                      .has_l4 = true,
	                      .ip_id = 7,
	                      .ttl = 64,
	                      .tcp_flags = TCP_ACK,
	                      .tcp_seq = 100,
	                      .tcp_ack = 200,
	                      .l4_checksum = 0x1234,
	                      .payload_len = 10};
	return t;
}

static bool again(struct tap *t, int64_t after_us)
{
	t->frame.number++;
	t->frame.ts_ns += after_us * MICROSECOND;
	t->p.frame = &t->frame;
	return duplicate_check(t->filter, &t->p);
}

static void within_five_milliseconds(void **state)
{
	struct tap t = tap_new();
	(void)state;
	assert_false(again(&t, 0));
	assert_true(again(&t, 0));
	t.p.ttl = 63;
	t.p.tunnel_shared = 9;
	assert_true(again(&t, 5000));
	assert_false(again(&t, 1));
	assert_true(again(&t, -5000));
	assert_false(again(&t, -10000));
	assert_int_equal(t.filter->eligible, 6);
	assert_int_equal(t.filter->copies, 3);
	free(t.filter);
}

static void any_other_field_is_another_packet(void **state)
{
	(void)state;
	for (int field = 0; field < 12; field++) {
		struct tap t = tap_new();
		assert_false(again(&t, 0));
		switch (field) {
		case 0:
			t.p.src.bytes[3]++;
			break;
		case 1:
			t.p.dst.bytes[3]++;
			break;
		case 2:
			t.p.sport++;
			break;
		case 3:
			t.p.dport++;
			break;
		case 4:
			t.p.ip_id++;
			break;
		case 5:
			t.p.tcp_seq++;
			break;
		case 6:
			t.p.tcp_ack++;
			break;
		case 7:
			t.p.tcp_flags |= TCP_PSH;
			break;
		case 8:
			t.p.payload_len++;
			break;
		case 9:
			t.p.l4_checksum++;
			break;
		case 10:
			t.p.l4_proto = IPPROTO_UDP;
			break;
		default:
			break;
		}
		assert_int_equal(again(&t, 1), field == 11);
		free(t.filter);
	}
}

/* UDP may have no checksum: what is said counts. */
static void datagrams_by_content(void **state)
{
	struct tap t = tap_new();
	(void)state;
	t.p.l4_proto = IPPROTO_UDP;
	t.p.l4_checksum = 0;
	t.p.ip_id = 0;
	t.p.tcp_flags = 0;
	t.p.payload = span_text("0123456789");
	assert_false(again(&t, 0));
	assert_true(again(&t, 1));
	t.p.payload = span_text("0123456780");
	assert_false(again(&t, 1));
	free(t.filter);
}

static void what_tells_nothing_is_no_copy(void **state)
{
	struct tap t = tap_new();
	(void)state;
	t.p.ip_id = 0;
	t.p.payload_len = 0;
	assert_false(again(&t, 0));
	assert_false(again(&t, 0));
	assert_int_equal(t.filter->eligible, 0);
	t.p.tcp_flags = TCP_SYN;
	assert_false(again(&t, 0));
	assert_true(again(&t, 0));
	/* Nor is what has no time. */
	t.frame.ts_ns = FRAME_NO_TIME;
	t.p.frame = &t.frame;
	assert_false(duplicate_check(t.filter, &t.p));
	assert_false(duplicate_check(t.filter, &t.p));
	free(t.filter);
}

/* Copies of resets are told, but how common copies are is judged by the others. */
static void resets_do_not_count(void **state)
{
	struct tap t = tap_new();
	(void)state;
	t.p.tcp_flags = TCP_RST | TCP_ACK;
	t.p.payload_len = 0;
	assert_false(again(&t, 0));
	assert_true(again(&t, 100));
	assert_true(again(&t, 100));
	assert_int_equal(t.filter->eligible, 0);
	assert_int_equal(t.filter->copies, 0);
	free(t.filter);
}

static void ipv6_addresses_count_whole(void **state)
{
	struct tap t = tap_new();
	(void)state;
	t.p.src.version = t.p.dst.version = 6;
	t.p.ip_id = 0;
	assert_false(again(&t, 0));
	t.p.src.bytes[15] = 1;
	assert_false(again(&t, 0));
	t.p.dst.bytes[15] = 1;
	assert_false(again(&t, 0));
	assert_true(again(&t, 0));
	free(t.filter);
}

/* What is remembered goes by order of packets alone: another key changes nothing. */
static void keys_decide_nothing(void **state)
{
	enum { PACKETS = 6 * DUPLICATE_KEPT, DISTINCT = 2 * DUPLICATE_KEPT };
	struct tap one = tap_new(), two = tap_new();
	uint32_t seed = 1, differ = 0;
	(void)state;
	for (int i = 0; i < PACKETS; i++) {
		seed = seed * 1664525 + 1013904223;
		one.p.tcp_seq = two.p.tcp_seq = (seed >> 8) % DISTINCT;
		differ += again(&one, 0) != again(&two, 0);
	}
	assert_int_equal(differ, 0);
	assert_true(one.filter->copies > 0);
	assert_int_equal(one.filter->copies, two.filter->copies);
	free(one.filter);
	free(two.filter);
}

static void a_copy_is_at_most_a_hop_away(void **state)
{
	struct tap t = tap_new();
	(void)state;
	assert_false(again(&t, 0));
	t.p.ttl = 62;
	assert_false(again(&t, 1));
	t.p.ttl = 65;
	assert_true(again(&t, 1));
	free(t.filter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(within_five_milliseconds), cmocka_unit_test(any_other_field_is_another_packet),
	    cmocka_unit_test(datagrams_by_content),     cmocka_unit_test(what_tells_nothing_is_no_copy),
	    cmocka_unit_test(resets_do_not_count),      cmocka_unit_test(ipv6_addresses_count_whole),
	    cmocka_unit_test(keys_decide_nothing),      cmocka_unit_test(a_copy_is_at_most_a_hop_away),
	};
	return cmocka_run_group_tests_name("duplicate", tests, NULL, NULL);
}
