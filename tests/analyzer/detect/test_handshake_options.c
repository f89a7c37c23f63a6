/* Handshakes of one client at one place that differ. Attempts are made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "analyzer/detect/detector.h"
#include "tests/support/attempts.h"

extern const struct detector detector_handshake_options;

enum { ALL = TCPOPT_SEEN_MSS | TCPOPT_SEEN_WSCALE | TCPOPT_SEEN_SACK_PERMITTED | TCPOPT_SEEN_TIMESTAMPS };

struct setting {
	struct attempts_made tried;
	struct candidates candidates;
};

static int open_setting(void **state)
{
	static struct setting s;
	struct err e;
	s = (struct setting){0};
	*state = &s;
	return candidates_init(&s.candidates, 100, 0, &e);
}

static int close_setting(void **state)
{
	struct setting *s = *state;
	attempts_forget(&s->tried);
	candidates_free(&s->candidates);
	return 0;
}

static void shook_hands(struct setting *s, unsigned host, uint16_t offered, uint16_t taken, uint16_t window)
{
	struct attempt *a = attempts_try(&s->tried, (double)s->tried.tried, host, "site.example", ATTEMPT_ANSWERED);
	a->syn = (struct attempt_opening){.ttl = 64, .seen = offered, .window = 64240};
	a->synack = (struct attempt_opening){.ttl = 52, .seen = taken, .window = window};
}

/* The only finding's mechanism; "" when there is none. */
static const char *conclude(struct setting *s, bool terminated_locally)
{
	struct conclusion c = {.attempts = attempts_sorted(&s->tried),
	                       .terminated_locally = terminated_locally,
	                       .candidates = &s->candidates};
	detector_handshake_options.conclude(&c);
	assert_true(s->candidates.count <= 1);
	if (s->candidates.count == 0)
		return "";
	assert_int_equal(s->candidates.items[0]->kind, KIND_INFORMATIONAL);
	return s->candidates.items[0]->mechanism->id;
}

static void an_option_that_is_missing_once(void **state)
{
	shook_hands(*state, 1, ALL, ALL, 65160);
	shook_hands(*state, 1, ALL, ALL & ~TCPOPT_SEEN_SACK_PERMITTED, 65160);
	assert_string_equal(conclude(*state, false), "mss_or_option_stripped");
}

static void an_option_that_was_not_offered(void **state)
{
	shook_hands(*state, 1, ALL, ALL, 65160);
	shook_hands(*state, 1, ALL & ~TCPOPT_SEEN_SACK_PERMITTED, ALL & ~TCPOPT_SEEN_SACK_PERMITTED, 65160);
	assert_string_equal(conclude(*state, false), "");
}

static void another_server(void **state)
{
	shook_hands(*state, 1, ALL, ALL, 65160);
	shook_hands(*state, 2, ALL, TCPOPT_SEEN_MSS, 65160);
	assert_string_equal(conclude(*state, false), "");
}

static void a_tiny_window_once(void **state)
{
	shook_hands(*state, 1, TCPOPT_SEEN_MSS, TCPOPT_SEEN_MSS, 64240);
	shook_hands(*state, 1, TCPOPT_SEEN_MSS, TCPOPT_SEEN_MSS, 10);
	assert_string_equal(conclude(*state, false), "small_window_synack");
}

static void a_server_whose_windows_are_tiny(void **state)
{
	shook_hands(*state, 1, TCPOPT_SEEN_MSS, TCPOPT_SEEN_MSS, 512);
	shook_hands(*state, 1, TCPOPT_SEEN_MSS, TCPOPT_SEEN_MSS, 10);
	assert_string_equal(conclude(*state, false), "");
}

static void a_recorder_of_its_own(void **state)
{
	shook_hands(*state, 1, ALL, ALL, 65160);
	shook_hands(*state, 1, ALL, TCPOPT_SEEN_MSS, 10);
	assert_string_equal(conclude(*state, true), "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_setting, close_setting)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_option_that_is_missing_once),
	    TEST(an_option_that_was_not_offered),
	    TEST(another_server),
	    TEST(a_tiny_window_once),
	    TEST(a_server_whose_windows_are_tiny),
	    TEST(a_recorder_of_its_own),
	};
	return cmocka_run_group_tests_name("handshake_options", tests, NULL, NULL);
}
