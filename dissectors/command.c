/* Greetings and command lines. */
#include "dissectors/command.h"

#include "analyzer/base/cursor.h"

static bool is_greeting(struct span head)
{
	return span_starts(head, span_text("220 ")) || span_starts(head, span_text("220-"));
}

static bool on_port(const struct command_set *set, const struct flow *f)
{
	for (const uint16_t *port = set->ports; *port; port++)
		if (f->server_port == *port)
			return true;
	return false;
}

/* The word of the list that the line starts with, alone or before a blank; NULL: none. */
static const char *word_of(const char *const *words, struct span line)
{
	for (; *words; words++) {
		size_t len = strlen(*words);
		if (line.len < len || !span_equal_nocase(span_first(line, len), span_text(*words)))
			continue;
		if (line.len == len || span_starts(span_after(line, len), span_text(" ")) ||
		    span_starts(span_after(line, len), span_text("\r")))
			return *words;
	}
	return NULL;
}

/* May more bytes make this a word of the list? */
static bool begins_word(const char *const *words, struct span head)
{
	for (; *words; words++)
		if (head.len <= strlen(*words) && span_equal_nocase(head, span_first(span_text(*words), head.len)))
			return true;
	return false;
}

static enum probe probe_client(const struct command_set *set, const struct flow *f, struct span head)
{
	if (!on_port(set, f))
		return PROBE_NO;
	if (begins_word(set->words, head))
		return PROBE_MAYBE;
	return word_of(set->words, head) ? PROBE_YES : PROBE_NO;
}

/* Elsewhere than on its port a greeting is known by its first line, which is waited for. */
static enum probe probe_server(const struct command_set *set, const struct flow *f, struct span head)
{
	if (span_starts(span_text("220"), head))
		return PROBE_MAYBE;
	if (!is_greeting(head))
		return PROBE_NO;
	if (on_port(set, f) || span_find(head, span_text(set->greeting)) != SIZE_MAX)
		return PROBE_YES;
	bool whole = span_find(head, span_text("\n")) != SIZE_MAX || head.len >= COMMAND_LINE_MAX;
	return whole ? PROBE_NO : PROBE_MAYBE;
}

enum probe command_probe(const struct command_set *set, const struct flow *f, enum dir d, struct span head)
{
	return d == DIR_UP ? probe_client(set, f, head) : probe_server(set, f, head);
}

static void line_read(const struct command_set *set, struct dissection *d, struct span line)
{
	struct command_state *state = d->state;
	const char *word = word_of(set->words, line);
	if (!word)
		return;
	struct command body = {.kind = set->kind, .word = span_text(word)};
	dissection_emit(d, EV_COMMAND, &body);
	state->over = word_of(set->last, line) != NULL;
}

size_t command_stream(const struct command_set *set, struct dissection *d, struct span data, bool fin)
{
	const struct command_state *state = d->state;
	size_t done = 0;
	(void)fin;
	if (d->dir == DIR_DOWN)
		return data.len;
	while (!state->over) {
		struct span rest = span_after(data, done);
		size_t end = span_find(rest, span_text("\n"));
		if (end == SIZE_MAX)
			return rest.len > COMMAND_LINE_MAX ? DISSECT_GIVE_UP : done;
		line_read(set, d, span_first(rest, end));
		done += end + 1;
	}
	return data.len;
}
