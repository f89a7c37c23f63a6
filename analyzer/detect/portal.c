/*
 * The findings that a portal could explain are sorted by client, target and time, and a window of ten minutes to both
 * sides slides along. It holds three names when the third most recent name that was seen is still in it, so no more than
 * three are ever remembered.
 */
#include "analyzer/detect/portal.h"

#include <stdlib.h>
#include <strings.h>

enum { PORTAL_NAMES = 3 }; /* unrelated names that lead to one private host */

#define PORTAL_NS (UINT64_C(600) * 1000000000) /* "in the same minutes" */

static bool has_national_signature(const struct finding *f)
{
	for (size_t i = 0; i < f->signature_count; i++)
		if (f->signatures[i]->scope <= SIG_ISP)
			return true;
	return false;
}

/* Where the client is led to, as far as a portal would do it: the private address of a forged answer or redirect. */
static const char *target_of(const struct finding *f)
{
	if (!f->name || f->suspect_count == 0 || has_national_signature(f))
		return NULL;
	for (size_t i = 0; i < f->detail_count; i++)
		if (strcmp(f->details[i].key, "private_target") == 0)
			return f->details[i].value;
	return NULL;
}

/* Unrelated: what stands before the last two labels does not make another name. */
static const char *registrable(const char *name)
{
	const char *dot = strrchr(name, '.');
	while (dot && dot > name) {
		const char *before = dot - 1;
		while (before > name && *before != '.')
			before--;
		return *before == '.' ? before + 1 : name;
	}
	return name;
}

static int by_group(const struct finding *f, const struct finding *g)
{
	int order = addr_compare(&f->client, &g->client);
	return order ? order : strcmp(target_of(f), target_of(g));
}

static int by_group_and_time(const void *a, const void *b)
{
	const struct finding *f = *(struct finding *const *)a, *g = *(struct finding *const *)b;
	int order = by_group(f, g);
	return order ? order
	             : (f->suspects[0].ts_ns > g->suspects[0].ts_ns) - (f->suspects[0].ts_ns < g->suspects[0].ts_ns);
}

/* From `early` to `late`, which is not before it. */
static bool in_window(const struct finding *early, const struct finding *late)
{
	return (uint64_t)late->suspects[0].ts_ns - (uint64_t)early->suspects[0].ts_ns < PORTAL_NS;
}

/* The distinct names seen last, most recent first, with where each was last. */
struct recent {
	const char *name[PORTAL_NAMES];
	size_t at[PORTAL_NAMES], count;
};

static void recent_note(struct recent *r, const char *name, size_t at)
{
	size_t i = 0;
	while (i < r->count && strcasecmp(r->name[i], name) != 0)
		i++;
	if (i == r->count) {
		r->count += r->count < PORTAL_NAMES;
		i = r->count - 1;
	}
	for (; i > 0; i--) {
		r->name[i] = r->name[i - 1];
		r->at[i] = r->at[i - 1];
	}
	r->name[0] = name;
	r->at[0] = at;
}

/* One client, one target, in order of time. */
static void search_group(struct finding **group, size_t count, void (*found)(struct finding *f))
{
	struct recent seen = {0};
	for (size_t i = 0, first = 0, next = 0; i < count; i++) {
		for (; next < count && in_window(group[i], group[next]); next++)
			recent_note(&seen, registrable(group[next]->name), next);
		while (!in_window(group[first], group[i]))
			first++;
		if (seen.count == PORTAL_NAMES && seen.at[PORTAL_NAMES - 1] >= first)
			found(group[i]);
	}
}

void portal_search(struct finding **all, size_t count, void (*found)(struct finding *f))
{
	size_t led = 0;
	for (size_t i = 0; i < count; i++) {
		struct finding *f = all[i];
		if (!target_of(f))
			continue;
		all[i] = all[led];
		all[led++] = f;
	}
	qsort(all, led, sizeof *all, by_group_and_time);
	for (size_t i = 0, end; i < led; i = end) {
		for (end = i + 1; end < led && by_group(all[i], all[end]) == 0; end++)
			;
		search_group(all + i, end - i, found);
	}
}
