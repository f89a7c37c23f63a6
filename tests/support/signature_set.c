/* A temporary directory for each set, removed once it is loaded. */
#include "tests/support/signature_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

int signature_text_load(struct sigdb **db, const char *text, size_t len, struct err *e)
{
	char directory[256], path[300];
	const char *tmp = getenv("TMPDIR");
	snprintf(directory, sizeof(directory), "%s/wallprint-test-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(directory))
		fail(directory);
	snprintf(path, sizeof(path), "%s/set.csv", directory);
	FILE *f = fopen(path, "wb");
	if (!f || (len && fwrite(text, len, 1, f) != 1) || fclose(f) != 0)
		fail(path);
	int code = sigdb_load(db, directory, e);
	if (unlink(path) != 0 || rmdir(directory) != 0)
		fail(directory);
	return code;
}

struct sigdb *signature_set(const char *rows)
{
	char *text = NULL;
	int len = asprintf(&text, "%s%s", SIGNATURE_HEADER, rows);
	struct sigdb *db = NULL;
	struct err e;
	if (len < 0)
		fail("signature_set");
	if (signature_text_load(&db, text, (size_t)len, &e) < 0 || sigdb_compile(db, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		exit(1);
	}
	free(text);
	return db;
}
