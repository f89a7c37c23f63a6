/* wallprint signatures explain: one row in words. What it means follows from the rules of docs/rules.md and the weights. */
#include "analyzer/cmd_signatures.h"
#include "signatures/match.h"
#include "signatures/rule.h"

#include <stdio.h>
#include <stdlib.h>

static void put_pattern(const struct signature *s)
{
	char shown[TEXT_OUTSIDE_MAX * 4 + 8];
	struct text t = text_over(shown, sizeof shown);
	text_escape(&t, s->pattern, TEXT_FILE_NAME);
	fputs(shown, stdout);
}

static void explain_place(const struct signature *s)
{
	static const char *const places[SIG_LOCATION_COUNT] = {
	    [SIG_BODY] = "the first 64 KiB of the body of an HTTP response, chunking and compression undone",
	    [SIG_TITLE] = "the title of an HTML page",
	    [SIG_STATUS_LINE] = "the status line of an HTTP response",
	    [SIG_HEADER] = "the value of a header of an HTTP response: ",
	    [SIG_DNS_ANSWER] = "an address that a DNS answer gives",
	    [SIG_DNS_CNAME] = "a name that a DNS answer leads to",
	    [SIG_TLS_ISSUER] = "the issuer of a server's certificate",
	    [SIG_TLS_SUBJECT] = "the subject of a server's certificate",
	    [SIG_TLS_SPKI_SHA256] = "the SHA-256 of the key in a server's certificate",
	    [SIG_TLS_CERT_SHA256] = "the SHA-256 of a certificate in a server's chain",
	    [SIG_TLS_JA4] = "the JA4 of a client's hello",
	    [SIG_RST_RULE] = "the packets of an injected reset",
	    [SIG_DNS_RULE] = "the packets of forged DNS answers",
	    [SIG_HTTP_RULE] = "the packets of an injected HTTP response",
	};
	printf("looks at  %s%s\n", places[s->location], s->location == SIG_HEADER ? s->header : "");
	if (s->location == SIG_HEADER && strcmp(s->header, "location") == 0)
		puts("          (of a redirect; also where a refresh, a frame or a script of the page leads)");
}

/* The rule of an injector, as rule.h puts it into words. */
static void explain_rule(const struct sigdb *db, const struct signature *s)
{
	char words[4096];
	struct text t = text_over(words, sizeof words);
	const struct packet_rule *rule = sigdb_rule(db, s);
	if (rule)
		rule_describe(rule, &t);
	if (rule)
		printf("in words  %s\n", words);
}

static void explain_match(const struct sigdb *db, const struct signature *s)
{
	static const char *const ways[SIG_MATCH_COUNT] = {
	    [SIG_FULL] = "is exactly",   [SIG_PREFIX] = "begins with",
	    [SIG_CONTAINS] = "contains", [SIG_REGEXP] = "matches the regular expression",
	    [SIG_CIDR] = "lies in",      [SIG_EQ] = "is",
	};
	printf("matches   when it %s  ", sig_is_rule(s->location) ? "fits the rule" : ways[s->match]);
	put_pattern(s);
	putchar('\n');
	if (sig_is_rule(s->location))
		explain_rule(db, s);
	if (*s->except) {
		fputs("          unless the name that was asked for is, or is below, one of  ", stdout);
		signatures_put(s->except);
		putchar('\n');
	}
}

static void explain_scope(const struct signature *s)
{
	static const char *const scopes[SIG_SCOPE_COUNT] = {
	    [SIG_NATIONAL] = "a filter of a whole country",
	    [SIG_ISP] = "the filter of a network operator",
	    [SIG_INJECTED] = "a known injector whose operator is not settled",
	    [SIG_PRODUCT] = "a filter that anyone can buy: a company or a school may have it as well as a state",
	    [SIG_INSTITUTION] = "the filter of a company, school or public body, about its own network",
	    [SIG_UNCLEAR] = "something was refused, by whom and why is not said",
	    [SIG_BENIGN] = "a page that looks like blocking and is none",
	};
	printf("says      %s: %s\n", sig_scope_names[s->scope], scopes[s->scope]);
	if (*s->country || *s->vendor) {
		fputs("          ", stdout);
		signatures_put(*s->country ? s->country : "country unknown");
		if (*s->vendor) {
			fputs(", ", stdout);
			signatures_put(s->vendor);
		}
		putchar('\n');
	}
}

static void explain_action(const struct signature *s)
{
	switch (s->action) {
	case SIG_ACTION_HIT:
		printf("weighs    hit, confidence %u of 10: a match is evidence by itself%s\n", s->confidence,
		       s->confidence < 7 ? ", a weak one below 7" : "");
		break;
	case SIG_ACTION_HINT:
		printf("weighs    hint, confidence %u of 10: counts only beside something else that is odd\n",
		       s->confidence);
		break;
	case SIG_ACTION_FP:
		puts("weighs    fp: known not to be blocking; where it matches, the hits of the same message do not "
		     "count");
		break;
	case SIG_ACTION_OFF:
		puts("weighs    nothing: the row is off and is never looked for");
		break;
	case SIG_ACTION_COUNT:
		break;
	}
}

/* The rows that match the row's own pattern, as it would stand in a message. */
static bool match_itself(const struct sigdb *db, const struct signature *s, struct sig_hits *hits)
{
	struct sigscan *sc = s->kind == SIG_HTTP ? malloc(sigscan_size()) : NULL;
	if (s->kind == SIG_HTTP && !sc)
		return false;
	if (s->location == SIG_BODY || s->location == SIG_TITLE) {
		sigscan_start(sc);
		if (s->location == SIG_TITLE)
			sigscan_body(db, sc, span_text("<title>"), hits);
		sigscan_body(db, sc, s->pattern, hits);
		if (s->location == SIG_TITLE)
			sigscan_body(db, sc, span_text("</title>"), hits);
		sigscan_finish(db, sc, hits);
	} else if (s->location != SIG_DNS_ANSWER && !sig_is_rule(s->location)) {
		sigdb_match(db, s->location, s->header ? span_text(s->header) : span_of(NULL, 0), s->pattern, hits);
	}
	free(sc);
	return true;
}

/* fp rows: those that the pattern itself contains silence it always, the others where they happen to be in the message. */
static void explain_silence(const struct sigdb *db, const struct signature *s)
{
	struct sig_hits hits = {0};
	size_t fps = 0, certain = 0;
	if (s->action == SIG_ACTION_FP || s->action == SIG_ACTION_OFF)
		return;
	for (size_t i = 0; i < sigdb_count(db); i++)
		fps += sigdb_at(db, i)->action == SIG_ACTION_FP && sigdb_at(db, i)->kind == s->kind;
	if (fps == 0)
		return;
	printf("silenced  by any of the %zu %s rows of action fp that matches in the same message", fps,
	       sig_kind_names[s->kind]);
	if (s->match != SIG_REGEXP && !match_itself(db, s, &hits))
		return;
	for (size_t i = 0; i < hits.count; i++) {
		if (hits.hit[i]->action != SIG_ACTION_FP)
			continue;
		fputs(certain++ ? ", " : "\n          always, since its own pattern contains theirs: ", stdout);
		signatures_put(hits.hit[i]->id);
	}
	putchar('\n');
}

static void explain_line(const char *what, const char *text)
{
	if (!*text)
		return;
	printf("%-10s", what);
	signatures_put(text);
	putchar('\n');
}

static void explain(const struct sigdb *db, const struct signature *s)
{
	signatures_put(s->id);
	putchar('\n');
	explain_place(s);
	explain_match(db, s);
	explain_scope(s);
	explain_action(s);
	explain_silence(db, s);
	explain_line("source", s->source);
	explain_line("", s->url);
	explain_line("notes", s->notes);
	explain_line("also", s->aliases);
	if (*s->origin)
		explain_line("imported", s->origin);
	fputs("stands in ", stdout);
	signatures_put(sigdb_path(db, s));
	printf(":%u\n", s->line);
}

int signatures_explain(const struct signature_args *args)
{
	struct err e = {0};
	struct sigdb *db = NULL;
	struct signature_args rest = *args;
	rest.paths++;
	rest.path_count--;
	if (signatures_load(&db, &rest, &e) < 0) {
		sigdb_free(db);
		return signatures_complain(&e);
	}
	const struct signature *s = sigdb_find(db, args->paths[0]);
	if (s)
		explain(db, s);
	else
		fputs("wallprint signatures: no row has this id; 'wallprint signatures list' shows all\n", stderr);
	sigdb_free(db);
	return s ? EXIT_DONE : EXIT_USAGE;
}
