/*
 * wallprint explain: what a word in a table means. Mechanisms, their rules, look-alikes and terms come from the tables that the
 * detectors use, weights from the weights.csv in force, columns from the tables that write them.
 */
#include "analyzer/cmd.h"
#include "analyzer/knowledge.h"
#include "analyzer/report/columns.h"
#include "analyzer/word.h"

#include <stdio.h>
#include <stdlib.h>

enum { LINE_WIDTH = 96, INDENT = 12 };

static void explain_help(FILE *out)
{
	fputs("Usage: wallprint explain WORD...\n"
	      "       wallprint explain\n\n"
	      "What a word in a table means: a mechanism (its rule, what else looks like it, the\n"
	      "terms that it may carry, its source), a column, a term of the score, a guard, or\n"
	      "the id of a signature. Without WORD: all mechanisms.\n",
	      out);
}

/* One paragraph, broken between words, its lines indented behind a heading. */
static void put_paragraph(const char *heading, const char *text)
{
	int column = printf("%-*s", INDENT, heading);
	for (const char *word = text; *word;) {
		size_t len = strcspn(word, " ");
		if (column > INDENT && column + 1 + (int)len > LINE_WIDTH)
			column = printf("\n%-*s", INDENT, "") - 1;
		else if (column > INDENT)
			column += printf(" ");
		column += printf("%.*s", (int)len, word);
		word += len;
		word += strspn(word, " ");
	}
	putchar('\n');
}

static void put_term(const struct weights *w, const char *id)
{
	const struct weight_row *row = weights_find(w, id);
	char line[2560];
	if (!row)
		return;
	struct text t = text_over(line, sizeof line);
	text_printf(&t, "%+d dB, group %s: %s. Basis: %s. Source: %s.", row->db, row->group, row->description,
	            row->basis, row->source);
	put_paragraph(row->id, line);
}

/* Terms of a blank-separated list. */
static void put_terms(const struct weights *w, const char *ids)
{
	while (ids && *ids) {
		char id[32];
		size_t len = strcspn(ids, " ");
		struct text t = text_over(id, sizeof id);
		text_add(&t, span_of(ids, len));
		put_term(w, id);
		ids += len;
		ids += strspn(ids, " ");
	}
}

static void put_guards(uint32_t guards)
{
	char line[512];
	struct text t = text_over(line, sizeof line);
	for (int g = 0; g < GUARD_COUNT; g++)
		if (guards >> g & 1)
			text_printf(&t, "%s%s", t.len ? ", " : "", guard_name((enum guard)g));
	if (t.len)
		put_paragraph("Guards", line);
}

static void explain_mechanism(const struct mechanism *m, const struct weights *w)
{
	printf("%s: mechanism, stage %s, protocol %s\n\n", m->id, m->stage, m->protocol);
	put_paragraph("Shows", m->note);
	if (m->note_selective)
		put_paragraph("Selective", m->note_selective);
	if (m->rule)
		put_paragraph("Rule", m->rule);
	if (m->innocent)
		put_paragraph("Innocent", m->innocent);
	put_guards(m->guards);
	put_paragraph("Source", m->source);
	if (m->terms)
		printf("\nTerms of this mechanism:\n\n");
	put_terms(w, m->terms);
	if (m->terms)
		printf("\nA forged packet adds what its header shows (%s); the capture as a whole adds %s.\n",
		       MECHANISM_TERMS_SUSPECT, MECHANISM_TERMS_CAPTURE);
}

static bool explain_column(const char *word)
{
	static const struct {
		enum row_kind kind;
		const char *file;
	} tables[] = {{ROW_FINDING, "findings.csv"}, {ROW_CAPTURE, "captures.csv"}};
	bool found = false;
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		size_t at = column_find(tables[i].kind, word);
		if (at == column_count(tables[i].kind))
			continue;
		printf("%s: column of %s\n\n", word, tables[i].file);
		put_paragraph("Holds", column_at(tables[i].kind, at)->description);
		found = true;
	}
	return found;
}

static bool explain_guard(const char *word)
{
	for (int g = 1; g < GUARD_COUNT; g++) {
		if (strcmp(guard_name((enum guard)g), word) != 0)
			continue;
		printf("%s: guard G%d, an innocent explanation; its rule stands in docs/rules.md, \"Guards\"\n", word,
		       g);
		return true;
	}
	return false;
}

static bool explain_word(const char *word, const struct weights *w)
{
	const struct mechanism *m = mechanism_find(word);
	if (m)
		explain_mechanism(m, w);
	bool found = m != NULL;
	found |= explain_column(word);
	if (!found && weights_find(w, word)) {
		put_term(w, word);
		found = true;
	}
	return found || explain_guard(word);
}

/* Signatures have a command of their own that says what an id means. */
static int explain_signature(char *word)
{
	char command[] = "signatures", verb[] = "explain";
	char *arguments[] = {command, verb, word, NULL};
	return cmd_signatures(3, arguments);
}

static void list_mechanisms(void)
{
	for (size_t i = 0; i < mechanism_count; i++)
		printf("%-26s %s\n", mechanisms[i].id, mechanisms[i].note);
}

int cmd_explain(int argc, char **argv)
{
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		explain_help(stdout);
		return EXIT_DONE;
	}
	struct weights *w = NULL;
	struct err e = {0};
	int status = EXIT_DONE;
	if (weights_default(&w, &e) < 0) {
		fprintf(stderr, "wallprint explain: %s\n", e.text);
		return EXIT_USAGE;
	}
	if (argc == 1)
		list_mechanisms();
	for (int i = 1; i < argc && status == EXIT_DONE; i++) {
		if (i > 1)
			putchar('\n');
		if (!explain_word(argv[i], w))
			status = explain_signature(argv[i]);
	}
	weights_free(w);
	return fflush(stdout) == 0 ? status : EXIT_OUTPUT;
}
