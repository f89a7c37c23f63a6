/* dns_dual_answer, dns_bogon_answer, dns_known_forged_ip: what fires, and every innocent look-alike that must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "analyzer/detect/dns_address.h"
#include "tests/support/talk.h"

extern const struct detector detector_dns_injection;

enum { A = DNS_TYPE_A, AAAA = DNS_TYPE_AAAA, SERVFAIL = 2, NXDOMAIN = 3, MS = 1000 };

static const char rows[] =
    SIGNATURE_ROW("pool", "dns", "answer", "eq", "203.0.113.66", "owner.example.com", "injected", "CN",
                  "hit") SIGNATURE_ROW("iran", "dns", "answer", "eq", "10.10.34.35", "", "national", "IR", "hit")
        SIGNATURE_ROW("national", "dns", "answer", "eq", "203.0.113.77", "owner.example.com", "national", "CN", "hit")
            SIGNATURE_ROW("maybe", "dns", "answer", "eq", "203.0.113.99", "", "unclear", "CN", "hint")
                SIGNATURE_ROW("cname", "dns", "cname", "full", "blocked.isp.example", "", "isp", "RU", "hit")
                    SIGNATURE_ROW("error", "dns", "answer", "eq", "203.0.113.50", "", "benign", "", "fp")
                        SIGNATURE_ROW("one", "dns", "rule", "eq", "df = no; dns-aa = yes; dns-ttl = 60", "", "national",
                                      "CN", "hit");

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

static void ask(struct world *w, struct flow *f, const char *name, uint16_t type, int64_t after_us)
{
	talk_ask(w, f, &(struct said){.name = name, .type = type}, after_us);
}

static void hear(struct world *w, struct flow *f, const struct said *s, int64_t after_us, uint8_t ttl)
{
	world_packet(w, f, DIR_DOWN, after_us)->ttl = ttl;
	talk_answer(w, s);
}

static struct flow *resolver(struct world *w)
{
	return world_flow(w, IPPROTO_UDP, "192.0.2.7", 40000, "198.51.100.53", 53);
}

#define SAID(...) (&(struct said){.name = "www.example.com", __VA_ARGS__})

/* Two forged answers and the genuine one, as seen behind the Chinese border. */
static void finds_two_forged_answers_and_the_genuine_one(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.addresses = "203.0.113.66"), 8 * MS, 83);
	hear(w, f, SAID(.addresses = "203.0.114.9"), MS, 90);
	hear(w, f, SAID(.addresses = "198.51.7.1 198.51.7.2", .cname = "cdn.example.net"), 200 * MS, 52);
	const struct finding *d = world_finding(w, "dns_dual_answer");
	assert_non_null(d);
	assert_int_equal(d->kind, KIND_CONTRADICTION);
	assert_int_equal(d->score_db, 38);
	assert_int_equal(d->label, LABEL_STRONG);
	assert_int_equal(d->suspect_count, 2);
	assert_int_equal(d->suspects[0].number, 2);
	assert_int_equal(d->suspects[1].number, 3);
	assert_int_equal(d->evidence_count, 2);
	assert_int_equal(d->evidence[0].number, 1);
	assert_int_equal(d->evidence[1].number, 4);
	assert_int_equal(d->trigger.number, 1);
	assert_string_equal(d->name, "www.example.com");
	assert_int_equal(d->name_source, NAME_DNS);
	assert_true(d->to_client);
	assert_int_equal(d->facts.ttl, 83);
	assert_int_equal(d->facts.delta_us, 8 * MS);
	assert_string_equal(finding_detail_value(d, "answers"), "203.0.113.66|203.0.114.9|198.51.7.1,198.51.7.2");
	assert_string_equal(finding_detail_value(d, "n_answers"), "3");
	assert_string_equal(finding_detail_value(d, "first_us"), "8000");
	assert_string_equal(finding_detail_value(d, "gap_us"), "201000");
	assert_string_equal(finding_detail_value(d, "rcodes"), "NOERROR|NOERROR|NOERROR");
	assert_string_equal(d->signatures[0]->id, "pool");
	assert_int_equal(d->guards_failed, 0);
	const struct finding *known = world_finding(w, "dns_known_forged_ip");
	assert_non_null(known);
	assert_int_equal(known->suspect_count, 1);
	assert_int_equal(known->score_db, 15);
	assert_int_equal(known->label, LABEL_MODERATE);
	assert_int_equal(world_findings(w), 2);
	assert_int_equal(world_tested(w, "dns_dual_answer"), 1);
	assert_int_equal(world_tested(w, "dns_bogon_answer"), 1);
	assert_int_equal(world_tested(w, "dns_known_forged_ip"), 1);
}

static void takes_the_first_for_forged_without_other_signs(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.rcode = NXDOMAIN), 8 * MS, 52);
	hear(w, f, SAID(.addresses = "198.51.7.1"), 30 * MS, 52);
	const struct finding *d = world_finding(w, "dns_dual_answer");
	assert_non_null(d);
	assert_int_equal(d->suspects[0].number, 2);
	assert_int_equal(d->score_db, 35);
	assert_int_equal(d->label, LABEL_STRONG);
	assert_string_equal(finding_detail_value(d, "answers"), "NXDOMAIN|198.51.7.1");
}

static void knows_a_late_forged_answer_by_signature(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.addresses = "198.51.7.1"), 8 * MS, 52);
	hear(w, f, SAID(.addresses = "203.0.113.66"), MS, 52);
	const struct finding *d = world_finding(w, "dns_dual_answer");
	assert_int_equal(d->suspect_count, 1);
	assert_int_equal(d->suspects[0].number, 3);
	assert_int_equal(d->evidence[1].number, 2);
}

static void finds_an_address_beside_an_answer_without(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", AAAA, 0);
	hear(w, f, SAID(.type = AAAA, .addresses = "2001::1f0d:5a21"), 8 * MS, 83);
	hear(w, f, SAID(.type = AAAA), 100 * MS, 52);
	const struct finding *d = world_finding(w, "dns_dual_answer");
	assert_non_null(d);
	assert_int_equal(d->suspects[0].number, 2);
	assert_int_equal(finding_term_db(d, "E12b"), 10);
	const struct finding *b = world_finding(w, "dns_bogon_answer");
	assert_non_null(b);
	assert_string_equal(finding_detail_value(b, "bogon_class"), "teredo");
	assert_int_equal(b->label, LABEL_WEAK);
}

/* Five earlier queries teach the resolver's TTL and pace; `late`: as long before. */
static void teach(struct world *w, struct flow *f, uint8_t ttl)
{
	for (uint16_t i = 0; i < 5; i++) {
		char name[32];
		snprintf(name, sizeof name, "n%d.example.com", i);
		ask(w, f, name, A, 100 * MS);
		hear(w, f, &(struct said){.name = name, .type = A, .addresses = "198.51.9.9"}, 60 * MS, ttl);
	}
	world_packet(w, f, DIR_UP, 16000 * MS);
}

static void adds_time_and_ttl_of_the_resolver(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	teach(w, f, 52);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.addresses = "203.0.114.9"), 9 * MS, 83);
	hear(w, f, SAID(.addresses = "198.51.7.1"), 60 * MS, 52);
	const struct finding *d = world_finding(w, "dns_dual_answer");
	assert_int_equal(finding_term_db(d, "E01"), 25);
	assert_int_equal(finding_term_db(d, "E02b"), 13);
	assert_int_equal(d->score_db, 60);
	assert_int_equal(d->facts.ttl_baseline, 52);
	assert_int_equal(d->facts.rtt_min_us, 60 * MS);
	assert_int_equal(d->facts.rtt_samples, 5);
	assert_non_null(world_finding(w, "dns_injector_fingerprint"));
	assert_int_equal(world_findings(w), 2);
}

static void believes_the_resolvers_ttl_over_the_order(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	teach(w, f, 52);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.addresses = "198.51.7.1"), 60 * MS, 52);
	hear(w, f, SAID(.addresses = "203.0.114.9"), 9 * MS, 83);
	const struct finding *d = world_finding(w, "dns_dual_answer");
	assert_int_equal(d->suspect_count, 1);
	assert_int_equal(d->facts.ttl, 83);
	assert_int_equal(finding_term_db(d, "E01"), 0);
}

static void does_not_time_a_repeated_query(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	teach(w, f, 52);
	ask(w, f, "www.example.com", A, 0);
	ask(w, f, "www.example.com", A, 1000 * MS);
	hear(w, f, SAID(.addresses = "203.0.114.9"), 2 * MS, 52);
	hear(w, f, SAID(.addresses = "203.0.115.9"), 2 * MS, 52);
	hear(w, f, SAID(.addresses = "198.51.7.1"), 60 * MS, 52);
	const struct finding *d = world_finding(w, "dns_dual_answer");
	assert_non_null(d);
	assert_int_equal(finding_term_db(d, "E01"), 0);
	assert_int_equal(d->evidence_count, 3);
}

static void has_no_usual_ttl_where_several_hosts_answer(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	teach(w, f, 52);
	teach(w, f, 57);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.addresses = "203.0.114.9"), 55 * MS, 83);
	hear(w, f, SAID(.addresses = "198.51.7.1"), 60 * MS, 52);
	const struct finding *d = world_finding(w, "dns_dual_answer");
	assert_int_equal(d->score_db, 35);
	assert_int_equal(d->facts.known & FACT_TTL_BASELINE, 0);
}

static void adds_fields_and_a_mirrored_id(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	uint16_t id = w->packet.ip_id;
	struct packet *p = world_packet(w, f, DIR_DOWN, 8 * MS);
	p->ip_df = false;
	p->ip_id = id;
	talk_answer(w, SAID(.addresses = "203.0.114.9", .aa = true, .ttl = 60));
	hear(w, f, SAID(.addresses = "198.51.7.1"), 60 * MS, 52);
	const struct finding *d = world_finding(w, "dns_dual_answer");
	assert_int_equal(finding_term_db(d, "E12d"), 10);
	assert_int_equal(finding_term_db(d, "E03b"), 25);
	assert_string_equal(finding_detail_value(d, "injector"), "one");
	assert_string_equal(d->signatures[0]->id, "one");
	assert_int_equal(d->label, LABEL_VERY_STRONG);
	assert_false(d->facts.df);
}

static void hear_marked(struct world *w, struct flow *f, const struct said *s)
{
	world_packet(w, f, DIR_DOWN, 8 * MS)->ip_df = false;
	talk_answer(w, s);
}

/* What every answer to the query has tells none from another. */
static void ignores_fields_that_both_answers_have(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	hear_marked(w, f, SAID(.addresses = "203.0.114.9", .aa = true, .ttl = 60));
	hear_marked(w, f, SAID(.addresses = "198.51.7.1", .aa = true, .ttl = 60));
	const struct finding *d = world_finding(w, "dns_dual_answer");
	assert_non_null(d);
	assert_int_equal(finding_term_db(d, "E12d"), 0);
	assert_int_equal(d->signature_count, 0);
}

/* A server asked for its own zone, and one name of it is known from forged answers. */
static const struct finding *known_behind(struct world *w, bool marked)
{
	struct flow *f = resolver(w);
	ask(w, f, "other.example.com", A, 0);
	hear_marked(w, f,
	            &(struct said){.name = "other.example.com", .addresses = "198.51.7.1", .aa = marked, .ttl = 60});
	world_packet(w, f, DIR_UP, 16000 * MS);
	ask(w, f, "www.example.com", A, 0);
	hear_marked(w, f, SAID(.addresses = "203.0.113.66", .aa = true, .ttl = 60));
	return world_finding(w, "dns_known_forged_ip");
}

static void adds_fields_to_a_known_address(void **state)
{
	const struct finding *d = known_behind(*state, false);
	assert_int_equal(finding_term_db(d, "E12d"), 10);
	assert_string_equal(d->signatures[0]->id, "pool");
	assert_string_equal(d->signatures[1]->id, "one");
}

static void ignores_fields_that_the_server_always_has(void **state)
{
	const struct finding *d = known_behind(*state, true);
	assert_int_equal(finding_term_db(d, "E12d"), 0);
	assert_int_equal(d->signature_count, 1);
}

/* The row is national, and the address only odd: nobody is named. */
static void names_no_injector_of_an_odd_address(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	hear_marked(w, f, SAID(.addresses = "10.1.2.3", .aa = true, .ttl = 60));
	const struct finding *d = world_finding(w, "dns_bogon_answer");
	assert_int_equal(d->kind, KIND_SYMPTOM);
	assert_int_equal(d->signature_count, 0);
}

/* The genuine answer was not captured: what is too quick is forged, all of it. */
static void suspects_all_hasty_answers(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	teach(w, f, 52);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.addresses = "203.0.114.9"), 8 * MS, 52);
	hear(w, f, SAID(.addresses = "203.0.115.9"), MS, 52);
	const struct finding *d = world_finding(w, "dns_dual_answer");
	assert_int_equal(d->suspect_count, 2);
}

static void counts_repeats_of_a_forged_answer(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	for (int i = 0; i < 3; i++)
		hear(w, f, SAID(.addresses = "203.0.114.9"), 8 * MS, 83);
	hear(w, f, SAID(.addresses = "198.51.7.1"), MS, 52);
	const struct finding *d = world_finding(w, "dns_dual_answer");
	assert_int_equal(d->copies, 3);
	assert_int_equal(d->suspect_count, 3);
	assert_string_equal(finding_detail_value(d, "n_answers"), "2");
}

static void counts_a_burst_of_three_ttls(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.addresses = "203.0.114.9"), 8 * MS, 101);
	hear(w, f, SAID(.addresses = "203.0.115.9"), MS, 102);
	hear(w, f, SAID(.addresses = "203.0.116.9"), MS, 103);
	hear(w, f, SAID(.addresses = "198.51.7.1"), 60 * MS, 52);
	const struct finding *d = world_finding(w, "dns_dual_answer");
	assert_int_equal(finding_term_db(d, "E02c"), 20);
	assert_int_equal(d->suspect_count, 3);
	assert_int_equal(d->copies, 3);
}

/* Look-alikes of two answers. */

static void ignores_a_second_capture_of_the_answer(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.addresses = "198.51.7.1"), 30 * MS, 52);
	hear(w, f, SAID(.addresses = "198.51.7.1"), 1, 51);
	assert_int_equal(world_findings(w), 0);
}

static void ignores_rotation_within_one_network(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.addresses = "198.51.7.1"), 30 * MS, 52);
	hear(w, f, SAID(.addresses = "198.51.7.200"), MS, 52);
	ask(w, f, "www.example.com", AAAA, MS);
	hear(w, f, SAID(.type = AAAA, .addresses = "2620:0:862::1"), 30 * MS, 52);
	hear(w, f, SAID(.type = AAAA, .addresses = "2620:0:862:ed1a::1"), MS, 52);
	assert_int_equal(world_findings(w), 0);
	assert_int_equal(world_tested(w, "dns_dual_answer"), 2);
}

static void ignores_a_common_address(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.addresses = "198.51.7.1 198.51.8.1"), 30 * MS, 52);
	hear(w, f, SAID(.addresses = "198.51.8.1 198.51.9.1", .cname = "cdn.example.net"), MS, 52);
	assert_int_equal(world_findings(w), 0);
}

static void pairs_answers_with_repeated_queries(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	ask(w, f, "www.example.com", A, 900 * MS);
	hear(w, f, SAID(.addresses = "198.51.7.1"), 30 * MS, 52);
	hear(w, f, SAID(.addresses = "198.52.7.1"), MS, 52);
	assert_int_equal(world_findings(w), 0);
}

static void pairs_a_question_asked_again_later(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	for (int i = 0; i < 4; i++) {
		char address[32];
		snprintf(address, sizeof address, "198.%d.7.1", 51 + i);
		ask(w, f, "www.example.com", A, 1000 * MS);
		hear(w, f, SAID(.addresses = address), 30 * MS, 52);
	}
	assert_int_equal(world_findings(w), 0);
}

static void finds_a_surplus_behind_a_repeated_query(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	ask(w, f, "www.example.com", A, 900 * MS);
	hear(w, f, SAID(.addresses = "203.0.114.9"), 8 * MS, 83);
	hear(w, f, SAID(.addresses = "203.0.115.9"), MS, 83);
	hear(w, f, SAID(.addresses = "198.52.7.1"), 60 * MS, 52);
	assert_non_null(world_finding(w, "dns_dual_answer"));
}

static void counts_a_copied_query_once(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	uint16_t id = w->packet.ip_id;
	world_packet(w, f, DIR_UP, 20)->ip_id = id;
	talk_query(w, SAID(.addresses = NULL));
	hear(w, f, SAID(.addresses = "203.0.114.9"), 8 * MS, 83);
	hear(w, f, SAID(.addresses = "198.52.7.1"), 60 * MS, 52);
	assert_non_null(world_finding(w, "dns_dual_answer"));
}

static void ignores_answers_far_apart(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.addresses = "198.51.7.1"), 30 * MS, 52);
	hear(w, f, SAID(.addresses = "198.52.7.1"), 5001 * MS, 52);
	assert_int_equal(world_findings(w), 0);
}

static void stays_moderate_where_a_retry_may_be_lost(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.addresses = "198.51.7.1"), 30 * MS, 53);
	hear(w, f, SAID(.addresses = "198.52.7.1"), 1001 * MS, 52);
	const struct finding *d = world_finding(w, "dns_dual_answer");
	assert_non_null(d);
	assert_int_equal(d->label, LABEL_MODERATE);
	assert_true(d->alternatives & 1U << ALT_LOST_RETRY);
	assert_true(d->guards_failed & 1U << GUARD_CAPTURE_LOSS);
}

/* The capture lost the client's second query, and the content network answered it otherwise. */
static void doubts_two_answers_of_one_counter(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.addresses = "198.51.7.1"), 30 * MS, 52);
	hear(w, f, SAID(.addresses = "198.52.7.1"), 100 * MS, 52);
	const struct finding *d = world_finding(w, "dns_dual_answer");
	assert_non_null(d);
	assert_int_equal(d->score_db, 4);
	assert_int_equal(d->label, LABEL_WEAK);
	assert_true(d->alternatives & 1U << ALT_LOST_RETRY);
}

/* A forger may copy the TTL, and not the counter. */
static void believes_two_answers_of_two_counters(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.addresses = "198.51.7.1"), 30 * MS, 52);
	world_packet(w, f, DIR_DOWN, 100 * MS)->ip_id = 777;
	talk_answer(w, SAID(.addresses = "198.52.7.1"));
	const struct finding *d = world_finding(w, "dns_dual_answer");
	assert_non_null(d);
	assert_int_equal(d->score_db, 35);
}

static void ignores_a_truncated_answer_before_the_whole(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.tc = true), 30 * MS, 52);
	hear(w, f, SAID(.addresses = "198.52.7.1"), 30 * MS, 52);
	assert_int_equal(world_findings(w), 0);
}

static void ignores_an_answer_cut_by_the_capture(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.flaws = DNS_CUT), 30 * MS, 52);
	hear(w, f, SAID(.addresses = "198.52.7.1"), 30 * MS, 52);
	assert_int_equal(world_findings(w), 0);
}

static void halves_for_a_servfail(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.rcode = SERVFAIL), 30 * MS, 52);
	hear(w, f, SAID(.addresses = "198.52.7.1"), 30 * MS, 52);
	const struct finding *d = world_finding(w, "dns_dual_answer");
	assert_non_null(d);
	assert_int_equal(d->score_db, 17);
	assert_int_equal(d->label, LABEL_MODERATE);
	assert_true(d->alternatives & 1U << ALT_LOAD_BALANCER);
}

static void ignores_other_transactions(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w), *g = world_flow(w, IPPROTO_UDP, "192.0.2.7", 40001, "198.51.100.53", 53);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.addresses = "198.51.7.1"), 30 * MS, 52);
	hear(w, g, SAID(.addresses = "198.52.7.1"), MS, 52);          /* another port */
	hear(w, f, SAID(.addresses = "198.52.7.1", .id = 7), MS, 52); /* another id */
	hear(w, f, &(struct said){.name = "example.com", .type = A, .addresses = "198.52.7.1"}, MS, 52);
	hear(w, f, SAID(.type = AAAA, .addresses = "2620::1"), MS, 52); /* another type */
	world_packet(w, f, DIR_UP, MS);                                 /* a response that the client sends */
	talk_answer(w, SAID(.addresses = "198.52.7.1"));
	assert_int_equal(world_findings(w), 0);
}

static void compares_names_without_case(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "wWw.ExAmPlE.com", A, 0);
	hear(w, f, SAID(.addresses = "203.0.114.9"), 8 * MS, 52);
	hear(w, f, &(struct said){.name = "wWw.ExAmPlE.com", .type = A, .addresses = "198.52.7.1"}, MS, 52);
	assert_non_null(world_finding(w, "dns_dual_answer"));
}

static void leaves_out_multicast_and_local_services(void **state)
{
	struct world *w = *state;
	static const struct {
		const char *server;
		uint16_t port;
	} to[] = {{"198.51.100.1", 5353}, {"198.51.100.1", 5355},  {"198.51.100.1", 137},
	          {"224.0.0.251", 53},    {"255.255.255.255", 53}, {"ff02::fb", 53}};
	for (size_t i = 0; i < sizeof to / sizeof to[0]; i++) {
		bool v6 = strchr(to[i].server, ':');
		struct flow *f =
		    world_flow(w, IPPROTO_UDP, v6 ? "fe80::1" : "192.0.2.7", 40000, to[i].server, to[i].port);
		ask(w, f, "www.example.com", A, 0);
		hear(w, f, SAID(.addresses = "198.51.7.1"), 30 * MS, 52);
		hear(w, f, SAID(.addresses = "198.52.7.1"), MS, 52);
	}
	assert_int_equal(world_findings(w), 0);
	assert_int_equal(world_tested(w, "dns_dual_answer"), 0);
}

static void compares_only_addresses_asked_for(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", DNS_TYPE_TXT, 0);
	hear(w, f, SAID(.type = DNS_TYPE_TXT), 30 * MS, 52);
	hear(w, f, SAID(.type = DNS_TYPE_TXT, .ttl = 5), MS, 52);
	assert_int_equal(world_findings(w), 0);
}

static void finds_an_address_in_answer_to_another_type(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", DNS_TYPE_MX, 0);
	hear(w, f, SAID(.type = DNS_TYPE_MX, .record_type = A, .addresses = "203.0.114.9"), 8 * MS, 52);
	hear(w, f, SAID(.type = DNS_TYPE_MX), 30 * MS, 52);
	assert_non_null(world_finding(w, "dns_dual_answer"));
}

static void leaves_tcp_to_the_overlap_rule(void **state)
{
	struct world *w = *state;
	struct flow *f = world_flow(w, IPPROTO_TCP, "192.0.2.7", 40000, "198.51.100.53", 53);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.addresses = "198.51.7.1"), 30 * MS, 52);
	hear(w, f, SAID(.addresses = "198.52.7.1", .version = 1), MS, 52);
	assert_int_equal(world_findings(w), 0);
}

static void judges_when_the_time_is_over_and_forgets(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.addresses = "203.0.114.9"), 8 * MS, 83);
	hear(w, f, SAID(.addresses = "198.51.7.1"), MS, 52);
	assert_int_equal(w->candidates.count, 0);
	ask(w, f, "other.example.com", A, 15010 * MS);
	assert_int_equal(w->candidates.count, 1);
	hear(w, f, SAID(.addresses = "198.55.7.1"), MS, 52);
	assert_int_equal(world_findings(w), 1);
}

static void survives_more_queries_than_it_keeps(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	for (int i = 0; i < 5000; i++) {
		char name[32];
		snprintf(name, sizeof name, "n%d.example.com", i);
		ask(w, f, name, A, 1);
		hear(w, f, &(struct said){.name = name, .type = A, .addresses = "203.0.114.9"}, 1, 83);
		hear(w, f, &(struct said){.name = name, .type = A, .addresses = "198.51.7.1"}, 1, 52);
	}
	world_finish(w);
	assert_int_equal(w->tested[mechanism_find("dns_dual_answer") - mechanisms], 5000);
	assert_int_equal(w->candidates.count, 100);
	assert_true(w->candidates.dropped >= 4900); /* and what the log of the capture had no room for */
	assert_int_equal(w->candidates.items[0]->trigger.number, 1);
}

/* DN2. */

static const struct finding *odd_answer(struct world *w, const char *server, const char *name, const char *address,
                                        uint8_t ttl)
{
	struct flow *f = world_flow(w, IPPROTO_UDP, strchr(server, ':') ? "2620::7" : "192.0.2.7", 40000, server, 53);
	uint16_t type = strchr(address, ':') ? AAAA : A;
	ask(w, f, name, type, 0);
	hear(w, f, &(struct said){.name = name, .type = type, .addresses = address}, 30 * MS, ttl);
	world_close_flow(w, f);
	return w->candidates.count ? w->candidates.items[w->candidates.count - 1] : NULL;
}

static void finds_an_odd_address_of_a_public_name(void **state)
{
	struct world *w = *state;
	const struct finding *b = odd_answer(w, "198.51.100.53", "www.example.com", "10.99.0.1", 52);
	world_finish(w);
	assert_non_null(b);
	assert_string_equal(b->mechanism->id, "dns_bogon_answer");
	assert_int_equal(b->kind, KIND_SYMPTOM);
	assert_int_equal(b->score_db, 10);
	assert_int_equal(b->label, LABEL_WEAK); /* it may be a company's own view of its name */
	assert_true(b->alternatives & 1U << ALT_SPLIT_DNS);
	assert_string_equal(finding_detail_value(b, "addr"), "10.99.0.1");
	assert_string_equal(finding_detail_value(b, "bogon_class"), "private");
	assert_string_equal(finding_detail_value(b, "private_target"), "10.99.0.1");
}

/* Names of its own a resolver answers at once, others it has to ask for. */
static void does_not_wonder_at_a_somewhat_early_private_view(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	teach(w, f, 52);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.addresses = "10.99.0.1"), 42 * MS, 52);
	const struct finding *b = world_finding(w, "dns_bogon_answer");
	assert_non_null(b);
	assert_int_equal(finding_term_db(b, "E01b"), 0);
	assert_int_equal(b->label, LABEL_WEAK);
}

static void weighs_a_sink_less(void **state)
{
	struct world *w = *state;
	static const char *const sinks[] = {"0.0.0.0", "127.0.0.1", "::", "::1"};
	for (size_t i = 0; i < 4; i++)
		(void)odd_answer(w, "198.51.100.53", "www.example.com", sinks[i], 52);
	assert_int_equal(world_findings(w), 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(w->candidates.items[i]->score_db, 3);
		assert_int_equal(w->candidates.items[i]->label, LABEL_WEAK);
		assert_true(w->candidates.items[i]->alternatives & 1U << ALT_AD_BLOCKER);
	}
}

static void is_sure_of_a_known_address(void **state)
{
	struct world *w = *state;
	(void)odd_answer(w, "198.51.100.53", "www.example.com", "10.10.34.35", 52);
	const struct finding *b = world_finding(w, "dns_bogon_answer"), *k = world_finding(w, "dns_known_forged_ip");
	assert_int_equal(b->kind, KIND_MATCH);
	assert_int_equal(b->score_db, 35);
	assert_int_equal(b->label, LABEL_STRONG);
	assert_string_equal(b->signatures[0]->id, "iran");
	assert_int_equal(k->score_db, 25);
	assert_int_equal(k->label, LABEL_MODERATELY_STRONG);
}

static void keeps_a_known_address_behind_a_home_router(void **state)
{
	struct world *w = *state;
	(void)odd_answer(w, "192.168.1.1", "www.example.com", "10.10.34.35", 64);
	const struct finding *b = world_finding(w, "dns_bogon_answer");
	assert_int_equal(b->kind, KIND_MATCH);
	assert_int_equal(b->label, LABEL_MODERATELY_STRONG);
	assert_int_equal(b->guards_named, 0); /* the router passed on what it was told */
	assert_string_equal(finding_detail_value(b, "resolver"), "local");
	assert_int_equal(finding_term_db(b, "E12b"), 0);
}

static void accuses_nobody_for_the_own_network(void **state)
{
	struct world *w = *state;
	static const char *const local[] = {"192.168.1.1", "10.0.0.1", "127.0.0.1", "100.64.0.1", "fd00::1"};
	for (size_t i = 0; i < 5; i++)
		(void)odd_answer(w, local[i], "intra.example.com", "10.99.0.1", 60);
	(void)odd_answer(w, "198.51.100.53", "www.example.com", "10.99.0.1", 64); /* made no hop */
	assert_int_equal(world_findings(w), 6);
	for (size_t i = 0; i < 6; i++) {
		const struct finding *b = w->candidates.items[i];
		assert_string_equal(b->mechanism->id, "local_interference");
		assert_int_equal(b->kind, KIND_INFORMATIONAL);
		assert_int_equal(b->label, LABEL_NONE);
	}
}

static void names_a_portal(void **state)
{
	struct world *w = *state;
	(void)odd_answer(w, "198.51.100.53", "captive.apple.com", "10.99.0.1", 52);
	(void)odd_answer(w, "198.51.100.53", "www.example.com", "10.99.0.1", 52);
	(void)odd_answer(w, "198.51.100.53", "www.example.com", "10.98.0.1", 52);
	assert_int_equal(world_findings(w), 3);
	assert_string_equal(w->candidates.items[0]->mechanism->id, "captive_portal");
	assert_string_equal(w->candidates.items[1]->mechanism->id, "captive_portal");
	assert_int_equal(w->candidates.items[1]->label, LABEL_NONE);
	assert_string_equal(w->candidates.items[2]->mechanism->id, "dns_bogon_answer");
}

static void knows_private_names(void **state)
{
	struct world *w = *state;
	static const char *const names[] = {"printer.local",
	                                    "nas.lan",
	                                    "x.home.arpa",
	                                    "db.internal",
	                                    "localhost",
	                                    "a.test",
	                                    "b.invalid",
	                                    "abc.onion",
	                                    "intranet",
	                                    "1.0.0.10.in-addr.arpa",
	                                    "ipv4only.arpa",
	                                    "2.0.0.127.zen.spamhaus.org",
	                                    "4.3.2.1.list.example.org",
	                                    "mail.dnsbl.example.org",
	                                    "app.10.0.0.1.nip.io",
	                                    "dev.localtest.me",
	                                    "fritz.box",
	                                    "x.plex.direct",
	                                    "PRINTER.LOCAL",
	                                    "host.tail1234.ts.net",
	                                    "."};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		(void)odd_answer(w, "198.51.100.53", names[i], "127.0.0.2", 52);
	assert_int_equal(world_findings(w), 0);
	assert_int_equal(world_tested(w, "dns_bogon_answer"), 0);
}

static void is_not_fooled_by_names_that_look_private(void **state)
{
	struct world *w = *state;
	static const char *const names[] = {"notlocal",          "www.thelocal",       "local.example.com",
	                                    "1.2.3.example.com", "nip.io.example.com", "a\\.local.example.com"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		(void)odd_answer(w, "198.51.100.53", names[i], "10.99.0.1", 52);
	assert_int_equal(world_findings(w), 5); /* the first is a single label */
}

static void ignores_addresses_that_are_fine(void **state)
{
	struct world *w = *state;
	static const char *const fine[] = {"192.0.2.1",      "198.51.100.9",    "203.0.113.1",  "2001:db8::1",
	                                   "64:ff9b::a00:1", "100.63.255.255",  "100.128.0.1",  "172.32.0.1",
	                                   "198.20.0.1",     "223.255.255.255", "2001:4860::1", "11.0.0.1"};
	for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++)
		assert_null(odd_answer(w, "198.51.100.53", "www.example.com", fine[i], 52));
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.addresses = "10.0.0.1 198.51.7.1"), 30 * MS, 52); /* one public address is enough */
	ask(w, f, "www.example.com", DNS_TYPE_HTTPS, 0);
	hear(w, f, SAID(.type = DNS_TYPE_HTTPS, .record_type = A, .addresses = "10.0.0.1"), 30 * MS, 52);
	ask(w, f, "any.example.com", DNS_TYPE_ANY, 0);
	hear(w, f,
	     &(struct said){.name = "any.example.com", .type = DNS_TYPE_ANY, .record_type = A, .addresses = "10.0.0.1"},
	     30 * MS, 52);
	assert_int_equal(world_findings(w), 0);
}

static void knows_every_bogon_range(void **state)
{
	(void)state;
	static const struct {
		const char *address, *class;
	} odd[] = {{"0.1.2.3", "this_network"},
	           {"10.255.255.255", "private"},
	           {"100.64.0.0", "shared"},
	           {"100.127.255.255", "shared"},
	           {"127.8.8.8", "loopback"},
	           {"169.254.1.1", "link_local"},
	           {"172.16.0.1", "private"},
	           {"172.31.255.255", "private"},
	           {"192.0.0.170", "protocol"},
	           {"192.168.1.1", "private"},
	           {"198.19.255.1", "benchmark"},
	           {"224.0.0.1", "multicast_reserved"},
	           {"240.0.0.1", "multicast_reserved"},
	           {"::", "unspecified"},
	           {"::1", "loopback"},
	           {"fd12::1", "private"},
	           {"2001:0:1::1", "teredo"}};
	for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
		struct addr a = addr_parse(odd[i].address);
		assert_non_null(dns_bogon_class(&a));
		assert_string_equal(dns_bogon_class(&a), odd[i].class);
	}
	static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff, 10, 0, 0, 1};
	struct addr a = dns_address(span_of(mapped, 16));
	assert_int_equal(a.version, 4);
	assert_string_equal(dns_bogon_class(&a), "private");
	assert_int_equal(dns_address(span_of(mapped, 5)).version, 0);
}

static void adds_header_evidence_to_an_odd_address(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	teach(w, f, 52);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.addresses = "10.99.0.1"), 60 * MS, 83);
	const struct finding *b = world_finding(w, "dns_bogon_answer");
	assert_int_equal(b->score_db, 23);
	assert_int_equal(b->label, LABEL_MODERATELY_STRONG);
}

/* DN3. */

static void respects_the_owner_of_an_address(void **state)
{
	struct world *w = *state;
	assert_null(odd_answer(w, "198.51.100.53", "www.owner.example.com", "203.0.113.66", 52));
	const struct finding *k = odd_answer(w, "198.51.100.53", "www.example.com", "203.0.113.66", 52);
	assert_string_equal(k->mechanism->id, "dns_known_forged_ip");
	assert_true(k->alternatives & 1U << ALT_REAL_HOST);
	world_finish(w);
	assert_int_equal(k->label, LABEL_MODERATE);
	assert_int_equal(world_tested(w, "dns_known_forged_ip"), 2);
}

static void weighs_a_public_address_as_somebodys_host(void **state)
{
	struct world *w = *state;
	const struct finding *k = odd_answer(w, "198.51.100.53", "www.example.com", "203.0.113.77", 52);
	world_finish(w);
	assert_int_equal(finding_term_db(k, "E12c"), 15);
	assert_int_equal(k->label, LABEL_MODERATE);
}

static void leaves_hints_and_false_positives_alone(void **state)
{
	struct world *w = *state;
	assert_null(odd_answer(w, "198.51.100.53", "www.example.com", "203.0.113.99", 52));
	assert_null(odd_answer(w, "198.51.100.53", "www.example.com", "203.0.113.50", 52));
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.addresses = "203.0.113.66 203.0.113.50"), 30 * MS, 52); /* fp wins */
	assert_int_equal(world_findings(w), 0);
}

static void adds_a_hint_to_a_contradiction(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.addresses = "203.0.113.99"), 30 * MS, 53);
	hear(w, f, SAID(.addresses = "198.51.7.1"), MS, 52);
	const struct finding *d = world_finding(w, "dns_dual_answer");
	assert_int_equal(d->score_db, 38);
	assert_int_equal(world_findings(w), 1);
}

static void matches_a_cname(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.addresses = "198.51.7.1", .cname = "blocked.isp.example"), 30 * MS, 52);
	const struct finding *k = world_finding(w, "dns_known_forged_ip");
	assert_non_null(k);
	assert_int_equal(k->score_db, 25);
}

static void works_without_signatures(void **state)
{
	(void)state;
	struct world w;
	world_open(&w, &detector_dns_injection, NULL);
	(void)odd_answer(&w, "198.51.100.53", "www.example.com", "10.10.34.35", 52);
	assert_int_equal(world_findings(&w), 1);
	world_close(&w);
}

/* Forged answers that differ in nothing but a TTL do not keep the genuine one out. */
static void a_flood_of_one_answer_hides_nothing(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	for (uint32_t i = 0; i < 6; i++)
		hear(w, f, SAID(.addresses = "203.0.114.9", .ttl = 100 + i), MS, 60);
	hear(w, f, SAID(.addresses = "198.51.7.1"), 30 * MS, 52);
	const struct finding *d = world_finding(w, "dns_dual_answer");
	assert_non_null(d);
	assert_string_equal(finding_detail_value(d, "answers"), "203.0.114.9|203.0.114.9|203.0.114.9|198.51.7.1");
	assert_string_equal(finding_detail_value(d, "n_answers"), "7");
	assert_int_equal(w->candidates.dropped, 3);
}

/* Of five different answers the fourth gives its place to the last. */
static void the_last_answer_finds_a_place(void **state)
{
	static const char *const forged[] = {"203.0.114.9", "203.0.115.9", "203.0.116.9", "203.0.117.9"};
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	for (size_t i = 0; i < 4; i++)
		hear(w, f, SAID(.addresses = forged[i]), MS, 60);
	hear(w, f, SAID(.addresses = "198.51.7.1 198.51.7.2"), 30 * MS, 52);
	hear(w, f, SAID(.addresses = "198.51.7.2 198.51.7.1", .ttl = 299), MS, 52);
	const struct finding *d = world_finding(w, "dns_dual_answer");
	assert_non_null(d);
	assert_string_equal(finding_detail_value(d, "answers"),
	                    "203.0.114.9|203.0.115.9|203.0.116.9|198.51.7.1,198.51.7.2");
	assert_int_equal(w->candidates.dropped, 2);
}

static void a_flood_of_queries_hides_nothing_in_silence(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	for (int more = 0; more < 2; more++) {
		struct flow *asks = world_flow(w, IPPROTO_UDP, "192.0.2.8", 41000, "198.51.100.53", 53);
		ask(w, f, "www.example.com", A, 0);
		hear(w, f, SAID(.addresses = "203.0.114.9"), MS, 60);
		for (int i = 0; i < 16383 + more; i++) {
			char name[32];
			snprintf(name, sizeof name, "x%d.example.net", i);
			ask(w, asks, name, A, 0);
		}
		hear(w, f, SAID(.addresses = "198.51.7.1"), MS, 52);
		assert_int_equal(w->candidates.dropped, more);
		world_close_flow(w, f);
		world_close_flow(w, asks);
		f = resolver(w);
	}
	assert_int_equal(world_findings(w), 1);
}

/* G4: a query that was repeated at once looks like one that was captured twice. */
static void doubts_two_answers_when_the_query_may_have_been_repeated(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	f->flags |= FLOW_COPIES;
	hear(w, f, SAID(.addresses = "203.0.114.9"), 30 * MS, 52);
	hear(w, f, SAID(.addresses = "198.51.7.1"), MS, 52);
	const struct finding *d = world_finding(w, "dns_dual_answer");
	assert_non_null(d);
	assert_int_equal(d->guards_failed, 1U << GUARD_CAPTURE_LOSS);
	assert_true(d->alternatives & 1U << ALT_CDN_ROTATION);
	assert_true(d->alternatives & 1U << ALT_LOST_RETRY);
	assert_true(d->label <= LABEL_MODERATE);
}

static void doubts_them_when_the_second_query_was_taken_for_a_copy(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	uint16_t id = w->packet.ip_id;
	world_packet(w, f, DIR_UP, MS)->ip_id = id;
	talk_query(w, SAID(.addresses = NULL));
	hear(w, f, SAID(.addresses = "203.0.114.9"), 30 * MS, 52);
	hear(w, f, SAID(.addresses = "198.51.7.1"), MS, 52);
	const struct finding *d = world_finding(w, "dns_dual_answer");
	assert_non_null(d);
	assert_int_equal(d->guards_failed, 1U << GUARD_CAPTURE_LOSS);
}

/* No repeat of a query brings an address that is known to be forged. */
static void copies_excuse_no_known_address(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	f->flags |= FLOW_COPIES;
	hear(w, f, SAID(.addresses = "203.0.113.66"), 30 * MS, 52);
	hear(w, f, SAID(.addresses = "198.51.7.1"), MS, 52);
	const struct finding *d = world_finding(w, "dns_dual_answer");
	assert_non_null(d);
	assert_int_equal(d->guards_failed, 0);
	assert_int_equal(d->alternatives, 0);
	assert_true(d->label >= LABEL_STRONG);
}

/* Three answers would need two lost repeats. */
static void needs_one_lost_repeat_an_answer(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.addresses = "203.0.114.9"), 30 * MS, 52);
	hear(w, f, SAID(.addresses = "203.0.115.9"), MS, 52);
	hear(w, f, SAID(.addresses = "198.51.7.1"), 30 * MS, 52);
	const struct finding *d = world_finding(w, "dns_dual_answer");
	assert_non_null(d);
	assert_int_equal(d->alternatives, 0);
}

/* Without a mark of forgery, a repeat that the capture lost stays possible: it is named. */
static void names_a_lost_repeat(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w);
	ask(w, f, "www.example.com", A, 0);
	hear(w, f, SAID(.addresses = "203.0.114.9"), 30 * MS, 52);
	hear(w, f, SAID(.rcode = NXDOMAIN), 30 * MS, 52);
	const struct finding *d = world_finding(w, "dns_dual_answer");
	assert_non_null(d);
	assert_int_equal(d->guards_failed, 0);
	assert_int_equal(d->alternatives, 1U << ALT_LOST_RETRY);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_world, close_world)

int main(void)
{
	const struct CMUnitTest dns_injection[] = {
	    TEST(finds_two_forged_answers_and_the_genuine_one),
	    TEST(takes_the_first_for_forged_without_other_signs),
	    TEST(knows_a_late_forged_answer_by_signature),
	    TEST(finds_an_address_beside_an_answer_without),
	    TEST(adds_time_and_ttl_of_the_resolver),
	    TEST(believes_the_resolvers_ttl_over_the_order),
	    TEST(does_not_time_a_repeated_query),
	    TEST(has_no_usual_ttl_where_several_hosts_answer),
	    TEST(adds_fields_and_a_mirrored_id),
	    TEST(ignores_fields_that_both_answers_have),
	    TEST(adds_fields_to_a_known_address),
	    TEST(ignores_fields_that_the_server_always_has),
	    TEST(names_no_injector_of_an_odd_address),
	    TEST(suspects_all_hasty_answers),
	    TEST(counts_repeats_of_a_forged_answer),
	    TEST(counts_a_burst_of_three_ttls),
	    TEST(ignores_a_second_capture_of_the_answer),
	    TEST(ignores_rotation_within_one_network),
	    TEST(ignores_a_common_address),
	    TEST(pairs_answers_with_repeated_queries),
	    TEST(pairs_a_question_asked_again_later),
	    TEST(finds_a_surplus_behind_a_repeated_query),
	    TEST(counts_a_copied_query_once),
	    TEST(ignores_answers_far_apart),
	    TEST(doubts_two_answers_of_one_counter),
	    TEST(believes_two_answers_of_two_counters),
	    TEST(stays_moderate_where_a_retry_may_be_lost),
	    TEST(ignores_a_truncated_answer_before_the_whole),
	    TEST(ignores_an_answer_cut_by_the_capture),
	    TEST(halves_for_a_servfail),
	    TEST(ignores_other_transactions),
	    TEST(compares_names_without_case),
	    TEST(leaves_out_multicast_and_local_services),
	    TEST(compares_only_addresses_asked_for),
	    TEST(finds_an_address_in_answer_to_another_type),
	    TEST(leaves_tcp_to_the_overlap_rule),
	    TEST(judges_when_the_time_is_over_and_forgets),
	    TEST(survives_more_queries_than_it_keeps),
	    TEST(finds_an_odd_address_of_a_public_name),
	    TEST(does_not_wonder_at_a_somewhat_early_private_view),
	    TEST(weighs_a_sink_less),
	    TEST(is_sure_of_a_known_address),
	    TEST(keeps_a_known_address_behind_a_home_router),
	    TEST(accuses_nobody_for_the_own_network),
	    TEST(names_a_portal),
	    TEST(knows_private_names),
	    TEST(is_not_fooled_by_names_that_look_private),
	    TEST(ignores_addresses_that_are_fine),
	    TEST(knows_every_bogon_range),
	    TEST(adds_header_evidence_to_an_odd_address),
	    TEST(respects_the_owner_of_an_address),
	    TEST(weighs_a_public_address_as_somebodys_host),
	    TEST(leaves_hints_and_false_positives_alone),
	    TEST(adds_a_hint_to_a_contradiction),
	    TEST(matches_a_cname),
	    TEST(works_without_signatures),
	    TEST(a_flood_of_one_answer_hides_nothing),
	    TEST(the_last_answer_finds_a_place),
	    TEST(a_flood_of_queries_hides_nothing_in_silence),
	    TEST(doubts_two_answers_when_the_query_may_have_been_repeated),
	    TEST(doubts_them_when_the_second_query_was_taken_for_a_copy),
	    TEST(copies_excuse_no_known_address),
	    TEST(names_a_lost_repeat),
	    TEST(needs_one_lost_repeat_an_answer),
	};
	return cmocka_run_group_tests(dns_injection, NULL, NULL);
}
