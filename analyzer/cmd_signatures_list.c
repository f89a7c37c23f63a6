/* wallprint signatures list: the rows as a table, escaped and quoted like every table of ours. */
#include "analyzer/cmd_signatures.h"

#include <csv.h>
#include <stdio.h>

enum { LIST_COLUMNS = 14 };

static bool has_country(const struct signature *s, const char *country)
{
	size_t len = strlen(country);
	for (const char *at = s->country; *at; at += 2 + (at[2] == ';'))
		if (len == 2 && strncmp(at, country, 2) == 0)
			return true;
	return false;
}

static bool is_listed(const struct signature *s, const struct signature_args *args)
{
	return (!args->kind || strcmp(args->kind, sig_kind_names[s->kind]) == 0) &&
	       (!args->scope || strcmp(args->scope, sig_scope_names[s->scope]) == 0) &&
	       (!args->country || has_country(s, args->country));
}

static bool write_line(const struct span fields[LIST_COLUMNS])
{
	for (size_t i = 0; i < LIST_COLUMNS; i++) {
		if (i)
			putchar(',');
		csv_fwrite(stdout, fields[i].ptr, fields[i].len);
	}
	putchar('\n');
	return !ferror(stdout);
}

static bool list_header(void)
{
	static const char *const names[LIST_COLUMNS] = {"id",     "kind",   "location", "match",  "pattern",
	                                                "except", "scope",  "country",  "vendor", "confidence",
	                                                "action", "source", "url",      "notes"};
	struct span fields[LIST_COLUMNS];
	for (size_t i = 0; i < LIST_COLUMNS; i++)
		fields[i] = span_text(names[i]);
	return write_line(fields);
}

static bool list_row(const struct signature *s)
{
	char location[TEXT_OUTSIDE_MAX], confidence[8];
	struct text where = text_over(location, sizeof location), number = text_over(confidence, sizeof confidence);
	sig_location_add(&where, s);
	text_printf(&number, "%u", s->confidence);
	const struct span values[LIST_COLUMNS] = {
	    span_text(s->id),
	    span_text(sig_kind_names[s->kind]),
	    span_of(location, where.len),
	    span_text(sig_match_names[s->match]),
	    s->pattern,
	    span_text(s->except),
	    span_text(sig_scope_names[s->scope]),
	    span_text(s->country),
	    span_text(s->vendor),
	    span_of(confidence, number.len),
	    span_text(sig_action_names[s->action]),
	    span_text(s->source),
	    span_text(s->url),
	    span_text(s->notes),
	};
	char shown[LIST_COLUMNS][4 * TEXT_OUTSIDE_MAX + 4];
	struct span fields[LIST_COLUMNS];
	for (size_t i = 0; i < LIST_COLUMNS; i++) {
		struct text t = text_over(shown[i], sizeof shown[i]);
		text_escape(&t, values[i], TEXT_FIELD);
		fields[i] = span_of(t.ptr, t.len);
	}
	return write_line(fields);
}

int signatures_list(const struct signature_args *args)
{
	struct err e = {0};
	struct sigdb *db = NULL;
	if (signatures_load(&db, args, &e) < 0) {
		sigdb_free(db);
		return signatures_complain(&e);
	}
	bool fine = list_header();
	for (size_t i = 0; i < sigdb_count(db) && fine; i++)
		if (is_listed(sigdb_at(db, i), args))
			fine = list_row(sigdb_at(db, i));
	sigdb_free(db);
	return EXIT_DONE;
}
