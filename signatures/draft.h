/* A published row on its way to become one of ours, for the importers (import_*.c) and import.c. */
#pragma once

#include "signatures/import.h"
#include "signatures/ooni.h"
#include "signatures/published.h"
#include "signatures/row.h"

enum draft_fate { DRAFT_IMPORTED, DRAFT_MERGED, DRAFT_QUARANTINED, DRAFT_LEFT_OUT };

struct draft {
	const char *file;
	uint32_t line;
	/* Filled by the importer with bytes that need no escaping yet; `encoding` and `origin` are import.c's, `action` is
	 * what it would be. All in the arena of the import, or constants. */
	struct span field[COL_COUNT];
	const struct span *ooni; /* OONI_FIELDS of them, as published; NULL unless from there */
	const char *refused;     /* why there can be no pattern in use, however it looks; NULL: nothing known */

	enum draft_fate fate;
	const char *why; /* unless imported */
	struct span written[COL_COUNT];
	struct signature made; /* unless left out */
};

/* The bytes of a published field, which live for the call only, in the arena; empty when memory is out. */
typedef int draft_maker(const struct published *row, struct arena *arena, struct draft *out, struct err *e);

draft_maker draft_ooni, draft_citizenlab, draft_censoredplanet, draft_wallbleed;

/* Shared by the makers: a field of the published row copied to a column; ERR_NOMEM. */
int draft_take(struct draft *out, enum column column, const struct published *row, const char *name,
               struct arena *arena, struct err *e);
void draft_set(struct draft *out, enum column column, const char *text);

/* Kind, location and match of a DNS answer: an address, or a name. */
void draft_set_answer(struct draft *out);

/* The confidence, way of matching and header that are published; a possible one, and the draft refused, when it is none. */
void draft_set_confidence(struct draft *out, struct span number);
void draft_set_match(struct draft *out, struct span word);
int draft_set_header(struct draft *out, struct span name, struct arena *arena, struct err *e); /* ERR_NOMEM */

/* Copies what is a list of country codes, with LF or commas between, leaving out what is no code. ERR_NOMEM. */
int draft_set_countries(struct draft *out, struct span list, struct arena *arena, struct err *e);

/* What a word for a scope in a published set means here. */
struct scope_word {
	const char *theirs, *scope, *action; /* theirs NULL: end of a table */
};

/* Scope and action from their word; a row with a word of no table is refused. */
void draft_set_scope(struct draft *d, struct span theirs, const struct scope_word *words);
