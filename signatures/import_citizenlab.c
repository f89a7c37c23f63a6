/*
 * Citizen Lab's filtering annotations (https://github.com/citizenlab/filtering-annotations): dns and http, as CSV, where lists
 * are written as Python does, or as JSON. A pattern of theirs is a text that occurs in the body, or anywhere in the head.
 */
#include "signatures/draft.h"

#define SET_URL "https://github.com/citizenlab/filtering-annotations"

/* A list as Python writes one, ['a', "b"], with LF between the items, as published.h gives those of JSON; false when it is
 * no such list. Only the escapes \\ \' \" are known. */
static bool read_list(struct arena *arena, struct span text, struct span *out)
{
	uint8_t *items = arena_alloc(arena, text.len + 1);
	size_t len = 0, at = 1;
	uint8_t quote = 0;
	bool closed = false, first = true;
	if (!items || text.len < 2 || text.ptr[0] != '[' || text.ptr[text.len - 1] != ']')
		return false;
	for (; at < text.len - 1; at++) {
		uint8_t c = text.ptr[at];
		if (quote && c == '\\' && at + 1 < text.len - 1 && strchr("\\'\"", text.ptr[at + 1]) &&
		    text.ptr[at + 1]) {
			items[len++] = text.ptr[++at];
		} else if (quote && c == quote) {
			quote = 0;
			closed = true;
		} else if (quote && c != '\\') {
			items[len++] = c;
		} else if (!quote && (c == '\'' || c == '"') && !closed) {
			quote = c;
			if (!first)
				items[len++] = '\n';
			first = false;
		} else if (!quote && c == ',' && closed) {
			closed = false;
		} else if (quote || c != ' ') {
			return false;
		}
	}
	*out = span_of(items, len);
	return !quote;
}

/* A field that is a list, of either file format. */
static bool list_field(const struct published *row, const char *name, struct arena *arena, struct span *out)
{
	struct span text = published_field(row, name);
	*out = text;
	return !(text.len && text.ptr[0] == '[') || read_list(arena, text, out);
}

/* `br` answers (1.2.3.4, loopback) and `vbw` pages have many reasons, `injb` is a notice of the provider that blocks
 * nothing, `prov` is refused by the service itself. */
static const struct scope_word scopes[] = {
    {"nat", "national", "hit"},     {"isp", "isp", "hit"},       {"prod", "product", "hit"},
    {"inst", "institution", "hit"}, {"vbw", "unclear", "hint"},  {"br", "unclear", "hint"},
    {"injb", "benign", "fp"},       {"prov", "unclear", "hint"}, {NULL, NULL, NULL},
};

/* Somewhere in the head: a whole header line is taken apart, what has no blank is taken for a part of where a redirect
 * leads, and the rest is in no header that could be told. What names no host is too common to stand alone. */
static void set_header(struct draft *out)
{
	static const struct {
		const char *start, *location;
	} lines[] = {{"Location: ", "header.location"}, {"Server: ", "header.server"}};
	struct span pattern = out->field[COL_PATTERN];
	draft_set(out, COL_LOCATION, "header.location");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (!span_starts(pattern, span_text(lines[i].start)))
			continue;
		draft_set(out, COL_LOCATION, lines[i].location);
		draft_set(out, COL_MATCH, "prefix");
		out->field[COL_PATTERN] = span_after(pattern, strlen(lines[i].start));
		return;
	}
	if (span_find(pattern, span_text(" ")) != SIZE_MAX)
		out->refused = "which header it is in is not said, and it is no address to be led to";
	bool hostless = pattern.len && strchr("/?:", pattern.ptr[0]) && !span_starts(pattern, span_text("//")) &&
	                !span_starts(pattern, span_text("://"));
	if (hostless && span_equal(out->field[COL_ACTION], span_text("hit")))
		draft_set(out, COL_ACTION, "hint");
}

static void set_place(struct draft *out, const struct published *row)
{
	struct span place = published_field(row, "location_found");
	if (!published_field(row, "pattern").ptr) {
		draft_set_answer(out);
		return;
	}
	draft_set(out, COL_KIND, "http");
	draft_set(out, COL_LOCATION, "body");
	draft_set(out, COL_MATCH, "contains");
	if (span_equal(place, span_text("header")))
		set_header(out);
	else if (!span_equal(place, span_text("body")))
		out->refused = "the location is none that is known";
}

static bool is_url(struct span s)
{
	return span_starts(s, span_text("http://")) || span_starts(s, span_text("https://"));
}

/* Their note, and the sources they name. */
static int set_notes(struct draft *out, const struct published *row, struct span sources, struct arena *arena,
                     struct err *e)
{
	struct span notes = published_field(row, "notes");
	size_t size = notes.len + sources.len + 16;
	char *text = arena_alloc(arena, size);
	if (!text)
		return err_set(e, ERR_NOMEM, "no memory for the import");
	struct text t = text_over(text, size);
	text_add(&t, notes);
	if (sources.len)
		text_printf(&t, "%ssources: ", notes.len ? "; " : "");
	size_t start = t.len;
	text_add(&t, sources);
	for (size_t i = start; i < t.len; i++)
		if (text[i] == '\n')
			text[i] = ' ';
	out->field[COL_NOTES] = span_of(t.ptr, t.len);
	return 0;
}

int draft_citizenlab(const struct published *row, struct arena *arena, struct draft *out, struct err *e)
{
	struct span countries, sources;
	const char *pattern = published_field(row, "pattern").ptr ? "pattern" : "response";
	if (!published_field(row, "name").ptr || !published_field(row, pattern).ptr ||
	    !published_field(row, "scope").ptr)
		return err_set(e, ERR_FORMAT,
		               "%s:%u: no name, scope, or pattern or response: not a file of Citizen Lab's annotations",
		               row->file, row->line);
	if (draft_take(out, COL_ORIGIN_ID, row, "name", arena, e) < 0 ||
	    draft_take(out, COL_PATTERN, row, pattern, arena, e) < 0 ||
	    draft_take(out, COL_URL, row, "exp_url", arena, e) < 0 ||
	    draft_take(out, COL_VENDOR, row, "common_name", arena, e) < 0)
		return e->code;
	bool lists = list_field(row, "expected_countries", arena, &countries);
	lists = list_field(row, "source", arena, &sources) && lists;
	draft_set_scope(out, published_field(row, "scope"), scopes);
	set_place(out, row);
	draft_set_confidence(out, published_field(row, "confidence_no_fp"));
	if (!lists)
		out->refused = "a list that cannot be read";
	draft_set(out, COL_SOURCE, "Citizen Lab filtering-annotations");
	if (!is_url(out->field[COL_URL]))
		draft_set(out, COL_URL, SET_URL);
	if (set_notes(out, row, sources, arena, e) < 0)
		return e->code;
	return draft_set_countries(out, countries, arena, e);
}
