/*
 * name_contrast (docs/rules.md, "Name contrast"): one name fails at a place where others pass, whatever single flows show. One row a name
 * and kind of failure at a place, in the capture pass; its weight is the contrast's alone (contrast.h), so that it stays weak: servers
 * read names too. Failures that a server makes itself as a rule (closing, turning away) are left out.
 */
#include "analyzer/detect/contrast.h"
#include "analyzer/detect/detector.h"
#include "analyzer/detect/fisher.h"

#define WINDOW_NS (INT64_C(300) * 1000000000 * 2) /* two bins to either side */

enum {
	FAIL_LEAST = 3,
	OK_MOST = 1,
	CONTROL_OK_LEAST = 3,
	P_MOST = P_UNIT / 20,
	LOOKED_AT = 64, /* failing names at one place; further ones are not looked at */
};

static const enum attempt_outcome failures[] = {ATTEMPT_UNACKED, ATTEMPT_STALLED, ATTEMPT_RESET, ATTEMPT_SILENCE};

static bool differs(struct attempt_range place, const struct attempt *a)
{
	struct contrast_counts n =
	    contrast_count(place, a->name, 1U << a->outcome, a->asked_ns - WINDOW_NS, a->asked_ns + WINDOW_NS);
	return n.fail >= FAIL_LEAST && n.ok <= OK_MOST && n.ctrl_ok >= CONTROL_OK_LEAST &&
	       fisher_one_sided(n.fail, n.ok, n.ctrl_fail, n.ctrl_ok) < P_MOST;
}

static void propose(struct conclusion *c, struct attempt_range place, const struct attempt *first)
{
	struct finding f = {.mechanism = mechanism_find("name_contrast"), .kind = KIND_SYMPTOM, .to_client = true};
	finding_attempt(&f, first);
	f.vantage = c->vantage;
	f.contrast = 1U << first->outcome;
	for (size_t i = 0; i < place.count; i++)
		if (place.at[i]->outcome == first->outcome && same_name(place.at[i]->name, first->name))
			finding_evidence(&f, place.at[i]->frame);
	finding_detail(&f, "failure", attempt_outcome_name((enum attempt_outcome)first->outcome));
	conclusion_propose(c, &f);
}

static bool is_failure(const struct attempt *a)
{
	for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
		if (a->name && a->outcome == failures[i])
			return true;
	return false;
}

static bool looked_at(const struct attempt *const *seen, size_t count, const struct attempt *a)
{
	for (size_t i = 0; i < count; i++)
		if (seen[i]->outcome == a->outcome && same_name(seen[i]->name, a->name))
			return true;
	return false;
}

static void look_at_place(struct conclusion *c, struct attempt_range place)
{
	const struct attempt *seen[LOOKED_AT];
	size_t count = 0;
	for (size_t i = 0; i < place.count && count < LOOKED_AT; i++) {
		const struct attempt *a = place.at[i];
		if (!is_failure(a) || looked_at(seen, count, a))
			continue;
		seen[count++] = a;
		c->tested[mechanism_find("name_contrast") - mechanisms]++;
		if (differs(place, a))
			propose(c, place, a);
	}
}

static void conclude(struct conclusion *c)
{
	const struct attempt_table *t = c->attempts;
	for (size_t i = 0; i < t->count;) {
		const struct attempt *a = t->by_place[i];
		struct attempt_range place = attempts_at(t, &a->client, &a->server, a->l4_proto, a->server_port);
		if (place.count >= FAIL_LEAST + CONTROL_OK_LEAST)
			look_at_place(c, place);
		i += place.count;
	}
}

const struct detector detector_name_contrast = {
    .name = "name_contrast",
    .summary = "names that fail where others pass",
    .conclude = conclude,
};
