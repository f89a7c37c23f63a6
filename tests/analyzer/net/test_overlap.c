/* The ring that compares segments: each kept one is compared, and neither bytes nor rings are without bound. */
#include "analyzer/net/overlap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SECONDS(n) (INT64_C(n) * 1000000000)

static struct sample sample_at(uint32_t seq, const char *text)
{
	return (struct sample){.frame.number = 1, .seq = seq, .payload_len = (uint32_t)strlen(text)};
}

static void keep(struct overlap *o, uint32_t seq, const char *text)
{
	struct sample s = sample_at(seq, text);
	overlap_keep(o, seq, span_text(text), &s);
}

static bool differs(struct overlap *o, uint32_t seq, const char *text, struct stream_conflict *c)
{
	struct sample s = sample_at(seq, text);
	*c = (struct stream_conflict){0};
	return overlap_differs(o, seq, span_text(text), &s, 0, c);
}

static void compares_each_kept_segment(void **state)
{
	struct overlap_pool pool;
	struct overlap *o = NULL;
	struct stream_conflict c;
	(void)state;
	overlap_pool_init(&pool, 1 << 20);
	overlap_start(&pool, &o, 0xfffffffd, 0);
	assert_true(overlap_wants(o, 0xfffffffd));
	keep(o, 0xfffffffd, "abc");
	keep(o, 0, "def");
	assert_true(overlap_wants(o, 3));
	assert_false(overlap_wants(o, 4));
	keep(o, 9, "elsewhere");
	assert_true(overlap_wants(o, 3));
	assert_false(differs(o, 0xfffffffd, "abcdef", &c));
	assert_false(differs(o, 0xfffffffb, "xxabcdefyy", &c));
	assert_false(differs(o, 3, "x", &c));
	assert_false(differs(o, 0xfffffffc, "x", &c));
	assert_false(differs(o, 1, "", &c));
	assert_true(differs(o, 0xfffffffd, "abcdxf", &c));
	assert_int_equal(c.seq, 0);
	assert_int_equal(c.diff_offset, 1);
	assert_int_equal(c.winner_bytes.len, 3);
	assert_int_equal(c.winner.seq, 0);
	assert_true(differs(o, 0xfffffffe, "xcdxfg", &c));
	assert_int_equal(c.seq, 0xfffffffe);
	assert_int_equal(c.winner_bytes.len, 2);
	/* A new turn forgets. */
	overlap_start(&pool, &o, 3, 0);
	assert_false(differs(o, 0, "xyz", &c));
	overlap_release(&pool, &o);
	assert_null(o);
	overlap_release(&pool, &o);
	assert_int_equal(pool.pool.alive, 0);
	overlap_pool_free(&pool);
}

static void nothing_is_legal(void **state)
{
	struct stream_conflict c;
	(void)state;
	keep(NULL, 1, "x");
	assert_false(overlap_wants(NULL, 1));
	assert_false(differs(NULL, 1, "x", &c));
}

static void is_bounded(void **state)
{
	static char text[OVERLAP_BYTES + 2];
	struct overlap_pool pool;
	struct overlap *o = NULL;
	struct stream_conflict c;
	(void)state;
	overlap_pool_init(&pool, 1 << 20);
	overlap_start(&pool, &o, 0, 0);
	for (uint32_t i = 0; i < OVERLAP_SEGMENTS; i++)
		keep(o, i, "a");
	assert_false(overlap_wants(o, OVERLAP_SEGMENTS));
	keep(o, OVERLAP_SEGMENTS, "a");
	assert_true(differs(o, OVERLAP_SEGMENTS - 1, "b", &c));
	assert_false(differs(o, OVERLAP_SEGMENTS, "b", &c));
	overlap_start(&pool, &o, 0, 0);
	memset(text, 'a', OVERLAP_BYTES + 1);
	keep(o, 0, text);
	assert_false(overlap_wants(o, OVERLAP_BYTES));
	assert_true(differs(o, OVERLAP_BYTES - 1, "b", &c));
	assert_int_equal(c.winner.len, OVERLAP_BYTES + 1);
	assert_false(differs(o, OVERLAP_BYTES, "b", &c));
	overlap_release(&pool, &o);
	overlap_pool_free(&pool);
}

/* Room for few: who was quiet for longest loses its ring, and is told so through its own pointer. */
static void rings_are_taken_over(void **state)
{
	struct overlap_pool pool;
	struct overlap *rings[3] = {NULL};
	(void)state;
	overlap_pool_init(&pool, 1);
	overlap_start(&pool, &rings[0], 0, SECONDS(10));
	overlap_start(&pool, &rings[1], 0, SECONDS(11));
	assert_null(rings[0]);
	assert_non_null(rings[1]);
	assert_int_equal(pool.evicted_young, 1);
	/* Later than the window between paired packets nothing is lost. */
	overlap_start(&pool, &rings[2], 0, SECONDS(14));
	assert_null(rings[1]);
	assert_int_equal(pool.evicted_young, 1);
	/* Nor when the clock went back; and one's own ring is no loss. */
	overlap_start(&pool, &rings[0], 0, SECONDS(1));
	assert_null(rings[2]);
	overlap_start(&pool, &rings[0], 0, SECONDS(1));
	assert_non_null(rings[0]);
	assert_int_equal(pool.evicted_young, 1);
	assert_int_equal(pool.pool.alive, 1);
	overlap_release(&pool, &rings[0]);
	overlap_pool_free(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(compares_each_kept_segment),
	    cmocka_unit_test(nothing_is_legal),
	    cmocka_unit_test(is_bounded),
	    cmocka_unit_test(rings_are_taken_over),
	};
	return cmocka_run_group_tests_name("overlap", tests, NULL, NULL);
}
