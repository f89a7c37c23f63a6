/* See match.h. */
#include "signatures/database.h"
#include "signatures/title.h"

enum {
	FIELD_LOOKED_AT = 8 * 1024, /* bytes of a header value or name */
	PENDING_MAX = 64,           /* rules with a window that waits for its second half */
	RUNS_MAX = 256,             /* regular expressions run on one body, or one field */
	CHUNK = 2 * SIG_WINDOW,     /* bytes of a body handled between two looks at the windows */
	KEPT = 2 * SIG_WINDOW,      /* bytes before a chunk that a window may begin in */
};

/*
 * The literal of a rule's regexp ended at `end`, and at `last` again. The window around `end` is decided when the
 * byte behind it is there, or the body is over; what `last` adds is then a window of its own. So a rule runs at most
 * twice in SIG_WINDOW bytes however often its literal is repeated, and no match of up to SIG_WINDOW bytes is missed.
 */
struct pending {
	uint32_t rule, end, last;
};

struct sigscan {
	uint32_t state;
	uint32_t length; /* bytes looked at, at most SIG_BODY_MAX */
	bool over;       /* there was more than SIG_BODY_MAX */
	uint32_t runs;
	uint32_t waiting; /* of pending: at most one a rule */
	struct pending pending[PENDING_MAX];
	struct title title;
	uint32_t kept_from; /* offset in the body of kept[0] */
	uint8_t kept[KEPT + CHUNK];
};

size_t sigscan_size(void)
{
	return sizeof(struct sigscan);
}

void sigscan_start(struct sigscan *sc)
{
	*sc = (struct sigscan){0};
}

/* `full` and the others that need no regexp, for a literal that ended at `end` of a value of `length` bytes. */
static bool entry_fits(const struct entry *entry, size_t end, size_t length, bool whole)
{
	switch (entry->how) {
	case ENTRY_CONTAINS:
		return true;
	case ENTRY_PREFIX:
		return end == entry->length;
	case ENTRY_FULL:
		return whole && end == entry->length && end == length;
	case ENTRY_GATE:
		break;
	}
	return false;
}

/* Runs the regexp on the window around `end`. */
static void window_run(const struct sigdb *db, struct sigscan *sc, uint32_t index, uint32_t end, struct sig_hits *hits)
{
	const struct rule *rule = &db->rules[index];
	if (sc->runs == RUNS_MAX || sig_hits_hold(hits, &rule->s))
		return;
	sc->runs++;
	uint32_t from = end > SIG_WINDOW ? end - SIG_WINDOW : 0;
	uint32_t to = sc->length - end > SIG_WINDOW ? end + SIG_WINDOW : sc->length;
	struct span window = span_of(sc->kept + (from - sc->kept_from), to - from);
	if (regexp_matches(rule->regexp, window, from == 0, to == sc->length && !sc->over))
		sig_hits_add(hits, &rule->s);
}

/* The first of the waiting in the order of the body, then of the rules, whatever their order in the list. */
static struct pending *first_pending(struct sigscan *sc)
{
	struct pending *first = &sc->pending[0];
	for (struct pending *p = first; p < sc->pending + sc->waiting; p++)
		if (p->end < first->end || (p->end == first->end && p->rule < first->rule))
			first = p;
	return first;
}

/* Decides the windows that are complete now that `length` bytes were seen; all of them when the body is over. */
static void windows_advance(const struct sigdb *db, struct sigscan *sc, uint32_t length, bool body_over,
                            struct sig_hits *hits)
{
	while (sc->waiting) {
		struct pending *p = first_pending(sc), now = *p;
		if (!body_over && now.end + SIG_WINDOW >= length)
			return;
		if (now.last > now.end)
			p->end = now.last;
		else
			*p = sc->pending[--sc->waiting];
		window_run(db, sc, now.rule, now.end, hits);
	}
}

static void window_open(const struct sigdb *db, struct sigscan *sc, uint32_t end, uint32_t rule,
                        const struct sig_hits *hits)
{
	for (uint32_t i = 0; i < sc->waiting; i++) {
		if (sc->pending[i].rule == rule) {
			sc->pending[i].last = end;
			return;
		}
	}
	if (sc->waiting < PENDING_MAX && !sig_hits_hold(hits, &db->rules[rule].s))
		sc->pending[sc->waiting++] = (struct pending){.rule = rule, .end = end, .last = end};
}

/* The literals that end at `end`. Windows are opened and decided in the order of the body, however it was cut. */
static void body_endings(const struct sigdb *db, const struct matcher *m, struct sigscan *sc, uint32_t end,
                         struct sig_hits *hits)
{
	uint32_t value;
	windows_advance(db, sc, end, false, hits);
	for (struct ending it = automaton_ending(m->automaton, sc->state); ending_next(m->automaton, &it, &value);) {
		const struct entry *entry = &m->entries[value];
		if (entry->how == ENTRY_GATE)
			window_open(db, sc, end, entry->rule, hits);
		else if (entry_fits(entry, end, SIZE_MAX, false))
			sig_hits_add(hits, &db->rules[entry->rule].s);
	}
}

/* Appends a chunk to the bytes that windows look at. */
static void keep_bytes(struct sigscan *sc, struct span chunk)
{
	size_t have = sc->length - sc->kept_from;
	if (have + chunk.len > sizeof(sc->kept)) {
		size_t stay = have < KEPT ? have : KEPT;
		memmove(sc->kept, sc->kept + have - stay, stay);
		sc->kept_from += (uint32_t)(have - stay);
		have = stay;
	}
	memcpy(sc->kept + have, chunk.ptr, chunk.len);
}

static void body_chunk(const struct sigdb *db, const struct matcher *m, struct sigscan *sc, struct span chunk,
                       struct sig_hits *hits)
{
	uint32_t start = sc->length;
	if (m->gates)
		keep_bytes(sc, chunk);
	sc->length += (uint32_t)chunk.len;
	for (struct span rest = chunk; rest.len;) {
		bool ends;
		rest = span_after(rest, automaton_scan(m->automaton, &sc->state, rest, &ends));
		if (ends)
			body_endings(db, m, sc, start + (uint32_t)(chunk.len - rest.len), hits);
	}
	windows_advance(db, sc, sc->length, false, hits);
}

void sigscan_body(const struct sigdb *db, struct sigscan *sc, struct span piece, struct sig_hits *hits)
{
	const struct matcher *m = sigdb_matcher(db, SIG_BODY, span_of(NULL, 0));
	sc->over |= piece.len > SIG_BODY_MAX - sc->length;
	piece = span_first(piece, SIG_BODY_MAX - sc->length);
	if (sc->title.state != TITLE_DONE)
		title_read(&sc->title, piece);
	if (!m)
		sc->length += (uint32_t)piece.len;
	for (; m && piece.len; piece = span_after(piece, CHUNK))
		body_chunk(db, m, sc, span_first(piece, CHUNK), hits);
}

/* One short value on its way through a matcher. */
struct value_search {
	const struct sigdb *db;
	const struct matcher *m;
	struct span value;
	bool whole;
	uint32_t runs, tried[32]; /* rules whose regexp was run: it sees the whole value, so once is enough */
};

static bool gate_opens(struct value_search *v, uint32_t rule)
{
	size_t known = v->runs < 32 ? v->runs : 32;
	for (size_t i = 0; i < known; i++)
		if (v->tried[i] == rule)
			return false;
	if (v->runs == RUNS_MAX)
		return false;
	v->tried[v->runs++ % 32] = rule;
	return regexp_matches(v->db->rules[rule].regexp, v->value, true, v->whole);
}

/* A name inside a name: whole labels only. */
static bool on_labels(struct span value, size_t end, size_t length)
{
	return (end == length || value.ptr[end - length - 1] == '.') && (end == value.len || value.ptr[end] == '.');
}

static void value_endings(struct value_search *v, uint32_t state, size_t end, struct sig_hits *hits)
{
	uint32_t which;
	for (struct ending it = automaton_ending(v->m->automaton, state); ending_next(v->m->automaton, &it, &which);) {
		const struct entry *entry = &v->m->entries[which];
		bool fits = entry_fits(entry, end, v->value.len, v->whole);
		if (fits && v->m->location == SIG_DNS_CNAME && entry->how == ENTRY_CONTAINS)
			fits = on_labels(v->value, end, entry->length);
		if (entry->how == ENTRY_GATE)
			fits = gate_opens(v, entry->rule);
		if (fits)
			sig_hits_add(hits, &v->db->rules[entry->rule].s);
	}
}

static void value_match(const struct sigdb *db, const struct matcher *m, struct span value, bool whole,
                        struct sig_hits *hits)
{
	struct value_search v = {.db = db, .m = m, .value = value, .whole = whole};
	uint32_t state = 0;
	for (struct span rest = value; rest.len;) {
		bool ends;
		rest = span_after(rest, automaton_scan(m->automaton, &state, rest, &ends));
		if (ends)
			value_endings(&v, state, value.len - rest.len, hits);
	}
}

/* `full` rows: their literal ends with the body. */
static void body_whole(const struct sigdb *db, const struct matcher *m, const struct sigscan *sc, struct sig_hits *hits)
{
	uint32_t value;
	for (struct ending it = automaton_ending(m->automaton, sc->state); ending_next(m->automaton, &it, &value);)
		if (m->entries[value].how == ENTRY_FULL &&
		    entry_fits(&m->entries[value], sc->length, sc->length, !sc->over))
			sig_hits_add(hits, &db->rules[m->entries[value].rule].s);
}

void sigscan_finish(const struct sigdb *db, struct sigscan *sc, struct sig_hits *hits)
{
	const struct matcher *body = sigdb_matcher(db, SIG_BODY, span_of(NULL, 0));
	const struct matcher *title = sigdb_matcher(db, SIG_TITLE, span_of(NULL, 0));
	windows_advance(db, sc, sc->length, true, hits);
	if (body)
		body_whole(db, body, sc, hits);
	bool cut;
	struct span text = title_text(&sc->title, &cut);
	if (title && text.len)
		value_match(db, title, text, !cut, hits);
}

struct span sigscan_title(const struct sigscan *sc)
{
	bool cut;
	return title_text(&sc->title, &cut);
}

/* A name without case and final dot, in a buffer of FIELD_LOOKED_AT bytes. */
static struct span name_fold(struct span name, uint8_t *buffer)
{
	if (name.len && name.ptr[name.len - 1] == '.')
		name = span_first(name, name.len - 1);
	for (size_t i = 0; i < name.len; i++)
		buffer[i] = name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? (uint8_t)(name.ptr[i] | 0x20) : name.ptr[i];
	return span_of(buffer, name.len);
}

void sigdb_match(const struct sigdb *db, enum sig_location location, struct span header, struct span value,
                 struct sig_hits *hits)
{
	uint8_t folded[FIELD_LOOKED_AT];
	const struct matcher *m = sigdb_matcher(db, location, header);
	if (!m)
		return;
	bool whole = value.len <= FIELD_LOOKED_AT;
	value = span_first(value, FIELD_LOOKED_AT);
	if (location == SIG_DNS_CNAME)
		value = name_fold(value, folded);
	value_match(db, m, value, whole, hits);
}

void sigdb_match_address(const struct sigdb *db, struct span address, struct span name, struct sig_hits *hits)
{
	uint8_t key[16];
	uint32_t rules[SIG_HITS_MAX];
	if (!address_from_wire(address, key))
		return;
	size_t n = address_table_find(&db->answers, key, rules, SIG_HITS_MAX);
	for (size_t i = 0; i < n && i < SIG_HITS_MAX; i++)
		if (!signature_excepts(&db->rules[rules[i]].s, name))
			sig_hits_add(hits, &db->rules[rules[i]].s);
}

void sigdb_match_burst(const struct sigdb *db, enum sig_location location, const struct burst_facts *b,
                       struct sig_hits *hits)
{
	const struct rule_list *list = &db->packet_rules[sig_rule_kind(location)];
	for (size_t i = 0; i < list->count; i++) {
		const struct rule *rule = &db->rules[list->rules[i]];
		if (rule_holds(rule->packets, b))
			sig_hits_add(hits, &rule->s);
	}
}

const struct packet_rule *sigdb_rule(const struct sigdb *db, const struct signature *s)
{
	return s->order < db->count ? db->rules[s->order].packets : NULL;
}
