/* Rules about packets: what is read, what is refused and where, what holds, and how it is said. */
#include "signatures/match.h"
#include "signatures/rule.h"

#include "tests/support/signature_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants the above */
#include <cmocka.h>

static struct arena arena;

static struct packet_rule rule_of(enum rule_kind kind, const char *text)
{
	struct packet_rule rule;
	struct err e = {0};
	size_t at;
	if (rule_parse(&rule, kind, span_text(text), &arena, &at, &e) < 0)
		fail_msg("%s: at %zu: %s", text, at, e.text);
	return rule;
}

static bool holds(const struct burst_facts *b, const char *text)
{
	struct packet_rule rule = rule_of(RULE_RST, text);
	return rule_holds(&rule, b);
}

static struct burst_packet reset(uint16_t flags, uint32_t seq, uint8_t ttl, uint16_t window, uint16_t id)
{
	return (struct burst_packet){.present = true,
	                             .ipv4 = true,
	                             .tcp = true,
	                             .timed = true,
	                             .ttl = ttl,
	                             .ip_id = id,
	                             .flags = flags,
	                             .window = window,
	                             .seq = seq};
}

/* A bare reset and three with ACK, as published of the GFW in 2017: X, X+1460, X+4380. */
static struct burst_facts gfw_burst(void)
{
	struct burst_facts b = {.packets = 4, .next_known = true, .next = UINT32_MAX - 999};
	b.packet[0] = reset(BURST_TCP_RST, b.next, 77, 120, 100);
	for (uint32_t i = 0; i < 3; i++) {
		static const uint32_t steps[] = {0, 1460, 4380};
		b.packet[i + 1] = reset(BURST_TCP_RST | BURST_TCP_ACK, b.next + steps[i], (uint8_t)(102 + i),
		                        (uint16_t)(1478 + i), (uint16_t)(0xfffe + i));
		b.packet[i + 1].ns = 1000000 * (int64_t)(i + 1);
	}
	b.other = reset(BURST_TCP_PSH | BURST_TCP_ACK, 1, 64, 502, 0xfffd);
	b.other.payload_len = 517;
	return b;
}

static void conditions_that_hold(void **unused)
{
	(void)unused;
	static const char *const rules[] = {
	    "count = 4",
	    "rst.count = 1",
	    "rstack.count = 2..3",
	    "rstack.count >= 3; rst.count < 2",
	    "flags = R,RA,RA,RA",
	    "flags = R|RA",
	    "flags != RP",
	    "rstack.flags = AR",
	    "rstack.ttl = 102,103,104",
	    "rstack.ttl.step = 1",
	    "ttl.step = 25,1,1",
	    "rstack.ttl.values = 3",
	    "rstack.window-ttl = 1376",
	    "rstack.window-ttl.values = 1",
	    "rstack.window-ttl.step = 0",
	    "rstack.seq.step = 1460,2920",
	    "rstack.seq = next,next+1460,next+4380",
	    "rst.seq = next",
	    "rstack.ipid.step = 1",
	    "rstack.ipid = other+1,other+2,other+3",
	    "rstack.ipid = other+1..3",
	    "rst.ipid = 0x64",
	    "rst.ipid != other",
	    "rst.ipid = request|0x64",
	    "window != other",
	    "df = no",
	    "payload = 0; options = 0",
	    "rstack.gap = 1ms",
	    "rstack.gap <= 1000us",
	    "other.payload = 517; other.flags = PA",
	    " count=4 ;ttl>=77 ",
	};
	struct burst_facts b = gfw_burst();
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (!holds(&b, rules[i]))
			fail_msg("does not hold: %s", rules[i]);
}

static void conditions_that_do_not_hold(void **unused)
{
	(void)unused;
	static const char *const rules[] = {
	    "count = 3",
	    "flags = R,RA,RA",
	    "flags = RA",
	    "flags != RA",
	    "rstack.ttl.step = 2",
	    "rstack.seq.step = 1460",
	    "rstack.seq.step = 1460,2920,1",
	    "rst.ttl.step = 0",
	    "rst.ttl.step != 0",
	    "rstack.gap < 1ms",
	    "own.ttl = 64",
	    "own.ttl != 64",
	    "window = own",
	    "window != own",
	    "request.payload >= 0",
	    "counter = const",
	    "other.counter = local",
	    "front-end = no",
	    "stage = later",
	    "asked != tls",
	    "to = client",
	    "port = 443",
	    "answers = yes",
	    "bytes = 00",
	    "rst.count = 1; rstack.count = 2",
	};
	struct burst_facts b = gfw_burst();
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (holds(&b, rules[i]))
			fail_msg("holds: %s", rules[i]);
}

static void facts_of_the_burst(void **unused)
{
	(void)unused;
	struct burst_facts b = gfw_burst();
	b.counter = BURST_COUNTER_ZERO;
	b.other_counter = BURST_COUNTER_LOCAL;
	b.front_end = BURST_NO;
	b.stage = BURST_POST_PSH;
	b.asked = BURST_ASKED_TLS;
	b.way = BURST_TO_CLIENT;
	b.port = 443;
	b.count = 9;
	b.packet[0].answers = true;
	assert_true(holds(&b, "counter = zero; other.counter = local; front-end = no; stage = post_psh; asked = tls"));
	assert_true(holds(&b, "to = client; port = 443; count = 9; rst.answers = yes; rstack.answers = no"));
	assert_false(holds(&b, "answers = no"));
}

/* Every fact unknown: nothing about it holds, neither way. */
static void nothing_known(void **unused)
{
	(void)unused;
	static const struct burst_facts none = {.packets = 1, .packet[0].present = true};
	static const char *const rules[] = {
	    "flags = R",  "flags != R",  "window = 0",     "window != 1",    "ipid = 0",
	    "ipid != 1",  "df = no",     "df != no",       "seq = next",     "seq != next+1",
	    "ack = 0",    "options = 0", "window-ttl = 0", "ttl.step = 0",   "gap < 1ms",
	    "bytes = 00", "own.ttl = 0", "port != 1",      "stage != later", "to != client",
	};
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (holds(&none, rules[i]))
			fail_msg("holds: %s", rules[i]);
	struct packet_rule dns = rule_of(RULE_DNS, "dns-aa != yes"), http = rule_of(RULE_HTTP, "http-status != 1");
	assert_false(rule_holds(&dns, &none));
	assert_false(rule_holds(&http, &none));
}

static void payloads(void **unused)
{
	(void)unused;
	struct burst_facts b = {.packets = 1};
	b.packet[0] = reset(BURST_TCP_RST | BURST_TCP_ACK, 1, 58, 0, 1);
	b.packet[0].payload_len = 10;
	b.packet[0].payload_kept = 10;
	for (uint8_t i = 0; i < 9; i++)
		b.packet[0].payload[i] = (uint8_t)(i + 1);
	assert_true(holds(&b, "payload = 10; bytes = 01020304050607080900"));
	assert_true(holds(&b, "bytes = 0102"));
	assert_false(holds(&b, "bytes != 0102"));
	assert_false(holds(&b, "bytes = 0103"));
	assert_true(holds(&b, "bytes != 0103"));
	assert_false(holds(&b, "bytes = 0102030405060708090000"));
	b.packet[0].payload_kept = 4; /* cut by the capture */
	assert_true(holds(&b, "bytes = 01020304"));
	assert_false(holds(&b, "bytes = 0102030405"));
	assert_false(holds(&b, "bytes != 01020304ff"));
}

static void dns_answers(void **unused)
{
	(void)unused;
	struct burst_facts b = {.packets = 1};
	b.packet[0] = (struct burst_packet){.present = true, .ipv4 = true, .ttl = 55};
	b.request = (struct burst_packet){.present = true, .ipv4 = true, .ttl = 55};
	b.dns = (struct burst_dns){.present = true,
	                           .aa = BURST_YES,
	                           .ra = BURST_NO,
	                           .rd = BURST_YES,
	                           .opt = BURST_NO,
	                           .query_opt = BURST_YES,
	                           .pointer = BURST_YES,
	                           .has_ttl = true,
	                           .ttl = 60,
	                           .answers = 1,
	                           .trailing = 125};
	struct packet_rule rule =
	    rule_of(RULE_DNS, "df = no; ipid = 0; ttl = request; dns-aa = yes; dns-ra = no; dns-rd = yes; dns-opt = "
	                      "no; dns-query-opt = yes; "
	                      "dns-pointer = yes; dns-ttl = 60; dns-answers = 1; dns-rcode = 0; dns-trailing = 1..125");
	assert_true(rule_holds(&rule, &b));
	b.packet[0].ttl = 54;
	assert_false(rule_holds(&rule, &b));
}

static void what_is_refused(void **unused)
{
	(void)unused;
	static const struct {
		const char *text;
		size_t at;
		const char *why; /* a piece of the message */
	} cases[] = {
	    {"", 0, "missing"},
	    {";", 0, "missing"},
	    {"count = 1;", 10, "missing"},
	    {"count", 0, "a condition is"},
	    {"count ! 1", 0, "a condition is"},
	    {"ttl = 64; windov = 3", 10, "no such fact"},
	    {"dns-aa = yes", 0, "no such fact"},
	    {"ttl == 64", 5, "not a number"},
	    {"ttl = ", 5, "not a number"},
	    {"ttl = 0xG", 6, "not a number"},
	    {"ttl = 99999999999", 6, "not a number"},
	    {"ttl = 5..3", 6, "backwards"},
	    {"ttl = 1,2|3", 9, "either"},
	    {"ttl != 1,2", 7, "one by one"},
	    {"own.ttl = 1,2", 10, "one by one"},
	    {"ttl = 1|2|3|4|5|6|7|8|9", 22, "more than 8 values"},
	    {"ttl < 1..2", 6, "compare with one"},
	    {"flags < R", 8, "compare with one"},
	    {"flags = RR", 8, "flags are"},
	    {"flags = X", 8, "flags are"},
	    {"df = maybe", 5, "one of: no, yes"},
	    {"seq = 5", 6, "counts from next"},
	    {"ttl = next", 6, "give no value"},
	    {"gap < 5", 6, "us or ms"},
	    {"gap.step = 5ms", 4, "neither steps"},
	    {"flags.values = 1", 6, "neither steps"},
	    {"own.count = 1", 0, "says nothing"},
	    {"own.ttl.step = 1", 8, "neither steps"},
	    {"ttl.stop = 1", 4, "step and values"},
	    {"bytes = 0", 8, "pairs"},
	    {"bytes = 0g", 8, "pairs"},
	    {"bytes = 00|01", 8, "single"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct packet_rule rule;
		struct err e = {0};
		size_t at;
		int code = rule_parse(&rule, RULE_RST, span_text(cases[i].text), &arena, &at, &e);
		if (code != ERR_FORMAT || at != cases[i].at || !strstr(e.text, cases[i].why))
			fail_msg("%s: %d at %zu: %s", cases[i].text, code, at, e.text);
	}
	char many[RULE_CONDITIONS_MAX * 8 + 16] = "";
	for (int i = 0; i <= RULE_CONDITIONS_MAX; i++)
		strcat(many, i ? ";ttl=1" : "ttl=1");
	struct packet_rule rule;
	struct err e;
	size_t at;
	assert_int_equal(rule_parse(&rule, RULE_RST, span_text(many), &arena, &at, &e), ERR_FORMAT);
	assert_int_equal(rule_parse(&rule, RULE_RST, span_of("ttl = 1\0", 8), &arena, &at, &e), ERR_FORMAT);
}

static void said_in_words(void **unused)
{
	(void)unused;
	static const struct {
		enum rule_kind kind;
		const char *rule, *words;
	} cases[] = {
	    {RULE_RST, "rstack.count = 3; rstack.seq.step = 1460,2920; rstack.gap <= 5ms",
	     "3 resets with ACK; the sequence number changes from one reset with ACK to the next by +1460, then +2920; "
	     "the time from one reset with ACK to the next is at most 5 ms"},
	    {RULE_RST, "flags = R; ipid = other+1; window = other; window != 0",
	     "the flags of every reset is RST; the IP-ID of every reset is that of the other side's last packet plus "
	     "1; "
	     "the raw window of every reset is that of the other side's last packet; the raw window of every reset is "
	     "not 0"},
	    {RULE_RST, "payload = 10; bytes = 0102; own.flags = FPA; own.payload = 348..351",
	     "the payload length of every reset is 10; the payload of every reset begins with bytes 0102; the flags of "
	     "the "
	     "sender's packet before is FIN+PSH+ACK; the payload length of the sender's packet before is 348 to 351"},
	    {RULE_RST, "rstack.ttl.values = 3; to = client; counter != const; other.counter = local",
	     "the number of different values of the TTL among the resets with ACK is 3; sent to the: client; IP-ID "
	     "counter: "
	     "not const; the other side's IP-ID counter is local"},
	    {RULE_DNS, "df = no; ipid = 0x99b3; dns-aa = yes",
	     "the don't-fragment bit of the answer is no; the IP-ID of the answer is 0x99b3; authoritative bit: yes"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char words[1024];
		struct text t = text_over(words, sizeof words);
		struct packet_rule rule = rule_of(cases[i].kind, cases[i].rule);
		rule_describe(&rule, &t);
		assert_string_equal(words, cases[i].words);
	}
}

static void groups_of_evidence(void **unused)
{
	(void)unused;
	assert_int_equal(rule_of(RULE_RST, "count = 1; flags = RA; payload = 3").groups, 0);
	assert_int_equal(rule_of(RULE_RST, "seq.step = 1; window != 0; own.ttl = 3").groups, RULE_GROUP_SEQ);
	assert_int_equal(rule_of(RULE_RST, "ttl = 58; ipid = 1").groups, RULE_GROUP_TTL | RULE_GROUP_IPID);
}

static void rows_of_a_set(void **unused)
{
	(void)unused;
	struct sigdb *db =
	    signature_set("a,rst,rule,eq,rstack.seq.step = 1460,plain,,national,CN,,8,hint" SIGNATURE_SOURCE
	                  "b,rst,rule,eq,count = 4,plain,,isp,RU,,8,hit" SIGNATURE_SOURCE
	                  "c,dns,rule,eq,ttl = 77,plain,,isp,RU,,8,hit" SIGNATURE_SOURCE
	                  "d,rst,rule,eq,ttl > 76,plain,,isp,RU,,8,off" SIGNATURE_SOURCE
	                  "e,http,rule,eq,http-status = 302,plain,,isp,RU,,8,hit" SIGNATURE_SOURCE);
	struct burst_facts b = gfw_burst();
	struct sig_hits hits = {0};
	sigdb_match_burst(db, SIG_RST_RULE, &b, &hits);
	assert_int_equal(hits.count, 1);
	assert_string_equal(hits.hit[0]->id, "b");
	assert_non_null(sigdb_rule(db, hits.hit[0]));
	assert_int_equal(sigdb_rule(db, hits.hit[0])->condition_count, 1);
	sigdb_free(db);

	static const char bad[] =
	    SIGNATURE_HEADER "a,rst,rule,eq,count = 1; tll = 3,plain,,isp,RU,,8,hit" SIGNATURE_SOURCE;
	struct err e;
	db = NULL;
	assert_int_equal(signature_text_load(&db, bad, sizeof bad - 1, &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "set.csv:2: pattern: character 12 of the rule: no such fact"));
}

static int forget(void **unused)
{
	(void)unused;
	arena_free(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(conditions_that_hold),
	    cmocka_unit_test(conditions_that_do_not_hold),
	    cmocka_unit_test(facts_of_the_burst),
	    cmocka_unit_test(nothing_known),
	    cmocka_unit_test(payloads),
	    cmocka_unit_test(dns_answers),
	    cmocka_unit_test(what_is_refused),
	    cmocka_unit_test(said_in_words),
	    cmocka_unit_test(groups_of_evidence),
	    cmocka_unit_test(rows_of_a_set),
	};
	return cmocka_run_group_tests_name("rule", tests, NULL, forget);
}
