/* Findings: frame lists, details, words, the id against an independent computation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "analyzer/evidence/finding.h"

static struct frame_ref frame(uint64_t number)
{
	return (struct frame_ref){.number = number, .ts_ns = (int64_t)number * 1000, .wire_len = 60};
}

static void keeps_frames_ascending_and_distinct(void **state)
{
	(void)state;
	struct finding f = {0};
	static const uint64_t numbers[] = {7, 3, 9, 3, 0, 8, 7};
	for (size_t i = 0; i < 7; i++)
		finding_suspect(&f, frame(numbers[i]));
	assert_int_equal(f.suspect_count, 4);
	static const uint64_t want[] = {3, 7, 8, 9};
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(f.suspects[i].number, want[i]);
}

static void keeps_the_first_frames_when_full(void **state)
{
	(void)state;
	struct finding f = {0};
	for (uint64_t n = 100; n < 140; n += 2)
		finding_evidence(&f, frame(n));
	assert_int_equal(f.evidence_count, FINDING_FRAMES_MAX);
	assert_int_equal(f.evidence[15].number, 130);
	finding_evidence(&f, frame(139));
	assert_int_equal(f.evidence[15].number, 130);
	finding_evidence(&f, frame(101));
	assert_int_equal(f.evidence_count, FINDING_FRAMES_MAX);
	assert_int_equal(f.evidence[1].number, 101);
	assert_int_equal(f.evidence[15].number, 128);
	finding_evidence(&f, frame(128));
	assert_int_equal(f.evidence[15].number, 128);
	assert_int_equal(f.evidence[14].number, 126);
}

static void names_a_suspect_not_as_evidence(void **state)
{
	(void)state;
	struct finding f = {0};
	finding_evidence(&f, frame(1));
	finding_evidence(&f, frame(2));
	finding_evidence(&f, frame(3));
	finding_suspect(&f, frame(2));
	finding_evidence(&f, frame(2));
	assert_int_equal(f.suspect_count, 1);
	assert_int_equal(f.evidence_count, 2);
	assert_int_equal(f.evidence[0].number, 1);
	assert_int_equal(f.evidence[1].number, 3);
}

static void replaces_a_detail_and_stops_when_full(void **state)
{
	(void)state;
	static const char *const keys[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m",
	                                   "n", "o", "p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z"};
	struct finding f = {0};
	for (size_t i = 0; i < 26; i++)
		finding_detail(&f, keys[i], "1");
	assert_int_equal(f.detail_count, FINDING_DETAILS_MAX);
	finding_detail(&f, "b", "2");
	assert_string_equal(f.details[1].value, "2");
	assert_int_equal(f.detail_count, FINDING_DETAILS_MAX);
}

static void writes_numbers_and_outside_text(void **state)
{
	(void)state;
	struct finding f = {0};
	struct arena a = {0};
	char room[FINDING_NUMBER_SIZE];
	finding_number(&f, room, "least", INT64_MIN);
	finding_print(&f, &a, "q", "%u.%03u", 1U, 20U);
	finding_outside(&f, &a, "title", span_text("a;b=c\n"));
	assert_string_equal(finding_value(&f, "least"), "-9223372036854775808");
	assert_string_equal(finding_value(&f, "q"), "1.020");
	assert_string_equal(finding_value(&f, "title"), "a\\x3bb\\x3dc\\x0a");
	assert_null(finding_value(&f, "none"));
	char far[2000];
	memset(far, 1, sizeof far);
	finding_outside(&f, &a, "title", span_of(far, sizeof far));
	assert_int_equal(strlen(finding_value(&f, "title")), 4 * TEXT_OUTSIDE_MAX + 3);
	struct arena full = {.budget = 1};
	finding_print(&f, &full, "lost", "%s", "no room for this");
	assert_null(finding_value(&f, "lost"));
	arena_free(&a);
	arena_free(&full);
}

static void orders_places(void **state)
{
	(void)state;
	struct finding f = {.client = {.version = 4, .bytes = {10, 0, 0, 1}},
	                    .server = {.version = 4, .bytes = {192, 0, 2, 1}},
	                    .l4_proto = 6,
	                    .server_port = 443};
	struct finding g = f;
	g.client_port = 1234;
	assert_int_equal(finding_compare_place(&f, &g), 0);
	g.server_port = 80;
	assert_true(finding_compare_place(&f, &g) > 0);
	g.l4_proto = 17;
	assert_true(finding_compare_place(&f, &g) < 0);
	g.server.bytes[3] = 0;
	assert_true(finding_compare_place(&f, &g) > 0);
	g.client.bytes[3] = 2;
	assert_true(finding_compare_place(&f, &g) < 0);
}

static void takes_over_the_flow(void **state)
{
	(void)state;
	struct flow flow = {.client = {.version = 4, .bytes = {10, 0, 0, 1}},
	                    .server = {.version = 4, .bytes = {192, 0, 2, 1}},
	                    .client_port = 1234,
	                    .server_port = 80,
	                    .l4_proto = 6,
	                    .id = 5};
	flow.trigger.kind = TRIGGER_TLS;
	flow.trigger.name = "example.org";
	flow.trigger.sample.frame = frame(4);
	struct finding f = {0};
	finding_flow(&f, &flow);
	assert_true(addr_equal(&f.client, &flow.client));
	assert_true(addr_equal(&f.server, &flow.server));
	assert_int_equal(f.client_port, 1234);
	assert_int_equal(f.server_port, 80);
	assert_int_equal(f.l4_proto, 6);
	assert_int_equal(f.flow_id, 5);
	assert_string_equal(f.name, "example.org");
	assert_int_equal(f.name_source, NAME_SNI);
	assert_int_equal(f.trigger.number, 4);

	struct finding own = {.name = "other.example", .name_source = NAME_DNS, .trigger = frame(2)};
	finding_flow(&own, &flow);
	assert_string_equal(own.name, "other.example");
	assert_int_equal(own.name_source, NAME_DNS);
	assert_int_equal(own.trigger.number, 2);
}

static void identifies_by_mechanism_and_frames(void **state)
{
	(void)state;
	struct finding f = {.mechanism = mechanism_find("dns_dual_answer")};
	finding_suspect(&f, (struct frame_ref){.number = 2, .ts_ns = INT64_C(1700000000000000001), .wire_len = 90});
	finding_evidence(&f, (struct frame_ref){.number = 1, .ts_ns = INT64_C(1700000000000000000), .wire_len = 70});
	finding_evidence(&f, (struct frame_ref){.number = 3, .ts_ns = FRAME_NO_TIME, .wire_len = 106});
	finding_identify(&f);
	assert_string_equal(f.id, "f8f926ad5231482d"); /* by a Python hashlib computation of the layout in finding.h */
	char id[17];
	memcpy(id, f.id, sizeof id);
	f.name = "a";
	f.client.version = 4;
	finding_identify(&f);
	assert_string_equal(f.id, id);
	finding_identify_twin(&f, 1);
	assert_string_not_equal(f.id, id);
	f.suspects[0].wire_len++;
	finding_identify(&f);
	assert_string_not_equal(f.id, id);
	f.suspects[0].wire_len--;
	f.mechanism = mechanism_find("dns_bogon_answer");
	finding_identify(&f);
	assert_string_not_equal(f.id, id);
}

static void has_a_word_for_everything(void **state)
{
	(void)state;
	assert_string_equal(guard_name(GUARD_MIDSTREAM), "midstream");
	assert_string_equal(guard_name(GUARD_SUPER_PACKET), "gro_tso");
	assert_string_equal(guard_name(GUARD_TERMINATED_LOCALLY), "terminated_locally");
	for (int g = 1; g < GUARD_COUNT; g++)
		assert_string_not_equal(guard_name((enum guard)g), "");
	for (int a = 0; a < ALTERNATIVE_COUNT; a++)
		assert_string_not_equal(alternative_name((enum alternative)a), "");
	assert_string_equal(guard_name(GUARD_COUNT), "");
	for (int l = 0; l < LABEL_COUNT; l++) {
		enum label back = LABEL_COUNT;
		assert_true(label_parse(label_name((enum label)l), &back));
		assert_int_equal(back, l);
	}
	enum label l;
	assert_false(label_parse("strongest", &l));
	assert_false(label_parse("", &l));
	assert_string_equal(finding_kind_name(KIND_INFORMATIONAL), "informational");
	assert_string_equal(selectivity_name(SELECT_EVERYTHING), "everything");
	assert_string_equal(vantage_name(VANTAGE_MIDDLE), "middle");
	assert_string_equal(name_source_name(NAME_NONE), "");
	assert_string_equal(ipid_class_name(IPID_CONST), "const");
}

static void finds_mechanisms_by_id(void **state)
{
	(void)state;
	for (size_t i = 0; i < mechanism_count; i++) {
		const struct mechanism *m = &mechanisms[i];
		assert_ptr_equal(mechanism_find(m->id), m);
		assert_null(strstr(m->note, "censor"));
		assert_true(!m->note_selective || strstr(m->note_selective, "censorship"));
	}
	assert_null(mechanism_find("no_such_mechanism"));
}

int main(void)
{
	const struct CMUnitTest finding[] = {
	    cmocka_unit_test(keeps_frames_ascending_and_distinct),
	    cmocka_unit_test(keeps_the_first_frames_when_full),
	    cmocka_unit_test(names_a_suspect_not_as_evidence),
	    cmocka_unit_test(replaces_a_detail_and_stops_when_full),
	    cmocka_unit_test(writes_numbers_and_outside_text),
	    cmocka_unit_test(orders_places),
	    cmocka_unit_test(takes_over_the_flow),
	    cmocka_unit_test(identifies_by_mechanism_and_frames),
	    cmocka_unit_test(has_a_word_for_everything),
	    cmocka_unit_test(finds_mechanisms_by_id),
	};
	return cmocka_run_group_tests(finding, NULL, NULL);
}
