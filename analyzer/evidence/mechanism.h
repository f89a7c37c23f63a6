/*
 * The mechanisms that this build can find: the ids of the taxonomy with their stage, protocol and one fixed sentence
 * each. A mechanism is added here when its detector is.
 */
#pragma once

#include "analyzer/evidence/guard.h"

#include <stddef.h>
#include <stdint.h>

struct mechanism {
	const char *id;
	const char *stage, *protocol; /* words of the taxonomy; "any": the flow's own */
	const char *note;             /* the `note` column: fixed text, says what the packets show, never who or why */
	/*
	 * The `note` instead where the finding itself carries the word: selectivity is name, address, port or
	 * protocol, or a signature of scope national or isp matched (the report decides). NULL: no such sentence,
	 * `note` always holds.
	 */
	const char *note_selective;
	const char *source;   /* the paper or report behind the rule */
	const char *rule;     /* one or two sentences: when it speaks. NULL: not written yet */
	const char *innocent; /* what else looks like this, and what tells it apart. NULL: not written yet */
	const char *terms;    /* ids of weights.csv that it may carry beside those of every suspect, blank-separated */
	/*
	 * Bits 1 << enum guard that the capture pass tests for its findings (detect/guard.h): G15, G16, G17, G22. The
	 * others are the detector's own business.
	 */
	uint32_t guards;
};

extern const struct mechanism mechanisms[];
extern const size_t mechanism_count;

/* NULL when there is none with this id. */
const struct mechanism *mechanism_find(const char *id);
