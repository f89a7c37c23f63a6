/* From finished shards to findings in order. */
#include "analyzer/capture_pass.h"

#include <stdlib.h>

#include "analyzer/detect/contrast.h"
#include "analyzer/detect/guard.h"

enum { SHARE_PERCENT = 10 /* of the memory of a capture, for findings of the pass and texts */ };

/* All candidates of all shards, in shard order, then those of the pass itself. */
static int gather(const struct capture_pass *pass, struct capture_result *r)
{
	size_t total = r->candidates.count;
	for (size_t i = 0; i < pass->shard_count; i++)
		total += shard_candidates(pass->shards[i])->count;
	free(r->findings);
	r->count = 0;
	r->findings = malloc((total ? total : 1) * sizeof(struct finding *));
	if (!r->findings)
		return ERR_NOMEM;
	for (size_t i = 0; i <= pass->shard_count; i++) {
		const struct candidates *c = i < pass->shard_count ? shard_candidates(pass->shards[i]) : &r->candidates;
		for (size_t k = 0; k < c->count; k++)
			r->findings[r->count++] = c->items[k];
	}
	return 0;
}

static void step_done(const struct capture_pass *pass)
{
	if (pass->sink && pass->sink->alive)
		pass->sink->alive(pass->sink->context);
}

static int conclude(const struct capture_pass *pass, struct capture_result *r)
{
	void *runs[PIPELINE_SHARDS];
	struct conclusion c = {
	    .signatures = pass->config->signatures,
	    .weights = pass->config->weights,
	    .runs = runs,
	    .run_count = pass->shard_count,
	    .attempts = &r->attempts,
	    .census = &r->census,
	    .terminated_locally = census_terminated_locally(&r->census, pass->raw_ip),
	    .first_ns = pass->first_ns,
	    .last_ns = pass->last_ns,
	    .vantage = r->vantage,
	    .candidates = &r->candidates,
	    .arena = &r->arena,
	    .tested = r->tested,
	    .wanted = shard_wanted(pass->shards[0]),
	};
	for (size_t d = 0; detectors[d]; d++) {
		if (!detectors[d]->conclude)
			continue;
		if (gather(pass, r) != 0)
			return ERR_NOMEM;
		candidates_pin(&r->candidates);
		c.findings = r->findings;
		c.finding_count = r->count;
		for (size_t i = 0; i < pass->shard_count; i++)
			runs[i] = shard_run(pass->shards[i], d);
		detectors[d]->conclude(&c);
		step_done(pass);
	}
	return gather(pass, r);
}

static void weigh(const struct capture_pass *pass, struct capture_result *r)
{
	const struct contrast_input contrast = {.attempts = &r->attempts,
	                                        .weights = pass->config->weights,
	                                        .first_ns = pass->first_ns,
	                                        .arena = &r->arena};
	const struct guard_input guards = {.attempts = &r->attempts,
	                                   .weights = pass->config->weights,
	                                   .first_ns = pass->first_ns};
	struct judge j = {.census = &r->census,
	                  .weights = pass->config->weights,
	                  .raw_ip = pass->raw_ip,
	                  .interface_drops = pass->interface_drops,
	                  .min_label = pass->config->min_label,
	                  .max_findings = pass->config->max_findings};
	for (size_t i = 0; i < pass->shard_count; i++) {
		j.eligible += shard_duplicates(pass->shards[i])->eligible;
		j.copies += shard_duplicates(pass->shards[i])->copies;
	}
	contrast_all(r->findings, r->count, &contrast);
	step_done(pass);
	guard_all(r->findings, r->count, &guards);
	r->count = judge_all(r->findings, r->count, &j, &r->dropped);
	for (size_t i = 0; i < r->count; i++)
		if (r->findings[i]->vantage == VANTAGE_UNKNOWN)
			r->findings[i]->vantage = r->vantage;
}

static int prepare(const struct capture_pass *pass, struct capture_result *r, struct err *e)
{
	const struct attempts *logs[PIPELINE_SHARDS];
	size_t budget = pass->config->max_memory / 100 * SHARE_PERCENT;
	arena_init(&r->arena, budget);
	r->tested = calloc(mechanism_count, sizeof *r->tested);
	if (!r->tested)
		return err_set(e, ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < pass->shard_count; i++) {
		census_merge(&r->census, shard_census(pass->shards[i]));
		logs[i] = shard_attempts(pass->shards[i]);
		r->dropped += logs[i]->dropped;
	}
	r->vantage = census_majority(&r->census);
	if (candidates_init(&r->candidates, pass->config->max_findings, budget, e) != 0)
		return e->code;
	return attempt_table_init(&r->attempts, logs, pass->shard_count, e);
}

int capture_pass_run(const struct capture_pass *pass, struct capture_result **result, struct err *e)
{
	struct capture_result *r = *result = calloc(1, sizeof *r);
	if (!r)
		return err_set(e, ERR_NOMEM, "out of memory");
	int failed = prepare(pass, r, e);
	if (!failed && conclude(pass, r) != 0)
		failed = err_set(e, ERR_NOMEM, "out of memory");
	if (failed) {
		capture_pass_free(r);
		*result = NULL;
		return failed;
	}
	weigh(pass, r);
	r->dropped += r->candidates.dropped;
	return 0;
}

void capture_pass_free(struct capture_result *r)
{
	if (!r)
		return;
	free(r->findings);
	free(r->tested);
	candidates_free(&r->candidates);
	attempt_table_free(&r->attempts);
	arena_free(&r->arena);
	free(r);
}
