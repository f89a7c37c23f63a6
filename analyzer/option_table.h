/* What an option is, for the parser and the help. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OPTION_ROWS_MAX = 48, OPTION_JOBS_MAX = 256 };

enum option_kind {
	OPTION_FLAG,
	OPTION_TEXT,
	OPTION_NUMBER,
	OPTION_SIZE,
	OPTION_LABEL,
	OPTION_MECHANISMS,
	OPTION_SIGNATURES,
	OPTION_LIST,
	OPTION_PROGRESS,
};

enum option_group { GROUP_INPUT, GROUP_OUTPUT, GROUP_DETECTION, GROUP_LIMITS, GROUP_GENERAL, GROUP_COUNT };

struct option_row {
	const char *name;
	char letter;          /* 0: none */
	const char *argument; /* its name in the help; NULL: none */
	enum option_kind kind;
	size_t offset; /* of the member of struct options */
	uint64_t fallback, least, most;
	enum option_group group;
	bool shapes;      /* changes what stands in the tables */
	const char *help; /* the default of a number is added */
};

extern const struct option_row option_rows[];
extern const size_t option_row_count;
