/* Attempts made by hand, for tests of the capture pass: one client (10.0.0.1), what it tried, second by second. */
#pragma once

#include "analyzer/detect/attempt.h"

#define ATTEMPTS_START_NS (INT64_C(1700000000) * 1000000000)

struct attempts_made {
	struct attempts log;
	struct attempt_table table;
	uint64_t tried;
};

/* A connected TLS attempt to 192.0.2.<host>:443 that many seconds after the start. Flow ids count up from 1. The pointer is good
 * until the next. */
struct attempt *attempts_try(struct attempts_made *m, double second, unsigned host, const char *name,
                             enum attempt_outcome outcome);
/* Sorts what was tried so far. */
const struct attempt_table *attempts_sorted(struct attempts_made *m);
void attempts_forget(struct attempts_made *m);
