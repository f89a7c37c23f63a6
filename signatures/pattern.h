/*
 * How a pattern is written in a signature file: `plain` as it stands, or `esc` with the two escapes \\ and \xHH, so
 * that blanks at the edges, line ends, control bytes and other charsets survive an editor and a diff.
 */
#pragma once

#include "analyzer/base/arena.h"

/* The bytes of an `esc` pattern, in the arena. False when an escape is unknown or cut, or memory is out; *out is then
 * as it was. */
bool pattern_unescape(struct arena *arena, struct span written, struct span *out);

/* Length of the character at the start of s when it may stand in a signature file as it is; 0 when it must be escaped:
 * broken UTF-8, a control character, or U+FFFD, which marks a charset that was lost. */
size_t pattern_plain(struct span s);

/*
 * How the bytes are written in a signature file, in the arena: as they stand (*esc false) where every character may and no
 * blank is at an edge, else with escapes. False when memory is out.
 */
bool pattern_write(struct arena *arena, struct span bytes, struct span *written, bool *esc);

/* As pattern_write, always with escapes, those of the bytes of `also` (ASCII) included. */
bool pattern_escape(struct arena *arena, struct span bytes, const char *also, struct span *written);

/* Length of the valid UTF-8 sequence at the start of s, 1 for ASCII; 0 for a broken one. */
size_t utf8_sequence(struct span s);
