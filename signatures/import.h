/*
 * Published sets made into rows of ours. Every row that was read is accounted for: it is imported; or it is there with action
 * `off` and the reason in its notes, because what it matches is matched by another row (merged) or because the checks of
 * lint.h refuse it (quarantined); or, when even so it would be no row, it is left out and reported.
 */
#pragma once

#include "signatures/sigdb.h"

#include <stdio.h>

enum import_format {
	IMPORT_OONI,           /* blocking-fingerprints, the CSV files */
	IMPORT_CITIZENLAB,     /* filtering-annotations, CSV or JSON */
	IMPORT_CENSOREDPLANET, /* censoredplanet-analysis, JSON: signatures and false positives */
	IMPORT_WALLBLEED,      /* address pools of the GFW's third DNS injector, one address a line */
	IMPORT_FORMAT_COUNT
};

extern const char *const import_format_names[IMPORT_FORMAT_COUNT];

struct import_sums {
	size_t read, imported, merged, quarantined, left_out; /* the last four add up to the first */
};

struct import;

/* NULL when memory is out. */
struct import *import_new(enum import_format format);
void import_free(struct import *im);

/* Reads a published file. ERR_IO, ERR_FORMAT (with file and line) or ERR_NOMEM; then the import is of no use any more. */
int import_file(struct import *im, const char *path, struct err *e);

/* Judges what was read; once, behind the last import_file. */
int import_finish(struct import *im, struct import_sums *sums, struct err *e);

/* The rows in the order they were read, header first, as a signature file. False: they could not be written. */
bool import_write(const struct import *im, FILE *out);

/* What became of row i (from 0) other than imported, as one line; false when it was imported. */
bool import_remark(const struct import *im, size_t i, struct text *line);
