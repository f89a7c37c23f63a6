/*
 * The nineteen stage signatures (docs/rules.md, A1), each on the packets that it is published for and on packets that differ from
 * them in one; and what keeps all of them silent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/conversation.h"
#include "tests/support/events.h"

static const char *const ids[] = {
    "sig_syn_none",       "sig_syn_rst",      "sig_syn_rstack",     "sig_syn_rst_rstack",    "sig_ack_none",
    "sig_ack_rst",        "sig_ack_rst_rst",  "sig_ack_rstack",     "sig_ack_rstack_rstack", "sig_psh_none",
    "sig_psh_rst",        "sig_psh_rstack",   "sig_psh_rst_rstack", "sig_psh_rstack_rstack", "sig_psh_rst_eq_rst",
    "sig_psh_rst_ne_rst", "sig_psh_rst_rst0", "sig_data_rst",       "sig_data_rstack",       NULL};

#define END_US 9000000

static void begin_with(struct conversation *c, bool timestamps)
{
	conversation_open_for(c, ids, NULL);
	c->timestamps[CLIENT] = c->timestamps[SERVER] = timestamps;
	c->ttls[CLIENT] = 52;
	c->ttls[SERVER] = 64;
	SEND(c, CLIENT, 0, "S");
	SEND(c, SERVER, 50, "SA");
}

static void begin(struct conversation *c)
{
	begin_with(c, false);
}

/*
 * One packet a letter, 10 ms apart: of the client h its ACK of the SYN/ACK, p a request, d more payload, a an ACK, f a FIN, S the SYN
 * again, R a RST+ACK, r a bare RST, q one with another acknowledgement field, 0 one with 0; of the server s payload, y its
 * SYN/ACK again.
 */
static void play(struct conversation *c, const char *letters)
{
	for (int64_t us = 40000; *letters; letters++, us += 10000) {
		switch (*letters) {
		case 'h':
		case 'a':
			SEND(c, CLIENT, us, "A");
			break;
		case 'p':
			SEND(c, CLIENT, us, "PA", .bytes = 300);
			break;
		case 'd':
			SEND(c, CLIENT, us, "A", .bytes = 200);
			break;
		case 'f':
			SEND(c, CLIENT, us, "FA");
			break;
		case 'S':
			SEND(c, CLIENT, us, "S");
			break;
		case 'R':
			SEND(c, CLIENT, us, "RA", .id = ID_ZERO);
			break;
		case 'r':
			SEND(c, CLIENT, us, "R", .id = ID_ZERO, .ack = 5);
			break;
		case 'q':
			SEND(c, CLIENT, us, "R", .id = ID_ZERO, .ack = 77);
			break;
		case '0':
			SEND(c, CLIENT, us, "R", .id = ID_ZERO, .no_ack_number = true);
			break;
		case 's':
			SEND(c, SERVER, us, "PA", .bytes = 400);
			break;
		case 'y':
			SEND(c, SERVER, us, "SA", .seq = 0);
			break;
		default:
			fail();
		}
	}
	c->end_ns = c->start_ns + END_US * INT64_C(1000);
}

/* The only finding; NULL: none. */
static const struct finding *found(struct conversation *c)
{
	size_t n = conversation_findings(c);
	assert_true(n <= 1);
	return n ? c->found->findings[0] : NULL;
}

static const struct signature_case {
	const char *id, *fires, *misses;
	const char *stage;
} cases[] = {
    {"sig_syn_none", "y", "yh", "post_syn"},
    {"sig_syn_rst", "r", "R", "post_syn"},
    {"sig_syn_rstack", "RR", "Rr", "post_syn"},
    {"sig_syn_rst_rstack", "rR", "rr", "post_syn"},
    {"sig_ack_none", "h", "hf", "post_ack"},
    {"sig_ack_rst", "hr", "hrr", "post_ack"},
    {"sig_ack_rst_rst", "hrr", "hrR", "post_ack"},
    {"sig_ack_rstack", "hR", "hRR", "post_ack"},
    {"sig_ack_rstack_rstack", "hRR", "hRRr", "post_ack"},
    {"sig_psh_none", "hps", "hpsa", "post_psh"},
    {"sig_psh_rst", "hpr", "hpsar", "post_psh"},
    {"sig_psh_rstack", "hpR", "hpfR", "post_psh"},
    {"sig_psh_rst_rstack", "hprR", "hpRR", "post_psh"},
    {"sig_psh_rstack_rstack", "hpRR", "hpR", "post_psh"},
    {"sig_psh_rst_eq_rst", "hprr", "hprq", "post_psh"},
    {"sig_psh_rst_ne_rst", "hprq", "hpr0", "post_psh"},
    {"sig_psh_rst_rst0", "hpr0", "hp00", "post_psh"},
    {"sig_data_rst", "hpsapr", "hpsapR", "later"},
    {"sig_data_rstack", "hpdR", "hpdaaaaaaaR", "later"},
};

static void every_signature_fires_on_its_packets_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct conversation c;
		begin(&c);
		play(&c, cases[i].fires);
		const struct finding *f = found(&c);
		if (!f || strcmp(f->mechanism->id, cases[i].id) != 0)
			fail_msg("%s: %s, not %s", cases[i].fires, f ? f->mechanism->id : "nothing", cases[i].id);
		assert_int_equal(f->kind, KIND_SYMPTOM);
		assert_int_equal(f->label, LABEL_WEAK);
		assert_string_equal(f->stage, cases[i].stage);
		assert_string_equal(finding_detail_value(f, "signature"), cases[i].id + 4);
		assert_int_equal(conversation_tested(&c, cases[i].id), 1);
		conversation_close(&c);
	}
}

static void one_packet_more_or_less_is_another_signature(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct conversation c;
		begin(&c);
		play(&c, cases[i].misses);
		const struct finding *f = found(&c);
		if (f && strcmp(f->mechanism->id, cases[i].id) == 0)
			fail_msg("%s: %s", cases[i].misses, cases[i].id);
		conversation_close(&c);
	}
}

static void clean_flows_have_no_signature(void **state)
{
	static const char *const flows[] = {
	    "hpsaf",         /* an ordinary close */
	    "hpsafr",        /* and a RST behind the FIN */
	    "hpsa",          /* an idle connection */
	    "hp",            /* a request that the server has not answered yet */
	    "hpsapsapsapar", /* the RST is beyond the tenth packet */
	    "", /* a SYN whose SYN/ACK nothing is known of, so short ago that an answer may be on its way */
	};
	(void)state;
	for (size_t i = 0; i < sizeof flows / sizeof *flows; i++) {
		struct conversation c;
		begin(&c);
		play(&c, flows[i]);
		if (!*flows[i])
			c.end_ns = c.start_ns + INT64_C(2900000000);
		const struct finding *f = found(&c);
		if (f)
			fail_msg("%s: %s", flows[i], f->mechanism->id);
		conversation_close(&c);
	}
}

static void elsewhere_than_at_the_server_is_not_judged(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open_for(&c, ids, NULL);
	conversation_handshake(&c);
	SEND(&c, CLIENT, 41000, "PA", .bytes = 300);
	SEND(&c, CLIENT, 42000, "R", .id = ID_ZERO);
	assert_silent(&c);
	assert_int_equal(conversation_tested(&c, "sig_psh_rst"), 0);
	conversation_close(&c);
}

/* Header features raise a symptom; the numbers that the paper's authors looked at stand in the details. */
static void a_reset_from_elsewhere_is_raised(void **state)
{
	struct conversation c;
	(void)state;
	begin_with(&c, true);
	play(&c, "hp");
	SEND(&c, SERVER, 60000, "A");
	uint64_t rst = SEND(&c, CLIENT, 60100, "R", .ttl = 247, .id = 0x9999);
	SEND(&c, CLIENT, 4000000, "FA");
	const struct finding *f = conversation_finding(&c, "sig_psh_rst");
	ASSERT_SUSPECTS(f, rst);
	assert_false(f->to_client);
	assert_string_equal(finding_detail_value(f, "ttl_delta"), "195");
	assert_string_equal(finding_detail_value(f, "n_inbound"), "5");
	assert_terms(f, "E02 6, E05 20, E11 3");
	conversation_close(&c);
}

/* G4: in a flow that the mirror port shows twice, two resets are one. */
static void copies_count_once(void **state)
{
	(void)state;
	for (int doubled = 0; doubled < 2; doubled++) {
		struct conversation c;
		begin(&c);
		play(&c, "hp");
		if (doubled)
			SEND(&c, CLIENT, 50100, "PA", .bytes = 300, .seq = 1, .id = c.ids[CLIENT]);
		SEND(&c, CLIENT, 60000, "RA", .id = 900);
		SEND(&c, CLIENT, 60100, "RA", .id = 900);
		assert_non_null(conversation_finding(&c, doubled ? "sig_psh_rstack" : "sig_psh_rstack_rstack"));
		conversation_close(&c);
	}
}

/* G15 */
static void a_scanner_is_named(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open_for(&c, ids, NULL);
	SEND(&c, CLIENT, 0, "S", .ttl = 240, .id = 54321, .no_options = true);
	SEND(&c, SERVER, 50, "SA", .ttl = 64);
	SEND(&c, CLIENT, 40000, "R", .ttl = 240, .id = ID_ZERO);
	const struct finding *f = conversation_finding(&c, "sig_syn_rst");
	assert_non_null(f);
	assert_true(f->guards_failed & 1U << GUARD_SCANNER);
	assert_int_equal(f->label, LABEL_NONE);
	conversation_close(&c);
}

/* G17: a program that closes with an answer unread; the same reset with nothing to read stays what it is. */
static void an_abort_with_data_unread(void **state)
{
	(void)state;
	for (int answered = 0; answered < 2; answered++) {
		struct conversation c;
		begin(&c);
		play(&c, answered ? "hps" : "hp");
		SEND(&c, CLIENT, 400000, "RA");
		const struct finding *f = conversation_finding(&c, "sig_psh_rstack");
		assert_non_null(f);
		assert_int_equal(f->label, answered ? LABEL_NONE : LABEL_WEAK);
		assert_int_equal(f->guards_failed, answered ? 1U << GUARD_CLIENT_ABORT : 0);
		conversation_close(&c);
	}
}

/* G17: a browser's spare socket, beside one that it used. */
static void a_spare_socket_is_nothing(void **state)
{
	struct conversation c;
	(void)state;
	begin(&c);
	play(&c, "h");
	conversation_again(&c, 40001, 80);
	c.ttls[CLIENT] = 52;
	c.ttls[SERVER] = 64;
	SEND(&c, CLIENT, 100000, "S");
	SEND(&c, SERVER, 100050, "SA");
	SEND(&c, CLIENT, 140000, "A");
	SEND(&c, CLIENT, 141000, "PA", .bytes = 300);
	SEND(&c, SERVER, 142000, "PA", .bytes = 300);
	SEND(&c, CLIENT, 190000, "A");
	const struct finding *f = conversation_finding(&c, "sig_ack_none");
	assert_non_null(f);
	assert_int_equal(f->label, LABEL_NONE);
	conversation_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_signature_fires_on_its_packets_alone),
	    cmocka_unit_test(one_packet_more_or_less_is_another_signature),
	    cmocka_unit_test(clean_flows_have_no_signature),
	    cmocka_unit_test(elsewhere_than_at_the_server_is_not_judged),
	    cmocka_unit_test(a_reset_from_elsewhere_is_raised),
	    cmocka_unit_test(copies_count_once),
	    cmocka_unit_test(a_scanner_is_named),
	    cmocka_unit_test(an_abort_with_data_unread),
	    cmocka_unit_test(a_spare_socket_is_nothing),
	};
	return cmocka_run_group_tests_name("test_stage_signature", tests, NULL, NULL);
}
