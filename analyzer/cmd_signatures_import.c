/* wallprint signatures import and export: published sets into our format, and ours into that of OONI. */
#include "analyzer/cmd_signatures.h"
#include "signatures/export.h"
#include "signatures/import.h"

#include <limits.h>
#include <stdio.h>

/* IMPORT_FORMAT_COUNT, after a complaint, when there is no such format. */
static enum import_format find_format(const char *word)
{
	int i = 0;
	while (i < IMPORT_FORMAT_COUNT && !(word && strcmp(word, import_format_names[i]) == 0))
		i++;
	if (i == IMPORT_FORMAT_COUNT)
		fputs("wallprint signatures: say --format ooni, citizenlab, censoredplanet or wallbleed\n", stderr);
	return (enum import_format)i;
}

static void report(const struct import *im, const struct import_sums *sums)
{
	char line[PATH_MAX * 4];
	for (size_t i = 0; i < sums->read; i++) {
		struct text t = text_over(line, sizeof line);
		if (import_remark(im, i, &t))
			fprintf(stderr, "%s\n", line);
	}
	fprintf(stderr, "%zu rows read = %zu imported + %zu merged (off) + %zu quarantined (off) + %zu left out\n",
	        sums->read, sums->imported, sums->merged, sums->quarantined, sums->left_out);
}

static int import_all(struct import *im, const struct signature_args *args, struct import_sums *sums, struct err *e)
{
	int code = 0;
	for (size_t i = 0; i < args->path_count && code == 0; i++)
		code = import_file(im, args->paths[i], e);
	return code == 0 ? import_finish(im, sums, e) : code;
}

int signatures_import(const struct signature_args *args)
{
	struct err e = {0};
	struct import_sums sums = {0};
	enum import_format format = find_format(args->format);
	if (format == IMPORT_FORMAT_COUNT)
		return EXIT_USAGE;
	struct import *im = import_new(format);
	int code = im ? import_all(im, args, &sums, &e) : err_set(&e, ERR_NOMEM, "out of memory");
	int status = code < 0 ? signatures_complain(&e) : sums.left_out ? EXIT_CUT : EXIT_DONE;
	if (code == 0 && import_write(im, stdout))
		report(im, &sums);
	import_free(im);
	return status;
}

static enum sig_kind find_kind(const char *word)
{
	int i = 0;
	while (i < SIG_KIND_COUNT && !(word && strcmp(word, sig_kind_names[i]) == 0))
		i++;
	return (enum sig_kind)i;
}

int signatures_export(const struct signature_args *args)
{
	struct err e = {0};
	struct sigdb *db = NULL;
	struct export_sums sums = {0};
	if (!args->format || strcmp(args->format, "ooni") != 0) {
		fputs("wallprint signatures: export knows --format ooni\n", stderr);
		return EXIT_USAGE;
	}
	int code = signatures_load(&db, args, &e);
	if (code == 0)
		code = export_ooni(db, find_kind(args->kind), stdout, &sums, &e);
	sigdb_free(db);
	if (code == ERR_IO)
		return EXIT_OUTPUT;
	if (code < 0)
		return signatures_complain(&e);
	fprintf(stderr, "%zu rows written; %zu are off, %zu match what the format has no word for\n", sums.written,
	        sums.off, sums.no_word);
	return EXIT_DONE;
}
