/* wallprint signatures: what is in the signature sets, and whether they are sound. */
#include "analyzer/cmd.h"
#include "analyzer/knowledge.h"
#include "analyzer/options.h"
#include "analyzer/word.h"
#include "signatures/sigdb.h"

#include <limits.h>
#include <stdio.h>

static void signatures_help(FILE *out)
{
	fputs("Usage: wallprint signatures check [PATH]...\n"
	      "       wallprint signatures list [PATH]...\n\n"
	      "check  load signature files, or folders of them, and say what is in them; a broken\n"
	      "       one gives file, line and column, and exit status 2\n"
	      "list   one line a signature: id, scope, country, confidence, action, source\n\n"
	      "Without PATH the default set is taken.\n",
	      out);
}

static void put_field(const char *value, const char *end)
{
	char shown[TEXT_OUTSIDE_MAX * 4 + 8];
	struct text t = text_over(shown, sizeof shown);
	text_escape(&t, span_text(value), TEXT_FIELD);
	printf("%s%s", shown, end);
}

static void signatures_list(const struct sigdb *db)
{
	static const char *const actions[] = {
	    [SIG_ACTION_HIT] = "hit", [SIG_ACTION_HINT] = "hint", [SIG_ACTION_FP] = "fp", [SIG_ACTION_OFF] = "off"};
	for (size_t i = 0; i < sigdb_count(db); i++) {
		const struct signature *s = sigdb_at(db, i);
		put_field(s->id, "\t");
		put_field(sig_scope_name(s->scope), "\t");
		put_field(s->country, "\t");
		printf("%u\t%s\t", s->confidence, actions[s->action]);
		put_field(s->source, "\n");
	}
}

static void signatures_sets(const struct sigdb *db)
{
	for (size_t i = 0; i < sigdb_sets(db); i++) {
		char hex[65];
		struct text t = text_over(hex, sizeof hex);
		text_hex(&t, span_of(sigdb_set(db, i)->sha256, 32));
		put_field(sigdb_set(db, i)->path, ": ");
		printf("%zu rows, sha256 %s\n", sigdb_set(db, i)->rows, hex);
	}
	printf("%zu signatures, all sound\n", sigdb_count(db));
}

static int signatures_load(struct sigdb **db, int count, char **paths, struct err *e)
{
	char folder[PATH_MAX];
	int status = 0;
	if (count == 0) {
		status = knowledge_folder(folder, sizeof folder, e);
		if (status == 0)
			status = sigdb_load(db, folder, e);
	}
	for (int i = 0; status == 0 && i < count; i++)
		status = sigdb_load(db, paths[i], e);
	return status == 0 ? sigdb_compile(*db, e) : status;
}

int cmd_signatures(int argc, char **argv)
{
	static const char *const words[] = {"check", "list"};
	const char *word = argc > 1 ? argv[1] : "";
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		signatures_help(stdout);
		return EXIT_DONE;
	}
	bool check = strcmp(word, words[0]) == 0;
	if (!check && strcmp(word, words[1]) != 0) {
		const char *near = word_nearest(word, words, 2);
		fprintf(stderr, "wallprint signatures: %s%s\n", near ? "did you mean " : "give check or list; see ",
		        near ? near : "'wallprint signatures --help'");
		return EXIT_USAGE;
	}
	struct err e = {0};
	struct sigdb *db = NULL;
	if (signatures_load(&db, argc - 2, argv + 2, &e) < 0) {
		fprintf(stderr, "wallprint signatures: %s\n", e.text);
		sigdb_free(db);
		return EXIT_USAGE;
	}
	if (check)
		signatures_sets(db);
	else
		signatures_list(db);
	sigdb_free(db);
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_OUTPUT;
}
