/* OONI's blocking fingerprints (https://github.com/ooni/blocking-fingerprints): fingerprints_dns.csv, fingerprints_http.csv. */
#include "signatures/draft.h"

/* Their scopes: `fp` is known not to be blocking, `injb` an injection that blocks nothing (a notice to update the router),
 * `vbw` and `prov` say no more than that something was refused. */
static const struct scope_word scopes[] = {
    {"nat", "national", "hit"},     {"isp", "isp", "hit"},       {"prod", "product", "hit"},
    {"inst", "institution", "hit"}, {"vbw", "unclear", "hint"},  {"fp", "benign", "fp"},
    {"injb", "benign", "fp"},       {"prov", "unclear", "hint"}, {NULL, NULL, NULL},
};

static int set_place(struct draft *out, const struct span field[OONI_FIELDS], struct arena *arena, struct err *e)
{
	struct span place = field[OONI_LOCATION_FOUND];
	if (span_equal(place, span_text("dns"))) {
		draft_set_answer(out);
		if (!span_equal(field[OONI_PATTERN_TYPE], span_text("full")))
			out->refused = "a pattern_type other than full for dns";
		return 0;
	}
	draft_set(out, COL_KIND, "http");
	draft_set_match(out, field[OONI_PATTERN_TYPE]);
	draft_set(out, COL_LOCATION, "body");
	if (span_starts(place, span_text("header.")))
		return draft_set_header(out, span_after(place, strlen("header.")), arena, e);
	if (!span_equal(place, span_text("body")))
		out->refused = "the location is none that is known";
	return 0;
}

static struct span commas_to_semicolons(struct arena *arena, struct span list)
{
	uint8_t *copy = arena_alloc(arena, list.len + 1);
	for (size_t i = 0; copy && i < list.len; i++)
		copy[i] = list.ptr[i] == ',' ? ';' : list.ptr[i];
	return copy ? span_of(copy, list.len) : span_of(NULL, 0);
}

int draft_ooni(const struct published *row, struct arena *arena, struct draft *out, struct err *e)
{
	struct span *field = arena_alloc(arena, OONI_FIELDS * sizeof(*field));
	if (!field)
		return err_set(e, ERR_NOMEM, "no memory for the import");
	for (int i = 0; i < OONI_FIELDS; i++) {
		bool named = row->count == OONI_FIELDS && span_equal(row->name[i], span_text(ooni_names[i]));
		struct span value = named ? row->value[i] : span_of(NULL, 0);
		if (!named)
			return err_set(e, ERR_FORMAT,
			               "%s:1: not a file of OONI's fingerprints: column %d must be %s, of 11",
			               row->file, i + 1, ooni_names[i]);
		field[i] = arena_copy(arena, value);
		if (field[i].len != value.len)
			return err_set(e, ERR_NOMEM, "no memory for the import");
	}
	out->ooni = field;
	out->field[COL_ORIGIN_ID] = field[OONI_NAME];
	out->field[COL_PATTERN] = field[OONI_PATTERN];
	draft_set_confidence(out, field[OONI_CONFIDENCE_NO_FP]);
	out->field[COL_NOTES] = field[OONI_NOTES];
	out->field[COL_ALIASES] = commas_to_semicolons(arena, field[OONI_OTHER_NAMES]);
	out->field[COL_SOURCE] = field[OONI_SOURCE];
	out->field[COL_URL] = field[OONI_EXP_URL];
	if (span_trim(field[OONI_SOURCE]).len == 0)
		draft_set(out, COL_SOURCE, OONI_SOURCE_TEXT);
	if (!span_starts(field[OONI_EXP_URL], span_text("http://")) &&
	    !span_starts(field[OONI_EXP_URL], span_text("https://")))
		draft_set(out, COL_URL, OONI_URL);
	draft_set_scope(out, field[OONI_SCOPE], scopes);
	if (set_place(out, field, arena, e) < 0)
		return e->code;
	return draft_set_countries(out, field[OONI_EXPECTED_COUNTRIES], arena, e);
}
