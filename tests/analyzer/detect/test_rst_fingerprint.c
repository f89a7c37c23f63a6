/*
 * Resets with the marks of injectors: the shipped rows fire on packets like those published, and stay silent on what ordinary
 * stacks, mirror ports and idle connections send (docs/rules.md, B7 and B8). Run from the root of the project.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/conversation.h"
#include "tests/support/events.h"
#include "tests/support/signature_set.h"

static struct sigdb *shipped;

static int load(void **state)
{
	(void)state;
	struct err e;
	return sigdb_load(&shipped, "signatures/injectors.csv", &e) < 0 || sigdb_compile(shipped, &e) < 0 ? -1 : 0;
}

static int unload(void **state)
{
	(void)state;
	sigdb_free(shipped);
	return 0;
}

/* A request that the server has acknowledged and not answered. */
static void asked_with(struct conversation *c, const struct sigdb *signatures)
{
	static const char *const wanted[] = {"rst_fingerprint", "rst_with_payload", NULL};
	conversation_open_for(c, wanted, signatures);
	conversation_handshake(c);
	SEND(c, CLIENT, 41000, "PA", .data = "GET / HTTP/1.1\r\nHost: blocked.example\r\n\r\n");
	SEND(c, SERVER, 81000, "A");
}

static void asked(struct conversation *c)
{
	asked_with(c, shipped);
}

static void silent(struct conversation *c)
{
	assert_silent(c);
	conversation_close(c);
}

static const struct finding *known_as(struct conversation *c, const char *id)
{
	const struct finding *f = conversation_finding(c, "rst_fingerprint");
	assert_non_null(f);
	assert_int_equal(f->kind, KIND_MATCH);
	assert_string_equal(f->signatures[0]->id, id);
	assert_string_equal(finding_detail_value(f, "sig_id"), id);
	return f;
}

/* Type 1 and type 2 of the Great Firewall, and the client's own answers, which are no suspects. */
static void firewall_burst(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	uint64_t bare = SEND(&c, SERVER, 90000, "R", .seq = 1, .ttl = 190, .window = 7000, .id = 900);
	uint64_t one = SEND(&c, SERVER, 90100, "RA", .seq = 1, .ttl = 102, .window = 1477, .id = 5);
	uint64_t two = SEND(&c, SERVER, 90200, "RA", .seq = 1461, .ttl = 103, .window = 1478, .id = 50);
	uint64_t three = SEND(&c, SERVER, 90300, "RA", .seq = 4381, .ttl = 104, .window = 1479, .id = 7);
	SEND(&c, SERVER, 120000, "PA", .bytes = 300);
	SEND(&c, CLIENT, 120100, "R", .window = WINDOW_ZERO, .id = ID_ZERO);
	const struct finding *f = known_as(&c, "cn.gfw.rstack-seq-steps");
	ASSERT_SUSPECTS(f, bare, one, two, three);
	assert_terms(f, "E02 6, E08 3, E02c 20, E05 20, E09_seq 25");
	assert_string_equal(finding_detail_value(f, "ttl_list"), "190,102,103,104");
	assert_string_equal(finding_detail_value(f, "seq_list"), "1,1,1461,4381");
	assert_string_equal(finding_detail_value(f, "n_rst"), "4");
	assert_int_equal(f->label, LABEL_VERY_STRONG);
	assert_string_equal(f->name, "blocked.example");
	assert_int_equal(conversation_tested(&c, "rst_fingerprint"), 1);
	conversation_close(&c);
}

/* The second of the three was overtaken on the way. */
static void burst_out_of_order(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	SEND(&c, SERVER, 90100, "RA", .seq = 1, .ttl = 102, .window = 700);
	SEND(&c, SERVER, 90200, "RA", .seq = 4381, .ttl = 104, .window = 900);
	SEND(&c, SERVER, 90300, "RA", .seq = 1461, .ttl = 103, .window = 800);
	known_as(&c, "cn.gfw.rstack-seq-steps-mixed");
	conversation_close(&c);
}

/* TTL and window count together: the weight goes to the group of the steps, which E02c fills already. */
static void ladder(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	for (unsigned i = 0; i < 3; i++)
		SEND(&c, SERVER, 90000 + 100 * i, "RA", .ttl = (uint8_t)(80 + i), .window = 3293 + i, .id = 7 + i);
	const struct finding *f = known_as(&c, "cn.gfw.rstack-x3-ladder");
	assert_terms(f, "E02 3, E08 3, E02c 20, E09_ttl 25");
	conversation_close(&c);
}

/* Two bursts of three, as a firewall answers two packets: each by itself has the marks. */
static void second_burst_of_a_flow(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	for (unsigned i = 0; i < 6; i++)
		SEND(&c, SERVER, 90000 + 100 * i + (i / 3) * 300000, "RA", .ttl = (uint8_t)(80 + i % 3),
		     .window = 3300 + i % 3, .id = 7 + i);
	const struct finding *f = known_as(&c, "cn.gfw.rstack-x3-ladder");
	assert_int_equal(f->suspect_count, 6);
	conversation_close(&c);
}

static void send_three_equal(struct conversation *c)
{
	asked(c);
	for (unsigned i = 0; i < 3; i++)
		SEND(c, SERVER, 90000 + 100 * i, "RA", .ttl = 140, .window = 1515, .id = 0x7777);
}

static void three_equal_resets(void **state)
{
	struct conversation c;
	(void)state;
	send_three_equal(&c);
	const struct finding *f = known_as(&c, "cn.gfw.rstack-x3-same");
	assert_true(f->rests_on_copies);
	assert_int_equal(f->suspect_count, 3);
	conversation_close(&c);
}

/* G4: the same in a file whose other packets come twice too. */
static void three_copies_of_a_mirror_port(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	for (unsigned i = 0; i < 4; i++) {
		uint32_t id = 0x5000 + i;
		SEND(&c, SERVER, 82000 + 10 * i, "PA", .bytes = 100, .id = id, .seq = 1 + 100 * i);
		SEND(&c, SERVER, 82001 + 10 * i, "PA", .bytes = 100, .id = id, .seq = 1 + 100 * i);
	}
	for (unsigned i = 0; i < 3; i++)
		SEND(&c, SERVER, 90000 + 100 * i, "RA", .window = 1515, .id = 0x7777);
	silent(&c);
}

/* Nine of Henan's ten bytes are not its mark, but still a payload. */
static void payload_that_no_row_knows(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	uint64_t rst =
	    SEND(&c, SERVER, 83000, "RA", .data = "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a", .ttl = 58, .id = 1);
	const struct finding *f = conversation_finding(&c, "rst_with_payload");
	assert_non_null(f);
	assert_int_equal(f->kind, KIND_SYMPTOM);
	assert_string_equal(finding_detail_value(f, "payload_hex"), "0102030405060708090a");
	ASSERT_SUSPECTS(f, rst);
	assert_null(conversation_finding(&c, "rst_fingerprint"));
	conversation_close(&c);
}

static void payload_that_a_row_knows(void **state)
{
	struct conversation c;
	(void)state;
	struct sigdb *db = signature_set(
	    "x.text,rst,rule,eq,payload = 4; bytes = 424c4f4b,plain,,national,CN,,9,hit" SIGNATURE_SOURCE);
	asked_with(&c, db);
	SEND(&c, SERVER, 83000, "RA", .data = "BLOK", .ttl = 44, .id = 1);
	const struct finding *f = known_as(&c, "x.text");
	assert_terms(f, "E02 3, E09 25");
	f = conversation_finding(&c, "rst_with_payload");
	assert_int_equal(f->kind, KIND_MATCH);
	assert_string_equal(f->signatures[0]->id, "x.text");
	assert_string_equal(finding_detail_value(f, "payload_text"), "BLOK");
	conversation_close(&c);
	sigdb_free(db);
}

static void mirrored_fields(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	uint64_t fin = SEND(&c, CLIENT, 100000, "FA", .id = 0x3000, .window = 8192);
	uint64_t rst = SEND(&c, SERVER, 140000, "R", .id = 0x3001, .window = 8192, .ttl = 27);
	const struct finding *f = known_as(&c, "injected.mirror-window-ipid1");
	ASSERT_SUSPECTS(f, rst);
	assert_int_equal(f->evidence[f->evidence_count - 1].number, fin);
	assert_int_equal(f->signature_count, 1); /* hints hold too, and are not named */
	assert_terms(f, "E02 3, E03b 25, E08 3, E08b 10, E09b_ipid 10");
	conversation_close(&c);
}

/* The IP-ID of the request itself. */
static void copied_number(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open_for(&c, (const char *const[]){"rst_fingerprint", NULL}, shipped);
	conversation_handshake(&c);
	SEND(&c, CLIENT, 41000, "PA", .data = "GET / HTTP/1.1\r\nHost: blocked.example\r\n\r\n", .id = 0x4321);
	SEND(&c, SERVER, 81000, "RA", .id = 0x4321, .ttl = 44);
	known_as(&c, "injected.ipid-mirror");
	conversation_close(&c);
}

static void page_and_reset(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	SEND(&c, SERVER, 90000, "FA", .bytes = 553, .ttl = 83, .window = 16384, .id = 0xc924);
	uint64_t rst = SEND(&c, SERVER, 90100, "R", .seq = 1, .ttl = 47, .window = WINDOW_ZERO, .id = 0xc925);
	const struct finding *f = known_as(&c, "pk.fin553-rst");
	ASSERT_SUSPECTS(f, rst);
	conversation_close(&c);
}

/* What ordinary closes look like. */

static void abort_of_the_server(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	SEND(&c, SERVER, 90000, "RA");
	silent(&c);
}

static void abort_and_closed_socket(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	SEND(&c, SERVER, 90000, "RA");
	SEND(&c, CLIENT, 90100, "PA", .bytes = 100);
	SEND(&c, SERVER, 130000, "R", .seq = 1, .window = WINDOW_ZERO, .id = ID_ZERO);
	SEND(&c, CLIENT, 130100, "PA", .bytes = 100);
	SEND(&c, SERVER, 170000, "R", .seq = 1, .window = WINDOW_ZERO, .id = ID_ZERO);
	silent(&c);
}

/* G3: a closed client answers every segment that still comes; numbers are those that it was asked with. */
static void storm_of_a_closed_socket(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	SEND(&c, CLIENT, 82000, "FA");
	for (unsigned i = 0; i < 5; i++) {
		SEND(&c, SERVER, 83000 + 1000 * i, "A", .bytes = 1460);
		SEND(&c, CLIENT, 83100 + 1000 * i, "R", .window = WINDOW_ZERO, .id = ID_ZERO);
	}
	silent(&c);
}

/* A closed server answers the acknowledgements of a download: its numbers rise by 1460 and 2920, without ACK. */
static void answers_to_late_acknowledgements(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	SEND(&c, SERVER, 82000, "PA", .bytes = 1460);
	SEND(&c, SERVER, 82100, "PA", .bytes = 2920);
	SEND(&c, SERVER, 82200, "FA");
	SEND(&c, CLIENT, 83000, "A", .ack = 1);
	SEND(&c, SERVER, 83100, "R", .seq = 1, .window = WINDOW_ZERO, .id = ID_ZERO);
	SEND(&c, CLIENT, 83200, "A", .ack = 1461);
	SEND(&c, SERVER, 83300, "R", .seq = 1461, .window = WINDOW_ZERO, .id = ID_ZERO);
	SEND(&c, CLIENT, 83400, "A", .ack = 4381);
	SEND(&c, SERVER, 83500, "R", .seq = 4381, .window = WINDOW_ZERO, .id = ID_ZERO);
	silent(&c);
}

/* Both ends without counters: 0 equals 0, and proves nothing. */
static void numbers_that_are_all_zero(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open_for(&c, (const char *const[]){"rst_fingerprint", NULL}, shipped);
	SEND(&c, CLIENT, 0, "S", .id = ID_ZERO);
	SEND(&c, SERVER, 40000, "SA", .id = ID_ZERO);
	SEND(&c, CLIENT, 40100, "A", .id = ID_ZERO);
	SEND(&c, CLIENT, 41000, "PA", .bytes = 100, .id = ID_ZERO);
	SEND(&c, SERVER, 81000, "RA", .id = ID_ZERO);
	silent(&c);
}

/* A front end that copies the client's number into everything, its SYN/ACK included. */
static void front_end_that_copies(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open_for(&c, (const char *const[]){"rst_fingerprint", NULL}, shipped);
	SEND(&c, CLIENT, 0, "S", .id = 0x1000);
	SEND(&c, SERVER, 40000, "SA", .id = 0x1000);
	SEND(&c, CLIENT, 40100, "A", .id = 0x1001);
	SEND(&c, CLIENT, 41000, "PA", .bytes = 100, .id = 0x1002);
	SEND(&c, SERVER, 81000, "RA", .id = 0x1002);
	silent(&c);
}

/* A receiver drops it (G10). */
static void wrong_checksum(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	SEND(&c, SERVER, 82000, "PA", .bytes = 100);
	for (unsigned i = 0; i < 3; i++)
		SEND(&c, SERVER, 90000 + 100 * i, "RA", .ttl = (uint8_t)(80 + i), .window = 3293 + i, .id = 7 + i,
		     .bad_checksum = true);
	silent(&c);
}

/* Resets of the next minute are no part of the burst. */
static void far_apart(void **state)
{
	struct conversation c;
	(void)state;
	asked(&c);
	for (unsigned i = 0; i < 3; i++)
		SEND(&c, SERVER, 90000 + 3000000 * i, "RA", .ttl = (uint8_t)(80 + i), .window = 3293 + i, .id = 7 + i);
	silent(&c);
}

static void works_without_signatures(void **state)
{
	struct conversation c;
	(void)state;
	asked_with(&c, NULL);
	for (unsigned i = 0; i < 3; i++)
		SEND(&c, SERVER, 90000 + 100 * i, "RA", .ttl = (uint8_t)(80 + i), .window = 3293 + i, .id = 7 + i);
	silent(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(firewall_burst),
	    cmocka_unit_test(burst_out_of_order),
	    cmocka_unit_test(ladder),
	    cmocka_unit_test(second_burst_of_a_flow),
	    cmocka_unit_test(three_equal_resets),
	    cmocka_unit_test(three_copies_of_a_mirror_port),
	    cmocka_unit_test(payload_that_no_row_knows),
	    cmocka_unit_test(payload_that_a_row_knows),
	    cmocka_unit_test(mirrored_fields),
	    cmocka_unit_test(copied_number),
	    cmocka_unit_test(page_and_reset),
	    cmocka_unit_test(abort_of_the_server),
	    cmocka_unit_test(abort_and_closed_socket),
	    cmocka_unit_test(storm_of_a_closed_socket),
	    cmocka_unit_test(answers_to_late_acknowledgements),
	    cmocka_unit_test(numbers_that_are_all_zero),
	    cmocka_unit_test(front_end_that_copies),
	    cmocka_unit_test(wrong_checksum),
	    cmocka_unit_test(far_apart),
	    cmocka_unit_test(works_without_signatures),
	};
	return cmocka_run_group_tests_name("rst_fingerprint", tests, load, unload);
}
