/*
 * manifest.json: what the tables were made with and from, without a clock or a host, so that two runs of the same over the
 * same give the same bytes. run.json: the rest, when and where.
 */
#pragma once

#include "analyzer/base/err.h"
#include "analyzer/base/span.h"

#include <stdio.h>

/* A name with its value: a library and its version, an option and its value. Borrowed. */
struct manifest_pair {
	const char *name, *value;
};

struct manifest_set {
	const char *path;
	uint64_t rows;
	const uint8_t *sha256;
};

struct manifest_capture {
	const char *name;      /* escaped, as in the tables */
	const char *status;    /* a word of captures.csv */
	const uint8_t *sha256; /* NULL: not known */
};

enum { MANIFEST_PAIRS_MAX = 32, MANIFEST_SETS_MAX = 256, MANIFEST_TABLES_MAX = 4 };

struct manifest {
	const char *version, *commit, *build, *compiler;
	struct manifest_pair libraries[MANIFEST_PAIRS_MAX], options[MANIFEST_PAIRS_MAX];
	size_t library_count, option_count;
	struct manifest_set sets[MANIFEST_SETS_MAX];
	size_t set_count;
	struct manifest_set weights;
	struct manifest_set tables[MANIFEST_TABLES_MAX];
	size_t table_count;
	/* The i-th capture. */
	struct manifest_capture (*capture)(void *context, size_t i);
	void *context;
	size_t capture_count;
};

enum { CONFIG_ID_SIZE = 65 };

/* SHA-256, in hex, over a canonical text of everything that shapes the tables: version, build, libraries, options, the
 * content of signature sets and weights; not their paths. */
void manifest_config_id(const struct manifest *m, char id[CONFIG_ID_SIZE]);

/* Errors stay in the stream: test ferror. */
void manifest_write(const struct manifest *m, FILE *out);

struct run_facts {
	int64_t started_ns, finished_ns; /* since 1970 */
	const char *host;
	int argc;
	char *const *argv;
	uint64_t jobs;
	uint64_t other_files, result_folders; /* met while walking and left out */
};

void run_write(const struct run_facts *r, FILE *out);
