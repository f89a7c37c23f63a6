/* Every finding is entered under each of its frames; one sort brings together what shares a frame. */
#include "analyzer/detect/incident.h"

#include <stdlib.h>

struct entry {
	uint64_t frame;
	uint64_t trigger_of; /* 0: it is a suspect frame; else 1 + flow_id: two flows may have had one 5-tuple */
	const struct finding *finding;
	size_t row;
};

static int by_five_tuple(const struct finding *f, const struct finding *g)
{
	int order = addr_compare(&f->client, &g->client);
	if (!order)
		order = addr_compare(&f->server, &g->server);
	if (!order)
		order = (f->client_port > g->client_port) - (f->client_port < g->client_port);
	if (!order)
		order = (f->server_port > g->server_port) - (f->server_port < g->server_port);
	return order ? order : (f->l4_proto > g->l4_proto) - (f->l4_proto < g->l4_proto);
}

static int by_frame(const struct entry *a, const struct entry *b)
{
	if (a->frame != b->frame)
		return a->frame < b->frame ? -1 : 1;
	if (a->trigger_of != b->trigger_of)
		return a->trigger_of < b->trigger_of ? -1 : 1;
	return by_five_tuple(a->finding, b->finding);
}

/* The strongest, then the first, of a frame leads. */
static int by_frame_and_strength(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = by_frame(x, y);
	if (!order)
		order = (x->finding->score_db < y->finding->score_db) - (x->finding->score_db > y->finding->score_db);
	return order ? order : (x->row > y->row) - (x->row < y->row);
}

static size_t enter(struct entry *entries, struct finding *const *all, size_t count)
{
	size_t n = 0;
	for (size_t i = 0; i < count; i++) {
		const struct finding *f = all[i];
		for (size_t k = 0; k < f->suspect_count; k++)
			entries[n++] = (struct entry){.frame = f->suspects[k].number, .finding = f, .row = i};
		if (f->trigger.number)
			entries[n++] = (struct entry){.frame = f->trigger.number,
			                              .trigger_of = f->flow_id + 1,
			                              .finding = f,
			                              .row = i};
	}
	return n;
}

static bool stronger(const struct entry *a, const struct entry *b)
{
	int32_t x = a->finding->score_db, y = b->finding->score_db;
	return x != y ? x > y : a->row < b->row;
}

void incident_name_all(struct finding *const *all, size_t count)
{
	size_t room = 1;
	for (size_t i = 0; i < count; i++) {
		memcpy(all[i]->incident, all[i]->id, sizeof all[i]->incident);
		room += all[i]->suspect_count + 1;
	}
	struct entry *entries = calloc(room, sizeof *entries);
	const struct entry **best = calloc(count + 1, sizeof(const struct entry *));
	if (entries && best) {
		size_t n = enter(entries, all, count);
		qsort(entries, n, sizeof *entries, by_frame_and_strength);
		for (size_t i = 0, lead = 0; i < n; i++) {
			if (by_frame(&entries[lead], &entries[i]) != 0)
				lead = i;
			size_t row = entries[i].row;
			if (!best[row] || stronger(&entries[lead], best[row]))
				best[row] = &entries[lead];
		}
		for (size_t i = 0; i < count; i++)
			if (best[i])
				memcpy(all[i]->incident, best[i]->finding->id, sizeof all[i]->incident);
	}
	free(best);
	free(entries);
}
