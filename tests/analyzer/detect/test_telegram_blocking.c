/* mtproto_block: connections to one operator's networks. Attempts are made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "analyzer/detect/detector.h"
#include "tests/support/attempts.h"
#include "tests/support/events.h"
#include "tests/support/weights.h"

extern const struct detector detector_telegram_blocking;

struct setting {
	struct attempts_made tried;
	struct candidates candidates;
	struct weights *weights;
	uint64_t *tested;
};

static int open_setting(void **state)
{
	static struct setting s;
	struct err e;
	s = (struct setting){.weights = weights_fixture(), .tested = calloc(mechanism_count, sizeof *s.tested)};
	*state = &s;
	return candidates_init(&s.candidates, 10, 0, &e);
}

static int close_setting(void **state)
{
	struct setting *s = *state;
	attempts_forget(&s->tried);
	candidates_free(&s->candidates);
	weights_free(s->weights);
	free(s->tested);
	return 0;
}

static void tries(struct setting *s, const char *server, double second, enum attempt_outcome outcome)
{
	attempts_try(&s->tried, second, 1, NULL, outcome)->server = addr_parse(server);
}

static size_t conclude(struct setting *s)
{
	struct conclusion c = {.attempts = attempts_sorted(&s->tried),
	                       .weights = s->weights,
	                       .candidates = &s->candidates,
	                       .tested = s->tested};
	detector_telegram_blocking.conclude(&c);
	return s->candidates.count;
}

static void none_gets_through(void **state)
{
	struct setting *s = *state;
	tries(s, "149.154.167.51", 0, ATTEMPT_NO_HANDSHAKE);
	tries(s, "149.154.175.100", 5, ATTEMPT_NO_HANDSHAKE);
	tries(s, "91.108.56.130", 12, ATTEMPT_NO_HANDSHAKE);
	assert_int_equal(conclude(s), 1);
	const struct finding *f = s->candidates.items[0];
	assert_int_equal(f->kind, KIND_SYMPTOM);
	assert_int_equal(f->suspect_count, 3);
	assert_string_equal(f->terms[0].id, "E11");
	assert_int_equal(s->tested[mechanism_find("mtproto_block") - mechanisms], 3);
}

static void none_over_ipv6(void **state)
{
	struct setting *s = *state;
	for (int i = 0; i < 3; i++)
		tries(s, "2001:67c:4e8:f004::a", i * 6, ATTEMPT_UNACKED);
	assert_int_equal(conclude(s), 1);
}

static void one_gets_through(void **state)
{
	struct setting *s = *state;
	for (int i = 0; i < 3; i++)
		tries(s, "149.154.167.51", i * 6, ATTEMPT_NO_HANDSHAKE);
	tries(s, "91.108.56.130", 20, ATTEMPT_ANSWERED);
	assert_int_equal(conclude(s), 0);
}

static void too_few_or_too_soon(void **state)
{
	struct setting *s = *state;
	tries(s, "149.154.167.51", 0, ATTEMPT_NO_HANDSHAKE);
	tries(s, "149.154.167.51", 20, ATTEMPT_NO_HANDSHAKE);
	assert_int_equal(conclude(s), 0);
	attempts_forget(&s->tried);
	for (int i = 0; i < 5; i++)
		tries(s, "149.154.167.51", i, ATTEMPT_NO_HANDSHAKE);
	assert_int_equal(conclude(s), 0);
}

static void neighbours_of_the_networks(void **state)
{
	struct setting *s = *state;
	for (int i = 0; i < 4; i++) {
		tries(s, "149.154.176.1", i * 6, ATTEMPT_NO_HANDSHAKE); /* behind the /20 */
		tries(s, "91.108.24.1", i * 6, ATTEMPT_NO_HANDSHAKE);
		tries(s, "2001:67c:4e9::1", i * 6, ATTEMPT_NO_HANDSHAKE);
	}
	assert_int_equal(conclude(s), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_setting, close_setting)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(none_gets_through),          TEST(none_over_ipv6), TEST(one_gets_through), TEST(too_few_or_too_soon),
	    TEST(neighbours_of_the_networks),
	};
	return cmocka_run_group_tests_name("telegram_blocking", tests, NULL, NULL);
}
