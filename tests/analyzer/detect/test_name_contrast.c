/* Names that fail where others pass, as rows of their own. Attempts are made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "analyzer/detect/detector.h"
#include "tests/support/attempts.h"

extern const struct detector detector_name_contrast;

struct setting {
	struct attempts_made tried;
	struct candidates candidates;
	uint64_t *tested;
};

static int open_setting(void **state)
{
	static struct setting s;
	struct err e;
	s = (struct setting){.tested = calloc(mechanism_count, sizeof *s.tested)};
	*state = &s;
	return candidates_init(&s.candidates, 100, 0, &e);
}

static int close_setting(void **state)
{
	struct setting *s = *state;
	attempts_forget(&s->tried);
	candidates_free(&s->candidates);
	free(s->tested);
	return 0;
}

static void fails(struct setting *s, int times, const char *name, enum attempt_outcome outcome)
{
	for (int i = 0; i < times; i++)
		attempts_try(&s->tried, i * 20, 1, name, outcome);
}

static void passes(struct setting *s, int times, const char *name)
{
	for (int i = 0; i < times; i++)
		attempts_try(&s->tried, 10 + i * 20, 1, name, ATTEMPT_ANSWERED);
}

static size_t conclude(struct setting *s)
{
	struct conclusion c = {.attempts = attempts_sorted(&s->tried),
	                       .candidates = &s->candidates,
	                       .tested = s->tested};
	detector_name_contrast.conclude(&c);
	return s->candidates.count;
}

static void one_name_fails(void **state)
{
	struct setting *s = *state;
	fails(s, 4, "blocked.example", ATTEMPT_STALLED);
	passes(s, 5, "other.example");
	assert_int_equal(conclude(s), 1);
	const struct finding *f = s->candidates.items[0];
	assert_int_equal(f->kind, KIND_SYMPTOM);
	assert_string_equal(f->name, "blocked.example");
	assert_int_equal(f->contrast, 1U << ATTEMPT_STALLED);
	assert_int_equal(f->evidence_count, 4);
	assert_int_equal(f->suspect_count, 0);
}

static void too_few_to_tell(void **state)
{
	struct setting *s = *state;
	fails(s, 3, "blocked.example", ATTEMPT_STALLED);
	passes(s, 3, "other.example");
	assert_int_equal(conclude(s), 0);
	assert_int_equal(s->tested[mechanism_find("name_contrast") - mechanisms], 1);
}

static void a_server_that_fails_for_all(void **state)
{
	struct setting *s = *state;
	fails(s, 5, "blocked.example", ATTEMPT_RESET);
	fails(s, 5, "other.example", ATTEMPT_RESET);
	passes(s, 3, "third.example");
	assert_int_equal(conclude(s), 0);
}

/* A server that does not know a name closes or says so. */
static void what_servers_do_themselves(void **state)
{
	struct setting *s = *state;
	fails(s, 6, "unknown.example", ATTEMPT_CLOSED);
	fails(s, 6, "refused.example", ATTEMPT_TURNED_AWAY);
	passes(s, 9, "other.example");
	assert_int_equal(conclude(s), 0);
}

static void two_kinds_of_failure_are_two(void **state)
{
	struct setting *s = *state;
	fails(s, 5, "blocked.example", ATTEMPT_RESET);
	fails(s, 5, "second.example", ATTEMPT_UNACKED);
	passes(s, 9, "other.example");
	assert_int_equal(conclude(s), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_setting, close_setting)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(one_name_fails),
	    TEST(too_few_to_tell),
	    TEST(a_server_that_fails_for_all),
	    TEST(what_servers_do_themselves),
	    TEST(two_kinds_of_failure_are_two),
	};
	return cmocka_run_group_tests_name("name_contrast", tests, NULL, NULL);
}
