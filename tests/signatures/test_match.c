/* Matching bodies, headers, names, answers, certificates: cutting changes no hit, innocent pages give none. */
#include "signatures/match.h"

#include "analyzer/base/text.h"
#include "signatures/database.h"
#include "tests/support/signature_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the above */
#include <cmocka.h>

#define ROW(id, location, match, pattern)                                                                              \
	id ",http," location "," match "," pattern ",plain,,isp,RU,,8,hit" SIGNATURE_SOURCE

/* The ids of the hits with blanks between, and the number dropped when there is one. */
static const char *ids_of(const struct sig_hits *hits, char *buffer, size_t size)
{
	struct text t = text_over(buffer, size);
	for (size_t i = 0; i < hits->count; i++)
		text_printf(&t, "%s%s", i ? " " : "", hits->hit[i]->id);
	if (hits->dropped)
		text_printf(&t, " +%u", hits->dropped);
	return buffer;
}

/* The body in pieces of that size. */
static void scan(const struct sigdb *db, struct span body, size_t piece, struct sig_hits *hits)
{
	struct sigscan *sc = malloc(sigscan_size());
	sigscan_start(sc);
	for (struct span rest = body; rest.len; rest = span_after(rest, piece))
		sigscan_body(db, sc, span_first(rest, piece), hits);
	sigscan_finish(db, sc, hits);
	free(sc);
}

static void body_gives(const struct sigdb *db, struct span body, const char *expected)
{
	static const size_t pieces[] = {1, 2, 3, 7, 64, 1000, 1024, 1025, SIZE_MAX};
	char got[600];
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct sig_hits hits = {0};
		scan(db, body, pieces[i], &hits);
		if (strcmp(ids_of(&hits, got, sizeof(got)), expected) != 0)
			fail_msg("pieces of %zu: \"%s\", not \"%s\"", pieces[i], got, expected);
	}
}

static void value_gives(const struct sigdb *db, enum sig_location location, const char *header, const char *value,
                        const char *expected)
{
	char got[600];
	struct sig_hits hits = {0};
	sigdb_match(db, location, span_text(header), span_text(value), &hits);
	if (strcmp(ids_of(&hits, got, sizeof(got)), expected) != 0)
		fail_msg("%s: \"%s\", not \"%s\"", value, got, expected);
}

static void literals_in_a_body(void **unused)
{
	(void)unused;
	struct sigdb *db =
	    signature_set(ROW("contains", "body", "contains", "access denied by law")
	                      ROW("prefix", "body", "prefix", "<html>denied") ROW("full", "body", "full", "denied"));
	body_gives(db, span_text(""), "");
	body_gives(db, span_text("denied"), "full");
	body_gives(db, span_text("denied\n"), "");
	body_gives(db, span_text(" denied"), "");
	body_gives(db, span_text("<html>denied"), "prefix");
	body_gives(db, span_text("x<html>denied"), "");
	body_gives(db, span_text("<html>denied: access denied by law."), "contains prefix");
	body_gives(db, span_text("Access Denied By Law"), "");
	sigdb_free(db);
}

static void only_the_first_part_of_a_body(void **unused)
{
	(void)unused;
	struct sigdb *db = signature_set(ROW("a", "body", "contains", "needle") ROW("b", "body", "regexp", "need.e$"));
	static char body[SIG_BODY_MAX + 10];
	memset(body, '.', sizeof(body));
	memcpy(body + SIG_BODY_MAX - 6, "needle", 6);
	body_gives(db, span_of(body, SIG_BODY_MAX), "a b");
	body_gives(db, span_of(body, SIG_BODY_MAX + 1), "a");
	memcpy(body + SIG_BODY_MAX - 6, "..need", 6);
	memcpy(body + SIG_BODY_MAX, "le", 2);
	body_gives(db, span_of(body, sizeof(body)), "");
	sigdb_free(db);
}

static void expressions_in_a_window(void **unused)
{
	(void)unused;
	struct sigdb *db = signature_set(ROW("x", "body", "regexp", "^start.*needle.*end$")
	                                     ROW("y", "body", "regexp", "left[^!]*needle[^!]*right"));
	static char body[4000];
	static const struct {
		size_t left, right;
		const char *expected;
	} cases[] = {
	    /* the window is SIG_WINDOW bytes either side of the end of "needle" at 2006 */
	    {2006 - SIG_WINDOW, 2006 + SIG_WINDOW - 5, "y"},
	    {2006 - SIG_WINDOW - 1, 2006 + SIG_WINDOW - 5, ""},
	    {2006 - SIG_WINDOW, 2006 + SIG_WINDOW - 4, ""},
	    {1990, 2010, "y"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(body, '.', sizeof(body));
		memcpy(body + cases[i].left, "left", 4);
		memcpy(body + 2000, "needle", 6);
		memcpy(body + cases[i].right, "right", 5);
		body_gives(db, span_of(body, sizeof(body)), cases[i].expected);
	}
	body_gives(db, span_text("start needle end"), "x");
	body_gives(db, span_text(" start needle end"), "");
	body_gives(db, span_text("start needle end "), "");
	/* The body ends exactly where the window does. */
	memset(body, '.', sizeof(body));
	memcpy(body, "start needle", 12);
	memcpy(body + 12 + SIG_WINDOW - 3, "end", 3);
	body_gives(db, span_of(body, 12 + SIG_WINDOW), "x");
	body_gives(db, span_of(body, 12 + SIG_WINDOW + 1), "");
	sigdb_free(db);
}

/* Any cutting of any body gives the same hits, with more literals than windows and runs are kept for. */
static void cutting_does_not_matter(void **unused)
{
	(void)unused;
	struct sigdb *db = signature_set(
	    ROW("c1", "body", "contains", "abab") ROW("c2", "body", "contains", "bcab")
	        ROW("p", "body", "prefix", "abca") ROW("r1", "body", "regexp", "abca[ab]{3}c")
	            ROW("r2", "body", "regexp", "c{3}.*bbbb.*aaaa$") ROW("r3", "body", "regexp", "^a.*cabc")
	                ROW("t", "title", "contains", "ab") ROW("r4", "body", "regexp", "aaaa[^b]{40}")
	                    ROW("f", "body", "full", "abcab"));
	uint32_t seed = 5;
	for (int round = 0; round < 60; round++) {
		uint8_t body[3000];
		size_t len = seed % sizeof(body);
		for (size_t i = 0; i < len; i++) {
			seed = seed * 1664525U + 1013904223U;
			body[i] = (uint8_t) "abc"[(seed >> 16) % (round % 4 ? 3 : 2)];
		}
		if (len > 100)
			memcpy(body + 20, "<title>cab</title>", 18);
		char whole[600];
		struct sig_hits hits = {0};
		scan(db, span_of(body, len), SIZE_MAX, &hits);
		body_gives(db, span_of(body, len), ids_of(&hits, whole, sizeof(whole)));
		seed += 3;
	}
	sigdb_free(db);
}

static void titles(void **unused)
{
	(void)unused;
	struct sigdb *db = signature_set(
	    ROW("full", "title", "full", "Blocked") ROW("prefix", "title", "prefix", "Block")
	        ROW("contains", "title", "contains", "lock") ROW("regexp", "title", "regexp", "\"^Bloc.{1,3}$\""));
	body_gives(db, span_text("<title> Blocked\r\n</title>Blocked"), "full prefix contains regexp");
	body_gives(db, span_text("<title>Blocked page</title>"), "prefix contains");
	body_gives(db, span_text("<title>blocked</title>"), "contains");
	body_gives(db, span_text("<title>Blocked"), "full prefix contains regexp");
	body_gives(db, span_text("Blocked"), "");
	struct sigscan *sc = malloc(sigscan_size());
	struct sig_hits hits = {0};
	sigscan_start(sc);
	sigscan_body(db, sc, span_text("<title> My "), &hits);
	assert_true(span_equal(sigscan_title(sc), span_text("My")));
	sigscan_body(db, sc, span_text("page </title>"), &hits);
	assert_true(span_equal(sigscan_title(sc), span_text("My page")));
	free(sc);
	sigdb_free(db);
}

static void cut_titles_are_not_whole(void **unused)
{
	(void)unused;
	char rows[SIG_TITLE_MAX * 3 + 600], long_title[SIG_TITLE_MAX + 1] = "", body[SIG_TITLE_MAX + 40];
	memset(long_title, 'x', SIG_TITLE_MAX);
	snprintf(rows, sizeof(rows),
	         "full,http,title,full,%s,plain,,isp,RU,,8,hit" SIGNATURE_SOURCE
	         "prefix,http,title,prefix,%s,plain,,isp,RU,,8,hit" SIGNATURE_SOURCE,
	         long_title, long_title);
	struct sigdb *db = signature_set(rows);
	snprintf(body, sizeof(body), "<title>%s</title>", long_title);
	body_gives(db, span_text(body), "full prefix");
	snprintf(body, sizeof(body), "<title>%sx</title>", long_title);
	body_gives(db, span_text(body), "prefix");
	sigdb_free(db);
}

static void header_values(void **unused)
{
	(void)unused;
	struct sigdb *db = signature_set(ROW("loc", "header.location", "regexp", "^https?://block\\.example(?:[:/?]|$)")
	                                     ROW("srv", "header.server", "prefix", "Filter/")
	                                         ROW("via", "header.via", "contains", "(Box)")
	                                             ROW("line", "status_line", "full", "HTTP/1.1 403 Blocked"));
	value_gives(db, SIG_HEADER, "Location", "http://block.example/x", "loc");
	value_gives(db, SIG_HEADER, "LOCATION", "https://block.example", "loc");
	value_gives(db, SIG_HEADER, "location", "https://block.example.org", "");
	value_gives(db, SIG_HEADER, "location", "https://x/?u=http://block.example/", "");
	value_gives(db, SIG_HEADER, "server", "http://block.example/x", "");
	value_gives(db, SIG_HEADER, "server", "Filter/1.0", "srv");
	value_gives(db, SIG_HEADER, "server", "filter/1.0", "");
	value_gives(db, SIG_HEADER, "server", " Filter/1.0", "");
	value_gives(db, SIG_HEADER, "via", "1.1 gateway (Box)", "via");
	value_gives(db, SIG_HEADER, "x-unknown", "1.1 gateway (Box)", "");
	value_gives(db, SIG_STATUS_LINE, "", "HTTP/1.1 403 Blocked", "line");
	value_gives(db, SIG_STATUS_LINE, "", "HTTP/1.1 403 Blocked ", "");
	value_gives(db, SIG_TLS_ISSUER, "", "anything", "");
	value_gives(db, SIG_HEADER, "via", "", "");
	sigdb_free(db);
}

static void names(void **unused)
{
	(void)unused;
	struct sigdb *db =
	    signature_set("in,dns,cname,contains,Block.Example,plain,,isp,ID,,8,hit" SIGNATURE_SOURCE
	                  "full,dns,cname,full,stop.example.,plain,,isp,ID,,8,hit" SIGNATURE_SOURCE
	                  "re,dns,cname,regexp,^filter[0-9]+\\.isp,plain,,isp,ID,,8,hit" SIGNATURE_SOURCE);
	value_gives(db, SIG_DNS_CNAME, "", "block.example", "in");
	value_gives(db, SIG_DNS_CNAME, "", "a.BLOCK.example.net.", "in");
	value_gives(db, SIG_DNS_CNAME, "", "unblock.example", "");
	value_gives(db, SIG_DNS_CNAME, "", "block.examples", "");
	value_gives(db, SIG_DNS_CNAME, "", "unblock.example.block.example", "in");
	value_gives(db, SIG_DNS_CNAME, "", "Stop.Example", "full");
	value_gives(db, SIG_DNS_CNAME, "", "stop.example.", "full");
	value_gives(db, SIG_DNS_CNAME, "", "x.stop.example", "");
	value_gives(db, SIG_DNS_CNAME, "", "FILTER12.isp.", "re");
	value_gives(db, SIG_DNS_CNAME, "", ".", "");
	sigdb_free(db);
}

static void answer_gives(const struct sigdb *db, const char *bytes, size_t len, const char *name, const char *expected)
{
	char got[600];
	struct sig_hits hits = {0};
	sigdb_match_address(db, span_of(bytes, len), span_text(name), &hits);
	assert_string_equal(ids_of(&hits, got, sizeof(got)), expected);
}

static void answers(void **unused)
{
	(void)unused;
	struct sigdb *db = signature_set(
	    "net,dns,answer,cidr,10.10.34.0/24,plain,,national,IR,,8,hit" SIGNATURE_SOURCE
	    "host,dns,answer,eq,10.10.34.34,plain,,national,IR,,8,hit" SIGNATURE_SOURCE
	    "fb,dns,answer,eq,31.13.94.37,plain,facebook.com;fbcdn.net,national,CN,,8,hit" SIGNATURE_SOURCE
	    "six,dns,answer,cidr,2001::/32,plain,,national,CN,,8,hit" SIGNATURE_SOURCE
	    "off,dns,answer,eq,198.51.100.7,plain,,national,CN,,8,off" SIGNATURE_SOURCE);
	answer_gives(db, "\x0a\x0a\x22\x22", 4, "example.org", "net host");
	answer_gives(db, "\x0a\x0a\x22\x23", 4, "example.org", "net");
	answer_gives(db, "\x0a\x0a\x23\x22", 4, "example.org", "");
	answer_gives(db, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\x0a\x22\x22", 16, "example.org", "net host");
	answer_gives(db, "\x1f\x0d\x5e\x25", 4, "example.org", "fb");
	answer_gives(db, "\x1f\x0d\x5e\x25", 4, "www.Facebook.com.", "");
	answer_gives(db, "\x1f\x0d\x5e\x25", 4, "notfacebook.com", "fb");
	answer_gives(db, "\x20\x01\0\0\0\0\0\0\0\0\0\0\x1f\x0d\x5e\x25", 16, "example.org", "six");
	answer_gives(db, "\x20\x01\0\1\0\0\0\0\0\0\0\0\x1f\x0d\x5e\x25", 16, "example.org", "");
	answer_gives(db, "\xc6\x33\x64\x07", 4, "example.org", "");
	answer_gives(db, "\x0a\x0a", 2, "example.org", "");
	answer_gives(db, NULL, 0, "", "");
	sigdb_free(db);
}

static void certificates(void **unused)
{
	(void)unused;
	struct sigdb *db =
	    signature_set("iss,tls,issuer,contains,Trust Network,plain,,national,KZ,,8,hit" SIGNATURE_SOURCE
	                  "sub,tls,subject,contains,Trust Network,plain,,national,KZ,,8,hit" SIGNATURE_SOURCE
	                  "key,tls,spki_sha256,eq,0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef,"
	                  "plain,,national,KZ,,8,"
	                  "hit" SIGNATURE_SOURCE "ja4,tls,ja4,prefix,t13d,plain,,national,KZ,,8,hit" SIGNATURE_SOURCE);
	value_gives(db, SIG_TLS_ISSUER, "", "C=KZ, CN=Some Trust Network", "iss");
	value_gives(db, SIG_TLS_SUBJECT, "", "C=KZ, CN=Some Trust Network", "sub");
	value_gives(db, SIG_TLS_SPKI_SHA256, "", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	            "key");
	value_gives(db, SIG_TLS_SPKI_SHA256, "", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde0",
	            "");
	value_gives(db, SIG_TLS_JA4, "", "t13d1516h2_8daaf6152771_b186095e22b6", "ja4");
	sigdb_free(db);
}

static void pages_in_the_charset_of_the_country(void **unused)
{
	(void)unused;
	struct sigdb *db = signature_set(
	    ROW("ru", "body", "contains", "запрещено")
	        ROW("rt", "title", "full",
	            "Доступ закрыт") "xx,http,body,contains,ограничен,plain,,isp,,,8,hit" SIGNATURE_SOURCE
	                             "cn,http,body,contains,国家反诈中心,plain,,national,CN,,8,hit" SIGNATURE_SOURCE);
	body_gives(db, span_text("... запрещено ..."), "ru");
	body_gives(db, span_text("... \xe7\xe0\xef\xf0\xe5\xf9\xe5\xed\xee ..."), "ru");
	body_gives(db, span_text("... \xda\xc1\xd0\xd2\xc5\xdd\xc5\xce\xcf ..."), "ru");
	body_gives(db, span_text("<title>\xc4\xee\xf1\xf2\xf3\xef \xe7\xe0\xea\xf0\xfb\xf2</title>"), "rt");
	body_gives(db, span_text("<title>\xc4\xee\xf1\xf2\xf3\xef \xe7\xe0\xea\xf0\xfb\xf2!</title>"), "");
	body_gives(db, span_text("ограничен"), "xx");
	body_gives(db, span_text("\xee\xe3\xf0\xe0\xed\xe8\xf7\xe5\xed"), "");
	body_gives(db, span_text("\xb9\xfa\xbc\xd2\xb7\xb4\xd5\xa9\xd6\xd0\xd0\xc4"), "cn");
	sigdb_free(db);
}

static void known_innocent_pages(void **unused)
{
	(void)unused;
	struct sigdb *db = signature_set(
	    ROW("hit", "body", "contains",
	        "access denied") "fp,http,body,contains,cdn error page,plain,,benign,,,8,fp" SIGNATURE_SOURCE
	                         "hint,http,title,contains,denied,plain,,unclear,,,8,hint" SIGNATURE_SOURCE);
	struct sig_hits hits = {0};
	scan(db, span_text("<title>denied</title>access denied"), 5, &hits);
	assert_string_equal(sig_hits_best(&hits)->id, "hit");
	scan(db, span_text("cdn error page"), 5, &hits);
	assert_null(sig_hits_best(&hits));
	assert_true(sig_hits_false_positive(&hits));
	assert_int_equal(hits.count, 3);
	hits = (struct sig_hits){0};
	scan(db, span_text("<title>denied</title>"), 5, &hits);
	assert_int_equal(hits.count, 1);
	assert_null(sig_hits_best(&hits));
	sigdb_free(db);
}

static void more_hits_than_are_kept(void **unused)
{
	(void)unused;
	enum { ROWS = 40 };
	char rows[ROWS * 120] = "", body[ROWS * 16] = "", expected[300] = "";
	struct text r = text_over(rows, sizeof(rows)), b = text_over(body, sizeof(body)),
	            x = text_over(expected, sizeof(expected));
	for (int i = 0; i < ROWS; i++) {
		text_printf(&r, "s%02d,http,body,contains,fragment %02d;,plain,,isp,,,8,hit" SIGNATURE_SOURCE, i, i);
		text_printf(&b, "fragment %02d; ", ROWS - 1 - i);
		if (i < SIG_HITS_MAX)
			text_printf(&x, "%ss%02d", i ? " " : "", i);
	}
	text_printf(&x, " +%d", ROWS - SIG_HITS_MAX);
	struct sigdb *db = signature_set(rows);
	body_gives(db, span_text(body), expected);
	sigdb_free(db);
}

static void unused_rows_do_not_match(void **unused)
{
	(void)unused;
	struct sigdb *db = signature_set("off,http,body,contains,fragment,plain,,isp,RU,,8,off" SIGNATURE_SOURCE
	                                 "offre,http,body,regexp,a(b,plain,,isp,RU,,8,off" SIGNATURE_SOURCE
	                                 "rst,rst,rule,eq,window = 1,plain,,isp,RU,,8,hit" SIGNATURE_SOURCE);
	body_gives(db, span_text("fragment window = 1"), "");
	value_gives(db, SIG_RST_RULE, "", "window = 1", "");
	sigdb_free(db);
}

/* A literal in every byte must not make the work grow without bound, nor depend on the cutting. */
static void many_gates(void **unused)
{
	(void)unused;
	struct sigdb *db =
	    signature_set(ROW("r", "body", "regexp", "aaaa.*aaaa.*b") ROW("s", "body", "regexp", "aaaa!"));
	static char body[SIG_BODY_MAX];
	memset(body, 'a', sizeof(body));
	body[200] = '!';
	body_gives(db, span_of(body, sizeof(body)), "s");
	sigdb_free(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(literals_in_a_body),
	    cmocka_unit_test(only_the_first_part_of_a_body),
	    cmocka_unit_test(expressions_in_a_window),
	    cmocka_unit_test(cutting_does_not_matter),
	    cmocka_unit_test(titles),
	    cmocka_unit_test(cut_titles_are_not_whole),
	    cmocka_unit_test(header_values),
	    cmocka_unit_test(names),
	    cmocka_unit_test(answers),
	    cmocka_unit_test(certificates),
	    cmocka_unit_test(pages_in_the_charset_of_the_country),
	    cmocka_unit_test(known_innocent_pages),
	    cmocka_unit_test(more_hits_than_are_kept),
	    cmocka_unit_test(unused_rows_do_not_match),
	    cmocka_unit_test(many_gates),
	};
	return cmocka_run_group_tests_name("match", tests, NULL, NULL);
}
