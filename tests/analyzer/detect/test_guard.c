/* Guards by the client's other attempts, on tables made by hand: each where it alone decides, and just beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "analyzer/detect/guard.h"
#include "tests/support/attempts.h"
#include "tests/support/weights.h"

#define SECOND_NS INT64_C(1000000000)

static int open_table(void **state)
{
	static struct attempts_made made;
	made = (struct attempts_made){0};
	*state = &made;
	return 0;
}

static int close_table(void **state)
{
	attempts_forget(*state);
	return 0;
}

/* Of the flow that was tried first. */
static const struct attempt *first_of(struct attempts_made *m)
{
	const struct attempt_table *t = attempts_sorted(m);
	for (size_t i = 0; i < t->count; i++)
		if (t->by_place[i]->flow_id == 1)
			return t->by_place[i];
	fail_msg("no attempt");
	return NULL;
}

static enum guard_result scanner(struct attempts_made *m)
{
	const struct attempt *a = first_of(m);
	return guard_scanner(&m->table, a);
}

static enum guard_result eyeballs(struct attempts_made *m)
{
	const struct attempt *a = first_of(m);
	return guard_happy_eyeballs(&m->table, a);
}

static enum guard_result abort_of(struct attempts_made *m)
{
	const struct attempt *a = first_of(m);
	return guard_client_abort(&m->table, a);
}

static enum guard_result down(struct attempts_made *m)
{
	const struct attempt *a = first_of(m);
	return guard_own_network_down(&m->table, a, ATTEMPTS_START_NS);
}

static void unconnected(struct attempts_made *m, unsigned count, double step)
{
	for (unsigned i = 0; i < count; i++)
		attempts_try(m, i * step, 1 + i, NULL, ATTEMPT_NO_HANDSHAKE)->flags = 0;
}

/* G15 */
static void marks_of_a_scanner(void **state)
{
	struct attempts_made *m = *state;
	attempts_try(m, 0, 1, NULL, ATTEMPT_NO_HANDSHAKE)->flags = ATTEMPT_SCANNER;
	assert_int_equal(scanner(m), GUARD_FITS);
}

static void thirty_one_places_in_a_minute(void **state)
{
	struct attempts_made *m = *state;
	unconnected(m, 31, 0.5);
	assert_int_equal(scanner(m), GUARD_FITS);
}

static void thirty_places_are_no_scan(void **state)
{
	struct attempts_made *m = *state;
	unconnected(m, 30, 0.5);
	unconnected(m, 30, 0.5); /* the same ones again */
	assert_int_equal(scanner(m), GUARD_CLEAR);
}

static void many_places_in_an_hour_are_no_scan(void **state)
{
	struct attempts_made *m = *state;
	unconnected(m, 60, 60);
	assert_int_equal(scanner(m), GUARD_CLEAR);
}

/* A browser with many servers, of which a tenth answers. */
static void who_gets_answers_is_no_scanner(void **state)
{
	struct attempts_made *m = *state;
	unconnected(m, 36, 0.5);
	for (unsigned i = 0; i < 4; i++)
		attempts_try(m, 1, 100 + i, "a.example", ATTEMPT_ANSWERED);
	assert_int_equal(scanner(m), GUARD_CLEAR);
}

/* G16 */
static struct attempt *loser(struct attempts_made *m)
{
	struct attempt *a = attempts_try(m, 10, 1, NULL, ATTEMPT_NO_HANDSHAKE);
	a->flags = 0;
	a->bytes[DIR_UP] = a->bytes[DIR_DOWN] = 0;
	return a;
}

static void the_loser_of_a_race(void **state)
{
	struct attempts_made *m = *state;
	loser(m);
	attempts_try(m, 10.3, 2, "a.example", ATTEMPT_ANSWERED);
	assert_int_equal(eyeballs(m), GUARD_FITS);
}

static void a_connected_loser_that_is_closed(void **state)
{
	struct attempts_made *m = *state;
	struct attempt *a = loser(m);
	a->outcome = ATTEMPT_NO_REQUEST;
	a->flags = ATTEMPT_CONNECTED | ATTEMPT_CLIENT_RESET;
	a->last_ns += 5 * SECOND_NS;
	attempts_try(m, 10.3, 2, "a.example", ATTEMPT_ANSWERED);
	assert_int_equal(eyeballs(m), GUARD_FITS);
}

/* Whoever goes on knocking when the other address has long answered did not lose a race. */
static void who_goes_on_is_no_loser(void **state)
{
	struct attempts_made *m = *state;
	loser(m)->last_ns += 5 * SECOND_NS;
	attempts_try(m, 10.3, 2, "a.example", ATTEMPT_ANSWERED);
	assert_int_equal(eyeballs(m), GUARD_CLEAR);
}

static void no_winner_no_race(void **state)
{
	struct attempts_made *m = *state;
	loser(m);
	attempts_try(m, 10.3, 2, "a.example", ATTEMPT_NO_HANDSHAKE);
	attempts_try(m, 13, 3, "a.example", ATTEMPT_ANSWERED);              /* too late */
	attempts_try(m, 10.3, 1, "a.example", ATTEMPT_ANSWERED);            /* the same address */
	attempts_try(m, 10.3, 4, NULL, ATTEMPT_ANSWERED)->server_port = 80; /* something else */
	assert_int_equal(eyeballs(m), GUARD_CLEAR);
}

static void who_asked_something_was_no_loser(void **state)
{
	struct attempts_made *m = *state;
	loser(m)->bytes[DIR_UP] = 500;
	attempts_try(m, 10.3, 2, "a.example", ATTEMPT_ANSWERED);
	assert_int_equal(eyeballs(m), GUARD_CLEAR);
}

/* G17 */
static void reset_by_client(struct attempts_made *m, double second, unsigned host)
{
	attempts_try(m, second, host, NULL, ATTEMPT_STALLED)->flags |= ATTEMPT_CLIENT_RESET;
}

static void a_closed_program(void **state)
{
	struct attempts_made *m = *state;
	reset_by_client(m, 10, 1);
	reset_by_client(m, 10.5, 1);
	reset_by_client(m, 10.9, 2);
	assert_int_equal(abort_of(m), GUARD_FITS);
}

static void one_server_is_no_closed_program(void **state)
{
	struct attempts_made *m = *state;
	reset_by_client(m, 10, 1);
	reset_by_client(m, 10.5, 1);
	reset_by_client(m, 10.9, 1);
	assert_int_equal(abort_of(m), GUARD_CLEAR);
}

static void two_flows_or_another_second_are_no_closed_program(void **state)
{
	struct attempts_made *m = *state;
	reset_by_client(m, 10, 1);
	reset_by_client(m, 10.5, 2);
	reset_by_client(m, 11.1, 3);
	assert_int_equal(abort_of(m), GUARD_CLEAR);
}

static void who_did_not_reset_did_not_abort(void **state)
{
	struct attempts_made *m = *state;
	attempts_try(m, 10, 1, NULL, ATTEMPT_STALLED);
	for (unsigned i = 0; i < 4; i++)
		reset_by_client(m, 10, 2 + i);
	assert_int_equal(abort_of(m), GUARD_CLEAR);
}

/* G22 */
static void everything_fails(void **state)
{
	struct attempts_made *m = *state;
	for (unsigned i = 0; i < 4; i++)
		attempts_try(m, 12 + i, 1 + i, NULL, ATTEMPT_NO_HANDSHAKE);
	assert_int_equal(down(m), GUARD_FITS);
}

static void two_others_are_no_outage(void **state)
{
	struct attempts_made *m = *state;
	for (unsigned i = 0; i < 3; i++)
		attempts_try(m, 12 + i, 1 + i, NULL, ATTEMPT_NO_HANDSHAKE);
	assert_int_equal(down(m), GUARD_CLEAR);
}

/* Four of five are 80%, three of four are not. */
static void some_that_work_are_no_outage(void **state)
{
	struct attempts_made *m = *state;
	for (unsigned i = 0; i < 4; i++)
		attempts_try(m, 12 + i, 1 + i, NULL, ATTEMPT_NO_HANDSHAKE);
	attempts_try(m, 15, 10, NULL, ATTEMPT_ANSWERED);
	assert_int_equal(down(m), GUARD_CLEAR);
	attempts_try(m, 16, 5, NULL, ATTEMPT_UNACKED);
	assert_int_equal(down(m), GUARD_FITS);
}

static void another_time_is_no_outage(void **state)
{
	struct attempts_made *m = *state;
	attempts_try(m, 12, 1, NULL, ATTEMPT_NO_HANDSHAKE);
	for (unsigned i = 0; i < 5; i++)
		attempts_try(m, 21 + i, 2 + i, NULL, ATTEMPT_NO_HANDSHAKE);
	assert_int_equal(down(m), GUARD_CLEAR);
}

/* Ten connections to the same server say nothing of the network. */
static void the_same_server_is_no_test(void **state)
{
	struct attempts_made *m = *state;
	for (unsigned i = 0; i < 10; i++)
		attempts_try(m, 12, 1, NULL, ATTEMPT_UNACKED);
	assert_int_equal(down(m), GUARD_UNTESTED);
}

static void nothing_near_is_no_test(void **state)
{
	struct attempts_made *m = *state;
	attempts_try(m, 35, 1, NULL, ATTEMPT_UNACKED);
	attempts_try(m, 10, 2, NULL, ATTEMPT_ANSWERED);
	attempts_try(m, 51, 2, NULL, ATTEMPT_ANSWERED);
	attempts_try(m, 36, 3, NULL, ATTEMPT_UNKNOWN);
	attempts_try(m, 36, 3, NULL, ATTEMPT_NO_REQUEST);
	assert_int_equal(down(m), GUARD_UNTESTED);
	attempts_try(m, 49, 2, NULL, ATTEMPT_ANSWERED);
	assert_int_equal(down(m), GUARD_CLEAR);
}

/* Long transfers that die together count when they die, not when they began. */
static void what_dies_counts_when_it_dies(void **state)
{
	struct attempts_made *m = *state;
	for (unsigned i = 0; i < 4; i++) {
		struct attempt *a = attempts_try(m, 12 + 40 * i, 1 + i, NULL, ATTEMPT_ANSWERED);
		a->flags |= ATTEMPT_DIED;
		a->unanswered_first =
		    (struct frame_ref){.number = 1000 + i, .ts_ns = ATTEMPTS_START_NS + (211 + i) * SECOND_NS};
	}
	assert_int_equal(down(m), GUARD_FITS);
}

/* What takes the weight from a control. */
static bool around(struct attempts_made *m, double until)
{
	const struct attempt *a = first_of(m);
	return guard_silence_around(&m->table, a, ATTEMPTS_START_NS + (int64_t)(until * 1e9));
}

static void a_control_before_proves_nothing(void **state)
{
	struct attempts_made *m = *state;
	attempts_try(m, 20, 1, "blocked.example", ATTEMPT_UNACKED);
	attempts_try(m, 10, 1, "control.example", ATTEMPT_ANSWERED);
	assert_true(around(m, 10));
	attempts_try(m, 26, 1, "control.example", ATTEMPT_ANSWERED);
	assert_false(around(m, 26));
}

static void silence_elsewhere_takes_the_control(void **state)
{
	struct attempts_made *m = *state;
	attempts_try(m, 20, 1, "blocked.example", ATTEMPT_UNACKED);
	attempts_try(m, 28, 2, "other.example", ATTEMPT_NO_HANDSHAKE);
	attempts_try(m, 36, 1, "control.example", ATTEMPT_ANSWERED);
	assert_true(around(m, 36));
	attempts_try(m, 29, 3, "third.example", ATTEMPT_ANSWERED);
	assert_false(around(m, 36));
}

/* guard_all: what a finding gets. */
static void findings_are_told(void **state)
{
	struct attempts_made *m = *state;
	struct weights *weights = weights_fixture();
	for (unsigned i = 0; i < 4; i++)
		attempts_try(m, 12 + i, 1 + i, NULL, ATTEMPT_NO_HANDSHAKE);
	const struct attempt *a = first_of(m);
	struct finding asks = {.mechanism = mechanism_find("ip_blackhole"), .kind = KIND_SYMPTOM};
	struct finding does_not = {.mechanism = mechanism_find("icmp_reject"), .kind = KIND_SYMPTOM};
	struct finding *all[] = {&asks, &does_not};
	for (size_t i = 0; i < 2; i++) {
		all[i]->client = a->client;
		all[i]->server = a->server;
		all[i]->client_port = a->client_port;
		all[i]->server_port = a->server_port;
		all[i]->l4_proto = a->l4_proto;
		all[i]->flow_id = a->flow_id;
	}
	struct guard_input in = {.attempts = &m->table, .weights = weights, .first_ns = ATTEMPTS_START_NS};
	guard_all(all, 2, &in);
	assert_int_equal(asks.guards_failed, 1U << GUARD_OWN_NETWORK_DOWN);
	assert_int_equal(asks.term_count, 1);
	assert_string_equal(asks.terms[0].id, "N22");
	assert_int_equal(does_not.guards_failed, 0);
	assert_int_equal(does_not.term_count, 0);
	/* What the log had to drop is not tested, and neither is anything in a capture without times. */
	uint32_t untested = 1U << GUARD_SCANNER | 1U << GUARD_HAPPY_EYEBALLS | 1U << GUARD_OWN_NETWORK_DOWN;
	struct finding unknown = asks, timeless = asks;
	unknown.flow_id += 1000;
	unknown.guards_failed = timeless.guards_failed = 0;
	all[0] = &unknown;
	guard_all(all, 1, &in);
	assert_int_equal(unknown.guards_untested, untested);
	all[0] = &timeless;
	in.first_ns = FRAME_NO_TIME;
	guard_all(all, 1, &in);
	assert_int_equal(timeless.guards_untested, untested);
	assert_int_equal(timeless.guards_failed, 0);
	weights_free(weights);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_table, close_table)
	const struct CMUnitTest tests[] = {
	    TEST(marks_of_a_scanner),
	    TEST(thirty_one_places_in_a_minute),
	    TEST(thirty_places_are_no_scan),
	    TEST(many_places_in_an_hour_are_no_scan),
	    TEST(who_gets_answers_is_no_scanner),
	    TEST(the_loser_of_a_race),
	    TEST(a_connected_loser_that_is_closed),
	    TEST(who_goes_on_is_no_loser),
	    TEST(no_winner_no_race),
	    TEST(who_asked_something_was_no_loser),
	    TEST(a_closed_program),
	    TEST(one_server_is_no_closed_program),
	    TEST(two_flows_or_another_second_are_no_closed_program),
	    TEST(who_did_not_reset_did_not_abort),
	    TEST(everything_fails),
	    TEST(two_others_are_no_outage),
	    TEST(some_that_work_are_no_outage),
	    TEST(another_time_is_no_outage),
	    TEST(the_same_server_is_no_test),
	    TEST(nothing_near_is_no_test),
	    TEST(what_dies_counts_when_it_dies),
	    TEST(a_control_before_proves_nothing),
	    TEST(silence_elsewhere_takes_the_control),
	    TEST(findings_are_told),
	};
#undef TEST
	return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
