/* flow_index.h: many tunnels that carry the same addresses and ports, and the order in which flows learn their way back. */
#include "analyzer/net/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { TUNNELS = 5000 };

static void nobody(void *context, struct flow *f, enum flow_end why)
{
	(void)context, (void)f, (void)why;
}

static struct flow_table *table_new(void)
{
	const struct flow_limits limits = {.flows = 2 * TUNNELS,
	                                   .tcp_idle_ns = 1,
	                                   .closed_idle_ns = 1,
	                                   .other_idle_ns = 1};
	struct flow_table *t = flow_table_new(&limits, 0, nobody, NULL);
	assert_non_null(t);
	return t;
}

static struct flow *speak(struct flow_table *t, enum dir speaks, uint64_t way)
{
	struct frame frame = {.number = 1, .ts_ns = FRAME_NO_TIME};
	struct addr client = {4, {10, 0, 0, 1}}, server = {4, {10, 0, 0, 2}};
	bool up = speaks == DIR_UP;
	struct packet p = {.frame = &frame,
	                   .src = up ? client : server,
	                   .dst = up ? server : client,
	                   .sport = up ? 40000 : 53,
	                   .dport = up ? 53 : 40000,
	                   .l4_proto = IPPROTO_UDP,
	                   .has_l4 = true,
	                   .tunnel_shared = 7,
	                   .tunnel_way = way};
	enum dir dir;
	struct flow *f = flow_touch(t, &p, &dir);
	assert_non_null(f);
	assert_int_equal(dir, speaks);
	assert_ptr_equal(flow_peek(t, &p), f);
	return f;
}

static void each_tunnel_is_a_flow(void **state)
{
	struct flow_table *t = table_new();
	(void)state;
	for (uint64_t way = 1; way <= TUNNELS; way++)
		assert_int_equal(speak(t, DIR_UP, way)->id, way);
	/* The answers' own ids are new: each joins the oldest flow that has heard none. */
	for (uint64_t way = 1; way <= TUNNELS; way++)
		assert_int_equal(speak(t, DIR_DOWN, TUNNELS + way)->id, way);
	for (uint64_t way = 1; way <= TUNNELS; way++) {
		assert_int_equal(speak(t, DIR_UP, way)->id, way);
		assert_int_equal(speak(t, DIR_DOWN, TUNNELS + way)->id, way);
	}
	assert_int_equal(flow_counts(t)->opened, TUNNELS);
	flow_table_close_all(t);
	flow_table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_tunnel_is_a_flow)};
	return cmocka_run_group_tests_name("flow_index", tests, NULL, NULL);
}
