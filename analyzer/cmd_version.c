/* wallprint --version: everything that a result depends on. */
#include "analyzer/cmd.h"
#include "analyzer/knowledge.h"
#include "analyzer/version.h"
#include "signatures/sigdb.h"

#include <limits.h>
#include <stdio.h>

static void put_hash(const char *name, size_t rows, const uint8_t *sha256)
{
	char hex[65], shown[TEXT_OUTSIDE_MAX * 4];
	struct text t = text_over(hex, sizeof hex), n = text_over(shown, sizeof shown);
	text_hex(&t, span_of(sha256, 32));
	text_escape(&n, span_text(name), TEXT_FIELD);
	printf("  %-20s %6zu rows  sha256 %s\n", shown, rows, hex);
}

static void put_knowledge(void)
{
	struct err e = {0};
	struct knowledge k;
	char folder[PATH_MAX];
	if (knowledge_folder(folder, sizeof folder, &e) < 0 || knowledge_load(&k, true, NULL, 0, &e) < 0) {
		printf("signatures: %s\n", e.text);
		return;
	}
	printf("signatures: %s\n", folder);
	for (size_t i = 0; i < sigdb_sets(k.signatures); i++) {
		const struct sigset *set = sigdb_set(k.signatures, i);
		put_hash(set->path, set->rows, set->sha256);
	}
	put_hash("weights.csv", weights_rows(k.weights), weights_sha256(k.weights));
	knowledge_free(&k);
}

int cmd_version(void)
{
	struct library libraries[VERSION_LIBRARIES];
	version_libraries(libraries);
	printf("wallprint %s (%s, %s build, %s)\n", version_number(), version_commit(), version_build(),
	       version_compiler());
	printf("libraries:");
	for (size_t i = 0; i < VERSION_LIBRARIES; i++)
		printf("%s %s %s", i ? "," : "", libraries[i].name, libraries[i].version);
	printf("\n");
	put_knowledge();
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_OUTPUT;
}
