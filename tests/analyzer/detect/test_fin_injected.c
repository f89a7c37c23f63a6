/* C5: a FIN whose sender goes on, and FINs that only look so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/conversation.h"
#include "tests/support/events.h"

static const char *const ids[] = {"fin_injected", NULL};
static const char request[] = "GET /a HTTP/1.1\r\nHost: blocked.example\r\n\r\n";

static void ask(struct conversation *c)
{
	conversation_open_for(c, ids, NULL);
	conversation_handshake(c);
	SEND(c, CLIENT, 41000, "PA", request);
}

static void silent(struct conversation *c)
{
	assert_silent(c);
	conversation_close(c);
}

static void payload_in_the_place_of_a_fin_is_found(void **state)
{
	struct conversation c;
	(void)state;
	ask(&c);
	uint64_t fin = SEND(&c, SERVER, 70000, "FA", .ttl = 95, .id = 0x1234, .forged = true);
	SEND(&c, SERVER, 81000, "A");
	uint64_t data = SEND(&c, SERVER, 82000, "PA", .bytes = 700);
	SEND(&c, SERVER, 83000, "PA", .bytes = 100);
	const struct finding *f = conversation_finding(&c, "fin_injected");
	ASSERT_SUSPECTS(f, fin);
	assert_terms(f, "E01b 4, E05 20");
	assert_int_equal(f->kind, KIND_CONTRADICTION);
	assert_string_equal(f->name, "blocked.example");
	assert_string_equal(finding_detail_value(f, "after_bytes"), "700");
	assert_string_equal(finding_detail_value(f, "after_fin_us"), "12000");
	assert_int_equal(f->evidence[f->evidence_count - 1].number, data);
	conversation_close(&c);
}

/* A forged page with a FIN, shorter than the genuine answer whose beginning was lost. */
static void payload_beyond_a_fin_is_found(void **state)
{
	struct conversation c;
	(void)state;
	ask(&c);
	uint64_t fin = SEND(&c, SERVER, 70000, "FPA", .bytes = 100, .ttl = 95, .forged = true);
	SEND(&c, SERVER, 81000, "PA", .bytes = 700, .seq = 701);
	ASSERT_SUSPECTS(conversation_finding(&c, "fin_injected"), fin);
	conversation_close(&c);
}

/* A close, its repeat, and payload before it that was lost and comes again. */
static void repeats_before_a_fin_are_silent(void **state)
{
	struct conversation c;
	(void)state;
	ask(&c);
	SEND(&c, SERVER, 81000, "PA", .bytes = 700);
	SEND(&c, SERVER, 82000, "FA");
	SEND(&c, SERVER, 282000, "PA", .bytes = 700, .seq = 1);
	SEND(&c, SERVER, 283000, "FA", .seq = 701);
	SEND(&c, SERVER, 284000, "A", .seq = 701);
	silent(&c);
}

/* The capture shows the FIN before the segment that it closes. */
static void an_overtaken_segment_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	ask(&c);
	SEND(&c, SERVER, 81000, "FA", .seq = 701, .forged = true);
	SEND(&c, SERVER, 81200, "PA", .bytes = 700);
	silent(&c);
}

/* Behind a genuine close a forged answer comes too late: the FIN is not what was forged. */
static void late_payload_from_elsewhere_accuses_no_fin(void **state)
{
	struct conversation c;
	(void)state;
	ask(&c);
	SEND(&c, SERVER, 81000, "A");
	SEND(&c, SERVER, 82000, "A");
	SEND(&c, SERVER, 83000, "FA");
	SEND(&c, SERVER, 84000, "PA", .bytes = 300, .seq = 1, .ttl = 99, .forged = true);
	silent(&c);
}

/* G8: bytes that were cut off may have been the same. */
static void a_fin_with_payload_among_cut_packets_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	ask(&c);
	SEND(&c, SERVER, 70000, "FPA", .bytes = 100, .ttl = 95, .forged = true, .anomalies = PKT_SNAPPED);
	SEND(&c, SERVER, 81000, "PA", .bytes = 700, .seq = 701);
	silent(&c);
}

static void later_than_two_seconds_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	ask(&c);
	SEND(&c, SERVER, 70000, "FA", .forged = true);
	SEND(&c, SERVER, 2200000, "PA", .bytes = 700);
	silent(&c);
}

/* Acknowledgements that stand before the FIN are some stacks' habit. */
static void an_acknowledgement_alone_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	ask(&c);
	SEND(&c, SERVER, 70000, "FA", .forged = true);
	SEND(&c, CLIENT, 71000, "FA");
	SEND(&c, SERVER, 90000, "A");
	silent(&c);
}

static void the_capturing_ends_own_packets_are_not_judged(void **state)
{
	struct conversation c;
	(void)state;
	ask(&c);
	SEND(&c, SERVER, 81000, "A");
	SEND(&c, CLIENT, 90000, "FA", .forged = true);
	SEND(&c, CLIENT, 99000, "PA", .bytes = 100);
	silent(&c);
}

static void after_a_reset_of_the_other_side_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	ask(&c);
	SEND(&c, CLIENT, 60000, "RA");
	SEND(&c, SERVER, 70000, "FA", .forged = true);
	SEND(&c, SERVER, 82000, "PA", .bytes = 700);
	silent(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(payload_in_the_place_of_a_fin_is_found),
	    cmocka_unit_test(payload_beyond_a_fin_is_found),
	    cmocka_unit_test(repeats_before_a_fin_are_silent),
	    cmocka_unit_test(an_overtaken_segment_is_silent),
	    cmocka_unit_test(late_payload_from_elsewhere_accuses_no_fin),
	    cmocka_unit_test(a_fin_with_payload_among_cut_packets_is_silent),
	    cmocka_unit_test(later_than_two_seconds_is_silent),
	    cmocka_unit_test(an_acknowledgement_alone_is_silent),
	    cmocka_unit_test(the_capturing_ends_own_packets_are_not_judged),
	    cmocka_unit_test(after_a_reset_of_the_other_side_is_silent),
	};
	return cmocka_run_group_tests_name("test_fin_injected", tests, NULL, NULL);
}
