/* QUIC handshakes that die (docs/rules.md, D5), and everything innocent that dies too, or nearly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/conversation.h"
#include "tests/support/events.h"
#include "tests/support/flights.h"
#include "tests/support/quic_seal.h"

#include <stdlib.h>

static const char *const ids[] = {"quic_sni_drop", "udp443_blocked", "tls_ech_drop", NULL};

enum { HOST = 80, RECORD_HEADER = 5 };

/* A QUIC flow; times in milliseconds since the capture's begin. */
struct quic {
	struct conversation *c;
	uint16_t port;
	uint8_t host, ttl;
	uint32_t version;
};

static struct conversation *opened(void)
{
	struct conversation *c = malloc(sizeof *c);
	if (!c)
		abort();
	conversation_open_for(c, ids, NULL);
	return c;
}

static void closed(struct conversation *c)
{
	conversation_close(c);
	free(c);
}

static void silent(struct conversation *c)
{
	assert_silent(c);
	closed(c);
}

static void the_capture_ends(struct conversation *c, int64_t ms)
{
	c->end_ns = c->start_ns + ms * 1000000;
}

static struct quic quic(struct conversation *c, uint16_t port)
{
	return (struct quic){.c = c, .port = port, .host = HOST, .ttl = 64, .version = QUIC_V1};
}

static uint64_t udp(const struct quic *q, enum dir from, int64_t ms, struct span payload)
{
	struct conversation *c = q->c;
	int64_t ns = c->start_ns + ms * 1000000;
	struct frame frame = {.number = ++c->frames, .ts_ns = ns, .linktype = LINKTYPE_ETHERNET};
	struct addr client = {.version = 4, .bytes = {10, 0, 0, 1}};
	struct addr server = {.version = 4, .bytes = {192, 0, 2, q->host}};
	frame.wire_len = (uint32_t)payload.len + 42;
	struct packet p = {
	    .frame = &frame,
	    .clock_ns = ns,
	    .src = from == CLIENT ? client : server,
	    .dst = from == CLIENT ? server : client,
	    .sport = from == CLIENT ? q->port : 443,
	    .dport = from == CLIENT ? 443 : q->port,
	    .l4_proto = IPPROTO_UDP,
	    .ttl = from == CLIENT ? q->ttl : 52,
	    .ip_id = (uint16_t)(c->frames * 7),
	    .l4_checksum = (uint16_t)(c->frames * 31 + 1),
	    .has_l4 = true,
	    .payload_len = (uint32_t)payload.len,
	    .payload = payload,
	};
	c->last_ns = ns > c->last_ns ? ns : c->last_ns;
	shard_packet(c->shard, &p);
	return frame.number;
}

static struct span dcid_of(const struct quic *q)
{
	static const char ids_of_ports[] = "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz";
	return span_of(ids_of_ports + q->port % 60, 8);
}

#define SCID      span_text("client")
#define SERVER_ID span_text("server")

static uint64_t hello_with(const struct quic *q, int64_t ms, const char *name, uint16_t extension)
{
	struct flight flight = flight_client_hello(name, extension, 300);
	struct quic_seal frames = {0}, datagram = {0};
	struct quic_seal_initial p = {.version = q->version, .dcid = dcid_of(q), .scid = SCID, .number_len = 1};
	quic_seal_crypto(&frames, 0, span_after(span_of(flight.bytes, flight.len), RECORD_HEADER));
	quic_seal_initial(&datagram, &p, quic_seal_span(&frames), 1200);
	return udp(q, CLIENT, ms, quic_seal_span(&datagram));
}

static uint64_t hello(const struct quic *q, int64_t ms, const char *name)
{
	return hello_with(q, ms, name, 0);
}

static uint64_t long_header(const struct quic *q, enum dir from, int64_t ms)
{
	struct quic_seal d = {0};
	quic_seal_opaque(&d, q->version == QUIC_V2 ? 0xf0 : 0xe0, q->version, from == CLIENT ? SERVER_ID : SCID,
	                 from == CLIENT ? SCID : SERVER_ID, 200);
	return udp(q, from, ms, quic_seal_span(&d));
}

static uint64_t short_header(const struct quic *q, enum dir from, int64_t ms)
{
	return udp(q, from, ms, span_text("Eone-rtt packet"));
}

/* The hello is answered, the client's part of the handshake is not: what the GFW does. Ends at from + 5000. */
static uint64_t dies_with(const struct quic *q, int64_t from, const char *name, uint16_t extension)
{
	hello_with(q, from, name, extension);
	long_header(q, SERVER, from + 40);
	uint64_t first = long_header(q, CLIENT, from + 45);
	short_header(q, CLIENT, from + 46);
	long_header(q, SERVER, from + 1040);
	long_header(q, CLIENT, from + 1041);
	long_header(q, CLIENT, from + 1500);
	long_header(q, SERVER, from + 3040);
	long_header(q, CLIENT, from + 3041);
	long_header(q, CLIENT, from + 5000);
	return first;
}

static uint64_t dies(const struct quic *q, int64_t from, const char *name)
{
	return dies_with(q, from, name, 0);
}

/* Nothing comes back. */
static uint64_t unanswered(const struct quic *q, int64_t from, const char *name)
{
	uint64_t first = hello(q, from, name);
	hello(q, from + 300, name);
	hello(q, from + 900, name);
	hello(q, from + 2100, name);
	return first;
}

static void passes(const struct quic *q, int64_t from, const char *name)
{
	hello(q, from, name);
	long_header(q, SERVER, from + 40);
	long_header(q, CLIENT, from + 45);
	short_header(q, CLIENT, from + 46);
	short_header(q, SERVER, from + 86);
	short_header(q, CLIENT, from + 90);
}

/* A page over TCP at that address. */
static void tcp(struct conversation *c, uint16_t port, uint8_t host)
{
	conversation_again(c, port, host);
	conversation_exchange(c);
}

static void a_handshake_that_dies_is_found(void **state)
{
	struct conversation *c = opened();
	struct quic q = quic(c, 50000);
	(void)state;
	uint64_t first = dies(&q, 0, "blocked.example");
	the_capture_ends(c, 7000);
	const struct finding *f = conversation_finding(c, "quic_sni_drop");
	assert_non_null(f);
	ASSERT_SUSPECTS(f, first);
	assert_terms(f, "E11 3");
	assert_int_equal(f->label, LABEL_WEAK);
	assert_int_equal(f->kind, KIND_SYMPTOM);
	assert_int_equal(f->trigger.number, 1);
	assert_false(f->to_client);
	assert_string_equal(f->name, "blocked.example");
	assert_string_equal(finding_detail_value(f, "quic_version"), "00000001");
	assert_int_equal(strlen(finding_detail_value(f, "dcid")), 16);
	assert_string_equal(finding_detail_value(f, "tx_initial"), "1");
	assert_string_equal(finding_detail_value(f, "rx_any"), "3");
	assert_string_equal(finding_detail_value(f, "server_repeats"), "2");
	assert_string_equal(finding_detail_value(f, "sport_gt_dport"), "1");
	assert_string_equal(finding_detail_value(f, "residual_s"), "");
	assert_int_equal(conversation_findings(c), 1);
	assert_int_equal(conversation_tested(c, "quic_sni_drop"), 1);
	closed(c);
}

static void another_name_that_passes_raises_it(void **state)
{
	struct conversation *c = opened();
	struct quic q = quic(c, 50000), other = quic(c, 50001);
	(void)state;
	q.version = QUIC_V2;
	dies(&q, 0, "blocked.example");
	passes(&other, 7000, "control.example");
	const struct finding *f = conversation_finding(c, "quic_sni_drop");
	assert_terms(f, "E11 3, E10c 10");
	assert_int_equal(f->label, LABEL_MODERATE);
	assert_int_equal(f->selectivity, SELECT_NAME);
	assert_string_equal(finding_detail_value(f, "ok_after_s"), "7");
	assert_string_equal(finding_detail_value(f, "quic_version"), "6b3343cf");
	closed(c);
}

/* The client's network was silent elsewhere too, until the control passed. */
static void an_outage_takes_the_weight_from_a_control(void **state)
{
	struct conversation *c = opened();
	struct quic q = quic(c, 50000), elsewhere = quic(c, 50005), other = quic(c, 50001);
	(void)state;
	elsewhere.host = 90;
	dies(&q, 0, "blocked.example");
	unanswered(&elsewhere, 500, "elsewhere.example");
	passes(&other, 7000, "control.example");
	assert_terms(conversation_finding(c, "quic_sni_drop"), "E11 3");
	closed(c);
}

/* What passed a minute and more away says little about the path of now. */
static void a_late_control_does_not_raise_it(void **state)
{
	struct conversation *c = opened();
	struct quic q = quic(c, 50000), other = quic(c, 50001), same = quic(c, 50002);
	(void)state;
	dies(&q, 0, "blocked.example");
	passes(&same, 20000, "Blocked.example");
	passes(&other, 70000, "control.example");
	assert_terms(conversation_finding(c, "quic_sni_drop"), "E11 3");
	closed(c);
}

static void silence_for_one_name_is_found(void **state)
{
	struct conversation *c = opened();
	struct quic q = quic(c, 50000), other = quic(c, 50001);
	(void)state;
	passes(&other, 0, "control.example");
	uint64_t first = unanswered(&q, 1000, "blocked.example");
	the_capture_ends(c, 9000);
	const struct finding *f = conversation_finding(c, "quic_sni_drop");
	assert_non_null(f);
	ASSERT_SUSPECTS(f, first);
	assert_terms(f, "E11 3");
	assert_int_equal(f->label, LABEL_WEAK);
	closed(c);
}

/* Somebody who sits at the server sees a hello with hops behind it, and the server's own silence. */
static void silence_of_the_server_itself_is_none(void **state)
{
	struct conversation *c = opened();
	struct quic q = quic(c, 50000), other = quic(c, 50001);
	(void)state;
	q.ttl = other.ttl = 52;
	passes(&other, 0, "control.example");
	unanswered(&q, 1000, "blocked.example");
	the_capture_ends(c, 9000);
	silent(c);
}

/* Any number of names: nobody gets an answer. */
static void a_server_without_quic_is_none(void **state)
{
	struct conversation *c = opened();
	struct quic a = quic(c, 50000), b = quic(c, 50001), d = quic(c, 50002), elsewhere = quic(c, 50003);
	(void)state;
	tcp(c, 40000, HOST);
	unanswered(&a, 1000, "one.example");
	unanswered(&b, 2000, "two.example");
	unanswered(&d, 9000, "three.example");
	elsewhere.host = 90;
	passes(&elsewhere, 20000, "four.example");
	silent(c);
}

static void port_443_play(struct conversation *c, uint8_t servers, uint8_t by_tcp)
{
	for (uint8_t i = 0; i < servers; i++) {
		struct quic q = quic(c, (uint16_t)(50000 + i));
		q.host = (uint8_t)(HOST + i);
		unanswered(&q, 1000 * i, "any.example");
	}
	for (uint8_t i = 0; i < by_tcp; i++)
		tcp(c, (uint16_t)(40000 + i), (uint8_t)(HOST + i));
	the_capture_ends(c, 30000);
}

static void no_quic_to_anybody_is_found(void **state)
{
	struct conversation *c = opened();
	(void)state;
	port_443_play(c, 4, 3);
	const struct finding *f = conversation_finding(c, "udp443_blocked");
	assert_non_null(f);
	ASSERT_SUSPECTS(f, 1);
	assert_terms(f, "E11 3");
	assert_int_equal(f->label, LABEL_WEAK);
	assert_true(f->alternatives >> ALT_CORPORATE_FILTER & 1);
	assert_string_equal(finding_detail_value(f, "servers"), "4");
	assert_string_equal(finding_detail_value(f, "flows"), "4");
	assert_string_equal(finding_detail_value(f, "servers_by_tcp"), "3");
	assert_int_equal(conversation_findings(c), 1);
	assert_int_equal(conversation_tested(c, "udp443_blocked"), 4);
	closed(c);
}

static void too_few_servers_are_none(void **state)
{
	struct conversation *c = opened();
	(void)state;
	port_443_play(c, 2, 2);
	silent(c);
}

static void servers_that_nothing_reaches_are_none(void **state)
{
	struct conversation *c = opened();
	(void)state;
	port_443_play(c, 4, 1);
	silent(c);
}

static void an_answer_of_anybody_is_enough(void **state)
{
	struct conversation *c = opened();
	struct quic q = quic(c, 50100);
	(void)state;
	q.host = 200;
	passes(&q, 500, "other.example");
	port_443_play(c, 4, 4);
	silent(c);
}

/* The place stays closed to all names and ports for a while: counted, and no finding of its own. */
static void residue_is_measured(void **state)
{
	struct conversation *c = opened();
	struct quic q = quic(c, 50000), a = quic(c, 50001), b = quic(c, 50002), later = quic(c, 50003);
	(void)state;
	dies(&q, 0, "blocked.example");
	unanswered(&a, 60000, "control.example");
	unanswered(&b, 170000, "control.example");
	passes(&later, 200000, "control.example");
	const struct finding *f = conversation_finding(c, "quic_sni_drop");
	assert_non_null(f);
	assert_int_equal(f->client_port, 50000);
	assert_string_equal(finding_detail_value(f, "residual_s"), "172");
	assert_string_equal(finding_detail_value(f, "ok_after_s"), "200");
	assert_int_equal(conversation_findings(c), 1);
	closed(c);
}

/* Four tries of one name, 10 s apart, against as many of others. */
static void contrast_counts_tries(void **state)
{
	struct conversation *c = opened();
	(void)state;
	for (uint16_t i = 0; i < 4; i++) {
		struct quic q = quic(c, (uint16_t)(50000 + i)), other = quic(c, (uint16_t)(50010 + i));
		dies(&q, 20000 * i, "blocked.example");
		passes(&other, 20000 * i + 10000, "control.example");
	}
	the_capture_ends(c, 90000);
	assert_int_equal(conversation_findings(c), 4);
	assert_non_null(c->found);
	for (size_t i = 0; i < 4; i++) {
		assert_terms(c->found->findings[i], "E11 3, E10c 10, E10_4 4, E13 6");
		assert_int_equal(c->found->findings[i]->label, LABEL_MODERATELY_STRONG);
	}
	closed(c);
}

static void ech_has_its_own_word(void **state)
{
	struct conversation *c = opened();
	struct quic q = quic(c, 50000), other = quic(c, 50001);
	(void)state;
	dies_with(&q, 0, "cloudflare-ech.com", 0xfe0d);
	dies_with(&other, 0, "blocked.example", 0xfe0d);
	the_capture_ends(c, 9000);
	const struct finding *f = conversation_finding(c, "tls_ech_drop");
	assert_non_null(f);
	assert_int_equal(f->client_port, 50000);
	assert_string_equal(f->protocol, "quic");
	assert_non_null(conversation_finding(c, "quic_sni_drop"));
	assert_int_equal(conversation_tested(c, "tls_ech_drop"), 2);
	closed(c);
}

static void the_end_of_the_capture_is_no_silence(void **state)
{
	struct conversation *c = opened();
	struct quic q = quic(c, 50000);
	(void)state;
	dies(&q, 0, "blocked.example");
	the_capture_ends(c, 5900);
	silent(c);
}

/* Files put together: nobody watched in between. */
static void a_pause_of_the_capture_is_no_silence(void **state)
{
	struct conversation *c = opened();
	struct quic q = quic(c, 50000);
	(void)state;
	dies(&q, 0, "blocked.example");
	the_capture_ends(c, 86400000);
	silent(c);
}

static void one_direction_alone_is_none(void **state)
{
	struct conversation *c = opened();
	(void)state;
	for (uint16_t i = 0; i < 4; i++) {
		struct quic q = quic(c, (uint16_t)(50000 + i));
		unanswered(&q, 1000 * i, "any.example");
		long_header(&q, CLIENT, 1000 * i + 2200);
		short_header(&q, CLIENT, 1000 * i + 2300);
	}
	the_capture_ends(c, 30000);
	silent(c);
}

/* The client does not like the certificate: one packet that says so, and no more. */
static void a_client_that_breaks_off_is_none(void **state)
{
	struct conversation *c = opened();
	struct quic q = quic(c, 50000);
	(void)state;
	hello(&q, 0, "any.example");
	long_header(&q, SERVER, 40);
	long_header(&q, CLIENT, 45);
	long_header(&q, SERVER, 1040);
	long_header(&q, CLIENT, 1041);
	long_header(&q, SERVER, 3040);
	the_capture_ends(c, 20000);
	silent(c);
}

/* Established, then quiet, then nobody there: a NAT that forgot, a phone that left, a server that went down. */
static void a_connection_that_ends_later_is_none(void **state)
{
	struct conversation *c = opened();
	struct quic q = quic(c, 50000);
	(void)state;
	passes(&q, 0, "any.example");
	for (int64_t i = 0; i < 6; i++)
		short_header(&q, CLIENT, 45000 + (1000 << i));
	the_capture_ends(c, 95000);
	silent(c);
}

/* Lost packets make a handshake slow. */
static void a_slow_handshake_is_none(void **state)
{
	struct conversation *c = opened();
	struct quic q = quic(c, 50000);
	(void)state;
	dies(&q, 0, "any.example");
	short_header(&q, SERVER, 5040);
	short_header(&q, CLIENT, 5041);
	the_capture_ends(c, 20000);
	silent(c);
}

/* A flight of several datagrams is one transmission. */
static void one_flight_is_no_repetition(void **state)
{
	struct conversation *c = opened();
	struct quic q = quic(c, 50000), other = quic(c, 50001);
	(void)state;
	passes(&other, 0, "control.example");
	for (int i = 0; i < 4; i++)
		hello(&q, 1000 + i, "any.example");
	the_capture_ends(c, 20000);
	silent(c);
}

/* A hello of two datagrams, of which the second never arrives: the server acknowledges the first and waits. */
static void cut_off(const struct quic *q, int64_t from)
{
	struct flight flight = flight_client_hello("blocked.example", 0, 1800);
	struct span message = span_after(span_of(flight.bytes, flight.len), RECORD_HEADER);
	static const int64_t at[] = {0, 300, 900, 2100};
	for (size_t i = 0; i < sizeof at / sizeof *at; i++)
		for (size_t part = 0; part < 2; part++) {
			struct quic_seal frames = {0}, datagram = {0};
			struct quic_seal_initial p = {.version = QUIC_V1,
			                              .dcid = dcid_of(q),
			                              .scid = SCID,
			                              .number_len = 1};
			quic_seal_crypto(&frames, part * 1000,
			                 part ? span_after(message, 1000) : span_first(message, 1000));
			quic_seal_initial(&datagram, &p, quic_seal_span(&frames), 1200);
			udp(q, CLIENT, from + at[i] + (int64_t)part, quic_seal_span(&datagram));
			if (i == 0 && part == 1) {
				struct quic_seal answer = {0};
				struct quic_seal_initial s = {.version = QUIC_V1,
				                              .dcid = SCID,
				                              .scid = SERVER_ID,
				                              .keyed = dcid_of(q),
				                              .server = true,
				                              .number_len = 1};
				quic_seal_initial(&answer, &s, span_of("\x02\x00\x00\x00\x00", 5), 0);
				udp(q, SERVER, from + 40, quic_seal_span(&answer));
			}
		}
}

static void a_hello_that_is_cut_off_is_found(void **state)
{
	struct conversation *c = opened();
	struct quic q = quic(c, 50000), other = quic(c, 50001);
	(void)state;
	cut_off(&q, 1000);
	passes(&other, 9000, "control.example");
	const struct finding *f = conversation_finding(c, "quic_sni_drop");
	assert_non_null(f);
	assert_terms(f, "E11 3");
	assert_string_equal(f->name, "blocked.example");
	closed(c);
}

/* A server that is busy, or asks somebody behind it. */
static void a_hello_cut_off_without_control_is_none(void **state)
{
	struct conversation *c = opened();
	struct quic q = quic(c, 50000);
	(void)state;
	cut_off(&q, 1000);
	the_capture_ends(c, 20000);
	silent(c);
}

/* Port unreachable, quoting a packet of the client. */
static void refused(const struct quic *q, int64_t ms)
{
	struct conversation *c = q->c;
	int64_t ns = c->start_ns + ms * 1000000;
	struct frame frame = {.number = ++c->frames, .ts_ns = ns, .wire_len = 90, .linktype = LINKTYPE_ETHERNET};
	struct addr client = {.version = 4, .bytes = {10, 0, 0, 1}};
	struct addr server = {.version = 4, .bytes = {192, 0, 2, q->host}};
	struct packet p = {
	    .frame = &frame,
	    .clock_ns = ns,
	    .src = server,
	    .dst = client,
	    .l4_proto = IPPROTO_ICMP,
	    .has_l4 = true,
	    .ttl = 52,
	    .icmp_type = 3,
	    .icmp_code = 3,
	    .quote = {.src = client,
	              .dst = server,
	              .sport = q->port,
	              .dport = 443,
	              .l4_proto = IPPROTO_UDP,
	              .ttl = 40,
	              .has_ports = true},
	};
	shard_packet(c->shard, &p);
}

static void a_server_that_says_no_is_none(void **state)
{
	struct conversation *c = opened();
	struct quic q = quic(c, 50000), other = quic(c, 50001);
	(void)state;
	passes(&other, 0, "control.example");
	unanswered(&q, 1000, "any.example");
	refused(&q, 3150);
	the_capture_ends(c, 20000);
	silent(c);
}

/* What the capture pass counts as failure and success. */
static void handshakes_have_outcomes(void **state)
{
	static const enum attempt_outcome outcomes[] = {ATTEMPT_STALLED, ATTEMPT_ANSWERED, ATTEMPT_SILENCE,
	                                                ATTEMPT_UNKNOWN};
	struct conversation *c = opened();
	struct quic q[4];
	(void)state;
	for (uint16_t i = 0; i < 4; i++)
		q[i] = quic(c, (uint16_t)(50000 + i));
	dies(&q[0], 0, "a.example");
	passes(&q[1], 10000, "b.example");
	unanswered(&q[2], 20000, "c.example");
	hello(&q[3], 30000, "d.example");
	long_header(&q[3], SERVER, 30040);
	long_header(&q[3], CLIENT, 30045);
	conversation_findings(c);
	const struct attempts *log = shard_attempts(c->shard);
	assert_int_equal(log->count, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(log->items[i].client_port, 50000 + i);
		assert_int_equal(log->items[i].trigger, TRIGGER_QUIC);
		assert_string_equal(attempt_outcome_name(log->items[i].outcome), attempt_outcome_name(outcomes[i]));
	}
	closed(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_handshake_that_dies_is_found),
	    cmocka_unit_test(another_name_that_passes_raises_it),
	    cmocka_unit_test(an_outage_takes_the_weight_from_a_control),
	    cmocka_unit_test(a_late_control_does_not_raise_it),
	    cmocka_unit_test(silence_for_one_name_is_found),
	    cmocka_unit_test(silence_of_the_server_itself_is_none),
	    cmocka_unit_test(a_server_without_quic_is_none),
	    cmocka_unit_test(no_quic_to_anybody_is_found),
	    cmocka_unit_test(too_few_servers_are_none),
	    cmocka_unit_test(servers_that_nothing_reaches_are_none),
	    cmocka_unit_test(an_answer_of_anybody_is_enough),
	    cmocka_unit_test(residue_is_measured),
	    cmocka_unit_test(contrast_counts_tries),
	    cmocka_unit_test(ech_has_its_own_word),
	    cmocka_unit_test(the_end_of_the_capture_is_no_silence),
	    cmocka_unit_test(a_pause_of_the_capture_is_no_silence),
	    cmocka_unit_test(one_direction_alone_is_none),
	    cmocka_unit_test(a_client_that_breaks_off_is_none),
	    cmocka_unit_test(a_connection_that_ends_later_is_none),
	    cmocka_unit_test(a_slow_handshake_is_none),
	    cmocka_unit_test(one_flight_is_no_repetition),
	    cmocka_unit_test(a_server_that_says_no_is_none),
	    cmocka_unit_test(handshakes_have_outcomes),
	    cmocka_unit_test(a_hello_that_is_cut_off_is_found),
	    cmocka_unit_test(a_hello_cut_off_without_control_is_none),
	};
	return cmocka_run_group_tests_name("quic_blocking", tests, NULL, NULL);
}
