/*
 * Judging rows of signature files: every check of the format, so that a set that is wrong stops the run before it
 * starts. What holds over several rows (duplicates) is checked in sigdb.c.
 */
#pragma once

#include "analyzer/base/arena.h"
#include "signatures/address.h"
#include "signatures/regexp.h"
#include "signatures/row.h"
#include "signatures/rule.h"
#include "signatures/sigdb.h"

/* A row that passed, with what compiling needs. */
struct rule {
	struct signature s;
	struct regexp *regexp;             /* owned; NULL unless the match is SIG_REGEXP and the row is in use */
	struct address_prefix address;     /* of SIG_DNS_ANSWER rows in use */
	const struct packet_rule *packets; /* of SIG_*_RULE rows in use, in the arena; else NULL */
	uint32_t set;                      /* file it came from, set by the caller */
};

/* Fills *out (strings in the arena, or those of the row `before`, which may be NULL, where they are the same; line, but not
 * order or set), or gives ERR_FORMAT naming file, line and column and saying what to do, or ERR_NOMEM. On failure nothing is
 * owned by *out. */
int lint_row(const struct row *row, const struct signature *before, struct arena *arena, struct rule *out,
             struct err *e);

/* The checks of the pattern alone, for lint_row: out->s is filled but for `pattern`. */
int lint_pattern(const struct row *row, struct arena *arena, struct rule *out, struct err *e);

/* Of a location that sig_is_rule. */
enum rule_kind sig_rule_kind(enum sig_location location);

/* A token of RFC 9110, in any case. */
bool lint_header_name(struct span name);
