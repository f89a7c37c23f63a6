/* See export.h. Their files have CR LF at the ends of lines and quotes only where they are needed. */
#include "signatures/export.h"

#include "signatures/csvline.h"
#include "signatures/ooni.h"
#include "signatures/row.h"

static int write_row(const struct sigdb *db, const struct signature *s, struct arena *arena, FILE *out,
                     struct export_sums *sums, struct err *e)
{
	struct span fields[OONI_FIELDS];
	enum ooni_outcome outcome;
	const char *why;
	int code = ooni_write(s, arena, fields, &outcome, &why, e);
	if (code < 0)
		return code;
	if (outcome == OONI_BROKEN)
		return err_set(e, ERR_FORMAT, "%s:%u: %s: cannot be read; import the set again", sigdb_path(db, s),
		               s->line, why);
	sums->off += outcome == OONI_NO_WORD && s->action == SIG_ACTION_OFF;
	sums->no_word += outcome == OONI_NO_WORD && s->action != SIG_ACTION_OFF;
	if (outcome == OONI_NO_WORD)
		return 0;
	sums->written++;
	return csvline_write(out, fields, OONI_FIELDS, "\r\n") ? 0 : err_set(e, ERR_IO, "the output takes no more");
}

int export_ooni(const struct sigdb *db, enum sig_kind kind, FILE *out, struct export_sums *sums, struct err *e)
{
	struct arena arena = {0};
	struct span header[OONI_FIELDS];
	for (int i = 0; i < OONI_FIELDS; i++)
		header[i] = span_text(ooni_names[i]);
	*sums = (struct export_sums){0};
	int code = csvline_write(out, header, OONI_FIELDS, "\r\n") ? 0 : err_set(e, ERR_IO, "the output takes no more");
	for (size_t i = 0; i < sigdb_count(db) && code == 0; i++) {
		const struct signature *s = sigdb_at(db, i);
		if (kind == SIG_KIND_COUNT || s->kind == kind)
			code = write_row(db, s, &arena, out, sums, e);
		arena_reset(&arena);
	}
	arena_free(&arena);
	return code;
}
