/* Counting names at one place, group by group of findings that share it. */
#include "analyzer/detect/contrast.h"

#include "analyzer/detect/fisher.h"
#include "analyzer/detect/guard.h"

#include <stdlib.h>
#include <strings.h>

#define BIN_NS      (INT64_C(300) * 1000000000)
#define SAME_TRY_NS (INT64_C(5) * 1000000000) /* a browser's retries and parallel sockets fail together */
#define CONTROL_NS  (INT64_C(60) * 1000000000)

enum {
	BINS_EITHER_SIDE = 2,
	FAIL_LEAST = 3,
	OK_MOST = 1,
	CONTROL_OK_LEAST = 3,
	CONTROLS_TRIED = 8, /* for E10b */
	CONTROLS_NAMED = 2, /* triggers of controls that are named as evidence */
	REPEATS_LEAST = 3,
};

/* One finding that asks for a contrast, with the bin it is in. */
struct asked {
	struct finding **slot;
	int64_t bin;
	struct contrast_counts counts;
	uint32_t p;
	bool first_of_test; /* several findings of one name in one bin are one test */
};

static int64_t time_of(const struct finding *f)
{
	if (f->trigger.number && f->trigger.ts_ns != FRAME_NO_TIME)
		return f->trigger.ts_ns;
	return finding_frame(f)->number ? finding_frame(f)->ts_ns : FRAME_NO_TIME;
}

static int64_t floor_divide(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int by_name_then_time(const void *a, const void *b)
{
	const struct attempt *x = *(const struct attempt *const *)a, *y = *(const struct attempt *const *)b;
	int order = strcasecmp(x->name, y->name);
	return order ? order : (x->asked_ns > y->asked_ns) - (x->asked_ns < y->asked_ns);
}

/* What one name met in a window: tries, each of which is what was attempted within SAME_TRY_NS of the one before. */
struct tally_of_name {
	const char *name;
	uint32_t fail, ok;
};

/* at[0..count): of one name, by time. A try fails when nothing in it succeeded and something failed. */
static struct tally_of_name tally_tries(const struct attempt **at, size_t count, uint32_t outcomes)
{
	struct tally_of_name t = {.name = at[0]->name};
	for (size_t i = 0, end; i < count; i = end) {
		bool ok = false, fail = false;
		for (end = i; end < count && (end == i || at[end]->asked_ns - at[end - 1]->asked_ns <= SAME_TRY_NS);
		     end++) {
			ok |= attempt_succeeded(at[end]) &&
			      !(outcomes >> ATTEMPT_ANSWERED & 1 && at[end]->flags & ATTEMPT_SUSPECT);
			fail |= outcomes >> at[end]->outcome & 1;
		}
		t.ok += ok;
		t.fail += fail && !ok;
	}
	return t;
}

/* Tallies of all names in a window, in the order of names; at most range.count. Returns how many. */
static size_t tally_names(struct attempt_range range, uint32_t outcomes, int64_t from_ns, int64_t to_ns,
                          struct tally_of_name *out)
{
	size_t count = 0, names = 0;
	const struct attempt **at = malloc((range.count + 1) * sizeof *at);
	for (size_t i = 0; at && i < range.count; i++)
		if (range.at[i]->name && range.at[i]->asked_ns >= from_ns && range.at[i]->asked_ns < to_ns)
			at[count++] = range.at[i];
	if (count)
		qsort(at, count, sizeof *at, by_name_then_time);
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && strcasecmp(at[i]->name, at[end]->name) == 0; end++)
			;
		out[names++] = tally_tries(at + i, end - i, outcomes);
	}
	free(at);
	return names;
}

static struct contrast_counts counts_of(const struct tally_of_name *tallies, size_t count, const char *name)
{
	struct contrast_counts c = {0};
	for (size_t i = 0; i < count; i++) {
		bool own = same_name(tallies[i].name, name);
		*(own ? &c.fail : &c.ctrl_fail) += tallies[i].fail;
		*(own ? &c.ok : &c.ctrl_ok) += tallies[i].ok;
	}
	return c;
}

struct contrast_counts contrast_count(struct attempt_range range, const char *name, uint32_t outcomes, int64_t from_ns,
                                      int64_t to_ns)
{
	struct contrast_counts c = {0};
	struct tally_of_name *tallies = malloc((range.count + 1) * sizeof *tallies);
	if (tallies)
		c = counts_of(tallies, tally_names(range, outcomes, from_ns, to_ns, tallies), name);
	free(tallies);
	return c;
}

static int compare_places(const struct asked *a, const struct asked *b)
{
	const struct finding *f = *a->slot, *g = *b->slot;
	int order = finding_compare_place(f, g);
	if (!order)
		order = (f->contrast > g->contrast) - (f->contrast < g->contrast);
	return order ? order : (a->bin > b->bin) - (a->bin < b->bin);
}

static int by_test(const void *a, const void *b)
{
	int order = compare_places(a, b);
	return order ? order
	             : strcasecmp((*((const struct asked *)a)->slot)->name, (*((const struct asked *)b)->slot)->name);
}

static struct attempt_range place_of(const struct finding *f, const struct attempt_table *t)
{
	return attempts_at(t, &f->client, &f->server, f->l4_proto, f->server_port);
}

static uint32_t probability(const struct contrast_counts *c)
{
	bool enough = c->fail >= FAIL_LEAST && c->ok <= OK_MOST && c->ctrl_ok >= CONTROL_OK_LEAST;
	return enough ? fisher_one_sided(c->fail, c->ok, c->ctrl_fail, c->ctrl_ok) : P_UNIT;
}

/* Findings at one place in one bin. */
static void count_group(struct asked *group, size_t count, const struct contrast_input *in)
{
	const struct finding *f = *group->slot;
	struct attempt_range range = place_of(f, in->attempts);
	struct tally_of_name *tallies = malloc((range.count + 1) * sizeof *tallies);
	int64_t from_ns = in->first_ns + (group->bin - BINS_EITHER_SIDE) * BIN_NS;
	size_t names =
	    tallies ? tally_names(range, f->contrast, from_ns, from_ns + (2 * BINS_EITHER_SIDE + 1) * BIN_NS, tallies)
	            : 0;
	for (size_t i = 0; i < count; i++) {
		const char *name = (*group[i].slot)->name;
		group[i].first_of_test = i == 0 || !same_name((*group[i - 1].slot)->name, name);
		group[i].counts = group[i].first_of_test ? counts_of(tallies, names, name) : group[i - 1].counts;
		group[i].p = probability(&group[i].counts);
	}
	free(tallies);
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

/* Replaces every p by its q; several findings of one test have the same. */
static void adjust(struct asked *asked, size_t count)
{
	size_t tests = 0;
	uint32_t *p = malloc((count + 1) * sizeof *p), *q = malloc((count + 1) * sizeof *q);
	for (size_t i = 0; p && q && i < count; i++)
		if (asked[i].first_of_test)
			p[tests++] = asked[i].p;
	if (tests)
		qsort(p, tests, sizeof *p, ascending);
	for (size_t i = 0; i < tests; i++)
		q[i] = p[i];
	if (tests)
		benjamini_hochberg(q, tests, tests);
	for (size_t i = 0; i < count; i++) {
		const uint32_t *at = tests ? bsearch(&asked[i].p, p, tests, sizeof *p, ascending) : NULL;
		while (at && at + 1 < p + tests && at[1] == *at)
			at++;
		asked[i].p = at ? q[at - p] : P_UNIT;
	}
	free(p);
	free(q);
}

/* A copy with room for details, in the finding's place. NULL: out of memory. */
static struct finding *widen(struct finding **slot, struct arena *a)
{
	struct finding *f = arena_alloc(a, sizeof *f);
	if (!f)
		return NULL;
	memcpy(f, *slot, offsetof(struct finding, details));
	for (size_t i = 0; i < f->detail_count; i++)
		f->details[i] = (*slot)->details[i];
	return *slot = f;
}

static const char *contrast_term(uint32_t q)
{
	static const struct {
		uint32_t below;
		const char *id;
	} steps[] = {{P_UNIT / 10000, "E10_1"},
	             {P_UNIT / 1000, "E10_2"},
	             {P_UNIT / 100, "E10_3"},
	             {P_UNIT / 20, "E10_4"}};
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (q < steps[i].below)
			return steps[i].id;
	return NULL;
}

static void name_controls(struct finding *f, struct attempt_range range)
{
	unsigned named = 0;
	for (size_t i = 0; i < range.count && named < CONTROLS_NAMED; i++) {
		const struct attempt *a = range.at[i];
		if (!attempt_succeeded(a) || !a->name || same_name(a->name, f->name))
			continue;
		finding_evidence(f, a->frame);
		named++;
	}
}

/*
 * E10b: another name's first payload, of at least the size, was acknowledged at the same place within a minute. Acknowledgements come
 * from a kernel that reads no names. Not where the client's network may have been down meanwhile.
 */
static const struct attempt *acknowledged_control(const struct finding *f, struct attempt_range range,
                                                  const struct attempt_table *t)
{
	const struct attempt *own = f->contrast >> ATTEMPT_UNACKED & 1 ? attempt_of_finding(t, f) : NULL;
	if (!own || !(own->flags & ATTEMPT_CONNECTED) || own->first_payload == 0)
		return NULL;
	for (size_t i = 0, tried = 0; i < range.count && tried < CONTROLS_TRIED; i++) {
		const struct attempt *a = range.at[i];
		int64_t apart = a->asked_ns - own->asked_ns;
		bool acknowledged = a->acknowledged >= a->first_payload && a->first_payload >= own->first_payload;
		if (!a->name || same_name(a->name, f->name) || !acknowledged || apart >= CONTROL_NS ||
		    apart <= -CONTROL_NS)
			continue;
		tried++;
		if (!guard_silence_around(t, own, a->asked_ns))
			return a;
	}
	return NULL;
}

static void apply(struct asked *asked, const struct contrast_input *in)
{
	struct finding *f = *asked->slot;
	struct attempt_range range = place_of(f, in->attempts);
	const char *term = contrast_term(asked->p);
	const struct attempt *control = term ? NULL : acknowledged_control(f, range, in->attempts);
	if (!term && !control)
		return;
	f = widen(asked->slot, in->arena);
	if (!f)
		return;
	finding_term(f, in->weights, term ? term : "E10b", false);
	f->selectivity = SELECT_NAME;
	if (control) {
		finding_evidence(f, control->frame);
		finding_outside(f, in->arena, "control_name", span_text(control->name));
		return;
	}
	name_controls(f, range);
	finding_print(f, in->arena, "n_fail", "%u", asked->counts.fail);
	finding_print(f, in->arena, "n_ok", "%u", asked->counts.ok);
	finding_print(f, in->arena, "ctrl_fail", "%u", asked->counts.ctrl_fail);
	finding_print(f, in->arena, "ctrl_ok", "%u", asked->counts.ctrl_ok);
	finding_print(f, in->arena, "q", "%u.%09u", asked->p / P_UNIT, asked->p % P_UNIT);
}

static int by_repeat(const void *a, const void *b)
{
	const struct finding *f = **(struct finding *const *const *)a, *g = **(struct finding *const *const *)b;
	int order = (f->mechanism > g->mechanism) - (f->mechanism < g->mechanism);
	if (!order)
		order = addr_compare(&f->client, &g->client);
	if (!order)
		order = strcasecmp(f->name, g->name);
	return order ? order : (f->flow_id > g->flow_id) - (f->flow_id < g->flow_id);
}

static int by_client_name(const void *a, const void *b)
{
	const struct attempt *x = *(const struct attempt *const *)a, *y = *(const struct attempt *const *)b;
	int order = addr_compare(&x->client, &y->client);
	return order ? order : strcasecmp(x->name, y->name);
}

/* Names that a client reached at least once. */
struct reached {
	const struct attempt **at;
	size_t count;
};

static struct reached reached_names(const struct attempt_table *t)
{
	struct reached r = {.at = malloc((t->count + 1) * sizeof *r.at)};
	for (size_t i = 0; r.at && i < t->count; i++)
		if (t->by_client[i]->name && attempt_succeeded(t->by_client[i]) &&
		    !(t->by_client[i]->flags & ATTEMPT_SUSPECT))
			r.at[r.count++] = t->by_client[i];
	if (r.count)
		qsort(r.at, r.count, sizeof *r.at, by_client_name);
	return r;
}

static bool was_reached(const struct reached *r, const struct finding *f)
{
	struct attempt key = {.client = f->client, .name = f->name};
	const struct attempt *wanted = &key;
	return !r->at || (r->count && bsearch(&wanted, r->at, r->count, sizeof *r->at, by_client_name));
}

/* E13: slots[0..count) are findings with contrast bits and a name. */
static void repeats(struct finding ***slots, size_t count, const struct contrast_input *in)
{
	struct reached reached = reached_names(in->attempts);
	qsort(slots, count, sizeof *slots, by_repeat);
	for (size_t i = 0, end; i < count; i = end) {
		const struct finding *f = *slots[i];
		size_t flows = 1;
		for (end = i + 1;
		     end < count && (*slots[end])->mechanism == f->mechanism &&
		     addr_equal(&(*slots[end])->client, &f->client) && same_name((*slots[end])->name, f->name);
		     end++)
			flows += (*slots[end])->flow_id != (*slots[end - 1])->flow_id;
		bool repeated = flows >= REPEATS_LEAST && !was_reached(&reached, f);
		for (size_t k = i; repeated && k < end; k++)
			finding_term(*slots[k], in->weights, "E13", false);
	}
	free(reached.at);
}

void contrast_all(struct finding **all, size_t count, const struct contrast_input *in)
{
	size_t n = 0;
	struct asked *asked = calloc(count + 1, sizeof *asked);
	struct finding ***slots = malloc((count + 1) * sizeof *slots);
	for (size_t i = 0; asked && slots && i < count; i++) {
		int64_t ns = time_of(all[i]);
		if (!all[i]->contrast || !all[i]->name || ns == FRAME_NO_TIME || in->first_ns == FRAME_NO_TIME)
			continue;
		slots[n] = &all[i];
		asked[n++] = (struct asked){.slot = &all[i], .bin = floor_divide(ns - in->first_ns, BIN_NS)};
	}
	if (n)
		qsort(asked, n, sizeof *asked, by_test);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && compare_places(&asked[i], &asked[end]) == 0; end++)
			;
		count_group(asked + i, end - i, in);
	}
	adjust(asked, n);
	for (size_t i = 0; i < n; i++)
		apply(&asked[i], in);
	if (n)
		repeats(slots, n, in);
	free(asked);
	free(slots);
}
