/* How connections end, told by packets; the log and its limits; its two orders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/attempts.h"
#include "tests/support/conversation.h"
#include "tests/support/events.h"

static int open_conversation(void **state)
{
	static struct conversation c;
	conversation_open(&c);
	*state = &c;
	return 0;
}

static int close_conversation(void **state)
{
	conversation_close(*state);
	return 0;
}

static const struct attempt *only_attempt(struct conversation *c)
{
	conversation_findings(c);
	const struct attempts *log = shard_attempts(c->shard);
	assert_int_equal(log->count, 1);
	return &log->items[0];
}

static void ends_as(struct conversation *c, enum attempt_outcome outcome)
{
	assert_string_equal(attempt_outcome_name(only_attempt(c)->outcome), attempt_outcome_name(outcome));
}

static const char request[] = "GET / HTTP/1.1\r\nHost: site.example\r\n\r\n";

static void answered(void **state)
{
	struct conversation *c = *state;
	conversation_exchange(c);
	const struct attempt *a = only_attempt(c);
	assert_int_equal(a->outcome, ATTEMPT_ANSWERED);
	assert_string_equal(a->name, "blocked.example");
	assert_int_equal(a->flags, ATTEMPT_CONNECTED | ATTEMPT_CUT_SHORT);
	assert_int_equal(a->bytes[DIR_DOWN], 2000);
	assert_int_equal(a->acknowledged, a->first_payload);
	assert_int_equal(a->rtt_min_ns, 40000000);
}

static void no_answer_to_syns(void **state)
{
	struct conversation *c = *state;
	for (int i = 0; i < 4; i++)
		SEND(c, CLIENT, ((1 << i) - 1) * 1000000, "S", .forged = i < 3);
	ends_as(c, ATTEMPT_NO_HANDSHAKE);
	assert_int_equal(only_attempt(c)->unanswered, 4);
	assert_true(only_attempt(c)->flags & ATTEMPT_DIED);
}

static void refused(void **state)
{
	struct conversation *c = *state;
	SEND(c, CLIENT, 0, "S");
	SEND(c, SERVER, 40000, "RA");
	ends_as(c, ATTEMPT_REFUSED);
}

static void connected_without_a_word(void **state)
{
	struct conversation *c = *state;
	conversation_handshake(c);
	SEND(c, CLIENT, 5000000, "FA");
	ends_as(c, ATTEMPT_NO_REQUEST);
}

static void request_never_acknowledged(void **state)
{
	struct conversation *c = *state;
	conversation_handshake(c);
	for (int i = 0; i < 4; i++)
		SEND(c, CLIENT, 41000 + ((1 << i) - 1) * 300000, "PA", request, .forged = i < 3);
	ends_as(c, ATTEMPT_UNACKED);
	assert_int_equal(only_attempt(c)->unanswered, 4);
	assert_int_equal(only_attempt(c)->acknowledged, 0);
}

static void request_acknowledged_and_no_more(void **state)
{
	struct conversation *c = *state;
	conversation_handshake(c);
	SEND(c, CLIENT, 41000, "PA", request);
	SEND(c, SERVER, 81000, "A");
	ends_as(c, ATTEMPT_STALLED);
	assert_int_equal(only_attempt(c)->unanswered, 0);
}

static void reset_before_an_answer(void **state)
{
	struct conversation *c = *state;
	conversation_handshake(c);
	SEND(c, CLIENT, 41000, "PA", request);
	SEND(c, SERVER, 50000, "RA", .forged = true);
	SEND(c, SERVER, 82000, "PA", .bytes = 1000);
	ends_as(c, ATTEMPT_RESET);
}

static void reset_after_the_answer(void **state)
{
	struct conversation *c = *state;
	conversation_exchange(c);
	SEND(c, SERVER, 90000, "RA");
	ends_as(c, ATTEMPT_ANSWERED);
}

/* The second request of a connection is the one that fails. */
static void reset_on_the_second_request(void **state)
{
	struct conversation *c = *state;
	conversation_exchange(c);
	SEND(c, CLIENT, 100000, "PA", request);
	SEND(c, SERVER, 110000, "RA");
	ends_as(c, ATTEMPT_RESET);
}

static void closed_without_a_word(void **state)
{
	struct conversation *c = *state;
	conversation_handshake(c);
	SEND(c, CLIENT, 41000, "PA", request);
	SEND(c, SERVER, 81000, "FA");
	ends_as(c, ATTEMPT_CLOSED);
}

static void start_unseen(void **state)
{
	struct conversation *c = *state;
	SEND(c, CLIENT, 41000, "PA", request, .seq = 1000, .ack = 1000);
	ends_as(c, ATTEMPT_UNKNOWN);
}

static void only_the_server_captured(void **state)
{
	struct conversation *c = *state;
	SEND(c, SERVER, 40000, "SA");
	SEND(c, SERVER, 82000, "PA", .bytes = 1000);
	ends_as(c, ATTEMPT_UNKNOWN);
}

/* A full log gives up old successes first, then successes, and keeps what failed. */
static void a_full_log(void **state)
{
	struct attempts_made m = {.log = {.cap = 8}};
	(void)state;
	attempts_try(&m, 0, 1, "old.example", ATTEMPT_ANSWERED);
	for (int i = 0; i < 7; i++)
		attempts_try(&m, 2000 + i, 1, i % 2 ? "fails.example" : "passes.example",
		             i % 2 ? ATTEMPT_RESET : ATTEMPT_ANSWERED);
	attempts_try(&m, 2010, 1, "last.example", ATTEMPT_ANSWERED);
	size_t failures = 0;
	for (size_t i = 0; i < m.log.count; i++) {
		failures += m.log.items[i].outcome == ATTEMPT_RESET;
		assert_false(same_name(m.log.items[i].name, "old.example"));
	}
	assert_int_equal(failures, 3);
	assert_int_equal(m.log.count, 7);
	assert_int_equal(m.log.dropped, 1); /* the oldest of those that passed; the very old one is no loss */
	assert_true(same_name(m.log.items[6].name, "last.example"));
	attempts_forget(&m);
}

static void failures_go_last(void **state)
{
	struct attempts_made m = {.log = {.cap = 4}};
	(void)state;
	for (int i = 0; i < 9; i++)
		attempts_try(&m, i, 1, "fails.example", ATTEMPT_RESET);
	assert_int_equal(m.log.count + m.log.dropped, 9);
	assert_int_equal(m.log.items[m.log.count - 1].flow_id, 9);
	attempts_forget(&m);
}

static void ranges(void **state)
{
	struct attempts_made m = {0};
	(void)state;
	attempts_try(&m, 3, 2, "c.example", ATTEMPT_ANSWERED);
	attempts_try(&m, 1, 1, "a.example", ATTEMPT_ANSWERED);
	attempts_try(&m, 2, 1, "b.example", ATTEMPT_ANSWERED);
	attempts_try(&m, 2, 1, "x.example", ATTEMPT_ANSWERED)->server_port = 80;
	const struct attempt_table *t = attempts_sorted(&m);
	struct addr client = addr_parse("10.0.0.1"), server = addr_parse("192.0.2.1"), nobody = addr_parse("10.0.0.2");
	struct attempt_range r = attempts_at(t, &client, &server, IPPROTO_TCP, 443);
	assert_int_equal(r.count, 2);
	assert_string_equal(r.at[0]->name, "a.example");
	assert_string_equal(r.at[1]->name, "b.example");
	assert_int_equal(attempts_at(t, &client, &server, IPPROTO_UDP, 443).count, 0);
	assert_int_equal(attempts_at(t, &nobody, &server, IPPROTO_TCP, 443).count, 0);
	int64_t second = INT64_C(1000000000);
	assert_int_equal(attempts_of(t, &client, ATTEMPTS_START_NS + 2 * second, ATTEMPTS_START_NS + 2 * second).count,
	                 2);
	assert_int_equal(attempts_of(t, &client, INT64_MIN, INT64_MAX).count, 4);
	assert_int_equal(attempts_of(t, &nobody, INT64_MIN, INT64_MAX).count, 0);
	attempts_forget(&m);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_conversation, close_conversation)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(answered),
	    TEST(no_answer_to_syns),
	    TEST(refused),
	    TEST(connected_without_a_word),
	    TEST(request_never_acknowledged),
	    TEST(request_acknowledged_and_no_more),
	    TEST(reset_before_an_answer),
	    TEST(reset_after_the_answer),
	    TEST(reset_on_the_second_request),
	    TEST(closed_without_a_word),
	    TEST(start_unseen),
	    TEST(only_the_server_captured),
	    cmocka_unit_test(a_full_log),
	    cmocka_unit_test(failures_go_last),
	    cmocka_unit_test(ranges),
	};
	return cmocka_run_group_tests_name("attempt", tests, NULL, NULL);
}
