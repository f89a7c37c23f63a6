/* Command lines: what is taken, what is refused, and what the refusal says. */
#include "analyzer/options.h"

#include "analyzer/option_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { WORDS_MAX = 48 };

/* A command line as words between blanks. */
static int parse(struct options *o, const char *line, struct err *e)
{
	static char copy[1024]; /* options borrow from it */
	char *argv[WORDS_MAX + 1] = {(char[]){"scan"}};
	int argc = 1;
	snprintf(copy, sizeof copy, "%s", line);
	for (char *word = strtok(copy, " "); word && argc < WORDS_MAX; word = strtok(NULL, " "))
		argv[argc++] = word;
	return options_parse(o, argc, argv, e);
}

static void refused(const char *line, const char *says)
{
	struct options o;
	struct err e = {0};
	assert_int_equal(parse(&o, line, &e), ERR_USAGE);
	if (!strstr(e.text, says))
		fail_msg("'%s' says '%s', not '%s'", line, e.text, says);
	assert_null(strchr(e.text, '\n'));
	options_free(&o);
}

static struct options taken(const char *line)
{
	struct options o;
	struct err e = {0};
	if (parse(&o, line, &e) < 0)
		fail_msg("'%s' is refused: %s", line, e.text);
	return o;
}

static void defaults_are_those_of_the_table(void **state)
{
	(void)state;
	struct options o = taken("a.pcap");
	assert_int_equal(o.min_label, LABEL_WEAK);
	assert_int_equal(o.stall, 60);
	assert_int_equal(o.max_findings, 10000);
	assert_true(o.max_inflated == UINT64_C(1) << 40);
	assert_true(o.jobs >= 1);
	assert_null(o.output);
	assert_null(o.mechanisms);
	assert_false(o.no_hash || o.quiet || o.walk);
	options_free(&o);
}

static void every_option_is_taken(void **state)
{
	(void)state;
	struct options o = taken(
	    "-o out --files-from list -0 -r -j 3 --signatures s1 --signatures=s2 --no-default-signatures --mechanisms "
	    "tcp_overlap_conflict,rst_seq_data --min-label strong --max-flows 100 --max-memory 64M --max-inflated 2g "
	    "--max-findings 7 --stall 5 --no-hash --no-header --progress never -qv --exit-code x.pcap");
	assert_string_equal(o.output, "out");
	assert_true(o.nul_ended && o.walk && o.no_default_signatures && o.no_hash && o.no_header);
	assert_true(o.quiet && o.verbose && o.exit_code);
	assert_int_equal(o.jobs, 3);
	assert_int_equal(o.signature_count, 2);
	assert_string_equal(o.signatures[1], "s2");
	assert_string_equal(o.mechanisms[0], "rst_seq_data"); /* order of the table, not of the line */
	assert_string_equal(o.mechanisms[1], "tcp_overlap_conflict");
	assert_null(o.mechanisms[2]);
	assert_int_equal(o.min_label, LABEL_STRONG);
	assert_int_equal(o.max_memory, 64 << 20);
	assert_true(o.max_inflated == UINT64_C(2) << 30);
	assert_int_equal(o.stall, 5);
	assert_int_equal(o.progress, PROGRESS_NEVER);
	assert_int_equal(o.operand_count, 2);
	options_free(&o);
}

static void captures_keep_the_order_of_the_line(void **state)
{
	(void)state;
	struct options o = taken("b.pcap --files-from list - -q a.pcap -- -j --help");
	assert_int_equal(o.operand_count, 6);
	static const char *const order[] = {"b.pcap", "list", "-", "a.pcap", "-j", "--help"};
	for (size_t i = 0; i < 6; i++) {
		assert_string_equal(o.operands[i].text, order[i]);
		assert_int_equal(o.operands[i].list, i == 1);
	}
	assert_true(o.quiet);
	options_free(&o);
}

static void what_is_not_built_does_not_exist(void **state)
{
	(void)state;
	static const char *const lines[] = {"--threads 2", "--sequence",   "--filter tcp", "--flows",
	                                    "--evidence",  "--evidence=3", "--redact all", "--key k",
	                                    "--asn x",     "--show-match", "--resume"};
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		char line[64];
		snprintf(line, sizeof line, "%s x.pcap", lines[i]);
		refused(line, "unknown option '--");
	}
}

static void mistakes_get_a_hint(void **state)
{
	(void)state;
	refused("--signature x y.pcap", "did you mean --signatures?");
	refused("--min-lable weak y.pcap", "did you mean --min-label?");
	refused("--mechanisms rst_seq_dta y.pcap", "did you mean rst_seq_data?");
	refused("--mechanisms -x y.pcap", "there is no '-x':");
	refused("--wibble y.pcap", "--help");
	refused("-Z y.pcap", "unknown option '-Z'");
	refused("-qZ y.pcap", "unknown option '-Z'");
}

static void names_are_not_shortened(void **state)
{
	(void)state;
	refused("--qui y.pcap", "unknown option '--qui'");
	refused("--max-fl 3 y.pcap", "unknown option '--max-fl'");
	refused("--max-fl=3 y.pcap", "unknown option '--max-fl'");
}

static void values_are_checked(void **state)
{
	(void)state;
	refused("-j 0 x", "from 1 to");
	refused("-j -1 x", "from 1 to");
	refused("-j 2x x", "from 1 to");
	refused("--max-memory 1Q x", "64K");
	refused("--max-memory 99999999999999999T x", "64K");
	refused("--max-memory 1K x", "from");
	refused("--max-inflated 0 x", "from 1");
	refused("--max-findings 18446744073709551616 x", "from 1 to");
	refused("--min-label firm x", "moderately_strong");
	refused("--progress maybe x", "never");
	refused("--quiet=3 x", "takes no value");
	refused("--signatures= x", "needs PATH");
	refused("-o", "needs DIR");
	refused("--mechanisms a,,b x", "there is no");
}

static void a_line_without_captures_is_refused(void **state)
{
	(void)state;
	refused("", "no captures");
	refused("-q -r", "no captures");
}

static void help_needs_nothing_else(void **state)
{
	(void)state;
	struct options o = taken("--help");
	assert_true(o.help);
	options_free(&o);
	o = taken("--version");
	assert_true(o.version);
	options_free(&o);
}

static void help_names_every_option_within_80_columns(void **state)
{
	(void)state;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	options_help(out);
	fclose(out);
	for (size_t i = 0; i < option_row_count; i++) {
		char name[64];
		snprintf(name, sizeof name, "--%s", option_rows[i].name);
		assert_non_null(strstr(text, name));
	}
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		assert_true(strlen(line) < 80);
	free(text);
}

static void shaping_options_are_named_with_their_values(void **state)
{
	(void)state;
	struct options o = taken("--max-memory 1M --mechanisms rst_seq_data,dns_dual_answer -j 9 x");
	bool memory = false, mechanisms_seen = false;
	char buffer[256];
	const char *name;
	struct text value = text_over(buffer, sizeof buffer);
	for (size_t i = 0; (name = options_shaping(&o, i, &value)); i++) {
		assert_string_not_equal(name, "jobs");
		assert_string_not_equal(name, "output");
		memory |= strcmp(name, "max-memory") == 0 && strcmp(buffer, "1048576") == 0;
		mechanisms_seen |=
		    strcmp(name, "mechanisms") == 0 && strcmp(buffer, "rst_seq_data,dns_dual_answer") == 0;
		assert_true(value.len > 0);
		value = text_over(buffer, sizeof buffer);
	}
	assert_true(memory && mechanisms_seen);
	options_free(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(defaults_are_those_of_the_table),
	    cmocka_unit_test(every_option_is_taken),
	    cmocka_unit_test(captures_keep_the_order_of_the_line),
	    cmocka_unit_test(what_is_not_built_does_not_exist),
	    cmocka_unit_test(mistakes_get_a_hint),
	    cmocka_unit_test(names_are_not_shortened),
	    cmocka_unit_test(values_are_checked),
	    cmocka_unit_test(a_line_without_captures_is_refused),
	    cmocka_unit_test(help_needs_nothing_else),
	    cmocka_unit_test(help_names_every_option_within_80_columns),
	    cmocka_unit_test(shaping_options_are_named_with_their_values),
	};
	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
