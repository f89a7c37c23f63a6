/* weights.csv read with libcsv, line by line so that an error can name its line; and the addition of terms. */
#include "analyzer/evidence/weight.h"

#include <csv.h>
#include <errno.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>

#include "analyzer/base/arena.h"

enum {
	FIELDS = 6,
	ROWS_MAX = 1024,
	TEXT_MAX_BYTES = 32,    /* of an id or a group */
	WEIGHT_MAX = 60,        /* of one row, either sign */
	WORDS_MAX_BYTES = 1024, /* of description, basis, source */
};

static const char *const header[FIELDS] = {"id", "group", "decibans", "description", "basis", "source"};

struct weights {
	struct arena arena;
	struct weight_row rows[ROWS_MAX];
	size_t count;
	int32_t floors[LABEL_COUNT]; /* least score of each word */
	int32_t score_most;          /* of a finding */
	int32_t group_rest;          /* what all other positive terms of a group may add to the largest */
	uint8_t sha256[SHA256_DIGEST_SIZE];
};

struct reader {
	struct weights *w;
	const char *path;
	struct err *e;
	size_t line, field;
	bool header_seen;
	char id[TEXT_MAX_BYTES + 1], group[TEXT_MAX_BYTES + 1], db[8];
	const char *words[FIELDS]; /* description, basis, source, at their column */
	int code;                  /* of the first error, or 0 */
};

static void fail(struct reader *r, const char *what)
{
	if (r->code == 0)
		r->code = err_set(r->e, ERR_FORMAT, "%s:%zu: %s", r->path, r->line, what);
}

static void keep_field(struct reader *r, char *out, size_t size, struct span s, const char *what)
{
	if (s.len == 0 || s.len >= size || memchr(s.ptr, 0, s.len)) {
		fail(r, what);
		return;
	}
	memcpy(out, s.ptr, s.len);
	out[s.len] = 0;
}

static void on_field(void *bytes, size_t len, void *context)
{
	struct reader *r = context;
	struct span s = span_of(bytes, len);
	size_t at = r->field++;
	if (at >= FIELDS)
		fail(r, "too many columns");
	else if (!r->header_seen && !span_equal(s, span_text(header[at])))
		fail(r, "the header is not id,group,decibans,description,basis,source");
	else if (r->header_seen && at == 0)
		keep_field(r, r->id, sizeof r->id, s, "the id is empty or too long");
	else if (r->header_seen && at == 1)
		keep_field(r, r->group, sizeof r->group, s, "the group is empty or too long");
	else if (r->header_seen && at == 2)
		keep_field(r, r->db, sizeof r->db, s, "decibans are not a number");
	else if (r->header_seen && s.len > WORDS_MAX_BYTES)
		fail(r, "a field is longer than 1024 bytes");
	else if (r->header_seen && !(r->words[at] = arena_string(&r->w->arena, s)))
		r->code = err_set(r->e, ERR_NOMEM, "%s: no memory", r->path);
}

static bool parse_db(const char *text, int16_t *out)
{
	struct span digits = span_text(text);
	bool negative = digits.ptr[0] == '-';
	if (negative || digits.ptr[0] == '+')
		digits = span_after(digits, 1);
	uint64_t value;
	if (!span_decimal(digits, &value) || value > WEIGHT_MAX)
		return false;
	*out = (int16_t)(negative ? -(int16_t)value : (int16_t)value);
	return true;
}

const struct weight_row *weights_find(const struct weights *w, const char *id)
{
	for (size_t i = 0; i < w->count; i++)
		if (strcmp(w->rows[i].id, id) == 0)
			return &w->rows[i];
	return NULL;
}

static void add_row(struct reader *r)
{
	struct weights *w = r->w;
	int16_t db = 0;
	if (!parse_db(r->db, &db))
		fail(r, "decibans are not a number from -60 to 60");
	else if (weights_find(w, r->id))
		fail(r, "the id is there already");
	else if (w->count == ROWS_MAX)
		fail(r, "too many rows");
	if (r->code)
		return;
	struct weight_row row = {.id = arena_string(&w->arena, span_text(r->id)),
	                         .group = arena_string(&w->arena, span_text(r->group)),
	                         .db = db,
	                         .description = r->words[3],
	                         .basis = r->words[4],
	                         .source = r->words[5]};
	if (!row.id || !row.group)
		r->code = err_set(r->e, ERR_NOMEM, "%s: no memory", r->path);
	else
		w->rows[w->count++] = row;
}

static void on_row(int end, void *context)
{
	(void)end;
	struct reader *r = context;
	if (r->field != FIELDS)
		fail(r, "a row has six columns");
	else if (r->header_seen && r->code == 0)
		add_row(r);
	r->header_seen = true;
	r->field = 0;
}

/* What is no term: words and caps. */
static void read_scale(struct reader *r)
{
	static const char *const limits[] = {"score_most", "group_rest"};
	struct weights *w = r->w;
	int32_t *const caps[] = {&w->score_most, &w->group_rest};
	for (enum label l = LABEL_WEAK; l < LABEL_COUNT && r->code == 0; l++) {
		char id[TEXT_MAX_BYTES + 1];
		struct text t = text_over(id, sizeof id);
		text_printf(&t, "label_%s", label_name(l));
		const struct weight_row *row = weights_find(w, id);
		if (!row || strcmp(row->group, "label") != 0 || row->db <= w->floors[l - 1])
			r->code = err_set(r->e, ERR_FORMAT,
			                  "%s: add a row %s of group label, with more decibans than the word below it",
			                  r->path, id);
		else
			w->floors[l] = row->db;
	}
	for (size_t i = 0; i < sizeof limits / sizeof *limits && r->code == 0; i++) {
		const struct weight_row *row = weights_find(w, limits[i]);
		if (!row || strcmp(row->group, "limit") != 0 || row->db < 0)
			r->code = err_set(r->e, ERR_FORMAT, "%s: add a row %s of group limit", r->path, limits[i]);
		else
			*caps[i] = row->db;
	}
}

static void read_lines(struct reader *r, FILE *file, struct csv_parser *csv)
{
	struct sha256_ctx sha;
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	sha256_init(&sha);
	while (r->code == 0 && (len = getline(&line, &room, file)) >= 0) {
		r->line++;
		sha256_update(&sha, (size_t)len, (const uint8_t *)line);
		if (csv_parse(csv, line, (size_t)len, on_field, on_row, r) != (size_t)len)
			fail(r, "not CSV");
	}
	free(line);
	if (r->code == 0 && ferror(file))
		r->code = err_set(r->e, ERR_IO, "%s: %s", r->path, strerror(errno));
	if (r->code == 0 && csv_fini(csv, on_field, on_row, r) != 0)
		fail(r, "not CSV");
	if (r->code == 0 && r->w->count == 0)
		fail(r, "no weights");
	read_scale(r);
	sha256_digest(&sha, sizeof r->w->sha256, r->w->sha256);
}

int weights_load(struct weights **w, const char *path, struct err *e)
{
	*w = NULL;
	struct csv_parser csv;
	struct reader r = {.path = path, .e = e, .w = calloc(1, sizeof *r.w)};
	if (!r.w || csv_init(&csv, CSV_STRICT | CSV_STRICT_FINI) != 0) {
		free(r.w);
		return err_set(e, ERR_NOMEM, "%s: no memory", path);
	}
	FILE *file = fopen(path, "re");
	if (file) {
		read_lines(&r, file, &csv);
		fclose(file);
	} else {
		r.code = err_set(e, ERR_IO, "%s: %s", path, strerror(errno));
	}
	csv_free(&csv);
	if (r.code == 0)
		*w = r.w;
	else
		weights_free(r.w);
	return r.code;
}

void weights_free(struct weights *w)
{
	if (!w)
		return;
	arena_free(&w->arena);
	free(w);
}

const uint8_t *weights_sha256(const struct weights *w)
{
	return w->sha256;
}

size_t weights_rows(const struct weights *w)
{
	return w->count;
}

void finding_term(struct finding *f, const struct weights *w, const char *id, bool half)
{
	const struct weight_row *row = weights_find(w, id);
	if (!row)
		return;
	int16_t db = (int16_t)(half ? row->db / 2 : row->db);
	for (size_t i = 0; i < f->term_count; i++) {
		struct term *t = &f->terms[i];
		if (strcmp(t->id, id) == 0) {
			t->db = abs(db) > abs(t->db) ? db : t->db;
			return;
		}
	}
	if (f->term_count < FINDING_TERMS_MAX)
		f->terms[f->term_count++] = (struct term){.id = row->id, .group = row->group, .db = db};
}

static bool same_group(const struct term *a, const struct term *b)
{
	return strcmp(a->group, b->group) == 0;
}

/* The positive part of the group that terms[first] opens; 0 when an earlier term opened it. */
static int32_t group_score(const struct finding *f, const struct weights *w, size_t first)
{
	const struct term *lead = &f->terms[first];
	int32_t largest = 0, sum = 0;
	for (size_t i = 0; i < f->term_count; i++) {
		const struct term *t = &f->terms[i];
		if (t->db <= 0 || !same_group(t, lead))
			continue;
		if (i < first)
			return 0;
		sum += t->db;
		largest = t->db > largest ? t->db : largest;
	}
	int32_t rest = sum - largest;
	return largest + (rest < w->group_rest ? rest : w->group_rest);
}

static enum label score_label(const struct weights *w, int32_t score)
{
	enum label label = LABEL_NONE;
	while (label < LABEL_VERY_STRONG && score >= w->floors[label + 1])
		label++;
	return label;
}

static bool has_term(const struct finding *f, const char *id)
{
	for (size_t i = 0; i < f->term_count; i++)
		if (f->terms[i].db > 0 && strcmp(f->terms[i].id, id) == 0)
			return true;
	return false;
}

static enum label label_capped(enum label label, enum label cap)
{
	return label < cap ? label : cap;
}

static enum label weigh_label(const struct finding *f, const struct weights *w, size_t groups)
{
	if (f->kind == KIND_INFORMATIONAL || f->score_db <= 0)
		return LABEL_NONE;
	enum label label = score_label(w, f->score_db);
	if (groups < 2 && !has_term(f, "E12") && !has_term(f, "E14"))
		label = label_capped(label, LABEL_MODERATELY_STRONG);
	if (groups < 2 && f->kind == KIND_SYMPTOM)
		label = label_capped(label, LABEL_WEAK);
	if (label < f->least)
		label = f->least;
	if (f->guards_failed)
		label = label_capped(label, LABEL_MODERATE);
	if (f->guards_untested && f->kind != KIND_CONTRADICTION)
		label = label_capped(label, LABEL_MODERATELY_STRONG);
	return label;
}

void finding_weigh(struct finding *f, const struct weights *w)
{
	int32_t score = 0;
	size_t groups = 0;
	for (size_t i = 0; i < f->term_count; i++) {
		int32_t group = f->terms[i].db > 0 ? group_score(f, w, i) : 0;
		groups += group > 0;
		score += group + (f->terms[i].db < 0 ? f->terms[i].db : 0);
	}
	f->score_db = score < w->score_most ? score : w->score_most;
	f->label = weigh_label(f, w, groups);
}
