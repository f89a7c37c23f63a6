/* Errors as text: the code comes back, a text too long is cut. */
#include "analyzer/base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void returns_its_code(void **state)
{
	struct err e;
	(void)state;
	assert_int_equal(err_set(&e, ERR_IO, "%s:%d", "file", 7), ERR_IO);
	assert_int_equal(e.code, ERR_IO);
	assert_string_equal(e.text, "file:7");
	assert_int_equal(err_set(&e, ERR_USAGE, "%s", ""), ERR_USAGE);
	assert_string_equal(e.text, "");
}

static void cuts_a_long_text(void **state)
{
	struct err e;
	char text[1000];
	(void)state;
	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	assert_int_equal(err_set(&e, ERR_LIMIT, "%s", text), ERR_LIMIT);
	assert_int_equal(strlen(e.text), sizeof e.text - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(returns_its_code),
	    cmocka_unit_test(cuts_a_long_text),
	};
	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
