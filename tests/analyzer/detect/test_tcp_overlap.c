/*
 * Two versions of one piece of a stream: which of them is named, what it weighs, and what is no contradiction (docs/rules.md,
 * C1).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/conversation.h"
#include "tests/support/events.h"

static const char request[] = "GET /a HTTP/1.1\r\nHost: blocked.example\r\n\r\n";
static const char forged_page[] = "HTTP/1.1 302 Found\r\nLocation: http://forged.example/\r\n\r\n";
static const char genuine_page[] = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nthe page asked for..";

/* Handshake, a request, and three packets of the server with timestamps and a counter. */
static void asked(struct conversation *c)
{
	conversation_open(c);
	c->timestamps[CLIENT] = c->timestamps[SERVER] = true;
	conversation_handshake(c);
	SEND(c, SERVER, 40200, "A");
	SEND(c, CLIENT, 41000, "PA", request);
	SEND(c, SERVER, 81000, "A");
	SEND(c, SERVER, 81100, "A");
}

static uint64_t send_forged(struct conversation *c, int64_t us, const char *data)
{
	return SEND(c, SERVER, us, "PA", data, .seq = 1, .ttl = 125, .id = 1, .no_options = true, .forged = true);
}

static uint64_t send_genuine(struct conversation *c, int64_t us, const char *data)
{
	return SEND(c, SERVER, us, "PA", data, .seq = 1, .ack = conversation_request_end());
}

static const struct finding *conflict(struct conversation *c)
{
	return conversation_finding(c, "tcp_overlap_conflict");
}

static void silent(struct conversation *c)
{
	assert_silent(c);
	conversation_close(c);
}

/* The second worked example. */
static void an_insertion_that_wins_the_race_is_very_strong(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	uint64_t bad = send_forged(&c, 81500, forged_page);
	send_genuine(&c, 82000, genuine_page);
	const struct finding *f = conflict(&c);
	ASSERT_SUSPECTS(f, bad);
	assert_terms(f, "E02b 13, E03 10, E07 9, E06 25");
	assert_int_equal(f->score_db, 57);
	assert_int_equal(f->label, LABEL_VERY_STRONG);
	assert_true(f->to_client);
	assert_string_equal(f->name, "blocked.example");
	assert_string_equal(f->stage, "post_psh");
	assert_string_equal(f->protocol, "http");
	assert_string_equal(finding_detail_value(f, "winner"), "suspect");
	assert_string_equal(finding_detail_value(f, "diff_off"), "9");
	assert_string_equal(finding_detail_value(f, "n_repeats"), "0");
	assert_int_equal(conversation_findings(&c), 1);
	assert_int_equal(conversation_tested(&c, "tcp_overlap_conflict"), 1);
	conversation_close(&c);
}

static void an_insertion_that_comes_second_is_named_too(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	send_genuine(&c, 81500, genuine_page);
	uint64_t bad = send_forged(&c, 82000, forged_page);
	const struct finding *f = conflict(&c);
	ASSERT_SUSPECTS(f, bad);
	assert_int_equal(f->score_db, 57);
	assert_string_equal(finding_detail_value(f, "winner"), "genuine");
	conversation_close(&c);
}

/* The counter tells, even alone, whichever came first: measured by what the server had sent before. */
static void the_counter_alone_tells_which_is_forged(void **state)
{
	(void)state;
	for (int first = 0; first < 2; first++) {
		struct conversation c;
		uint64_t bad = 0;
		asked(&c);
		for (int i = 0; i < 2; i++)
			if (i != first)
				bad = SEND(&c, SERVER, 81500 + i * 500, "PA", forged_page, .seq = 1, .id = 0x1111,
				           .forged = true);
			else
				send_genuine(&c, 81500 + i * 500, genuine_page);
		ASSERT_SUSPECTS(conflict(&c), bad);
		assert_terms(conflict(&c), "E03 10, E06 25");
		conversation_close(&c);
	}
}

/* A forged answer in these pieces, complete before the genuine one comes; with `before`, the server has shown its counter
 * before the request. Returns the frame of the first piece. */
static uint64_t answer_in_pieces(struct conversation *c, const char *const *pieces, unsigned count, bool before)
{
	uint64_t first = 0;
	int64_t seq = 1;
	conversation_open(c);
	conversation_handshake(c);
	if (before)
		SEND(c, SERVER, 40200, "A");
	SEND(c, CLIENT, 41000, "PA", request);
	for (unsigned i = 0; i < count; i++) {
		uint64_t frame = SEND(c, SERVER, 50000 + (int64_t)i * 10, "PA", pieces[i], .seq = seq, .ttl = 125,
		                      .id = i + 1, .forged = true);
		first = first ? first : frame;
		seq += (int64_t)strlen(pieces[i]);
	}
	return first;
}

/* Its packets are many, agree with each other, and count: still they are no baseline against the genuine one. */
static void a_forged_answer_of_many_segments_is_no_baseline(void **state)
{
	static const char *const pieces[] = {
	    "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n",
	    "a piece of a page that nobody has asked for, and",
	    "another piece of a page that nobody has asked for",
	    "and one more piece of what nobody has asked for..",
	};
	(void)state;
	for (unsigned count = 1; count <= 4; count++)
		for (unsigned genuine = 1; genuine <= 3; genuine++)
			for (int before = 0; before < 2; before++) {
				struct conversation c;
				uint64_t bad = answer_in_pieces(&c, pieces, count, before);
				send_genuine(&c, 81000, genuine_page);
				for (unsigned i = 1; i < genuine; i++)
					SEND(&c, SERVER, 81000 + (int64_t)i, "A");
				const struct finding *f = conflict(&c);
				ASSERT_SUSPECTS(f, bad);
				assert_string_equal(finding_detail_value(f, "winner"), "suspect");
				assert_true(finding_term_db(f, "E01") > 0);
				conversation_close(&c);
			}
}

/* The time that counts is that of the first piece, even if it is too short to be compared. */
static void a_forged_answer_that_begins_with_one_byte_is_too_soon(void **state)
{
	static const char *const pieces[] = {"H", "TTP/1.1 302 Found\r\nLocation: http://forged.example/\r\n\r\n"};
	struct conversation c;
	(void)state;
	uint64_t first = answer_in_pieces(&c, pieces, 2, false);
	send_genuine(&c, 81000, genuine_page);
	const struct finding *f = conflict(&c);
	ASSERT_SUSPECTS(f, first + 1);
	assert_int_equal(finding_term_db(f, "E01"), 12);
	assert_int_equal(f->facts.delta_us, 9000);
	conversation_close(&c);
}

/* Neither has a baseline: the genuine one came the way of the SYN/ACK, whichever was first. */
static void the_synack_tells_when_nothing_else_does(void **state)
{
	(void)state;
	for (int first = 0; first < 2; first++) {
		struct conversation c;
		uint64_t bad = 0;
		conversation_open(&c);
		conversation_handshake(&c);
		SEND(&c, CLIENT, 41000, "PA", request);
		for (int i = 0; i < 2; i++)
			if (i != first)
				bad = SEND(&c, SERVER, 81500 + i * 500, "PA", forged_page, .seq = 1, .ttl = 125,
				           .id = 1, .forged = true);
			else
				send_genuine(&c, 81500 + i * 500, genuine_page);
		ASSERT_SUSPECTS(conflict(&c), bad);
		assert_terms(conflict(&c), "E06 25");
		conversation_close(&c);
	}
}

static void without_features_the_first_is_named(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	uint64_t first = SEND(&c, SERVER, 81500, "PA", forged_page, .seq = 1, .id = ID_ZERO, .forged = true);
	SEND(&c, SERVER, 82000, "PA", genuine_page, .seq = 1, .id = ID_ZERO);
	ASSERT_SUSPECTS(conflict(&c), first);
	assert_terms(conflict(&c), "E06 25");
	assert_int_equal(conflict(&c)->label, LABEL_MODERATELY_STRONG);
	conversation_close(&c);
}

/* The genuine stream goes on colliding with one forged segment. */
static void repeats_are_counted_not_repeated(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	uint64_t bad = send_forged(&c, 81500, forged_page);
	SEND(&c, SERVER, 82000, "PA", .seq = 1, .bytes = 20);
	SEND(&c, SERVER, 82100, "PA", .seq = 21, .bytes = 20);
	SEND(&c, SERVER, 82200, "PA", .seq = 41, .bytes = 20);
	ASSERT_SUSPECTS(conflict(&c), bad);
	assert_string_equal(finding_detail_value(conflict(&c), "n_repeats"), "2");
	assert_int_equal(conversation_findings(&c), 1);
	conversation_close(&c);
}

static void conflicts_of_the_client_are_found(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	uint32_t end = conversation_request_end();
	send_genuine(&c, 82000, genuine_page);
	SEND(&c, CLIENT, 90000, "PA", "GET /next HTTP/1.1\r\n");
	uint64_t bad = SEND(&c, CLIENT, 91000, "PA", "BAD /next HTTP/1.1\r\n", .seq = end, .ttl = 40, .id = ID_ZERO);
	const struct finding *f = conflict(&c);
	ASSERT_SUSPECTS(f, bad);
	assert_false(f->to_client);
	assert_int_equal(finding_term_db(f, "E06b"), 12);
	conversation_close(&c);
}

static void ciphertext_weighs_less(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	SEND(&c, SERVER, 81500, "PA", "\x16\x03\x03\x7ehello of somebody", .seq = 1, .id = ID_ZERO, .forged = true);
	SEND(&c, SERVER, 82000, "PA", "\x16\x03\x03\x7ehello of anybody..", .seq = 1, .id = ID_ZERO);
	assert_terms(conflict(&c), "E06b 12");
	conversation_close(&c);
}

static void a_conflict_late_in_the_answer_weighs_less(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	SEND(&c, SERVER, 81500, "PA", .bytes = 400);
	SEND(&c, SERVER, 81600, "PA", .bytes = 400, .id = ID_ZERO);
	SEND(&c, SERVER, 81700, "PA", "something else", .seq = 401, .id = ID_ZERO, .forged = true);
	assert_terms(conflict(&c), "E06b 12");
	conversation_close(&c);
}

static void retransmissions_are_silent(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	SEND(&c, SERVER, 81500, "PA", .bytes = 400);
	SEND(&c, SERVER, 81600, "PA", .bytes = 400);
	SEND(&c, SERVER, 300000, "PA", .seq = 1, .bytes = 400);
	SEND(&c, SERVER, 600000, "PA", .seq = 201, .bytes = 400); /* cut anew */
	SEND(&c, SERVER, 600100, "PA", .seq = 1, .bytes = 1200);
	silent(&c);
}

/* G11: one byte before the next, of whatever value. */
static void a_keep_alive_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	SEND(&c, SERVER, 82000, "PA", genuine_page);
	SEND(&c, SERVER, 900000, "A", "\x01", .seq = c.next[SERVER] - 1, .id = ID_ZERO);
	SEND(&c, CLIENT, 950000, "A", "z", .seq = conversation_request_end() - 1);
	silent(&c);
}

/* G12: the probe of a closed window says the byte that follows; the data then says it again. */
static void a_window_probe_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	SEND(&c, SERVER, 82000, "PA", .bytes = 500);
	SEND(&c, CLIENT, 82500, "A", .window = WINDOW_ZERO);
	SEND(&c, SERVER, 300000, "A", .seq = 501, .bytes = 1, .forged = true);
	SEND(&c, SERVER, 700000, "A", .seq = 501, .bytes = 1, .forged = true);
	SEND(&c, CLIENT, 800000, "A");
	SEND(&c, SERVER, 840000, "PA", .seq = 501, .bytes = 500);
	silent(&c);
}

static void a_probe_unlike_what_is_delivered_is_found(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	SEND(&c, SERVER, 82000, "PA", .bytes = 500);
	SEND(&c, CLIENT, 82500, "A", .window = WINDOW_ZERO);
	SEND(&c, SERVER, 300000, "A", "!", .seq = 501, .forged = true);
	SEND(&c, CLIENT, 800000, "A");
	SEND(&c, SERVER, 840000, "PA", .seq = 501, .bytes = 500);
	assert_non_null(conflict(&c));
	conversation_close(&c);
}

static void payload_that_was_overwritten_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	SEND(&c, SERVER, 82000, "PA", genuine_page);
	SEND(&c, SERVER, 83000, "PA", "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", .seq = 1);
	silent(&c);
	asked(&c);
	SEND(&c, SERVER, 82000, "PA", "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX");
	SEND(&c, SERVER, 83000, "PA", genuine_page, .seq = 1);
	silent(&c);
}

/* The receiver would not take it: 100 bytes fit. */
static void a_segment_outside_the_window_is_silent(void **state)
{
	(void)state;
	for (int64_t seq = 129; seq <= 130; seq++) {
		struct conversation c;
		asked(&c);
		SEND(&c, CLIENT, 81200, "A", .ack = 1, .window = 1); /* << 7 */
		SEND(&c, SERVER, 82000, "PA", .bytes = 300);
		SEND(&c, SERVER, 83000, "PA", "other words", .seq = seq - 1, .id = ID_ZERO);
		assert_int_equal(conflict(&c) != NULL, seq == 129);
		conversation_close(&c);
	}
}

/* Without the start of the connection and without a header feature, an edited or hand-made capture is as likely. */
static void an_unknown_connection_alone_is_weak(void **state)
{
	(void)state;
	for (int told_apart = 0; told_apart < 2; told_apart++) {
		struct conversation c;
		conversation_open(&c);
		SEND(&c, SERVER, 1000, "PA", "first words", .seq = 1);
		SEND(&c, SERVER, 2000, "PA", "other words", .seq = 1, .forged = true);
		for (int i = 0; i < 4; i++)
			SEND(&c, SERVER, 3000 + i * 1000, "PA", "more", .ttl = told_apart ? 40 : 0);
		assert_non_null(conflict(&c));
		assert_int_equal(conflict(&c)->label == LABEL_WEAK, !told_apart);
		conversation_close(&c);
	}
}

/* G10: dropped by the receiver. Where all of a side are wrong, the card fills them in later. */
static void a_wrong_checksum_is_silent(void **state)
{
	(void)state;
	for (int offload = 0; offload < 2; offload++) {
		struct conversation c;
		conversation_open(&c);
		c.bad_checksums = offload;
		conversation_handshake(&c);
		SEND(&c, CLIENT, 41000, "PA", request);
		SEND(&c, SERVER, 82000, "PA", genuine_page);
		SEND(&c, SERVER, 83000, "PA", forged_page, .seq = 1, .bad_checksum = true);
		assert_int_equal(conflict(&c) != NULL, offload);
		conversation_close(&c);
	}
}

/* G4: a mirror port's second copy is the same packet. */
static void copies_are_silent(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	SEND(&c, SERVER, 82000, "PA", genuine_page, .id = 777);
	SEND(&c, SERVER, 82010, "PA", genuine_page, .seq = 1, .id = 777, .ttl = 51);
	silent(&c);
}

/* G13: another connection's bytes. */
static void ports_used_again_are_silent(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	SEND(&c, SERVER, 82000, "FPA", genuine_page);
	SEND(&c, CLIENT, 83000, "FA");
	SEND(&c, CLIENT, 90000, "S", .isn_offset = 100000, .forged = true);
	SEND(&c, SERVER, 130000, "SA", .ack = 100001, .forged = true); /* by chance the same numbers */
	SEND(&c, CLIENT, 130100, "PA", request, .isn_offset = 100000, .seq = 1, .ack = 1, .forged = true);
	SEND(&c, SERVER, 170000, "PA", forged_page, .seq = 1, .ack = 100001 + (uint32_t)strlen(request),
	     .forged = true);
	silent(&c);
}

/* G8, G2: named beside the finding, they take nothing from it. */
static void a_cut_capture_is_named(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	send_forged(&c, 81500, forged_page);
	send_genuine(&c, 82000, genuine_page);
	SEND(&c, SERVER, 82100, "PA", .bytes = 100, .anomalies = PKT_SNAPPED);
	SEND(&c, CLIENT, 82200, "A", .ack = 5000);
	const struct finding *f = conflict(&c);
	assert_non_null(f);
	assert_int_equal(f->guards_named, 1U << GUARD_SNAPLEN | 1U << GUARD_CAPTURE_LOSS);
	assert_int_equal(f->label, LABEL_VERY_STRONG);
	conversation_close(&c);
}

/* id1.cn-inject.pcap: equal TTL, the id of the request, and a front end whose SYN/ACK mirrors ids too. */
static void an_answer_built_from_the_request_is_strong(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	SEND(&c, CLIENT, 0, "S", .id = 0x3cbb);
	SEND(&c, SERVER, 40000, "SA", .id = 0x3cbb);
	SEND(&c, CLIENT, 40100, "A");
	SEND(&c, CLIENT, 41000, "PA", request, .id = 0x25ab);
	uint64_t bad = SEND(&c, SERVER, 80000, "FPA", forged_page, .id = 0x25ab, .forged = true);
	SEND(&c, SERVER, 81000, "A", .id = 0x7a01, .ack = conversation_request_end());
	SEND(&c, SERVER, 82000, "PA", genuine_page, .seq = 1, .id = 0x7a02);
	ASSERT_SUSPECTS(conflict(&c), bad);
	assert_terms(conflict(&c), "E03b 12, E06 25");
	assert_int_equal(conflict(&c)->label, LABEL_STRONG);
	conversation_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_insertion_that_wins_the_race_is_very_strong),
	    cmocka_unit_test(an_insertion_that_comes_second_is_named_too),
	    cmocka_unit_test(the_counter_alone_tells_which_is_forged),
	    cmocka_unit_test(a_forged_answer_of_many_segments_is_no_baseline),
	    cmocka_unit_test(a_forged_answer_that_begins_with_one_byte_is_too_soon),
	    cmocka_unit_test(the_synack_tells_when_nothing_else_does),
	    cmocka_unit_test(without_features_the_first_is_named),
	    cmocka_unit_test(repeats_are_counted_not_repeated),
	    cmocka_unit_test(conflicts_of_the_client_are_found),
	    cmocka_unit_test(ciphertext_weighs_less),
	    cmocka_unit_test(a_conflict_late_in_the_answer_weighs_less),
	    cmocka_unit_test(retransmissions_are_silent),
	    cmocka_unit_test(a_keep_alive_is_silent),
	    cmocka_unit_test(a_window_probe_is_silent),
	    cmocka_unit_test(a_probe_unlike_what_is_delivered_is_found),
	    cmocka_unit_test(payload_that_was_overwritten_is_silent),
	    cmocka_unit_test(a_segment_outside_the_window_is_silent),
	    cmocka_unit_test(an_unknown_connection_alone_is_weak),
	    cmocka_unit_test(a_wrong_checksum_is_silent),
	    cmocka_unit_test(copies_are_silent),
	    cmocka_unit_test(ports_used_again_are_silent),
	    cmocka_unit_test(a_cut_capture_is_named),
	    cmocka_unit_test(an_answer_built_from_the_request_is_strong),
	};
	return cmocka_run_group_tests_name("tcp_overlap", tests, NULL, NULL);
}
