/* Guards over the whole capture, weighing, order, incidents. */
#include "analyzer/detect/judge.h"

#include <stdlib.h>

#include "analyzer/detect/incident.h"
#include "analyzer/detect/portal.h"

enum { COPIES_PERCENT = 5 }; /* G4: more copies than this mark the file */

static bool is_tcp_contradiction(const struct finding *f)
{
	return f->kind == KIND_CONTRADICTION && f->l4_proto == IPPROTO_TCP;
}

/* Header fields of resets are all that these look at. */
static bool is_about_resets(const struct finding *f)
{
	return strcmp(f->mechanism->id, "rst_fingerprint") == 0 || strcmp(f->mechanism->id, "rst_with_payload") == 0;
}

/*
 * G23: what a recorder's own TCP stack says proves nothing about the network. What was said over it stays: a page that
 * matched a signature is a match again, with the weight of the signature alone.
 */
static bool withdrawn(struct finding *f, bool terminated_locally)
{
	size_t kept = 0;
	if (!terminated_locally || (!is_tcp_contradiction(f) && !is_about_resets(f)))
		return false;
	if (f->signature_count == 0 || is_about_resets(f))
		return true;
	for (size_t i = 0; i < f->term_count; i++)
		if (strcmp(f->terms[i].group, "db") == 0)
			f->terms[kept++] = f->terms[i];
	f->term_count = kept;
	f->kind = KIND_MATCH;
	f->guards_named |= 1U << GUARD_TERMINATED_LOCALLY;
	return false;
}

static bool copied_file(const struct judge *j)
{
	return j->copies * 100 > j->eligible * COPIES_PERCENT;
}

/* G4: with many copies in the file, the size of a burst may be the mirror port's doing. */
static void mark_duplicates(struct finding *f, const struct judge *j)
{
	if (copied_file(j))
		f->guards_named |= 1U << GUARD_DUPLICATE_CAPTURE;
}

static bool has_scope(const struct finding *f, enum sig_scope worst)
{
	for (size_t i = 0; i < f->signature_count; i++)
		if (f->signatures[i]->scope <= worst)
			return true;
	return false;
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

static bool is_soft(const struct finding *f)
{
	return f->kind == KIND_MATCH || f->kind == KIND_SYMPTOM;
}

static void become_portal(struct finding *f)
{
	if (is_soft(f))
		become_informational(f, "captive_portal", GUARD_CAPTIVE_PORTAL);
}

/* A row of action hint is no finding by itself: another group has to agree. */
static bool rests_on_hint(const struct finding *f)
{
	bool hint = false, other = false;
	for (size_t i = 0; i < f->term_count; i++) {
		bool is_hint = strcmp(f->terms[i].id, "E09_hint") == 0;
		hint |= is_hint;
		other |= !is_hint && f->terms[i].db > 0;
	}
	return hint && !other;
}

static void apply_guards(struct finding *f, const struct judge *j)
{
	mark_duplicates(f, j);
	mark_capture_loss(f, j);
	if (is_soft(f) && (f->guards_named & 1U << GUARD_LOCAL_BOX))
		become_informational(f, "local_interference", GUARD_LOCAL_BOX);
	select_by_signature(f);
}

static int compare_details(const struct finding *f, const struct finding *g)
{
	for (size_t i = 0; i < f->detail_count && i < g->detail_count; i++) {
		int order = strcmp(f->details[i].key, g->details[i].key);
		if (!order)
			order = strcmp(f->details[i].value, g->details[i].value);
		if (order)
			return order;
	}
	return (f->detail_count > g->detail_count) - (f->detail_count < g->detail_count);
}

/* What tells two findings of one mechanism and the same frames apart: two answers in one packet. */
static int compare_twins(const struct finding *f, const struct finding *g)
{
	if (f->trigger.number != g->trigger.number)
		return f->trigger.number < g->trigger.number ? -1 : 1;
	int order = strcmp(f->name ? f->name : "", g->name ? g->name : "");
	if (!order)
		order = compare_details(f, g);
	return order ? order : (f->score_db < g->score_db) - (f->score_db > g->score_db);
}

static int by_table_order(const void *a, const void *b)
{
	const struct finding *f = *(const struct finding *const *)a, *g = *(const struct finding *const *)b;
	uint64_t x = finding_frame(f)->number, y = finding_frame(g)->number;
	if (x != y)
		return x < y ? -1 : 1;
	int order = strcmp(f->mechanism->id, g->mechanism->id);
	if (!order)
		order = strcmp(f->id, g->id);
	return order ? order : compare_twins(f, g);
}

/* all[] is in table order, so findings with one id stand together. Leaves it in table order. */
static void tell_apart(struct finding **all, size_t count)
{
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && strcmp(all[i]->id, all[end]->id) == 0; end++)
			;
		for (size_t k = i + 1; k < end; k++)
			finding_identify_twin(all[k], k - i);
	}
	qsort(all, count, sizeof *all, by_table_order);
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
		if (!withdrawn(all[i], terminated_locally) && !rests_on_hint(all[i]) &&
		    finding_frame(all[i])->number > 0 && !(all[i]->rests_on_copies && copied_file(j)))
			all[kept++] = all[i];
	count = kept;
	kept = 0;
	portal_search(all, count, become_portal);
	for (size_t i = 0; i < count; i++) {
		apply_guards(all[i], j);
		finding_weigh(all[i], j->weights);
		finding_identify(all[i]);
	}
	qsort(all, count, sizeof *all, by_table_order);
	tell_apart(all, count);
	for (size_t i = 0; i < count; i++)
		if (all[i]->label >= j->min_label)
			all[kept++] = all[i];
	kept = cap_mechanisms(all, kept, j, dropped);
	incident_name_all(all, kept);
	return kept;
}
