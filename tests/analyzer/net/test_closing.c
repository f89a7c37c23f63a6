/* Which packets contradict a FIN of their own side, and what is kept of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "analyzer/net/closing.h"

enum { OTHER_END = 500 };

struct ending {
	struct side side;
	struct frame frame;
	struct sample last;
};

static struct sample make(struct ending *e, unsigned flags, uint32_t seq, uint32_t ack, uint32_t len, struct packet *p)
{
	e->frame.number++;
	*p = (struct packet){.frame = &e->frame,
	                     .src.version = 4,
	                     .l4_proto = IPPROTO_TCP,
	                     .has_l4 = true,
	                     .tcp_flags = (uint16_t)flags,
	                     .tcp_seq = seq,
	                     .tcp_ack = ack,
	                     .payload_len = len};
	return sample_of(p);
}

static void say(struct ending *e, unsigned flags, uint32_t seq, uint32_t len)
{
	struct packet p;
	struct sample s = make(e, flags, seq, OTHER_END, len, &p);
	side_update(&e->side, &p, &s);
}

static bool contradicts(struct ending *e, unsigned flags, uint32_t seq, uint32_t ack, uint32_t len)
{
	struct packet p;
	e->last = make(e, flags, seq, ack, len, &p);
	return closing_contradicts(&e->side, OTHER_END, &e->last);
}

static void what_lies_before_the_fin_is_old(void **state)
{
	struct ending e = {0};
	(void)state;
	assert_false(contradicts(&e, TCP_ACK, 100, OTHER_END, 10)); /* no FIN yet */
	say(&e, TCP_ACK, 100, 10);
	say(&e, TCP_ACK | TCP_FIN, 110, 0);
	assert_false(contradicts(&e, TCP_ACK, 100, OTHER_END, 10));
	assert_true(contradicts(&e, TCP_ACK, 110, OTHER_END, 1)); /* in the FIN's place */
	assert_true(contradicts(&e, TCP_ACK, 100, OTHER_END, 20));
	assert_false(contradicts(&e, TCP_ACK, 111, OTHER_END + 9, 0)); /* as an end that has closed acknowledges */
	assert_false(contradicts(&e, TCP_ACK, 110, OTHER_END, 0));
	assert_true(contradicts(&e, TCP_ACK, 110, OTHER_END + 1, 0)); /* later than the FIN, and before it */
	assert_false(contradicts(&e, TCP_ACK, 110 + SIDE_NEAR + 9, OTHER_END, 10));
}

static void the_fin_is_found_again(void **state)
{
	struct ending e = {0};
	struct closing c = {0};
	(void)state;
	say(&e, TCP_ACK, 100, 10);
	say(&e, TCP_ACK | TCP_FIN, 110, 0);
	say(&e, TCP_ACK | TCP_FIN, 110, 0);
	assert_true(contradicts(&e, TCP_ACK, 110, OTHER_END + 1, 0));
	assert_true(closing_add(&c, &e.side, &e.last));
	assert_true(contradicts(&e, TCP_ACK, 110, OTHER_END, 7));
	assert_true(closing_add(&c, &e.side, &e.last));
	assert_true(contradicts(&e, TCP_ACK, 117, OTHER_END, 7));
	assert_true(closing_add(&c, &e.side, &e.last));
	assert_int_equal(c.fins, 2);
	assert_int_equal(c.fin[0].frame.number, 2);
	assert_int_equal(c.before.frame.number, 1);
	assert_int_equal(c.ack.frame.number, 4);
	assert_int_equal(c.data.frame.number, 5); /* the first one */
}

static void a_fin_long_ago_is_not(void **state)
{
	struct ending e = {0};
	struct closing c = {0};
	(void)state;
	say(&e, TCP_ACK | TCP_FIN, 110, 0);
	for (int i = 0; i < SIDE_RECENT; i++)
		say(&e, TCP_ACK, 111, 0);
	assert_true(contradicts(&e, TCP_ACK, 110, OTHER_END, 7));
	assert_false(closing_add(&c, &e.side, &e.last));
}

int main(void)
{
	const struct CMUnitTest closing[] = {
	    cmocka_unit_test(what_lies_before_the_fin_is_old),
	    cmocka_unit_test(the_fin_is_found_again),
	    cmocka_unit_test(a_fin_long_ago_is_not),
	};
	return cmocka_run_group_tests(closing, NULL, NULL);
}
