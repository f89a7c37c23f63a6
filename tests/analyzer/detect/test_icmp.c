/* ICMP errors about a client's packets (docs/rules.md, F6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/conversation.h"
#include "tests/support/events.h"

static const char *const wanted[] = {"icmp_reject", "icmp_forged", "local_interference", NULL};

static int open_conversation(void **state)
{
	static struct conversation c;
	conversation_open_for(&c, wanted, NULL);
	*state = &c;
	return 0;
}

static int close_conversation(void **state)
{
	conversation_close(*state);
	return 0;
}

struct complaint {
	int64_t us;
	uint8_t source[4], code;
	uint8_t type; /* 0: 3, unreachable */
	uint8_t ttl;
	uint32_t quoted_seq; /* relative to the client's first */
	bool of_server;      /* the quoted packet is the server's */
};

/* An error that quotes a packet of the conversation. */
static uint64_t complain(struct conversation *c, struct complaint w)
{
	struct frame frame = {.number = ++c->frames, .ts_ns = c->start_ns + w.us * 1000, .wire_len = 70};
	struct addr client = {.version = 4, .bytes = {10, 0, 0, 1}},
	            server = {.version = 4, .bytes = {192, 0, 2, c->server_host}};
	struct packet p = {
	    .frame = &frame,
	    .clock_ns = frame.ts_ns,
	    .src = {.version = 4},
	    .dst = w.of_server ? server : client,
	    .l4_proto = IPPROTO_ICMP,
	    .ttl = w.ttl ? w.ttl : 250,
	    .has_l4 = true,
	    .icmp_type = w.type ? w.type : 3,
	    .icmp_code = w.code,
	    .quote = {.src = client,
	              .dst = server,
	              .sport = c->client_port,
	              .dport = 80,
	              .tcp_seq = c->isn[CLIENT] + w.quoted_seq,
	              .l4_proto = IPPROTO_TCP,
	              .ttl = 59,
	              .has_ports = true,
	              .has_seq = true},
	};
	memcpy(p.src.bytes, w.source, sizeof w.source);
	if (w.of_server)
		p.quote = (struct icmp_quote){.src = server,
		                              .dst = client,
		                              .sport = 80,
		                              .dport = c->client_port,
		                              .tcp_seq = c->isn[SERVER],
		                              .l4_proto = IPPROTO_TCP,
		                              .ttl = 59,
		                              .has_ports = true,
		                              .has_seq = true};
	c->last_ns = frame.ts_ns > c->last_ns ? frame.ts_ns : c->last_ns;
	shard_packet(c->shard, &p);
	return frame.number;
}
#define COMPLAIN(c, ...) complain(c, (struct complaint){__VA_ARGS__})
#define ROUTER                                                                                                         \
	{                                                                                                              \
		203, 0, 113, 9                                                                                         \
	}

static void prohibited_is_found(void **state)
{
	struct conversation *c = *state;
	SEND(c, CLIENT, 0, "S");
	uint64_t error = COMPLAIN(c, .us = 20000, .source = ROUTER, .code = 13);
	const struct finding *f = conversation_finding(c, "icmp_reject");
	ASSERT_SUSPECTS(f, error);
	assert_int_equal(f->label, LABEL_MODERATE);
	assert_int_equal(f->kind, KIND_SYMPTOM);
	assert_true(f->to_client);
	assert_string_equal(finding_detail_value(f, "icmp_source"), "203.0.113.9");
	assert_string_equal(finding_detail_value(f, "icmp_hops"), "5");
	assert_string_equal(finding_detail_value(f, "quoted_ttl"), "59");
	assert_int_equal(conversation_findings(c), 1);
}

static void the_other_policies_are_weak(void **state)
{
	struct conversation *c = *state;
	SEND(c, CLIENT, 0, "S");
	COMPLAIN(c, .us = 20000, .source = ROUTER, .code = 10);
	const struct finding *f = conversation_finding(c, "icmp_reject");
	assert_non_null(f);
	assert_int_equal(f->label, LABEL_WEAK);
}

/* The server's own firewall. */
static void the_destination_itself_is_weak(void **state)
{
	struct conversation *c = *state;
	SEND(c, CLIENT, 0, "S");
	COMPLAIN(c, .us = 20000, .source = {192, 0, 2, 80}, .code = 13);
	const struct finding *f = conversation_finding(c, "icmp_reject");
	assert_non_null(f);
	assert_int_equal(f->label, LABEL_WEAK);
}

/* G20 */
static void the_own_router_accuses_nobody(void **state)
{
	struct conversation *c = *state;
	c->config.min_label = LABEL_NONE;
	SEND(c, CLIENT, 0, "S");
	COMPLAIN(c, .us = 500, .source = {10, 0, 0, 254}, .code = 13, .ttl = 64);
	const struct finding *f = conversation_finding(c, "local_interference");
	assert_non_null(f);
	assert_int_equal(f->label, LABEL_NONE);
}

/* Routers without a route, hosts without the port, traceroute, and packets that are too big. */
static void everyday_errors_are_silent(void **state)
{
	static const uint8_t codes[] = {0, 1, 2, 3, 4, 11, 12};
	struct conversation *c = *state;
	SEND(c, CLIENT, 0, "S");
	for (size_t i = 0; i < sizeof codes; i++)
		COMPLAIN(c, .us = 20000, .source = ROUTER, .code = codes[i]);
	COMPLAIN(c, .us = 20000, .source = ROUTER, .type = 11, .code = 0);
	assert_silent(c);
}

/* Quotes that the client never sent: of another connection of these ports, or nobody's. */
static void a_foreign_quote_is_silent(void **state)
{
	struct conversation *c = *state;
	SEND(c, CLIENT, 0, "S");
	COMPLAIN(c, .us = 20000, .source = ROUTER, .code = 13, .quoted_seq = 5000);
	c->client_port++;
	COMPLAIN(c, .us = 20000, .source = ROUTER, .code = 13);
	assert_silent(c);
}

/* An error about the server's packet is the server's affair. */
static void an_error_to_the_server_is_silent(void **state)
{
	struct conversation *c = *state;
	conversation_handshake(c);
	COMPLAIN(c, .us = 60000, .source = ROUTER, .code = 13, .of_server = true);
	assert_silent(c);
}

static void an_answer_after_all_is_a_contradiction(void **state)
{
	struct conversation *c = *state;
	SEND(c, CLIENT, 0, "S");
	uint64_t error = COMPLAIN(c, .us = 20000, .source = ROUTER, .code = 1);
	SEND(c, SERVER, 40000, "SA");
	SEND(c, CLIENT, 40100, "A");
	const struct finding *f = conversation_finding(c, "icmp_forged");
	ASSERT_SUSPECTS(f, error);
	assert_int_equal(f->kind, KIND_CONTRADICTION);
	assert_terms(f, "E05b 20");
	assert_int_equal(f->label, LABEL_MODERATELY_STRONG);
	assert_int_equal(conversation_findings(c), 1);
}

/* One SYN was lost on a route that was down, the next arrived. */
static void an_answer_to_a_repeat_is_silent(void **state)
{
	struct conversation *c = *state;
	SEND(c, CLIENT, 0, "S", .forged = true);
	COMPLAIN(c, .us = 20000, .source = ROUTER, .code = 1);
	SEND(c, CLIENT, 1000000, "S");
	SEND(c, SERVER, 1040000, "SA");
	SEND(c, CLIENT, 1040100, "A");
	assert_silent(c);
}

/* An error about data says nothing of the SYN. */
static void an_error_about_data_is_silent(void **state)
{
	struct conversation *c = *state;
	conversation_exchange(c);
	COMPLAIN(c, .us = 90000, .source = ROUTER, .code = 1, .quoted_seq = 1);
	assert_silent(c);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_conversation, close_conversation)
	const struct CMUnitTest tests[] = {
	    TEST(prohibited_is_found),
	    TEST(the_other_policies_are_weak),
	    TEST(the_destination_itself_is_weak),
	    TEST(the_own_router_accuses_nobody),
	    TEST(everyday_errors_are_silent),
	    TEST(a_foreign_quote_is_silent),
	    TEST(an_error_to_the_server_is_silent),
	    TEST(an_answer_after_all_is_a_contradiction),
	    TEST(an_answer_to_a_repeat_is_silent),
	    TEST(an_error_about_data_is_silent),
	};
#undef TEST
	return cmocka_run_group_tests_name("icmp", tests, NULL, NULL);
}
