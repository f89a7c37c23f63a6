/*
 * Matching bytes against the compiled database. Literals of one place share one Aho-Corasick automaton whose state
 * the caller carries, so that a pattern across segments is found and no body is kept. Regular expressions (PCRE2,
 * with match, depth and heap limits) run only around a literal of theirs that occurred, in a window of SIG_WINDOW
 * bytes either side of that literal's end; where it occurs several times within SIG_WINDOW bytes the first and the
 * last of them have a window, so that matches of up to SIG_WINDOW bytes are found. The outcome does not depend on how
 * the bytes were cut into pieces. Rules about packets (rule.h) are evaluated on the facts of a burst. Rows with action
 * `off` are never matched.
 */
#pragma once

#include "signatures/sigdb.h"

enum {
	SIG_BODY_MAX = 64 * 1024, /* bytes of a decoded body that are looked at */
	SIG_WINDOW = 512,
	SIG_TITLE_MAX = 256, /* bytes of a title that are looked at */
	SIG_HITS_MAX = 16,   /* distinct signatures kept for one message */
};

/* Distinct signatures that matched one message, in the order of scope, then of load. */
struct sig_hits {
	const struct signature *hit[SIG_HITS_MAX]; /* when there are more, fp rows stay, then the best */
	size_t count;
	uint32_t dropped; /* the others, counted each time they occurred */
};

/* The best hit (action hit), or NULL; hints and fp rows do not count. NULL too when an fp row is among the hits. */
const struct signature *sig_hits_best(const struct sig_hits *hits);
bool sig_hits_false_positive(const struct sig_hits *hits); /* an fp row is among them */
void sig_hits_add(struct sig_hits *hits, const struct signature *s);
bool sig_hits_hold(const struct sig_hits *hits, const struct signature *s);

/* One body being scanned. Plain data; sigscan_start to begin; no owned pointers. Larger than a flow slot should be:
 * take it from a pool and give it back at the end of the message. */
struct sigscan;
size_t sigscan_size(void);
void sigscan_start(struct sigscan *sc);

/* The next bytes of a decoded body. What lies behind SIG_BODY_MAX is ignored. Any cutting of a body into pieces gives
 * the same hits once sigscan_finish was called. The database must be the same for all pieces. */
void sigscan_body(const struct sigdb *db, struct sigscan *sc, struct span piece, struct sig_hits *hits);

/* The body is complete (or as complete as it gets): `full` rows, pending windows and title rows (the text between
 * <title> and </title>, outer blanks trimmed) are decided. Call it once. */
void sigscan_finish(const struct sigdb *db, struct sigscan *sc, struct sig_hits *hits);

/* The title seen so far, trimmed and at most SIG_TITLE_MAX bytes; empty when there is none. Borrowed from sc. */
struct span sigscan_title(const struct sigscan *sc);

/* Whole short fields: status line, header value (name in any case), CNAME, issuer, subject, hashes (64 hexadecimal
 * digits in lower case), JA4. Names (CNAME) are compared without regard to case and a final dot; `contains` there is
 * on label boundaries. The first 8 KiB are looked at. header is empty for every location but SIG_HEADER. */
void sigdb_match(const struct sigdb *db, enum sig_location location, struct span header, struct span value,
                 struct sig_hits *hits);

/* A DNS answer address (4 or 16 bytes, another length matches nothing) given for `name`; rows that except the name do
 * not count. ::ffff:a.b.c.d is judged as a.b.c.d. */
void sigdb_match_address(const struct sigdb *db, struct span address, struct span name, struct sig_hits *hits);

struct burst_facts; /* burst.h */
struct packet_rule; /* rule.h */

/* The rows of this location (SIG_RST_RULE, SIG_DNS_RULE, SIG_HTTP_RULE) whose rules hold for the burst. */
void sigdb_match_burst(const struct sigdb *db, enum sig_location location, const struct burst_facts *b,
                       struct sig_hits *hits);

/* The rule of a row of location `rule`, for describing it and for its groups; NULL for other rows and for unused ones. */
const struct packet_rule *sigdb_rule(const struct sigdb *db, const struct signature *s);
