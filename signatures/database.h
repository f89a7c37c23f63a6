/* What a signature database is made of, for the files of this folder. */
#pragma once

#include "analyzer/base/arena.h"
#include "signatures/automaton.h"
#include "signatures/lint.h"

enum entry_how { ENTRY_FULL, ENTRY_PREFIX, ENTRY_CONTAINS, ENTRY_GATE /* a regexp's literal */ };

/* What it means that a literal ends somewhere. */
struct entry {
	uint32_t rule;
	uint32_t length;
	enum entry_how how;
};

/* The text rules of one place: one automaton whose values are indexes of entries. */
struct matcher {
	enum sig_location location;
	const char *header; /* NULL unless SIG_HEADER */
	struct automaton *automaton;
	struct entry *entries;
	bool gates; /* an entry is ENTRY_GATE */
};

struct rule_list {
	uint32_t *rules; /* indexes */
	size_t count;
};

struct sigdb {
	struct arena arena;
	struct rule *rules;
	size_t count, room;
	struct sigset *sets;
	size_t set_count;
	struct matcher *matchers;
	size_t matcher_count;
	struct address_table answers;
	struct rule_list packet_rules[RULE_HTTP + 1]; /* by enum rule_kind */
};

/* The matcher of a place, or NULL; header in any case. */
const struct matcher *sigdb_matcher(const struct sigdb *db, enum sig_location location, struct span header);

/* Bytes and states of all automata, for tests and reports. */
size_t sigdb_automaton_bytes(const struct sigdb *db);
size_t sigdb_automaton_states(const struct sigdb *db);
