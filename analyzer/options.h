/*
 * The options of `wallprint scan`: one table gives the parser, the help, the defaults, the limits, and what the manifest says.
 * An option that is not in the table does not exist.
 */
#pragma once

#include "analyzer/base/text.h"
#include "analyzer/evidence/finding.h"

#include <stdio.h>

enum { OPTIONS_SIGNATURES_MAX = 32 };

enum progress_mode { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER };

/* A capture, or a list of captures, in the order of the command line. */
struct operand {
	const char *text;
	bool list;
};

struct options {
	struct operand *operands;
	size_t operand_count;
	bool nul_ended, walk;

	const char *output; /* NULL: findings to standard output */
	uint64_t jobs;
	uint64_t stall; /* seconds; 0: no limit */
	bool no_header, exit_code, quiet, verbose;
	enum progress_mode progress;

	const char *signatures[OPTIONS_SIGNATURES_MAX];
	size_t signature_count;
	bool no_default_signatures;
	const char **mechanisms; /* ids in the order of mechanisms[], NULL-terminated; NULL: all */
	enum label min_label;
	uint64_t max_flows, max_memory, max_inflated, max_findings;
	bool no_hash;

	bool help, version; /* asked for: the rest was not looked at */
};

/* Words from argv are borrowed. ERR_USAGE: the text says what to do. Free it in any case. */
int options_parse(struct options *o, int argc, char **argv, struct err *e);
void options_free(struct options *o);

void options_help(FILE *out);

/* The options that shape the result, in the order of the table; name NULL behind the last. Their values as text. */
const char *options_shaping(const struct options *o, size_t i, struct text *value);
