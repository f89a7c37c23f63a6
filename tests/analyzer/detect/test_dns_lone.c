/* dns_injector_fingerprint, dns_trailing_garbage and dns_rcode_injected by one answer alone: what fires, and the look-alikes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "tests/support/talk.h"

extern const struct detector detector_dns_injection;

enum { MS = 1000, NXDOMAIN = 3, REFUSED = 5, SERVFAIL = 2, USUAL_TTL = 52 };

#define RULE(id, pattern, action) SIGNATURE_ROW(id, "dns", "rule", "eq", pattern, "", "national", "CN", action)

static const char rows[] =
    SIGNATURE_ROW("pool", "dns", "answer", "eq", "203.0.113.66", "owner.example.com", "injected", "CN", "hit")
        RULE("one", "df = no; dns-rd = yes; dns-aa = yes; dns-ttl = 60; dns-answers = 1", "hit")
            RULE("aa60", "dns-rd = yes; dns-aa = yes; dns-ttl = 60", "hint")
                RULE("no-id", "df = no; ipid = 0; dns-aa = no; dns-pointer = yes", "hit")
                    RULE("bleed", "dns-trailing = 1..125; dns-rcode = 0", "hit")
                        RULE("mirror", "ttl = request", "hint");

static int open_world(void **state)
{
	static struct world w;
	world_open(&w, &detector_dns_injection, rows);
	*state = &w;
	return 0;
}

static int close_world(void **state)
{
	world_close(*state);
	return 0;
}

static struct flow *resolver(struct world *w)
{
	return world_flow(w, IPPROTO_UDP, "192.0.2.7", 40000, "198.51.100.53", 53);
}

static struct flow *resolver6(struct world *w)
{
	return world_flow(w, IPPROTO_UDP, "2001:db8::7", 40000, "2001:db8:53::53", 53);
}

/* Undisputed answers to `count` other names. */
static void usual(struct world *w, struct flow *f, int count)
{
	static int serial;
	for (int i = 0; i < count; i++) {
		char name[32];
		snprintf(name, sizeof name, "usual%d.example.net", serial++);
		talk_ask(w, f, &(struct said){.name = name}, 100 * MS);
		world_packet(w, f, DIR_DOWN, 40 * MS);
		talk_answer(w, &(struct said){.name = name, .addresses = "198.51.7.9"});
	}
}

#define SAID(...) (&(struct said){.name = "www.example.com", __VA_ARGS__})

/* One answer; how its packet differs is the caller's. */
static struct packet *answered(struct world *w, struct flow *f)
{
	talk_ask(w, f, SAID(.rcode = 0), 500 * MS);
	return world_packet(w, f, DIR_DOWN, 30 * MS);
}

static void finds_a_known_injector_by_one_answer(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	struct packet *p = answered(w, f);
	p->ttl = 119;
	p->ip_df = false;
	p->ip_id = 0x65b0;
	talk_answer(w, SAID(.addresses = "203.0.114.9", .aa = true, .ttl = 60));
	usual(w, f, 1); /* the answer that shows it comes later */
	const struct finding *d = world_finding(w, "dns_injector_fingerprint");
	assert_non_null(d);
	assert_int_equal(d->kind, KIND_MATCH);
	assert_int_equal(d->score_db, 6 + 3 + 3 + 10);
	assert_int_equal(d->suspect_count, 1);
	assert_int_equal(d->suspects[0].number, 2);
	assert_int_equal(d->trigger.number, 1);
	assert_string_equal(d->name, "www.example.com");
	assert_string_equal(finding_detail_value(d, "differs"), "ttl|df|aa");
	assert_string_equal(finding_detail_value(d, "injector"), "one");
	assert_int_equal(d->signature_count, 1);
	assert_string_equal(d->signatures[0]->id, "one");
	assert_int_equal(d->facts.ttl_baseline, USUAL_TTL);
	assert_int_equal(world_findings(w), 1);
}

static void one_look(struct world *w, const struct said *s, uint8_t ttl)
{
	struct flow *f = resolver(w);
	struct packet *p = answered(w, f);
	p->ttl = ttl;
	p->ip_df = false;
	talk_answer(w, s);
	usual(w, f, 1);
}

static void needs_every_field_of_a_row(void **state)
{
	one_look(*state, SAID(.addresses = "203.0.114.9", .aa = true, .ttl = 61), 119);
	assert_int_equal(world_findings(*state), 0);
}

static void looks_for_what_the_rows_say(void **state)
{
	struct world *w = *state;
	world_close(w);
	world_open(w, &detector_dns_injection, RULE("mine", "dns-ttl = 61", "hit"));
	one_look(w, SAID(.addresses = "203.0.114.9", .aa = true, .ttl = 61), 119);
	const struct finding *d = world_finding(w, "dns_injector_fingerprint");
	assert_non_null(d);
	assert_string_equal(finding_detail_value(d, "injector"), "mine");
}

static void knows_no_injector_without_rows(void **state)
{
	struct world *w = *state;
	world_close(w);
	world_open(w, &detector_dns_injection, RULE("one", "df = no; dns-aa = yes; dns-ttl = 60", "off"));
	one_look(w, SAID(.addresses = "203.0.114.9", .aa = true, .ttl = 60), 119);
	assert_int_equal(world_findings(w), 0);
}

/* A hint is no reason to look at an answer, but weighs with other reasons; it names nobody. */
static void counts_a_hint_beside_a_contradiction(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	usual(w, f, 2);
	world_packet(w, f, DIR_UP, 500 * MS)->ttl = 59;
	talk_query(w, SAID(.rcode = 0));
	struct packet *p = world_packet(w, f, DIR_DOWN, 30 * MS);
	p->ttl = 59;
	p->ip_df = false;
	talk_answer(w, SAID(.addresses = "203.0.114.9"));
	const struct finding *d = world_finding(w, "dns_injector_fingerprint");
	assert_non_null(d);
	assert_int_equal(d->kind, KIND_CONTRADICTION);
	assert_int_equal(d->score_db, 13 + 6 + 3);
	assert_int_equal(finding_term_db(d, "E12d"), 0);
	assert_int_equal(d->signature_count, 0);
	assert_string_equal(finding_detail_value(d, "hint"), "mirror");
}

static void believes_a_hint_alone(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	usual(w, f, 2);
	world_packet(w, f, DIR_UP, 500 * MS)->ttl = USUAL_TTL;
	talk_query(w, SAID(.rcode = 0));
	world_packet(w, f, DIR_DOWN, 30 * MS);
	talk_answer(w, SAID(.addresses = "203.0.114.9", .aa = true, .ttl = 60));
	assert_int_equal(world_findings(w), 0);
}

/* Another answer of the resolver, then one without an IP-ID. */
static const struct finding *no_id_beside(struct world *w, bool other_counts)
{
	struct flow *f = resolver(w);
	talk_ask(w, f, &(struct said){.name = "n.example.org"}, 100 * MS);
	struct packet *p = world_packet(w, f, DIR_DOWN, 40 * MS);
	p->ip_id = other_counts ? p->ip_id : 0;
	talk_answer(w, &(struct said){.name = "n.example.org", .addresses = "198.51.7.9"});
	p = answered(w, f);
	p->ip_id = 0;
	p->ip_df = false;
	p->ttl = 57;
	talk_answer(w, SAID(.addresses = "203.0.114.9"));
	return world_finding(w, "dns_injector_fingerprint");
}

static void finds_a_missing_id_where_others_have_one(void **state)
{
	const struct finding *d = no_id_beside(*state, true);
	assert_non_null(d);
	assert_int_equal(d->kind, KIND_MATCH);
	assert_string_equal(d->signatures[0]->id, "no-id");
}

static void believes_a_missing_id_where_others_lack_one(void **state)
{
	assert_null(no_id_beside(*state, false));
}

/* The same fields, from the machine that always answers. */
static void believes_fields_of_the_resolver_itself(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	answered(w, f)->ip_df = true;
	talk_answer(w, SAID(.addresses = "203.0.114.9", .aa = true, .ttl = 60));
	usual(w, f, 5);
	assert_int_equal(world_findings(w), 0);
}

static void takes_fields_alone_for_a_symptom(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	answered(w, f)->ip_df = false;
	talk_answer(w, SAID(.addresses = "203.0.114.9", .aa = true, .ttl = 60));
	const struct finding *d = world_finding(w, "dns_injector_fingerprint");
	assert_non_null(d);
	assert_int_equal(d->kind, KIND_SYMPTOM);
	assert_int_equal(d->label, LABEL_WEAK);
	assert_int_equal(d->signature_count, 0);
}

/* A machine that never counts its datagrams and clears DF. */
static void believes_a_resolver_without_ids(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	for (int i = 0; i < 5; i++) {
		char name[32];
		snprintf(name, sizeof name, "n%d.example.org", i);
		talk_ask(w, f, &(struct said){.name = name}, 100 * MS);
		struct packet *p = world_packet(w, f, DIR_DOWN, 40 * MS);
		p->ip_df = false;
		p->ip_id = 0;
		p->ttl = i == 3 ? 54 : 52;
		talk_answer(w, &(struct said){.name = name, .addresses = "198.51.7.9"});
	}
	assert_int_equal(world_findings(w), 0);
}

static void says_nothing_without_other_answers(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	struct packet *p = answered(w, f);
	p->ttl = 119;
	p->ip_df = false;
	talk_answer(w, SAID(.addresses = "203.0.114.9"));
	assert_int_equal(world_findings(w), 0);
}

static void finds_it_in_ipv6(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver6(w);
	usual(w, f, 2);
	answered(w, f)->ttl = 119;
	talk_answer(w, SAID(.addresses = "203.0.114.9", .aa = true, .ttl = 60));
	const struct finding *d = world_finding(w, "dns_injector_fingerprint");
	assert_non_null(d);
	assert_int_equal(d->kind, KIND_CONTRADICTION);
	assert_int_equal(d->score_db, 13 + 3 + 3);
	assert_string_equal(finding_detail_value(d, "hint"), "aa60");
}

static void finds_two_differences_in_the_header(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	usual(w, f, 2);
	struct packet *p = answered(w, f);
	p->ttl = 59;
	p->ip_df = false;
	talk_answer(w, SAID(.addresses = "203.0.114.9"));
	const struct finding *d = world_finding(w, "dns_injector_fingerprint");
	assert_non_null(d);
	assert_int_equal(d->kind, KIND_CONTRADICTION);
	assert_int_equal(d->score_db, 19);
}

/* The TTL is copied; the counter cannot be. */
static void finds_a_counter_that_is_left(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	usual(w, f, 4);
	struct packet *p = answered(w, f);
	p->ip_id = 9;
	p->ip_df = false;
	talk_answer(w, SAID(.addresses = "203.0.114.9"));
	usual(w, f, 2);
	const struct finding *d = world_finding(w, "dns_injector_fingerprint");
	assert_non_null(d);
	assert_int_equal(finding_term_db(d, "E03"), 10);
	assert_int_equal(finding_term_db(d, "E02b"), 0);
	assert_string_equal(finding_detail_value(d, "differs"), "df|ip_id|time");
}

static void takes_one_ttl_for_a_symptom(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	usual(w, f, 3);
	answered(w, f)->ttl = 60;
	talk_answer(w, SAID(.addresses = "203.0.114.9"));
	const struct finding *d = world_finding(w, "dns_injector_fingerprint");
	assert_non_null(d);
	assert_int_equal(d->kind, KIND_SYMPTOM);
	assert_int_equal(d->label, LABEL_WEAK);
}

/* Two sites of an anycast resolver take turns. */
static void ignores_several_machines_of_a_resolver(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	for (int i = 0; i < 8; i++) {
		char name[32];
		snprintf(name, sizeof name, "n%d.example.org", i);
		talk_ask(w, f, &(struct said){.name = name}, 100 * MS);
		struct packet *p = world_packet(w, f, DIR_DOWN, 40 * MS);
		p->ttl = i % 2 ? 52 : 57;
		p->ip_df = i % 2;
		talk_answer(w, &(struct said){.name = name, .addresses = "198.51.7.9"});
	}
	assert_int_equal(world_findings(w), 0);
}

/* Another path, another counter, the same settings. */
static void ignores_a_sister_machine(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	usual(w, f, 4);
	struct packet *p = answered(w, f);
	p->ttl = 55;
	p->ip_id = 77;
	talk_answer(w, SAID(.addresses = "198.51.7.1"));
	usual(w, f, 3);
	p = answered(w, f);
	p->ttl = 55;
	p->ip_id = 78;
	talk_answer(w, SAID(.rcode = NXDOMAIN));
	assert_int_equal(world_findings(w), 0);
}

/* The login portal of a network answers for the resolver, until the client has logged in. */
static void accuses_nobody_of_a_portal(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	struct packet *p = answered(w, f);
	p->ttl = 64;
	p->ip_df = false;
	talk_answer(w, SAID(.addresses = "203.0.114.9"));
	usual(w, f, 4);
	const struct finding *d = world_finding(w, "local_interference");
	assert_non_null(d);
	assert_int_equal(d->kind, KIND_INFORMATIONAL);
	assert_int_equal(d->label, LABEL_NONE);
	assert_int_equal(world_findings(w), 1);
}

/* Most answers are the portal's: the genuine ones that follow are not the odd ones. */
static void believes_what_follows_a_portal(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	for (int i = 0; i < 4; i++) {
		char name[32];
		snprintf(name, sizeof name, "n%d.example.org", i);
		talk_ask(w, f, &(struct said){.name = name}, 100 * MS);
		struct packet *p = world_packet(w, f, DIR_DOWN, 2 * MS);
		p->ttl = 64;
		p->ip_df = false;
		talk_answer(w, &(struct said){.name = name, .addresses = "203.0.114.9"});
	}
	answered(w, f);
	talk_answer(w, SAID(.addresses = "198.51.7.1"));
	assert_int_equal(world_findings(w), 0);
}

static void ignores_df_of_a_large_answer(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	static char many[500];
	usual(w, f, 3);
	struct packet *p = answered(w, f);
	p->ttl = 54;
	p->ip_df = false;
	memset(many, 'x', sizeof many - 1);
	talk_answer(w, SAID(.addresses = "198.51.7.1", .trailing = 500));
	const struct finding *d = world_finding(w, "dns_injector_fingerprint");
	assert_null(d);
}

static void finds_a_forged_code(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	usual(w, f, 1);
	struct packet *p = answered(w, f);
	p->ttl = 59;
	p->ip_df = false;
	talk_answer(w, SAID(.rcode = NXDOMAIN));
	usual(w, f, 1);
	const struct finding *d = world_finding(w, "dns_rcode_injected");
	assert_non_null(d);
	assert_int_equal(d->kind, KIND_CONTRADICTION);
	assert_int_equal(d->label, LABEL_MODERATE);
	assert_string_equal(finding_detail_value(d, "answer"), "NXDOMAIN");
	assert_int_equal(world_findings(w), 1);
}

static void believes_codes_of_the_resolver(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	static const uint16_t codes[] = {NXDOMAIN, REFUSED, SERVFAIL};
	usual(w, f, 3);
	for (size_t i = 0; i < 3; i++) {
		char name[32];
		snprintf(name, sizeof name, "none%zu.example.com", i);
		talk_ask(w, f, &(struct said){.name = name}, 500 * MS);
		world_packet(w, f, DIR_DOWN, 30 * MS);
		talk_answer(w, &(struct said){.name = name, .rcode = codes[i]});
	}
	assert_int_equal(world_findings(w), 0);
}

static void contradicts_a_code_by_a_second_answer(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	answered(w, f)->ttl = 80;
	talk_answer(w, SAID(.rcode = NXDOMAIN));
	world_packet(w, f, DIR_DOWN, 30 * MS);
	talk_answer(w, SAID(.addresses = "198.51.7.1"));
	const struct finding *d = world_finding(w, "dns_rcode_injected");
	assert_non_null(d);
	assert_int_equal(d->score_db, 35);
	assert_int_equal(d->suspects[0].number, 2);
	assert_non_null(world_finding(w, "dns_dual_answer"));
}

static void finds_stray_memory_behind_a_forged_answer(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	answered(w, f)->ttl = 90;
	talk_answer(w, SAID(.addresses = "203.0.113.66", .trailing = 40));
	const struct finding *d = world_finding(w, "dns_trailing_garbage");
	assert_non_null(d);
	assert_int_equal(d->kind, KIND_MATCH);
	assert_int_equal(d->label, LABEL_MODERATE);
	assert_string_equal(finding_detail_value(d, "trailing"), "40");
	assert_string_equal(d->signatures[0]->id, "bleed");
}

static void knows_no_forger_of_so_many_stray_bytes(void **state)
{
	struct world *w = *state;
	world_close(w);
	world_open(w, &detector_dns_injection,
	           SIGNATURE_ROW("pool", "dns", "answer", "eq", "203.0.113.66", "", "injected", "CN", "hit")
	               RULE("bleed", "dns-trailing = 1..39", "hit"));
	answered(w, resolver(w))->ttl = 90;
	talk_answer(w, SAID(.addresses = "203.0.113.66", .trailing = 40));
	const struct finding *d = world_finding(w, "dns_trailing_garbage");
	assert_non_null(d);
	assert_int_equal(d->kind, KIND_SYMPTOM);
}

/* A sister machine with a fault: no field of its own header is an injector's. */
static void takes_stray_bytes_and_another_ttl_for_a_symptom(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	usual(w, f, 3);
	answered(w, f)->ttl = 55;
	talk_answer(w, SAID(.addresses = "198.51.7.1", .trailing = 12));
	assert_int_equal(world_finding(w, "dns_trailing_garbage")->kind, KIND_SYMPTOM);
	assert_null(world_finding(w, "dns_injector_fingerprint"));
}

static void takes_stray_bytes_alone_for_a_symptom(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	answered(w, f);
	talk_answer(w, SAID(.addresses = "198.51.7.1", .trailing = 12));
	const struct finding *d = world_finding(w, "dns_trailing_garbage");
	assert_non_null(d);
	assert_int_equal(d->kind, KIND_SYMPTOM);
	assert_int_equal(d->label, LABEL_WEAK);
}

static void every_query_is_an_attempt(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	usual(w, f, 1);
	answered(w, f);
	talk_answer(w, SAID(.rcode = REFUSED));
	talk_ask(w, f, &(struct said){.name = "silent.example.com"}, 10 * MS);
	world_packet(w, f, DIR_UP, 6000 * MS);
	world_finish(w);
	assert_int_equal(w->attempts.count, 3);
	assert_int_equal(w->attempts.items[0].outcome, ATTEMPT_ANSWERED);
	assert_int_equal(w->attempts.items[1].outcome, ATTEMPT_TURNED_AWAY);
	assert_int_equal(w->attempts.items[1].rcode, REFUSED);
	assert_string_equal(w->attempts.items[1].name, "www.example.com");
	assert_int_equal(w->attempts.items[2].outcome, ATTEMPT_SILENCE);
	for (size_t i = 0; i < 3; i++)
		assert_true(w->attempts.items[i].flags & ATTEMPT_DNS_QUERY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
	    TEST(finds_a_known_injector_by_one_answer),
	    TEST(needs_every_field_of_a_row),
	    TEST(looks_for_what_the_rows_say),
	    TEST(knows_no_injector_without_rows),
	    TEST(counts_a_hint_beside_a_contradiction),
	    TEST(believes_a_hint_alone),
	    TEST(finds_a_missing_id_where_others_have_one),
	    TEST(believes_a_missing_id_where_others_lack_one),
	    TEST(believes_fields_of_the_resolver_itself),
	    TEST(takes_fields_alone_for_a_symptom),
	    TEST(believes_a_resolver_without_ids),
	    TEST(says_nothing_without_other_answers),
	    TEST(finds_it_in_ipv6),
	    TEST(finds_two_differences_in_the_header),
	    TEST(finds_a_counter_that_is_left),
	    TEST(takes_one_ttl_for_a_symptom),
	    TEST(ignores_several_machines_of_a_resolver),
	    TEST(ignores_a_sister_machine),
	    TEST(accuses_nobody_of_a_portal),
	    TEST(believes_what_follows_a_portal),
	    TEST(ignores_df_of_a_large_answer),
	    TEST(finds_a_forged_code),
	    TEST(believes_codes_of_the_resolver),
	    TEST(contradicts_a_code_by_a_second_answer),
	    TEST(finds_stray_memory_behind_a_forged_answer),
	    TEST(knows_no_forger_of_so_many_stray_bytes),
	    TEST(takes_stray_bytes_alone_for_a_symptom),
	    TEST(takes_stray_bytes_and_another_ttl_for_a_symptom),
	    TEST(every_query_is_an_attempt),
#undef TEST
	};
	return cmocka_run_group_tests_name("dns_lone", tests, NULL, NULL);
}
