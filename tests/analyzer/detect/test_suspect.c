/*
 * Header features of suspects, each where it speaks and where it must not (docs/rules.md, "Path lengths and
 * counters" and "Time"). A reset that the server goes on after, and a segment that loses a race, carry the features.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "analyzer/detect/suspect.h"
#include "tests/support/conversation.h"
#include "tests/support/events.h"

/* A request in three parts, the last at 84 ms with IP-ID 21100 and window 4000; a suspect that answers it; genuine bytes at
 * 200 ms. Round trips are 40 ms. The server has acknowledged the first parts with IP-IDs 0xf41b to 0xf41d. */
struct race {
	struct conversation c;
	uint64_t suspect;
};

static void race_begin(struct race *r)
{
	conversation_handshake(&r->c);
	SEND(&r->c, CLIENT, 41000, "PA", "GET /a HTTP/1.1\r\n");
	SEND(&r->c, CLIENT, 42000, "PA", "Host: blocked.example\r\n");
	SEND(&r->c, SERVER, 81000, "A", .ack = 18);
	SEND(&r->c, SERVER, 82000, "A");
	SEND(&r->c, SERVER, 83000, "A");
	SEND(&r->c, CLIENT, 84000, "PA", "\r\n", .id = 21100, .window = 4000);
}

static const struct finding *reset_race(struct race *r, struct wire w)
{
	conversation_open(&r->c);
	race_begin(r);
	w.from = SERVER;
	w.us = w.us ? w.us : 120000;
	w.flags = w.flags ? w.flags : "RA";
	w.forged = true;
	r->suspect = conversation_send(&r->c, w);
	SEND(&r->c, SERVER, 200000, "PA", .bytes = 500);
	const struct finding *f = conversation_finding(&r->c, "data_seq_rst");
	ASSERT_SUSPECTS(f, r->suspect);
	return f;
}

static void expect_reset_at(int line, struct wire w, const char *terms)
{
	struct race r;
	char want[128];
	struct text t = text_over(want, sizeof want);
	text_printf(&t, "%s%sE05 20", terms, *terms ? ", " : "");
	assert_terms_at(reset_race(&r, w), want, line);
	conversation_close(&r.c);
}
#define EXPECT_RESET(terms, ...) expect_reset_at(__LINE__, (struct wire){__VA_ARGS__, .ends_here = true}, terms)

/* A forged answer, the genuine one at 200 ms. */
static const struct finding *content_race(struct race *r, bool timestamps, struct wire w)
{
	conversation_open(&r->c);
	r->c.timestamps[CLIENT] = r->c.timestamps[SERVER] = timestamps;
	race_begin(r);
	w.from = SERVER;
	w.us = w.us ? w.us : 120000;
	w.flags = "PA";
	w.data = "an answer that the server never gave";
	w.forged = true;
	r->suspect = conversation_send(&r->c, w);
	SEND(&r->c, SERVER, 200000, "PA", .bytes = 500);
	return conversation_finding(&r->c, "tcp_overlap_conflict");
}

static void expect_content_at(int line, bool timestamps, struct wire w, const char *terms)
{
	struct race r;
	char want[128];
	struct text t = text_over(want, sizeof want);
	text_printf(&t, "%s%sE06 25", terms, *terms ? ", " : "");
	const struct finding *f = content_race(&r, timestamps, w);
	ASSERT_SUSPECTS(f, r.suspect);
	assert_terms_at(f, want, line);
	conversation_close(&r.c);
}
#define EXPECT_CONTENT(timestamps, terms, ...)                                                                         \
	expect_content_at(__LINE__, timestamps, (struct wire){__VA_ARGS__, .ends_here = true}, terms)

static void hops_count_from_the_next_initial_value(void **state)
{
	static const uint8_t ttl[] = {0, 1, 32, 33, 52, 64, 65, 116, 128, 129, 254, 255};
	static const int hops[] = {32, 31, 0, 31, 12, 0, 63, 12, 0, 126, 1, 0};
	(void)state;
	for (size_t i = 0; i < sizeof ttl; i++)
		assert_int_equal(hops_of(ttl[i]), hops[i]);
}

/* The server's TTL is 52: twelve hops. */
static void resets_are_measured_in_hops(void **state)
{
	(void)state;
	EXPECT_RESET("E02 6", .ttl = 54, .id = ID_ZERO);
	EXPECT_RESET("E02 6", .ttl = 50, .id = ID_ZERO);
	EXPECT_RESET("", .ttl = 53, .id = ID_ZERO);
	EXPECT_RESET("", .ttl = 51, .id = ID_ZERO);
	EXPECT_RESET("", .ttl = 52, .id = ID_ZERO);
}

/* Weaver's clusters: the same host with another initial TTL for resets. */
static void another_initial_ttl_of_a_reset_is_innocent(void **state)
{
	(void)state;
	EXPECT_RESET("E02d -3", .ttl = 52 + 64, .id = ID_ZERO);
	EXPECT_RESET("E02d -3", .ttl = 52 + 191, .id = ID_ZERO);
	EXPECT_RESET("", .ttl = 52 + 65, .id = ID_ZERO); /* one hop, but no step */
	EXPECT_RESET("E02 6", .ttl = 52 + 62, .id = ID_ZERO);
}

static void payload_is_measured_raw(void **state)
{
	(void)state;
	EXPECT_CONTENT(false, "E02b 13", .ttl = 54, .id = ID_ZERO);
	EXPECT_CONTENT(false, "E02b 13", .ttl = 52 + 64, .id = ID_ZERO); /* hops agree: no excuse */
	EXPECT_CONTENT(false, "", .ttl = 53, .id = ID_ZERO);
	EXPECT_CONTENT(false, "", .ttl = 51, .id = ID_ZERO);
}

static void a_baseline_leaves_the_suspect_out(void **state)
{
	struct race r;
	(void)state;
	const struct finding *f = content_race(&r, false, (struct wire){.ttl = 77, .id = ID_ZERO});
	assert_int_equal(f->facts.ttl, 77);
	assert_int_equal(f->facts.ttl_baseline, 52);
	assert_int_equal(f->facts.hop_delta, 128 - 77 - 12);
	conversation_close(&r.c);
}

/* Without data or ACKs of the server, its SYN/ACK is all there is: proxies answer SYNs, so half. */
static void a_synack_alone_weighs_half(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	SEND(&c, CLIENT, 0, "S");
	SEND(&c, SERVER, 40000, "RA", .seq = 0, .absolute_seq = true, .ack = 1, .ttl = 99, .id = ID_ZERO);
	SEND(&c, SERVER, 41000, "SA", .id = ID_ZERO);
	const struct finding *f = conversation_finding(&c, "syn_rst_conflict");
	assert_terms(f, "E02 3, E05b 20");
	conversation_close(&c);
}

/* Of payload it says nothing: who answers the SYN need not be who sends the page. */
static void a_synack_alone_is_no_baseline_of_payload(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	SEND(&c, CLIENT, 0, "S");
	SEND(&c, SERVER, 40000, "SA", .id = ID_ZERO, .ttl = 60);
	SEND(&c, CLIENT, 40100, "A");
	SEND(&c, CLIENT, 41000, "PA", .bytes = 100);
	SEND(&c, SERVER, 82000, "PA", "one answer", .id = ID_ZERO, .ttl = 52, .forged = true);
	SEND(&c, SERVER, 83000, "PA", "the other.", .id = ID_ZERO, .ttl = 52);
	assert_terms(conversation_finding(&c, "tcp_overlap_conflict"), "E06b 12");
	conversation_close(&c);
}

/* A local counter: -16..256 is its own. */
static void a_foreign_ip_id_counts_against_a_local_counter(void **state)
{
	(void)state;
	EXPECT_RESET("E03 10", .id = 0x1111);
	EXPECT_RESET("E03 10", .id = 0xf41d + 257);
	EXPECT_RESET("E03 10", .id = 0xf41d - 17);
	EXPECT_RESET("", .id = 0xf41d + 255); /* 256 is a step of 1 in the other byte order */
	EXPECT_RESET("", .id = 0xf41d - 16);
	EXPECT_RESET("", .id = ID_ZERO); /* what stacks send without a socket */
}

static void going_on_with_the_counter_is_innocent(void **state)
{
	(void)state;
	EXPECT_RESET("E03c -13", .id = 0xf41d + 1);
	EXPECT_RESET("E03c -13", .id = 0xf41d + 8);
	EXPECT_RESET("", .id = 0xf41d + 9);
	EXPECT_RESET("", .id = 0xf41d);
}

static uint16_t swapped(uint16_t x)
{
	return (uint16_t)(x << 8 | x >> 8);
}

static void a_counter_in_the_order_of_a_pc_counts(void **state)
{
	static const struct {
		uint16_t id;
		int e03, e03c;
	} resets[] = {{0xf41e, 0, -13}, {0xf41d + 9, 0, 0}, {0x1111, 10, 0}};
	(void)state;
	for (size_t i = 0; i < sizeof resets / sizeof *resets; i++) {
		struct race r;
		conversation_open(&r.c);
		r.c.host_order_ids = true;
		race_begin(&r);
		SEND(&r.c, SERVER, 120000, "RA", .id = swapped(resets[i].id), .forged = true);
		SEND(&r.c, SERVER, 200000, "PA", .bytes = 500);
		const struct finding *f = conversation_finding(&r.c, "data_seq_rst");
		assert_non_null(f);
		assert_int_equal(f->facts.ip_id_class, IPID_LOCAL);
		assert_int_equal(finding_term_db(f, "E03"), resets[i].e03);
		assert_int_equal(finding_term_db(f, "E03c"), resets[i].e03c);
		conversation_close(&r.c);
	}
}

/* Random or constant ids of a sender say nothing of one more. */
static void without_a_counter_no_id_is_foreign(void **state)
{
	static const uint32_t random[] = {0x7001, 0x1002, 0xe003, 0x4004, 0xb005}, constant[] = {7, 7, 7, 7, 7};
	static const enum ipid_class classes[] = {IPID_RANDOM, IPID_CONST};
	const uint32_t *const ids[] = {random, constant};
	(void)state;
	for (int k = 0; k < 2; k++) {
		struct conversation c;
		conversation_open(&c);
		conversation_handshake(&c);
		for (int i = 0; i < 4; i++)
			SEND(&c, SERVER, 41000 + i * 1000, "PA", .bytes = 100, .id = ids[k][i]);
		SEND(&c, CLIENT, 50000, "A");
		SEND(&c, SERVER, 100000, "RA", .id = 0x9999);
		SEND(&c, SERVER, 130000, "PA", .bytes = 100, .id = ids[k][4]);
		const struct finding *f = conversation_finding(&c, "data_seq_rst");
		assert_terms(f, "E05 20");
		assert_int_equal(f->facts.ip_id_class, classes[k]);
		conversation_close(&c);
	}
}

/* The trigger's id is 21100. */
static void a_mirrored_ip_id_is_marked(void **state)
{
	(void)state;
	EXPECT_RESET("E03b 25, E03 10", .id = 21100);
	EXPECT_RESET("E03b 25, E03 10", .id = 21101);
	EXPECT_RESET("E03 10", .id = 21102);
	EXPECT_RESET("E03 10", .id = 21099);
}

static void zeros_mirror_nothing(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	c.no_ids = true;
	conversation_exchange(&c);
	SEND(&c, SERVER, 120000, "RA");
	SEND(&c, SERVER, 200000, "PA", .bytes = 500);
	assert_terms(conversation_finding(&c, "data_seq_rst"), "E05 20");
	conversation_close(&c);
}

static void a_front_end_that_mirrors_ids_weighs_half(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	SEND(&c, CLIENT, 0, "S", .id = 0x3cbb);
	SEND(&c, SERVER, 40000, "SA", .id = 0x3cbb);
	SEND(&c, CLIENT, 40100, "A");
	SEND(&c, CLIENT, 41000, "PA", .bytes = 200, .id = 0x25ab);
	SEND(&c, SERVER, 81000, "RA", .id = 0x25ab);
	SEND(&c, SERVER, 140000, "PA", .bytes = 500);
	assert_int_equal(finding_term_db(conversation_finding(&c, "data_seq_rst"), "E03b"), 12);
	conversation_close(&c);
}

static void payload_without_timestamps_is_marked(void **state)
{
	(void)state;
	EXPECT_CONTENT(true, "E07 9", .no_options = true, .id = ID_ZERO);
	EXPECT_CONTENT(true, "", .id = ID_ZERO);
	EXPECT_CONTENT(false, "", .id = ID_ZERO); /* nobody has them */
}

/* Stacks send resets without a socket, and then without options. */
static void a_reset_without_timestamps_is_ordinary(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	c.timestamps[CLIENT] = c.timestamps[SERVER] = true;
	conversation_exchange(&c);
	SEND(&c, SERVER, 120000, "RA", .id = ID_ZERO, .no_options = true);
	SEND(&c, SERVER, 200000, "PA", .bytes = 500);
	assert_terms(conversation_finding(&c, "data_seq_rst"), "E05 20");
	conversation_close(&c);
}

/* A middlebox strips options now and then; then one more without says nothing. */
static void a_sender_that_mixes_options_has_no_habit(void **state)
{
	struct race r;
	(void)state;
	conversation_open(&r.c);
	r.c.timestamps[CLIENT] = r.c.timestamps[SERVER] = true;
	race_begin(&r);
	SEND(&r.c, SERVER, 90000, "A", .no_options = true, .ack = 18);
	SEND(&r.c, SERVER, 120000, "PA", "forged", .no_options = true, .id = ID_ZERO, .forged = true);
	SEND(&r.c, SERVER, 200000, "PA", .bytes = 500);
	assert_int_equal(finding_term_db(conversation_finding(&r.c, "tcp_overlap_conflict"), "E06"), 25);
	assert_int_equal(finding_term_db(conversation_finding(&r.c, "tcp_overlap_conflict"), "E07"), 0);
	conversation_close(&r.c);
}

static void two_packets_are_no_habit(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	c.timestamps[CLIENT] = c.timestamps[SERVER] = true;
	conversation_handshake(&c);
	SEND(&c, CLIENT, 41000, "PA", .bytes = 100);
	SEND(&c, SERVER, 81000, "A");
	SEND(&c, SERVER, 81500, "PA", "forged", .no_options = true, .id = ID_ZERO, .forged = true);
	SEND(&c, SERVER, 140000, "PA", .bytes = 500);
	assert_int_equal(finding_term_db(conversation_finding(&c, "tcp_overlap_conflict"), "E07"), 0);
	conversation_close(&c);
}

/* The server's window is 235, the trigger's 4000. */
static void a_window_far_from_every_other_is_marked(void **state)
{
	(void)state;
	EXPECT_RESET("E08 3", .window = 235 * 8 + 8, .id = ID_ZERO);
	EXPECT_RESET("E08 3", .window = 29, .id = ID_ZERO);
	EXPECT_RESET("", .window = 235 * 8, .id = ID_ZERO);
	EXPECT_RESET("", .window = 30, .id = ID_ZERO);
	EXPECT_RESET("", .window = WINDOW_ZERO, .id = ID_ZERO); /* of a reset: no information */
	EXPECT_CONTENT(false, "E08 3", .window = WINDOW_ZERO, .id = ID_ZERO);
}

static void a_mirrored_window_is_marked(void **state)
{
	(void)state;
	EXPECT_RESET("E08 3, E08b 10", .window = 4000, .id = ID_ZERO);
	EXPECT_RESET("E08 3", .window = 4001, .id = ID_ZERO);
}

/* Both ends may use one window. */
static void a_window_that_the_sender_uses_too_is_no_mirror(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	c.windows[SERVER] = c.windows[CLIENT] = 4000;
	conversation_exchange(&c);
	SEND(&c, SERVER, 120000, "RA", .id = ID_ZERO);
	SEND(&c, SERVER, 200000, "PA", .bytes = 500);
	assert_int_equal(finding_term_db(conversation_finding(&c, "data_seq_rst"), "E08b"), 0);
	conversation_close(&c);
}

/* Round trips of 40 ms, trigger at 84 ms: half is 104 ms, four fifths 116 ms, each minus 0.2 ms. */
static void an_answer_before_the_path_allows_is_marked(void **state)
{
	(void)state;
	EXPECT_RESET("E01 25", .us = 90000, .id = ID_ZERO);
	EXPECT_RESET("E01 25", .us = 103700, .id = ID_ZERO);
	EXPECT_RESET("E01b 8", .us = 103900, .id = ID_ZERO);
	EXPECT_RESET("E01b 8", .us = 115700, .id = ID_ZERO);
	EXPECT_RESET("", .us = 116000, .id = ID_ZERO);
	EXPECT_CONTENT(false, "E01 25", .us = 90000, .id = ID_ZERO);
}

/* An idle server may reset at any time: only what acknowledges the trigger was caused by it. */
static void what_acknowledges_no_trigger_is_not_timed(void **state)
{
	(void)state;
	EXPECT_RESET("", .us = 90000, .id = ID_ZERO, .ack = 18);
	EXPECT_RESET("", .us = 90000, .id = ID_ZERO, .flags = "R", .ack = conversation_request_end());
}

static void one_round_trip_weighs_half(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	conversation_handshake(&c);
	SEND(&c, CLIENT, 41000, "PA", "GET / HTTP/1.1\r\nHost: blocked.example\r\n\r\n");
	SEND(&c, SERVER, 44000, "PA", "forged", .id = ID_ZERO,
	     .forged = true); /* 3 ms: no sample for its own judgement */
	SEND(&c, SERVER, 82000, "PA", .bytes = 500);
	SEND(&c, SERVER, 83000, "PA", .bytes = 500);
	const struct finding *f = conversation_finding(&c, "tcp_overlap_conflict");
	assert_non_null(f);
	assert_int_equal(finding_term_db(f, "E01"), 12);
	assert_int_equal(f->facts.rtt_samples, 1);
	assert_int_equal(f->facts.rtt_min_us, 40000);
	assert_int_equal(f->facts.delta_us, 3000);
	conversation_close(&c);
}

/* G6 */
static void capture_times_that_go_back_time_nothing(void **state)
{
	struct race r;
	(void)state;
	conversation_open(&r.c);
	race_begin(&r);
	SEND(&r.c, SERVER, 82000, "A");
	SEND(&r.c, SERVER, 90000, "RA", .id = ID_ZERO);
	SEND(&r.c, SERVER, 200000, "PA", .bytes = 500);
	const struct finding *f = conversation_finding(&r.c, "data_seq_rst");
	assert_terms(f, "E05 20");
	assert_true(f->guards_named & 1U << GUARD_TS_DISORDER);
	conversation_close(&r.c);
}

/* G20: where from, not whether. */
static void a_box_next_to_the_client_is_named(void **state)
{
	struct race r;
	(void)state;
	const struct finding *f = reset_race(&r, (struct wire){.ttl = 64, .id = ID_ZERO});
	assert_terms(f, "E02 6, E05 20");
	assert_int_equal(f->label, LABEL_MODERATELY_STRONG);
	assert_true(f->guards_named & 1U << GUARD_LOCAL_BOX);
	conversation_close(&r.c);
	f = reset_race(&r, (struct wire){.ttl = 63, .id = ID_ZERO});
	assert_false(f->guards_named & 1U << GUARD_LOCAL_BOX);
	conversation_close(&r.c);
}

/* Two hops away, the server itself may be on that network. */
static void a_near_server_is_no_box(void **state)
{
	struct race r;
	(void)state;
	conversation_open(&r.c);
	r.c.ttls[SERVER] = 62;
	race_begin(&r);
	SEND(&r.c, SERVER, 120000, "RA", .ttl = 64, .id = ID_ZERO);
	SEND(&r.c, SERVER, 200000, "PA", .bytes = 500);
	const struct finding *f = conversation_finding(&r.c, "data_seq_rst");
	assert_terms(f, "E02 6, E05 20");
	assert_false(f->guards_named & 1U << GUARD_LOCAL_BOX);
	conversation_close(&r.c);
}

static void stages_follow_the_packets_of_the_client(void **state)
{
	struct side client = {.have_syn = true, .syn_count = 1, .packets = 1}, server = {0};
	(void)state;
	assert_string_equal(suspect_stage(&client, &server), "post_syn");
	server.have_syn = true;
	assert_string_equal(suspect_stage(&client, &server), "post_syn");
	client.packets = 2;
	assert_string_equal(suspect_stage(&client, &server), "post_ack");
	client.data_packets = 1;
	assert_string_equal(suspect_stage(&client, &server), "post_psh");
	client.data_packets = 2;
	assert_string_equal(suspect_stage(&client, &server), "later");
	client = (struct side){.data_packets = 1};
	assert_string_equal(suspect_stage(&client, &server), "later");
}

static void counters_are_classified(void **state)
{
	static const struct {
		struct side side;
		unsigned interposed;
		enum ipid_class class;
	} sides[] = {
	    {{.ipid_count = 3, .ipid_near = 2}, 0, IPID_UNKNOWN},
	    {{.ipid_count = 4, .ipid_near = 3}, 0, IPID_LOCAL},
	    {{.ipid_count = 4, .ipid_near = 3}, 1, IPID_UNKNOWN},
	    {{.ipid_count = 11, .ipid_near = 9}, 0, IPID_LOCAL},
	    {{.ipid_count = 11, .ipid_near = 8, .ipid_forward = 8}, 0, IPID_GLOBAL},
	    {{.ipid_count = 11, .ipid_near = 7, .ipid_forward = 7}, 0, IPID_RANDOM},
	    {{.ipid_count = 11, .ipid_near = 7, .ipid_forward = 7}, 1, IPID_GLOBAL},
	    {{.ipid_count = 6, .ipid_zero = 6}, 0, IPID_ZERO},
	    {{.ipid_count = 6, .ipid_zero = 5}, 1, IPID_ZERO},
	    {{.ipid_count = 6, .ipid_same = 5}, 0, IPID_CONST},
	    {{.ipid_count = 6}, 0, IPID_RANDOM},
	};
	(void)state;
	for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
		assert_int_equal(ipid_classify(&sides[i].side, sides[i].interposed), sides[i].class);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hops_count_from_the_next_initial_value),
	    cmocka_unit_test(resets_are_measured_in_hops),
	    cmocka_unit_test(another_initial_ttl_of_a_reset_is_innocent),
	    cmocka_unit_test(payload_is_measured_raw),
	    cmocka_unit_test(a_baseline_leaves_the_suspect_out),
	    cmocka_unit_test(a_synack_alone_weighs_half),
	    cmocka_unit_test(a_synack_alone_is_no_baseline_of_payload),
	    cmocka_unit_test(a_foreign_ip_id_counts_against_a_local_counter),
	    cmocka_unit_test(going_on_with_the_counter_is_innocent),
	    cmocka_unit_test(a_counter_in_the_order_of_a_pc_counts),
	    cmocka_unit_test(without_a_counter_no_id_is_foreign),
	    cmocka_unit_test(a_mirrored_ip_id_is_marked),
	    cmocka_unit_test(zeros_mirror_nothing),
	    cmocka_unit_test(a_front_end_that_mirrors_ids_weighs_half),
	    cmocka_unit_test(payload_without_timestamps_is_marked),
	    cmocka_unit_test(a_reset_without_timestamps_is_ordinary),
	    cmocka_unit_test(a_sender_that_mixes_options_has_no_habit),
	    cmocka_unit_test(two_packets_are_no_habit),
	    cmocka_unit_test(a_window_far_from_every_other_is_marked),
	    cmocka_unit_test(a_mirrored_window_is_marked),
	    cmocka_unit_test(a_window_that_the_sender_uses_too_is_no_mirror),
	    cmocka_unit_test(an_answer_before_the_path_allows_is_marked),
	    cmocka_unit_test(what_acknowledges_no_trigger_is_not_timed),
	    cmocka_unit_test(one_round_trip_weighs_half),
	    cmocka_unit_test(capture_times_that_go_back_time_nothing),
	    cmocka_unit_test(a_box_next_to_the_client_is_named),
	    cmocka_unit_test(a_near_server_is_no_box),
	    cmocka_unit_test(stages_follow_the_packets_of_the_client),
	    cmocka_unit_test(counters_are_classified),
	};
	return cmocka_run_group_tests_name("suspect", tests, NULL, NULL);
}
