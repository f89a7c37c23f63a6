/* The flow table: who is the client, when a flow ends, which goes first when it is full. */
#include "tests/support/segments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct span nothing = {NULL, 0};

static struct segments *fresh(size_t flows)
{
	return segments_new(flows, 1 << 20, 1 << 20);
}

/* A packet without payload or acknowledgement, between the usual ports. */
static struct flow *send_bare(struct segments *s, enum dir d, unsigned flags, uint32_t seq)
{
	segments_make(s, d, flags, seq, 0, nothing);
	return segments_send(s);
}

static void later(struct segments *s, int64_t seconds)
{
	s->now_ns += MILLISECONDS(1000) * seconds;
}

static uint64_t opened(const struct segments *s)
{
	return flow_counts(s->table)->opened;
}

static struct packet *datagram(struct segments *s, enum dir d, uint16_t sport, uint16_t dport)
{
	struct packet *p = segments_make(s, d, 0, 0, 0, span_text("x"));
	p->l4_proto = IPPROTO_UDP;
	p->sport = sport;
	p->dport = dport;
	return p;
}

static void who_asks_is_the_client(void **state)
{
	struct segments *s = fresh(64);
	(void)state;
	struct flow *f = send_bare(s, DIR_UP, TCP_SYN, 100);
	assert_int_equal(f->client_port, 40000);
	assert_int_equal(f->server_port, 80);
	assert_int_equal(f->id, 1);
	assert_false(f->flags & FLOW_MIDSTREAM);
	assert_ptr_equal(send_bare(s, DIR_DOWN, TCP_SYN | TCP_ACK, 200), f);
	assert_int_equal(f->packets[DIR_UP], 1);
	assert_int_equal(f->packets[DIR_DOWN], 1);
	/* A SYN/ACK comes from the server, whatever the ports. */
	segments_make(s, DIR_UP, TCP_SYN | TCP_ACK, 1, 1, nothing)->sport = 81;
	assert_int_equal(segments_send(s)->client_port, 80);
	assert_true(s->flow->flags & FLOW_MIDSTREAM);
	/* A SYN comes from the client, even from a well-known port. */
	segments_make(s, DIR_DOWN, TCP_SYN, 1, 0, nothing)->dport = 40001;
	assert_int_equal(segments_send(s)->client_port, 80);
	/* In the middle, the well-known port serves; else who is heard first asks. */
	segments_make(s, DIR_DOWN, TCP_ACK, 1, 1, nothing)->dport = 40002;
	assert_int_equal(segments_send(s)->client_port, 40002);
	assert_true(s->flow->flags & FLOW_MIDSTREAM);
	struct packet *p = segments_make(s, DIR_DOWN, TCP_ACK, 1, 1, nothing);
	p->sport = 8080, p->dport = 40003;
	assert_int_equal(segments_send(s)->client_port, 8080);
	datagram(s, DIR_DOWN, 53, 5353);
	assert_int_equal(segments_send(s)->server_port, 53);
	assert_null(s->flow->tcp);
	datagram(s, DIR_DOWN, 123, 123);
	segments_send(s);
	assert_int_equal(s->flow->server.bytes[0], 10);
	assert_int_equal(opened(s), 7);
	segments_free(s);
}

static void protocols_and_ports_keep_apart(void **state)
{
	struct segments *s = fresh(64);
	(void)state;
	struct flow *tcp = send_bare(s, DIR_UP, TCP_SYN, 100);
	datagram(s, DIR_UP, 40000, 80);
	assert_ptr_not_equal(segments_send(s), tcp);
	segments_make(s, DIR_UP, TCP_SYN, 1, 0, nothing)->dport = 81;
	assert_ptr_not_equal(segments_send(s), tcp);
	segments_make(s, DIR_UP, TCP_SYN, 1, 0, nothing)->dst.bytes[3] = 81;
	assert_ptr_not_equal(segments_send(s), tcp);
	segments_make(s, DIR_UP, TCP_SYN, 1, 0, nothing)->tunnel_shared = 5;
	assert_ptr_not_equal(segments_send(s), tcp);
	/* IPv6 addresses with the same first bytes. */
	struct packet *p = segments_make(s, DIR_UP, TCP_SYN, 1, 0, nothing);
	p->src.version = p->dst.version = 6;
	assert_ptr_not_equal(segments_send(s), tcp);
	assert_int_equal(opened(s), 6);
	segments_free(s);
}

/* Both ends of one address and port: everything is the client's. */
static void talks_to_itself(void **state)
{
	struct segments *s = fresh(4);
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct packet *p = segments_make(s, DIR_UP, TCP_SYN, 1, 0, nothing);
		p->dst = p->src;
		p->dport = p->sport;
		segments_send(s);
	}
	assert_int_equal(opened(s), 1);
	assert_int_equal(s->flow->packets[DIR_UP], 3);
	segments_free(s);
}

static struct segments *established(void)
{
	struct segments *s = fresh(16);
	segments_handshake(s, 1000, 2000);
	segments_say(s, DIR_UP, "GET");
	segments_say(s, DIR_DOWN, "200");
	assert_int_equal(opened(s), 1);
	return s;
}

/* G13 */
static void port_reuse(void **state)
{
	static const struct {
		unsigned close; /* flags of a packet of the client before the new SYN; 0: none */
		int64_t idle_s;
		uint32_t isn;
		enum dir dir;
		bool reused;
	} cases[] = {
	    {0, 0, 1000, DIR_UP, false},        {0, 0, 5000, DIR_UP, false},
	    {0, 59, 5000, DIR_UP, false},       {0, 61, 5000, DIR_UP, true},
	    {0, 61, 1000, DIR_UP, false},       {TCP_FIN | TCP_ACK, 0, 5000, DIR_UP, true},
	    {TCP_RST, 0, 5000, DIR_UP, true},   {TCP_RST, 0, 1000, DIR_UP, false},
	    {TCP_RST, 0, 5000, DIR_DOWN, true}, {0, 61, 5000, DIR_DOWN, true},
	    {0, 0, 5000, DIR_DOWN, false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct segments *s = established();
		if (cases[i].close)
			send_bare(s, DIR_UP, cases[i].close, 1004);
		later(s, cases[i].idle_s);
		struct flow *f = send_bare(s, cases[i].dir, TCP_SYN, cases[i].isn);
		assert_int_equal(opened(s), 1 + cases[i].reused);
		assert_int_equal(s->closed[FLOW_END_REUSED], cases[i].reused);
		assert_int_equal(!!(f->flags & FLOW_PORT_REUSED), cases[i].reused);
		if (cases[i].reused)
			assert_int_equal(f->client_port, cases[i].dir == DIR_UP ? 40000 : 80);
		segments_free(s);
	}
}

static void port_reuse_before_payload(void **state)
{
	struct segments *s = fresh(16);
	(void)state;
	segments_handshake(s, 1000, 2000);
	struct flow *f = send_bare(s, DIR_UP, TCP_SYN, 1000);
	assert_int_equal(f->id, 1);
	assert_int_equal(send_bare(s, DIR_UP, TCP_SYN, 1001)->id, 2);
	/* A SYN/ACK, or a SYN with RST, opens nothing. */
	assert_int_equal(send_bare(s, DIR_DOWN, TCP_SYN | TCP_ACK, 9)->id, 2);
	assert_int_equal(send_bare(s, DIR_UP, TCP_SYN | TCP_RST, 77)->id, 2);
	segments_free(s);
}

/* The capture shows the SYN/ACK first: the SYN that it answers is of the same connection. */
static void syn_behind_its_answer(void **state)
{
	struct segments *s = fresh(16);
	(void)state;
	segments_make(s, DIR_DOWN, TCP_SYN | TCP_ACK, 2000, 1001, nothing);
	struct flow *f = segments_send(s);
	assert_true(f->flags & FLOW_MIDSTREAM);
	assert_ptr_equal(send_bare(s, DIR_UP, TCP_SYN, 1000), f);
	assert_false(f->flags & FLOW_MIDSTREAM);
	assert_int_equal(opened(s), 1);
	assert_int_equal(send_bare(s, DIR_UP, TCP_SYN, 1005)->id, 2);
	segments_free(s);
}

static void a_syn_into_the_middle_with_payload(void **state)
{
	struct segments *s = fresh(16);
	(void)state;
	s->isn[DIR_UP] = 1000;
	segments_say(s, DIR_UP, "in the middle");
	assert_int_equal(send_bare(s, DIR_UP, TCP_SYN, 77)->id, 1);
	assert_true(s->flow->flags & FLOW_MIDSTREAM);
	segments_free(s);
}

static void idle_times(void **state)
{
	struct segments *s = established();
	struct packet *p;
	(void)state;
	datagram(s, DIR_UP, 5353, 53);
	segments_send(s);
	p = segments_make(s, DIR_UP, TCP_RST, 1, 0, nothing);
	p->sport = 40001;
	segments_send(s);
	later(s, 59);
	p = segments_make(s, DIR_UP, TCP_SYN, 1, 0, nothing);
	p->sport = 40002;
	segments_send(s);
	assert_int_equal(s->closed[FLOW_END_IDLE], 0);
	later(s, 2);
	p = segments_make(s, DIR_UP, TCP_ACK, 2, 0, nothing);
	p->sport = 40002;
	segments_send(s);
	assert_int_equal(s->closed[FLOW_END_IDLE], 2); /* UDP, and the one with a RST */
	later(s, 540);
	datagram(s, DIR_UP, 5353, 53);
	segments_send(s);
	assert_int_equal(s->closed[FLOW_END_IDLE], 3); /* open TCP, 600 s */
	assert_int_equal(opened(s), 5);
	segments_free(s);
}

static void both_fins_close(void **state)
{
	struct segments *s = established();
	(void)state;
	send_bare(s, DIR_UP, TCP_FIN | TCP_ACK, 1004);
	later(s, 100);
	datagram(s, DIR_UP, 1, 2);
	segments_send(s);
	assert_int_equal(s->closed[FLOW_END_IDLE], 0);
	send_bare(s, DIR_DOWN, TCP_FIN | TCP_ACK, 2004);
	later(s, 61);
	datagram(s, DIR_UP, 1, 2);
	segments_send(s);
	assert_int_equal(s->closed[FLOW_END_IDLE], 2);
	segments_free(s);
}

/* Whoever was heard does not leave with those that came with it. */
static void being_heard_keeps_a_flow(void **state)
{
	struct segments *s = fresh(64);
	(void)state;
	for (uint16_t port = 1; port <= 10; port++) {
		datagram(s, DIR_UP, port, 2000);
		segments_send(s);
	}
	for (int i = 0; i < 5; i++) {
		later(s, 40);
		datagram(s, DIR_UP, 5, 2000);
		assert_int_equal(segments_send(s)->id, 5);
	}
	assert_int_equal(s->closed[FLOW_END_IDLE], 9);
	assert_int_equal(opened(s), 10);
	segments_free(s);
}

static void clock_goes_back(void **state)
{
	struct segments *s = established();
	(void)state;
	s->now_ns -= MILLISECONDS(3500 * 1000);
	datagram(s, DIR_UP, 1, 2);
	segments_send(s);
	assert_int_equal(s->closed[FLOW_END_IDLE], 0);
	s->now_ns -= MILLISECONDS(200 * 1000);
	datagram(s, DIR_UP, 1, 2);
	segments_send(s);
	/* The connection of the other time line goes; the datagrams' flow is 200 s ahead and stays. */
	assert_int_equal(s->closed[FLOW_END_IDLE], 1);
	assert_int_equal(s->closed_ids[0], 1);
	assert_int_equal(opened(s), 2);
	segments_free(s);
}

/* At the cap the flow that was quiet for longest goes, whatever its kind; the same in every run. */
static void eviction(void **state)
{
	uint64_t first[64] = {0};
	(void)state;
	for (int run = 0; run < 2; run++) {
		struct segments *s = fresh(4);
		for (uint16_t i = 1; i <= 4; i++) {
			struct packet *p = datagram(s, DIR_UP, i, 2000);
			if (i % 2) {
				p->l4_proto = IPPROTO_TCP;
				p->tcp_flags = TCP_SYN;
			}
			segments_send(s);
		}
		datagram(s, DIR_UP, 2, 2000);
		segments_send(s);
		for (uint16_t i = 5; i < 40; i++) {
			datagram(s, DIR_UP, i, 2000);
			segments_send(s);
		}
		assert_int_equal(flow_counts(s->table)->evicted, 35);
		assert_int_equal(s->closed[FLOW_END_EVICTED], 35);
		assert_int_equal(flow_counts(s->table)->peak, 4);
		static const uint64_t expected[] = {1, 3, 4, 2, 5, 6};
		for (int i = 0; i < 6; i++)
			assert_int_equal(s->closed_ids[i], expected[i]);
		if (run == 0)
			memcpy(first, s->closed_ids, sizeof first);
		else
			assert_memory_equal(first, s->closed_ids, sizeof first);
		segments_free(s);
	}
}

static void closes_quietest_first(void **state)
{
	struct segments *s = fresh(16);
	(void)state;
	for (uint16_t i = 1; i <= 6; i++) {
		struct packet *p = datagram(s, DIR_UP, i, 2000);
		if (i % 3 == 0) {
			p->l4_proto = IPPROTO_TCP;
			p->tcp_flags = i == 3 ? TCP_RST : TCP_SYN;
		}
		segments_send(s);
	}
	datagram(s, DIR_UP, 1, 2000);
	segments_send(s);
	segments_close(s);
	static const uint64_t expected[] = {2, 3, 4, 5, 6, 1};
	assert_int_equal(s->closed_count, 6);
	for (int i = 0; i < 6; i++)
		assert_int_equal(s->closed_ids[i], expected[i]);
	assert_int_equal(s->closed[FLOW_END_CAPTURE], 6);
	segments_free(s);
}

static struct flow *tunneled(struct segments *s, enum dir d, uint64_t way)
{
	struct packet *p = segments_make(s, d, TCP_ACK, 1, 1, nothing);
	p->tunnel_shared = 7;
	p->tunnel_way = way;
	return segments_send(s);
}

/* One 5-tuple in two tunnels is two flows; each direction of a tunnel has an identity of its own. */
static void tunnels(void **state)
{
	struct segments *s = fresh(16);
	(void)state;
	struct flow *a = tunneled(s, DIR_UP, 1), *b = tunneled(s, DIR_UP, 2);
	assert_ptr_not_equal(a, b);
	assert_ptr_equal(tunneled(s, DIR_DOWN, 11), a);
	assert_ptr_equal(tunneled(s, DIR_DOWN, 22), b);
	for (int i = 0; i < 2; i++) {
		assert_ptr_equal(tunneled(s, DIR_UP, 1), a);
		assert_ptr_equal(tunneled(s, DIR_UP, 2), b);
		assert_ptr_equal(tunneled(s, DIR_DOWN, 11), a);
		assert_ptr_equal(tunneled(s, DIR_DOWN, 22), b);
	}
	assert_int_equal(opened(s), 2);
	/* A third identity of a direction is another flow, and so is none at all. */
	assert_ptr_not_equal(tunneled(s, DIR_DOWN, 33), a);
	assert_int_equal(opened(s), 3);
	tunneled(s, DIR_UP, 0);
	assert_int_equal(opened(s), 3); /* it is the way up of the third */
	tunneled(s, DIR_DOWN, 0);
	assert_int_equal(opened(s), 4);
	segments_free(s);
}

static void many_flows_find_each_other(void **state)
{
	enum { MANY = 3000 };
	struct segments *s = fresh(MANY);
	(void)state;
	for (int round = 0; round < 2; round++)
		for (uint16_t i = 0; i < MANY; i++) {
			datagram(s, round ? DIR_DOWN : DIR_UP, round ? 2000 : (uint16_t)(3000 + i),
			         round ? (uint16_t)(3000 + i) : 2000);
			s->now_ns = SEGMENTS_START_NS;
			assert_int_equal(segments_send(s)->id, i + 1U);
		}
	assert_int_equal(opened(s), MANY);
	assert_int_equal(flow_counts(s->table)->evicted, 0);
	segments_free(s);
}

static void slots(void **state)
{
	struct slot_plan plan = {0};
	struct slot a, b, none, last;
	struct err e;
	(void)state;
	assert_int_equal(slot_reserve(&plan, &a, 5, &e), 0);
	assert_int_equal(slot_reserve(&plan, &none, 0, &e), 0);
	assert_int_equal(slot_reserve(&plan, &b, 32, &e), 0);
	assert_int_equal(b.off % 16, 0);
	assert_true(b.off >= a.off + a.size);
	assert_int_equal(slot_reserve(&plan, &last, SLOTS_MAX, &e), ERR_LIMIT);
	assert_int_equal(slot_reserve(&plan, &last, SIZE_MAX, &e), ERR_LIMIT);
	assert_int_equal(slot_reserve(&plan, &last, SLOTS_MAX - plan.size, &e), 0);
	assert_int_equal(slot_reserve(&plan, &last, 1, &e), ERR_LIMIT);

	struct segments *s = fresh(1);
	struct slot whole = {.off = 0, .size = 16};
	struct flow *f = send_bare(s, DIR_UP, TCP_SYN, 1);
	assert_null(flow_slot(f, none));
	memset(flow_slot(f, whole), 0xff, 16);
	segments_make(s, DIR_UP, TCP_SYN, 1, 0, nothing)->sport = 9;
	f = segments_send(s);
	for (int i = 0; i < 16; i++)
		assert_int_equal(((uint8_t *)flow_slot(f, whole))[i], 0);
	segments_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_asks_is_the_client),
	    cmocka_unit_test(protocols_and_ports_keep_apart),
	    cmocka_unit_test(talks_to_itself),
	    cmocka_unit_test(port_reuse),
	    cmocka_unit_test(port_reuse_before_payload),
	    cmocka_unit_test(syn_behind_its_answer),
	    cmocka_unit_test(a_syn_into_the_middle_with_payload),
	    cmocka_unit_test(idle_times),
	    cmocka_unit_test(both_fins_close),
	    cmocka_unit_test(being_heard_keeps_a_flow),
	    cmocka_unit_test(clock_goes_back),
	    cmocka_unit_test(eviction),
	    cmocka_unit_test(closes_quietest_first),
	    cmocka_unit_test(tunnels),
	    cmocka_unit_test(many_flows_find_each_other),
	    cmocka_unit_test(slots),
	};
	return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
