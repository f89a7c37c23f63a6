/* Signature sets for tests, written to a temporary directory for every call. */
#pragma once

#include "signatures/sigdb.h"

#define SIGNATURE_HEADER                                                                                               \
	"id,kind,location,match,pattern,encoding,except,scope,country,vendor,confidence,action,source,url,notes,"      \
	"aliases,"                                                                                                     \
	"origin_id,origin\n"

/* The columns behind `action`: a source and nothing else. */
#define SIGNATURE_SOURCE ",test,https://example.org/,,,,\n"

/* Loads the text (header included) as the file set.csv of a directory. The text of an error names it so. */
int signature_text_load(struct sigdb **db, const char *text, size_t len, struct err *e);

/* Loads and compiles rows (without the header); prints the error and ends the test program when they are wrong. */
struct sigdb *signature_set(const char *rows);
