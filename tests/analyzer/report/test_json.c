/* JSON text: escaping, nesting, empty containers. */
#include "analyzer/report/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void nothing_but_a_value_comes_out(void **state)
{
	(void)state;
	char *text;
	size_t size;
	struct json j = {.file = open_memstream(&text, &size)};
	json_open(&j, NULL, '{');
	json_text(&j, "key \"q\"", "a\"b\\c\n\x01\x7f");
	json_number(&j, "n", UINT64_MAX);
	json_open(&j, "empty", '[');
	json_close(&j, ']');
	json_open(&j, "list", '[');
	json_text(&j, NULL, "\xc3\xa9");
	json_open(&j, NULL, '{');
	json_close(&j, '}');
	json_close(&j, ']');
	json_close(&j, '}');
	fclose(j.file);
	assert_string_equal(text, "{\n"
	                          "  \"key \\\"q\\\"\": \"a\\\"b\\\\c\\u000a\\u0001\\u007f\",\n"
	                          "  \"n\": 18446744073709551615,\n"
	                          "  \"empty\": [],\n"
	                          "  \"list\": [\n"
	                          "    \"\xc3\xa9\",\n"
	                          "    {}\n"
	                          "  ]\n"
	                          "}\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_but_a_value_comes_out)};
	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
