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

enum probe command_probe(const struct command_set *set, const struct flow *f, enum dir d, struct span head)
{
	if (d == DIR_UP)
		return on_port(set, f) && word_of(set->words, head) ? PROBE_YES : PROBE_NO;
	if (!is_greeting(head))
		return PROBE_NO;
	bool named = span_find(head, span_text(set->greeting)) != SIZE_MAX;
	return on_port(set, f) || named ? PROBE_YES : PROBE_NO;
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
