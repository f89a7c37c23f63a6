/* Goodput by the second: when bins begin, what they count, what short transfers say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/segments.h"

struct bench {
	struct segments *s;
	struct paces paces;
};

static uint8_t payload[1000];

static void begin(struct bench *b, size_t objects)
{
	*b = (struct bench){.s = segments_new(8, 1 << 20, 1 << 20)};
	paces_init(&b->paces, objects * sizeof(struct pace));
	b->s->tracker.paces = &b->paces;
	segments_handshake(b->s, 100, 5000);
}

static void shut(struct bench *b)
{
	segments_free(b->s);
	assert_int_equal(b->paces.pool.alive, 0);
	paces_free(&b->paces);
}

/* n packets of 1000 bytes, acknowledged at once, every `every` milliseconds. */
static void deliver(struct bench *b, unsigned n, unsigned every, unsigned flags)
{
	struct segments *s = b->s;
	for (unsigned i = 0; i < n; i++) {
		s->now_ns += (int64_t)(every - 2) * 1000000;
		segments_bytes(s, DIR_DOWN, s->next[DIR_DOWN], span_of(payload, sizeof payload), flags);
		s->next[DIR_DOWN] += sizeof payload;
		s->told[0][DIR_DOWN]->len = 0;
		segments_ack(s, DIR_UP, s->next[DIR_DOWN]);
	}
}

static void the_first_two_seconds_are_left_out(void **state)
{
	struct bench b;
	(void)state;
	begin(&b, 4);
	deliver(&b, 20, 100, 0);
	assert_null(b.s->flow->tcp->pace[DIR_DOWN].pace);
	deliver(&b, 31, 100, 0);
	const struct pace *p = b.s->flow->tcp->pace[DIR_DOWN].pace;
	assert_non_null(p);
	assert_int_equal(p->bins, 4);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(p->bin[i].packets, 10);
		assert_int_equal(p->bin[i].bytes, 10000);
		assert_int_equal(p->bin[i].unsteady, 0);
		assert_int_equal(p->bin[i].pushed, 0);
		assert_int_equal(p->bin[i].pause, 100 / PACE_PAUSE_UNIT_MS);
	}
	assert_int_equal(pace_rate(b.s->flow, DIR_DOWN), 80000);
	assert_null(b.s->flow->tcp->pace[DIR_UP].pace);
	shut(&b);
}

static void few_packets_are_no_transfer(void **state)
{
	struct bench b;
	(void)state;
	begin(&b, 4);
	deliver(&b, PACE_PACKETS_MIN, 400, 0);
	assert_null(b.s->flow->tcp->pace[DIR_DOWN].pace);
	shut(&b);
}

static void repeats_holes_and_pushes_are_counted(void **state)
{
	struct bench b;
	(void)state;
	begin(&b, 4);
	deliver(&b, 25, 100, 0);
	b.s->next[DIR_DOWN] -= 1000;
	deliver(&b, 1, 100, TCP_PSH);
	b.s->next[DIR_DOWN] += 1000;
	deliver(&b, 1, 100, 0);
	const struct pace *p = b.s->flow->tcp->pace[DIR_DOWN].pace;
	assert_int_equal(p->bin[0].unsteady, 2);
	assert_int_equal(p->bin[0].pushed, 1);
	shut(&b);
}

/* A keep-alive connection that wakes up: what was said long ago is not part of the transfer. */
static void silence_before_a_transfer_is_no_part_of_it(void **state)
{
	struct bench b;
	(void)state;
	begin(&b, 4);
	deliver(&b, 10, 10, 0);
	b.s->now_ns += MILLISECONDS(30000);
	deliver(&b, 20, 100, 0);
	const struct pace *p = b.s->flow->tcp->pace[DIR_DOWN].pace;
	assert_non_null(p);
	assert_int_equal(p->bins, 2);
	assert_int_equal(p->bin[0].packets, 10);
	shut(&b);
}

static void a_short_transfer_has_a_rate_as_a_whole(void **state)
{
	struct bench b;
	(void)state;
	begin(&b, 4);
	deliver(&b, 29, 10, 0);
	assert_int_equal(pace_rate(b.s->flow, DIR_DOWN), 0); /* too little */
	deliver(&b, 72, 10, 0);
	assert_int_equal(pace_rate(b.s->flow, DIR_DOWN), 101 * 8000);
	shut(&b);
}

static void without_room_it_is_counted(void **state)
{
	struct bench b;
	(void)state;
	begin(&b, 1);
	struct pace *taken = pool_get(&b.paces.pool);
	deliver(&b, 25, 100, 0);
	assert_null(b.s->flow->tcp->pace[DIR_DOWN].pace);
	assert_true(b.paces.refused > 0);
	pool_put(&b.paces.pool, taken);
	shut(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_two_seconds_are_left_out),
	    cmocka_unit_test(few_packets_are_no_transfer),
	    cmocka_unit_test(repeats_holes_and_pushes_are_counted),
	    cmocka_unit_test(silence_before_a_transfer_is_no_part_of_it),
	    cmocka_unit_test(a_short_transfer_has_a_rate_as_a_whole),
	    cmocka_unit_test(without_room_it_is_counted),
	};
	return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
