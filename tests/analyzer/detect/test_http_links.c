/* Targets of tags under any cutting, hosts of references, sites. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "analyzer/base/text.h"
#include "analyzer/detect/http_links.h"

static void note(void *context, enum http_link_kind kind, struct span target)
{
	struct text *t = context;
	text_printf(t, "%c:", "RFS"[kind]);
	text_add(t, target);
	text_printf(t, "|");
}

static void scan(const char *html, size_t cut, char *out, size_t size)
{
	struct http_links l = {0};
	struct text t = text_over(out, size);
	struct span s = span_text(html);
	http_links_scan(&l, span_first(s, cut), note, &t);
	http_links_scan(&l, span_after(s, cut), note, &t);
}

static void expect(const char *html, const char *want)
{
	char whole[2048], cut[2048];
	scan(html, strlen(html), whole, sizeof whole);
	assert_string_equal(whole, want);
	for (size_t n = 0; n < strlen(html); n++) {
		scan(html, n, cut, sizeof cut);
		assert_string_equal(cut, whole);
	}
}

static void finds_targets(void **state)
{
	(void)state;
	expect("<html><head><meta http-equiv=\"refresh\" content=\"0; url=http://10.10.34.34\"></head>",
	       "R:http://10.10.34.34|");
	expect("<META HTTP-EQUIV=refresh CONTENT='0;URL=\"http://a.example/x?y\"'>", "R:http://a.example/x?y|");
	expect("<meta content=\"5;url='//b.example/'\" http-equiv='Refresh'/>", "R://b.example/|");
	expect("<body><iframe src=\"http://10.10.34.34?type=Invalid Site&policy=MainPolicy \" style=\"width: "
	       "100%\"></iframe>",
	       "F:http://10.10.34.34?type=Invalid Site&policy=MainPolicy|");
	expect("<iframe/src=//c.example/a/b></iframe><frame src=d.html>", "F://c.example/a/b|F:d.html|");
	expect("<script type='text/javascript' src='http://e.example/1.js'></script><script>var a='<b>';</script>",
	       "S:http://e.example/1.js|");
	expect("<IFRAME\n\tSRC = 'http://f.example/'\n>", "F:http://f.example/|");
}

static void leaves_out_what_is_no_target(void **state)
{
	(void)state;
	expect("<meta http-equiv=refresh content=30>", "");
	expect("<meta name=refresh content='0;url=http://a.example'>", "");
	expect("<img src=http://a.example><a href=http://b.example><iframes src=x><iframe data-src=y><script>", "");
	expect("iframe src=http://a.example", "");
	expect("", "");
	expect("<<<<>>>><", "");
}

static void recovers_from_broken_tags(void **state)
{
	(void)state;
	expect("<p class=it's><iframe src=http://a.example>", "F:http://a.example|");
	expect("<p <iframe src=http://a.example>", "F:http://a.example|");
	expect("<iframe src=\"http://a.example/?a>b\">", "F:http://a.example/?a>b|");
	char html[2000];
	struct text t = text_over(html, sizeof html);
	text_printf(&t, "<p title=\""); /* never closed */
	for (int i = 0; i < 600; i++)
		text_printf(&t, "x");
	text_printf(&t, "<iframe src=http://a.example>");
	expect(html, "F:http://a.example|");
}

static void takes_any_bytes(void **state)
{
	(void)state;
	static const char *const bits[] = {"<",          ">",       "\"",   "'",      "=",   " ",
	                                   "/",          "iframe",  "meta", "script", "src", "content",
	                                   "http-equiv", "refresh", "url",  ";",      "0",   "http://a.example",
	                                   "\n",         "x"};
	uint32_t r = 1;
	for (int round = 0; round < 3000; round++) {
		char html[400], whole[2000], cut[2000];
		struct text t = text_over(html, sizeof html);
		for (int i = 0; i < 24; i++) {
			r = r * 1664525 + 1013904223;
			text_printf(&t, "%s", bits[(r >> 16) % (sizeof bits / sizeof bits[0])]);
		}
		scan(html, t.len, whole, sizeof whole);
		scan(html, (r >> 8) % t.len, cut, sizeof cut);
		assert_string_equal(cut, whole);
		(void)http_url_host(span_of(html, t.len));
	}
}

static void stops_after_some(void **state)
{
	(void)state;
	char html[2000], out[2000];
	struct text t = text_over(html, sizeof html);
	for (int i = 0; i < 40; i++)
		text_printf(&t, "<frame src=%d>", i);
	scan(html, 100, out, sizeof out);
	assert_non_null(strstr(out, "F:15|"));
	assert_null(strstr(out, "F:16|"));
}

static void expect_host(const char *url, const char *want)
{
	struct span host = http_url_host(span_text(url));
	assert_true(span_equal(host, span_text(want)));
}

static void reads_hosts(void **state)
{
	(void)state;
	expect_host("http://a.example", "a.example");
	expect_host("https://a.example:8443/x", "a.example");
	expect_host("//a.example?x", "a.example");
	expect_host("http://user:pw@a.example/b@c", "a.example");
	expect_host("http://[2001:db8::1]:80/", "2001:db8::1");
	expect_host("http://10.10.34.34?type=x", "10.10.34.34");
	expect_host("/path//other", "");
	expect_host("path?u=http://b.example", "");
	expect_host("http:/a.example", "");
	expect_host("", "");
	expect_host("http://", "");
	expect_host("http://[", "");
	assert_int_equal(http_host_address(span_text("10.10.34.34")).version, 4);
	assert_int_equal(http_host_address(span_text("2001:db8::1")).version, 6);
	assert_int_equal(http_host_address(span_text("a.example")).version, 0);
	assert_int_equal(http_host_address(span_of(NULL, 0)).version, 0);
}

static bool same(const char *a, const char *b)
{
	return http_same_site(span_text(a), span_text(b));
}

static void compares_sites(void **state)
{
	(void)state;
	assert_true(same("a.example", "www.a.example"));
	assert_true(same("WWW.A.example", "a.example"));
	assert_true(same("login.a.example", "a.example"));
	assert_false(same("ba.example", "a.example"));
	assert_false(same("b.example", "a.example"));
	assert_false(same("", "a.example"));
}

int main(void)
{
	const struct CMUnitTest http_links[] = {
	    cmocka_unit_test(finds_targets),
	    cmocka_unit_test(leaves_out_what_is_no_target),
	    cmocka_unit_test(recovers_from_broken_tags),
	    cmocka_unit_test(takes_any_bytes),
	    cmocka_unit_test(stops_after_some),
	    cmocka_unit_test(reads_hosts),
	    cmocka_unit_test(compares_sites),
	};
	return cmocka_run_group_tests(http_links, NULL, NULL);
}
