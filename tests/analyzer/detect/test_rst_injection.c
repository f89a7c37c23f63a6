/*
 * Forged resets: each mechanism fires on the packets that it was made for, and stays silent on everything innocent that
 * looks like it (docs/rules.md, B1 to B4 and "Guards").
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/conversation.h"
#include "tests/support/events.h"

/* The flow of most tests: a request, two segments of answer up to 2001, acknowledged at 83 ms. */
static void exchange(struct conversation *c)
{
	conversation_open(c);
	conversation_exchange(c);
}

static void silent(struct conversation *c)
{
	assert_silent(c);
	conversation_close(c);
}

/* B2: the server goes on after its "own" reset. */
static void going_on_after_a_reset_is_found(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	uint64_t rst = SEND(&c, SERVER, 100000, "RA", .id = 0x1234, .window = 999);
	SEND(&c, SERVER, 130000, "PA", .bytes = 500);
	SEND(&c, CLIENT, 131000, "A");
	const struct finding *f = conversation_finding(&c, "data_seq_rst");
	ASSERT_SUSPECTS(f, rst);
	assert_int_equal(f->kind, KIND_CONTRADICTION);
	assert_true(f->to_client);
	assert_int_equal(f->copies, 1);
	assert_string_equal(finding_detail_value(f, "after_bytes"), "500");
	assert_string_equal(finding_detail_value(f, "after_rst_us"), "30000");
	assert_string_equal(f->stage, "post_psh");
	assert_string_equal(f->protocol, "http");
	assert_string_equal(f->name, "blocked.example");
	assert_int_equal(conversation_findings(&c), 1);
	assert_int_equal(conversation_tested(&c, "data_seq_rst"), 1);
	conversation_close(&c);
}

/* The same at a server: a reset "from the client", and a client that goes on. */
static void going_on_of_the_client_is_found(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	uint64_t rst = SEND(&c, CLIENT, 100000, "RA", .ttl = 41);
	SEND(&c, CLIENT, 130000, "PA", .bytes = 300);
	const struct finding *f = conversation_finding(&c, "data_seq_rst");
	ASSERT_SUSPECTS(f, rst);
	assert_false(f->to_client);
	conversation_close(&c);
}

static void an_abort_with_unread_data_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	c.timestamps[CLIENT] = c.timestamps[SERVER] = true;
	conversation_exchange(&c);
	SEND(&c, CLIENT, 84000, "PA", .bytes = 400);
	SEND(&c, SERVER, 100000, "RA", .tsval = 5100);
	silent(&c);
}

/* A client that closes its socket answers everything that is still in flight. */
static void resets_that_answer_data_in_flight_are_silent(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	for (int i = 0; i < 4; i++)
		SEND(&c, SERVER, 90000 + i * 100, "PA", .bytes = 1000);
	SEND(&c, SERVER, 90400, "A");
	uint32_t acked = conversation_request_end();
	for (int i = 0; i < 4; i++)
		SEND(&c, CLIENT, 90500 + i * 100, "R", .seq = acked, .id = ID_ZERO, .window = WINDOW_ZERO);
	SEND(&c, SERVER, 91500, "PA", .bytes = 1000);
	SEND(&c, CLIENT, 91600, "R", .seq = acked, .id = ID_ZERO, .window = WINDOW_ZERO);
	silent(&c);
}

/* G3 for B1: the acknowledgements of the other side are older than the data that this side has sent since. */
static void a_closed_socket_behind_its_own_data_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	SEND(&c, SERVER, 90000, "PA", .bytes = 1000);
	SEND(&c, SERVER, 90100, "PA", .bytes = 1000);
	SEND(&c, CLIENT, 91000, "PA", .bytes = 200, .ack = 2001);
	SEND(&c, SERVER, 92000, "R", .seq = 2001, .id = ID_ZERO, .window = WINDOW_ZERO);
	silent(&c);
}

/* A window full of packets draws more acknowledgements than are remembered, and each a reset (10 of a first window). */
static void resets_that_answer_a_window_of_acknowledgements_are_silent(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	for (int i = 0; i < 12; i++) {
		SEND(&c, SERVER, 90000 + i * 100, "PA", .bytes = 1000);
		SEND(&c, CLIENT, 90010 + i * 100, "A");
	}
	for (int i = 0; i < 12; i++)
		SEND(&c, SERVER, 130000 + i * 100, "R", .seq = 3001 + i * 1000, .no_ack_number = true, .id = ID_ZERO,
		     .window = WINDOW_ZERO);
	silent(&c);
}

/* The same where the capture holds the server's side alone: nobody knows what was acknowledged. */
static void resets_at_passed_numbers_of_one_side_are_silent(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	for (int i = 0; i < 4; i++)
		SEND(&c, SERVER, 1000 + i * 100, "PA", .seq = 1 + i * 1000, .ack = 90, .bytes = 1000);
	SEND(&c, SERVER, 40000, "R", .seq = 2001, .no_ack_number = true, .id = ID_ZERO, .window = WINDOW_ZERO);
	silent(&c);
}

/* Jitter: a closed socket's answer overtakes what the socket had sent, on a path that swaps other packets as far. */
static void a_reset_that_overtakes_data_among_others_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	c.timestamps[CLIENT] = c.timestamps[SERVER] = true;
	conversation_exchange(&c);
	SEND(&c, SERVER, 90000, "PA", .seq = 3001, .bytes = 1000, .tsval = 5090);
	SEND(&c, SERVER, 102000, "PA", .seq = 2001, .bytes = 1000, .tsval = 5089, .forged = true);
	SEND(&c, CLIENT, 102100, "A", .ack = 4001);
	SEND(&c, SERVER, 110000, "R", .seq = 2001, .no_ack_number = true, .id = ID_ZERO, .window = WINDOW_ZERO);
	SEND(&c, SERVER, 121000, "PA", .seq = 4001, .bytes = 1000, .tsval = 5091);
	silent(&c);
}

/* The abort comes before the data that it follows: its number is behind all of it. */
static void an_abort_that_overtakes_its_data_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	c.timestamps[CLIENT] = c.timestamps[SERVER] = true;
	conversation_exchange(&c);
	SEND(&c, SERVER, 100000, "RA", .seq = 4001, .tsval = 5100);
	SEND(&c, SERVER, 106000, "PA", .seq = 2001, .bytes = 1000, .tsval = 5100, .forged = true);
	SEND(&c, SERVER, 107000, "PA", .seq = 3001, .bytes = 1000, .tsval = 5100, .forged = true);
	silent(&c);
}

/* B3: data between the two resets moved the sender on, and the second one is at its end. */
static void a_second_reset_behind_overtaken_data_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	c.timestamps[CLIENT] = c.timestamps[SERVER] = true;
	conversation_exchange(&c);
	SEND(&c, SERVER, 100000, "R", .seq = 2001, .no_ack_number = true, .id = ID_ZERO, .window = WINDOW_ZERO);
	SEND(&c, SERVER, 101000, "PA", .bytes = 1000);
	SEND(&c, SERVER, 102000, "RA", .seq = 3001);
	assert_null(conversation_finding(&c, "rst_seq_change"));
	conversation_close(&c);
}

static void reset_to_the_syn_by_a_closed_port_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	SEND(&c, SERVER, 90000, "RA", .seq = 0, .absolute_seq = true, .ack = 1, .window = WINDOW_ZERO);
	assert_null(conversation_finding(&c, "rst_seq_data"));
	assert_null(conversation_finding(&c, "rst_seq_change"));
	conversation_close(&c);
}

/* Packets before the forged reset that no receiver takes, or that its sender disproves, hide nothing. */
static void a_decoy_before_the_reset_hides_nothing(void **state)
{
	static const struct wire decoys[] = {
	    {SERVER, 90000, "FA", .seq = 2001 - 70000, .forged = true},
	    {SERVER, 90000, "FA", .seq = 2001, .forged = true},
	    {CLIENT, 90000, "R", .seq = 1 << 25, .forged = true},
	    {CLIENT, 90000, "R", .forged = true},
	    {SERVER, 90000, "RA", .seq = 1 << 22, .forged = true},
	    {SERVER, 90000, "RA", .seq = 500000, .forged = true},
	};
	(void)state;
	for (size_t i = 0; i < sizeof decoys / sizeof *decoys; i++) {
		struct conversation c;
		exchange(&c);
		struct wire decoy = decoys[i];
		decoy.ends_here = true;
		conversation_send(&c, decoy);
		SEND(&c, SERVER, 100000, "RA", .seq = 2001, .ttl = 80, .id = 0x1234);
		SEND(&c, SERVER, 130000, "PA", .seq = 2001, .bytes = 500);
		assert_non_null(conversation_finding(&c, "data_seq_rst"));
		conversation_close(&c);
	}
}

static void decoys_do_not_fill_the_list_of_resets(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	for (int i = 0; i < RESETS_KEPT + 1; i++)
		SEND(&c, SERVER, 90000 + i * 100, "RA", .seq = (1 << 22) + i);
	uint64_t rst = SEND(&c, SERVER, 100000, "RA", .ttl = 80, .id = 0x1234);
	SEND(&c, SERVER, 130000, "PA", .bytes = 500);
	const struct finding *f = conversation_finding(&c, "data_seq_rst");
	ASSERT_SUSPECTS(f, rst);
	assert_int_equal(f->copies, 1);
	conversation_close(&c);
}

/* A side that has closed may answer with resets, and what was under way before its FIN may still come. */
static void a_fin_that_stands_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	SEND(&c, SERVER, 90000, "FA", .seq = 3001, .forged = true);
	SEND(&c, SERVER, 90100, "R", .seq = 2001);
	SEND(&c, SERVER, 130000, "PA", .seq = 2001, .bytes = 1000);
	silent(&c);
}

/* Anycast: the reset of a host that knows nothing of the connection has the form of an answer. */
static void a_reset_that_answers_may_be_another_host(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	SEND(&c, SERVER, 100000, "R", .seq = 2001, .id = ID_ZERO, .window = WINDOW_ZERO);
	SEND(&c, SERVER, 130000, "PA", .bytes = 500);
	const struct finding *f = conversation_finding(&c, "data_seq_rst");
	assert_non_null(f);
	assert_true(f->alternatives & 1U << ALT_LOAD_BALANCER);
	conversation_close(&c);
}

/* RFC 9293, 3.10.7.3: a client in SYN-SENT resets what answers an older connection, and repeats its SYN. */
static void a_client_that_resets_an_old_connection_goes_on(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	SEND(&c, CLIENT, 0, "S");
	SEND(&c, SERVER, 40000, "A", .seq = 70000, .ack = -90000, .forged = true);
	SEND(&c, CLIENT, 40100, "R", .seq = -90000, .id = ID_ZERO, .window = WINDOW_ZERO);
	SEND(&c, CLIENT, 1000000, "S", .absolute_seq = true, .seq = c.isn[CLIENT]);
	SEND(&c, SERVER, 1040000, "SA");
	SEND(&c, CLIENT, 1040100, "A");
	SEND(&c, CLIENT, 1041000, "PA", .bytes = 100);
	SEND(&c, SERVER, 1081000, "PA", .bytes = 100);
	silent(&c);
}

/* RFC 9293, 3.10.7.4: a server in SYN-RECEIVED resets an unacceptable acknowledgement, and stays. */
static void a_server_that_resets_a_stale_acknowledgement_goes_on(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	SEND(&c, CLIENT, 0, "S");
	SEND(&c, SERVER, 300, "SA");
	SEND(&c, CLIENT, 10000, "A", .ack = 300);
	SEND(&c, SERVER, 10100, "R", .seq = 300, .id = ID_ZERO, .window = WINDOW_ZERO);
	SEND(&c, CLIENT, 40000, "A");
	SEND(&c, CLIENT, 41000, "PA", .bytes = 100);
	SEND(&c, SERVER, 42000, "PA", .bytes = 1000);
	silent(&c);
}

/* B1 */
static void a_reset_that_data_has_overtaken_is_found(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	uint64_t rst = SEND(&c, SERVER, 95000, "RA", .seq = 1, .ttl = 101, .id = 0x1234, .window = 999);
	const struct finding *f = conversation_finding(&c, "rst_seq_data");
	ASSERT_SUSPECTS(f, rst);
	assert_int_equal(finding_term_db(f, "E04b"), 15);
	assert_int_equal(finding_term_db(f, "E02"), 6);
	assert_string_equal(finding_detail_value(f, "stale_by_bytes"), "2000");
	assert_int_equal(conversation_findings(&c), 1);
	conversation_close(&c);
}

/* Implementations count SYN and FIN differently: two are none. */
static void a_reset_two_short_is_silent(void **state)
{
	(void)state;
	for (int64_t seq = 1998; seq <= 2001; seq++) {
		struct conversation c;
		exchange(&c);
		SEND(&c, SERVER, 95000, "RA", .seq = seq);
		assert_int_equal(conversation_finding(&c, "rst_seq_data") != NULL, seq == 1998);
		conversation_close(&c);
	}
}

static void a_stale_reset_long_after_the_data_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	SEND(&c, SERVER, 2083000, "RA", .seq = 1);
	silent(&c);
}

/* The receiver lets only so much in: a stack that resets there is not behind its data. */
static void a_reset_at_the_window_edge_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	SEND(&c, SERVER, 90000, "PA", .bytes = 1000);
	SEND(&c, CLIENT, 90500, "A", .ack = 2001, .window = 5); /* 5 << 7 */
	SEND(&c, SERVER, 95000, "RA", .seq = 2001 + 5 * 128);
	silent(&c);
}

/* G13 */
static void a_reset_from_another_sequence_space_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	SEND(&c, SERVER, 95000, "RA", .seq = -5000000, .ack = 77000000);
	SEND(&c, SERVER, 130000, "PA", .bytes = 500);
	silent(&c);
}

/* Nobody takes a reset that far off, so the sender goes on; but who made it knew what the client had sent. */
static void a_reset_far_outside_the_window_is_found(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	uint64_t rst = SEND(&c, SERVER, 95000, "RA", .seq = 1 << 30, .id = 0x9999, .ttl = 95);
	uint64_t again = SEND(&c, SERVER, 95100, "RA", .seq = (1 << 30) + 1460, .id = 0x9999, .ttl = 96);
	SEND(&c, SERVER, 130000, "PA", .bytes = 500);
	const struct finding *f = conversation_finding(&c, "data_seq_rst");
	ASSERT_SUSPECTS(f, rst, again);
	assert_terms(f, "E02 6, E03 10, E05 20");
	assert_string_equal(finding_detail_value(f, "off_by_bytes"), "1073739823");
	conversation_close(&c);
}

/* Bare, it says nothing of this connection: a header feature must. */
static void a_bare_reset_far_outside_needs_a_feature(void **state)
{
	(void)state;
	for (int feature = 0; feature < 2; feature++) {
		struct conversation c;
		exchange(&c);
		SEND(&c, SERVER, 95000, "R", .seq = 1 << 30, .id = ID_ZERO, .ttl = feature ? 95 : 52);
		SEND(&c, SERVER, 130000, "PA", .bytes = 500);
		assert_int_equal(conversation_findings(&c), feature);
		conversation_close(&c);
	}
}

/* A little ahead, within the window or not: what its sender never reached, and closed below. */
static void a_reset_ahead_of_the_end_is_found(void **state)
{
	(void)state;
	for (int closes = 0; closes < 2; closes++) {
		struct conversation c;
		exchange(&c);
		uint64_t rst = SEND(&c, SERVER, 95000, "RA", .seq = 90000, .id = ID_ZERO);
		SEND(&c, SERVER, 130000, "PA", .bytes = 500);
		if (closes)
			SEND(&c, SERVER, 131000, "FA");
		const struct finding *f = conversation_finding(&c, "data_seq_rst");
		if (closes)
			ASSERT_SUSPECTS(f, rst);
		else
			assert_null(f);
		conversation_close(&c);
	}
}

static void ports_used_again_are_silent(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	SEND(&c, CLIENT, 95000, "RA");
	SEND(&c, CLIENT, 200000, "S", .isn_offset = 123456, .forged = true);
	SEND(&c, SERVER, 240000, "SA", .isn_offset = 99999, .ack = 123457, .forged = true);
	SEND(&c, CLIENT, 240100, "PA", .isn_offset = 123456, .seq = 1, .bytes = 100, .ack = 100000, .forged = true);
	SEND(&c, SERVER, 280100, "PA", .isn_offset = 99999, .seq = 1, .bytes = 900, .ack = 123557, .forged = true);
	silent(&c);
}

/* RFC 9293, 3.5.1: the client lost its state, resets what the server still believes in, and tries again. */
static void a_half_open_connection_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	SEND(&c, CLIENT, 500000, "S", .isn_offset = 777, .forged = true);
	SEND(&c, SERVER, 540000, "A");
	SEND(&c, CLIENT, 540100, "R", .seq = conversation_request_end(), .id = ID_ZERO, .window = WINDOW_ZERO);
	SEND(&c, CLIENT, 1500000, "S", .isn_offset = 777, .forged = true);
	SEND(&c, SERVER, 1540000, "SA", .isn_offset = 4242, .ack = 778, .forged = true);
	SEND(&c, CLIENT, 1540100, "PA", .isn_offset = 777, .seq = 1, .bytes = 100, .ack = 4243, .forged = true);
	silent(&c);
}

/* A socket that has closed may be gone, and what it sends then means nothing. */
static void resets_after_a_fin_are_silent(void **state)
{
	(void)state;
	for (enum dir who = CLIENT; who <= SERVER; who++) {
		struct conversation c;
		exchange(&c);
		SEND(&c, who, 90000, "FA");
		SEND(&c, SERVER, 95000, "RA", .seq = 1);
		SEND(&c, SERVER, 95100, "RA", .seq = 4000);
		SEND(&c, SERVER, 130000, "PA", .seq = who == SERVER ? 1001 : 2001, .bytes = 500);
		silent(&c);
	}
}

static void resets_after_one_of_the_other_side_are_silent(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	SEND(&c, CLIENT, 90000, "RA");
	SEND(&c, SERVER, 95000, "RA", .seq = 1);
	SEND(&c, SERVER, 95100, "RA", .seq = 4000);
	silent(&c);
}

/* Nothing answers a reset with a reset, and a socket that a reset has closed does not go on either. */
static void going_on_after_resets_of_both_sides_is_found(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	SEND(&c, CLIENT, 90000, "RA");
	uint64_t rst = SEND(&c, SERVER, 95000, "RA", .ttl = 80, .id = 0x1234);
	SEND(&c, SERVER, 130000, "PA", .bytes = 500);
	const struct finding *f = conversation_finding(&c, "data_seq_rst");
	ASSERT_SUSPECTS(f, rst);
	conversation_close(&c);
}

/* G10: the receiver drops it, unless no packet of that side is right: then the capture precedes the checksum. */
static void a_reset_with_a_wrong_checksum_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	SEND(&c, SERVER, 100000, "RA", .seq = 1, .bad_checksum = true);
	SEND(&c, SERVER, 130000, "PA", .bytes = 500);
	silent(&c);
}

static void wrong_checksums_everywhere_are_offload(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	c.bad_checksums = true;
	conversation_exchange(&c);
	SEND(&c, SERVER, 100000, "RA");
	SEND(&c, SERVER, 130000, "PA", .bytes = 500);
	assert_non_null(conversation_finding(&c, "data_seq_rst"));
	conversation_close(&c);
}

/* G5: within 3 ms, or a quarter of the round trip, the counter or the clock of the sender tells the true order. */
static void a_reset_swapped_with_data_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	SEND(&c, SERVER, 84000, "PA", .bytes = 100);
	SEND(&c, SERVER, 85000, "RA", .seq = 2101, .id = 0xf420);
	SEND(&c, SERVER, 86000, "PA", .bytes = 500, .id = 0xf41f); /* sent before the reset */
	silent(&c);
}

static void a_reset_swapped_by_its_clock_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	c.no_ids = true;
	c.timestamps[CLIENT] = c.timestamps[SERVER] = true;
	conversation_exchange(&c);
	SEND(&c, SERVER, 85000, "RA", .seq = 2001, .tsval = 5086);
	SEND(&c, SERVER, 86000, "PA", .bytes = 500, .tsval = 5085);
	silent(&c);
}

static void a_counter_that_shows_no_swap_counts_in_full(void **state)
{
	static const uint32_t ids[] = {0xf41f, 0x1234};
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct conversation c;
		exchange(&c);
		SEND(&c, SERVER, 84000, "PA", .bytes = 100);
		SEND(&c, SERVER, 85000, "RA", .id = ids[i]);
		SEND(&c, SERVER, 86000, "PA", .bytes = 500, .id = 0xf420);
		const struct finding *f = conversation_finding(&c, "data_seq_rst");
		assert_non_null(f);
		assert_int_equal(f->guards_failed, 0);
		conversation_close(&c);
	}
}

/* Without a counter or clock the order of close packets stays open: no more than moderate. */
static void close_packets_of_unknown_order_are_moderate(void **state)
{
	(void)state;
	for (int far = 0; far < 2; far++) {
		struct conversation c;
		conversation_open(&c);
		c.no_ids = true;
		conversation_exchange(&c);
		SEND(&c, SERVER, 100000, "RA", .ttl = 101);
		SEND(&c, SERVER, far ? 112000 : 102000, "PA", .bytes = 500);
		const struct finding *f = conversation_finding(&c, "data_seq_rst");
		assert_non_null(f);
		assert_int_equal(f->score_db, 26);
		assert_int_equal(f->label, far ? LABEL_MODERATELY_STRONG : LABEL_MODERATE);
		assert_int_equal(f->guards_failed, far ? 0 : 1U << GUARD_REORDERED);
		conversation_close(&c);
	}
}

static void stale_by_a_swap_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	SEND(&c, SERVER, 84000, "PA", .bytes = 100);
	SEND(&c, SERVER, 85000, "PA", .bytes = 500, .id = 0xf420);
	SEND(&c, SERVER, 85500, "RA", .seq = 2101, .id = 0xf41f); /* sent before that data */
	assert_null(conversation_finding(&c, "rst_seq_data"));
	conversation_close(&c);
}

static void stale_in_unknown_order_is_moderate(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	c.no_ids = true;
	conversation_exchange(&c);
	SEND(&c, SERVER, 84000, "RA", .seq = 1, .ttl = 101);
	const struct finding *f = conversation_finding(&c, "rst_seq_data");
	assert_non_null(f);
	assert_int_equal(f->guards_failed, 1U << GUARD_REORDERED);
	assert_int_equal(f->score_db, 21);
	assert_int_equal(f->label, LABEL_MODERATE);
	conversation_close(&c);
}

/* Bytes sent once more prove nothing: they may have been under way, unless the sender's clock went on. */
static void a_retransmission_after_a_reset_needs_a_newer_clock(void **state)
{
	(void)state;
	for (int newer = 0; newer < 2; newer++) {
		struct conversation c;
		conversation_open(&c);
		c.timestamps[CLIENT] = c.timestamps[SERVER] = true;
		conversation_exchange(&c);
		SEND(&c, SERVER, 100000, "RA", .seq = 1999);
		SEND(&c, SERVER, 300000, "PA", .bytes = 1000, .seq = 1001, .tsval = newer ? 5300 : 5082);
		assert_int_equal(conversation_finding(&c, "data_seq_rst") != NULL, newer);
		conversation_close(&c);
	}
}

static void data_long_after_a_reset_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	SEND(&c, SERVER, 100000, "RA");
	SEND(&c, SERVER, 2101000, "PA", .bytes = 500);
	silent(&c);
}

static void a_bare_ack_after_a_reset_is_no_data(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	SEND(&c, SERVER, 100000, "RA");
	SEND(&c, SERVER, 130000, "A");
	silent(&c);
}

/* B3, the first worked example: base, +1460, +4380, TTLs stepping, a bare one behind; the server goes on. */
static void the_great_firewalls_burst_is_very_strong(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	uint64_t rst[4];
	rst[0] = SEND(&c, SERVER, 84000, "RA", .id = 0x7d00, .ttl = 102, .window = 1502);
	rst[1] = SEND(&c, SERVER, 84080, "RA", .seq = 2001 + 1460, .id = 0x7d00, .ttl = 103, .window = 1503);
	rst[2] = SEND(&c, SERVER, 84160, "RA", .seq = 2001 + 4380, .id = 0x7d00, .ttl = 104, .window = 1504);
	rst[3] = SEND(&c, SERVER, 84200, "R", .id = 0x1111, .ttl = 71, .window = 70);
	SEND(&c, SERVER, 120000, "PA", .bytes = 700);
	SEND(&c, CLIENT, 120100, "A");
	const struct finding *f = conversation_finding(&c, "rst_seq_change");
	ASSERT_SUSPECTS(f, rst[0], rst[1], rst[2], rst[3]);
	assert_int_equal(finding_term_db(f, "E04"), 27);
	assert_int_equal(finding_term_db(f, "E02"), 6);
	assert_int_equal(finding_term_db(f, "E02c"), 20);
	assert_int_equal(finding_term_db(f, "E05"), 20);
	assert_int_equal(f->score_db, 60);
	assert_int_equal(f->label, LABEL_VERY_STRONG);
	assert_int_equal(f->copies, 4);
	assert_string_equal(finding_detail_value(f, "seq_step"), "1460");
	assert_non_null(conversation_finding(&c, "data_seq_rst"));
	conversation_close(&c);
}

/* Real bursts are alike in every field, as the copies of a mirror port are: counted, not dropped. */
static void equal_resets_are_all_counted(void **state)
{
	struct conversation c;
	uint64_t rst[3];
	(void)state;
	exchange(&c);
	for (int i = 0; i < 3; i++)
		rst[i] = SEND(&c, SERVER, 90000 + i * 80, "RA", .id = 0x7d00, .ttl = 102, .window = 1502);
	SEND(&c, SERVER, 120000, "PA", .bytes = 700);
	const struct finding *f = conversation_finding(&c, "data_seq_rst");
	ASSERT_SUSPECTS(f, rst[0], rst[1], rst[2]);
	assert_int_equal(f->copies, 3);
	assert_int_equal(finding_term_db(f, "E02c"), 0);
	conversation_close(&c);
}

static void two_resets(struct conversation *c, int64_t first, int64_t second, int64_t apart_us)
{
	SEND(c, SERVER, 90000, "RA", .seq = first);
	SEND(c, SERVER, 90000 + apart_us, "RA", .seq = second);
}

static void a_second_reset_beyond_the_first_is_found(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	two_resets(&c, 2001, 3461, 100);
	const struct finding *f = conversation_finding(&c, "rst_seq_change");
	assert_non_null(f);
	assert_int_equal(f->suspect_count, 2);
	conversation_close(&c);
}

static void a_second_reset_that_has_a_reason_is_silent(void **state)
{
	static const struct {
		int64_t first, second, apart_us;
	} pairs[] = {
	    {2001, 2001, 100},     /* repeated */
	    {2001, 2003, 100},     /* the slack */
	    {3461, 2001, 100},     /* backwards: to what was acknowledged */
	    {2001, 3461, 2000000}, /* no pair */
	    {1, 2001, 100},        /* to what was acknowledged */
	    {2001, 2501, 100},     /* to its own maximum */
	    {3000, 3002, 100},     /* the slack again */
	};
	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		struct conversation c;
		exchange(&c);
		SEND(&c, SERVER, 84000, "PA", .bytes = 500);
		two_resets(&c, pairs[i].first, pairs[i].second, pairs[i].apart_us);
		assert_null(conversation_finding(&c, "rst_seq_change"));
		conversation_close(&c);
	}
}

/* G2: what the capture has lost may be what moved the second reset on. */
static void capture_loss_silences_changing_resets(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	SEND(&c, CLIENT, 85000, "A", .ack = 3001);
	two_resets(&c, 2001, 4461, 100);
	SEND(&c, SERVER, 91000, "RA", .seq = 2001, .ack = 900);
	assert_null(conversation_finding(&c, "rst_seq_change"));
	assert_null(conversation_finding(&c, "rst_ack_change"));
	conversation_close(&c);
}

/* The genuine end answers what still arrives; its resets are not the injector's. */
static void genuine_resets_are_not_named(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	uint32_t end = conversation_request_end();
	uint64_t one = SEND(&c, CLIENT, 90000, "RA", .seq = end, .ttl = 45);
	uint64_t two = SEND(&c, CLIENT, 90100, "RA", .seq = end + 1460, .ttl = 46);
	SEND(&c, SERVER, 91000, "PA", .bytes = 800, .ack = end);
	SEND(&c, CLIENT, 91100, "R", .seq = end, .id = ID_ZERO, .window = WINDOW_ZERO);
	ASSERT_SUSPECTS(conversation_finding(&c, "rst_seq_change"), one, two);
	conversation_close(&c);
}

/* B4 */
static void resets_that_acknowledge_what_was_never_sent_are_found(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	uint32_t end = conversation_request_end();
	uint64_t one = SEND(&c, SERVER, 90000, "RA", .ack = end);
	uint64_t two = SEND(&c, SERVER, 90100, "RA", .ack = end + 1460);
	const struct finding *f = conversation_finding(&c, "rst_ack_change");
	ASSERT_SUSPECTS(f, one, two);
	assert_int_equal(finding_term_db(f, "E04c"), 15);
	conversation_close(&c);
}

static void resets_that_answer_one_segment_each_are_silent(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	uint32_t end = conversation_request_end();
	SEND(&c, CLIENT, 84000, "PA", .bytes = 100);
	SEND(&c, CLIENT, 84100, "PA", .bytes = 100);
	SEND(&c, SERVER, 90000, "RA", .ack = end + 100);
	SEND(&c, SERVER, 90100, "RA", .ack = end + 200);
	silent(&c);
}

static void an_acknowledgement_field_that_is_not_set_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	exchange(&c);
	SEND(&c, SERVER, 90000, "RA");
	SEND(&c, SERVER, 90100, "RA", .no_ack_number = true);
	silent(&c);
	exchange(&c); /* a bare one's means nothing */
	SEND(&c, SERVER, 90000, "RA");
	SEND(&c, SERVER, 90100, "R", .ack = 9000);
	silent(&c);
}

static void changing_acknowledgements_without_a_start_are_silent(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	c.next[CLIENT] = c.next[SERVER] = 5000;
	SEND(&c, CLIENT, 0, "PA", .bytes = 100);
	SEND(&c, SERVER, 40000, "PA", .bytes = 100);
	SEND(&c, SERVER, 50000, "RA");
	SEND(&c, SERVER, 50100, "RA", .ack = 9000);
	silent(&c);
}

/* TTLs or windows that step: no host does that in one burst. */
static unsigned burst_term(const uint8_t ttl[3], const uint32_t window[3], int64_t apart_us, unsigned count)
{
	struct conversation c;
	exchange(&c);
	for (unsigned i = 0; i < count; i++)
		SEND(&c, SERVER, 90000 + i * apart_us, "RA", .ttl = ttl[i], .window = window[i]);
	SEND(&c, SERVER, 400000, "PA", .bytes = 700);
	const struct finding *f = conversation_finding(&c, "data_seq_rst");
	assert_non_null(f);
	unsigned db = (unsigned)finding_term_db(f, "E02c");
	conversation_close(&c);
	return db;
}

static void a_burst_of_stepping_ttls_is_marked(void **state)
{
	static const uint8_t three[] = {102, 140, 77}, two[] = {102, 140, 102}, one[] = {52, 52, 52};
	static const uint32_t same[] = {900, 900, 900};
	(void)state;
	assert_int_equal(burst_term(three, same, 100, 3), 20);
	assert_int_equal(burst_term(three, same, 100, 2), 0);
	assert_int_equal(burst_term(three, same, 60000, 3), 0); /* no burst */
	assert_int_equal(burst_term(two, same, 100, 3), 0);
	assert_int_equal(burst_term(one, same, 100, 3), 0);
}

static void flows_without_payload_are_not_tested(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open(&c);
	conversation_handshake(&c);
	SEND(&c, SERVER, 50000, "RA");
	assert_int_equal(conversation_tested(&c, "rst_seq_change"), 0);
	silent(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(going_on_after_a_reset_is_found),
	    cmocka_unit_test(going_on_of_the_client_is_found),
	    cmocka_unit_test(a_decoy_before_the_reset_hides_nothing),
	    cmocka_unit_test(decoys_do_not_fill_the_list_of_resets),
	    cmocka_unit_test(a_fin_that_stands_is_silent),
	    cmocka_unit_test(a_reset_that_answers_may_be_another_host),
	    cmocka_unit_test(a_client_that_resets_an_old_connection_goes_on),
	    cmocka_unit_test(a_server_that_resets_a_stale_acknowledgement_goes_on),
	    cmocka_unit_test(an_abort_with_unread_data_is_silent),
	    cmocka_unit_test(resets_that_answer_data_in_flight_are_silent),
	    cmocka_unit_test(a_closed_socket_behind_its_own_data_is_silent),
	    cmocka_unit_test(reset_to_the_syn_by_a_closed_port_is_silent),
	    cmocka_unit_test(a_reset_that_data_has_overtaken_is_found),
	    cmocka_unit_test(a_reset_two_short_is_silent),
	    cmocka_unit_test(a_stale_reset_long_after_the_data_is_silent),
	    cmocka_unit_test(a_reset_at_the_window_edge_is_silent),
	    cmocka_unit_test(a_reset_from_another_sequence_space_is_silent),
	    cmocka_unit_test(a_reset_far_outside_the_window_is_found),
	    cmocka_unit_test(a_bare_reset_far_outside_needs_a_feature),
	    cmocka_unit_test(a_reset_ahead_of_the_end_is_found),
	    cmocka_unit_test(ports_used_again_are_silent),
	    cmocka_unit_test(a_half_open_connection_is_silent),
	    cmocka_unit_test(resets_after_a_fin_are_silent),
	    cmocka_unit_test(resets_after_one_of_the_other_side_are_silent),
	    cmocka_unit_test(going_on_after_resets_of_both_sides_is_found),
	    cmocka_unit_test(a_reset_with_a_wrong_checksum_is_silent),
	    cmocka_unit_test(wrong_checksums_everywhere_are_offload),
	    cmocka_unit_test(a_reset_swapped_with_data_is_silent),
	    cmocka_unit_test(a_reset_swapped_by_its_clock_is_silent),
	    cmocka_unit_test(a_counter_that_shows_no_swap_counts_in_full),
	    cmocka_unit_test(close_packets_of_unknown_order_are_moderate),
	    cmocka_unit_test(stale_by_a_swap_is_silent),
	    cmocka_unit_test(stale_in_unknown_order_is_moderate),
	    cmocka_unit_test(a_retransmission_after_a_reset_needs_a_newer_clock),
	    cmocka_unit_test(data_long_after_a_reset_is_silent),
	    cmocka_unit_test(a_bare_ack_after_a_reset_is_no_data),
	    cmocka_unit_test(the_great_firewalls_burst_is_very_strong),
	    cmocka_unit_test(equal_resets_are_all_counted),
	    cmocka_unit_test(a_second_reset_beyond_the_first_is_found),
	    cmocka_unit_test(a_second_reset_that_has_a_reason_is_silent),
	    cmocka_unit_test(capture_loss_silences_changing_resets),
	    cmocka_unit_test(genuine_resets_are_not_named),
	    cmocka_unit_test(resets_that_acknowledge_what_was_never_sent_are_found),
	    cmocka_unit_test(resets_that_answer_one_segment_each_are_silent),
	    cmocka_unit_test(an_acknowledgement_field_that_is_not_set_is_silent),
	    cmocka_unit_test(changing_acknowledgements_without_a_start_are_silent),
	    cmocka_unit_test(a_burst_of_stepping_ttls_is_marked),
	    cmocka_unit_test(flows_without_payload_are_not_tested),
	    cmocka_unit_test(resets_that_answer_a_window_of_acknowledgements_are_silent),
	    cmocka_unit_test(resets_at_passed_numbers_of_one_side_are_silent),
	    cmocka_unit_test(a_reset_that_overtakes_data_among_others_is_silent),
	    cmocka_unit_test(an_abort_that_overtakes_its_data_is_silent),
	    cmocka_unit_test(a_second_reset_behind_overtaken_data_is_silent),
	};
	return cmocka_run_group_tests_name("rst_injection", tests, NULL, NULL);
}
