/* What the parts of `wallprint signatures` share: its command line, and the subcommands. */
#pragma once

#include "analyzer/cmd.h"
#include "signatures/sigdb.h"

struct signature_args {
	const char *format, *kind, *country, *scope, *signatures; /* NULL: not given */
	char **paths;
	size_t path_count;
};

/* Loads and compiles the sets named, or the default one. */
int signatures_load(struct sigdb **db, const struct signature_args *args, struct err *e);

/* "wallprint signatures: ..." and the exit status for it. */
int signatures_complain(const struct err *e);

/* Text from outside to standard output, escaped as in a table. */
void signatures_put(const char *text);

/* Subcommands: exit statuses. */
int signatures_list(const struct signature_args *args);
int signatures_import(const struct signature_args *args);
int signatures_export(const struct signature_args *args);
int signatures_explain(const struct signature_args *args);
int signatures_test(const struct signature_args *args);
