/* manifest.json and run.json of a run, into its result folder. */
#pragma once

#include "analyzer/options.h"
#include "analyzer/output.h"
#include "analyzer/report/folder.h"
#include "analyzer/report/table.h"

/* What the manifest says of a capture. */
struct capture_seen {
	bool hashed;
	uint8_t sha256[32];
	const char *status; /* a constant */
};

/* Both read a checked field of a capture row. */
bool capture_seen_hash(struct capture_seen *seen, struct span hex);
const char *capture_seen_word(struct span status);

struct output_facts {
	const struct options *options;
	const struct inputs *inputs;
	const struct capture_seen *seen;
	struct table *tables[2]; /* findings, captures */
	const struct output_run *run;
	int64_t started_ns, finished_ns;
};

int output_manifest(struct folder *folder, const struct output_facts *facts, struct err *e);
