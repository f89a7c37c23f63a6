/* See ooni.h. https://github.com/ooni/blocking-fingerprints describes the columns. */
#include "signatures/ooni.h"

#include "signatures/pattern.h"

#include <stdio.h>

const char *const ooni_names[OONI_FIELDS] = {
    [OONI_NAME] = "name",
    [OONI_SCOPE] = "scope",
    [OONI_OTHER_NAMES] = "other_names",
    [OONI_LOCATION_FOUND] = "location_found",
    [OONI_PATTERN_TYPE] = "pattern_type",
    [OONI_PATTERN] = "pattern",
    [OONI_CONFIDENCE_NO_FP] = "confidence_no_fp",
    [OONI_EXPECTED_COUNTRIES] = "expected_countries",
    [OONI_SOURCE] = "source",
    [OONI_EXP_URL] = "exp_url",
    [OONI_NOTES] = "notes",
};

/* NULL: they have none. */
static const char *scope_word(const struct signature *s)
{
	static const char *const words[SIG_SCOPE_COUNT] = {
	    [SIG_NATIONAL] = "nat",     [SIG_ISP] = "isp",     [SIG_PRODUCT] = "prod",
	    [SIG_INSTITUTION] = "inst", [SIG_UNCLEAR] = "vbw", [SIG_BENIGN] = "fp"};
	if (s->action == SIG_ACTION_FP)
		return "fp";
	return s->action == SIG_ACTION_HINT ? "vbw" : words[s->scope];
}

/* NULL: they have none. */
static const char *type_word(const struct signature *s)
{
	if (s->match == SIG_EQ || s->match == SIG_FULL)
		return "full";
	return s->kind == SIG_HTTP && s->match != SIG_CIDR ? sig_match_names[s->match] : NULL;
}

/* A copy of the text with another sign between the items of a list. */
static struct span relist(struct arena *arena, const char *list, char from, char to)
{
	char *copy = arena_string(arena, span_text(list));
	for (char *c = copy; c && *c; c++)
		if (*c == from)
			*c = to;
	return copy ? span_text(copy) : span_of(NULL, 0);
}

/* The notes of the publisher. */
static struct span without_mark(const struct signature *s)
{
	const char *notes = s->notes, *mark = NULL;
	const char *at = s->action == SIG_ACTION_OFF ? strstr(notes, IMPORT_OFF_MARK) : NULL;
	for (; at; at = strstr(at + 1, IMPORT_OFF_MARK))
		mark = at;
	size_t len = mark ? (size_t)(mark - notes) : strlen(notes);
	return span_of(notes, mark && len && notes[len - 1] == ' ' ? len - 1 : len);
}

static struct span location_text(const struct signature *s, struct arena *arena)
{
	size_t size = sizeof("header.") + (s->header ? strlen(s->header) : 0);
	char *buffer = arena_alloc(arena, size + sizeof("status_line"));
	if (!buffer)
		return span_of(NULL, 0);
	struct text t = text_over(buffer, size + sizeof("status_line"));
	sig_location_add(&t, s);
	return span_of(t.ptr, t.len);
}

/* Everything that follows from the fields of ours other than origin. NULL: memory is out. */
static const char *fields_write(const struct signature *s, struct arena *arena, struct span out[OONI_FIELDS])
{
	static const char *const numbers[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"};
	const char *scope = scope_word(s), *type = type_word(s), *missing = "";
	if (!scope || (s->scope == SIG_INJECTED && s->action != SIG_ACTION_OFF))
		missing = "scope";
	if (!type)
		missing = "match";
	if (s->location != SIG_BODY && s->location != SIG_HEADER && s->kind != SIG_DNS)
		missing = "location";
	out[OONI_NAME] = span_text(s->id);
	out[OONI_SCOPE] = span_text(scope ? scope : "");
	out[OONI_OTHER_NAMES] = relist(arena, s->aliases, ';', ',');
	out[OONI_LOCATION_FOUND] = s->kind == SIG_DNS ? span_text("dns") : location_text(s, arena);
	out[OONI_PATTERN_TYPE] = span_text(type ? type : "");
	out[OONI_PATTERN] = s->pattern;
	out[OONI_CONFIDENCE_NO_FP] = span_text(numbers[s->confidence <= 10 ? s->confidence : 10]);
	out[OONI_EXPECTED_COUNTRIES] = relist(arena, s->country, ';', ',');
	out[OONI_SOURCE] = span_text(strcmp(s->source, OONI_SOURCE_TEXT) == 0 ? "" : s->source);
	out[OONI_EXP_URL] = span_text(strcmp(s->url, OONI_URL) == 0 ? "" : s->url);
	out[OONI_NOTES] = without_mark(s);
	bool memory = out[OONI_OTHER_NAMES].ptr && out[OONI_LOCATION_FOUND].ptr && out[OONI_EXPECTED_COUNTRIES].ptr;
	return memory ? missing : NULL;
}

/* "scope=injb": sets the field. False: no such field, or a bad escape. */
static bool override(struct arena *arena, struct span item, struct span out[OONI_FIELDS])
{
	size_t name_len = span_find(item, span_text("="));
	for (int i = 0; name_len != SIZE_MAX && i < OONI_FIELDS; i++)
		if (span_equal(span_first(item, name_len), span_text(ooni_names[i])))
			return pattern_unescape(arena, span_after(item, name_len + 1), &out[i]);
	return false;
}

static bool from_ooni(const struct signature *s)
{
	size_t len = strlen(OONI_SET);
	return strncmp(s->origin, OONI_SET, len) == 0 && (s->origin[len] == '\0' || s->origin[len] == ';');
}

static bool origin_read(const struct signature *s, struct arena *arena, struct span out[OONI_FIELDS])
{
	struct span rest = span_after(span_text(s->origin), strlen(OONI_SET) + 1);
	if (!pattern_unescape(arena, span_text(s->origin_id), &out[OONI_NAME]))
		return false;
	while (rest.len) {
		size_t len = span_find(rest, span_text(";"));
		if (!override(arena, span_first(rest, len), out))
			return false;
		rest = len == SIZE_MAX ? span_of(NULL, 0) : span_after(rest, len + 1);
	}
	return true;
}

int ooni_write(const struct signature *s, struct arena *arena, struct span out[OONI_FIELDS], enum ooni_outcome *outcome,
               const char **why, struct err *e)
{
	*why = fields_write(s, arena, out);
	*outcome = OONI_WRITTEN;
	if (!*why)
		return err_set(e, ERR_NOMEM, "no memory for the signatures");
	if (from_ooni(s)) {
		bool fine = origin_read(s, arena, out);
		*outcome = fine ? OONI_WRITTEN : OONI_BROKEN;
		*why = fine ? "" : "origin";
		return 0;
	}
	if (s->action == SIG_ACTION_OFF)
		*why = "action";
	*outcome = **why ? OONI_NO_WORD : OONI_WRITTEN;
	return 0;
}

int ooni_origin(const struct signature *s, const struct span original[OONI_FIELDS], struct arena *arena,
                struct span *origin, struct err *e)
{
	struct span ours[OONI_FIELDS], written[OONI_FIELDS];
	size_t size = sizeof(OONI_SET);
	bool memory =
	    fields_write(s, arena, ours) != NULL && pattern_unescape(arena, span_text(s->origin_id), &ours[OONI_NAME]);
	for (int i = 0; memory && i < OONI_FIELDS; i++) {
		written[i] = span_of(NULL, 0);
		if (span_equal(ours[i], original[i]))
			continue;
		memory = pattern_escape(arena, original[i], ";", &written[i]);
		size += written[i].len + strlen(ooni_names[i]) + 2;
	}
	uint8_t *out = memory ? arena_alloc(arena, size) : NULL;
	if (!out)
		return err_set(e, ERR_NOMEM, "no memory for the signatures");
	struct text t = text_over((char *)out, size);
	text_add(&t, span_text(OONI_SET));
	for (int i = 0; i < OONI_FIELDS; i++) {
		if (span_equal(ours[i], original[i]))
			continue;
		text_printf(&t, ";%s=", ooni_names[i]);
		text_add(&t, written[i]);
	}
	*origin = span_of(t.ptr, t.len);
	return 0;
}
