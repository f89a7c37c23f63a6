/* F2: resets that a living socket's packets were turned into, and the single ones that prove nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/conversation.h"
#include "tests/support/events.h"

static const char *const ids[] = {"rst_rewritten_in_place", "synack_rewritten", NULL};
static const char request[] = "GET /a HTTP/1.1\r\nHost: blocked.example\r\n\r\n";

static void ask(struct conversation *c, bool timestamps)
{
	conversation_open_for(c, ids, NULL);
	c->timestamps[CLIENT] = c->timestamps[SERVER] = timestamps;
	conversation_handshake(c);
	SEND(c, CLIENT, 41000, "PA", request);
}

static void silent(struct conversation *c)
{
	assert_silent(c);
	conversation_close(c);
}

static void resets_that_go_on_are_found(void **state)
{
	struct conversation c;
	uint64_t rst[4];
	(void)state;
	ask(&c, true);
	static const uint32_t ms[] = {0, 4, 800, 1600};
	for (int i = 0; i < 4; i++)
		rst[i] = SEND(&c, SERVER, 81000 + ms[i] * 1000, "RA", .tsval = 5081 + ms[i]);
	const struct finding *f = conversation_finding(&c, "rst_rewritten_in_place");
	ASSERT_SUSPECTS(f, rst[0], rst[1], rst[2], rst[3]);
	assert_int_equal(f->kind, KIND_CONTRADICTION);
	assert_terms(f, "E11 3, E04d 20");
	assert_int_equal(f->label, LABEL_MODERATELY_STRONG);
	assert_string_equal(finding_detail_value(f, "n_rst"), "4");
	conversation_close(&c);
}

/* An abort with unread data: one reset, with everything a socket has. */
static void one_alone_proves_nothing(void **state)
{
	struct conversation c;
	(void)state;
	ask(&c, true);
	SEND(&c, SERVER, 81000, "RA", .tsval = 5081);
	silent(&c);
}

static void a_reset_seen_twice_is_one(void **state)
{
	struct conversation c;
	(void)state;
	ask(&c, true);
	SEND(&c, SERVER, 81000, "RA", .tsval = 5081, .id = 77);
	SEND(&c, SERVER, 88000, "RA", .tsval = 5081, .id = 77);
	silent(&c);
}

static void what_the_client_drew_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	ask(&c, true);
	SEND(&c, SERVER, 81000, "RA", .tsval = 5081);
	SEND(&c, CLIENT, 90000, "PA", .bytes = 10);
	SEND(&c, SERVER, 130000, "RA", .tsval = 5130);
	silent(&c);
}

static void of_another_ttl_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	ask(&c, true);
	SEND(&c, SERVER, 81000, "RA", .tsval = 5081, .ttl = 40);
	SEND(&c, SERVER, 90000, "RA", .tsval = 5090, .ttl = 40);
	silent(&c);
}

/* Without timestamps the timer shows: gaps that double. */
static void doubling_gaps_are_found(void **state)
{
	(void)state;
	for (int doubling = 0; doubling < 2; doubling++) {
		struct conversation c;
		ask(&c, false);
		SEND(&c, SERVER, 81000, "RA");
		SEND(&c, SERVER, 281000, "RA");
		SEND(&c, SERVER, doubling ? 681000 : 481000, "RA");
		const struct finding *f = conversation_finding(&c, "rst_rewritten_in_place");
		if (doubling)
			assert_terms(f, "E11 3, E04d 20");
		else
			assert_null(f);
		conversation_close(&c);
	}
}

static void a_synack_turned_into_a_reset_is_found(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open_for(&c, ids, NULL);
	SEND(&c, CLIENT, 0, "S");
	uint64_t rst = SEND(&c, SERVER, 40000, "RA", .synack_options = true, .window = 64000);
	const struct finding *f = conversation_finding(&c, "synack_rewritten");
	ASSERT_SUSPECTS(f, rst);
	assert_terms(f, "E11 3, E04d 20");
	assert_string_equal(f->stage, "post_syn");
	assert_string_equal(finding_detail_value(f, "optlen"), "12");
	conversation_close(&c);
}

/* Refusals: no number, no window, no options; and odd ones that lack one of the marks. */
static void a_refusal_is_silent(void **state)
{
	(void)state;
	for (int odd = 0; odd < 4; odd++) {
		struct conversation c;
		conversation_open_for(&c, ids, NULL);
		SEND(&c, CLIENT, 0, "S");
		SEND(&c, SERVER, 40000, "RA", .absolute_seq = odd == 1 || odd == 3, .seq = 0,
		     .window = odd == 2 || odd == 3 ? 64000 : WINDOW_ZERO, .synack_options = odd == 1);
		silent(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(resets_that_go_on_are_found),
	    cmocka_unit_test(one_alone_proves_nothing),
	    cmocka_unit_test(a_reset_seen_twice_is_one),
	    cmocka_unit_test(what_the_client_drew_is_silent),
	    cmocka_unit_test(of_another_ttl_is_silent),
	    cmocka_unit_test(doubling_gaps_are_found),
	    cmocka_unit_test(a_synack_turned_into_a_reset_is_found),
	    cmocka_unit_test(a_refusal_is_silent),
	};
	return cmocka_run_group_tests_name("test_rst_rewritten", tests, NULL, NULL);
}
