/* Every check of a row fires on a row that differs from a fine one in that point only. */
#include "signatures/lint.h"

#include "analyzer/base/text.h"
#include "signatures/match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants the above */
#include <cmocka.h>

static const char *column_name(enum column column)
{
	static const char *const names[COL_COUNT] = {"id",     "kind",  "location", "match",   "pattern",    "encoding",
	                                             "except", "scope", "country",  "vendor",  "confidence", "action",
	                                             "source", "url",   "notes",    "aliases", "origin_id",  "origin"};
	return names[column];
}

static struct row fine_row(void)
{
	static const char *const fields[COL_COUNT] = {
	    "a.row",    "http", "body", "contains", "telling fragment",     "plain", "", "isp", "RU",
	    "Some ISP", "8",    "hit",  "them",     "https://example.org/", "",      "", "",    ""};
	struct row row = {.file = "set.csv", .line = 7};
	for (size_t i = 0; i < COL_COUNT; i++)
		row.field[i] = span_text(fields[i]);
	return row;
}

/* Changes up to four fields: column and text in turn, text NULL at the end. */
struct change {
	enum column column;
	const char *text;
};

struct lint_case {
	struct change change[5];
	enum column at;  /* where the error is */
	const char *why; /* part of the text; NULL: the row is fine */
};

static void run(const struct lint_case *cases, size_t n)
{
	struct arena arena = {0};
	for (size_t i = 0; i < n; i++) {
		struct row row = fine_row();
		struct rule rule;
		struct err e = {0};
		char start[40];
		for (size_t k = 0; cases[i].change[k].text; k++)
			row.field[cases[i].change[k].column] = span_text(cases[i].change[k].text);
		int code = lint_row(&row, NULL, &arena, &rule, &e);
		if (!cases[i].why && code != 0)
			fail_msg("case %zu: %s", i, e.text);
		if (code == 0) {
			regexp_free(rule.regexp);
			if (cases[i].why)
				fail_msg("case %zu is accepted (%s)", i, cases[i].why);
			continue;
		}
		struct text t = text_over(start, sizeof(start));
		text_printf(&t, "set.csv:7: %s: ", column_name(cases[i].at));
		assert_int_equal(code, ERR_FORMAT);
		if (strncmp(e.text, start, t.len) != 0 || !strstr(e.text, cases[i].why))
			fail_msg("case %zu: \"%s\", not \"%s... %s\"", i, e.text, start, cases[i].why);
	}
	arena_free(&arena);
}

#define RUN(cases) run(cases, sizeof(cases) / sizeof((cases)[0]))

static void fields(void **unused)
{
	(void)unused;
	static const struct lint_case cases[] = {
	    {{{COL_ID, "a-z.0_9@x"}}, COL_ID, NULL},
	    {{{COL_ID, ""}}, COL_ID, "empty"},
	    {{{COL_ID, "Upper"}}, COL_ID, "0x55"},
	    {{{COL_ID, "a b"}}, COL_ID, "0x20"},
	    {{{COL_KIND, "ftp"}}, COL_KIND, "must be http"},
	    {{{COL_KIND, ""}}, COL_KIND, "must be http"},
	    {{{COL_LOCATION, "foot"}}, COL_LOCATION, "no such place"},
	    {{{COL_LOCATION, "answer"}}, COL_LOCATION, "no such place"},
	    {{{COL_KIND, "tls"}}, COL_LOCATION, "no such place"},
	    {{{COL_LOCATION, "title"}}, COL_LOCATION, NULL},
	    {{{COL_LOCATION, "status_line"}}, COL_LOCATION, NULL},
	    {{{COL_LOCATION, "header.x-name_1"}}, COL_LOCATION, NULL},
	    {{{COL_LOCATION, "header.Location"}}, COL_LOCATION, "lower case"},
	    {{{COL_LOCATION, "header."}}, COL_LOCATION, "no header name"},
	    {{{COL_LOCATION, "header.a b"}}, COL_LOCATION, "not a header name"},
	    {{{COL_MATCH, "regex"}}, COL_MATCH, "must be full"},
	    {{{COL_MATCH, "cidr"}}, COL_MATCH, "makes no sense"},
	    {{{COL_ENCODING, "base64"}}, COL_ENCODING, "plain or esc"},
	    {{{COL_ENCODING, ""}}, COL_ENCODING, "plain or esc"},
	    {{{COL_SCOPE, "local"}}, COL_SCOPE, "must be national"},
	    {{{COL_SCOPE, "benign"}}, COL_SCOPE, NULL},
	    {{{COL_COUNTRY, ""}}, COL_COUNTRY, NULL},
	    {{{COL_COUNTRY, "RU;BY"}}, COL_COUNTRY, NULL},
	    {{{COL_COUNTRY, "ru"}}, COL_COUNTRY, "ISO 3166"},
	    {{{COL_COUNTRY, "RUS"}}, COL_COUNTRY, "ISO 3166"},
	    {{{COL_COUNTRY, "RU;"}}, COL_COUNTRY, "ISO 3166"},
	    {{{COL_COUNTRY, "RU,BY"}}, COL_COUNTRY, "ISO 3166"},
	    {{{COL_COUNTRY, "RU;BY;XK"}}, COL_COUNTRY, NULL},
	    {{{COL_COUNTRY, "RU;ZZ"}}, COL_COUNTRY, "ISO 3166"},
	    {{{COL_COUNTRY, "UK"}}, COL_COUNTRY, "ISO 3166"},
	    {{{COL_COUNTRY, ";RU"}}, COL_COUNTRY, "ISO 3166"},
	    {{{COL_LOCATION, "header.Location "}}, COL_LOCATION, "not a header name"},
	    {{{COL_CONFIDENCE, "0"}}, COL_CONFIDENCE, NULL},
	    {{{COL_CONFIDENCE, "10"}}, COL_CONFIDENCE, NULL},
	    {{{COL_CONFIDENCE, "11"}}, COL_CONFIDENCE, "0 to 10"},
	    {{{COL_CONFIDENCE, "-1"}}, COL_CONFIDENCE, "0 to 10"},
	    {{{COL_CONFIDENCE, ""}}, COL_CONFIDENCE, "0 to 10"},
	    {{{COL_CONFIDENCE, "7.5"}}, COL_CONFIDENCE, "0 to 10"},
	    {{{COL_ACTION, "block"}}, COL_ACTION, "hit, hint"},
	    {{{COL_ACTION, "fp"}}, COL_ACTION, NULL},
	    {{{COL_SOURCE, ""}}, COL_SOURCE, "missing"},
	    {{{COL_SOURCE, "  "}}, COL_SOURCE, "missing"},
	    {{{COL_URL, ""}}, COL_URL, "missing"},
	    {{{COL_URL, "example.org"}}, COL_URL, "web address"},
	    {{{COL_EXCEPT, "example.org"}}, COL_EXCEPT, "only dns"},
	};
	RUN(cases);
}

static void text(void **unused)
{
	(void)unused;
	static char long_field[FIELD_MAX + 2], fits[FIELD_MAX + 1];
	memset(long_field, 'x', FIELD_MAX + 1);
	memset(fits, 'x', FIELD_MAX);
	const struct lint_case cases[] = {
	    {{{COL_NOTES, "запрещено 国"}}, COL_NOTES, NULL},
	    {{{COL_NOTES, "\xe7\xe0"}}, COL_NOTES, "not UTF-8 at byte 0"},
	    {{{COL_PATTERN, "fragment \xff"}}, COL_PATTERN, "not UTF-8 at byte 9"},
	    {{{COL_NOTES, "a\tb"}}, COL_NOTES, "control byte 0x09"},
	    {{{COL_VENDOR, "a\x7f"}}, COL_VENDOR, "control byte 0x7f"},
	    {{{COL_PATTERN, "long enough\xc2\x85"}}, COL_PATTERN, "control byte"},
	    {{{COL_PATTERN, "lost \xef\xbf\xbd charset"}}, COL_PATTERN, "U+FFFD"},
	    {{{COL_ALIASES, "\xef\xbf\xbd"}}, COL_ALIASES, "U+FFFD"},
	    {{{COL_NOTES, long_field}}, COL_NOTES, "at most 4096"},
	    {{{COL_PATTERN, long_field}}, COL_PATTERN, "at most 4096"},
	    {{{COL_PATTERN, fits}}, COL_PATTERN, NULL},
	};
	RUN(cases);
}

static void body_patterns(void **unused)
{
	(void)unused;
	static const struct lint_case cases[] = {
	    {{{COL_PATTERN, ""}}, COL_PATTERN, "empty"},
	    {{{COL_PATTERN, "abc"}}, COL_PATTERN, "fewer than 4"},
	    {{{COL_PATTERN, "abcd"}}, COL_PATTERN, NULL},
	    {{{COL_PATTERN, "abcdefg"}, {COL_COUNTRY, ""}}, COL_PATTERN, "fewer than 8"},
	    {{{COL_PATTERN, "abcdefgh"}, {COL_COUNTRY, ""}}, COL_PATTERN, NULL},
	    {{{COL_PATTERN, "abcdefg"}, {COL_COUNTRY, ""}, {COL_MATCH, "full"}}, COL_PATTERN, NULL},
	    {{{COL_PATTERN, "abc"}, {COL_MATCH, "prefix"}}, COL_PATTERN, "fewer than 4"},
	    {{{COL_PATTERN, "abc"}, {COL_LOCATION, "title"}}, COL_PATTERN, NULL},
	    {{{COL_PATTERN, "\\x41\\x42\\x43"}, {COL_ENCODING, "esc"}}, COL_PATTERN, "fewer than 4"},
	    {{{COL_PATTERN, "192.0.2.77"}}, COL_PATTERN, "digits and dots"},
	    {{{COL_PATTERN, "//192.0.2.77/"}}, COL_PATTERN, NULL},
	    {{{COL_PATTERN, "192.0.2.77"}, {COL_MATCH, "prefix"}}, COL_PATTERN, NULL},
	    {{{COL_PATTERN, "a tab\\x09here"}, {COL_ENCODING, "esc"}}, COL_PATTERN, NULL},
	    {{{COL_PATTERN, "no such \\n"}, {COL_ENCODING, "esc"}}, COL_PATTERN, "bad escape"},
	    {{{COL_PATTERN, "no such \\n"}}, COL_PATTERN, NULL},
	    {{{COL_PATTERN, "a lost \\xef\\xbf\\xbd charset"}, {COL_ENCODING, "esc"}}, COL_PATTERN, "U+FFFD"},
	    {{{COL_PATTERN, "192\\.0\\.2\\.77"}, {COL_MATCH, "regexp"}}, COL_PATTERN, "put \\b at both ends"},
	    {{{COL_PATTERN, "\\b192\\.0\\.2\\.77\\b"}, {COL_MATCH, "regexp"}}, COL_PATTERN, NULL},
	    {{{COL_PATTERN, "192\\.0\\.2\\.77"}, {COL_MATCH, "regexp"}, {COL_LOCATION, "title"}}, COL_PATTERN, NULL},
	    {{{COL_PATTERN, "abcd.*"}, {COL_MATCH, "regexp"}}, COL_PATTERN, NULL},
	    {{{COL_PATTERN, "abc.*"}, {COL_MATCH, "regexp"}}, COL_PATTERN, "literal of 4"},
	    {{{COL_PATTERN, "abcd("}, {COL_MATCH, "regexp"}}, COL_PATTERN, "not closed"},
	    {{{COL_PATTERN, "abcd[z-a]"}, {COL_MATCH, "regexp"}}, COL_PATTERN, "does not compile"},
	    {{{COL_PATTERN, "(abcd)efgh\\1"}, {COL_MATCH, "regexp"}}, COL_PATTERN, "backreference"},
	    {{{COL_PATTERN, "abcd(?=e)"}, {COL_MATCH, "regexp"}}, COL_PATTERN, "lookaround"},
	    {{{COL_PATTERN, "abcd(?:e+)*"}, {COL_MATCH, "regexp"}}, COL_PATTERN, "repeats a group"},
	};
	RUN(cases);
}

static void wide_expression(void **unused)
{
	(void)unused;
	char wide[SIG_WINDOW + 2];
	memset(wide, 'x', SIG_WINDOW + 1);
	wide[SIG_WINDOW + 1] = '\0';
	const struct lint_case cases[] = {
	    {{{COL_PATTERN, wide}, {COL_MATCH, "regexp"}}, COL_PATTERN, "wider than"},
	    {{{COL_PATTERN, wide + 1}, {COL_MATCH, "regexp"}}, COL_PATTERN, NULL},
	    {{{COL_PATTERN, wide}, {COL_MATCH, "regexp"}, {COL_LOCATION, "title"}}, COL_PATTERN, NULL},
	};
	RUN(cases);
}

#define DNS(match, pattern)                                                                                            \
	{COL_KIND, "dns"}, {COL_LOCATION, "answer"}, {COL_MATCH, match},                                               \
	{                                                                                                              \
		COL_PATTERN, pattern                                                                                   \
	}

/* A row of kind dns with a fifth field changed. */
static void dns_case(const char *match, const char *pattern, struct change more, enum column at, const char *why)
{
	struct lint_case c = {{DNS(match, pattern)}, at, why};
	struct row row = fine_row();
	struct arena arena = {0};
	struct rule rule;
	struct err e = {0};
	for (size_t k = 0; k < 4; k++)
		row.field[c.change[k].column] = span_text(c.change[k].text);
	if (more.text)
		row.field[more.column] = span_text(more.text);
	int code = lint_row(&row, NULL, &arena, &rule, &e);
	if ((code == 0) != !why)
		fail_msg("%s %s: %s", match, pattern, code ? e.text : "accepted");
	if (why && (!strstr(e.text, why) || !strstr(e.text, column_name(at))))
		fail_msg("%s %s: \"%s\", not \"%s\"", match, pattern, e.text, why);
	arena_free(&arena);
}

static void addresses(void **unused)
{
	(void)unused;
	const struct change none = {COL_ID, NULL}, anywhere = {COL_COUNTRY, ""};
	dns_case("eq", "198.51.100.7", none, COL_PATTERN, NULL);
	dns_case("eq", "2001:db8::7", none, COL_PATTERN, NULL);
	dns_case("cidr", "198.51.100.0/24", none, COL_PATTERN, NULL);
	dns_case("contains", "198.51.100.7", none, COL_MATCH, "makes no sense");
	dns_case("eq", "198.51.100.0/24", none, COL_PATTERN, "not an address");
	dns_case("cidr", "198.51.100.0", none, COL_PATTERN, "not a prefix");
	dns_case("eq", "198.51.100.007", none, COL_PATTERN, "not an address");
	dns_case("eq", "2001:0db8::7", none, COL_PATTERN, "canonical");
	dns_case("cidr", "198.51.100.7/24", none, COL_PATTERN, "behind its length");
	dns_case("eq", "10.10.34.34", none, COL_PATTERN, NULL);
	dns_case("eq", "10.10.34.34", anywhere, COL_PATTERN, "name a country");
	dns_case("eq", "127.0.0.1", anywhere, COL_PATTERN, "name a country");
	dns_case("eq", "0.0.0.0", anywhere, COL_PATTERN, "name a country");
	dns_case("eq", "1.2.3.4", anywhere, COL_PATTERN, "name a country");
	dns_case("eq", "198.51.100.7", anywhere, COL_PATTERN, NULL);
	dns_case("eq", "31.13.94.37", none, COL_EXCEPT, "one of Meta");
	dns_case("cidr", "31.0.0.0/8", none, COL_EXCEPT, "one of Meta");
	dns_case("eq", "31.13.94.37", (struct change){COL_EXCEPT, "facebook.com;fbcdn.net"}, COL_EXCEPT, NULL);
	dns_case("eq", "31.13.94.37", (struct change){COL_ACTION, "hint"}, COL_EXCEPT, "one of Meta");
	dns_case("eq", "31.13.94.37", (struct change){COL_ACTION, "fp"}, COL_EXCEPT, NULL);
	dns_case("eq", "127.0.0.1", (struct change){COL_ACTION, "hint"}, COL_EXCEPT, NULL);
	dns_case("eq", "198.51.100.7", (struct change){COL_EXCEPT, "a.example;b-1.example"}, COL_EXCEPT, NULL);
	dns_case("eq", "198.51.100.7", (struct change){COL_EXCEPT, "Example.org"}, COL_EXCEPT, "lower case");
	dns_case("eq", "198.51.100.7", (struct change){COL_EXCEPT, "example.org."}, COL_EXCEPT, "lower case");
	dns_case("eq", "198.51.100.7", (struct change){COL_EXCEPT, ".example.org"}, COL_EXCEPT, "lower case");
	dns_case("eq", "198.51.100.7", (struct change){COL_EXCEPT, "a.example;"}, COL_EXCEPT, "lower case");
	dns_case("eq", "198.51.100.7", (struct change){COL_EXCEPT, "a..example"}, COL_EXCEPT, "lower case");
}

static void hashes_and_rules(void **unused)
{
	(void)unused;
	static const char hash[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	const struct lint_case cases[] = {
	    {{{COL_KIND, "tls"}, {COL_LOCATION, "spki_sha256"}, {COL_MATCH, "eq"}, {COL_PATTERN, hash}},
	     COL_PATTERN,
	     NULL},
	    {{{COL_KIND, "tls"}, {COL_LOCATION, "spki_sha256"}, {COL_MATCH, "eq"}, {COL_PATTERN, hash + 1}},
	     COL_PATTERN,
	     "64 hexadecimal"},
	    {{{COL_KIND, "tls"}, {COL_LOCATION, "cert_sha256"}, {COL_MATCH, "eq"}, {COL_PATTERN, hash}},
	     COL_PATTERN,
	     NULL},
	    {{{COL_KIND, "tls"}, {COL_LOCATION, "cert_sha256"}, {COL_MATCH, "eq"}, {COL_PATTERN, "89107c8e50e029b7"}},
	     COL_PATTERN,
	     "64 hexadecimal"},
	    {{{COL_KIND, "tls"}, {COL_LOCATION, "spki_sha256"}, {COL_MATCH, "contains"}, {COL_PATTERN, hash}},
	     COL_MATCH,
	     "makes no sense"},
	    {{{COL_KIND, "tls"}, {COL_LOCATION, "issuer"}, {COL_PATTERN, "CN=X"}}, COL_PATTERN, NULL},
	    {{{COL_KIND, "quic"}, {COL_LOCATION, "ja4"}, {COL_MATCH, "prefix"}, {COL_PATTERN, "q13d"}},
	     COL_PATTERN,
	     NULL},
	    {{{COL_KIND, "dns"}, {COL_LOCATION, "cname"}, {COL_PATTERN, "block.example"}}, COL_PATTERN, NULL},
	    {{{COL_KIND, "rst"}, {COL_LOCATION, "rule"}, {COL_MATCH, "eq"}, {COL_PATTERN, "window-ttl = 1375"}},
	     COL_PATTERN,
	     NULL},
	    {{{COL_KIND, "rst"}, {COL_LOCATION, "rule"}, {COL_MATCH, "full"}, {COL_PATTERN, "window-ttl = 1375"}},
	     COL_MATCH,
	     "makes no sense"},
	    {{{COL_KIND, "rst"}, {COL_LOCATION, "rule"}, {COL_MATCH, "eq"}, {COL_PATTERN, "ttl = 3; window ~ 5"}},
	     COL_PATTERN,
	     "character 10 of the rule: a condition is"},
	    {{{COL_KIND, "http"}, {COL_LOCATION, "rule"}, {COL_MATCH, "eq"}, {COL_PATTERN, "dns-aa = yes"}},
	     COL_PATTERN,
	     "character 1 of the rule: no such fact"},
	    {{{COL_KIND, "dns"}, {COL_LOCATION, "rule"}, {COL_MATCH, "eq"}, {COL_PATTERN, "dns-aa = yes"}},
	     COL_PATTERN,
	     NULL},
	};
	RUN(cases);
}

/* NUL bytes are no text, not even in a row that is off. */
static void nul_bytes(void **unused)
{
	(void)unused;
	for (int column = 0; column < COL_COUNT; column++) {
		for (int off = 0; off < 2; off++) {
			struct row row = fine_row();
			struct arena arena = {0};
			struct rule rule;
			struct err e = {0};
			char start[40];
			if (off)
				row.field[COL_ACTION] = span_text("off");
			row.field[column] = span_of("telling\0piece", 13);
			struct text t = text_over(start, sizeof start);
			text_printf(&t, "%s: control byte 0x00; write it as \\x00", column_name((enum column)column));
			assert_int_equal(lint_row(&row, NULL, &arena, &rule, &e), ERR_FORMAT);
			if (!strstr(e.text, start))
				fail_msg("\"%s\", not \"%s\"", e.text, start);
			arena_free(&arena);
		}
	}
}

/* Strings that are those of the row before are kept once. */
static void shared_strings(void **unused)
{
	(void)unused;
	struct arena arena = {0};
	struct row row = fine_row();
	struct rule first, second;
	struct err e = {0};
	assert_int_equal(lint_row(&row, NULL, &arena, &first, &e), 0);
	row.field[COL_ID] = span_text("b.row");
	row.field[COL_VENDOR] = span_text("");
	assert_int_equal(lint_row(&row, &first.s, &arena, &second, &e), 0);
	assert_ptr_equal(second.s.source, first.s.source);
	assert_string_equal(second.s.id, "b.row");
	assert_string_equal(second.s.vendor, "");
	assert_string_equal(second.s.source, "them");
	arena_free(&arena);
}

/* Every value of the enums has its word. */
static void words(void **unused)
{
	(void)unused;
	for (int i = 0; i < SIG_LOCATION_COUNT; i++) {
		char buffer[64];
		struct text t = text_over(buffer, sizeof buffer);
		sig_location_add(&t, &(struct signature){.location = (enum sig_location)i, .header = "via"});
		assert_true(t.len > 0);
	}
	for (int i = 0; i < SIG_KIND_COUNT; i++)
		assert_non_null(sig_kind_names[i]);
	for (int i = 0; i < SIG_MATCH_COUNT; i++)
		assert_non_null(sig_match_names[i]);
	for (int i = 0; i < SIG_SCOPE_COUNT; i++)
		assert_non_null(sig_scope_names[i]);
	for (int i = 0; i < SIG_ACTION_COUNT; i++)
		assert_non_null(sig_action_names[i]);
}

static void unused_rows_are_spared(void **unused)
{
	(void)unused;
	static const struct lint_case cases[] = {
	    {{{COL_ACTION, "off"}, {COL_PATTERN, ""}}, COL_PATTERN, NULL},
	    {{{COL_ACTION, "off"}, {COL_PATTERN, "abc"}}, COL_PATTERN, NULL},
	    {{{COL_ACTION, "off"}, {COL_PATTERN, "\xef\xbf\xbd\x1a"}}, COL_PATTERN, NULL},
	    {{{COL_ACTION, "off"}, {COL_PATTERN, "\\q"}, {COL_ENCODING, "esc"}}, COL_PATTERN, NULL},
	    {{{COL_ACTION, "off"}, {COL_PATTERN, "a(b"}, {COL_MATCH, "regexp"}}, COL_PATTERN, NULL},
	    {{{COL_ACTION, "off"}, {COL_NOTES, "\x1a"}}, COL_NOTES, "control byte"},
	    {{{COL_ACTION, "off"}, {COL_SOURCE, ""}}, COL_SOURCE, "missing"},
	};
	RUN(cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fields),
	    cmocka_unit_test(text),
	    cmocka_unit_test(body_patterns),
	    cmocka_unit_test(wide_expression),
	    cmocka_unit_test(addresses),
	    cmocka_unit_test(hashes_and_rules),
	    cmocka_unit_test(unused_rows_are_spared),
	    cmocka_unit_test(nul_bytes),
	    cmocka_unit_test(words),
	    cmocka_unit_test(shared_strings),
	};
	return cmocka_run_group_tests_name("lint", tests, NULL, NULL);
}
