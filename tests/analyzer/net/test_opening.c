/* A client's first packets, in the words of the stage signatures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "analyzer/net/opening.h"

struct client {
	struct side side;
	struct opening opening;
	struct frame frame;
};

static void say(struct client *c, unsigned flags, uint32_t seq, uint32_t ack, uint32_t len)
{
	c->frame.number++;
	struct packet p = {.frame = &c->frame,
	                   .src.version = 4,
	                   .l4_proto = IPPROTO_TCP,
	                   .has_l4 = true,
	                   .tcp_flags = (uint16_t)flags,
	                   .tcp_seq = seq,
	                   .tcp_ack = ack,
	                   .payload_len = len};
	struct sample s = sample_of(&p);
	opening_add(&c->opening, &c->side, &s);
	side_update(&c->side, &p, &s);
}

static void a_request_in_two_segments_is_one(void **state)
{
	struct client c = {0};
	(void)state;
	say(&c, TCP_SYN, 99, 0, 0);
	say(&c, TCP_SYN, 99, 0, 0); /* again */
	assert_int_equal(c.opening.packets, 1);
	say(&c, TCP_ACK, 100, 500, 0);
	say(&c, TCP_ACK, 100, 500, 1000);
	say(&c, TCP_ACK | TCP_PSH, 1100, 500, 10);
	assert_int_equal(c.opening.data, 1);
	say(&c, TCP_ACK | TCP_PSH, 1100, 500, 10); /* again */
	assert_int_equal(c.opening.data, 1);
	assert_true(c.opening.acked && c.opening.pushed && c.opening.data_last);
	say(&c, TCP_ACK | TCP_PSH, 1110, 500, 10);
	assert_int_equal(c.opening.data, 2);
	assert_int_equal(c.opening.last.number, 7);
}

static void resets_by_kind(void **state)
{
	struct client c = {0};
	(void)state;
	say(&c, TCP_SYN, 99, 0, 0);
	say(&c, TCP_RST, 100, 7, 0);
	assert_false(c.opening.ack_differs || c.opening.ack_zero);
	say(&c, TCP_RST, 100, 0, 0);
	say(&c, TCP_RST | TCP_ACK, 100, 500, 0);
	assert_int_equal(c.opening.bare, 2);
	assert_int_equal(c.opening.with_ack, 1);
	assert_true(c.opening.ack_differs && c.opening.ack_zero);
	assert_int_equal(c.opening.last.number, 1);
	say(&c, TCP_ACK | TCP_FIN, 100, 500, 5); /* what follows a reset is not how it began */
	assert_false(c.opening.fin || c.opening.acked);
	assert_int_equal(c.opening.data, 0);
}

static void only_from_a_syn_and_ten_packets_far(void **state)
{
	struct client c = {0}, late = {0};
	(void)state;
	say(&late, TCP_ACK, 100, 500, 10);
	assert_int_equal(late.opening.packets, 0);
	say(&c, TCP_SYN, 99, 0, 0);
	for (uint32_t i = 0; i < 20; i++)
		say(&c, TCP_ACK | TCP_PSH, 100 + i, 500, 1);
	assert_int_equal(c.opening.packets, OPENING_PACKETS);
	assert_int_equal(c.opening.data, OPENING_PACKETS - 1);
}

int main(void)
{
	const struct CMUnitTest opening[] = {
	    cmocka_unit_test(a_request_in_two_segments_is_one),
	    cmocka_unit_test(resets_by_kind),
	    cmocka_unit_test(only_from_a_syn_and_ten_packets_far),
	};
	return cmocka_run_group_tests(opening, NULL, NULL);
}
