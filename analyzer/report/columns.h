/*
 * The columns of findings.csv and captures.csv: one table each gives the header, the rows and the description. The names and
 * their order are a contract with whoever reads the tables; a column whose source is not there is empty.
 */
#pragma once

#include "analyzer/base/text.h"
#include "analyzer/evidence/summary.h"
#include "analyzer/report/rows.h"

/* What a value is: numbers and our own words are written plain, text from outside is escaped. */
enum column_type { COLUMN_WORD, COLUMN_NUMBER, COLUMN_TIME, COLUMN_LIST, COLUMN_OUTSIDE };

struct column {
	const char *name;
	enum column_type type;
	const char *description;
};

size_t column_count(enum row_kind table);
const struct column *column_at(enum row_kind table, size_t i);
/* Position of a column by name; column_count() when there is none. */
size_t column_find(enum row_kind table, const char *name);

/* Room for the fields of a row. */
struct row_room {
	char bytes[ROW_BYTES_MAX];
};

/* Both fill in a row whose fields borrow from the room. `capture` and `capture_sha256` are left empty: the parent knows. */
void finding_row(struct row_fields *row, struct row_room *room, const struct finding *f);
void capture_row(struct row_fields *row, struct row_room *room, const struct capture_summary *s);

/* Used by the two files above: each column's value is written into a fresh text. */
struct finding_column {
	struct column column;
	void (*write)(struct text *t, const struct finding *f); /* NULL: empty */
};
struct capture_column {
	struct column column;
	void (*write)(struct text *t, const struct capture_summary *s);
};
extern const struct finding_column finding_columns[];
extern const size_t finding_column_count;
extern const struct capture_column capture_columns[];
extern const size_t capture_column_count;
