/* See attempts.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/attempts.h"
#include "tests/support/events.h"

struct attempt *attempts_try(struct attempts_made *m, double second, unsigned host, const char *name,
                             enum attempt_outcome outcome)
{
	uint64_t id = ++m->tried;
	struct attempt a = {
	    .client = addr_parse("10.0.0.1"),
	    .server = addr_parse("192.0.2.1"),
	    .client_port = (uint16_t)(40000 + id),
	    .server_port = 443,
	    .l4_proto = IPPROTO_TCP,
	    .outcome = (uint8_t)outcome,
	    .trigger = TRIGGER_TLS,
	    .flags = ATTEMPT_CONNECTED,
	    .name = name,
	    .first_ns = ATTEMPTS_START_NS + (int64_t)(second * 1e9),
	    .flow_id = id,
	    .frame = {.number = id * 10, .wire_len = 60},
	    .first_payload = 500,
	    .bytes = {500, outcome == ATTEMPT_ANSWERED ? 5000 : 0},
	    .rtt_min_ns = -1,
	};
	a.server.bytes[3] = (uint8_t)host;
	a.asked_ns = a.last_ns = a.frame.ts_ns = a.first_ns;
	a.acknowledged = outcome == ATTEMPT_UNACKED ? 0 : 500;
	attempts_add(&m->log, &a);
	return &m->log.items[m->log.count - 1];
}

const struct attempt_table *attempts_sorted(struct attempts_made *m)
{
	const struct attempts *logs[] = {&m->log};
	struct err e;
	attempt_table_free(&m->table);
	if (attempt_table_init(&m->table, logs, 1, &e) != 0)
		fail_msg("%s", e.text);
	return &m->table;
}

void attempts_forget(struct attempts_made *m)
{
	attempt_table_free(&m->table);
	attempts_free(&m->log);
}
