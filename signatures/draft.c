/* See draft.h. */
#include "signatures/draft.h"

#include "signatures/country.h"
#include "signatures/lint.h"

void draft_set(struct draft *out, enum column column, const char *text)
{
	out->field[column] = span_text(text);
}

int draft_take(struct draft *out, enum column column, const struct published *row, const char *name,
               struct arena *arena, struct err *e)
{
	struct span value = published_field(row, name);
	out->field[column] = arena_copy(arena, value);
	return out->field[column].len == value.len ? 0 : err_set(e, ERR_NOMEM, "no memory for the import");
}

void draft_set_answer(struct draft *out)
{
	struct address_prefix address;
	bool is_address = address_read(out->field[COL_PATTERN], false, &address) != ADDRESS_UNREADABLE;
	draft_set(out, COL_KIND, "dns");
	draft_set(out, COL_LOCATION, is_address ? "answer" : "cname");
	draft_set(out, COL_MATCH, is_address ? "eq" : "full");
}

void draft_set_confidence(struct draft *out, struct span number)
{
	static const char *const numbers[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"};
	draft_set(out, COL_CONFIDENCE, "0");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (!span_equal(number, span_text(numbers[i])))
			continue;
		draft_set(out, COL_CONFIDENCE, numbers[i]);
		return;
	}
	out->refused = "the confidence is no number from 0 to 10";
}

void draft_set_match(struct draft *out, struct span word)
{
	static const enum sig_match ways[] = {SIG_FULL, SIG_PREFIX, SIG_CONTAINS, SIG_REGEXP};
	draft_set(out, COL_MATCH, "contains");
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (!span_equal(word, span_text(sig_match_names[ways[i]])))
			continue;
		draft_set(out, COL_MATCH, sig_match_names[ways[i]]);
		return;
	}
	out->refused = "the way of matching is none that is known";
}

int draft_set_header(struct draft *out, struct span name, struct arena *arena, struct err *e)
{
	size_t at = strlen("header.");
	uint8_t *location = arena_alloc(arena, at + name.len + 1);
	if (!location)
		return err_set(e, ERR_NOMEM, "no memory for the import");
	memcpy(location, "header.", at);
	for (size_t i = 0; i < name.len; i++)
		location[at + i] =
		    name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? (uint8_t)(name.ptr[i] | 0x20) : name.ptr[i];
	out->field[COL_LOCATION] = span_of(location, at + name.len);
	if (lint_header_name(name))
		return 0;
	draft_set(out, COL_LOCATION, "body");
	out->refused = "not the name of a header";
	return 0;
}

int draft_set_countries(struct draft *out, struct span list, struct arena *arena, struct err *e)
{
	uint8_t *codes = arena_alloc(arena, list.len + 1);
	size_t len = 0;
	if (!codes)
		return err_set(e, ERR_NOMEM, "no memory for the import");
	for (size_t at = 0; at < list.len;) {
		size_t end = at;
		while (end < list.len && list.ptr[end] != '\n' && list.ptr[end] != ',')
			end++;
		struct span code = span_of(list.ptr + at, end - at);
		if (country_known(code)) {
			if (len)
				codes[len++] = ';';
			memcpy(codes + len, code.ptr, 2);
			len += 2;
		}
		at = end + 1;
	}
	out->field[COL_COUNTRY] = span_of(codes, len);
	return 0;
}

void draft_set_scope(struct draft *d, struct span theirs, const struct scope_word *words)
{
	while (words->theirs && !span_equal(theirs, span_text(words->theirs)))
		words++;
	draft_set(d, COL_SCOPE, words->theirs ? words->scope : "unclear");
	draft_set(d, COL_ACTION, words->theirs ? words->action : "hint");
	if (!words->theirs)
		d->refused = "the scope is none that is known";
}
