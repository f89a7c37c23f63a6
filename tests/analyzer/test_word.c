/* Near words are found, far ones are not. */
#include "analyzer/word.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const words[] = {"scan", "signatures", "report"};

static void near_words_are_found(void **state)
{
	(void)state;
	assert_string_equal(word_nearest("signature", words, 3), "signatures");
	assert_string_equal(word_nearest("singatures", words, 3), "signatures");
	assert_string_equal(word_nearest("scam", words, 3), "scan");
	assert_string_equal(word_nearest("scan", words, 3), "scan");
}

static void far_words_are_not(void **state)
{
	(void)state;
	assert_null(word_nearest("pair", words, 3));
	assert_null(word_nearest("", words, 3));
	assert_null(word_nearest("s", words, 3));
	assert_null(word_nearest("scan", NULL, 0));
	char endless[5000];
	memset(endless, 's', sizeof endless - 1);
	endless[sizeof endless - 1] = '\0';
	assert_null(word_nearest(endless, words, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(near_words_are_found),
	    cmocka_unit_test(far_words_are_not),
	};
	return cmocka_run_group_tests_name("word", tests, NULL, NULL);
}
