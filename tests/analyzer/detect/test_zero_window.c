/* Closed windows: a slow reader's, and somebody else's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/conversation.h"

static const char *const wanted[] = {"zero_window_forged", NULL};

static int open_conversation(void **state)
{
	static struct conversation c;
	conversation_open_for(&c, wanted, NULL);
	c.timestamps[CLIENT] = c.timestamps[SERVER] = true;
	c.windows[SERVER] = 20000;
	conversation_exchange(&c);
	*state = &c;
	return 0;
}

static int close_conversation(void **state)
{
	conversation_close(*state);
	return 0;
}

/* Without timestamps, and with an IP-ID of its own. */
static void another_header(void **state)
{
	struct conversation *c = *state;
	uint64_t forged =
	    SEND(c, SERVER, 90000, "A", .window = WINDOW_ZERO, .no_options = true, .id = 7, .forged = true);
	SEND(c, SERVER, 120000, "PA", .bytes = 1000);
	SEND(c, SERVER, 120100, "PA", .bytes = 1000);
	const struct finding *f = conversation_finding(c, "zero_window_forged");
	ASSERT_SUSPECTS(f, forged);
	assert_int_equal(f->kind, KIND_CONTRADICTION);
}

static void a_slow_reader(void **state)
{
	struct conversation *c = *state;
	SEND(c, SERVER, 90000, "A", .window = WINDOW_ZERO);
	SEND(c, SERVER, 400000, "A");
	assert_silent(c);
	assert_int_equal(conversation_tested(c, "zero_window_forged"), 1);
}

static void a_window_that_was_small_before(void **state)
{
	struct conversation *c = *state;
	SEND(c, SERVER, 85000, "A", .window = 100);
	SEND(c, SERVER, 90000, "A", .window = WINDOW_ZERO, .no_options = true, .id = 7, .forged = true);
	assert_silent(c);
	assert_int_equal(conversation_tested(c, "zero_window_forged"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_conversation, close_conversation)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(another_header),
	    TEST(a_slow_reader),
	    TEST(a_window_that_was_small_before),
	};
	return cmocka_run_group_tests_name("zero_window", tests, NULL, NULL);
}
