/* B9: resets to both ends at once, seen in the middle; and the pairs that the ends themselves make. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/conversation.h"
#include "tests/support/events.h"

static const char *const ids[] = {"rst_both_ways", NULL};
static const char request[] = "GET /a HTTP/1.1\r\nHost: blocked.example\r\n\r\n";

/* 40 ms to the server and back, as far to the client. */
static void in_the_middle(struct conversation *c, int64_t client_us)
{
	conversation_open_for(c, ids, NULL);
	c->ttls[CLIENT] = 57;
	SEND(c, CLIENT, 0, "S");
	SEND(c, SERVER, 40000, "SA", .id = ID_ZERO);
	SEND(c, CLIENT, 40000 + client_us, "A");
	SEND(c, CLIENT, 100000, "PA", request);
}

static void silent(struct conversation *c)
{
	assert_silent(c);
	conversation_close(c);
}

static void resets_to_both_ends_are_found(void **state)
{
	struct conversation c;
	(void)state;
	in_the_middle(&c, 30000);
	uint64_t down = SEND(&c, SERVER, 100100, "RA", .id = ID_ZERO);
	uint64_t up = SEND(&c, CLIENT, 100300, "RA", .id = ID_ZERO);
	const struct finding *f = conversation_finding(&c, "rst_both_ways");
	ASSERT_SUSPECTS(f, down, up);
	assert_terms(f, "E01 12, E05b 20");
	assert_int_equal(f->kind, KIND_CONTRADICTION);
	assert_string_equal(finding_detail_value(f, "gap_us"), "200");
	assert_int_equal(conversation_tested(&c, "rst_both_ways"), 1);
	conversation_close(&c);
}

/* The second needs the time to the end and back. */
static void half_a_round_trip_later_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	in_the_middle(&c, 30000);
	SEND(&c, SERVER, 140100, "RA", .id = ID_ZERO);
	SEND(&c, CLIENT, 170300, "RA", .id = ID_ZERO);
	silent(&c);
}

/* Beside an end its answer is there at once. */
static void beside_an_end_it_is_not_judged(void **state)
{
	(void)state;
	for (int64_t client_us = 100; client_us < 4000; client_us += 3000) {
		struct conversation c;
		in_the_middle(&c, client_us);
		SEND(&c, SERVER, 140100, "RA", .id = ID_ZERO);
		SEND(&c, CLIENT, 140300, "RA", .id = ID_ZERO);
		assert_int_equal(conversation_tested(&c, "rst_both_ways"), 0);
		silent(&c);
	}
}

/* Bare, at an acknowledged number, from where the end is: what its closed socket says. */
static void an_answer_of_a_closed_socket_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	in_the_middle(&c, 30000);
	SEND(&c, SERVER, 140000, "A");
	SEND(&c, SERVER, 140050, "R", .id = ID_ZERO);
	SEND(&c, CLIENT, 140300, "RA", .id = ID_ZERO);
	silent(&c);
}

static void after_a_close_it_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	in_the_middle(&c, 30000);
	SEND(&c, SERVER, 140000, "FA");
	SEND(&c, SERVER, 140100, "RA", .id = ID_ZERO);
	SEND(&c, CLIENT, 140300, "RA", .id = ID_ZERO);
	silent(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(resets_to_both_ends_are_found),  cmocka_unit_test(half_a_round_trip_later_is_silent),
	    cmocka_unit_test(beside_an_end_it_is_not_judged), cmocka_unit_test(an_answer_of_a_closed_socket_is_silent),
	    cmocka_unit_test(after_a_close_it_is_silent),
	};
	return cmocka_run_group_tests_name("test_rst_both_ways", tests, NULL, NULL);
}
