/*
 * Connections that fall silent at their hello (docs/rules.md, D1 and D2), and everything innocent that falls silent too, or
 * nearly.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/conversation.h"
#include "tests/support/events.h"
#include "tests/support/flights.h"

static const char *const ids[] = {"tls_sni_drop", "tls_sni_stall",  "tls_esni_drop",
                                  "tls_ech_drop", "pmtu_blackhole", NULL};

#define SECONDS(n) ((int64_t)(n)*1000000)

static void opened(struct conversation *c)
{
	conversation_open_for(c, ids, NULL);
	conversation_handshake(c);
}

static void silent(struct conversation *c)
{
	assert_silent(c);
	conversation_close(c);
}

/* The n-th transmission, as Linux spaces them: 0.2, 0.4, 0.8 s.. behind the one before. */
static int64_t retransmission_us(unsigned n)
{
	int64_t us = 0;
	for (unsigned i = 1; i < n; i++)
		us += 200000LL << (i - 1);
	return us;
}

/* Sends the hello `times` times from from_us on; returns the first frame. */
static uint64_t hello_repeated(struct conversation *c, const struct flight *hello, int64_t from_us, unsigned times)
{
	uint64_t first = 0;
	for (unsigned i = 1; i <= times; i++) {
		uint64_t frame = SEND(c, CLIENT, from_us + retransmission_us(i), "PA", .raw = hello->bytes,
		                      .bytes = hello->len, .seq = 1);
		first = first ? first : frame;
	}
	return first;
}

static void the_capture_ends(struct conversation *c, int64_t us)
{
	c->end_ns = c->start_ns + us * 1000;
}

/* A hello that passes: acknowledged and answered. Handshake from from_us on. */
static void control(struct conversation *c, uint16_t port, int64_t from_us, const struct flight *hello)
{
	struct flight answer = flight_server_hello();
	conversation_again(c, port, c->server_host);
	SEND(c, CLIENT, from_us, "S");
	SEND(c, SERVER, from_us + 40000, "SA");
	SEND(c, CLIENT, from_us + 40100, "A");
	SEND(c, CLIENT, from_us + 41000, "PA", .raw = hello->bytes, .bytes = hello->len);
	SEND(c, SERVER, from_us + 81000, "A");
	SEND(c, SERVER, from_us + 82000, "PA", .raw = answer.bytes, .bytes = answer.len);
	SEND(c, CLIENT, from_us + 82100, "A");
	SEND(c, CLIENT, from_us + 83000, "FA");
	SEND(c, SERVER, from_us + 123000, "FA");
	SEND(c, CLIENT, from_us + 123100, "A");
}

static void a_hello_that_is_never_acknowledged_is_found(void **state)
{
	struct conversation c;
	struct flight hello = flight_client_hello("blocked.example", 0, 400);
	(void)state;
	opened(&c);
	uint64_t first = hello_repeated(&c, &hello, 50000, 5);
	the_capture_ends(&c, SECONDS(7));
	const struct finding *f = conversation_finding(&c, "tls_sni_drop");
	ASSERT_SUSPECTS(f, first);
	assert_terms(f, "E11 3");
	assert_int_equal(f->kind, KIND_SYMPTOM);
	assert_int_equal(f->label, LABEL_WEAK);
	assert_false(f->to_client);
	assert_string_equal(f->name, "blocked.example");
	assert_string_equal(finding_detail_value(f, "ch_tx"), "5");
	assert_string_equal(finding_detail_value(f, "stall_s"), "6");
	assert_string_equal(finding_detail_value(f, "like"), "tspu_sni4");
	assert_int_equal(strlen(finding_detail_value(f, "ja4")), 36);
	assert_int_equal(conversation_findings(&c), 1);
	assert_int_equal(conversation_tested(&c, "tls_sni_drop"), 1);
	conversation_close(&c);
}

/* E10b: a hello of the size passes at the same address under another name. */
static void another_name_that_passes_raises_it(void **state)
{
	struct conversation c;
	struct flight hello = flight_client_hello("blocked.example", 0, 400);
	struct flight other = flight_client_hello("control.example", 0, 400);
	(void)state;
	opened(&c);
	hello_repeated(&c, &hello, 50000, 5);
	control(&c, 40001, SECONDS(7), &other);
	const struct finding *f = conversation_finding(&c, "tls_sni_drop");
	assert_terms(f, "E11 3, E10b 10");
	assert_int_equal(f->label, LABEL_MODERATE);
	assert_int_equal(f->selectivity, SELECT_NAME);
	conversation_close(&c);
}

/* The tail of a hello of two segments is what is dropped. It counts from when it is the earliest byte that is missing. */
static void half_an_acknowledgement_is_none(void **state)
{
	struct conversation c;
	struct flight hello = flight_client_hello("blocked.example", 0, 1800);
	(void)state;
	opened(&c);
	SEND(&c, CLIENT, 50000, "A", .raw = hello.bytes, .bytes = 1400);
	uint64_t tail = 0;
	SEND(&c, CLIENT, 50100, "PA", .raw = hello.bytes + 1400, .bytes = hello.len - 1400);
	SEND(&c, SERVER, 90000, "A", .ack = 1401);
	for (unsigned i = 2; i <= 4; i++) {
		uint64_t frame = SEND(&c, CLIENT, 50100 + retransmission_us(i), "PA", .raw = hello.bytes + 1400,
		                      .bytes = hello.len - 1400, .seq = 1401);
		tail = tail ? tail : frame;
	}
	the_capture_ends(&c, SECONDS(8));
	const struct finding *f = conversation_finding(&c, "tls_sni_drop");
	ASSERT_SUSPECTS(f, tail);
	conversation_close(&c);
}

/* G14: what was sent in the last seconds of the capture may yet be answered. */
static void the_end_of_the_capture_is_no_silence(void **state)
{
	struct conversation c;
	struct flight hello = flight_client_hello("blocked.example", 0, 400);
	(void)state;
	opened(&c);
	hello_repeated(&c, &hello, 50000, 5);
	the_capture_ends(&c, SECONDS(5));
	silent(&c);
}

static void two_lost_transmissions_are_silent(void **state)
{
	struct conversation c;
	struct flight hello = flight_client_hello("blocked.example", 0, 400), answer = flight_server_hello();
	(void)state;
	opened(&c);
	hello_repeated(&c, &hello, 50000, 3);
	SEND(&c, SERVER, 700000, "PA", .raw = answer.bytes, .bytes = answer.len);
	the_capture_ends(&c, SECONDS(20));
	silent(&c);
}

/* A reset and a close are other mechanisms' business. */
static void an_answer_that_ends_the_connection_is_silent(void **state)
{
	static const char *const flags[] = {"R", "RA", "FA"};
	struct flight hello = flight_client_hello("blocked.example", 0, 400);
	(void)state;
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		struct conversation c;
		opened(&c);
		hello_repeated(&c, &hello, 50000, 4);
		SEND(&c, SERVER, 900000, flags[i], .seq = 1, .ack = 1);
		the_capture_ends(&c, SECONDS(20));
		silent(&c);
	}
}

/* G2: the acknowledgement may be among what the capture lost. */
static void a_capture_with_holes_is_silent(void **state)
{
	struct conversation c;
	struct flight hello = flight_client_hello("blocked.example", 0, 400);
	(void)state;
	opened(&c);
	hello_repeated(&c, &hello, 50000, 3);
	SEND(&c, CLIENT, 1000000, "A", .ack = 900);
	hello_repeated(&c, &hello, 1600000, 1);
	the_capture_ends(&c, SECONDS(20));
	silent(&c);
}

/* G19: a connection that rested for over a minute may have been forgotten on the way. */
static void a_rest_before_the_hello_is_silent(void **state)
{
	struct conversation c;
	struct flight hello = flight_client_hello("blocked.example", 0, 400);
	(void)state;
	opened(&c);
	hello_repeated(&c, &hello, SECONDS(70), 5);
	the_capture_ends(&c, SECONDS(90));
	silent(&c);
}

/* G22: everything else that the client does fails as well. */
static void an_outage_weighs_against(void **state)
{
	struct conversation c;
	struct flight hello = flight_client_hello("blocked.example", 0, 400);
	(void)state;
	opened(&c);
	hello_repeated(&c, &hello, 50000, 5);
	for (uint8_t i = 1; i <= 4; i++) {
		struct flight other = flight_client_hello("other.example", 0, 300);
		conversation_again(&c, (uint16_t)(40000 + i), (uint8_t)(80 + i));
		conversation_handshake(&c);
		hello_repeated(&c, &other, 50000, 4);
	}
	the_capture_ends(&c, SECONDS(12));
	for (size_t i = 0; i < conversation_findings(&c); i++) {
		assert_int_equal(finding_term_db(c.found->findings[i], "N22"), -20);
		assert_int_equal(c.found->findings[i]->label, LABEL_NONE);
	}
	conversation_close(&c);
}

/* TSPU's delayed kind, at the client: the server's first answer comes, what the client says to it goes nowhere. */
static void silence_behind_the_server_hello_is_found(void **state)
{
	struct conversation c;
	struct flight hello = flight_client_hello("blocked.example", 0, 400), answer = flight_server_hello();
	uint64_t last = 0;
	(void)state;
	opened(&c);
	hello_repeated(&c, &hello, 50000, 1);
	SEND(&c, SERVER, 90000, "PA", .raw = answer.bytes, .bytes = answer.len);
	SEND(&c, CLIENT, 90100, "A");
	for (unsigned i = 1; i <= 5; i++)
		last = SEND(&c, CLIENT, 92000 + retransmission_us(i), "PA", .bytes = 80, .seq = hello.len + 1);
	the_capture_ends(&c, SECONDS(8));
	const struct finding *f = conversation_finding(&c, "tls_sni_stall");
	ASSERT_SUSPECTS(f, last);
	assert_string_equal(finding_detail_value(f, "last_server_pkts"), "1");
	assert_string_equal(finding_detail_value(f, "like"), "");
	assert_int_equal(f->label, LABEL_WEAK);
	conversation_close(&c);
}

/* The same seen by the server, whose answers nobody takes. */
static void answers_that_nobody_takes_are_found_at_the_server(void **state)
{
	struct conversation c;
	struct flight hello = flight_client_hello("blocked.example", 0, 400), answer = flight_server_hello();
	uint64_t last = 0;
	(void)state;
	conversation_open_for(&c, ids, NULL);
	SEND(&c, CLIENT, 0, "S", .ttl = 51);
	SEND(&c, SERVER, 100, "SA", .ttl = 64);
	SEND(&c, CLIENT, 40100, "A", .ttl = 51);
	SEND(&c, CLIENT, 41000, "PA", .raw = hello.bytes, .bytes = hello.len, .ttl = 51);
	for (unsigned i = 1; i <= 5; i++)
		last = SEND(&c, SERVER, 42000 + retransmission_us(i), "PA", .raw = answer.bytes, .bytes = answer.len,
		            .seq = 1, .ttl = 64);
	the_capture_ends(&c, SECONDS(8));
	const struct finding *f = conversation_finding(&c, "tls_sni_stall");
	ASSERT_SUSPECTS(f, last);
	assert_true(f->to_client);
	assert_int_equal(f->vantage, VANTAGE_SERVER);
	conversation_close(&c);
}

/* At the server: what it does not acknowledge or answer is its own silence. */
static void a_server_that_does_not_answer_does_not_accuse_the_network(void **state)
{
	struct conversation c;
	struct flight hello = flight_client_hello("blocked.example", 0, 400);
	(void)state;
	conversation_open_for(&c, ids, NULL);
	SEND(&c, CLIENT, 0, "S", .ttl = 51);
	SEND(&c, SERVER, 100, "SA", .ttl = 64);
	SEND(&c, CLIENT, 40100, "A", .ttl = 51);
	hello_repeated(&c, &hello, 41000, 5);
	the_capture_ends(&c, SECONDS(20));
	silent(&c);
}

/* A client that leaves with a FIN may be gone for good. */
static void a_client_that_left_is_silent_at_the_server(void **state)
{
	struct conversation c;
	struct flight hello = flight_client_hello("blocked.example", 0, 400), answer = flight_server_hello();
	(void)state;
	conversation_open_for(&c, ids, NULL);
	SEND(&c, CLIENT, 0, "S", .ttl = 51);
	SEND(&c, SERVER, 100, "SA", .ttl = 64);
	SEND(&c, CLIENT, 40100, "A", .ttl = 51);
	SEND(&c, CLIENT, 41000, "PA", .raw = hello.bytes, .bytes = hello.len, .ttl = 51);
	SEND(&c, CLIENT, 41100, "FA", .ttl = 51);
	for (unsigned i = 1; i <= 5; i++)
		SEND(&c, SERVER, 42000 + retransmission_us(i), "PA", .raw = answer.bytes, .bytes = answer.len, .seq = 1,
		     .ttl = 64);
	the_capture_ends(&c, SECONDS(20));
	silent(&c);
}

/* Much has passed: whatever broke later did not break at the hello. */
static void a_long_download_that_breaks_is_silent(void **state)
{
	struct conversation c;
	struct flight hello = flight_client_hello("blocked.example", 0, 400), answer = flight_server_hello();
	(void)state;
	opened(&c);
	hello_repeated(&c, &hello, 50000, 1);
	SEND(&c, SERVER, 90000, "PA", .raw = answer.bytes, .bytes = answer.len);
	for (int i = 0; i < 20; i++) {
		SEND(&c, SERVER, 91000 + i * 1000, "PA", .bytes = 1400);
		SEND(&c, CLIENT, 91100 + i * 1000, "A");
	}
	for (unsigned i = 1; i <= 5; i++)
		SEND(&c, CLIENT, 120000 + retransmission_us(i), "PA", .bytes = 80, .seq = hello.len + 1);
	the_capture_ends(&c, SECONDS(20));
	silent(&c);
}

static void an_acknowledged_hello_without_answer_is_found(void **state)
{
	struct conversation c;
	struct flight hello = flight_client_hello("blocked.example", 0, 400);
	(void)state;
	opened(&c);
	uint64_t frame = hello_repeated(&c, &hello, 50000, 1);
	SEND(&c, SERVER, 90000, "A");
	the_capture_ends(&c, SECONDS(13));
	const struct finding *f = conversation_finding(&c, "tls_sni_stall");
	ASSERT_SUSPECTS(f, frame);
	assert_true(f->alternatives >> ALT_SERVER_REFUSES & 1);
	conversation_close(&c);
}

static void a_slow_server_and_an_impatient_client_are_silent(void **state)
{
	struct flight hello = flight_client_hello("blocked.example", 0, 400), answer = flight_server_hello();
	(void)state;
	for (int impatient = 0; impatient < 2; impatient++) {
		struct conversation c;
		opened(&c);
		hello_repeated(&c, &hello, 50000, 1);
		SEND(&c, SERVER, 90000, "A");
		if (impatient) {
			SEND(&c, CLIENT, SECONDS(3), "FA");
			SEND(&c, SERVER, SECONDS(3) + 40000, "A");
		} else {
			SEND(&c, SERVER, SECONDS(11), "PA", .raw = answer.bytes, .bytes = answer.len);
		}
		the_capture_ends(&c, SECONDS(30));
		silent(&c);
	}
}

/* The client gives up, and even its goodbye is not acknowledged. */
static void a_goodbye_that_nobody_takes_is_found(void **state)
{
	struct conversation c;
	struct flight hello = flight_client_hello("blocked.example", 0, 400);
	uint64_t last = 0;
	(void)state;
	opened(&c);
	hello_repeated(&c, &hello, 50000, 1);
	SEND(&c, SERVER, 90000, "A");
	for (unsigned i = 1; i <= 3; i++)
		last = SEND(&c, CLIENT, SECONDS(6) + retransmission_us(i), "FA", .seq = hello.len + 1);
	the_capture_ends(&c, SECONDS(8));
	const struct finding *f = conversation_finding(&c, "tls_sni_stall");
	ASSERT_SUSPECTS(f, last);
	conversation_close(&c);
}

/* Files that were merged: nobody watched for the months in between. */
static void a_gap_of_the_capture_is_no_silence(void **state)
{
	struct conversation c;
	struct flight hello = flight_client_hello("blocked.example", 0, 400);
	(void)state;
	opened(&c);
	hello_repeated(&c, &hello, 50000, 1);
	SEND(&c, SERVER, 90000, "A");
	the_capture_ends(&c, SECONDS(7000000));
	silent(&c);
}

static void drafts_and_ech_have_their_own_words(void **state)
{
	static const struct {
		const char *name, *mechanism;
		uint16_t extension;
	} cases[] = {
	    {NULL, "tls_esni_drop", 0xffce},
	    {"cloudflare-ech.com", "tls_ech_drop", 0xfe0d},
	    {"blocked.example", "tls_sni_drop", 0xfe0d},
	    {"cloudflare-ech.com", "tls_sni_drop", 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct conversation c;
		struct flight hello = flight_client_hello(cases[i].name, cases[i].extension, 400);
		opened(&c);
		hello_repeated(&c, &hello, 50000, 5);
		the_capture_ends(&c, SECONDS(8));
		assert_non_null(conversation_finding(&c, cases[i].mechanism));
		assert_int_equal(conversation_findings(&c), 1);
		conversation_close(&c);
	}
}

/* Hellos with the draft or with ECH that pass say nothing. */
static void encrypted_names_that_pass_are_silent(void **state)
{
	static const uint16_t extensions[] = {0xffce, 0xfe0d};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct conversation c;
		struct flight hello = flight_client_hello("cloudflare-ech.com", extensions[i], 400);
		conversation_open_for(&c, ids, NULL);
		control(&c, 40000, 0, &hello);
		the_capture_ends(&c, SECONDS(20));
		silent(&c);
	}
}

/* Large hellos fail under every name, a small one passes: the path, not the names. */
static void a_path_that_loses_large_packets_is_told_apart(void **state)
{
	static const char *const names[] = {"one.example", "two.example"};
	(void)state;
	for (int large_passes = 0; large_passes < 2; large_passes++) {
		struct conversation c;
		struct flight small = flight_client_hello("small.example", 0, 300);
		struct flight large = flight_client_hello("large.example", 0, 1400);
		conversation_open_for(&c, ids, NULL);
		for (size_t i = 0; i < 2; i++) {
			struct flight hello = flight_client_hello(names[i], 0, 1400);
			conversation_again(&c, (uint16_t)(40000 + i), 80);
			conversation_handshake(&c);
			hello_repeated(&c, &hello, 50000, 5);
		}
		control(&c, 40005, SECONDS(2), &small);
		if (large_passes)
			control(&c, 40006, SECONDS(8), &large);
		the_capture_ends(&c, SECONDS(10));
		assert_int_equal(conversation_findings(&c), 2);
		for (size_t i = 0; i < 2; i++) {
			const struct finding *f = c.found->findings[i];
			assert_string_equal(f->mechanism->id, large_passes ? "tls_sni_drop" : "pmtu_blackhole");
			assert_int_equal(f->label, large_passes ? LABEL_MODERATE : LABEL_NONE);
			assert_int_equal(f->alternatives >> ALT_PMTU & 1, !large_passes);
		}
		conversation_close(&c);
	}
}

/* A router's ICMP message about the client's packet with this relative sequence number. */
static uint64_t complain(struct conversation *c, int64_t us, uint8_t code, uint32_t seq)
{
	struct frame frame = {.number = ++c->frames, .ts_ns = c->start_ns + us * 1000, .wire_len = 70};
	struct addr client = {.version = 4, .bytes = {10, 0, 0, 1}}, server = {.version = 4, .bytes = {192, 0, 2, 80}};
	struct packet p = {
	    .frame = &frame,
	    .clock_ns = frame.ts_ns,
	    .src = {.version = 4, .bytes = {203, 0, 113, 9}},
	    .dst = client,
	    .l4_proto = IPPROTO_ICMP,
	    .ttl = 250,
	    .has_l4 = true,
	    .icmp_type = 3,
	    .icmp_code = code,
	    .quote = {.src = client,
	              .dst = server,
	              .sport = c->client_port,
	              .dport = 80,
	              .tcp_seq = c->isn[CLIENT] + seq,
	              .l4_proto = IPPROTO_TCP,
	              .ttl = 59,
	              .has_ports = true,
	              .has_seq = true},
	};
	shard_packet(c->shard, &p);
	return frame.number;
}

/* Code 4: fragmentation needed. Any other says nothing of sizes. */
static void a_router_that_says_too_big_is_believed(void **state)
{
	(void)state;
	for (int too_big = 0; too_big < 2; too_big++) {
		struct conversation c;
		struct flight hello = flight_client_hello("blocked.example", 0, 1400);
		opened(&c);
		hello_repeated(&c, &hello, 50000, 1);
		uint64_t message = complain(&c, 60000, too_big ? 4 : 1, 1);
		hello_repeated(&c, &hello, 250000, 4);
		the_capture_ends(&c, SECONDS(8));
		const struct finding *f = conversation_finding(&c, too_big ? "pmtu_blackhole" : "tls_sni_drop");
		assert_non_null(f);
		assert_int_equal(conversation_findings(&c), 1);
		assert_int_equal(f->kind, too_big ? KIND_INFORMATIONAL : KIND_SYMPTOM);
		bool named = false;
		for (size_t i = 0; i < f->evidence_count; i++)
			named |= f->evidence[i].number == message;
		assert_int_equal(named, too_big);
		conversation_close(&c);
	}
}

int main(void)
{
	const struct CMUnitTest test_tls_blocking[] = {
	    cmocka_unit_test(a_hello_that_is_never_acknowledged_is_found),
	    cmocka_unit_test(another_name_that_passes_raises_it),
	    cmocka_unit_test(half_an_acknowledgement_is_none),
	    cmocka_unit_test(the_end_of_the_capture_is_no_silence),
	    cmocka_unit_test(two_lost_transmissions_are_silent),
	    cmocka_unit_test(an_answer_that_ends_the_connection_is_silent),
	    cmocka_unit_test(a_capture_with_holes_is_silent),
	    cmocka_unit_test(a_rest_before_the_hello_is_silent),
	    cmocka_unit_test(an_outage_weighs_against),
	    cmocka_unit_test(silence_behind_the_server_hello_is_found),
	    cmocka_unit_test(answers_that_nobody_takes_are_found_at_the_server),
	    cmocka_unit_test(a_server_that_does_not_answer_does_not_accuse_the_network),
	    cmocka_unit_test(a_client_that_left_is_silent_at_the_server),
	    cmocka_unit_test(a_long_download_that_breaks_is_silent),
	    cmocka_unit_test(an_acknowledged_hello_without_answer_is_found),
	    cmocka_unit_test(a_slow_server_and_an_impatient_client_are_silent),
	    cmocka_unit_test(a_goodbye_that_nobody_takes_is_found),
	    cmocka_unit_test(a_gap_of_the_capture_is_no_silence),
	    cmocka_unit_test(drafts_and_ech_have_their_own_words),
	    cmocka_unit_test(encrypted_names_that_pass_are_silent),
	    cmocka_unit_test(a_path_that_loses_large_packets_is_told_apart),
	    cmocka_unit_test(a_router_that_says_too_big_is_believed),
	};
	return cmocka_run_group_tests(test_tls_blocking, NULL, NULL);
}
