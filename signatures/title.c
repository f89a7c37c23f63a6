/* See title.h. */
#include "signatures/title.h"

static const char open_tag[] = "<title", close_tag[] = "</title";

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f';
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* Goes on in a tag whose only '<' is its first byte, so a mismatch starts anew at most there. True: it is complete. */
static bool tag_step(struct title *t, const char *tag, uint8_t c)
{
	if (lower(c) == (uint8_t)tag[t->matched])
		t->matched++;
	else
		t->matched = c == '<';
	return tag[t->matched] == '\0';
}

static void text_step(struct title *t, uint8_t c)
{
	if (t->seen == 0 && is_blank(c))
		return;
	if (t->seen < SIG_TITLE_MAX)
		t->bytes[t->seen] = c;
	t->seen++;
	if (tag_step(t, close_tag, c)) {
		t->seen -= (uint32_t)strlen(close_tag);
		t->state = TITLE_DONE;
	}
}

static void step(struct title *t, uint8_t c)
{
	switch (t->state) {
	case TITLE_SEEK:
		if (tag_step(t, open_tag, c)) {
			t->state = TITLE_NAME;
			t->matched = 0;
		}
		break;
	case TITLE_NAME: /* <titles> is another tag */
		t->state = c == '>' ? TITLE_TEXT : is_blank(c) || c == '/' ? TITLE_ATTRIBUTES : TITLE_SEEK;
		t->matched = c == '<';
		break;
	case TITLE_ATTRIBUTES:
		t->state = c == '>' ? TITLE_TEXT : TITLE_ATTRIBUTES;
		break;
	case TITLE_TEXT:
		text_step(t, c);
		break;
	case TITLE_DONE:
		break;
	}
}

void title_read(struct title *t, struct span piece)
{
	for (size_t i = 0; i < piece.len && t->state != TITLE_DONE; i++) {
		if (t->state == TITLE_SEEK && t->matched == 0) { /* most bytes of most pages are far from a title */
			const uint8_t *next = memchr(piece.ptr + i, '<', piece.len - i);
			if (!next)
				return;
			i = (size_t)(next - piece.ptr);
		}
		step(t, piece.ptr[i]);
	}
}

struct span title_text(const struct title *t, bool *cut)
{
	*cut = t->seen > SIG_TITLE_MAX;
	size_t len = *cut ? SIG_TITLE_MAX : t->seen;
	while (len && is_blank(t->bytes[len - 1]))
		len--;
	return span_of(t->bytes, len);
}
