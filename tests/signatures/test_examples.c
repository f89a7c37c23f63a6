/*
 * One line of examples.csv for every row that ships: it fires on that example, no row says that the example is no blocking, and no
 * row of another country fires on it. A forged address is its own example. Run from the root of the project.
 *
 * The example is what is published about the row, in the place where the row looks: a piece of a page, a title, the value of
 * a header, a name; for rules about packets a burst (support/burst_example.h). `\\` and `\xHH` as in the signatures.
 */
#include "signatures/database.h"
#include "signatures/match.h"
#include "signatures/pattern.h"

#include "analyzer/base/text.h"
#include "tests/support/burst_example.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <csv.h>

/* cmocka wants the above */
#include <cmocka.h>

#define EXAMPLES "tests/signatures/examples.csv"

enum { EXAMPLES_MAX = 100000, COLUMNS = 3 };

struct example {
	struct span id, text;
	uint32_t line;
	bool made; /* from the pattern, as nothing is published */
};

struct examples {
	struct example *list;
	size_t count, field;
	uint32_t line;
	struct span fields[COLUMNS];
};

static struct sigdb *shipped;
static struct arena arena;
static struct examples examples;

static void on_field(void *bytes, size_t len, void *context)
{
	struct examples *x = context;
	if (x->field < COLUMNS)
		x->fields[x->field] = len ? arena_copy(&arena, span_of(bytes, len)) : span_of(NULL, 0);
	x->field++;
}

static void on_row(int end, void *context)
{
	struct examples *x = context;
	(void)end;
	x->line++;
	if (x->field != COLUMNS)
		fail_msg(EXAMPLES ":%u: a line is id,example,from", x->line);
	x->field = 0;
	if (x->line == 1)
		return;
	struct example e = {.id = x->fields[0], .line = x->line, .made = span_equal(x->fields[2], span_text("made"))};
	if (x->fields[2].len == 0)
		fail_msg(EXAMPLES ":%u: say where the example is from (\"made\" when nothing is published)", x->line);
	if (!pattern_unescape(&arena, x->fields[1], &e.text))
		fail_msg(EXAMPLES ":%u: bad escape; only \\\\ and \\xHH", x->line);
	x->list = realloc(x->list, (x->count + 1) * sizeof *x->list);
	x->list[x->count++] = e;
}

/* Blanks at the edges are part of an example. */
static int no_space(unsigned char c)
{
	(void)c;
	return 0;
}

static void read_examples(void)
{
	struct csv_parser csv;
	FILE *file = fopen(EXAMPLES, "re");
	char buffer[4096];
	size_t n;
	if (!file || csv_init(&csv, CSV_STRICT | CSV_STRICT_FINI) != 0)
		fail_msg(EXAMPLES " cannot be read");
	csv_set_space_func(&csv, no_space);
	while ((n = fread(buffer, 1, sizeof buffer, file)) > 0)
		if (csv_parse(&csv, buffer, n, on_field, on_row, &examples) != n)
			fail_msg(EXAMPLES ":%u: not CSV", examples.line + 1);
	csv_fini(&csv, on_field, on_row, &examples);
	csv_free(&csv);
	fclose(file);
}

static int load(void **unused)
{
	(void)unused;
	struct err e;
	if (sigdb_load(&shipped, "signatures", &e) < 0 || sigdb_compile(shipped, &e) < 0) {
		print_error("%s\n", e.text);
		return -1;
	}
	read_examples();
	return 0;
}

static int unload(void **unused)
{
	(void)unused;
	sigdb_free(shipped);
	free(examples.list);
	arena_free(&arena);
	return 0;
}

static const struct signature *row_of(struct span id)
{
	for (size_t i = 0; i < sigdb_count(shipped); i++)
		if (span_equal(id, span_text(sigdb_at(shipped, i)->id)))
			return sigdb_at(shipped, i);
	return NULL;
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

static void look_at_page(const struct signature *s, struct span text, struct sig_hits *hits)
{
	bool inside = s->location == SIG_TITLE || s->match == SIG_CONTAINS || s->match == SIG_REGEXP;
	const char *before = s->location == SIG_TITLE ? "<html><head><title>" : inside ? "<html><p>" : "";
	const char *after = s->location == SIG_TITLE ? "</title></html>" : s->match == SIG_FULL ? "" : "</p></html>";
	struct sigscan *sc = malloc(sigscan_size());
	sigscan_start(sc);
	sigscan_body(shipped, sc, span_text(before), hits);
	for (; text.len; text = span_after(text, 7))
		sigscan_body(shipped, sc, span_first(text, 7), hits);
	sigscan_body(shipped, sc, span_text(after), hits);
	sigscan_finish(shipped, sc, hits);
	free(sc);
}

static void look(const struct signature *s, const struct example *x, struct sig_hits *hits)
{
	struct burst_facts burst;
	struct span wrong;
	if (s->location == SIG_BODY || s->location == SIG_TITLE)
		look_at_page(s, x->text, hits);
	else if (!sig_is_rule(s->location))
		sigdb_match(shipped, s->location, span_text(s->header ? s->header : ""), x->text, hits);
	else if (burst_example_read(&burst, x->text, &wrong))
		sigdb_match_burst(shipped, s->location, &burst, hits);
	else
		fail_msg(EXAMPLES ":%u: \"%.*s\" makes no sense in a burst (tests/support/burst_example.h)", x->line,
		         (int)wrong.len, (const char *)wrong.ptr);
}

static void every_example_makes_its_row_fire(void **unused)
{
	(void)unused;
	size_t made = 0;
	for (size_t i = 0; i < examples.count; i++) {
		const struct example *x = &examples.list[i];
		const struct signature *s = row_of(x->id);
		struct sig_hits hits = {0};
		bool own = false;
		if (!s)
			fail_msg(EXAMPLES ":%u: no row has the id %.*s", x->line, (int)x->id.len,
			         (const char *)x->id.ptr);
		if (s->action == SIG_ACTION_OFF || s->location == SIG_DNS_ANSWER)
			fail_msg(EXAMPLES ":%u: %s needs no example; remove the line", x->line, s->id);
		look(s, x, &hits);
		for (size_t k = 0; k < hits.count; k++) {
			const struct signature *other = hits.hit[k];
			bool rival = other->action == SIG_ACTION_FP ||
			             (!share_country(s, other) && other->action == SIG_ACTION_HIT);
			own |= other == s;
			if (s->action == SIG_ACTION_HIT && rival)
				fail_msg(EXAMPLES ":%u: %s fires on the example of %s", x->line, other->id, s->id);
		}
		if (!own)
			fail_msg(EXAMPLES ":%u: %s does not fire on its example: %.*s", x->line, s->id,
			         (int)x->text.len, (const char *)x->text.ptr);
		made += x->made;
	}
	print_message("%zu examples, %zu of them made from the pattern\n", examples.count, made);
}

static void every_row_has_an_example(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sigdb_count(shipped); i++) {
		const struct signature *s = sigdb_at(shipped, i);
		size_t found = 0;
		if (s->action == SIG_ACTION_OFF || s->location == SIG_DNS_ANSWER)
			continue;
		for (size_t k = 0; k < examples.count; k++)
			found += span_equal(examples.list[k].id, span_text(s->id));
		if (found == 0)
			fail_msg(
			    "%s has no example: add the line \"%s,what it fires on,who published that\" to " EXAMPLES,
			    s->id, s->id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_row_has_an_example),
	    cmocka_unit_test(every_example_makes_its_row_fire),
	};
	return cmocka_run_group_tests_name("examples", tests, load, unload);
}
