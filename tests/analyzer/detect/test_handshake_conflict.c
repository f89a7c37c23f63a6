/*
 * Two answers to one SYN: a RST beside a SYN/ACK, two SYN/ACKs; and the balancers, retransmissions and aborts that look so
 * (docs/rules.md, B5 and B6).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/conversation.h"
#include "tests/support/events.h"

static const struct finding *reset_found(struct conversation *c)
{
	return conversation_finding(c, "syn_rst_conflict");
}

static const struct finding *hijack_found(struct conversation *c)
{
	return conversation_finding(c, "synack_conflict");
}

static void silent(struct conversation *c)
{
	assert_silent(c);
	conversation_close(c);
}

/* RST+ACK as a closed port sends it. */
static uint64_t refuse(struct conversation *c, int64_t us)
{
	return SEND(c, SERVER, us, "RA", .absolute_seq = true, .ack = 1, .id = ID_ZERO, .window = WINDOW_ZERO);
}

/* What makes a TTL baseline of 52, and a counter. */
static void go_on(struct conversation *c, int64_t us)
{
	SEND(c, CLIENT, us, "A");
	SEND(c, CLIENT, us + 100, "PA", .bytes = 100);
	SEND(c, SERVER, us + 40000, "A");
	SEND(c, SERVER, us + 41000, "PA", .bytes = 500);
	SEND(c, SERVER, us + 42000, "PA", .bytes = 500);
	SEND(c, SERVER, us + 43000, "PA", .bytes = 500);
}

static void a_reset_before_the_synack_is_found(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	SEND(&c, CLIENT, 0, "S");
	uint64_t rst = refuse(&c, 39000);
	SEND(&c, SERVER, 40000, "SA", .id = ID_ZERO);
	go_on(&c, 40100);
	const struct finding *f = reset_found(&c);
	ASSERT_SUSPECTS(f, rst);
	assert_terms(f, "E05b 20");
	assert_int_equal(f->label, LABEL_MODERATELY_STRONG);
	assert_int_equal(f->alternatives, 0);
	assert_true(f->to_client);
	assert_string_equal(finding_detail_value(f, "order"), "rst_first");
	assert_string_equal(finding_detail_value(f, "gap_us"), "1000");
	assert_string_equal(finding_detail_value(f, "n_rst"), "1");
	assert_int_equal(conversation_tested(&c, "syn_rst_conflict"), 1);
	assert_int_equal(conversation_tested(&c, "synack_conflict"), 1);
	conversation_close(&c);
}

/* A box near the client: sooner than the server could, from another distance. */
static void a_reset_from_nearby_is_strong(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	SEND(&c, CLIENT, 0, "S");
	for (int i = 0; i < 3; i++)
		SEND(&c, SERVER, 5000 + 80 * i, "RA", .absolute_seq = true, .ack = 1, .ttl = (uint8_t)(102 + i),
		     .id = 0x1111, .window = 1980U + (uint32_t)i);
	SEND(&c, SERVER, 40000, "SA", .id = 0x1112); /* no part of the counter */
	go_on(&c, 40100);
	const struct finding *f = reset_found(&c);
	assert_int_equal(finding_term_db(f, "E05b"), 20);
	assert_int_equal(finding_term_db(f, "E01"), 25);
	assert_int_equal(finding_term_db(f, "E02"), 6);
	assert_int_equal(finding_term_db(f, "E03"), 10);
	assert_int_equal(f->label, LABEL_VERY_STRONG);
	assert_int_equal(f->copies, 3);
	conversation_close(&c);
}

/* The SYN/ACK is late, and its capture or its way may be another one's. */
static void a_repeated_syn_halves(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	SEND(&c, CLIENT, 0, "S");
	SEND(&c, CLIENT, 1000000, "S");
	refuse(&c, 1039000);
	SEND(&c, SERVER, 1040000, "SA", .id = ID_ZERO);
	const struct finding *f = reset_found(&c);
	assert_terms(f, "E05b 10");
	assert_int_equal(f->label, LABEL_MODERATE);
	assert_true(f->alternatives & 1U << ALT_LOAD_BALANCER);
	conversation_close(&c);
}

/* Some clients try a refused port again with the same SYN: the listener, or another host of a farm, may be there by then. */
static void each_syn_with_its_own_answer_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	for (int i = 0; i < 2; i++) {
		SEND(&c, CLIENT, i * 500000, "S");
		refuse(&c, i * 500000 + 39000);
	}
	SEND(&c, CLIENT, 1000000, "S");
	SEND(&c, SERVER, 1040000, "SA", .id = ID_ZERO);
	go_on(&c, 1040100);
	silent(&c);
}

static void answers_seconds_apart_are_silent(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	SEND(&c, CLIENT, 0, "S");
	refuse(&c, 39000);
	SEND(&c, SERVER, 3039000, "SA", .id = ID_ZERO);
	silent(&c);
}

static void a_reset_to_something_else_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	SEND(&c, CLIENT, 0, "S");
	SEND(&c, SERVER, 39000, "RA", .absolute_seq = true, .ack = 77777, .id = ID_ZERO);
	SEND(&c, SERVER, 40000, "SA", .id = ID_ZERO);
	silent(&c);
}

static void a_closed_port_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	SEND(&c, CLIENT, 0, "S");
	refuse(&c, 39000);
	SEND(&c, CLIENT, 500000, "S");
	refuse(&c, 539000);
	silent(&c);
}

/* A socket that was accepted and closed at once; G18. */
static void an_abort_after_the_handshake_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	conversation_handshake(&c);
	SEND(&c, SERVER, 41000, "RA", .seq = 1, .ack = 1, .id = ID_ZERO);
	silent(&c);
	conversation_open(&c); /* with another initial TTL for resets */
	conversation_handshake(&c);
	SEND(&c, SERVER, 41000, "RA", .seq = 1, .ack = 1, .id = ID_ZERO, .ttl = 52 + 191);
	silent(&c);
}

static void a_reset_after_the_synack_with_features_is_found(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	conversation_handshake(&c);
	uint64_t rst = SEND(&c, SERVER, 41000, "RA", .seq = 1, .ack = 1, .ttl = 103, .window = 3293);
	go_on(&c, 42000);
	const struct finding *f = reset_found(&c);
	ASSERT_SUSPECTS(f, rst);
	assert_string_equal(finding_detail_value(f, "order"), "synack_first");
	assert_int_equal(finding_term_db(f, "E05b"), 0);
	assert_int_equal(finding_term_db(f, "E02"), 6);
	conversation_close(&c);
}

/* Then it answers data, not the SYN. */
static void a_reset_after_data_of_the_client_is_another_matter(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	conversation_handshake(&c);
	SEND(&c, CLIENT, 40500, "PA", .bytes = 100);
	SEND(&c, SERVER, 41000, "RA", .seq = 1, .ack = 1, .ttl = 103, .window = 3293);
	SEND(&c, SERVER, 81000, "A");
	SEND(&c, SERVER, 82000, "A");
	assert_null(reset_found(&c));
	conversation_close(&c);
}

/* The server has not heard the reset that it is said to have sent, and asks again: not this mechanism. */
static void a_retransmitted_synack_after_a_reset_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	SEND(&c, CLIENT, 0, "S");
	SEND(&c, SERVER, 40000, "SA", .id = ID_ZERO);
	SEND(&c, SERVER, 41000, "RA", .seq = 1, .ack = 1, .id = ID_ZERO);
	SEND(&c, SERVER, 1040000, "SA", .id = ID_ZERO);
	silent(&c);
}

static void a_reset_after_a_fin_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	conversation_handshake(&c);
	SEND(&c, CLIENT, 40500, "FA");
	SEND(&c, SERVER, 81000, "RA", .seq = 1, .ack = 1, .ttl = 103);
	silent(&c);
}

static void a_synack_to_another_syn_is_no_partner(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	SEND(&c, CLIENT, 0, "S");
	refuse(&c, 39000);
	SEND(&c, SERVER, 40000, "SA", .ack = 999, .id = ID_ZERO);
	silent(&c);
}

static void a_client_that_hung_up_first_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	SEND(&c, CLIENT, 0, "S");
	SEND(&c, SERVER, 40000, "SA", .id = ID_ZERO);
	SEND(&c, CLIENT, 40100, "R", .seq = 1, .id = ID_ZERO, .window = WINDOW_ZERO);
	SEND(&c, SERVER, 80000, "RA", .seq = 1, .ack = 1, .ttl = 103);
	silent(&c);
}

static void a_reset_with_a_wrong_checksum_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	SEND(&c, CLIENT, 0, "S");
	SEND(&c, SERVER, 39000, "RA", .absolute_seq = true, .ack = 1, .id = ID_ZERO, .bad_checksum = true);
	SEND(&c, SERVER, 40000, "SA", .id = ID_ZERO);
	silent(&c);
}

/* B6 */
static uint64_t second_synack(struct conversation *c, int64_t us, uint32_t isn_offset)
{
	return SEND(c, SERVER, us, "SA", .isn_offset = isn_offset, .ack = 1, .id = ID_ZERO);
}

static void two_synacks_are_found(void **state)
{
	struct conversation c;
	char isn[2][16];
	(void)state;
	conversation_open(&c);
	SEND(&c, CLIENT, 0, "S");
	uint64_t one = SEND(&c, SERVER, 40000, "SA", .id = ID_ZERO);
	uint64_t two = second_synack(&c, 41000, 5555);
	go_on(&c, 41100);
	const struct finding *f = hijack_found(&c);
	ASSERT_SUSPECTS(f, one);
	assert_terms(f, "E05b 10");
	assert_int_equal(f->label, LABEL_MODERATE);
	assert_true(f->alternatives & 1U << ALT_LOAD_BALANCER);
	assert_int_equal(f->evidence[f->evidence_count - 1].number, two);
	for (uint32_t i = 0; i < 2; i++) {
		struct text t = text_over(isn[i], sizeof isn[i]);
		text_printf(&t, "%u", c.isn[SERVER] + i * 5555);
	}
	assert_string_equal(finding_detail_value(f, "isn1"), isn[0]);
	assert_string_equal(finding_detail_value(f, "isn2"), isn[1]);
	assert_string_equal(finding_detail_value(f, "used_by_client"), "isn1");
	assert_int_equal(conversation_findings(&c), 1);
	conversation_close(&c);
}

/* Whichever came first: the one whose time or id is not the server's. */
static void features_tell_which_synack_is_forged(void **state)
{
	(void)state;
	for (int first = 0; first < 2; first++) {
		struct conversation c;
		conversation_open(&c);
		SEND(&c, CLIENT, 0, "S", .id = 0x7777);
		uint64_t one = SEND(&c, SERVER, 40000, "SA", .id = first ? 0x7777 : ID_ZERO, .ttl = first ? 99 : 0);
		uint64_t two =
		    SEND(&c, SERVER, 41000, "SA", .isn_offset = 5555, .ack = 1, .id = first ? ID_ZERO : 0x7777);
		go_on(&c, 41100);
		ASSERT_SUSPECTS(hijack_found(&c), first ? one : two);
		assert_terms(hijack_found(&c), "E03b 25, E05b 20");
		assert_string_equal(finding_detail_value(hijack_found(&c), "used_by_client"), "isn1");
		conversation_close(&c);
	}
}

static void an_equal_synack_is_a_retransmission(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	SEND(&c, CLIENT, 0, "S");
	SEND(&c, SERVER, 40000, "SA", .id = ID_ZERO);
	SEND(&c, SERVER, 1040000, "SA", .id = ID_ZERO);
	SEND(&c, SERVER, 3040000, "SA", .id = ID_ZERO);
	go_on(&c, 3040100);
	silent(&c);
}

/* SYN cookies, proxies, balancers: each SYN may have its own answer. */
static void a_repeated_syn_explains_two_synacks(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	SEND(&c, CLIENT, 0, "S");
	SEND(&c, CLIENT, 1000000, "S");
	SEND(&c, SERVER, 1040000, "SA", .id = ID_ZERO);
	second_synack(&c, 1041000, 5555);
	go_on(&c, 1042000);
	silent(&c);
	conversation_open(&c);
	SEND(&c, CLIENT, 0, "S");
	SEND(&c, SERVER, 40000, "SA", .id = ID_ZERO);
	SEND(&c, CLIENT, 1000000, "S");
	second_synack(&c, 1041000, 5555);
	silent(&c);
}

static void a_synack_to_another_syn_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	SEND(&c, CLIENT, 0, "S");
	SEND(&c, SERVER, 40000, "SA", .id = ID_ZERO);
	SEND(&c, SERVER, 41000, "SA", .isn_offset = 5555, .ack = 999, .id = ID_ZERO);
	go_on(&c, 42000);
	silent(&c);
}

/* The first twelve packets. */
static void a_late_synack_is_silent(void **state)
{
	(void)state;
	for (int before = 11; before <= 12; before++) {
		struct conversation c;
		conversation_open(&c);
		conversation_handshake(&c);
		for (int i = 3; i < before; i++)
			SEND(&c, SERVER, 50000 + i * 1000, "PA", .bytes = 100);
		second_synack(&c, 90000, 5555);
		assert_int_equal(hijack_found(&c) != NULL, before == 11);
		conversation_close(&c);
	}
}

static void a_synack_with_a_wrong_checksum_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	SEND(&c, CLIENT, 0, "S");
	SEND(&c, SERVER, 40000, "SA", .id = ID_ZERO);
	SEND(&c, SERVER, 41000, "SA", .isn_offset = 5555, .ack = 1, .id = ID_ZERO, .bad_checksum = true);
	go_on(&c, 42000);
	silent(&c);
}

/* G13 */
static void a_new_connection_on_old_ports_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	SEND(&c, CLIENT, 0, "S");
	refuse(&c, 39000);
	SEND(&c, CLIENT, 1000000, "S", .isn_offset = 4444, .forged = true);
	SEND(&c, SERVER, 1040000, "SA", .isn_offset = 5555, .ack = 4445, .id = ID_ZERO, .forged = true);
	silent(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_reset_before_the_synack_is_found),
	    cmocka_unit_test(a_reset_from_nearby_is_strong),
	    cmocka_unit_test(a_repeated_syn_halves),
	    cmocka_unit_test(each_syn_with_its_own_answer_is_silent),
	    cmocka_unit_test(answers_seconds_apart_are_silent),
	    cmocka_unit_test(a_reset_to_something_else_is_silent),
	    cmocka_unit_test(a_closed_port_is_silent),
	    cmocka_unit_test(an_abort_after_the_handshake_is_silent),
	    cmocka_unit_test(a_reset_after_the_synack_with_features_is_found),
	    cmocka_unit_test(a_reset_after_data_of_the_client_is_another_matter),
	    cmocka_unit_test(a_retransmitted_synack_after_a_reset_is_silent),
	    cmocka_unit_test(a_reset_after_a_fin_is_silent),
	    cmocka_unit_test(a_synack_to_another_syn_is_no_partner),
	    cmocka_unit_test(a_client_that_hung_up_first_is_silent),
	    cmocka_unit_test(a_reset_with_a_wrong_checksum_is_silent),
	    cmocka_unit_test(two_synacks_are_found),
	    cmocka_unit_test(features_tell_which_synack_is_forged),
	    cmocka_unit_test(an_equal_synack_is_a_retransmission),
	    cmocka_unit_test(a_repeated_syn_explains_two_synacks),
	    cmocka_unit_test(a_synack_to_another_syn_is_silent),
	    cmocka_unit_test(a_late_synack_is_silent),
	    cmocka_unit_test(a_synack_with_a_wrong_checksum_is_silent),
	    cmocka_unit_test(a_new_connection_on_old_ports_is_silent),
	};
	return cmocka_run_group_tests_name("handshake_conflict", tests, NULL, NULL);
}
