/* The capture pass: guards over the whole capture, order, caps, incidents. Findings are made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analyzer/detect/judge.h"
#include "tests/support/events.h"
#include "tests/support/weights.h"

enum { COURT_MAX = 16 };

struct court {
	struct weights *weights;
	struct census census;
	struct judge judge;
	struct finding made[COURT_MAX], *all[COURT_MAX];
	size_t count;
	uint64_t dropped;
};

static struct court *court_open(void)
{
	struct court *c = calloc(1, sizeof *c);
	assert_non_null(c);
	c->weights = weights_fixture();
	c->judge = (struct judge){.census = &c->census,
	                          .weights = c->weights,
	                          .min_label = LABEL_NONE,
	                          .max_findings = 1000,
	                          .eligible = 1000};
	return c;
}

static void court_close(struct court *c)
{
	weights_free(c->weights);
	free(c);
}

static struct frame_ref frame(uint64_t number)
{
	return (struct frame_ref){.number = number, .ts_ns = (int64_t)number * 1000000, .wire_len = 60};
}

/* A finding of the flow 10.0.0.1:40000 to 192.0.2.80:80 that one frame and one term make. */
static struct finding *accuse(struct court *c, const char *mechanism, enum finding_kind kind, uint64_t suspect,
                              const char *term)
{
	assert_true(c->count < COURT_MAX);
	struct finding *f = &c->made[c->count];
	*f = (struct finding){.mechanism = mechanism_find(mechanism), .kind = kind};
	assert_non_null(f->mechanism);
	f->client = addr_parse("10.0.0.1");
	f->server = addr_parse("192.0.2.80");
	f->client_port = 40000;
	f->server_port = 80;
	f->l4_proto = IPPROTO_TCP;
	f->flow_id = 1;
	finding_suspect(f, frame(suspect));
	finding_term(f, c->weights, term, false);
	c->all[c->count] = f;
	c->count++;
	return f;
}

static size_t decide(struct court *c)
{
	c->count = judge_all(c->all, c->count, &c->judge, &c->dropped);
	return c->count;
}

static void rows_go_by_frame_then_mechanism_then_id(void **state)
{
	(void)state;
	struct court *c = court_open();
	struct finding *late = accuse(c, "data_seq_rst", KIND_CONTRADICTION, 30, "E05");
	struct finding *second = accuse(c, "rst_seq_data", KIND_CONTRADICTION, 7, "E04b");
	struct finding *twin[2] = {accuse(c, "rst_seq_change", KIND_CONTRADICTION, 7, "E04"),
	                           accuse(c, "rst_seq_change", KIND_CONTRADICTION, 7, "E04")};
	finding_evidence(twin[1], frame(8));
	assert_int_equal(decide(c), 4);
	bool swapped = strcmp(twin[0]->id, twin[1]->id) > 0;
	assert_ptr_equal(c->all[0], twin[swapped]);
	assert_ptr_equal(c->all[1], twin[!swapped]);
	assert_ptr_equal(c->all[2], second);
	assert_ptr_equal(c->all[3], late);
	assert_int_equal(late->score_db, 20);
	assert_int_equal(late->label, LABEL_MODERATELY_STRONG);
	assert_int_equal(c->dropped, 0);
	court_close(c);
}

/* The order of proposals, which threads and shards decide, does not show. */
static void the_order_of_candidates_does_not_matter(void **state)
{
	char ids[2][6][17], incidents[2][6][17];
	(void)state;
	for (int way = 0; way < 2; way++) {
		struct court *c = court_open();
		for (int k = 0; k < 6; k++) {
			int i = way ? 5 - k : k;
			struct finding *f = accuse(c, i % 2 ? "rst_seq_data" : "data_seq_rst", KIND_CONTRADICTION,
			                           10 + (uint64_t)i / 2, "E05");
			f->flow_id = f->client_port = (uint16_t)(i / 4);
		}
		assert_int_equal(decide(c), 6);
		for (int i = 0; i < 6; i++) {
			memcpy(ids[way][i], c->all[i]->id, sizeof ids[way][i]);
			memcpy(incidents[way][i], c->all[i]->incident, sizeof incidents[way][i]);
		}
		court_close(c);
	}
	assert_memory_equal(ids[0], ids[1], sizeof ids[0]);
	assert_memory_equal(incidents[0], incidents[1], sizeof incidents[0]);
}

static void what_is_below_the_least_label_goes(void **state)
{
	(void)state;
	struct court *c = court_open();
	c->judge.min_label = LABEL_MODERATELY_STRONG;
	struct finding *kept = accuse(c, "data_seq_rst", KIND_CONTRADICTION, 5, "E05"); /* 20 */
	accuse(c, "rst_seq_data", KIND_CONTRADICTION, 6, "E04b");                       /* 15 */
	assert_int_equal(decide(c), 1);
	assert_ptr_equal(c->all[0], kept);
	assert_int_equal(c->dropped, 0);
	court_close(c);
}

static void a_finding_without_a_suspect_goes(void **state)
{
	(void)state;
	struct court *c = court_open();
	accuse(c, "data_seq_rst", KIND_CONTRADICTION, 0, "E05");
	assert_int_equal(decide(c), 0);
	court_close(c);
}

static void the_first_of_a_mechanism_stay(void **state)
{
	(void)state;
	struct court *c = court_open();
	c->judge.max_findings = 2;
	for (uint64_t frame = 9; frame > 4; frame--)
		accuse(c, "data_seq_rst", KIND_CONTRADICTION, frame, "E05");
	accuse(c, "rst_seq_data", KIND_CONTRADICTION, 20, "E04b");
	assert_int_equal(decide(c), 3);
	assert_int_equal(c->dropped, 3);
	assert_int_equal(c->all[0]->suspects[0].number, 5);
	assert_int_equal(c->all[1]->suspects[0].number, 6);
	assert_int_equal(c->all[2]->suspects[0].number, 20);
	court_close(c);
}

static void an_incident_is_named_after_its_strongest(void **state)
{
	(void)state;
	struct court *c = court_open();
	struct finding *weak = accuse(c, "rst_seq_change", KIND_CONTRADICTION, 5, "E04b");
	struct finding *strong = accuse(c, "rst_seq_data", KIND_CONTRADICTION, 5, "E04");
	struct finding *apart = accuse(c, "data_seq_rst", KIND_CONTRADICTION, 6, "E05");
	finding_suspect(strong, frame(7));
	struct finding *linked = accuse(c, "rst_ack_change", KIND_CONTRADICTION, 7, "E04c");
	assert_int_equal(decide(c), 4);
	assert_string_equal(weak->incident, strong->id);
	assert_string_equal(strong->incident, strong->id);
	assert_string_equal(linked->incident, strong->id);
	assert_string_equal(apart->incident, apart->id);
	court_close(c);
}

static void of_equals_the_first_names_the_incident(void **state)
{
	(void)state;
	struct court *c = court_open();
	struct finding *second = accuse(c, "rst_seq_data", KIND_CONTRADICTION, 5, "E05");
	struct finding *first = accuse(c, "data_seq_rst", KIND_CONTRADICTION, 5, "E05");
	assert_int_equal(decide(c), 2);
	assert_string_equal(second->incident, first->id);
	assert_string_equal(first->incident, first->id);
	court_close(c);
}

static void one_trigger_makes_one_incident_in_one_flow(void **state)
{
	(void)state;
	struct court *c = court_open();
	struct finding *f[3];
	for (int i = 0; i < 3; i++) {
		f[i] = accuse(c, "data_seq_rst", KIND_CONTRADICTION, 5 + (uint64_t)i, "E05");
		f[i]->trigger = frame(3);
	}
	f[2]->client_port = 40001;
	f[2]->flow_id = 2;
	assert_int_equal(decide(c), 3);
	assert_string_equal(f[1]->incident, f[0]->id);
	assert_string_equal(f[2]->incident, f[2]->id);
	court_close(c);
}

/* G21 */
static struct finding *led_to(struct court *c, uint64_t frame, const char *name, const char *target)
{
	struct finding *f = accuse(c, "http_redirect_block", KIND_MATCH, frame, "E09b");
	f->name = name;
	finding_detail(f, "private_target", target);
	return f;
}

static void a_portal_leads_everybody_to_one_host(void **state)
{
	(void)state;
	struct court *c = court_open();
	led_to(c, 5, "www.one.example", "192.168.7.1");
	led_to(c, 6, "two.test", "192.168.7.1");
	led_to(c, 7, "three.invalid", "192.168.7.1");
	assert_int_equal(decide(c), 3);
	for (int i = 0; i < 3; i++) {
		assert_string_equal(c->all[i]->mechanism->id, "captive_portal");
		assert_int_equal(c->all[i]->kind, KIND_INFORMATIONAL);
		assert_int_equal(c->all[i]->label, LABEL_NONE);
		assert_true(c->all[i]->guards_named & 1U << GUARD_CAPTIVE_PORTAL);
	}
	court_close(c);
}

static void expect_no_portal(struct court *c)
{
	size_t count = decide(c);
	assert_true(count >= 3);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(c->all[i]->mechanism->id, "http_redirect_block");
	court_close(c);
}

static void fewer_names_are_no_portal(void **state)
{
	(void)state;
	struct court *c = court_open();
	led_to(c, 5, "www.one.example", "192.168.7.1");
	led_to(c, 6, "img.one.example", "192.168.7.1"); /* not unrelated */
	led_to(c, 7, "one.example", "192.168.7.1");
	led_to(c, 8, "two.test", "192.168.7.1");
	expect_no_portal(c);
}

static void several_targets_are_no_portal(void **state)
{
	(void)state;
	struct court *c = court_open();
	led_to(c, 5, "one.example", "192.168.7.1");
	led_to(c, 6, "two.test", "192.168.7.1");
	led_to(c, 7, "three.invalid", "192.168.7.2");
	expect_no_portal(c);
}

static void several_clients_are_no_portal(void **state)
{
	(void)state;
	struct court *c = court_open();
	led_to(c, 5, "one.example", "192.168.7.1");
	led_to(c, 6, "two.test", "192.168.7.1");
	led_to(c, 7, "three.invalid", "192.168.7.1")->client = addr_parse("10.0.0.2");
	expect_no_portal(c);
}

static void hours_apart_are_no_portal(void **state)
{
	(void)state;
	struct court *c = court_open();
	led_to(c, 5, "one.example", "192.168.7.1");
	led_to(c, 6, "two.test", "192.168.7.1");
	led_to(c, 600006, "three.invalid", "192.168.7.1"); /* ten minutes after the second */
	expect_no_portal(c);
}

/* Names come in any case (RFC 4343): a spelling is no other name. */
static void spellings_are_no_portal(void **state)
{
	(void)state;
	struct court *c = court_open();
	led_to(c, 5, "one.example", "192.168.7.1");
	led_to(c, 6, "oNe.example", "192.168.7.1");
	led_to(c, 7, "one.exAmple", "192.168.7.1");
	expect_no_portal(c);
}

/* Each has three names within ten minutes of it, or has not. */
static void a_portal_is_one_in_a_window(void **state)
{
	static const uint64_t minutes[] = {0, 1, 8, 13, 30, 31};
	static const char *const names[] = {"a.example", "b.test", "a.example", "c.invalid", "d.example.net", "e.test"};
	static const bool portal[] = {false, false, true, false, false, false};
	(void)state;
	struct court *c = court_open();
	struct finding *f[6];
	for (int i = 0; i < 6; i++)
		f[i] = led_to(c, minutes[i] * 60000 + 1, names[i], "192.168.7.1");
	assert_int_equal(decide(c), 6);
	for (int i = 0; i < 6; i++)
		assert_int_equal(f[i]->kind == KIND_INFORMATIONAL, portal[i]);
	court_close(c);
}

/* A known censor's page on a private address is a censor's page. */
static void a_known_page_is_no_portal(void **state)
{
	static const struct signature known = {.id = "X", .scope = SIG_ISP};
	(void)state;
	struct court *c = court_open();
	for (uint64_t i = 0; i < 3; i++) {
		static const char *const names[] = {"one.example", "two.test", "three.invalid"};
		struct finding *f = led_to(c, 5 + i, names[i], "10.10.34.34");
		f->signatures[f->signature_count++] = &known;
	}
	expect_no_portal(c);
}

/* G20 */
static void a_match_from_next_door_is_local_interference(void **state)
{
	(void)state;
	struct court *c = court_open();
	struct finding *match = accuse(c, "http_blockpage", KIND_MATCH, 5, "E09");
	struct finding *contradiction = accuse(c, "tcp_overlap_conflict", KIND_CONTRADICTION, 6, "E06");
	match->guards_named = contradiction->guards_named = 1U << GUARD_LOCAL_BOX;
	match->least = LABEL_MODERATE;
	match->stage = "later";
	assert_int_equal(decide(c), 2);
	assert_string_equal(match->mechanism->id, "local_interference");
	assert_int_equal(match->kind, KIND_INFORMATIONAL);
	assert_int_equal(match->label, LABEL_NONE);
	assert_string_equal(contradiction->mechanism->id, "tcp_overlap_conflict");
	assert_int_equal(contradiction->kind, KIND_CONTRADICTION);
	assert_int_equal(contradiction->label, LABEL_MODERATELY_STRONG);
	assert_true(contradiction->guards_named & 1U << GUARD_LOCAL_BOX);
	court_close(c);
}

/* G23 */
static void the_recorders_own_tcp_proves_nothing(void **state)
{
	static const struct signature known = {.id = "X", .scope = SIG_ISP};
	(void)state;
	for (int local = 0; local < 2; local++) {
		struct court *c = court_open();
		c->census.profile_count = 1;
		c->census.profiles[0] = (struct census_profile){.ttl = 64, .no_router = local, .servers = 5};
		accuse(c, "data_seq_rst", KIND_CONTRADICTION, 5, "E05");
		accuse(c, "http_blockpage", KIND_MATCH, 6, "E09");
		accuse(c, "dns_dual_answer", KIND_CONTRADICTION, 7, "E12")->l4_proto = IPPROTO_UDP;
		struct finding *page = accuse(c, "http_redirect_block", KIND_CONTRADICTION, 8, "E06");
		finding_term(page, c->weights, "E09", false);
		page->signatures[page->signature_count++] = &known;
		assert_int_equal(decide(c), local ? 3 : 4);
		assert_string_equal(c->all[local ? 0 : 1]->mechanism->id, "http_blockpage");
		assert_int_equal(page->kind, local ? KIND_MATCH : KIND_CONTRADICTION);
		assert_int_equal(page->score_db, local ? 25 : 50);
		court_close(c);
	}
}

/* G4: more than one packet in twenty. */
static void a_file_full_of_copies_is_marked(void **state)
{
	(void)state;
	for (uint64_t copies = 50; copies <= 51; copies++) {
		struct court *c = court_open();
		c->judge.copies = copies;
		struct finding *f = accuse(c, "data_seq_rst", KIND_CONTRADICTION, 5, "E05");
		decide(c);
		assert_int_equal(f->guards_named, copies == 51 ? 1U << GUARD_DUPLICATE_CAPTURE : 0);
		assert_int_equal(f->label, LABEL_MODERATELY_STRONG);
		court_close(c);
	}
}

/* Two answers in one packet: the ids differ, and do not depend on who was proposed first. */
static void twins_have_ids_of_their_own(void **state)
{
	char id[2][2][17];
	(void)state;
	for (int way = 0; way < 2; way++) {
		struct court *c = court_open();
		struct finding *twin[2];
		for (int i = 0; i < 2; i++) {
			struct finding *f = accuse(c, "dns_bogon_answer", KIND_MATCH, 5, "E09");
			twin[way ? 1 - i : i] = f;
		}
		twin[0]->name = "a.example";
		twin[1]->name = "b.example";
		assert_int_equal(decide(c), 2);
		for (int i = 0; i < 2; i++)
			memcpy(id[way][i], twin[i]->id, sizeof id[way][i]);
		struct finding plain = *twin[0];
		finding_identify(&plain);
		assert_string_equal(plain.id, twin[0]->id);
		assert_string_not_equal(twin[0]->id, twin[1]->id);
		assert_true(strcmp(c->all[0]->id, c->all[1]->id) < 0);
		assert_string_equal(twin[1]->incident, c->all[0]->id);
		court_close(c);
	}
	assert_memory_equal(id[0], id[1], sizeof id[0]);
}

/* Were the time the square of the number, this would not end. */
static void many_candidates_of_one_flow_are_judged(void **state)
{
	enum { MANY = 20000 };
	(void)state;
	struct court *c = court_open();
	c->judge.max_findings = MANY;
	struct finding *many = calloc(MANY, sizeof *many), **all = calloc(MANY, sizeof(struct finding *));
	assert_non_null(many);
	assert_non_null(all);
	for (size_t i = 0; i < MANY; i++) {
		c->count = 0;
		many[i] = *accuse(c, "http_redirect_block", KIND_MATCH, 1 + (i * 7919) % MANY, "E09b");
		many[i].name = "one.example";
		many[i].trigger = frame(1000000 + many[i].suspects[0].number / 2);
		finding_detail(&many[i], "private_target", "192.168.7.1");
		all[i] = &many[i];
	}
	assert_int_equal(judge_all(all, MANY, &c->judge, &c->dropped), MANY);
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(all[i]->suspects[0].number, i + 1);
		assert_string_equal(all[i]->incident, all[i % 2 ? i : i ? i - 1 : 0]->id);
		assert_string_equal(all[i]->mechanism->id, "http_redirect_block");
	}
	free(all);
	free(many);
	court_close(c);
}

/* A row that is too common to accuse by itself needs another group beside it. */
static void a_hint_alone_is_no_finding(void **state)
{
	(void)state;
	struct court *c = court_open();
	accuse(c, "http_blockpage", KIND_SYMPTOM, 7, "E09_hint");
	struct finding *both = accuse(c, "http_blockpage", KIND_SYMPTOM, 9, "E09_hint");
	finding_term(both, c->weights, "E02e", false);
	struct finding *against = accuse(c, "http_blockpage", KIND_SYMPTOM, 11, "E09_hint");
	finding_term(against, c->weights, "E02d", false);
	assert_int_equal(decide(c), 1);
	assert_ptr_equal(c->all[0], both);
	assert_int_equal(both->label, LABEL_WEAK);
	court_close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_go_by_frame_then_mechanism_then_id),
	    cmocka_unit_test(the_order_of_candidates_does_not_matter),
	    cmocka_unit_test(what_is_below_the_least_label_goes),
	    cmocka_unit_test(a_finding_without_a_suspect_goes),
	    cmocka_unit_test(the_first_of_a_mechanism_stay),
	    cmocka_unit_test(an_incident_is_named_after_its_strongest),
	    cmocka_unit_test(of_equals_the_first_names_the_incident),
	    cmocka_unit_test(one_trigger_makes_one_incident_in_one_flow),
	    cmocka_unit_test(a_portal_leads_everybody_to_one_host),
	    cmocka_unit_test(fewer_names_are_no_portal),
	    cmocka_unit_test(several_targets_are_no_portal),
	    cmocka_unit_test(several_clients_are_no_portal),
	    cmocka_unit_test(hours_apart_are_no_portal),
	    cmocka_unit_test(spellings_are_no_portal),
	    cmocka_unit_test(a_portal_is_one_in_a_window),
	    cmocka_unit_test(a_known_page_is_no_portal),
	    cmocka_unit_test(a_match_from_next_door_is_local_interference),
	    cmocka_unit_test(the_recorders_own_tcp_proves_nothing),
	    cmocka_unit_test(a_file_full_of_copies_is_marked),
	    cmocka_unit_test(twins_have_ids_of_their_own),
	    cmocka_unit_test(many_candidates_of_one_flow_are_judged),
	    cmocka_unit_test(a_hint_alone_is_no_finding),
	};
	return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
