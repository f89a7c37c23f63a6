/*
 * The text of the first <title> element of a page that arrives in pieces. Just enough of HTML: the tag in any case,
 * with or without attributes; no entities, no comments. What stands in the title is bytes of an unknown charset.
 */
#pragma once

#include "signatures/match.h"

enum title_state { TITLE_SEEK, TITLE_NAME, TITLE_ATTRIBUTES, TITLE_TEXT, TITLE_DONE };

/* Zero it to begin. */
struct title {
	enum title_state state;
	uint8_t matched; /* bytes of the tag that is looked for */
	uint32_t seen;   /* bytes of text since the first that is no blank */
	uint8_t bytes[SIG_TITLE_MAX];
};

void title_read(struct title *t, struct span piece);

/* The text so far without blanks at its ends. *cut: there was more than fits. Borrowed from t. */
struct span title_text(const struct title *t, bool *cut);
