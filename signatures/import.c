/* See import.h. What a published row means is said by the makers of drafts (import_*.c, draft.h); here drafts get ids, are
 * checked one by one and against each other, and are written. */
#include "signatures/csvline.h"
#include "signatures/database.h"
#include "signatures/draft.h"
#include "signatures/pattern.h"
#include "signatures/sigfile.h"

#include <stdlib.h>

enum { IMPORT_BYTES_MAX = 512 * 1024 * 1024 };

struct format {
	const char *set;    /* what `origin` says */
	const char *prefix; /* of ids */
	draft_maker *make;
	int (*read)(const char *path, published_handler *handle, void *arg, struct err *e);
};

static const struct format formats[IMPORT_FORMAT_COUNT] = {
    [IMPORT_OONI] = {OONI_SET, "ooni.", draft_ooni, published_read},
    [IMPORT_CITIZENLAB] = {"citizenlab", "citizenlab.", draft_citizenlab, published_read},
    [IMPORT_CENSOREDPLANET] = {"censoredplanet", "censoredplanet.", draft_censoredplanet, published_read},
    [IMPORT_WALLBLEED] = {"wallbleed", "wallbleed.", draft_wallbleed, published_read_list},
};

const char *const import_format_names[IMPORT_FORMAT_COUNT] = {
    [IMPORT_OONI] = "ooni",
    [IMPORT_CITIZENLAB] = "citizenlab",
    [IMPORT_CENSOREDPLANET] = "censoredplanet",
    [IMPORT_WALLBLEED] = "wallbleed",
};

struct import {
	const struct format *format;
	struct arena arena;
	struct draft *drafts;
	size_t count, room;
};

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for the import");
}

struct import *import_new(enum import_format format)
{
	struct import *im = calloc(1, sizeof(*im));
	if (!im)
		return NULL;
	im->format = &formats[format];
	arena_init(&im->arena, IMPORT_BYTES_MAX);
	return im;
}

void import_free(struct import *im)
{
	if (!im)
		return;
	arena_free(&im->arena);
	free(im->drafts);
	free(im);
}

static int take_published(void *arg, const struct published *row, struct err *e)
{
	struct import *im = arg;
	if (im->count == ROWS_MAX)
		return err_set(e, ERR_FORMAT, "%s:%u: more than %d rows; import the set in parts", row->file, row->line,
		               ROWS_MAX);
	if (im->count == im->room) {
		size_t room = im->room ? im->room * 2 : 256;
		struct draft *grown = realloc(im->drafts, room * sizeof(*grown));
		if (!grown)
			return no_memory(e);
		im->drafts = grown;
		im->room = room;
	}
	struct draft *d = &im->drafts[im->count];
	*d = (struct draft){.file = row->file, .line = row->line};
	int code = im->format->make(row, &im->arena, d, e);
	im->count += code == 0;
	return code;
}

int import_file(struct import *im, const char *path, struct err *e)
{
	return im->format->read(path, take_published, im, e);
}

/* The id that follows from the publisher's: signs that ids do not have become `_`, and @ is kept for what tells equal
 * ones apart. */
static bool make_id(struct import *im, struct draft *d)
{
	struct span name = d->field[COL_ORIGIN_ID], prefix = span_text(im->format->prefix);
	bool own = d->ooni && (span_starts(name, span_text("ooni.")) || span_starts(name, span_text("cl.")) ||
	                       span_starts(name, span_text("cp.")));
	size_t at = own ? 0 : prefix.len;
	uint8_t *id = arena_alloc(&im->arena, at + name.len + 1);
	if (!id)
		return false;
	memcpy(id, prefix.ptr, at);
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.ptr[i];
		c = c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
		bool legal = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
		id[at++] = legal ? c : '_';
	}
	d->field[COL_ID] = span_of(id, at);
	return true;
}

static int by_id(const void *left, const void *right)
{
	const struct draft *const *a = left, *const *b = right;
	struct span x = (*a)->field[COL_ID], y = (*b)->field[COL_ID];
	int order = memcmp(x.ptr, y.ptr, x.len < y.len ? x.len : y.len);
	return order ? order : x.len != y.len ? (x.len < y.len ? -1 : 1) : *a < *b ? -1 : *a > *b;
}

static bool number_id(struct import *im, struct draft *d, size_t n)
{
	size_t size = d->field[COL_ID].len + 24;
	char *id = arena_alloc(&im->arena, size);
	if (!id)
		return false;
	struct text t = text_over(id, size);
	text_add(&t, d->field[COL_ID]);
	text_printf(&t, "@%zu", n);
	d->field[COL_ID] = span_of(t.ptr, t.len);
	return true;
}

/* Ids of their own for all; the second of a kind is id@2. */
static bool make_ids(struct import *im, struct draft **sorted)
{
	for (size_t i = 0; i < im->count; i++) {
		sorted[i] = &im->drafts[i];
		if (!make_id(im, sorted[i]))
			return false;
	}
	qsort(sorted, im->count, sizeof(struct draft *), by_id);
	struct span first = span_of(NULL, 0);
	for (size_t i = 0, same = 0; i < im->count; i++) {
		same = i && span_equal(first, sorted[i]->field[COL_ID]) ? same + 1 : 1;
		if (same == 1)
			first = sorted[i]->field[COL_ID];
		else if (!number_id(im, sorted[i], same))
			return false;
	}
	return true;
}

/* Notes of the publisher, and why the row is off. */
static bool write_notes(struct import *im, const struct draft *d, struct span *out)
{
	bool esc;
	if (!pattern_write(&im->arena, d->field[COL_NOTES], out, &esc))
		return false;
	if (d->fate == DRAFT_IMPORTED)
		return true;
	size_t size = out->len + strlen(d->why) + sizeof(" " IMPORT_OFF_MARK "]");
	char *notes = arena_alloc(&im->arena, size);
	if (!notes)
		return false;
	struct text t = text_over(notes, size);
	text_add(&t, *out);
	text_printf(&t, "%s%s%s]", out->len ? " " : "", IMPORT_OFF_MARK, d->why);
	*out = span_of(t.ptr, t.len);
	return true;
}

/* The draft as it is written, all but `origin`. */
static bool write_fields(struct import *im, struct draft *d, struct span out[COL_COUNT])
{
	bool esc = false, fine = true;
	for (int i = 0; i < COL_COUNT && fine; i++)
		fine = i == COL_PATTERN || pattern_write(&im->arena, d->field[i], &out[i], &esc);
	fine = fine && pattern_escape(&im->arena, d->field[COL_ORIGIN_ID], "", &out[COL_ORIGIN_ID]) &&
	       pattern_write(&im->arena, d->field[COL_PATTERN], &out[COL_PATTERN], &esc) &&
	       write_notes(im, d, &out[COL_NOTES]);
	out[COL_ENCODING] = span_text(esc ? "esc" : "plain");
	if (d->fate != DRAFT_IMPORTED)
		out[COL_ACTION] = span_text("off");
	out[COL_ORIGIN] = span_text(im->format->set);
	return fine;
}

/* The text of a lint error without its place. */
static const char *lint_reason(struct import *im, const struct err *e)
{
	const char *why = strstr(e->text, ": ");
	return arena_string(&im->arena, span_text(why ? why + 2 : e->text));
}

static int draft_lint(struct import *im, struct draft *d, struct err *e)
{
	struct row row = {.file = "row", .line = d->line};
	struct rule rule;
	memcpy(row.field, d->written, sizeof(row.field));
	int code = lint_row(&row, NULL, &im->arena, &rule, e);
	if (code < 0)
		return code;
	regexp_free(rule.regexp);
	d->made = rule.s;
	return 0;
}

/* Makes the row as it stands now. ERR_FORMAT: it cannot be one, e says why. */
static int draft_settle(struct import *im, struct draft *d, struct err *e)
{
	if (!write_fields(im, d, d->written))
		return no_memory(e);
	int code = draft_lint(im, d, e);
	if (code < 0 || !d->ooni)
		return code;
	code = ooni_origin(&d->made, d->ooni, &im->arena, &d->written[COL_ORIGIN], e);
	return code < 0 ? code : draft_lint(im, d, e);
}

/* Settles the row, and remembers why that is not possible. Memory is the only failure. */
static int draft_judge(struct import *im, struct draft *d, enum draft_fate otherwise, struct err *e)
{
	struct err why = {0};
	int code = draft_settle(im, d, &why);
	if (code == 0)
		return 0;
	d->fate = otherwise;
	d->why = lint_reason(im, &why);
	return code == ERR_FORMAT && d->why ? 0 : no_memory(e);
}

static int by_meaning(const void *left, const void *right)
{
	const struct draft *const *a = left, *const *b = right;
	int order = signature_compare(&(*a)->made, &(*b)->made);
	bool x = (*a)->made.action == SIG_ACTION_FP, y = (*b)->made.action == SIG_ACTION_FP;
	if (order == 0 && x != y)
		return x ? -1 : 1;
	return order ? order : *a < *b ? -1 : *a > *b;
}

/* Of rows that match the same, one stays in use: one that is known not to be blocking, else the first. */
static int merge_rows(struct import *im, struct draft **sorted, struct err *e)
{
	size_t n = 0;
	for (size_t i = 0; i < im->count; i++)
		if (im->drafts[i].fate == DRAFT_IMPORTED)
			sorted[n++] = &im->drafts[i];
	qsort(sorted, n, sizeof(struct draft *), by_meaning);
	for (size_t i = 1, kept = 0; i < n; i++) {
		if (signature_compare(&sorted[kept]->made, &sorted[i]->made) != 0) {
			kept = i;
			continue;
		}
		size_t size = sizeof("merged with ") + strlen(sorted[kept]->made.id);
		char *why = arena_alloc(&im->arena, size);
		if (!why)
			return no_memory(e);
		struct text t = text_over(why, size);
		text_printf(&t, "merged with %s", sorted[kept]->made.id);
		sorted[i]->fate = DRAFT_MERGED;
		sorted[i]->why = why;
	}
	return 0;
}

static int judge_rows(struct import *im, struct draft **sorted, struct err *e)
{
	int code = make_ids(im, sorted) ? 0 : no_memory(e);
	for (size_t i = 0; i < im->count && code == 0; i++) {
		struct draft *d = &im->drafts[i];
		if (!d->refused) {
			code = draft_judge(im, d, DRAFT_QUARANTINED, e);
			continue;
		}
		d->fate = DRAFT_QUARANTINED;
		d->why = d->refused;
	}
	if (code == 0)
		code = merge_rows(im, sorted, e);
	for (size_t i = 0; i < im->count && code == 0; i++)
		if (im->drafts[i].fate != DRAFT_IMPORTED)
			code = draft_judge(im, &im->drafts[i], DRAFT_LEFT_OUT, e);
	return code;
}

int import_finish(struct import *im, struct import_sums *sums, struct err *e)
{
	*sums = (struct import_sums){.read = im->count};
	struct draft **sorted = malloc((im->count + 1) * sizeof(struct draft *));
	int code = sorted ? judge_rows(im, sorted, e) : no_memory(e);
	free(sorted);
	for (size_t i = 0; i < im->count && code == 0; i++) {
		enum draft_fate fate = im->drafts[i].fate;
		sums->imported += fate == DRAFT_IMPORTED;
		sums->merged += fate == DRAFT_MERGED;
		sums->quarantined += fate == DRAFT_QUARANTINED;
		sums->left_out += fate == DRAFT_LEFT_OUT;
	}
	return code;
}

bool import_write(const struct import *im, FILE *out)
{
	struct span header[COL_COUNT];
	for (int i = 0; i < COL_COUNT; i++)
		header[i] = span_text(column_names[i]);
	bool fine = csvline_write(out, header, COL_COUNT, "\n");
	for (size_t i = 0; i < im->count && fine; i++)
		if (im->drafts[i].fate != DRAFT_LEFT_OUT)
			fine = csvline_write(out, im->drafts[i].written, COL_COUNT, "\n");
	return fine;
}

bool import_remark(const struct import *im, size_t i, struct text *line)
{
	static const char *const words[] = {
	    [DRAFT_MERGED] = "off, ", [DRAFT_QUARANTINED] = "off, ", [DRAFT_LEFT_OUT] = "left out, "};
	const struct draft *d = &im->drafts[i];
	if (d->fate == DRAFT_IMPORTED)
		return false;
	text_escape(line, span_text(d->file), TEXT_FILE_NAME);
	text_printf(line, ":%u: ", d->line);
	text_escape(line, d->field[COL_ID], TEXT_FIELD);
	text_printf(line, ": %s%s", words[d->fate], d->why);
	return true;
}
