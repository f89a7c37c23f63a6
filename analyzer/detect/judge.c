/* Guards over the whole capture, weighing, order, incidents. */
#include "analyzer/detect/judge.h"

#include <stdlib.h>

enum {
	COPIES_PERCENT = 5, /* G4: more copies than this mark the file */
	PORTAL_NAMES = 3,   /* G21: unrelated names that lead to one private host */
};

#define PORTAL_NS (INT64_C(600) * 1000000000) /* "in the same minutes" */

static bool is_tcp_contradiction(const struct finding *f)
{
	return f->kind == KIND_CONTRADICTION && f->l4_proto == IPPROTO_TCP;
}

/*
 * G23: what a recorder's own TCP stack says proves nothing about the network. What was said over it stays: a page that
 * matched a signature is a match again, with the weight of the signature alone.
 */
static bool withdrawn(struct finding *f, bool terminated_locally)
{
	size_t kept = 0;
	if (!terminated_locally || !is_tcp_contradiction(f))
		return false;
	if (f->signature_count == 0)
		return true;
	for (size_t i = 0; i < f->term_count; i++)
		if (strcmp(f->terms[i].group, "db") == 0)
			f->terms[kept++] = f->terms[i];
	f->term_count = kept;
	f->kind = KIND_MATCH;
	f->guards_named |= 1U << GUARD_TERMINATED_LOCALLY;
	return false;
}

/* G4: with many copies in the file, the size of a burst may be the mirror port's doing. */
static void mark_duplicates(struct finding *f, const struct judge *j)
{
	if (j->copies * 100 > j->eligible * COPIES_PERCENT)
		f->guards_named |= 1U << GUARD_DUPLICATE_CAPTURE;
}

static bool has_scope(const struct finding *f, enum sig_scope worst)
{
	for (size_t i = 0; i < f->signature_count; i++)
		if (f->signatures[i]->scope <= worst)
			return true;
	return false;
}

static const char *detail_value(const struct finding *f, const char *key)
{
	for (size_t i = 0; i < f->detail_count; i++)
		if (strcmp(f->details[i].key, key) == 0)
			return f->details[i].value;
	return NULL;
}

/* Where the client is led to, as far as a portal would do it: the private address of a forged answer or redirect. */
static const char *portal_target(const struct finding *f)
{
	return has_scope(f, SIG_ISP) ? NULL : detail_value(f, "private_target");
}

static bool same_portal(const struct finding *a, const struct finding *b, const char *target)
{
	const char *other = portal_target(b);
	int64_t apart = a->suspects[0].ts_ns - b->suspects[0].ts_ns;
	return other && strcmp(target, other) == 0 && addr_equal(&a->client, &b->client) && apart < PORTAL_NS &&
	       apart > -PORTAL_NS;
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

/* G21: a login portal answers for everybody. */
static bool is_portal(struct finding *const *all, size_t count, const struct finding *f)
{
	const char *target = portal_target(f);
	const char *seen[PORTAL_NAMES];
	size_t names = 0;
	if (!target || !f->name || f->suspect_count == 0)
		return false;
	for (size_t i = 0; i < count && names < PORTAL_NAMES; i++) {
		if (!all[i]->name || all[i]->suspect_count == 0 || !same_portal(f, all[i], target))
			continue;
		const char *domain = registrable(all[i]->name);
		bool known = false;
		for (size_t k = 0; k < names; k++)
			known |= strcmp(seen[k], domain) == 0;
		if (!known)
			seen[names++] = domain;
	}
	return names == PORTAL_NAMES;
}

static void become_informational(struct finding *f, const char *mechanism, enum guard because)
{
	f->mechanism = mechanism_find(mechanism);
	f->kind = KIND_INFORMATIONAL;
	f->stage = f->protocol = NULL;
	f->guards_named |= 1U << because;
	f->least = LABEL_NONE;
}

/* G2: a machine that lost packets may have lost those that would explain the others. */
static void mark_capture_loss(struct finding *f, const struct judge *j)
{
	static const char *const needs_all[] = {"rst_seq_change", "rst_ack_change"};
	if (j->interface_drops == 0)
		return;
	f->guards_named |= 1U << GUARD_CAPTURE_LOSS;
	for (size_t i = 0; i < sizeof needs_all / sizeof *needs_all; i++)
		if (strcmp(f->mechanism->id, needs_all[i]) == 0)
			f->guards_failed |= 1U << GUARD_CAPTURE_LOSS;
}

/* A signature of a state or a provider says that the name was chosen; what else was, only a contrast could say. */
static void select_by_signature(struct finding *f)
{
	if (f->name && f->kind != KIND_INFORMATIONAL && has_scope(f, SIG_ISP))
		f->selectivity = SELECT_NAME;
}

static void apply_guards(struct finding *const *all, size_t count, struct finding *f, const struct judge *j)
{
	mark_duplicates(f, j);
	mark_capture_loss(f, j);
	bool soft = f->kind == KIND_MATCH || f->kind == KIND_SYMPTOM;
	if (soft && is_portal(all, count, f))
		become_informational(f, "captive_portal", GUARD_CAPTIVE_PORTAL);
	else if (soft && (f->guards_named & 1U << GUARD_LOCAL_BOX))
		become_informational(f, "local_interference", GUARD_LOCAL_BOX);
	select_by_signature(f);
}

static int by_table_order(const void *a, const void *b)
{
	const struct finding *f = *(const struct finding *const *)a, *g = *(const struct finding *const *)b;
	uint64_t x = f->suspects[0].number, y = g->suspects[0].number;
	if (x != y)
		return x < y ? -1 : 1;
	int mechanism = strcmp(f->mechanism->id, g->mechanism->id);
	return mechanism ? mechanism : strcmp(f->id, g->id);
}

static bool shares_frame(const struct finding *a, const struct finding *b)
{
	if (a->trigger.number && a->trigger.number == b->trigger.number && a->flow_id == b->flow_id)
		return true;
	for (size_t i = 0; i < a->suspect_count; i++)
		for (size_t k = 0; k < b->suspect_count; k++)
			if (a->suspects[i].number == b->suspects[k].number)
				return true;
	return false;
}

static bool same_flow(const struct finding *a, const struct finding *b)
{
	return a->client_port == b->client_port && a->server_port == b->server_port && a->l4_proto == b->l4_proto &&
	       addr_equal(&a->client, &b->client) && addr_equal(&a->server, &b->server);
}

static int by_flow(const void *a, const void *b)
{
	const struct finding *f = *(const struct finding *const *)a, *g = *(const struct finding *const *)b;
	int order = addr_compare(&f->client, &g->client);
	if (!order)
		order = addr_compare(&f->server, &g->server);
	if (!order)
		order = (f->client_port > g->client_port) - (f->client_port < g->client_port);
	if (!order)
		order = (f->server_port > g->server_port) - (f->server_port < g->server_port);
	if (!order)
		order = (f->l4_proto > g->l4_proto) - (f->l4_proto < g->l4_proto);
	return order ? order : by_table_order(a, b);
}

/* Findings of one flow that share a suspect or trigger frame are one incident, named after the strongest, then the first. */
static void incidents(struct finding **run, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct finding *best = NULL;
		for (size_t k = 0; k < count; k++)
			if (shares_frame(run[i], run[k]) && (!best || run[k]->score_db > best->score_db))
				best = run[k];
		memcpy(run[i]->incident, best->id, sizeof run[i]->incident);
	}
}

static void name_incidents(struct finding **all, size_t count)
{
	qsort(all, count, sizeof *all, by_flow);
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && same_flow(all[i], all[end]); end++)
			;
		incidents(all + i, end - i);
	}
}

/* Keeps the first by frame of each mechanism. all[] is in table order. */
static size_t cap_mechanisms(struct finding **all, size_t count, const struct judge *j, uint64_t *dropped)
{
	size_t kept = 0;
	uint64_t *seen = calloc(mechanism_count, sizeof *seen);
	for (size_t i = 0; i < count; i++) {
		if (seen && ++seen[all[i]->mechanism - mechanisms] > j->max_findings)
			++*dropped;
		else
			all[kept++] = all[i];
	}
	free(seen);
	return kept;
}

size_t judge_all(struct finding **all, size_t count, const struct judge *j, uint64_t *dropped)
{
	size_t kept = 0;
	bool terminated_locally = census_terminated_locally(j->census, j->raw_ip);
	for (size_t i = 0; i < count; i++)
		if (!withdrawn(all[i], terminated_locally) && all[i]->suspect_count > 0)
			all[kept++] = all[i];
	for (size_t i = 0; i < kept; i++)
		apply_guards(all, kept, all[i], j);
	count = kept;
	kept = 0;
	for (size_t i = 0; i < count; i++) {
		finding_weigh(all[i]);
		finding_identify(all[i]);
		if (all[i]->label >= j->min_label)
			all[kept++] = all[i];
	}
	qsort(all, kept, sizeof *all, by_table_order);
	kept = cap_mechanisms(all, kept, j, dropped);
	name_incidents(all, kept);
	qsort(all, kept, sizeof *all, by_table_order);
	return kept;
}
