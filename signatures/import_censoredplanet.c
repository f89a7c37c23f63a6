/*
 * Censored Planet's signatures (https://github.com/censoredplanet/censoredplanet-analysis): blockpage_signatures.json and
 * false_positive_signatures.json, an object a line with `fingerprint` and `pattern`. Their patterns are regular expressions
 * of Python, searched for in the whole response; nearly all are escaped literals, and become literals here.
 */
#include "signatures/country.h"
#include "signatures/draft.h"

#define SET_URL "https://github.com/censoredplanet/censoredplanet-analysis"

/* What the first two words of a fingerprint's name say. Those of false positives begin otherwise. */
struct family {
	const char *prefix, *scope, *action;
	bool countries; /* the next word, when it has two letters, is mostly a country */
};

static const struct family families[] = {
    {"a_prod_", "product", "hit", false},    {"b_nat_", "national", "hit", true},
    {"c_isp_", "isp", "hit", true},          {"c_", "isp", "hit", false},
    {"d_corp_", "institution", "hit", true}, {"e_unk_", "unclear", "hint", true},
    {"f_gen_", "unclear", "hint", false},    {"", "benign", "fp", false},
};

static void set_family(struct draft *out, struct span name, uint8_t country[2])
{
	const struct family *family = families;
	while (!span_starts(name, span_text(family->prefix)))
		family++;
	draft_set(out, COL_SCOPE, family->scope);
	draft_set(out, COL_ACTION, family->action);
	struct span rest = span_after(name, strlen(family->prefix));
	if (!family->countries || rest.len < 2 || (rest.len > 2 && rest.ptr[2] != '_'))
		return;
	bool britain = span_starts(rest, span_text("uk"));
	country[0] = (uint8_t)(britain ? 'G' : rest.ptr[0] & ~0x20);
	country[1] = (uint8_t)(britain ? 'B' : rest.ptr[1] & ~0x20);
	if (country_known(span_of(country, 2)))
		out->field[COL_COUNTRY] = span_of(country, 2);
}

static bool is_alphanumeric(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* The text of an expression that is an escaped literal; false when it is more. */
static bool unescape_literal(struct arena *arena, struct span pattern, struct span *out)
{
	uint8_t *text = arena_alloc(arena, pattern.len + 1);
	size_t len = 0;
	for (size_t i = 0; text && i < pattern.len; i++) {
		uint8_t c = pattern.ptr[i];
		if (c == '\\' && (i + 1 == pattern.len || is_alphanumeric(pattern.ptr[i + 1])))
			return false;
		if (c != '\\' && c && strchr(".^$*+?()[]{}|", c))
			return false;
		text[len++] = c == '\\' ? pattern.ptr[++i] : c;
	}
	*out = span_of(text, len);
	return text != NULL;
}

/* "Server: x" is looked for in that header, everything else in the body. */
static void set_place(struct draft *out)
{
	static const struct {
		const char *start, *location;
	} headers[] = {{"Location: ", "header.location"},
	               {"Server: ", "header.server"},
	               {"Set-Cookie: ", "header.set-cookie"}};
	draft_set(out, COL_KIND, "http");
	draft_set(out, COL_LOCATION, "body");
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		if (!span_starts(out->field[COL_PATTERN], span_text(headers[i].start)))
			continue;
		bool literal = span_equal(out->field[COL_MATCH], span_text("contains"));
		out->field[COL_PATTERN] = span_after(out->field[COL_PATTERN], strlen(headers[i].start));
		draft_set(out, COL_LOCATION, headers[i].location);
		draft_set(out, COL_MATCH, literal ? "prefix" : "regexp");
		return;
	}
}

int draft_censoredplanet(const struct published *row, struct arena *arena, struct draft *out, struct err *e)
{
	struct span literal;
	if (!published_field(row, "fingerprint").ptr || !published_field(row, "pattern").ptr)
		return err_set(e, ERR_FORMAT,
		               "%s:%u: no fingerprint or no pattern: not a file of Censored Planet's signatures",
		               row->file, row->line);
	uint8_t *country = arena_alloc(arena, 2);
	if (!country)
		return err_set(e, ERR_NOMEM, "no memory for the import");
	if (draft_take(out, COL_ORIGIN_ID, row, "fingerprint", arena, e) < 0 ||
	    draft_take(out, COL_PATTERN, row, "pattern", arena, e) < 0)
		return e->code;
	draft_set(out, COL_MATCH, "regexp");
	if (unescape_literal(arena, out->field[COL_PATTERN], &literal)) {
		out->field[COL_PATTERN] = literal;
		draft_set(out, COL_MATCH, "contains");
	}
	set_place(out);
	set_family(out, out->field[COL_ORIGIN_ID], country);
	draft_set(out, COL_CONFIDENCE, "5");
	draft_set(out, COL_SOURCE, "Censored Planet");
	draft_set(out, COL_URL, SET_URL);
	return 0;
}
