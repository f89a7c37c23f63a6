/* Candidates: deep copies, caps, budgets, and the first by frame stay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "analyzer/evidence/candidate.h"

static struct finding at_frame(const char *mechanism, uint64_t number)
{
	struct finding f = {.mechanism = mechanism_find(mechanism)};
	finding_suspect(&f, (struct frame_ref){.number = number});
	return f;
}

static void copies_deeply(void **state)
{
	(void)state;
	struct candidates c;
	struct err e;
	assert_int_equal(candidates_init(&c, 10, 0, &e), 0);
	char name[] = "example.org", value[] = "203.0.113.9", stage[] = "post_ack";
	struct finding f = at_frame("dns_dual_answer", 4);
	f.name = name;
	f.stage = stage;
	finding_detail(&f, "answers", value);
	struct finding *copy = candidate_add(&c, &f);
	memset(name, 'x', 3);
	memset(value, 'x', 3);
	memset(stage, 'x', 3);
	memset(&f, 0, sizeof f);
	assert_string_equal(copy->name, "example.org");
	assert_string_equal(copy->stage, "post_ack");
	assert_null(copy->protocol);
	assert_string_equal(copy->details[0].value, "203.0.113.9");
	assert_string_equal(copy->mechanism->id, "dns_dual_answer");
	copy->copies = 7;
	assert_int_equal(c.items[0]->copies, 7);
	candidates_free(&c);
	candidates_free(&c);
}

/* A rule walks over what was held when it proposes more: under the sanitizer, a freed one would be told. */
static void pinned_ones_can_be_read_after_they_lost_their_place(void **state)
{
	(void)state;
	struct candidates c;
	struct err e;
	assert_int_equal(candidates_init(&c, 0, 65536, &e), 0);
	struct finding *seen[64];
	size_t count = 0;
	for (uint64_t i = 0; i < 64; i++) {
		struct finding f = at_frame("ip_blackhole", 100 + i);
		(void)candidate_add(&c, &f);
	}
	for (; count < c.count; count++)
		seen[count] = c.items[count];
	assert_true(count > 2);
	candidates_pin(&c);
	for (uint64_t i = 0; i < 64; i++) {
		struct finding f = at_frame("doh_dot_block", 1 + i);
		(void)candidate_add(&c, &f);
	}
	assert_true(c.given_up != NULL);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(seen[i]->mechanism->id, "ip_blackhole");
	candidates_pin(&c);
	assert_null(c.given_up);
	candidates_free(&c);
}

static bool holds(const struct candidates *c, const char *mechanism, uint64_t number)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->items[i]->suspects[0].number == number && c->items[i]->mechanism == mechanism_find(mechanism))
			return true;
	return false;
}

static void keeps_the_first_by_frame_of_a_mechanism(void **state)
{
	(void)state;
	struct candidates c;
	struct err e;
	assert_int_equal(candidates_init(&c, 5, 0, &e), 0);
	/* 37 numbers in a scattered order: the five least stay, whatever the order. */
	for (uint64_t i = 0; i < 37; i++) {
		struct finding f = at_frame("dns_dual_answer", 1 + i * 17 % 37);
		(void)candidate_add(&c, &f);
		struct finding other = at_frame("rst_seq_data", 1000 + i);
		(void)candidate_add(&c, &other);
	}
	assert_int_equal(c.count, 10);
	assert_int_equal(c.dropped, 2 * 32);
	for (uint64_t n = 1; n <= 5; n++) {
		assert_true(holds(&c, "dns_dual_answer", n));
		assert_true(holds(&c, "rst_seq_data", 999 + n));
	}
	candidates_free(&c);
}

static void prefers_the_earlier_proposal_at_one_frame(void **state)
{
	(void)state;
	struct candidates c;
	struct err e;
	assert_int_equal(candidates_init(&c, 1, 0, &e), 0);
	struct finding f = at_frame("dns_dual_answer", 5);
	f.copies = 1;
	assert_non_null(candidate_add(&c, &f));
	f.copies = 2;
	assert_null(candidate_add(&c, &f));
	assert_int_equal(c.items[0]->copies, 1);
	candidates_free(&c);
}

static void one_that_is_replaced_leaves(void **state)
{
	(void)state;
	struct candidates c;
	struct err e;
	assert_int_equal(candidates_init(&c, 1, 0, &e), 0);
	struct finding late = at_frame("dns_dual_answer", 50), early = at_frame("dns_dual_answer", 5);
	(void)candidate_add(&c, &late);
	size_t used = c.used;
	struct finding *kept = candidate_add(&c, &early);
	assert_non_null(kept);
	assert_int_equal(c.count, 1);
	assert_ptr_equal(c.items[0], kept);
	assert_int_equal(c.used, used);
	candidates_free(&c);
}

/* Bytes that one candidate without text takes. */
static size_t bare_size(const char *mechanism)
{
	struct candidates c;
	struct err e;
	assert_int_equal(candidates_init(&c, 0, 0, &e), 0);
	struct finding f = at_frame(mechanism, 1);
	assert_non_null(candidate_add(&c, &f));
	size_t size = c.used;
	candidates_free(&c);
	return size;
}

static void counts_what_is_over_the_budget(void **state)
{
	(void)state;
	struct candidates c;
	struct err e;
	assert_int_equal(candidates_init(&c, 0, 3 * bare_size("dns_dual_answer") + 64, &e), 0);
	struct finding f = at_frame("dns_dual_answer", 5);
	for (int i = 0; i < 10; i++)
		(void)candidate_add(&c, &f);
	assert_int_equal(c.count, 3);
	assert_int_equal(c.dropped, 7);
	f.name = "a name longer than what is left of the budget, so that the copy cannot be whole";
	assert_null(candidate_add(&c, &f));
	assert_int_equal(c.count, 3);
	assert_int_equal(c.dropped, 8);
	candidates_free(&c);
}

static void unused_details_take_no_room(void **state)
{
	(void)state;
	assert_true(bare_size("dns_dual_answer") + (FINDING_DETAILS_MAX - 4) * sizeof(struct detail) <
	            sizeof(struct finding));
}

static void the_earlier_by_frame_stays_at_the_budget(void **state)
{
	(void)state;
	struct candidates c;
	struct err e;
	assert_int_equal(candidates_init(&c, 0, 3 * bare_size("dns_dual_answer"), &e), 0);
	for (uint64_t n = 9; n > 0; n--) {
		struct finding f = at_frame("dns_dual_answer", n);
		assert_non_null(candidate_add(&c, &f));
	}
	assert_int_equal(c.count, 3);
	assert_int_equal(c.dropped, 6);
	for (uint64_t n = 1; n <= 3; n++)
		assert_true(holds(&c, "dns_dual_answer", n));
	candidates_free(&c);
}

/* A flood of one mechanism pushes no later one of another out. */
static void a_flood_leaves_room_for_the_others(void **state)
{
	(void)state;
	struct candidates c;
	struct err e;
	assert_int_equal(candidates_init(&c, 0, 30 * bare_size("dns_dual_answer"), &e), 0);
	for (uint64_t n = 1; n <= 100; n++) {
		struct finding f = at_frame("dns_dual_answer", n);
		(void)candidate_add(&c, &f);
	}
	assert_int_equal(c.count, 30);
	for (uint64_t n = 101; n <= 120; n++) {
		struct finding f = at_frame("rst_seq_data", n);
		(void)candidate_add(&c, &f);
	}
	assert_int_equal(c.count, 30);
	assert_int_equal(c.dropped, 90);
	for (uint64_t n = 1; n <= 15; n++) {
		assert_true(holds(&c, "dns_dual_answer", n));
		assert_true(holds(&c, "rst_seq_data", 100 + n));
	}
	candidates_free(&c);
}

int main(void)
{
	const struct CMUnitTest candidate[] = {
	    cmocka_unit_test(copies_deeply),
	    cmocka_unit_test(pinned_ones_can_be_read_after_they_lost_their_place),
	    cmocka_unit_test(keeps_the_first_by_frame_of_a_mechanism),
	    cmocka_unit_test(prefers_the_earlier_proposal_at_one_frame),
	    cmocka_unit_test(one_that_is_replaced_leaves),
	    cmocka_unit_test(counts_what_is_over_the_budget),
	    cmocka_unit_test(unused_details_take_no_room),
	    cmocka_unit_test(the_earlier_by_frame_stays_at_the_budget),
	    cmocka_unit_test(a_flood_leaves_room_for_the_others),
	};
	return cmocka_run_group_tests(candidate, NULL, NULL);
}
