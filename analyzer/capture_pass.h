/*
 * The capture pass: what the logical shards found, put together once every flow is closed. Attempts are sorted, each detector draws its
 * conclusions, findings are set beside what else the client did (contrasts, guards), weighed and ordered.
 */
#pragma once

#include "analyzer/detect/judge.h"
#include "analyzer/shard.h"

struct capture_pass {
	struct shard *const *shards;
	size_t shard_count;
	const struct pipeline_config *config;
	int64_t first_ns, last_ns; /* capture clock; FRAME_NO_TIME: no frame has a time */
	bool raw_ip;
	uint64_t interface_drops;
	const struct sink *sink; /* told between the steps that the pass goes on; NULL: nobody */
};

/* What it leaves; capture_pass_free gives all of it back, findings too. */
struct capture_result {
	struct finding **findings; /* in the order of the table */
	size_t count;
	enum vantage vantage;
	uint64_t dropped; /* attempts and findings over a limit */
	uint64_t *tested; /* by mechanism, of the capture pass alone */
	struct candidates candidates;
	struct attempt_table attempts;
	struct census census;
	struct arena arena;
};

/* The shards are finished (shard_finish). ERR_NOMEM only, then nothing is left to free. */
int capture_pass_run(const struct capture_pass *pass, struct capture_result **result, struct err *e);
void capture_pass_free(struct capture_result *r); /* NULL is legal */
