/* Rows from the column tables; the tables are in finding_columns.c and capture_columns.c. */
#include "analyzer/report/columns.h"

size_t column_count(enum row_kind table)
{
	return table == ROW_FINDING ? finding_column_count : capture_column_count;
}

const struct column *column_at(enum row_kind table, size_t i)
{
	return table == ROW_FINDING ? &finding_columns[i].column : &capture_columns[i].column;
}

size_t column_find(enum row_kind table, const char *name)
{
	size_t count = column_count(table);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(column_at(table, i)->name, name) == 0)
			return i;
	}
	return count;
}

/* A text over what is left of the room, for the next field. */
static struct text field_open(struct row_room *room, size_t used)
{
	return text_over(room->bytes + used, sizeof room->bytes - used);
}

static size_t field_close(struct row_fields *row, const struct text *t, size_t used)
{
	row->field[row->count++] = span_of(t->ptr, t->len);
	return used + t->len + (used + t->len + 1 < ROW_BYTES_MAX);
}

void finding_row(struct row_fields *row, struct row_room *room, const struct finding *f)
{
	size_t used = 0;
	row->count = 0;
	for (size_t i = 0; i < finding_column_count; i++) {
		struct text t = field_open(room, used);
		if (finding_columns[i].write)
			finding_columns[i].write(&t, f);
		used = field_close(row, &t, used);
	}
}

void capture_row(struct row_fields *row, struct row_room *room, const struct capture_summary *s)
{
	size_t used = 0;
	row->count = 0;
	for (size_t i = 0; i < capture_column_count; i++) {
		struct text t = field_open(room, used);
		if (capture_columns[i].write)
			capture_columns[i].write(&t, s);
		used = field_close(row, &t, used);
	}
}
