/*
 * The set that ships: it loads, it is small, every row fires on a message made from it, no row fires on a message made
 * from another country's, and nothing fires on everyday pages. Run from the root of the project.
 */
#include "signatures/database.h"
#include "signatures/match.h"

#include "analyzer/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
/* cmocka wants the above */
#include <cmocka.h>

static struct sigdb *shipped;

static int load(void **unused)
{
	(void)unused;
	struct err e;
	clock_t start = clock();
	if (sigdb_load(&shipped, "signatures", &e) < 0 || sigdb_compile(shipped, &e) < 0) {
		print_error("%s\n", e.text);
		return -1;
	}
	print_message("%zu signatures of %zu files, %zu states, %zu bytes of automata, %.1f ms of processor time\n",
	              sigdb_count(shipped), sigdb_sets(shipped), sigdb_automaton_states(shipped),
	              sigdb_automaton_bytes(shipped), (double)(clock() - start) * 1000 / CLOCKS_PER_SEC);
	return 0;
}

static int unload(void **unused)
{
	(void)unused;
	sigdb_free(shipped);
	return 0;
}

static void size_of_the_set(void **unused)
{
	(void)unused;
	size_t by_action[4] = {0};
	for (size_t i = 0; i < sigdb_count(shipped); i++)
		by_action[sigdb_at(shipped, i)->action]++;
	print_message("%zu hit, %zu hint, %zu fp, %zu off\n", by_action[SIG_ACTION_HIT], by_action[SIG_ACTION_HINT],
	              by_action[SIG_ACTION_FP], by_action[SIG_ACTION_OFF]);
	assert_true(by_action[SIG_ACTION_HIT] >= 150);
	assert_true(by_action[SIG_ACTION_FP] > 0);
	assert_true(sigdb_automaton_bytes(shipped) < 8 * 1024 * 1024);
}

/* A text that a simple expression matches: first alternatives, what is optional once, the first of a class. */
static void example(struct text *t, struct span pattern)
{
	size_t depth = 0, skip_from = 0;
	for (size_t i = 0; i < pattern.len; i++) {
		uint8_t c = pattern.ptr[i];
		bool skip = skip_from && depth >= skip_from;
		struct span out = span_of(&pattern.ptr[i], 1);
		if (c == '\\') {
			out = span_of(&pattern.ptr[++i], 1);
			if (*out.ptr == 'd')
				out = span_text("7");
		} else if (c == '[') {
			bool negated = pattern.ptr[i + 1] == '^';
			out = negated ? span_text("a") : span_of(&pattern.ptr[i + 1], 1);
			while (pattern.ptr[++i] != ']')
				;
		} else if (c == '(') {
			depth++;
			i += pattern.ptr[i + 1] == '?' ? 2 : 0;
			continue;
		} else if (c == '|') {
			skip_from = skip ? skip_from : depth;
			continue;
		} else if (c == ')') {
			skip_from = skip_from == depth ? 0 : skip_from;
			depth--;
			continue;
		} else if (c == '{') {
			while (pattern.ptr[++i] != '}')
				;
			continue;
		} else if (strchr("^$?*+", c)) {
			continue;
		}
		if (!skip)
			text_add(t, out);
	}
}

/* The message: what the row matches, with filler around it where the row allows that. */
static struct span message(const struct signature *s, char *buffer, size_t size)
{
	bool page = s->location == SIG_BODY || s->location == SIG_TITLE;
	struct text t = text_over(buffer, size);
	if (s->location == SIG_TITLE)
		text_printf(&t, "<html><head><title>");
	else if (s->location == SIG_BODY && (s->match == SIG_CONTAINS || s->match == SIG_REGEXP))
		text_printf(&t, "<html><p>");
	if (s->match == SIG_REGEXP)
		example(&t, s->pattern);
	else
		text_add(&t, s->pattern);
	if (s->location == SIG_TITLE)
		text_printf(&t, "</title>");
	if (page && s->match != SIG_FULL)
		text_printf(&t, "</p></html>");
	assert_false(t.cut);
	return span_of(buffer, t.len);
}

static void look(const struct signature *s, struct span text, struct sig_hits *hits)
{
	if (s->location != SIG_BODY && s->location != SIG_TITLE) {
		sigdb_match(shipped, s->location, span_text(s->header ? s->header : ""), text, hits);
		return;
	}
	struct sigscan *sc = malloc(sigscan_size());
	sigscan_start(sc);
	sigscan_body(shipped, sc, text, hits);
	sigscan_finish(shipped, sc, hits);
	free(sc);
}

static bool share_country(const struct signature *a, const struct signature *b)
{
	if (!a->country[0] || !b->country[0])
		return true;
	for (const char *c = a->country; *c; c += c[2] ? 3 : 2)
		for (const char *d = b->country; *d; d += d[2] ? 3 : 2)
			if (c[0] == d[0] && c[1] == d[1])
				return true;
	return false;
}

static void every_row_fires_on_its_own_message(void **unused)
{
	(void)unused;
	char buffer[8192];
	size_t tried = 0;
	for (size_t i = 0; i < sigdb_count(shipped); i++) {
		const struct signature *s = sigdb_at(shipped, i);
		struct sig_hits hits = {0};
		bool own = false;
		if (s->location == SIG_DNS_ANSWER || s->action == SIG_ACTION_OFF || sig_is_rule(s->location))
			continue;
		struct span text = message(s, buffer, sizeof(buffer));
		look(s, text, &hits);
		for (size_t k = 0; k < hits.count; k++) {
			const struct signature *other = hits.hit[k];
			own |= other == s;
			if (s->action == SIG_ACTION_HIT && (other->action == SIG_ACTION_FP || !share_country(s, other)))
				fail_msg("%s fires on a message of %s", other->id, s->id);
		}
		if (!own)
			fail_msg("%s does not fire on: %.*s", s->id, (int)text.len, (const char *)text.ptr);
		tried++;
	}
	print_message("%zu messages\n", tried);
}

static void every_address_fires(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < shipped->count; i++) {
		const struct rule *rule = &shipped->rules[i];
		struct sig_hits hits = {0};
		bool own = false;
		if (rule->s.location != SIG_DNS_ANSWER)
			continue;
		sigdb_match_address(shipped, span_of(rule->address.address, 16), span_text("www.example.org"), &hits);
		for (size_t k = 0; k < hits.count; k++) {
			own |= hits.hit[k] == &rule->s;
			assert_true(share_country(hits.hit[k], &rule->s));
		}
		if (!own)
			fail_msg("%s does not fire", rule->s.id);
		if (!rule->s.except[0])
			continue;
		hits = (struct sig_hits){0};
		struct span owner = span_of(rule->s.except, strcspn(rule->s.except, ";"));
		sigdb_match_address(shipped, span_of(rule->address.address, 16), owner, &hits);
		assert_null(sig_hits_best(&hits));
	}
}

static void everyday_pages(void **unused)
{
	(void)unused;
	static const char *const pages[] = {
	    "",
	    "<html><head><title>Welcome</title></head><body><h1>It works!</h1></body></html>",
	    "<html><head><title>403 Forbidden</title></head><body><center><h1>403 "
	    "Forbidden</h1></center><hr><center>nginx"
	    "</center></body></html>",
	    "<html><head><title>404 Not Found</title></head><body>The requested URL was not found on this "
	    "server.</body></html>",
	    "<title>Access Denied</title><h1>Access Denied</h1>You don't have permission to access "
	    "\"http://www.example.org/\" "
	    "on this server.<p>Reference&#32;&#35;18&#46;4f7a1202",
	    "<title>Attention Required! | Cloudflare</title><h1>Sorry, you have been blocked</h1>",
	    "<title>Internet censorship in Russia</title>Roskomnadzor keeps the register at <a "
	    "href=\"https://eais.rkn.gov.ru/\">"
	    "eais.rkn.gov.ru</a>; sites are redirected to warning.or.kr in Korea and to 10.10.34.34 in Iran.",
	    "<title>Роскомнадзор</title>Доступ к сайту, доступ ограничен, заблокирован, реестр запрещённых сайтов",
	    "<title>中国</title>国家 反诈 中心 防火墙",
	    "<p>This page has been blocked by your administrator, FortiGuard, Barracuda, Netsweeper and Zscaler are "
	    "products."
	    "</p>",
	    "<a href=\"http://warning.or.kr/\">the Korean warning page</a>",
	    "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>",
	    "success\n",
	    "Microsoft Connect Test",
	    "{\"status\":\"blocked\",\"reason\":\"law\"}",
	};
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		const struct signature body = {.location = SIG_BODY};
		struct sig_hits hits = {0};
		look(&body, span_text(pages[i]), &hits);
		if (sig_hits_best(&hits))
			fail_msg("%s fires on: %s", sig_hits_best(&hits)->id, pages[i]);
	}
}

static void everyday_values(void **unused)
{
	(void)unused;
	static const char *const locations[] = {
	    "http://www.example.org/",
	    "https://www.example.org/login?next=http://block.rt.ru/",
	    "http://captive.portal.example:8080/login",
	    "https://blocked.example.org/",
	    "https://vk.com/feed",
	    "/blocked",
	    "http://www.airtel.in/",
	};
	static const char *const names[] = {"www.example.org", "cdn.example.net.", "star-mini.c10r.facebook.com",
	                                    "kominfo.go.id"};
	for (size_t i = 0; i < sizeof(locations) / sizeof(locations[0]); i++) {
		struct sig_hits hits = {0};
		sigdb_match(shipped, SIG_HEADER, span_text("Location"), span_text(locations[i]), &hits);
		if (sig_hits_best(&hits))
			fail_msg("%s fires on: %s", sig_hits_best(&hits)->id, locations[i]);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct sig_hits hits = {0};
		sigdb_match(shipped, SIG_DNS_CNAME, span_of(NULL, 0), span_text(names[i]), &hits);
		assert_int_equal(hits.count, 0);
	}
}

/* Messages in the form in which reports and other projects show them. */
static void published_messages(void **unused)
{
	(void)unused;
	static const struct {
		enum sig_location location;
		const char *header, *text, *country;
	} cases[] = {
	    {SIG_BODY, NULL,
	     "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; "
	     "charset=windows-1256\"><title>M1-6\n</title>"
	     "</head><body><iframe src=\"http://10.10.34.34?type=Invalid Site&policy=MainPolicy \" style=\"width: "
	     "100%; height: "
	     "100%\" scrolling=\"no\" marginwidth=\"0\" marginheight=\"0\" frameborder=\"0\" vspace=\"0\" hspace=\"0\">"
	     "</iframe></body></html>\r\n\r\n",
	     "IR"},
	    {SIG_HEADER, "Location", "http://www.warning.or.kr", "KR"},
	    {SIG_BODY, NULL,
	     "<html><head><meta http-equiv=\"pragma\" content=\"no-cache\"><meta http-equiv=\"refresh\" "
	     "content=\"0;url='http://www.warning.or.kr/i1.html'\"></head></html>",
	     "KR"},
	    {SIG_BODY, NULL, "<iframe src=\"http://warning.or.kr/i1.html\" width=\"100%\">", "KR"},
	    {SIG_BODY, NULL,
	     "<p>Доступ к ресурсу ограничен на основании решения Министерства информации Республики Беларусь, "
	     "принятого",
	     "BY"},
	    {SIG_HEADER, "location", "http://182.43.124.6/fz_WEB/fzyujing.html", "CN"},
	    {SIG_HEADER, "Location", "http://lawfilter.ertelecom.ru", "RU"},
	    {SIG_BODY, NULL, "<HTML><TITLE>Surf Safely</TITLE><BODY></BODY></HTML>", "PK"},
	    {SIG_TLS_ISSUER, NULL, "C=KZ, CN=Qaznet Trust Network", "KZ"},
	    {SIG_DNS_CNAME, NULL, "internet-positif.org.", "ID"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct signature place = {.location = cases[i].location, .header = cases[i].header};
		struct sig_hits hits = {0};
		look(&place, span_text(cases[i].text), &hits);
		if (!sig_hits_best(&hits))
			fail_msg("nothing fires on: %s", cases[i].text);
		assert_string_equal(sig_hits_best(&hits)->country, cases[i].country);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(size_of_the_set),     cmocka_unit_test(every_row_fires_on_its_own_message),
	    cmocka_unit_test(every_address_fires), cmocka_unit_test(everyday_pages),
	    cmocka_unit_test(everyday_values),     cmocka_unit_test(published_messages),
	};
	return cmocka_run_group_tests_name("shipped", tests, load, unload);
}
