/* Addresses and ports that answer nothing, and what else leaves a SYN alone (docs/rules.md, F1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/conversation.h"
#include "tests/support/events.h"

#define SECOND_US INT64_C(1000000)

static const char *const wanted[] = {"ip_blackhole", "port_blackhole", NULL};

static int open_conversation(void **state)
{
	static struct conversation c;
	conversation_open_for(&c, wanted, NULL);
	c.config.min_label = LABEL_WEAK;
	*state = &c;
	return 0;
}

static int close_conversation(void **state)
{
	conversation_close(*state);
	return 0;
}

/* SYNs at 0, 1, 2, 3.. s, as current Linux repeats them. Returns the first. */
static uint64_t knock(struct conversation *c, unsigned times)
{
	uint64_t first = 0;
	for (unsigned i = 0; i < times; i++) {
		uint64_t frame = SEND(c, CLIENT, i * SECOND_US, "S", .forged = i > 0);
		first = first ? first : frame;
	}
	return first;
}

/* Another connection of the client, which is answered. */
static uint64_t succeed(struct conversation *c, uint16_t client_port, uint8_t host, int64_t second)
{
	uint64_t first = c->frames + 1;
	conversation_again(c, client_port, host);
	c->shift_us = second * SECOND_US;
	conversation_exchange(c);
	return first;
}

static void end_after(struct conversation *c, int64_t seconds)
{
	c->end_ns = c->start_ns + seconds * INT64_C(1000000000);
}

static void four_syns_without_an_answer_are_found(void **state)
{
	struct conversation *c = *state;
	uint64_t first = knock(c, 6);
	succeed(c, 40001, 81, 7);
	const struct finding *f = conversation_finding(c, "ip_blackhole");
	ASSERT_SUSPECTS(f, first, first + 5);
	assert_int_equal(f->kind, KIND_SYMPTOM);
	assert_int_equal(f->label, LABEL_WEAK);
	assert_terms(f, "E11 3");
	assert_int_equal(f->guards_failed, 0);
	assert_string_equal(finding_detail_value(f, "syns"), "6");
	assert_string_equal(finding_detail_value(f, "span_ms"), "5000");
	assert_int_equal(conversation_findings(c), 1);
}

static void another_port_that_answers_makes_it_a_port(void **state)
{
	struct conversation *c = *state;
	c->server_port = 443;
	knock(c, 4);
	c->server_port = 80;
	uint64_t other = succeed(c, 40001, 80, 7);
	const struct finding *f = conversation_finding(c, "port_blackhole");
	assert_non_null(f);
	assert_int_equal(f->server_port, 443);
	assert_int_equal(f->label, LABEL_WEAK);
	assert_string_equal(finding_detail_value(f, "answering_port"), "80");
	assert_true(f->evidence_count > 0 && f->evidence[0].number >= other);
	assert_int_equal(conversation_findings(c), 1);
}

/* Three connections of one SYN each. */
static void three_flows_over_half_a_minute_are_found(void **state)
{
	struct conversation *c = *state;
	for (unsigned i = 0; i < 3; i++) {
		conversation_again(c, (uint16_t)(40000 + i), 80);
		c->shift_us = i * 15 * SECOND_US;
		knock(c, 1);
	}
	end_after(c, 31);
	assert_int_equal(conversation_findings(c), 3);
}

static void three_flows_in_a_hurry_are_silent(void **state)
{
	struct conversation *c = *state;
	for (unsigned i = 0; i < 3; i++) {
		conversation_again(c, (uint16_t)(40000 + i), 80);
		c->shift_us = i * 10 * SECOND_US;
		knock(c, 1);
	}
	end_after(c, 40);
	assert_silent(c);
}

static void three_syns_are_silent(void **state)
{
	struct conversation *c = *state;
	knock(c, 3);
	end_after(c, 60);
	assert_silent(c);
}

/* G14 */
static void the_end_of_the_capture_is_silent(void **state)
{
	struct conversation *c = *state;
	knock(c, 6);
	c->end_ns = c->start_ns + INT64_C(6900000000);
	assert_silent(c);
}

static void a_late_answer_is_silent(void **state)
{
	struct conversation *c = *state;
	knock(c, 6);
	SEND(c, SERVER, 8 * SECOND_US, "SA");
	SEND(c, CLIENT, 8 * SECOND_US + 100, "A");
	assert_silent(c);
}

static void a_closed_port_is_silent(void **state)
{
	struct conversation *c = *state;
	knock(c, 4);
	SEND(c, SERVER, 3 * SECOND_US + 40000, "RA", .ack = 1);
	end_after(c, 60);
	assert_silent(c);
}

/* The place answered within ten minutes: it is not dead (but see residual_block). */
static void a_place_that_answered_is_silent(void **state)
{
	struct conversation *c = *state;
	succeed(c, 40001, 80, 0);
	conversation_again(c, 40002, 80);
	c->shift_us = 500 * SECOND_US;
	knock(c, 6);
	end_after(c, 520);
	assert_silent(c);
}

static void a_place_that_answered_long_ago_is_found(void **state)
{
	struct conversation *c = *state;
	succeed(c, 40001, 80, 0);
	conversation_again(c, 40002, 80);
	c->shift_us = 700 * SECOND_US;
	knock(c, 6);
	end_after(c, 720);
	assert_non_null(conversation_finding(c, "ip_blackhole"));
}

/* G9: a client that acknowledges was answered, whatever the file holds. */
static void one_way_is_silent(void **state)
{
	struct conversation *c = *state;
	knock(c, 4);
	SEND(c, CLIENT, 4 * SECOND_US, "A", .ack = 1);
	end_after(c, 60);
	assert_silent(c);
}

/* A server's own capture: the SYNs arrived. */
static void a_server_s_capture_is_silent(void **state)
{
	struct conversation *c = *state;
	knock(c, 6);
	conversation_again(c, 40001, 80);
	c->server_port = 443;
	SEND(c, CLIENT, 7 * SECOND_US, "S");
	SEND(c, SERVER, 7 * SECOND_US + 30, "SA");
	SEND(c, CLIENT, 7 * SECOND_US + 40000, "A");
	end_after(c, 20);
	assert_silent(c);
}

/* G22: everything else failed at that moment too. */
static void an_outage_is_silent(void **state)
{
	struct conversation *c = *state;
	for (unsigned i = 0; i < 4; i++) {
		conversation_again(c, (uint16_t)(40000 + i), (uint8_t)(80 + i));
		c->shift_us = i * 100000;
		knock(c, 6);
	}
	end_after(c, 20);
	assert_silent(c);
}

/* The same failures, but others work: no outage. */
static void failures_beside_successes_are_found(void **state)
{
	struct conversation *c = *state;
	for (unsigned i = 0; i < 4; i++) {
		conversation_again(c, (uint16_t)(40000 + i), (uint8_t)(80 + i));
		c->shift_us = i * 100000;
		knock(c, 6);
	}
	succeed(c, 40010, 90, 3);
	succeed(c, 40011, 91, 3);
	end_after(c, 20);
	assert_int_equal(conversation_findings(c), 4);
}

/* G15: no host's stack sends a SYN without options. */
static void a_scanner_is_silent(void **state)
{
	struct conversation *c = *state;
	for (unsigned i = 0; i < 6; i++)
		SEND(c, CLIENT, i * SECOND_US, "S", .no_options = true, .forged = i > 0);
	end_after(c, 20);
	assert_silent(c);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_conversation, close_conversation)
	const struct CMUnitTest tests[] = {
	    TEST(four_syns_without_an_answer_are_found),
	    TEST(another_port_that_answers_makes_it_a_port),
	    TEST(three_flows_over_half_a_minute_are_found),
	    TEST(three_flows_in_a_hurry_are_silent),
	    TEST(three_syns_are_silent),
	    TEST(the_end_of_the_capture_is_silent),
	    TEST(a_late_answer_is_silent),
	    TEST(a_closed_port_is_silent),
	    TEST(a_place_that_answered_is_silent),
	    TEST(a_place_that_answered_long_ago_is_found),
	    TEST(one_way_is_silent),
	    TEST(a_server_s_capture_is_silent),
	    TEST(an_outage_is_silent),
	    TEST(failures_beside_successes_are_found),
	    TEST(a_scanner_is_silent),
	};
#undef TEST
	return cmocka_run_group_tests_name("blackhole", tests, NULL, NULL);
}
