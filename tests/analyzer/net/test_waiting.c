/* What counts as asking, what as an answer, and which transmissions are of the same unacknowledged byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "analyzer/net/waiting.h"

/* One end, its packets numbered from 1 and a millisecond apart. */
struct end {
	struct side side;
	struct waiting waiting;
	struct unacked unacked;
	struct frame frame;
};

static void say(struct end *e, const struct side *other, unsigned flags, uint32_t seq, uint32_t len)
{
	e->frame.number++;
	e->frame.ts_ns += 1000000;
	struct packet p = {.frame = &e->frame,
	                   .src.version = 4,
	                   .l4_proto = IPPROTO_TCP,
	                   .has_l4 = true,
	                   .tcp_flags = (uint16_t)flags,
	                   .tcp_seq = seq,
	                   .payload_len = len};
	struct sample s = sample_of(&p);
	waiting_sent(&e->waiting, &e->side, &p, &s);
	unacked_sent(&e->unacked, &e->side, other, &s);
	side_update(&e->side, &p, &s);
}

static void pure_acks_and_resets_ask_for_nothing(void **state)
{
	struct end client = {0};
	const struct side nobody = {0};
	(void)state;
	say(&client, &nobody, TCP_SYN, 99, 0);
	say(&client, &nobody, TCP_ACK, 100, 0);
	say(&client, &nobody, TCP_ACK, 100, 10);
	say(&client, &nobody, TCP_RST, 110, 0);
	assert_int_equal(client.waiting.sent, 2);
	assert_int_equal(client.waiting.first.number, 1);
	assert_int_equal(client.waiting.last.number, 3);
	waiting_heard(&client.waiting);
	assert_int_equal(client.waiting.sent, 0);
	say(&client, &nobody, TCP_ACK, 109, 0); /* a keep-alive */
	say(&client, &nobody, TCP_ACK | TCP_FIN, 110, 0);
	assert_int_equal(client.waiting.sent, 2);
}

static void the_earliest_byte_sent_again(void **state)
{
	struct end client = {0};
	struct side server = {0};
	(void)state;
	say(&client, &server, TCP_ACK, 0xfffffff0, 32);
	say(&client, &server, TCP_ACK, 0x10, 32); /* behind it, so another byte */
	say(&client, &server, TCP_ACK, 0xfffffff0, 32);
	assert_int_equal(client.unacked.transmissions, 2);
	assert_int_equal(client.unacked.first.number, 1);
	assert_int_equal(client.unacked.last.number, 3);
	assert_int_equal(frame_span_ns(&client.unacked.first, &client.unacked.last), 2000000);
}

static void an_acknowledgement_moves_on(void **state)
{
	struct end client = {0};
	struct side server = {0};
	(void)state;
	say(&client, &server, TCP_ACK, 100, 10);
	unacked_acknowledged(&client.unacked, &server, 110);
	server.have_ack = true;
	server.max_ack = 110;
	assert_int_equal(client.unacked.transmissions, 0);
	say(&client, &server, TCP_ACK, 100, 10); /* the old byte is done with */
	assert_int_equal(client.unacked.transmissions, 0);
	say(&client, &server, TCP_ACK, 110, 5);
	unacked_acknowledged(&client.unacked, &server, 110); /* nothing new */
	assert_int_equal(client.unacked.transmissions, 1);
}

static void a_span_needs_two_times(void **state)
{
	struct frame_ref one = {.number = 1, .ts_ns = 5}, two = {.number = 2, .ts_ns = 9}, none = {0};
	struct frame_ref timeless = {.number = 3, .ts_ns = FRAME_NO_TIME};
	(void)state;
	assert_int_equal(frame_span_ns(&one, &two), 4);
	assert_int_equal(frame_span_ns(&two, &one), 0);
	assert_int_equal(frame_span_ns(&one, &timeless), 0);
	assert_int_equal(frame_span_ns(&none, &two), 0);
}

int main(void)
{
	const struct CMUnitTest waiting[] = {
	    cmocka_unit_test(pure_acks_and_resets_ask_for_nothing),
	    cmocka_unit_test(the_earliest_byte_sent_again),
	    cmocka_unit_test(an_acknowledgement_moves_on),
	    cmocka_unit_test(a_span_needs_two_times),
	};
	return cmocka_run_group_tests(waiting, NULL, NULL);
}
