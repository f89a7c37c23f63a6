/* The published policing rule, step by step: each step's reason to say no, beside a transfer that passes them all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/detect/bucket.h"

enum {
	PACKETS_MAX = 1200,
	LEN = 1000,
	BURST = 20,        /* packets offered at once */
	EVERY_US = 100000, /* bursts */
	PASS = 10,         /* of a burst: 100,000 bytes a second */
	BURSTS = 30,
	RTT_MS = 40,
};

struct transfer {
	struct bucket_packet packets[PACKETS_MAX];
	size_t count;
	uint32_t next, opened_us;
	uint32_t path_rtt_half_ms;
	struct arena arena;
};

static struct bucket_packet *add(struct transfer *t, uint32_t us, bool lost)
{
	assert_true(t->count < PACKETS_MAX);
	struct bucket_packet *p = &t->packets[t->count];
	*p = (struct bucket_packet){.time_us = us,
	                            .seq = t->next,
	                            .len = LEN,
	                            .ack_ms = lost ? -1 : RTT_MS,
	                            .frame = (uint32_t)t->count * 2 + 1,
	                            .ack_frame = lost ? 0 : (uint32_t)t->count * 2 + 2,
	                            .resent = lost,
	                            .lost = lost};
	t->count++;
	t->next += LEN;
	return p;
}

/* The first bursts pass whole, from the tokens that were there; then PASS of each, and the rest is lost. */
static void police(struct transfer *t)
{
	*t = (struct transfer){.next = 1};
	for (uint32_t k = 0; k < BURSTS; k++)
		for (uint32_t i = 0; i < BURST; i++)
			add(t, k * EVERY_US + i * 10, k >= 2 && i >= PASS);
}

static struct bucket fit(struct transfer *t, unsigned cutoff)
{
	struct bucket_input in = {.packets = t->packets,
	                          .count = t->count,
	                          .opened_us = t->opened_us,
	                          .path_rtt_half_ms = t->path_rtt_half_ms};
	struct bucket b = bucket_fit(&in, cutoff, &t->arena);
	arena_free(&t->arena);
	return b;
}

static void a_bucket_fits(void **state)
{
	static struct transfer t;
	(void)state;
	police(&t);
	struct bucket b = fit(&t, 0);
	assert_int_equal(b.code, BUCKET_POLICED);
	assert_in_range(b.rate_bps, 790000, 810000);
	assert_int_equal(b.burst_bytes, 50 * LEN);
	assert_int_equal(b.losses, 28 * 10);
	assert_int_equal(b.passes, 27 * 10);
	assert_int_equal(b.slices, 28);
	b = fit(&t, 2);
	assert_int_equal(b.code, BUCKET_POLICED);
	assert_int_equal(b.losses, 28 * 10 - 2);
	assert_int_equal(b.burst_bytes, 50 * LEN);
}

static void step_1_wants_two_losses(void **state)
{
	static struct transfer t;
	(void)state;
	police(&t);
	for (size_t i = 0; i < t.count; i++)
		t.packets[i].lost = i == 100;
	assert_int_equal(fit(&t, 0).code, BUCKET_INSUFFICIENT_LOSS);
	/* Leaving out two at each end, five are needed at least: a first and a last. */
	for (size_t i = 0; i < t.count; i++)
		t.packets[i].lost = i >= 100 && i < 105;
	assert_int_equal(fit(&t, 2).code, BUCKET_INSUFFICIENT_LOSS);
	t.count = 0;
	assert_int_equal(fit(&t, 0).code, BUCKET_INSUFFICIENT_LOSS);
}

static void step_1_wants_the_first_loss_early(void **state)
{
	static struct transfer t;
	(void)state;
	police(&t);
	uint32_t more = 2000000 - t.packets[50].seq;
	for (size_t i = 0; i < t.count; i++)
		t.packets[i].seq += more;
	assert_int_equal(t.packets[50].seq, 2000000);
	assert_int_not_equal(fit(&t, 0).code, BUCKET_LATE_LOSS);
	for (size_t i = 0; i < t.count; i++)
		t.packets[i].seq++;
	assert_int_equal(fit(&t, 0).code, BUCKET_LATE_LOSS);
}

/* 50,000 bytes before the first loss: at 100,000 a second they fit into half a second and 30 ms, no more. */
static void step_3_wants_no_debt_at_the_start(void **state)
{
	static struct transfer t;
	(void)state;
	police(&t);
	for (size_t i = 0; i < t.count; i++)
		t.packets[i].time_us += 290000;
	assert_int_equal(fit(&t, 0).code, BUCKET_POLICED);
	for (size_t i = 0; i < t.count; i++)
		t.packets[i].time_us += 60000;
	assert_int_equal(fit(&t, 0).code, BUCKET_NEGATIVE_FILL);
}

static void step_5_wants_fifteen_losses_in_three_slices(void **state)
{
	static struct transfer t;
	(void)state;
	police(&t);
	t.count = BURST * 3 + PASS + 4; /* 10 and 4 lost */
	assert_int_equal(fit(&t, 0).code, BUCKET_INSUFFICIENT_LOSS);
	t.count = BURST * 4; /* 20, in two slices */
	assert_int_equal(fit(&t, 0).code, BUCKET_INSUFFICIENT_LOSS);
	t.count = BURST * 5;
	assert_int_equal(fit(&t, 0).code, BUCKET_POLICED);
	/* One slice, when a round trip is as long as all that. */
	police(&t);
	for (size_t i = 0; i < t.count; i++)
		if (!t.packets[i].lost)
			t.packets[i].ack_ms = 5000;
	assert_int_equal(fit(&t, 0).code, BUCKET_INSUFFICIENT_LOSS);
	/* None at all, when no round trip is known. */
	for (size_t i = 0; i < t.count; i++)
		t.packets[i].ack_ms = -1;
	assert_int_equal(fit(&t, 0).code, BUCKET_INSUFFICIENT_LOSS);
}

/* The first of a burst are lost, when the bucket had time to fill. */
static void step_6_wants_losses_at_lower_fill(void **state)
{
	static struct transfer t = {.next = 1};
	(void)state;
	t = (struct transfer){.next = 1};
	for (uint32_t k = 0; k < BURSTS; k++)
		for (uint32_t i = 0; i < BURST; i++)
			add(&t, k * EVERY_US + i * 10, k >= 2 && i < PASS);
	assert_int_equal(fit(&t, 0).code, BUCKET_HIGHER_FILL);
}

/* One in `of` losses moved to the start of its burst, one of the packets there passing in its place. */
static void displace(struct transfer *t, unsigned of)
{
	for (unsigned k = 3; k < BURSTS; k++) {
		struct bucket_packet *first = &t->packets[k * BURST], *last = &t->packets[k * BURST + BURST - 1];
		if (k % of != 0)
			continue;
		for (unsigned i = 0; i < 4; i++) {
			struct bucket_packet *a = first + i, *b = last - i;
			bool lost = a->lost;
			a->lost = a->resent = b->lost;
			b->lost = b->resent = lost;
			a->ack_ms = -1;
			b->ack_ms = RTT_MS;
		}
	}
}

static void step_7_wants_losses_near_empty(void **state)
{
	static struct transfer t;
	(void)state;
	police(&t);
	displace(&t, 2);
	enum bucket_code code = fit(&t, 0).code;
	assert_true(code == BUCKET_LOSS_OUT_OF_RANGE || code == BUCKET_PASS_OUT_OF_RANGE);
	/* Losses alone: a round trip of 2 ms makes two of them a few packets' worth of tokens. */
	police(&t);
	for (size_t i = 0; i < t.count; i++)
		if (!t.packets[i].lost)
			t.packets[i].ack_ms = 2;
	for (unsigned k = 3; k < BURSTS; k++)
		for (unsigned i = 0; i < 2; i++) {
			t.packets[k * BURST + i].lost = t.packets[k * BURST + i].resent = true;
			t.packets[k * BURST + i].ack_ms = -1;
		}
	assert_int_equal(fit(&t, 0).code, BUCKET_LOSS_OUT_OF_RANGE);
}

static void step_8_wants_no_pass_far_below_empty(void **state)
{
	static struct transfer t;
	(void)state;
	police(&t);
	/* In every third burst all pass, 10,000 bytes that were not there; 3000 are 0.75 round trips of 40 ms. */
	for (unsigned k = 3; k < BURSTS; k += 3)
		for (unsigned i = PASS; i < BURST; i++) {
			t.packets[k * BURST + i].lost = t.packets[k * BURST + i].resent = false;
			t.packets[k * BURST + i].ack_ms = RTT_MS;
		}
	enum bucket_code code = fit(&t, 0).code;
	assert_true(code == BUCKET_PASS_OUT_OF_RANGE || code == BUCKET_LOSS_OUT_OF_RANGE);
}

/* Round trips that grow through a burst: a queue that fills before it overflows. */
static void step_9_wants_no_inflated_round_trips(void **state)
{
	static struct transfer t;
	(void)state;
	for (int growth = 0; growth < 2; growth++) {
		police(&t);
		/* Losses are not repaired here, so that their acknowledgements leave round trips to look at. */
		for (size_t i = 0; i < t.count; i++)
			if (!t.packets[i].lost)
				t.packets[i].ack_ms = RTT_MS + growth * 4 * (int)(i % BURST);
		assert_int_equal(fit(&t, 0).code, growth ? BUCKET_INFLATED_RTT : BUCKET_POLICED);
	}
	/* Below 20 ms nobody calls it a queue. */
	for (size_t i = 0; i < t.count; i++)
		if (!t.packets[i].lost)
			t.packets[i].ack_ms = 8 + (int)(i % BURST) / 2;
	assert_int_equal(fit(&t, 0).code, BUCKET_POLICED);
	/* Beside the receiver they cannot be seen. */
	for (size_t i = 0; i < t.count; i++)
		if (!t.packets[i].lost)
			t.packets[i].ack_ms = RTT_MS + 4 * (int)(i % BURST);
	t.path_rtt_half_ms = 2 * RTT_MS;
	assert_int_equal(fit(&t, 0).code, BUCKET_POLICED);
}

/* What is acknowledged while a loss is repaired waited for the repair, not in a queue. */
static void round_trips_behind_a_loss_are_ignored(void **state)
{
	static struct transfer t;
	(void)state;
	police(&t);
	for (size_t i = 3 * BURST; i < t.count; i++) {
		if (!t.packets[i].lost)
			t.packets[i].ack_ms = RTT_MS + 4 * (int)(i % BURST);
	}
	assert_int_equal(fit(&t, 0).code, BUCKET_INFLATED_RTT);
	for (size_t i = 0; i < t.count; i++)
		if (t.packets[i].lost)
			t.packets[i].ack_frame = UINT32_MAX;
	assert_int_equal(fit(&t, 0).code, BUCKET_POLICED);
}

/* Beside the receiver a queue is told apart by what came before the first loss: no more than its rate. */
static void beside_the_receiver_a_burst_is_asked_for(void **state)
{
	static struct transfer t;
	(void)state;
	police(&t);
	t.path_rtt_half_ms = 2 * RTT_MS;
	assert_int_equal(fit(&t, 0).code, BUCKET_POLICED);
	for (size_t i = 0; i < t.count; i++)
		t.packets[i].time_us += 290000;
	assert_int_equal(fit(&t, 0).code, BUCKET_NEGATIVE_FILL);
}

static void times_that_stand_still_or_go_back_do_no_harm(void **state)
{
	static struct transfer t;
	(void)state;
	police(&t);
	for (size_t i = 0; i < t.count; i++)
		t.packets[i].time_us = 7;
	assert_int_not_equal(fit(&t, 0).code, BUCKET_POLICED);
	police(&t);
	for (size_t i = 0; i < t.count; i++)
		t.packets[i].time_us = UINT32_MAX - t.packets[i].time_us;
	assert_int_not_equal(fit(&t, 0).code, BUCKET_POLICED);
	police(&t);
	for (size_t i = 0; i < t.count; i++)
		t.packets[i].len = UINT32_MAX;
	assert_int_equal(fit(&t, 0).code, BUCKET_TOO_LARGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_bucket_fits),
	    cmocka_unit_test(step_1_wants_two_losses),
	    cmocka_unit_test(step_1_wants_the_first_loss_early),
	    cmocka_unit_test(step_3_wants_no_debt_at_the_start),
	    cmocka_unit_test(step_5_wants_fifteen_losses_in_three_slices),
	    cmocka_unit_test(step_6_wants_losses_at_lower_fill),
	    cmocka_unit_test(step_7_wants_losses_near_empty),
	    cmocka_unit_test(step_8_wants_no_pass_far_below_empty),
	    cmocka_unit_test(step_9_wants_no_inflated_round_trips),
	    cmocka_unit_test(round_trips_behind_a_loss_are_ignored),
	    cmocka_unit_test(beside_the_receiver_a_burst_is_asked_for),
	    cmocka_unit_test(times_that_stand_still_or_go_back_do_no_harm),
	};
	return cmocka_run_group_tests_name("bucket", tests, NULL, NULL);
}
