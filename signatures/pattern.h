/*
 * How a pattern is written in a signature file: `plain` as it stands, or `esc` with the two escapes \\ and \xHH, so
 * that blanks at the edges, line ends, control bytes and other charsets survive an editor and a diff.
 */
#pragma once

#include "analyzer/base/arena.h"

/* The bytes of an `esc` pattern, in the arena. False when an escape is unknown or cut, or memory is out; *out is then
 * as it was. */
bool pattern_unescape(struct arena *arena, struct span written, struct span *out);

/* Length of the valid UTF-8 sequence at the start of s, 1 for ASCII; 0 for a broken one. */
size_t utf8_sequence(struct span s);
