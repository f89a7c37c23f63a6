/* Looking for controls among a client's attempts: see slow.h. */
#include "analyzer/detect/slow.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "analyzer/detect/fisher.h"

#define BIN_NS      (INT64_C(300) * 1000000000)
#define LOOK_BACK   (INT64_C(600) * 1000000000) /* a control that began earlier is not looked for */
#define SAME_TRY_NS (INT64_C(5) * 1000000000)

enum {
	BINS_EITHER_SIDE = 2,
	SLOW_LEAST = 3,
	FAST_MOST = 1,
	CONTROLS_LEAST = 3,
	LONGER_SECONDS = 10,
	LOOKED_AT_MAX = 2048, /* attempts of one client in one window, the latest; others are not looked at */
	TESTS_MAX = 2048,     /* findings; others go without a contrast */
};

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static struct attempt_range near_in_time(const struct conclusion *c, const struct slow *s)
{
	int64_t from = s->first_ns - later(LOOK_BACK, SLOW_CONTROL_NS);
	return attempts_of(c->attempts, &s->finding->client, from, s->last_ns + SLOW_CONTROL_NS);
}

static bool is_own(const struct slow *s, const struct attempt *a)
{
	return a->flow_id == s->finding->flow_id && addr_equal(&a->server, &s->finding->server);
}

static bool is_fast(const struct attempt *a, enum dir dir, uint64_t rate_bps)
{
	return a->rate_bps[dir] >= rate_bps * SLOW_CONTROL_TIMES;
}

const struct attempt *slow_control(const struct conclusion *c, const struct slow *s)
{
	struct attempt_range range = near_in_time(c, s);
	const struct attempt *best = NULL;
	for (size_t i = 0; i < range.count; i++) {
		const struct attempt *a = range.at[i];
		bool near = a->last_ns >= s->first_ns - SLOW_CONTROL_NS;
		if (!near || !is_fast(a, s->dir, s->rate_bps) || is_own(s, a) || same_name(a->name, s->finding->name))
			continue;
		if (!best || a->rate_bps[s->dir] > best->rate_bps[s->dir])
			best = a;
	}
	return best;
}

bool slow_name_was_fast(const struct conclusion *c, const struct slow *s)
{
	struct attempt_range range = near_in_time(c, s);
	for (size_t i = 0; i < range.count; i++) {
		const struct attempt *a = range.at[i];
		bool longer = a->bytes[s->dir] >= s->rate_bps / 8 * LONGER_SECONDS;
		if (longer && is_fast(a, s->dir, s->rate_bps) && !is_own(s, a) && same_name(a->name, s->finding->name))
			return true;
	}
	return false;
}

/* One try of a name: slow or fast. */
struct
try {
	const char *name;
	int64_t ns;
	bool slow;
};

static int by_name_then_time(const void *a, const void *b)
{
	const struct try *x = a, *y = b;
	int order = strcasecmp(x->name, y->name);
	return order ? order : (x->ns > y->ns) - (x->ns < y->ns);
}

/* All attempts of the capture, with a mark at those that are slow: looked up once, since every test reads hundreds of them. */
struct marks {
	const struct attempt_table *table;
	bool *slow; /* by index in by_client */
};

static int by_flow(const struct attempt *a, const struct finding *f)
{
	int order = addr_compare(&a->server, &f->server);
	return order ? order : (a->flow_id > f->flow_id) - (a->flow_id < f->flow_id);
}

static int findings_by_flow(const void *a, const void *b)
{
	const struct finding *f = *(const struct finding *const *)a, *g = *(const struct finding *const *)b;
	int order = addr_compare(&f->server, &g->server);
	return order ? order : (f->flow_id > g->flow_id) - (f->flow_id < g->flow_id);
}

static bool is_slow_flow(const struct attempt *a, const struct finding *const *sorted, size_t count)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = by_flow(a, sorted[middle]);
		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

static bool marks_init(struct marks *m, const struct attempt_table *table, const struct slow *all, size_t count)
{
	const struct finding **sorted = malloc((count + 1) * sizeof *sorted);
	*m = (struct marks){.table = table, .slow = calloc(table->count + 1, sizeof *m->slow)};
	for (size_t i = 0; sorted && i < count; i++)
		sorted[i] = all[i].finding;
	if (sorted && count)
		qsort(sorted, count, sizeof *sorted, findings_by_flow);
	for (size_t i = 0; sorted && m->slow && i < table->count; i++)
		m->slow[i] = is_slow_flow(table->by_client[i], sorted, count);
	bool ok = sorted && m->slow;
	free(sorted);
	return ok;
}

static bool same_place(const struct attempt *a, const struct finding *f)
{
	return addr_equal(&a->server, &f->server) && a->server_port == f->server_port;
}

/*
 * Tries of a range around the slow one, `here` alone or anywhere; those of a name within SAME_TRY_NS of each other are one, slow if any
 * is.
 */
static size_t gather(struct try *out, struct attempt_range range, const struct slow *s, const struct marks *marks,
                     bool here)
{
	size_t n = 0, kept = 0;
	for (size_t i = 0; i < range.count; i++) {
		const struct attempt *a = range.at[i];
		bool slow = marks->slow[&range.at[i] - marks->table->by_client];
		if (a->name && (slow || is_fast(a, s->dir, s->rate_bps)) && (!here || same_place(a, s->finding)))
			out[n++] = (struct try){a->name, a->asked_ns, slow};
	}
	if (n)
		qsort(out, n, sizeof *out, by_name_then_time);
	for (size_t i = 0, end; i < n; i = end) {
		struct try one = out[i];
		for (end = i + 1; end < n && strcasecmp(out[end].name, one.name) == 0 &&
		                  out[end].ns - out[end - 1].ns <= SAME_TRY_NS;
		     end++)
			one.slow |= out[end].slow;
		out[kept++] = one;
	}
	return kept;
}

/* p in parts of P_UNIT; P_UNIT + 1: too few tries to say. */
static uint32_t test_of(const struct try *tries, size_t count, const char *name)
{
	uint32_t slow = 0, fast = 0, other_slow = 0, other_fast = 0;
	for (size_t i = 0; i < count; i++) {
		bool own = same_name(tries[i].name, name);
		slow += own && tries[i].slow;
		fast += own && !tries[i].slow;
		other_slow += !own && tries[i].slow;
		other_fast += !own && !tries[i].slow;
	}
	if (slow < SLOW_LEAST || fast > FAST_MOST || other_fast < CONTROLS_LEAST)
		return P_UNIT + 1;
	return fisher_one_sided(slow, fast, other_slow, other_fast);
}

/* A test of one name, whose result all findings of that name share. */
struct test {
	struct slow *slow;
	uint32_t p;
	bool anywhere;
};

static struct test test_slow(const struct conclusion *c, struct slow *s, const struct marks *marks)
{
	int64_t from = s->first_ns - (BINS_EITHER_SIDE + 1) * BIN_NS,
	        to = s->first_ns + (BINS_EITHER_SIDE + 1) * BIN_NS;
	const struct finding *f = s->finding;
	struct attempt_range anywhere = attempts_of(c->attempts, &f->client, from, to);
	struct test t = {.slow = s, .p = P_UNIT + 1};
	if (anywhere.count > LOOKED_AT_MAX) {
		anywhere.at += anywhere.count - LOOKED_AT_MAX;
		anywhere.count = LOOKED_AT_MAX;
	}
	struct try *tries = malloc((anywhere.count + 1) * sizeof *tries);
	if (tries && f->name) {
		t.p = test_of(tries, gather(tries, anywhere, s, marks, true), f->name);
		t.anywhere = t.p > P_UNIT;
		if (t.anywhere)
			t.p = test_of(tries, gather(tries, anywhere, s, marks, false), f->name);
	}
	free(tries);
	return t;
}

static int by_p(const void *a, const void *b)
{
	const struct test *x = a, *y = b;
	if (x->p != y->p)
		return x->p < y->p ? -1 : 1;
	return (x->slow->finding->flow_id > y->slow->finding->flow_id) -
	       (x->slow->finding->flow_id < y->slow->finding->flow_id);
}

static void apply(const struct conclusion *c, const struct test *t, uint32_t q)
{
	static const struct {
		uint32_t below;
		const char *id;
	} steps[] = {{P_UNIT / 10000, "E10_1"},
	             {P_UNIT / 1000, "E10_2"},
	             {P_UNIT / 100, "E10_3"},
	             {P_UNIT / 20, "E10_4"}};
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		if (q >= steps[i].below)
			continue;
		finding_term(t->slow->finding, c->weights, steps[i].id, t->anywhere);
		if (!t->anywhere)
			t->slow->finding->selectivity = SELECT_NAME;
		return;
	}
}

void slow_contrast(const struct conclusion *c, struct slow *all, size_t count)
{
	size_t tested = 0;
	struct test *tests = calloc(count + 1, sizeof *tests);
	uint32_t *p = calloc(count + 1, sizeof *p);
	struct marks marks;
	bool ready = marks_init(&marks, c->attempts, all, count);
	for (size_t i = 0; ready && tests && p && i < count && i < TESTS_MAX; i++) {
		tests[tested] = test_slow(c, &all[i], &marks);
		tested += tests[tested].p <= P_UNIT;
	}
	if (tested)
		qsort(tests, tested, sizeof *tests, by_p);
	for (size_t i = 0; i < tested; i++)
		p[i] = tests[i].p;
	if (tested)
		benjamini_hochberg(p, tested, tested);
	for (size_t i = 0; i < tested; i++)
		apply(c, &tests[i], p[i]);
	free(marks.slow);
	free(tests);
	free(p);
}
