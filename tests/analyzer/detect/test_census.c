/* Counting over flows: whose TCP it is (G23), from where the capture was made, and that shards add up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analyzer/detect/census.h"
#include "tests/support/events.h"

/* A flow at its close: the hops that SYN and SYN/ACK have come. */
static void answered(struct census *c, unsigned server, uint8_t syn_ttl, uint8_t synack_ttl, uint16_t window)
{
	struct tcp_flow tcp = {0};
	struct flow f = {.tcp = &tcp,
	                 .server = {.version = 4, .bytes = {192, 0, (uint8_t)(server / 256), (uint8_t)server}}};
	tcp.side[DIR_UP].syn = (struct sample){.frame = {.number = 1}, .ttl = syn_ttl};
	tcp.side[DIR_DOWN].syn = (struct sample){.frame = {.number = 2},
	                                         .ttl = synack_ttl,
	                                         .window = window,
	                                         .options_len = 20,
	                                         .options_seen = TCPOPT_SEEN_MSS | TCPOPT_SEEN_WSCALE};
	census_flow(c, &f);
}

static struct census *census(void)
{
	struct census *c = calloc(1, sizeof *c);
	assert_non_null(c);
	return c;
}

static void five_servers_that_answer_alike_are_one_machine(void **state)
{
	(void)state;
	for (unsigned n = 4; n <= 5; n++) {
		struct census *c = census();
		for (unsigned i = 0; i < n; i++)
			answered(c, i, 64, 64, 65535);
		assert_int_equal(census_terminated_locally(c, false), n == 5);
		free(c);
	}
}

/* One connection more to a server is no further server. */
static void a_server_counts_once(void **state)
{
	(void)state;
	struct census *c = census();
	for (unsigned i = 0; i < 40; i++)
		answered(c, i % 4, 64, 64, 65535);
	assert_int_equal(c->server_count, 4);
	assert_false(census_terminated_locally(c, false));
	free(c);
}

/* Its clients are in several shards. */
static void a_server_of_several_shards_counts_once(void **state)
{
	(void)state;
	struct census *whole = census();
	for (unsigned shard = 0; shard < 6; shard++) {
		struct census *c = census();
		answered(c, 1, 64, 64, 65535);
		answered(c, 2 + shard / 4, 64, 64, 65535);
		census_merge(whole, c);
		free(c);
	}
	assert_int_equal(whole->server_count, 3);
	assert_int_equal(whole->profile_count, 1);
	assert_int_equal(whole->profiles[0].servers, 3);
	assert_false(census_terminated_locally(whole, false));
	free(whole);
}

/* Each server of a recorder's capture may be in another shard. */
static void servers_of_all_shards_are_counted_together(void **state)
{
	(void)state;
	struct census *whole = census();
	for (unsigned shard = 0; shard < 5; shard++) {
		struct census *c = census();
		answered(c, shard, 64, 64, 65535);
		c->vantage[VANTAGE_CLIENT] = shard;
		census_merge(whole, c);
		free(c);
	}
	assert_true(census_terminated_locally(whole, false));
	assert_int_equal(whole->vantage[VANTAGE_CLIENT], 10);
	free(whole);
}

/* Its own SYN/ACKs have crossed no router; the SYNs of its clients have. */
static void a_capture_at_servers_is_not_one_machine(void **state)
{
	(void)state;
	struct census *c = census();
	for (unsigned i = 0; i < 8; i++)
		answered(c, i, 51, 64, 65535);
	assert_false(census_terminated_locally(c, true));
	free(c);
}

static void a_capture_at_a_client_is_not_one_machine(void **state)
{
	(void)state;
	struct census *c = census();
	for (unsigned i = 0; i < 8; i++)
		answered(c, i, 64, 52, 65535);
	assert_false(census_terminated_locally(c, true));
	free(c);
}

static void servers_that_differ_are_several(void **state)
{
	(void)state;
	struct census *c = census();
	for (unsigned i = 0; i < 8; i++)
		answered(c, i, 64, 64, (uint16_t)(20000 + i % 2));
	assert_false(census_terminated_locally(c, false));
	free(c);
}

/* Nine in ten: a neighbour on the local network may answer for itself. */
static void a_share_of_nine_tenths_is_asked_for(void **state)
{
	(void)state;
	for (unsigned others = 1; others <= 2; others++) {
		struct census *c = census();
		for (unsigned i = 0; i < 9; i++)
			answered(c, i, 64, 64, 65535);
		for (unsigned i = 0; i < others; i++)
			answered(c, 100 + i, 64, 128, 8192);
		assert_int_equal(census_terminated_locally(c, false), others == 1);
		free(c);
	}
}

/* A tunnel device: two suffice, if all are alike. */
static void raw_ip_needs_fewer(void **state)
{
	(void)state;
	struct census *c = census();
	answered(c, 0, 64, 64, 65535);
	assert_false(census_terminated_locally(c, true));
	answered(c, 1, 64, 64, 65535);
	assert_true(census_terminated_locally(c, true));
	assert_false(census_terminated_locally(c, false));
	answered(c, 2, 64, 50, 65535);
	assert_false(census_terminated_locally(c, true));
	free(c);
}

static void unanswered_and_other_flows_do_not_count(void **state)
{
	(void)state;
	struct census *c = census();
	struct tcp_flow tcp = {0};
	struct flow f = {.server = {.version = 4}};
	census_flow(c, &f);
	f.tcp = &tcp;
	census_flow(c, &f);
	assert_int_equal(c->server_count, 0);
	assert_int_equal(c->vantage[VANTAGE_UNKNOWN], 1);
	assert_false(census_terminated_locally(c, true));
	free(c);
}

/* Beyond both caps nothing is written, and what is not remembered speaks against one machine. */
static void memory_is_bounded(void **state)
{
	(void)state;
	struct census *c = census(), *whole = census();
	for (unsigned i = 0; i < 2 * CENSUS_SERVERS_MAX; i++)
		answered(c, i, 64, 64, (uint16_t)(i < CENSUS_PROFILES_MAX ? i : 50000 + i));
	assert_int_equal(c->server_count, CENSUS_SERVERS_MAX);
	assert_int_equal(c->servers_unremembered, CENSUS_SERVERS_MAX);
	assert_int_equal(c->profile_count, CENSUS_PROFILES_MAX);
	assert_int_equal(c->profiles_unremembered, CENSUS_SERVERS_MAX - CENSUS_PROFILES_MAX);
	census_merge(whole, c);
	assert_int_equal(whole->profiles_unremembered, c->profiles_unremembered);
	assert_int_equal(whole->servers_unremembered, c->servers_unremembered);
	census_merge(whole, c);
	assert_int_equal(whole->server_count, CENSUS_SERVERS_MAX);
	assert_false(census_terminated_locally(whole, false));
	free(whole);
	free(c);
}

static enum vantage vantage_of(int64_t server_us, int64_t client_us, uint16_t flags)
{
	struct tcp_flow tcp = {0};
	struct flow f = {.tcp = &tcp, .flags = flags};
	if (server_us >= 0)
		rtt_add(&tcp.rtt[DIR_UP], server_us * 1000, (struct frame_ref){.number = 2});
	if (client_us >= 0)
		rtt_add(&tcp.rtt[DIR_DOWN], client_us * 1000, (struct frame_ref){.number = 3});
	return census_vantage(&f);
}

static void the_near_end_answers_at_once(void **state)
{
	(void)state;
	assert_int_equal(vantage_of(40000, 100, FLOW_HANDSHAKE), VANTAGE_CLIENT);
	assert_int_equal(vantage_of(100, 40000, FLOW_HANDSHAKE), VANTAGE_SERVER);
	assert_int_equal(vantage_of(15000, 20000, FLOW_HANDSHAKE), VANTAGE_MIDDLE);
	assert_int_equal(vantage_of(1000, 999, FLOW_HANDSHAKE), VANTAGE_CLIENT);
	assert_int_equal(vantage_of(300, 100, FLOW_HANDSHAKE), VANTAGE_UNKNOWN); /* one room */
	assert_int_equal(vantage_of(40000, 100, 0), VANTAGE_UNKNOWN);
	assert_int_equal(vantage_of(40000, -1, FLOW_HANDSHAKE), VANTAGE_UNKNOWN);
	assert_int_equal(vantage_of(-1, 100, FLOW_HANDSHAKE), VANTAGE_UNKNOWN);
}

static void the_most_frequent_vantage_is_the_captures(void **state)
{
	(void)state;
	struct census *c = census();
	assert_int_equal(census_majority(c), VANTAGE_UNKNOWN);
	c->vantage[VANTAGE_UNKNOWN] = 100; /* says nothing */
	c->vantage[VANTAGE_SERVER] = 3;
	assert_int_equal(census_majority(c), VANTAGE_SERVER);
	c->vantage[VANTAGE_MIDDLE] = 3;
	assert_int_equal(census_majority(c), VANTAGE_UNKNOWN);
	c->vantage[VANTAGE_CLIENT] = 4;
	assert_int_equal(census_majority(c), VANTAGE_CLIENT);
	free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(five_servers_that_answer_alike_are_one_machine),
	    cmocka_unit_test(a_server_counts_once),
	    cmocka_unit_test(a_server_of_several_shards_counts_once),
	    cmocka_unit_test(servers_of_all_shards_are_counted_together),
	    cmocka_unit_test(a_capture_at_servers_is_not_one_machine),
	    cmocka_unit_test(a_capture_at_a_client_is_not_one_machine),
	    cmocka_unit_test(servers_that_differ_are_several),
	    cmocka_unit_test(a_share_of_nine_tenths_is_asked_for),
	    cmocka_unit_test(raw_ip_needs_fewer),
	    cmocka_unit_test(unanswered_and_other_flows_do_not_count),
	    cmocka_unit_test(memory_is_bounded),
	    cmocka_unit_test(the_near_end_answers_at_once),
	    cmocka_unit_test(the_most_frequent_vantage_is_the_captures),
	};
	return cmocka_run_group_tests_name("census", tests, NULL, NULL);
}
