/* Which packet changes which fact of a flow: handshake, round trips (Karn), loss, resets, disorder. */
#include "tests/support/segments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct span nothing = {NULL, 0};

static struct segments *fresh(void)
{
	return segments_new(16, 1 << 20, 1 << 20);
}

static struct segments *opened(void)
{
	struct segments *s = fresh();
	segments_handshake(s, 0xffffff00, 0xfffffff0);
	return s;
}

static int64_t rtt_of(const struct segments *s, enum dir d, uint32_t *samples)
{
	return rtt_min_ns(&s->flow->tcp->rtt[d], NULL, 0, samples);
}

static void handshake(void **state)
{
	struct segments *s = opened();
	uint32_t samples;
	(void)state;
	assert_true(s->flow->flags & FLOW_HANDSHAKE);
	assert_int_equal(s->synack_count, 1);
	assert_true(rtt_of(s, DIR_UP, &samples) == MILLISECONDS(1));
	assert_int_equal(samples, 1);
	assert_true(rtt_of(s, DIR_DOWN, &samples) == MILLISECONDS(1));
	assert_int_equal(samples, 1);
	assert_false(s->flow->flags & (FLOW_LOSS | FLOW_RESET | FLOW_TS_DISORDER | FLOW_SNAPPED | FLOW_SUPER_PACKET));
	segments_make(s, DIR_DOWN, TCP_SYN | TCP_ACK, 77, 0xffffff01, nothing);
	segments_send(s);
	assert_int_equal(s->synack_count, 2);
	segments_free(s);
}

static void no_handshake_without_the_ack_of_the_client(void **state)
{
	struct segments *s = fresh();
	(void)state;
	segments_make(s, DIR_UP, TCP_SYN, 100, 0, nothing);
	segments_send(s);
	segments_make(s, DIR_UP, TCP_ACK, 101, 501, nothing);
	segments_send(s);
	segments_make(s, DIR_DOWN, TCP_SYN | TCP_ACK, 500, 101, nothing);
	segments_send(s);
	segments_make(s, DIR_UP, TCP_ACK, 101, 500, nothing);
	segments_send(s);
	segments_make(s, DIR_UP, TCP_RST | TCP_ACK, 101, 501, nothing);
	segments_send(s);
	assert_false(s->flow->flags & FLOW_HANDSHAKE);
	assert_true(s->flow->flags & FLOW_RESET);
	segments_free(s);
}

static void round_trips_after_karn(void **state)
{
	struct segments *s = opened();
	uint32_t samples;
	(void)state;
	s->now_ns += MILLISECONDS(100);
	segments_say(s, DIR_UP, "GET");
	s->now_ns += MILLISECONDS(50);
	segments_say(s, DIR_DOWN, "200"); /* 51 ms behind */
	(void)rtt_of(s, DIR_UP, &samples);
	assert_int_equal(samples, 2);
	assert_true(s->flow->tcp->rtt[DIR_UP].smallest[1].ns == MILLISECONDS(51));
	assert_int_equal(s->flow->tcp->rtt[DIR_UP].smallest[1].frame.number, s->frames);
	/* Sent again: which of the two is acknowledged? */
	segments_say(s, DIR_UP, "GET 2");
	s->now_ns += MILLISECONDS(200);
	segments_data(s, DIR_UP, 3, "GET 2");
	segments_say(s, DIR_DOWN, "200");
	(void)rtt_of(s, DIR_UP, &samples);
	assert_int_equal(samples, 2);
	/* An acknowledgement of less than the timed segment closes nothing. */
	segments_say(s, DIR_UP, "more");
	segments_ack(s, DIR_DOWN, s->next[DIR_UP] - 1);
	(void)rtt_of(s, DIR_UP, &samples);
	assert_int_equal(samples, 2);
	segments_ack(s, DIR_DOWN, s->next[DIR_UP]);
	(void)rtt_of(s, DIR_UP, &samples);
	assert_int_equal(samples, 3);
	segments_free(s);
}

static void round_trips_need_a_time(void **state)
{
	struct segments *s = fresh();
	uint32_t samples;
	(void)state;
	for (int i = 0; i < 2; i++) {
		segments_make(s, i ? DIR_DOWN : DIR_UP, i ? TCP_SYN | TCP_ACK : TCP_SYN, i ? 500 : 100, 101, nothing);
		s->last.frame.ts_ns = FRAME_NO_TIME;
		segments_send(s);
	}
	assert_true(rtt_of(s, DIR_UP, &samples) == -1);
	assert_false(s->flow->flags & FLOW_TS_DISORDER);
	segments_free(s);
}

static void acknowledged_but_never_seen(void **state)
{
	struct segments *s = opened();
	(void)state;
	segments_say(s, DIR_DOWN, "abc");
	segments_ack(s, DIR_UP, 3);
	assert_false(s->flow->flags & FLOW_LOSS);
	segments_ack(s, DIR_UP, 503);
	assert_true(s->flow->flags & FLOW_LOSS);
	segments_ack(s, DIR_UP, 503);
	assert_int_equal(s->tracker.counts.lost_bytes, 500);
	segments_ack(s, DIR_UP, 603);
	assert_int_equal(s->tracker.counts.lost_bytes, 600);
	segments_data(s, DIR_DOWN, 603, "goes on");
	segments_ack(s, DIR_UP, 610);
	assert_int_equal(s->tracker.counts.lost_bytes, 600);
	segments_free(s);
	/* Nothing is missed of a side that was never heard, nor by a number from nowhere. */
	s = fresh();
	segments_make(s, DIR_UP, TCP_ACK, 100, 5000, nothing);
	segments_send(s);
	segments_make(s, DIR_UP, TCP_ACK, 100, 9000, nothing);
	segments_send(s);
	assert_false(s->flow->flags & FLOW_LOSS);
	segments_free(s);
	s = opened();
	segments_ack(s, DIR_UP, 0x7fff0000);
	assert_false(s->flow->flags & FLOW_LOSS);
	segments_free(s);
}

static void resets(void **state)
{
	struct segments *s = opened();
	(void)state;
	segments_say(s, DIR_UP, "GET");
	struct side before = s->flow->tcp->side[DIR_DOWN];
	uint32_t end = s->flow->tcp->side[DIR_UP].max_seq_end;
	assert_null(s->flow->tcp->resets);
	segments_make(s, DIR_DOWN, TCP_RST | TCP_ACK, s->isn[DIR_DOWN] + 1, 4, nothing)->ttl = 99;
	segments_send(s);
	segments_make(s, DIR_DOWN, TCP_RST | TCP_ACK, s->isn[DIR_DOWN] + 1461, 4, nothing);
	segments_send(s);
	/* A RST changes no fact of its side. */
	assert_memory_equal(&before, &s->flow->tcp->side[DIR_DOWN], sizeof before);
	segments_say(s, DIR_DOWN, "200 OK");
	segments_ack(s, DIR_DOWN, 3);
	const struct reset_side *r = &s->flow->tcp->resets->side[DIR_DOWN];
	assert_int_equal(r->rst_count, 2);
	assert_int_equal(r->rst[0].ttl, 99);
	assert_int_equal(r->rst[0].checksum, CHECKSUM_GOOD);
	assert_int_equal(r->at[0].other_end, end);
	assert_memory_equal(&r->own, &before, sizeof before);
	assert_int_equal(r->other_last.payload_len, 3);
	assert_int_equal(r->after_count, 2);
	assert_int_equal(r->max_seq_end_after, s->isn[DIR_DOWN] + 7);
	/* The other side did not reset. */
	segments_say(s, DIR_UP, "more");
	assert_int_equal(s->flow->tcp->resets->side[DIR_UP].rst_count, 0);
	assert_int_equal(s->flow->tcp->resets->side[DIR_UP].after_count, 0);
	assert_true(s->flow->flags & FLOW_RESET);
	segments_free(s);
}

static void resets_over_the_cap_are_counted(void **state)
{
	struct segments *s = segments_new(1, 1 << 20, 1 << 20);
	(void)state;
	tracker_free(&s->tracker);
	s->tracker.resets.cap = 0;
	segments_handshake(s, 1, 2);
	segments_make(s, DIR_UP, TCP_RST, 2, 0, nothing);
	segments_send(s);
	segments_say(s, DIR_UP, "GET");
	assert_null(s->flow->tcp->resets);
	assert_int_equal(s->tracker.counts.resets_refused, 1);
	assert_told(s, 0, DIR_UP, "GET");
	segments_free(s);
}

static void a_syn_that_resets_is_nothing(void **state)
{
	struct segments *s = opened();
	(void)state;
	segments_make(s, DIR_DOWN, TCP_SYN | TCP_RST | TCP_FIN | TCP_ACK, 5, 5, span_of(NULL, 0));
	segments_send(s);
	assert_null(s->flow->tcp->resets);
	assert_false(s->flow->flags & (FLOW_RESET | FLOW_FIN_DOWN));
	segments_free(s);
}

static void disorder(void **state)
{
	struct segments *s = opened();
	(void)state;
	s->now_ns -= MILLISECONDS(2);
	segments_ack(s, DIR_UP, 0); /* one millisecond back: no more than clocks do */
	assert_false(s->flow->flags & FLOW_TS_DISORDER);
	s->now_ns -= MILLISECONDS(3);
	segments_say(s, DIR_DOWN, "from the other side");
	assert_true(s->flow->flags & FLOW_TS_DISORDER);
	assert_int_equal(flow_counts(s->table)->disordered, 1);
	segments_free(s);
}

static void flags_and_bytes(void **state)
{
	static const char text[2000] = {0};
	struct segments *s = opened();
	(void)state;
	segments_bytes(s, DIR_DOWN, 0, span_of(text, 1460), 0);
	assert_false(s->flow->flags & FLOW_SUPER_PACKET);
	segments_bytes(s, DIR_DOWN, 1460, span_of(text, 1461), TCP_FIN);
	assert_true(s->flow->flags & FLOW_SUPER_PACKET);
	assert_true(s->flow->flags & FLOW_FIN_DOWN);
	assert_false(s->flow->flags & FLOW_FIN_UP);
	assert_int_equal(s->flow->bytes[DIR_DOWN], 2921);
	assert_int_equal(s->flow->bytes[DIR_UP], 0);
	segments_free(s);
}

/* Frames of a side are kept from when somebody wants them, with what the side still knows from before. */
static void a_roll_of_frames(void **state)
{
	struct segments *s = opened();
	(void)state;
	assert_null(s->flow->tcp->roll[DIR_DOWN]);
	uint64_t synack = s->flow->tcp->side[DIR_DOWN].syn.frame.number;
	s->flow->flags |= FLOW_ROLL_DOWN;
	for (uint32_t i = 0; i < 20; i++) {
		segments_make(s, DIR_DOWN, TCP_ACK, 0xfffffff1 + i, 0xffffff01, span_text("x"));
		segments_send(s);
		segments_make(s, DIR_UP, TCP_ACK, 0xffffff01, 0xfffffff2 + i, nothing);
		segments_send(s);
	}
	const struct roll *r = s->flow->tcp->roll[DIR_DOWN];
	assert_non_null(r);
	assert_null(s->flow->tcp->roll[DIR_UP]);
	assert_int_equal(r->count, ROLL_FRAMES);
	assert_int_equal(r->frames[0].number, synack);
	for (unsigned i = 2; i < ROLL_FRAMES; i++)
		assert_int_equal(r->frames[i].number, r->frames[i - 1].number + 2);
	segments_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(handshake),
	    cmocka_unit_test(no_handshake_without_the_ack_of_the_client),
	    cmocka_unit_test(round_trips_after_karn),
	    cmocka_unit_test(round_trips_need_a_time),
	    cmocka_unit_test(acknowledged_but_never_seen),
	    cmocka_unit_test(resets),
	    cmocka_unit_test(resets_over_the_cap_are_counted),
	    cmocka_unit_test(a_syn_that_resets_is_nothing),
	    cmocka_unit_test(disorder),
	    cmocka_unit_test(flags_and_bytes),
	    cmocka_unit_test(a_roll_of_frames),
	};
	return cmocka_run_group_tests_name("track", tests, NULL, NULL);
}
