/*
 * The control experiment for rates (docs/rules.md, "Name contrast"): at what rate did the same client get other things at the
 * same time? A network that is slow is slow for every name.
 */
#pragma once

#include "analyzer/detect/conclusion.h"

enum { SLOW_CONTROL_TIMES = 5 }; /* a control is at least so much faster */
#define SLOW_CONTROL_NS (INT64_C(60) * 1000000000)

/* A transfer that was slow, with the finding that says so. */
struct slow {
	struct finding *finding;
	uint64_t rate_bps;
	int64_t first_ns, last_ns;
	enum dir dir;
};

/* The fastest other transfer of the client within SLOW_CONTROL_NS whose name is another; NULL: none is fast enough. */
const struct attempt *slow_control(const struct conclusion *c, const struct slow *s);

/* Was the same name fast too, for longer than a bucket's burst? */
bool slow_name_was_fast(const struct conclusion *c, const struct slow *s);

/*
 * Fisher's exact test for each name among the slow ones, against the other names that the client got fast or slow: at the
 * same address where it can (selectivity becomes name), else anywhere (half the weight, since a server may limit its own
 * connections). Three slow tries, at most one fast one, three fast controls; adjusted over all names.
 */
void slow_contrast(const struct conclusion *c, struct slow *all, size_t count);
