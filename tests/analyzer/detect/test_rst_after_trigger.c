/* B10: a reset as the first answer to a request, alone and with what makes it a contradiction; and every innocent kind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/conversation.h"
#include "tests/support/events.h"
#include "tests/support/flights.h"

static const char *const ids[] = {"http_host_rst", "tls_sni_rst",        "smtp_rst", "ftp_rst",
                                  "dns_tcp_rst",   "local_interference", NULL};
static const char request[] = "GET /a HTTP/1.1\r\nHost: blocked.example\r\n\r\n";

/* A request at 41 ms, acknowledged at 81 ms, so the server's TTL is known. */
static void ask(struct conversation *c)
{
	conversation_open_for(c, ids, NULL);
	conversation_handshake(c);
	SEND(c, CLIENT, 41000, "PA", request);
	SEND(c, SERVER, 81000, "A");
}

static void silent(struct conversation *c)
{
	assert_silent(c);
	conversation_close(c);
}

static void a_lone_reset_is_a_symptom(void **state)
{
	struct conversation c;
	(void)state;
	ask(&c);
	uint64_t rst = SEND(&c, SERVER, 90000, "RA");
	const struct finding *f = conversation_finding(&c, "http_host_rst");
	assert_non_null(f);
	assert_int_equal(f->suspect_count, 0); /* nothing speaks against the packet itself */
	assert_int_equal(finding_frame(f)->number, rst);
	assert_int_equal(f->evidence[f->evidence_count - 1].number, rst);
	assert_terms(f, "E11 3");
	assert_int_equal(f->kind, KIND_SYMPTOM);
	assert_int_equal(f->label, LABEL_WEAK);
	assert_true(f->alternatives & 1U << ALT_SERVER_REFUSES);
	assert_string_equal(f->name, "blocked.example");
	assert_string_equal(f->stage, "post_psh");
	assert_string_equal(f->protocol, "http");
	assert_string_equal(finding_detail_value(f, "trigger_kind"), "http");
	assert_int_equal(conversation_tested(&c, "http_host_rst"), 1);
	conversation_close(&c);
}

/* A box that read the name in the first of two packets acknowledges no more than that. */
static void the_beginning_of_a_long_hello_is_enough(void **state)
{
	struct flight hello = flight_client_hello("blocked.example", 0, 1900);
	struct conversation c;
	(void)state;
	conversation_open_for(&c, ids, NULL);
	conversation_handshake(&c);
	SEND(&c, CLIENT, 41000, "A", .raw = hello.bytes, .bytes = 1448);
	SEND(&c, CLIENT, 41010, "PA", .raw = hello.bytes + 1448, .bytes = hello.len - 1448);
	SEND(&c, SERVER, 81000, "RA", .ack = 1449);
	assert_non_null(conversation_finding(&c, "tls_sni_rst"));
	conversation_close(&c);
}

/* Every kind of request has a mechanism of its own; what is none has none. */
static void every_kind_of_request_has_its_mechanism(void **state)
{
	static const char query[] = "\0\x21\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x07"
	                            "blocked\x07"
	                            "example\0\0\x01\0\x01";
	struct flight hello = flight_client_hello("blocked.example", 0, 0);
	const struct {
		const char *id, *greeting, *text;
		const void *raw;
		uint32_t bytes;
	} cases[] = {
	    {"smtp_rst", "220 mail.example ESMTP ready\r\n", "EHLO me.example\r\n", NULL, 0},
	    {"ftp_rst", "220 FTP server\r\n", "USER anonymous\r\n", NULL, 0},
	    {"tls_sni_rst", NULL, NULL, hello.bytes, hello.len},
	    {"dns_tcp_rst", NULL, NULL, query, sizeof query - 1},
	    {NULL, "220 mail.example ESMTP ready\r\n", "HELP\r\n", NULL, 0},
	    {NULL, "220 a service\r\n", "USER anonymous\r\n", NULL, 0},
	    {NULL, "+OK POP3 ready\r\n", "USER anonymous\r\n", NULL, 0},
	    {NULL, NULL, NULL, "\x7f\x80\x81\x82 nothing known", 17},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct conversation c;
		conversation_open_for(&c, ids, NULL);
		conversation_handshake(&c);
		if (cases[i].greeting)
			SEND(&c, SERVER, 41000, "PA", cases[i].greeting);
		SEND(&c, CLIENT, 50000, "PA", .data = cases[i].text, .raw = cases[i].raw, .bytes = cases[i].bytes);
		uint64_t rst = SEND(&c, SERVER, 91000, "RA");
		assert_int_equal(conversation_findings(&c), cases[i].id != NULL);
		if (cases[i].id)
			assert_int_equal(finding_frame(conversation_finding(&c, cases[i].id))->number, rst);
		conversation_close(&c);
	}
}

/* Behind DATA and STARTTLS no line is a command: the reset answers nothing that is known. */
static void mails_and_tls_are_no_commands(void **state)
{
	static const char *const sent[] = {"DATA\r\nQUIT\r\nRSET", "STARTTLS\r\nQUIT\r\n"};
	(void)state;
	for (size_t i = 0; i < sizeof sent / sizeof *sent; i++) {
		struct conversation c;
		conversation_open_for(&c, ids, NULL);
		conversation_handshake(&c);
		SEND(&c, SERVER, 41000, "PA", "220-mail.example SMTP\r\n220 go\r\n");
		SEND(&c, CLIENT, 50000, "PA", sent[i]);
		SEND(&c, SERVER, 91000, "PA", "250 ok\r\n");
		SEND(&c, CLIENT, 92000, "PA", "RSET or not\r\n");
		SEND(&c, SERVER, 133000, "RA");
		assert_int_equal(conversation_findings(&c), 0);
		assert_int_equal(conversation_tested(&c, "smtp_rst"), 1);
		conversation_close(&c);
	}
}

/* What a box copied from the packet before it, here the client's FIN. */
static void a_reset_made_from_the_clients_packet_is_told(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open_for(&c, ids, NULL);
	SEND(&c, CLIENT, 0, "S", .no_options = true);
	SEND(&c, SERVER, 40000, "SA", .id = ID_ZERO, .no_options = true);
	SEND(&c, CLIENT, 40100, "A");
	SEND(&c, CLIENT, 41000, "PA", request, .id = 0x4000);
	SEND(&c, CLIENT, 3041000, "FA", .id = 0x4001);
	uint64_t rst = SEND(&c, SERVER, 3081000, "R", .id = 0x4002, .window = 502, .ttl = 37);
	const struct finding *f = conversation_finding(&c, "http_host_rst");
	ASSERT_SUSPECTS(f, rst);
	assert_terms(f, "E02 3, E03b 25, E08 3, E08b 10, E11 3");
	conversation_close(&c);
}

/* No packet of the server can be here before half a round trip. */
static void too_soon_is_a_contradiction(void **state)
{
	struct conversation c;
	(void)state;
	ask(&c);
	SEND(&c, CLIENT, 100000, "PA", request);
	SEND(&c, SERVER, 105000, "RA");
	const struct finding *f = conversation_finding(&c, "http_host_rst");
	assert_non_null(f);
	assert_int_equal(f->kind, KIND_CONTRADICTION);
	assert_terms(f, "E01 25, E11 3");
	conversation_close(&c);
}

static void a_sender_that_lives_on_is_a_contradiction(void **state)
{
	struct conversation c;
	(void)state;
	ask(&c);
	uint64_t rst = SEND(&c, SERVER, 82000, "RA", .id = ID_ZERO);
	SEND(&c, SERVER, 90000, "PA", .bytes = 700);
	const struct finding *f = conversation_finding(&c, "http_host_rst");
	ASSERT_SUSPECTS(f, rst);
	assert_int_equal(f->kind, KIND_CONTRADICTION);
	assert_terms(f, "E05 20, E11 3");
	conversation_close(&c);
}

static void a_burst_with_a_broken_rule_is_a_contradiction(void **state)
{
	struct conversation c;
	(void)state;
	ask(&c);
	uint64_t one = SEND(&c, SERVER, 82000, "RA", .id = ID_ZERO, .seq = 1);
	uint64_t two = SEND(&c, SERVER, 82100, "RA", .id = ID_ZERO, .seq = 1461);
	const struct finding *f = conversation_finding(&c, "http_host_rst");
	ASSERT_SUSPECTS(f, one, two);
	assert_int_equal(f->kind, KIND_CONTRADICTION);
	conversation_close(&c);
}

static void answered_closed_or_idle_is_silent(void **state)
{
	static const struct {
		const char *flags; /* of the server before the reset */
		uint32_t bytes;
		int64_t rst_us;
	} cases[] = {{"PA", 300, 90000}, {"FA", 0, 90000}, {"A", 0, 75000000}};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct conversation c;
		ask(&c);
		SEND(&c, SERVER, 82000, cases[i].flags, .bytes = cases[i].bytes);
		SEND(&c, SERVER, cases[i].rst_us, "RA");
		silent(&c);
	}
}

/* A host that has lost the connection says so to the client's FIN. */
static void an_answer_to_a_close_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	ask(&c);
	SEND(&c, CLIENT, 4000000, "FA");
	SEND(&c, SERVER, 4040000, "R", .id = ID_ZERO, .window = WINDOW_ZERO);
	silent(&c);
}

static void an_aborting_client_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	ask(&c);
	SEND(&c, CLIENT, 82000, "RA");
	SEND(&c, SERVER, 90000, "R", .id = ID_ZERO);
	silent(&c);
}

/* To what came before the request, or to nothing of this connection. */
static void an_acknowledgement_without_the_request_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	ask(&c);
	SEND(&c, SERVER, 90000, "RA", .ack = 1);
	silent(&c);
}

/* At the server its resets go out: it knows why. */
static void at_the_server_it_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open_for(&c, ids, NULL);
	SEND(&c, CLIENT, 0, "S", .ttl = 52);
	SEND(&c, SERVER, 50, "SA", .ttl = 64);
	SEND(&c, CLIENT, 40100, "A", .ttl = 52);
	SEND(&c, CLIENT, 41000, "PA", request, .ttl = 52);
	SEND(&c, SERVER, 42000, "RA", .ttl = 64);
	silent(&c);
}

/* G20: a box at home. */
static void a_box_at_home_accuses_nobody(void **state)
{
	struct conversation c;
	(void)state;
	ask(&c);
	SEND(&c, SERVER, 90000, "RA", .ttl = 64);
	assert_null(conversation_finding(&c, "http_host_rst"));
	const struct finding *f = conversation_finding(&c, "local_interference");
	assert_non_null(f);
	assert_int_equal(f->label, LABEL_NONE);
	conversation_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_lone_reset_is_a_symptom),
	    cmocka_unit_test(the_beginning_of_a_long_hello_is_enough),
	    cmocka_unit_test(every_kind_of_request_has_its_mechanism),
	    cmocka_unit_test(mails_and_tls_are_no_commands),
	    cmocka_unit_test(a_reset_made_from_the_clients_packet_is_told),
	    cmocka_unit_test(too_soon_is_a_contradiction),
	    cmocka_unit_test(a_sender_that_lives_on_is_a_contradiction),
	    cmocka_unit_test(a_burst_with_a_broken_rule_is_a_contradiction),
	    cmocka_unit_test(answered_closed_or_idle_is_silent),
	    cmocka_unit_test(an_answer_to_a_close_is_silent),
	    cmocka_unit_test(an_aborting_client_is_silent),
	    cmocka_unit_test(an_acknowledgement_without_the_request_is_silent),
	    cmocka_unit_test(at_the_server_it_is_silent),
	    cmocka_unit_test(a_box_at_home_accuses_nobody),
	};
	return cmocka_run_group_tests_name("test_rst_after_trigger", tests, NULL, NULL);
}
