/* One name against the others at one place. Attempts and findings are made by hand; weights are those of support/weights.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "analyzer/detect/contrast.h"
#include "tests/support/attempts.h"
#include "tests/support/events.h"
#include "tests/support/weights.h"

enum { FINDINGS_MAX = 32 };

struct setting {
	struct attempts_made tried;
	struct weights *weights;
	struct finding made[FINDINGS_MAX], *all[FINDINGS_MAX];
	size_t count;
	struct arena arena;
};

static int open_setting(void **state)
{
	static struct setting s;
	s = (struct setting){.weights = weights_fixture()};
	*state = &s;
	return 0;
}

static int close_setting(void **state)
{
	struct setting *s = *state;
	attempts_forget(&s->tried);
	weights_free(s->weights);
	arena_free(&s->arena);
	return 0;
}

/* An attempt that a finding claims to be a failure of the kind that it was. */
static void accuse(struct setting *s, double second, unsigned host, const char *name, enum attempt_outcome outcome)
{
	const struct attempt *a = attempts_try(&s->tried, second, host, name, outcome);
	struct finding *f = &s->made[s->count];
	*f = (struct finding){.mechanism = &mechanisms[0],
	                      .kind = KIND_SYMPTOM,
	                      .contrast = 1U << outcome,
	                      .flow_id = a->flow_id};
	f->client = a->client;
	f->server = a->server;
	f->client_port = a->client_port;
	f->server_port = a->server_port;
	f->l4_proto = a->l4_proto;
	f->name = a->name;
	f->trigger = a->frame;
	finding_suspect(f, a->frame);
	s->all[s->count++] = f;
}

static void pass(struct setting *s, double second, unsigned host, const char *name)
{
	attempts_try(&s->tried, second, host, name, ATTEMPT_ANSWERED);
}

static void contrast(struct setting *s)
{
	struct contrast_input in = {.attempts = attempts_sorted(&s->tried),
	                            .weights = s->weights,
	                            .first_ns = ATTEMPTS_START_NS,
	                            .arena = &s->arena};
	contrast_all(s->all, s->count, &in);
}

/* Six failures of one name beside seven successes of others: p = 1 / 1716. */
static void six_against_seven(void **state)
{
	struct setting *s = *state;
	for (int i = 0; i < 6; i++)
		accuse(s, i * 20, 1, "blocked.example", ATTEMPT_RESET);
	for (int i = 0; i < 7; i++)
		pass(s, 10 + i * 20, 1, i % 2 ? "one.example" : "two.example");
	contrast(s);
	for (size_t i = 0; i < s->count; i++) {
		assert_true(finding_has_term(s->all[i], "E10_2"));
		assert_int_equal(s->all[i]->selectivity, SELECT_NAME);
	}
	assert_string_equal(finding_value(s->all[0], "n_fail"), "6");
	assert_string_equal(finding_value(s->all[0], "ctrl_ok"), "7");
	assert_string_equal(finding_value(s->all[0], "q"), "0.000582751");
	assert_int_equal(s->all[0]->evidence_count, 2); /* triggers of controls */
}

/* The same successes elsewhere, of the same name, at another time, or not there at all say nothing. */
static void what_is_no_control(void **state)
{
	struct setting *s = *state;
	for (int i = 0; i < 6; i++)
		accuse(s, i * 20, 1, "blocked.example", ATTEMPT_RESET);
	for (int i = 0; i < 7; i++) {
		pass(s, 10 + i * 20, 2, "one.example");
		pass(s, 3000 + i * 20, 1, "one.example");
	}
	contrast(s);
	for (size_t i = 0; i < s->count; i++)
		assert_int_equal(s->all[i]->selectivity, SELECT_UNKNOWN);
}

/* A server that is down fails for all names. */
static void all_names_fail(void **state)
{
	struct setting *s = *state;
	for (int i = 0; i < 6; i++) {
		accuse(s, i * 20, 1, "blocked.example", ATTEMPT_RESET);
		accuse(s, 10 + i * 20, 1, "other.example", ATTEMPT_RESET);
	}
	contrast(s);
	for (size_t i = 0; i < s->count; i++)
		assert_int_equal(s->all[i]->selectivity, SELECT_UNKNOWN);
}

/* The sockets of one page fail together: six within five seconds of each other are one try. */
static void parallel_sockets_are_one_try(void **state)
{
	struct setting *s = *state;
	for (int i = 0; i < 6; i++)
		accuse(s, i, 1, "blocked.example", ATTEMPT_RESET);
	for (int i = 0; i < 7; i++)
		pass(s, 10 + i * 20, 1, "one.example");
	contrast(s);
	assert_int_equal(s->all[0]->selectivity, SELECT_UNKNOWN);
}

/* The name passes as often as it fails: chance, or load. */
static void the_name_passes_too(void **state)
{
	struct setting *s = *state;
	for (int i = 0; i < 4; i++) {
		accuse(s, i * 40, 1, "flaky.example", ATTEMPT_RESET);
		pass(s, 20 + i * 40, 1, "flaky.example");
		pass(s, 10 + i * 40, 1, "one.example");
	}
	contrast(s);
	assert_int_equal(s->all[0]->selectivity, SELECT_UNKNOWN);
}

static void three_against_three_is_not_enough(void **state)
{
	struct setting *s = *state;
	for (int i = 0; i < 3; i++) {
		accuse(s, i * 20, 1, "blocked.example", ATTEMPT_RESET);
		pass(s, 10 + i * 20, 1, "one.example");
	}
	contrast(s);
	assert_int_equal(s->all[0]->selectivity, SELECT_UNKNOWN);
	pass(s, 100, 1, "two.example");
	contrast(s);
	assert_true(finding_has_term(s->all[0], "E10_4"));
}

/* Twenty names tested: one that would do alone no longer does. */
static void many_tests_cost(void **state)
{
	struct setting *s = *state;
	static const char *const names[] = {"a.example", "b.example", "c.example", "d.example", "e.example"};
	for (int i = 0; i < 3; i++)
		accuse(s, i * 20, 1, "blocked.example", ATTEMPT_RESET);
	for (int i = 0; i < 4; i++)
		pass(s, 10 + i * 20, 1, "one.example");
	for (unsigned n = 0; n < 5; n++)
		accuse(s, n * 7, 10 + n, names[n], ATTEMPT_RESET);
	contrast(s);
	assert_int_equal(s->all[0]->selectivity, SELECT_UNKNOWN);
}

static void one_acknowledged_control_is_enough_for_a_drop(void **state)
{
	struct setting *s = *state;
	accuse(s, 0, 1, "blocked.example", ATTEMPT_UNACKED);
	pass(s, 20, 1, "one.example");
	contrast(s);
	assert_true(finding_has_term(s->all[0], "E10b"));
	assert_string_equal(finding_value(s->all[0], "control_name"), "one.example");
}

/* Names come from the wire: nothing in one may end a detail and begin another. */
static void a_control_name_is_escaped(void **state)
{
	struct setting *s = *state;
	accuse(s, 0, 1, "blocked.example", ATTEMPT_UNACKED);
	pass(s, 20, 1, "a;scope=state\x1b[2J");
	contrast(s);
	assert_string_equal(finding_value(s->all[0], "control_name"), "a\\x3bscope\\x3dstate\\x1b[2J");
}

static void what_is_no_acknowledged_control(void **state)
{
	struct setting *s = *state;
	accuse(s, 0, 1, "blocked.example", ATTEMPT_UNACKED);
	accuse(s, 0, 1, "slow.example", ATTEMPT_STALLED); /* servers do read names */
	attempts_try(&s->tried, 0, 1, "small.example", ATTEMPT_ANSWERED)->first_payload = 499;
	pass(s, 61, 1, "late.example");
	pass(s, 1, 2, "elsewhere.example");
	pass(s, 1, 1, "blocked.example");
	contrast(s);
	/* slow.example's hello was acknowledged, which is a control; small, late, elsewhere and the name itself are not. */
	assert_string_equal(finding_value(s->all[0], "control_name"), "slow.example");
	assert_int_equal(s->all[1]->term_count, 0);
}

static void a_name_that_never_passes_three_times(void **state)
{
	struct setting *s = *state;
	for (unsigned i = 0; i < 3; i++)
		accuse(s, i * 20, 1 + i, "blocked.example", ATTEMPT_RESET);
	contrast(s);
	assert_true(finding_has_term(s->all[2], "E13"));
}

static void a_name_that_passed_once(void **state)
{
	struct setting *s = *state;
	for (unsigned i = 0; i < 3; i++)
		accuse(s, i * 20, 1 + i, "blocked.example", ATTEMPT_RESET);
	pass(s, 500, 9, "blocked.example");
	contrast(s);
	assert_false(finding_has_term(s->all[2], "E13"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_setting, close_setting)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(six_against_seven),
	    TEST(what_is_no_control),
	    TEST(all_names_fail),
	    TEST(parallel_sockets_are_one_try),
	    TEST(the_name_passes_too),
	    TEST(three_against_three_is_not_enough),
	    TEST(many_tests_cost),
	    TEST(one_acknowledged_control_is_enough_for_a_drop),
	    TEST(a_control_name_is_escaped),
	    TEST(what_is_no_acknowledged_control),
	    TEST(a_name_that_never_passes_three_times),
	    TEST(a_name_that_passed_once),
	};
	return cmocka_run_group_tests_name("contrast", tests, NULL, NULL);
}
