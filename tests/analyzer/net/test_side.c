/* The facts of one side: numbers that wrap, baselines, IP-ID classes, resets with what was before them, round trips. */
#include "analyzer/net/resets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* A side that hears packets one after the other. */
struct heard {
	struct side side;
	struct frame frame;
	struct packet p;
};

static struct packet *make(struct heard *h, unsigned flags, uint32_t seq, uint32_t len)
{
	h->frame.number++;
	h->p = (struct packet){.frame = &h->frame,
	                       .src.version = 4,
	                       .l4_proto = IPPROTO_TCP,
	                       .has_l4 = true,
	                       .ttl = 60,
	                       .tcp_flags = (uint16_t)flags,
	                       .tcp_window = 1000,
	                       .tcp_seq = seq,
	                       .payload_len = len};
	return &h->p;
}

static void take(struct heard *h)
{
	struct sample s = sample_of(&h->p);
	side_update(&h->side, &h->p, &s);
}

static void ends_count_syn_and_fin(void **state)
{
	struct heard h = {0};
	(void)state;
	make(&h, TCP_SYN, 0xfffffffe, 1);
	struct sample s = sample_of(&h.p);
	assert_int_equal(sample_seq_end(&s), 0);
	assert_int_equal(sample_data_seq(&s), 0xffffffff);
	make(&h, TCP_FIN | TCP_ACK, 0xffffffff, 5);
	s = sample_of(&h.p);
	assert_int_equal(sample_seq_end(&s), 5);
	assert_int_equal(sample_data_seq(&s), 0xffffffff);
	assert_int_equal(seq_diff(5, 0xffffffff), 6);
	assert_int_equal(seq_diff(0xffffffff, 5), -6);
}

static void highest_numbers_wrap(void **state)
{
	struct heard h = {0};
	(void)state;
	make(&h, TCP_SYN, 0xfffffff0, 0);
	take(&h);
	make(&h, TCP_ACK, 0xfffffff1, 100)->tcp_ack = 0xfffffffa;
	take(&h);
	make(&h, TCP_ACK, 0xfffffff1, 20)->tcp_ack = 7;
	take(&h);
	make(&h, TCP_ACK, 0x55, 0)->tcp_ack = 0xffffffff;
	take(&h);
	assert_int_equal(h.side.isn, 0xfffffff0);
	assert_int_equal(h.side.max_seq_end, 0x55);
	assert_int_equal(h.side.max_ack, 7);
	assert_int_equal(h.side.data_packets, 2);
	assert_int_equal(h.side.packets, 4);
	assert_true(side_relative(&h.side, 0x55) == 0x65);
	assert_true(side_relative(&h.side, 0xffffffef) == -1);
}

static void relative_without_a_syn(void **state)
{
	struct heard h = {0};
	(void)state;
	make(&h, TCP_ACK, 500, 10);
	take(&h);
	make(&h, TCP_ACK, 400, 10);
	take(&h);
	assert_true(side_relative(&h.side, 510) == 10);
	assert_false(h.side.have_syn);
}

static void first_syn_counts(void **state)
{
	struct heard h = {0};
	(void)state;
	make(&h, TCP_SYN, 100, 0)->tcp_options = (struct tcp_options){.seen = TCPOPT_SEEN_WSCALE, .wscale = 7};
	take(&h);
	make(&h, TCP_SYN, 900, 0);
	take(&h);
	assert_int_equal(h.side.isn, 100);
	assert_int_equal(h.side.wscale, 7);
	assert_true(h.side.syn_wscale);
	assert_int_equal(h.side.syn_count, 2);
	assert_int_equal(h.side.syn.frame.number, 1);
	/* SYNs are no baseline. */
	assert_int_equal(h.side.ttl.count[0], 0);
	assert_int_equal(h.side.ipid_count, 0);
	assert_int_equal(h.side.with_ts + h.side.without_ts, 0);
}

static void ttl_baselines(void **state)
{
	struct heard h = {0};
	uint8_t mode = 0;
	(void)state;
	make(&h, TCP_ACK, 1, 0)->ttl = 50;
	take(&h);
	make(&h, TCP_ACK | TCP_FIN, 1, 0)->ttl = 99;
	take(&h);
	make(&h, TCP_ACK | TCP_FIN, 1, 5)->ttl = 51;
	take(&h);
	assert_int_equal(tally_mode(&h.side.ttl, 0, 0, &mode), 1);
	assert_int_equal(mode, 50);
	assert_int_equal(tally_mode(&h.side.data_ttl, 0, 0, &mode), 1);
	assert_int_equal(mode, 51);
}

static void tallies(void **state)
{
	struct tally t = {0};
	uint8_t mode = 0;
	(void)state;
	assert_int_equal(tally_mode(&t, 0, 0, &mode), 0);
	static const uint8_t values[] = {9, 5, 9, 5, 7, 3, 8, 8, 0};
	for (size_t i = 0; i < sizeof values; i++)
		tally_add(&t, values[i]);
	assert_int_equal(t.others, 3);
	assert_int_equal(tally_mode(&t, 0, 0, &mode), 2);
	assert_int_equal(mode, 5); /* of 5 and 9 */
	assert_int_equal(tally_mode(&t, 5, 1, &mode), 2);
	assert_int_equal(mode, 9);
	assert_int_equal(tally_mode(&t, 9, 2, &mode), 2);
	assert_int_equal(mode, 5);
	struct tally one = {0};
	tally_add(&one, 0);
	assert_int_equal(tally_mode(&one, 0, 1, &mode), 0);
	assert_int_equal(tally_mode(&one, 0, 9, &mode), 0);
	assert_int_equal(tally_mode(&one, 1, 9, &mode), 1);
	assert_int_equal(mode, 0);
	for (int i = 0; i < 70000; i++)
		tally_add(&one, 0);
	assert_int_equal(one.count[0], UINT16_MAX);
}

static void ip_ids(void **state)
{
	/* id, then near, forward, same and zero after it */
	static const struct {
		uint16_t id;
		uint32_t len;
		uint16_t near, forward, same, zero;
	} steps[] = {
	    {100, 0, 0, 0, 0, 0},    {101, 0, 1, 1, 0, 0},      {117, 0, 2, 2, 0, 0},
	    {134, 0, 2, 3, 0, 0},    {134, 0, 2, 3, 1, 0},      {2181, 0, 2, 4, 1, 0},
	    {4230, 0, 2, 4, 1, 0},   {4228, 14600, 2, 4, 1, 0}, /* ten segments in one */
	    {4253, 0, 3, 5, 1, 0},   {4279, 0, 3, 6, 1, 0},     {0xff00, 0, 3, 6, 1, 0},
	    {0x0001, 0, 4, 7, 1, 0}, /* the other byte order */
	    {0x0000, 0, 4, 7, 1, 1}, {0x0000, 0, 4, 7, 1, 2},   {0x1c44, 0, 4, 7, 1, 2},
	    {0x1c45, 0, 5, 8, 1, 2}, {0x1d45, 0, 6, 9, 1, 2},
	};
	struct heard h = {0};
	(void)state;
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		make(&h, TCP_ACK, 1, steps[i].len)->ip_id = steps[i].id;
		take(&h);
		assert_int_equal(h.side.ipid_near, steps[i].near);
		assert_int_equal(h.side.ipid_forward, steps[i].forward);
		assert_int_equal(h.side.ipid_same, steps[i].same);
		assert_int_equal(h.side.ipid_zero, steps[i].zero);
	}
	make(&h, TCP_ACK, 1, 0)->src.version = 6;
	take(&h);
	assert_int_equal(h.side.ipid_count, sizeof steps / sizeof steps[0]);
}

static void options_and_windows(void **state)
{
	struct heard h = {0};
	(void)state;
	make(&h, TCP_ACK, 1, 0)->tcp_options.seen = TCPOPT_SEEN_TIMESTAMPS;
	h.p.tcp_window = 500;
	take(&h);
	make(&h, TCP_ACK, 1, 0)->tcp_window = 800;
	take(&h);
	make(&h, TCP_ACK, 1, 0)->tcp_window = 300;
	take(&h);
	assert_int_equal(h.side.with_ts, 1);
	assert_int_equal(h.side.without_ts, 2);
	assert_int_equal(h.side.min_window, 300);
	assert_int_equal(h.side.max_window, 800);
	assert_int_equal(h.side.last_window, 300);
}

static void remembers_acknowledgements_and_packets(void **state)
{
	struct heard h = {0};
	(void)state;
	assert_null(side_recent(&h.side, 0));
	assert_false(side_acked(&h.side, 0));
	for (uint32_t i = 1; i <= 10; i++)
		for (int twice = 0; twice < 2; twice++) {
			make(&h, TCP_ACK, 1, 0)->tcp_ack = i;
			take(&h);
		}
	for (uint32_t i = 1; i <= 10; i++)
		assert_int_equal(side_acked(&h.side, i), i > 10 - SIDE_ACKS);
	for (unsigned i = 0; i < SIDE_RECENT; i++)
		assert_int_equal(side_recent(&h.side, i)->frame.number, 20 - i);
	assert_null(side_recent(&h.side, SIDE_RECENT));
}

static void checksums_drop_only_where_others_are_right(void **state)
{
	struct sample bad = {.checksum = CHECKSUM_BAD}, good = {.checksum = CHECKSUM_GOOD};
	struct side s = {.checksum_good = 1, .checksum_bad = 1};
	(void)state;
	assert_true(side_checksum_drops(&s, &bad));
	assert_false(side_checksum_drops(&s, &good));
	/* However many come: one right one shows that the sender computes them. */
	s.checksum_bad = 200;
	assert_true(side_checksum_drops(&s, &bad));
	s = (struct side){.checksum_bad = 1};
	assert_false(side_checksum_drops(&s, &bad));
}

static void resets_are_kept_with_what_was_before(void **state)
{
	struct heard client = {0}, server = {0};
	struct resets r = {0};
	(void)state;
	make(&client, TCP_SYN, 100, 0);
	take(&client);
	make(&server, TCP_SYN | TCP_ACK, 500, 0)->tcp_ack = 101;
	take(&server);
	make(&client, TCP_ACK, 101, 10)->tcp_ack = 501;
	take(&client);
	struct side sides[2] = {client.side, server.side};
	for (uint32_t i = 0; i < RESETS_KEPT + 3; i++) {
		make(&server, TCP_RST, 501 + i, 0);
		struct sample rst = sample_of(&server.p);
		reset_add(&r, DIR_DOWN, sides, &rst, span_of(NULL, 0));
	}
	const struct reset_side *down = &r.side[DIR_DOWN];
	assert_int_equal(down->rst_count, RESETS_KEPT + 3);
	assert_int_equal(down->rst[RESETS_KEPT - 1].seq, 501 + RESETS_KEPT - 1);
	assert_int_equal(down->own.isn, 500);
	assert_int_equal(down->other.isn, 100);
	assert_int_equal(down->other_last.seq, 101);
	assert_int_equal(down->at[0].other_end, 111);
	assert_false(down->other_rst_before);
	/* G3: the bare form takes its number from an acknowledgement. */
	assert_true(down->at[0].answers_packet);
	assert_false(down->at[1].answers_packet);
	/* What follows: a repeat of old bytes, then new ones. */
	make(&server, TCP_SYN | TCP_ACK, 500, 0);
	struct sample s = sample_of(&server.p);
	reset_after(&r, DIR_DOWN, &s);
	make(&server, TCP_ACK, 501, 20);
	s = sample_of(&server.p);
	reset_after(&r, DIR_DOWN, &s);
	assert_int_equal(down->after_count, 2);
	assert_int_equal(down->after[0].seq, 500);
	assert_int_equal(down->after[1].seq, 501);
	assert_int_equal(down->max_seq_end_after, 521);
	/* A later RST of the client knows that there was one of the server. */
	make(&client, TCP_RST | TCP_ACK, 111, 0);
	s = sample_of(&client.p);
	reset_add(&r, DIR_UP, sides, &s, span_of(NULL, 0));
	assert_true(r.side[DIR_UP].other_rst_before);
	for (int i = 0; i < RESETS_AFTER + 3; i++)
		reset_after(&r, DIR_DOWN, &s);
	assert_int_equal(down->after_count, RESETS_AFTER + 5);
}

/* The second form of G3: <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK> answers a SYN. */
static void a_reset_answers_a_syn(void **state)
{
	static const struct {
		uint32_t seq, ack;
		unsigned flags;
		bool answers;
	} cases[] = {{0, 101, TCP_RST | TCP_ACK, true},
	             {0, 100, TCP_RST | TCP_ACK, false},
	             {1, 101, TCP_RST | TCP_ACK, false},
	             {0, 101, TCP_RST, false}};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct heard client = {0}, server = {0};
		struct resets r = {0};
		make(&client, TCP_SYN, 100, 0);
		take(&client);
		struct side sides[2] = {client.side, server.side};
		make(&server, cases[i].flags, cases[i].seq, 0)->tcp_ack = cases[i].ack;
		struct sample s = sample_of(&server.p);
		reset_add(&r, DIR_DOWN, sides, &s, span_of(NULL, 0));
		assert_int_equal(r.side[DIR_DOWN].at[0].answers_packet, cases[i].answers);
	}
}

static void smallest_round_trips(void **state)
{
	struct rtt r = {0};
	uint32_t samples = 9;
	(void)state;
	assert_true(rtt_min_ns(&r, NULL, 0, &samples) == -1);
	assert_int_equal(samples, 0);
	static const int64_t ns[] = {50, 30, 40, 60, 20, 30};
	for (unsigned i = 0; i < 6; i++)
		rtt_add(&r, ns[i], (struct frame_ref){.number = i + 1});
	assert_int_equal(r.kept, 3);
	assert_true(rtt_min_ns(&r, NULL, 0, &samples) == 20);
	assert_int_equal(samples, 6);
	struct frame_ref without[] = {{.number = 5}, {.number = 2}, {.number = 6}};
	assert_true(rtt_min_ns(&r, without, 1, &samples) == 30);
	assert_int_equal(samples, 5);
	/* Nothing is known of larger ones. */
	assert_true(rtt_min_ns(&r, without, 3, &samples) == -1);
	assert_int_equal(samples, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ends_count_syn_and_fin),
	    cmocka_unit_test(highest_numbers_wrap),
	    cmocka_unit_test(relative_without_a_syn),
	    cmocka_unit_test(first_syn_counts),
	    cmocka_unit_test(ttl_baselines),
	    cmocka_unit_test(tallies),
	    cmocka_unit_test(ip_ids),
	    cmocka_unit_test(options_and_windows),
	    cmocka_unit_test(remembers_acknowledgements_and_packets),
	    cmocka_unit_test(checksums_drop_only_where_others_are_right),
	    cmocka_unit_test(resets_are_kept_with_what_was_before),
	    cmocka_unit_test(a_reset_answers_a_syn),
	    cmocka_unit_test(smallest_round_trips),
	};
	return cmocka_run_group_tests_name("side", tests, NULL, NULL);
}
