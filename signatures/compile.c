/* From checked rules to automata and tables: sigdb_compile of sigdb.h. One matcher a place; a literal that is not ASCII
 * is also compiled in the charsets of the row's countries. */
#include "signatures/charset.h"
#include "signatures/database.h"

#include <stdlib.h>

/* The literals of one matcher while they are collected. */
struct collection {
	struct literal *literals;
	struct entry *entries;
	size_t count, room;
	struct charset_cache *charsets;
};

static bool is_name(enum sig_location location)
{
	return location == SIG_DNS_CNAME;
}

static bool is_text(const struct signature *s)
{
	return s->action != SIG_ACTION_OFF && s->location != SIG_DNS_ANSWER && !sig_is_rule(s->location);
}

static bool same_place(const struct signature *s, const struct matcher *m)
{
	return s->location == m->location && (s->location != SIG_HEADER || strcmp(s->header, m->header) == 0);
}

static bool collection_grow(struct collection *c)
{
	size_t room = c->room ? c->room * 2 : 64;
	struct literal *literals = realloc(c->literals, room * sizeof(*literals));
	if (literals)
		c->literals = literals;
	struct entry *entries = realloc(c->entries, room * sizeof(*entries));
	if (entries)
		c->entries = entries;
	c->room = literals && entries ? room : c->room;
	return literals && entries;
}

static int collect(struct collection *c, struct span bytes, uint32_t rule, enum entry_how how, struct err *e)
{
	if (c->count == c->room && !collection_grow(c))
		return err_set(e, ERR_NOMEM, "no memory for the signatures");
	c->literals[c->count] = (struct literal){.bytes = bytes, .value = (uint32_t)c->count};
	c->entries[c->count++] = (struct entry){.rule = rule, .length = (uint32_t)bytes.len, .how = how};
	return 0;
}

/* A DNS name as names are compared: lower case, no final dot. */
static struct span name_key(struct arena *arena, struct span name)
{
	if (name.len > 1 && name.ptr[name.len - 1] == '.')
		name = span_first(name, name.len - 1);
	uint8_t *key = arena_alloc(arena, name.len + 1);
	for (size_t i = 0; key && i < name.len; i++)
		key[i] = name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? (uint8_t)(name.ptr[i] | 0x20) : name.ptr[i];
	return key ? span_of(key, name.len) : span_of(NULL, 0);
}

static int collect_rule(struct sigdb *db, struct collection *c, uint32_t index, struct err *e)
{
	const struct rule *rule = &db->rules[index];
	const struct signature *s = &rule->s;
	if (s->match == SIG_REGEXP)
		return collect(c, regexp_literal(rule->regexp), index, ENTRY_GATE, e);
	enum entry_how how = s->match == SIG_CONTAINS ? ENTRY_CONTAINS
	                     : s->match == SIG_PREFIX ? ENTRY_PREFIX
	                                              : ENTRY_FULL;
	struct span bytes = is_name(s->location) ? name_key(&db->arena, s->pattern) : s->pattern;
	if (bytes.len == 0)
		return err_set(e, ERR_NOMEM, "no memory for the signatures");
	if (collect(c, bytes, index, how, e) < 0)
		return e->code;
	struct span variants[CHARSET_VARIANTS_MAX];
	int n = is_name(s->location) ? 0 : charset_variants(c->charsets, &db->arena, bytes, s->country, variants, e);
	for (int i = 0; i < n; i++)
		if (variants[i].len >= 4 && collect(c, variants[i], index, how, e) < 0)
			return e->code;
	return n < 0 ? n : 0;
}

static int compile_matcher(struct sigdb *db, struct matcher *m, struct charset_cache *charsets, struct err *e)
{
	struct collection c = {.charsets = charsets};
	int code = 0;
	for (size_t i = 0; code == 0 && i < db->count; i++)
		if (is_text(&db->rules[i].s) && same_place(&db->rules[i].s, m))
			code = collect_rule(db, &c, (uint32_t)i, e);
	if (code == 0)
		code = automaton_build(&m->automaton, c.literals, c.count, e);
	free(c.literals);
	m->entries = c.entries;
	for (size_t i = 0; i < c.count; i++)
		m->gates |= c.entries[i].how == ENTRY_GATE;
	return code;
}

/* Makes the matcher of a rule's place unless there is one. */
static int add_matcher(struct sigdb *db, const struct signature *s, struct err *e)
{
	for (size_t i = 0; i < db->matcher_count; i++)
		if (same_place(s, &db->matchers[i]))
			return 0;
	struct matcher *grown = realloc(db->matchers, (db->matcher_count + 1) * sizeof(*grown));
	if (!grown)
		return err_set(e, ERR_NOMEM, "no memory for the signatures");
	db->matchers = grown;
	db->matchers[db->matcher_count++] = (struct matcher){.location = s->location, .header = s->header};
	return 0;
}

/* Rules about packets are few: a list of their own, so that a burst does not look at every row. */
static int add_packet_rule(struct sigdb *db, const struct rule *rule, uint32_t index, struct err *e)
{
	struct rule_list *list = &db->packet_rules[rule->packets->kind];
	uint32_t *grown = realloc(list->rules, (list->count + 1) * sizeof(*grown));
	if (!grown)
		return err_set(e, ERR_NOMEM, "no memory for the signatures");
	list->rules = grown;
	list->rules[list->count++] = index;
	return 0;
}

int sigdb_compile(struct sigdb *db, struct err *e)
{
	for (size_t i = 0; i < db->count; i++) {
		const struct rule *rule = &db->rules[i];
		int code = 0;
		if (is_text(&rule->s))
			code = add_matcher(db, &rule->s, e);
		else if (rule->packets)
			code = add_packet_rule(db, rule, (uint32_t)i, e);
		else if (rule->s.action != SIG_ACTION_OFF && rule->s.location == SIG_DNS_ANSWER)
			code = address_table_add(&db->answers, &rule->address, (uint32_t)i, e);
		if (code < 0)
			return code;
	}
	address_table_sort(&db->answers);
	struct charset_cache charsets = {0};
	int code = 0;
	for (size_t i = 0; code == 0 && i < db->matcher_count; i++)
		code = compile_matcher(db, &db->matchers[i], &charsets, e);
	charset_cache_close(&charsets);
	return code;
}

const struct matcher *sigdb_matcher(const struct sigdb *db, enum sig_location location, struct span header)
{
	for (size_t i = 0; i < db->matcher_count; i++) {
		const struct matcher *m = &db->matchers[i];
		if (m->location == location && (!m->header || span_equal_nocase(header, span_text(m->header))))
			return m;
	}
	return NULL;
}

size_t sigdb_automaton_bytes(const struct sigdb *db)
{
	size_t bytes = 0;
	for (size_t i = 0; i < db->matcher_count; i++)
		bytes += automaton_bytes(db->matchers[i].automaton);
	return bytes;
}

size_t sigdb_automaton_states(const struct sigdb *db)
{
	size_t states = 0;
	for (size_t i = 0; i < db->matcher_count; i++)
		states += automaton_states(db->matchers[i].automaton);
	return states;
}
