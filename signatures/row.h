/* A row of a signature file as it was read, before anything in it was judged. */
#pragma once

#include "analyzer/base/err.h"
#include "analyzer/base/span.h"

enum column {
	COL_ID,
	COL_KIND,
	COL_LOCATION,
	COL_MATCH,
	COL_PATTERN,
	COL_ENCODING,
	COL_EXCEPT,
	COL_SCOPE,
	COL_COUNTRY,
	COL_VENDOR,
	COL_CONFIDENCE,
	COL_ACTION,
	COL_SOURCE,
	COL_URL,
	COL_NOTES,
	COL_ALIASES,
	COL_ORIGIN_ID,
	COL_ORIGIN,
	COL_COUNT
};

enum { FIELD_MAX = 4 * 1024 /* bytes of one field */ };

extern const char *const column_names[COL_COUNT];

struct row {
	const char *file;
	uint32_t line; /* from 1, the header is 1 */
	struct span field[COL_COUNT];
};

/* ERR_FORMAT with a text that names file, line and column. */
int row_error(const struct row *row, enum column column, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
