/* Connections that stop for good, and the ends and pauses of ordinary ones (docs/rules.md, F3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/conversation.h"
#include "tests/support/events.h"

#define SECOND_US 1000000

static const char *const wanted[] = {"flow_freeze_bytes", NULL};

enum { SEGMENT = 1448, LEFT_OVER = 90 };

/* A request at 41 ms, and so many segments of answer, the last of `last` bytes, acknowledged. */
static void answer(struct conversation *c, unsigned segments, uint32_t last)
{
	conversation_handshake(c);
	SEND(c, CLIENT, 41000, "PA", "GET /big HTTP/1.1\r\nHost: slow.example\r\n\r\n");
	SEND(c, SERVER, 81000, "A");
	for (unsigned i = 0; i < segments; i++) {
		SEND(c, SERVER, 82000 + i * 100, "A", .bytes = i + 1 < segments ? SEGMENT : last);
		if (i % 2)
			SEND(c, CLIENT, 82050 + i * 100, "A");
	}
	SEND(c, CLIENT, 90000, "A");
}

/* The client gives up and closes; its close is sent again. */
static uint64_t give_up(struct conversation *c, int64_t us)
{
	uint32_t at = c->next[CLIENT];
	uint64_t first = SEND(c, CLIENT, us, "FA");
	SEND(c, CLIENT, us + 220000, "FA", .seq = at);
	SEND(c, CLIENT, us + 660000, "FA", .seq = at);
	return first;
}

static void open_conversation(struct conversation *c)
{
	conversation_open_for(c, wanted, NULL);
}

static void silent(struct conversation *c)
{
	assert_silent(c);
	conversation_close(c);
}

static void a_stop_in_the_middle_is_found(void **state)
{
	struct conversation c;
	(void)state;
	open_conversation(&c);
	answer(&c, 11, SEGMENT);
	give_up(&c, 8 * SECOND_US);
	const struct finding *f = conversation_finding(&c, "flow_freeze_bytes");
	assert_non_null(f);
	assert_int_equal(f->kind, KIND_SYMPTOM);
	assert_int_equal(f->label, LABEL_WEAK);
	assert_int_equal(f->suspect_count, 0);
	assert_string_equal(f->stage ? f->stage : f->mechanism->stage, "data_transfer");
	assert_string_equal(f->name, "slow.example");
	assert_string_equal(finding_detail_value(f, "stop_bytes"), "15928");
	assert_string_equal(finding_detail_value(f, "client_tx_after"), "3");
	assert_string_equal(finding_detail_value(f, "shape"), "bytes");
	assert_int_equal(finding_frame(f)->number, f->last_heard.number);
	assert_terms(f, "E11 3");
	conversation_close(&c);
}

/* Three packets over 10 s: whatever the last segment was. */
static void ten_seconds_without_an_answer_are_found(void **state)
{
	struct conversation c;
	(void)state;
	open_conversation(&c);
	answer(&c, 11, 400);
	give_up(&c, 8 * SECOND_US);
	c.end_ns = c.start_ns + INT64_C(18500000000);
	assert_non_null(conversation_finding(&c, "flow_freeze_bytes"));
	conversation_close(&c);
}

/* G14: the same, and the capture ends too early to know. */
static void the_end_of_the_capture_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	open_conversation(&c);
	answer(&c, 11, 400);
	give_up(&c, 8 * SECOND_US);
	c.end_ns = c.start_ns + INT64_C(17900000000);
	silent(&c);
}

/* A pause of a slow server, over when the capture ends. */
static void a_pause_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	open_conversation(&c);
	answer(&c, 11, SEGMENT);
	give_up(&c, 8 * SECOND_US);
	SEND(&c, SERVER, 9 * SECOND_US, "A", .bytes = SEGMENT);
	silent(&c);
}

/* A request that was sent once and not yet answered is no silence, however long the pause before it was. */
static void a_new_request_at_the_end_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	open_conversation(&c);
	answer(&c, 11, SEGMENT);
	SEND(&c, CLIENT, 8 * SECOND_US, "A", .bytes = SEGMENT);
	SEND(&c, CLIENT, 8 * SECOND_US + 100, "PA", .bytes = 300);
	silent(&c);
}

/* A black hole for large packets, a short page, a long download: other sizes. */
static void other_sizes_are_silent(void **state)
{
	static const unsigned segments[] = {2, 70};
	(void)state;
	for (size_t i = 0; i < sizeof segments / sizeof *segments; i++) {
		struct conversation c;
		open_conversation(&c);
		answer(&c, segments[i], SEGMENT);
		give_up(&c, 8 * SECOND_US);
		c.end_ns = c.start_ns + INT64_C(30000000000);
		silent(&c);
	}
}

/* G19: a NAT forgets what was idle for a minute. */
static void an_idle_minute_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	open_conversation(&c);
	answer(&c, 11, SEGMENT);
	give_up(&c, 61 * SECOND_US);
	c.end_ns = c.start_ns + INT64_C(90000000000);
	silent(&c);
}

/* G2: the capture misses packets, so it may miss answers. */
static void a_lossy_capture_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	open_conversation(&c);
	answer(&c, 11, SEGMENT);
	SEND(&c, CLIENT, 95000, "A", .ack = c.next[SERVER] + 3000);
	give_up(&c, 8 * SECOND_US);
	silent(&c);
}

/* G18: who has finished need not answer. */
static void a_finished_server_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	open_conversation(&c);
	answer(&c, 11, SEGMENT);
	SEND(&c, SERVER, 95000, "FA");
	give_up(&c, 8 * SECOND_US);
	silent(&c);
}

/* G1 */
static void an_unknown_start_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	open_conversation(&c);
	c.next[CLIENT] = c.next[SERVER] = 1;
	SEND(&c, CLIENT, 0, "PA", "GET / HTTP/1.1\r\nHost: slow.example\r\n\r\n");
	for (unsigned i = 0; i < 11; i++)
		SEND(&c, SERVER, 82000 + i * 100, "A", .bytes = SEGMENT);
	give_up(&c, 8 * SECOND_US);
	silent(&c);
}

/* At the server: it repeats a segment, and the client never gets past it. */
static void server_view(struct conversation *c, unsigned repeats, uint32_t acknowledged)
{
	SEND(c, CLIENT, 0, "S");
	SEND(c, SERVER, 50, "SA");
	SEND(c, CLIENT, 40100, "A");
	SEND(c, CLIENT, 41000, "PA", "GET /big HTTP/1.1\r\nHost: slow.example\r\n\r\n");
	for (unsigned i = 0; i < 14; i++)
		SEND(c, SERVER, 42000 + i * 100, "A", .bytes = SEGMENT);
	SEND(c, CLIENT, 82000, "A", .ack = 1 + acknowledged);
	for (unsigned i = 0; i < repeats; i++)
		SEND(c, SERVER, 300000 << i, "A", .bytes = SEGMENT, .seq = 1 + acknowledged);
	SEND(c, CLIENT, 8 * SECOND_US, "FA", .ack = 1 + acknowledged);
}

static void a_server_that_is_not_heard_is_found(void **state)
{
	struct conversation c;
	(void)state;
	open_conversation(&c);
	server_view(&c, 4, 11 * SEGMENT);
	const struct finding *f = conversation_finding(&c, "flow_freeze_bytes");
	ASSERT_SUSPECTS(f, 20, 23);
	assert_int_equal(f->vantage, VANTAGE_SERVER);
	assert_true(f->to_client);
	assert_string_equal(finding_detail_value(f, "stop_bytes"), "15928");
	assert_string_equal(finding_detail_value(f, "server_tx_after"), "4");
	conversation_close(&c);
}

/* Two repeats in 8 s: loss does that. */
static void a_lost_segment_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	open_conversation(&c);
	server_view(&c, 2, 11 * SEGMENT);
	silent(&c);
}

/* All that the server said was acknowledged. */
static void a_client_that_has_all_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	open_conversation(&c);
	server_view(&c, 0, 14 * SEGMENT);
	silent(&c);
}

/* Three flows at one prefix, a long download elsewhere. Returns what the last of them says. */
static const struct finding *three_stops(struct conversation *c, unsigned control_segments, unsigned beside_segments)
{
	static const unsigned segments[] = {10, 11, 12};
	for (unsigned i = 0; i < 3; i++) {
		conversation_again(c, (uint16_t)(40000 + i), (uint8_t)(80 + i));
		c->shift_us = i * SECOND_US;
		answer(c, segments[i], SEGMENT);
		give_up(c, 8 * SECOND_US);
	}
	if (beside_segments) {
		conversation_again(c, 40010, 90);
		answer(c, beside_segments, 400);
	}
	c->server_net = 7;
	conversation_again(c, 40011, 80);
	answer(c, control_segments, 400);
	assert_int_equal(conversation_findings(c), 3);
	return c->found->findings[0];
}

static void three_alike_are_counted(void **state)
{
	struct conversation c;
	(void)state;
	open_conversation(&c);
	const struct finding *f = three_stops(&c, 92, 0);
	assert_string_equal(finding_detail_value(f, "n_flows"), "3");
	assert_string_equal(finding_detail_value(f, "cv"), "0.07"); /* 10, 11, 12: sd 0.816 */
	assert_int_equal(f->label, LABEL_WEAK);
	conversation_close(&c);
}

static void three_without_a_control_are_single(void **state)
{
	struct conversation c;
	(void)state;
	open_conversation(&c);
	assert_string_equal(finding_detail_value(three_stops(&c, 90, 0), "n_flows"), "1");
	conversation_close(&c);
}

static void a_download_beside_them_clears_them(void **state)
{
	struct conversation c;
	(void)state;
	open_conversation(&c);
	assert_string_equal(finding_detail_value(three_stops(&c, 92, 46), "n_flows"), "1");
	conversation_close(&c);
}

static uint64_t ask_in_vain(struct conversation *c, const char *request, unsigned times)
{
	conversation_handshake(c);
	uint64_t first = SEND(c, CLIENT, 41000, "PA", request);
	for (unsigned i = 0; i + 1 < times; i++)
		SEND(c, CLIENT, 241000 << i, "PA", request, .seq = 1);
	return first;
}

static const char blocked[] = "GET / HTTP/1.1\r\nHost: blocked.example\r\n\r\n";

/* A server that closes for want of a request, which the client has repeated for long. */
static void a_close_of_who_was_asked_in_vain_is_found(void **state)
{
	struct conversation c;
	(void)state;
	open_conversation(&c);
	ask_in_vain(&c, blocked, 7);
	SEND(&c, SERVER, 20000000, "FA", .ack = 1);
	assert_non_null(conversation_finding(&c, "flow_freeze_bytes"));
	conversation_close(&c);
}

/* A request behind the server's close: the server is gone, and a firewall drops what comes after. */
static void a_request_behind_a_close_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	open_conversation(&c);
	conversation_handshake(&c);
	SEND(&c, SERVER, 40200, "FA", .ack = 1);
	for (unsigned i = 0; i < 7; i++)
		SEND(&c, CLIENT, 241000 << i, "PA", blocked, .seq = 1);
	c.end_ns = c.start_ns + INT64_C(30000000000);
	assert_null(conversation_finding(&c, "flow_freeze_bytes"));
	conversation_close(&c);
}

static void a_request_never_acknowledged_is_found(void **state)
{
	struct conversation c;
	(void)state;
	open_conversation(&c);
	uint64_t first = ask_in_vain(&c, blocked, 5);
	c.end_ns = c.start_ns + INT64_C(6100000000);
	const struct finding *f = conversation_finding(&c, "flow_freeze_bytes");
	ASSERT_SUSPECTS(f, first, first + 4);
	assert_int_equal(f->label, LABEL_WEAK);
	assert_string_equal(f->stage, "post_psh");
	assert_string_equal(finding_detail_value(f, "shape"), "first_data");
	assert_string_equal(finding_detail_value(f, "stop_bytes"), "0");
	conversation_close(&c);
}

/* Another name's request passes at once: moderate, and about the name (E10b). */
static void a_control_raises_a_request(void **state)
{
	struct conversation c;
	(void)state;
	open_conversation(&c);
	ask_in_vain(&c, blocked, 5);
	conversation_again(&c, 40001, 80);
	c.shift_us = 8 * SECOND_US;
	conversation_handshake(&c);
	SEND(&c, CLIENT, 41000, "PA", "GET / HTTP/1.1\r\nHost: control.example\r\n\r\n");
	SEND(&c, SERVER, 81000, "A");
	SEND(&c, SERVER, 82000, "PA", .bytes = 400);
	const struct finding *f = conversation_finding(&c, "flow_freeze_bytes");
	assert_terms(f, "E11 3, E10b 10");
	assert_int_equal(f->label, LABEL_MODERATE);
	assert_int_equal(f->selectivity, SELECT_NAME);
	conversation_close(&c);
}

/* The same, but everything else of the client dies at that moment too (G22): nobody is accused. */
static void an_outage_accuses_nobody(void **state)
{
	struct conversation c;
	(void)state;
	open_conversation(&c);
	ask_in_vain(&c, blocked, 5);
	for (uint8_t i = 1; i < 5; i++) {
		conversation_again(&c, (uint16_t)(40000 + i), (uint8_t)(80 + i));
		c.shift_us = i * 500000;
		SEND(&c, CLIENT, 0, "S");
	}
	conversation_again(&c, 40010, 80);
	c.shift_us = 30 * SECOND_US;
	conversation_handshake(&c);
	SEND(&c, CLIENT, 41000, "PA", "GET / HTTP/1.1\r\nHost: control.example\r\n\r\n");
	SEND(&c, SERVER, 81000, "A");
	SEND(&c, SERVER, 82000, "PA", .bytes = 400);
	const struct finding *f = conversation_finding(&c, "flow_freeze_bytes");
	assert_terms(f, "E11 3, N22 -20");
	assert_int_equal(f->label, LABEL_NONE);
	conversation_close(&c);
}

/* One silence elsewhere is no outage by G22, but enough to doubt the control: weak. */
static void a_short_outage_stays_weak(void **state)
{
	struct conversation c;
	(void)state;
	open_conversation(&c);
	ask_in_vain(&c, blocked, 5);
	conversation_again(&c, 40001, 81);
	c.shift_us = 8 * SECOND_US;
	SEND(&c, CLIENT, 0, "S");
	conversation_again(&c, 40002, 80);
	c.shift_us = 16 * SECOND_US;
	conversation_handshake(&c);
	SEND(&c, CLIENT, 41000, "PA", "GET / HTTP/1.1\r\nHost: control.example\r\n\r\n");
	SEND(&c, SERVER, 81000, "A");
	SEND(&c, SERVER, 82000, "PA", .bytes = 400);
	const struct finding *f = conversation_finding(&c, "flow_freeze_bytes");
	assert_terms(f, "E11 3");
	assert_int_equal(f->label, LABEL_WEAK);
	conversation_close(&c);
}

static void a_request_sent_twice_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	open_conversation(&c);
	ask_in_vain(&c, blocked, 2);
	c.end_ns = c.start_ns + INT64_C(20000000000);
	silent(&c);
}

/* G14 */
static void a_request_at_the_end_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	open_conversation(&c);
	ask_in_vain(&c, blocked, 5);
	c.end_ns = c.start_ns + INT64_C(6000000000);
	silent(&c);
}

/* G9: only the client's direction was captured; it acknowledges what the file does not show. */
static void one_way_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	open_conversation(&c);
	SEND(&c, CLIENT, 0, "S");
	SEND(&c, CLIENT, 40100, "A", .ack = 1);
	for (unsigned i = 0; i < 4; i++)
		SEND(&c, CLIENT, 41000 << (2 * i), "PA", blocked, .seq = 1, .ack = 1);
	c.end_ns = c.start_ns + INT64_C(20000000000);
	silent(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_stop_in_the_middle_is_found),
	    cmocka_unit_test(ten_seconds_without_an_answer_are_found),
	    cmocka_unit_test(the_end_of_the_capture_is_silent),
	    cmocka_unit_test(a_pause_is_silent),
	    cmocka_unit_test(a_new_request_at_the_end_is_silent),
	    cmocka_unit_test(other_sizes_are_silent),
	    cmocka_unit_test(an_idle_minute_is_silent),
	    cmocka_unit_test(a_lossy_capture_is_silent),
	    cmocka_unit_test(a_finished_server_is_silent),
	    cmocka_unit_test(an_unknown_start_is_silent),
	    cmocka_unit_test(a_server_that_is_not_heard_is_found),
	    cmocka_unit_test(a_lost_segment_is_silent),
	    cmocka_unit_test(a_client_that_has_all_is_silent),
	    cmocka_unit_test(three_alike_are_counted),
	    cmocka_unit_test(three_without_a_control_are_single),
	    cmocka_unit_test(a_download_beside_them_clears_them),
	    cmocka_unit_test(a_close_of_who_was_asked_in_vain_is_found),
	    cmocka_unit_test(a_request_behind_a_close_is_silent),
	    cmocka_unit_test(a_request_never_acknowledged_is_found),
	    cmocka_unit_test(a_control_raises_a_request),
	    cmocka_unit_test(an_outage_accuses_nobody),
	    cmocka_unit_test(a_short_outage_stays_weak),
	    cmocka_unit_test(a_request_sent_twice_is_silent),
	    cmocka_unit_test(a_request_at_the_end_is_silent),
	    cmocka_unit_test(one_way_is_silent),
	};
	return cmocka_run_group_tests_name("freeze", tests, NULL, NULL);
}
