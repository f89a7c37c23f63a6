/*
 * The set that ships: it loads, it is small, it covers what it should, every address fires, and nothing fires on everyday
 * pages and everyday closes. test_examples.c has the other rows. Run from the root of the project.
 */
#include "signatures/database.h"
#include "signatures/match.h"

#include "analyzer/base/text.h"
#include "tests/support/burst_example.h"

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
	assert_true(by_action[SIG_ACTION_HIT] >= 600);
	assert_true(by_action[SIG_ACTION_FP] > 0);
	assert_true(sigdb_automaton_bytes(shipped) < 8 * 1024 * 1024);
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

/* What ordinary stacks, networks and mirror ports make: no rule that may stand alone holds for them. */
static void everyday_closes(void **unused)
{
	(void)unused;
	static const struct {
		enum sig_location location;
		const char *burst;
	} cases[] = {
	    /* An abort, with and without unread data; by IPv6; of a host that counts nothing. */
	    {SIG_RST_RULE,
	     "own PA id=1000 ttl=52 window=235 | other PA id=500 ttl=64 | asked=tls | to=client | RA ttl=52 "
	     "window=235 id=1001"},
	    {SIG_RST_RULE, "own PA ipv6 ttl=52 window=235 | other PA ipv6 ttl=64 | RA ipv6 ttl=52 window=0"},
	    {SIG_RST_RULE, "own A id=0 | other PA id=0 | front-end=no | RA id=0 window=0"},
	    {SIG_RST_RULE, "own PA id=7 ttl=116 window=1026 | other A id=9 window=1026 | RA ttl=116 window=0 id=8"},
	    /* Closed sockets: to a SYN, to data, to acknowledgements of a download. */
	    {SIG_RST_RULE, "stage=post_syn | other S id=44 window=64240 | RA seq=0 window=0 id=0 ttl=52"},
	    {SIG_RST_RULE,
	     "own FA id=7 | other PA id=500 | R id=0 window=0 answers | R id=0 window=0 answers | R id=0 window=0 "
	     "answers"},
	    {SIG_RST_RULE,
	     "R id=0 window=0 answers | R seq=1460 id=0 window=0 answers | R seq=4380 id=0 window=0 answers"},
	    /* An abort, then what a closed socket answers; several machines behind one address. */
	    {SIG_RST_RULE, "stage=post_psh | own PA id=1000 | RA id=1001 window=235 | R id=0 window=0 answers"},
	    {SIG_RST_RULE, "RA ttl=52 window=235 id=9 | RA ttl=51 window=229 id=1 seq=300"},
	    /* A mirror port shows one reset twice; a driver shows it three times without an id. */
	    {SIG_RST_RULE, "RA id=1001 window=235 gap=0us | RA id=1001 window=235 gap=10us"},
	    {SIG_RST_RULE, "RA id=0 window=0 gap=0us | RA id=0 window=0 gap=10us | RA id=0 window=0 gap=10us"},
	    /* Two hosts of one machine that share a counter; a front end that copies numbers. */
	    {SIG_RST_RULE,
	     "front-end=no | counter=global | other-counter=global | other PA id=1000 window=502 | RA id=1001 "
	     "window=0"},
	    {SIG_RST_RULE, "front-end=yes | other PA id=1000 window=502 | RA id=1000 window=235"},
	    {SIG_RST_RULE, "own A id=2 | other PA id=1 | RA bytes=4e6f206c697374656e6572 payload=11"},
	    /* A page and a close. */
	    {SIG_RST_RULE, "own FPA payload=350 id=9 window=235 | RA id=10 window=235"},
	    {SIG_RST_RULE, "own FA payload=553 id=9 window=235 | R id=0 window=0 answers"},
	    /* Answers of resolvers and of the servers of a zone. */
	    {SIG_DNS_RULE,
	     "dns aa=no ra=yes opt=yes query-opt=yes ttl=60 answers=1 pointer=no | request udp ttl=64 | udp ttl=57 "
	     "id=1234"},
	    {SIG_DNS_RULE,
	     "dns aa=yes ra=no rd=no ttl=60 answers=1 pointer=yes | request udp ttl=64 | udp nodf ttl=57 id=1234"},
	    {SIG_DNS_RULE, "dns aa=no ra=yes ttl=300 answers=1 pointer=yes | request udp ttl=64 | udp ttl=64 id=0"},
	    {SIG_DNS_RULE, "dns aa=no ra=yes ttl=300 answers=1 pointer=yes | udp ipv6 ttl=57"},
	    {SIG_DNS_RULE, "dns aa=no rcode=3 answers=0 | udp nodf ttl=57 id=9"},
	    /* Pages of ordinary servers. */
	    {SIG_HTTP_RULE, "http=302 | PA id=1001 ttl=52 window=235 payload=400"},
	    {SIG_HTTP_RULE, "http=301 | FPA id=0 ttl=116 window=1026 payload=300"},
	    {SIG_HTTP_RULE, "http=403 | FPA id=7 ttl=52 window=235 payload=350"},
	    {SIG_HTTP_RULE, "http=200 | A id=7 ttl=52 window=235 payload=1460 | PA id=8 ttl=52 window=236 payload=900"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct burst_facts burst;
		struct span wrong;
		struct sig_hits hits = {0};
		assert_true(burst_example_read(&burst, span_text(cases[i].burst), &wrong));
		sigdb_match_burst(shipped, cases[i].location, &burst, &hits);
		if (sig_hits_best(&hits))
			fail_msg("%s holds for an ordinary close: %s; make it a hint", sig_hits_best(&hits)->id,
			         cases[i].burst);
	}
}

/* Countries of rows that may stand alone, and the makers that issue and users ask for. */
static void what_is_covered(void **unused)
{
	(void)unused;
	static const char *const makers[] = {"Netsweeper",  "Fortinet",  "Sandvine PacketLogic",
	                                     "Blue Coat",   "Cisco",     "Palo Alto",
	                                     "Sophos",      "Allot",     "Forcepoint",
	                                     "Zscaler",     "SonicWall", "Barracuda",
	                                     "Check Point", "McAfee",    "WireFilter"};
	static const char *const forged[] = {"CN", "IR", "ID", "RU", "TR", "IN"};
	bool seen[26][26] = {{false}}, answers[6] = {false};
	bool of[sizeof(makers) / sizeof(makers[0])] = {false};
	size_t countries = 0;
	for (size_t i = 0; i < sigdb_count(shipped); i++) {
		const struct signature *s = sigdb_at(shipped, i);
		for (const char *c = s->country; *c && s->action == SIG_ACTION_HIT; c += c[2] ? 3 : 2) {
			countries += !seen[c[0] - 'A'][c[1] - 'A'];
			seen[c[0] - 'A'][c[1] - 'A'] = true;
			for (size_t k = 0; k < 6 && s->location == SIG_DNS_ANSWER; k++)
				answers[k] |= strncmp(forged[k], c, 2) == 0;
		}
		for (size_t k = 0; k < sizeof(makers) / sizeof(makers[0]); k++)
			of[k] |= strcmp(s->vendor, makers[k]) == 0;
	}
	print_message("%zu countries\n", countries);
	assert_true(countries >= 40);
	for (size_t k = 0; k < sizeof(makers) / sizeof(makers[0]); k++)
		if (!of[k])
			fail_msg("no row of %s", makers[k]);
	for (size_t k = 0; k < 6; k++)
		if (!answers[k])
			fail_msg("no forged answer of %s", forged[k]);
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
	    cmocka_unit_test(size_of_the_set),    cmocka_unit_test(every_address_fires),
	    cmocka_unit_test(everyday_pages),     cmocka_unit_test(everyday_values),
	    cmocka_unit_test(everyday_closes),    cmocka_unit_test(what_is_covered),
	    cmocka_unit_test(published_messages),
	};
	return cmocka_run_group_tests_name("shipped", tests, load, unload);
}
