/* wallprint signatures: what is in the signature sets, whether they are sound, and what they match. This file owns the command
 * line and `check`; the other subcommands have files of their own. */
#include "analyzer/cmd_signatures.h"

#include "analyzer/knowledge.h"
#include "analyzer/word.h"

#include <limits.h>
#include <stdio.h>

static int signatures_check(const struct signature_args *args);

enum option { OPTION_FORMAT = 1, OPTION_KIND = 2, OPTION_COUNTRY = 4, OPTION_SCOPE = 8, OPTION_SIGNATURES = 16 };

struct subcommand {
	const char *name;
	int (*run)(const struct signature_args *args);
	unsigned options;   /* enum option that it takes */
	size_t least, most; /* of operands */
};

static const struct subcommand subcommands[] = {
    {"check", signatures_check, 0, 0, SIZE_MAX},
    {"list", signatures_list, OPTION_KIND | OPTION_COUNTRY | OPTION_SCOPE, 0, SIZE_MAX},
    {"import", signatures_import, OPTION_FORMAT, 1, SIZE_MAX},
    {"export", signatures_export, OPTION_FORMAT | OPTION_KIND, 0, SIZE_MAX},
    {"explain", signatures_explain, 0, 1, SIZE_MAX},
    {"test", signatures_test, OPTION_SIGNATURES, 1, SIZE_MAX},
};
enum { SUBCOMMANDS = sizeof subcommands / sizeof subcommands[0] };

static const char *const option_names[] = {"--format", "--kind", "--country", "--scope", "--signatures"};
enum { OPTIONS = sizeof option_names / sizeof option_names[0] };

static void help(FILE *out)
{
	fputs("Usage: wallprint signatures check [PATH]...\n"
	      "       wallprint signatures list [--kind K] [--country CC] [--scope S] [PATH]...\n"
	      "       wallprint signatures explain ID [PATH]...\n"
	      "       wallprint signatures test [--signatures PATH] FILE...\n"
	      "       wallprint signatures import --format FORMAT FILE...\n"
	      "       wallprint signatures export --format ooni [--kind K] [PATH]...\n\n"
	      "check    load signature files, or folders of them, and say what is in them; a broken\n"
	      "         one gives file, line and column, and exit status 2\n"
	      "list     the rows as a table (CSV), all of them or those of a kind (http, dns, tls,\n"
	      "         rst, quic), a country (ISO 3166) or a scope\n"
	      "explain  in words: what a row matches, where, and what that means\n"
	      "test     what in a page, an HTTP response or a capture matches, and which row of\n"
	      "         action fp silences it; PATH is added to the default set\n"
	      "import   published sets as a signature file on standard output; what became of each\n"
	      "         row, and the sums, on standard error. FORMAT: ooni, citizenlab,\n"
	      "         censoredplanet, wallbleed\n"
	      "export   the rows in the format of OONI's fingerprints; those that were imported\n"
	      "         from there exactly as they were\n\n"
	      "PATH is a signature file or a folder of them; without one the default set is taken.\n",
	      out);
}

int signatures_complain(const struct err *e)
{
	fprintf(stderr, "wallprint signatures: %s\n", e->text);
	return e->code == ERR_NOMEM ? EXIT_DIED : EXIT_USAGE;
}

void signatures_put(const char *text)
{
	char shown[TEXT_OUTSIDE_MAX * 4 + 8];
	struct text t = text_over(shown, sizeof shown);
	text_escape(&t, span_text(text), TEXT_FIELD);
	fputs(shown, stdout);
}

int signatures_load(struct sigdb **db, const struct signature_args *args, struct err *e)
{
	char folder[PATH_MAX];
	int status = 0;
	if (args->path_count == 0) {
		status = knowledge_folder(folder, sizeof folder, e);
		if (status == 0)
			status = sigdb_load(db, folder, e);
	}
	for (size_t i = 0; status == 0 && i < args->path_count; i++)
		status = sigdb_load(db, args->paths[i], e);
	return status == 0 ? sigdb_compile(*db, e) : status;
}

static int signatures_check(const struct signature_args *args)
{
	struct err e = {0};
	struct sigdb *db = NULL;
	if (signatures_load(&db, args, &e) < 0) {
		sigdb_free(db);
		return signatures_complain(&e);
	}
	for (size_t i = 0; i < sigdb_sets(db); i++) {
		char hex[65];
		struct text t = text_over(hex, sizeof hex);
		text_hex(&t, span_of(sigdb_set(db, i)->sha256, 32));
		signatures_put(sigdb_set(db, i)->path);
		printf(": %zu rows, sha256 %s\n", sigdb_set(db, i)->rows, hex);
	}
	printf("%zu signatures, all sound\n", sigdb_count(db));
	sigdb_free(db);
	return EXIT_DONE;
}

/* A wrong word of the command line: what it is called, and the ones there are. */
static int wrong_word(const char *what, const char *word, const char *const *names, size_t n)
{
	char shown[160];
	const char *near = word_nearest(word, names, n);
	struct text t = text_over(shown, sizeof shown);
	text_add(&t, span_text("'")); /* so that the first byte needs no escape */
	text_escape(&t, span_first(span_text(word), 32), TEXT_FILE_NAME);
	fprintf(stderr, "wallprint signatures: no %s is called %s'", what, shown);
	for (size_t i = 0; i < n && !near; i++)
		fprintf(stderr, "%s%s", i ? ", " : "; there are ", names[i]);
	if (near)
		fprintf(stderr, " (did you mean %s?)", near);
	fputs("\n", stderr);
	return EXIT_USAGE;
}

/* Which option the word is, or OPTIONS; *value stands behind its = sign, or is NULL. */
static size_t find_option(const char *word, const char **value)
{
	const char *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word), i = 0;
	while (i < OPTIONS && (strlen(option_names[i]) != len || strncmp(word, option_names[i], len) != 0))
		i++;
	*value = equals ? equals + 1 : NULL;
	return i;
}

/* One word at argv[*i]: an operand, or an option with its value. */
static int take_word(const struct subcommand *c, struct signature_args *args, int argc, char **argv, int *i)
{
	const char **values[] = {&args->format, &args->kind, &args->country, &args->scope, &args->signatures};
	const char *word = argv[*i], *value;
	if (word[0] != '-' || word[1] == '\0') {
		args->paths[args->path_count++] = argv[*i];
		return EXIT_DONE;
	}
	size_t option = find_option(word, &value);
	if (option == OPTIONS)
		return wrong_word("option", word, option_names, OPTIONS);
	if (!value && *i + 1 < argc)
		value = argv[++*i];
	if (!(c->options & 1U << option) || !value) {
		fprintf(stderr, "wallprint signatures: %s %s\n", option_names[option],
		        value ? "is no option of this command" : "needs a value");
		return EXIT_USAGE;
	}
	*values[option] = value;
	return EXIT_DONE;
}

/* Operands are moved to the front of argv. */
static int take_words(const struct subcommand *c, struct signature_args *args, int argc, char **argv)
{
	bool words_only = false;
	args->paths = argv;
	for (int i = 2; i < argc; i++) {
		if (!words_only && strcmp(argv[i], "--") == 0) {
			words_only = true;
			continue;
		}
		if (words_only) {
			args->paths[args->path_count++] = argv[i];
			continue;
		}
		int status = take_word(c, args, argc, argv, &i);
		if (status != EXIT_DONE)
			return status;
	}
	if (args->path_count >= c->least && args->path_count <= c->most)
		return EXIT_DONE;
	fprintf(stderr, "wallprint signatures: %s needs more words; see 'wallprint signatures --help'\n", c->name);
	return EXIT_USAGE;
}

static bool is_word(const char *word, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(word, names[i]) == 0)
			return true;
	return false;
}

/* Kind and scope are words that there are. */
static int check_words(const struct signature_args *args)
{
	if (args->kind && !is_word(args->kind, sig_kind_names, SIG_KIND_COUNT))
		return wrong_word("kind", args->kind, sig_kind_names, SIG_KIND_COUNT);
	if (args->scope && !is_word(args->scope, sig_scope_names, SIG_SCOPE_COUNT))
		return wrong_word("scope", args->scope, sig_scope_names, SIG_SCOPE_COUNT);
	return EXIT_DONE;
}

static int run_subcommand(const struct subcommand *c, int argc, char **argv)
{
	struct signature_args args = {0};
	int status = take_words(c, &args, argc, argv);
	if (status == EXIT_DONE)
		status = check_words(&args);
	if (status == EXIT_DONE)
		status = c->run(&args);
	return fflush(stdout) == 0 && !ferror(stdout) ? status : EXIT_OUTPUT;
}

int cmd_signatures(int argc, char **argv)
{
	const char *names[SUBCOMMANDS];
	const char *word = argc > 1 ? argv[1] : "";
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ||
	    (argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0))) {
		help(stdout);
		return fflush(stdout) == 0 ? EXIT_DONE : EXIT_OUTPUT;
	}
	for (size_t i = 0; i < SUBCOMMANDS; i++) {
		names[i] = subcommands[i].name;
		if (strcmp(word, names[i]) == 0)
			return run_subcommand(&subcommands[i], argc, argv);
	}
	if (*word)
		return wrong_word("command", word, names, SUBCOMMANDS);
	fputs("wallprint signatures: say check, list, explain, test, import or export; see 'wallprint signatures "
	      "--help'\n",
	      stderr);
	return EXIT_USAGE;
}
