/* The log of a transfer: losses, acknowledgements, segments of super-packets, requests, holes, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/segments.h"

enum { CHUNKS = 64 };

/* What the last log said. */
struct heard {
	unsigned logs;
	enum dir dir;
	size_t count, opens;
	struct transfer_packet packets[TRANSFER_PACKETS_MAX];
};

struct bench {
	struct segments *s;
	struct transfers transfers;
	struct paces paces;
	struct heard *heard;
};

static void hear(void *context, struct flow *f, enum dir d, const struct transfer_log *log)
{
	struct heard *h = context;
	(void)f;
	h->logs++;
	h->dir = d;
	h->count = h->opens = 0;
	for (const struct transfer_chunk *c = log->first; c; c = c->next)
		for (unsigned i = 0; i < c->count; i++) {
			h->opens += !!(c->packets[i].flags & TRANSFER_OPENS);
			if (!(c->packets[i].flags & TRANSFER_OPENS))
				h->packets[h->count++] = c->packets[i];
		}
	assert_int_equal(h->count + h->opens, log->packets);
}

static void open_with(struct bench *b, size_t budget)
{
	*b = (struct bench){.s = segments_new(8, 1 << 20, 1 << 20), .heard = test_calloc(1, sizeof *b->heard)};
	struct transfer_observer observer = {b->heard, hear};
	transfers_init(&b->transfers, 8, budget, &observer);
	paces_init(&b->paces, 1 << 16);
	b->s->tracker.transfers = &b->transfers;
	b->s->tracker.paces = &b->paces;
}

static void finish(struct bench *b)
{
	if (b->s->flow)
		transfer_close(&b->transfers, b->s->flow);
}

static void shut(struct bench *b)
{
	segments_free(b->s);
	assert_int_equal(b->transfers.chunks.alive, 0);
	transfers_free(&b->transfers);
	paces_free(&b->paces);
	test_free(b->heard);
}

static uint8_t payload[60000];

static void say(struct bench *b, enum dir d, uint32_t offset, size_t len)
{
	struct segments *s = b->s;
	enum dir other = dir_other(d);
	s->told[0][d]->len = 0; /* what streams hand on is not looked at here */
	segments_make(s, d, TCP_ACK, s->isn[d] + 1 + offset, s->isn[other] + 1 + s->next[other], span_of(payload, len));
	segments_send(s);
}

/* An acknowledgement of the server's bytes, with SACK blocks. */
static void ack(struct bench *b, uint32_t offset, unsigned blocks, const uint32_t *edges)
{
	struct segments *s = b->s;
	uint32_t isn = s->isn[DIR_DOWN] + 1;
	struct packet *p = segments_make(s, DIR_UP, TCP_ACK, s->isn[DIR_UP] + 1, isn + offset, span_of(NULL, 0));
	static uint8_t l4[64];
	if (blocks) {
		memcpy(l4, p->l4.ptr, 20);
		l4[20] = l4[21] = 1;
		l4[22] = 5;
		l4[23] = (uint8_t)(2 + 8 * blocks);
		for (unsigned i = 0; i < 2 * blocks; i++)
			for (unsigned k = 0; k < 4; k++)
				l4[24 + 4 * i + k] = (uint8_t)((isn + edges[i]) >> (24 - 8 * k));
		p->tcp_options.seen |= TCPOPT_SEEN_SACK;
		p->tcp_options.length = (uint8_t)(4 + 8 * blocks);
		p->l4 = span_of(l4, 24 + 8 * blocks);
	}
	segments_send(s);
}

/* A handshake whose SYN states an MSS of 1000, and a request of 10 bytes. */
static void begin(struct bench *b, size_t budget)
{
	open_with(b, budget);
	segments_handshake(b->s, 100, 0xfffff000U);
	b->s->flow->tcp->mss = 1000;
	say(b, DIR_UP, 0, 10);
}

/* Packets of 1000 bytes, of which each is lost once, and all acknowledged in the end. */
static void lossy(struct bench *b, uint32_t from, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		say(b, DIR_DOWN, from + i * 1000, 1000);
	for (unsigned i = 0; i < n; i++)
		say(b, DIR_DOWN, from + i * 1000, 1000);
	ack(b, from + n * 1000, 0, NULL);
}

static void what_is_sent_again_was_lost(void **state)
{
	struct bench b;
	(void)state;
	begin(&b, CHUNKS * sizeof(struct transfer_chunk));
	lossy(&b, 0, 20);
	finish(&b);
	assert_int_equal(b.heard->logs, 1);
	assert_int_equal(b.heard->dir, DIR_DOWN);
	assert_int_equal(b.heard->opens, 1);
	assert_int_equal(b.heard->count, 40);
	for (unsigned i = 0; i < 40; i++) {
		assert_int_equal(b.heard->packets[i].flags, i < 20 ? TRANSFER_RESENT : 0);
		assert_int_equal(b.heard->packets[i].len, 1000);
		assert_int_equal(b.heard->packets[i].ack_ms, 40 - i);
	}
	shut(&b);
}

static void fourteen_losses_are_told_to_nobody(void **state)
{
	struct bench b;
	(void)state;
	begin(&b, CHUNKS * sizeof(struct transfer_chunk));
	lossy(&b, 0, TRANSFER_LOSSES_MIN - 1);
	finish(&b);
	assert_int_equal(b.heard->logs, 0);
	shut(&b);
}

static void a_duplicate_sack_takes_a_loss_back(void **state)
{
	struct bench b;
	(void)state;
	begin(&b, CHUNKS * sizeof(struct transfer_chunk));
	lossy(&b, 0, 16);
	ack(&b, 16000, 1, (const uint32_t[]){3000, 4000});
	ack(&b, 16000, 1, (const uint32_t[]){3000, 5000}); /* no packet holds that much */
	finish(&b);
	assert_int_equal(b.heard->logs, 1);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(b.heard->packets[i].flags, TRANSFER_RESENT | (i == 3 ? TRANSFER_SPURIOUS : 0));
	shut(&b);
}

static void sack_acknowledges_what_lies_inside(void **state)
{
	struct bench b;
	(void)state;
	begin(&b, CHUNKS * sizeof(struct transfer_chunk));
	for (unsigned i = 0; i < 20; i++)
		say(&b, DIR_DOWN, i * 1000, 1000);
	ack(&b, 2000, 1, (const uint32_t[]){5000, 8500});
	lossy(&b, 20000, 15);
	finish(&b);
	assert_int_equal(b.heard->logs, 1);
	assert_int_equal(b.heard->packets[0].ack_ms, 20);
	assert_int_equal(b.heard->packets[1].ack_ms, 19);
	assert_true(b.heard->packets[2].ack_ms > 20); /* by the last acknowledgement */
	assert_int_equal(b.heard->packets[5].ack_ms, 15);
	assert_int_equal(b.heard->packets[7].ack_ms, 13);
	assert_true(b.heard->packets[8].ack_ms > 20);
	shut(&b);
}

/* The latest copy is the one that is sent again. */
static void a_repeat_can_be_lost_too(void **state)
{
	struct bench b;
	(void)state;
	begin(&b, CHUNKS * sizeof(struct transfer_chunk));
	lossy(&b, 0, 15);
	say(&b, DIR_DOWN, 4000, 1000);
	finish(&b);
	assert_int_equal(b.heard->packets[4].flags, TRANSFER_RESENT);
	assert_int_equal(b.heard->packets[15 + 4].flags, TRANSFER_RESENT);
	assert_int_equal(b.heard->packets[15 + 5].flags, 0);
	shut(&b);
}

static void super_packets_are_split(void **state)
{
	struct bench b;
	(void)state;
	begin(&b, CHUNKS * sizeof(struct transfer_chunk));
	say(&b, DIR_DOWN, 0, 15500);
	for (unsigned i = 0; i < 16; i++)
		say(&b, DIR_DOWN, i * 1000, i < 15 ? 1000 : 500);
	finish(&b);
	assert_int_equal(b.heard->logs, 1);
	assert_int_equal(b.heard->count, 32);
	for (unsigned i = 0; i < 16; i++) {
		assert_int_equal(b.heard->packets[i].len, i < 15 ? 1000 : 500);
		assert_int_equal(b.heard->packets[i].flags, TRANSFER_RESENT);
		assert_int_equal(b.heard->packets[i].frame, b.heard->packets[0].frame);
	}
	shut(&b);
}

static void a_new_request_ends_a_transfer(void **state)
{
	struct bench b;
	(void)state;
	begin(&b, CHUNKS * sizeof(struct transfer_chunk));
	lossy(&b, 0, 15);
	b.s->next[DIR_DOWN] = 15000;
	say(&b, DIR_UP, 10, 10);
	assert_int_equal(b.heard->logs, 1);
	assert_int_equal(b.transfers.chunks.alive, 1); /* the request */
	lossy(&b, 15000, 15);
	finish(&b);
	assert_int_equal(b.heard->logs, 2);
	assert_int_equal(b.heard->count, 30);
	assert_int_equal(b.heard->packets[0].seq, b.s->isn[DIR_DOWN] + 1 + 15000);
	shut(&b);
}

/* With data under way both stay, since it may still be sent again. */
static void an_unfinished_transfer_stays_with_the_next(void **state)
{
	struct bench b;
	(void)state;
	begin(&b, CHUNKS * sizeof(struct transfer_chunk));
	for (unsigned i = 0; i < 15; i++)
		say(&b, DIR_DOWN, i * 1000, 1000);
	say(&b, DIR_UP, 10, 10);
	for (unsigned i = 0; i < 15; i++)
		say(&b, DIR_DOWN, i * 1000, 1000);
	finish(&b);
	assert_int_equal(b.heard->logs, 1);
	assert_int_equal(b.heard->opens, 2);
	assert_int_equal(b.heard->count, 30);
	shut(&b);
}

static void two_megabytes_without_loss_are_given_back(void **state)
{
	struct bench b;
	(void)state;
	begin(&b, 4096 * sizeof(struct transfer_chunk));
	for (unsigned i = 0; i < 39; i++) {
		say(&b, DIR_DOWN, i * 50000, 50000);
		ack(&b, (i + 1) * 50000, 0, NULL);
	}
	assert_true(b.transfers.chunks.alive > 100);
	say(&b, DIR_DOWN, 1950000, 51000);
	ack(&b, 2001000, 0, NULL);
	assert_int_equal(b.transfers.chunks.alive, 1);
	lossy(&b, 2001000, 20);
	finish(&b);
	assert_int_equal(b.heard->logs, 0);
	assert_int_equal(b.transfers.refused, 0);
	shut(&b);
}

/* Beside the receiver: bytes are missing, and come later. */
static void holes_are_noted_and_filled(void **state)
{
	struct bench b;
	(void)state;
	begin(&b, CHUNKS * sizeof(struct transfer_chunk));
	say(&b, DIR_DOWN, 0, 1000);
	say(&b, DIR_DOWN, 17000, 1000); /* 16 missing */
	for (unsigned i = 1; i < 16; i++)
		say(&b, DIR_DOWN, i * 1000, 1000);
	finish(&b);
	assert_int_equal(b.heard->logs, 1);
	assert_int_equal(b.heard->packets[1].flags, TRANSFER_HOLE | TRANSFER_FILLED);
	assert_int_equal(b.heard->packets[1].ack_ms, 1);
	assert_int_equal(b.heard->packets[15].flags, TRANSFER_HOLE | TRANSFER_FILLED);
	assert_int_equal(b.heard->packets[16].flags, TRANSFER_HOLE);
	assert_int_equal(b.heard->packets[17].flags, 0);
	shut(&b);
}

static void a_full_log_says_what_it_has(void **state)
{
	struct bench b;
	(void)state;
	begin(&b, 4096 * sizeof(struct transfer_chunk));
	lossy(&b, 0, 15);
	for (unsigned i = 15; i < TRANSFER_PACKETS_MAX; i++)
		say(&b, DIR_DOWN, i * 10, 10);
	finish(&b);
	assert_int_equal(b.heard->logs, 1);
	assert_int_equal(b.heard->count + b.heard->opens, TRANSFER_PACKETS_MAX);
	shut(&b);
}

static void without_room_it_is_given_up_and_counted(void **state)
{
	struct bench b;
	(void)state;
	begin(&b, 3 * sizeof(struct transfer_chunk));
	lossy(&b, 0, 20);
	finish(&b);
	assert_int_equal(b.heard->logs, 0);
	assert_int_equal(b.transfers.refused, 1);
	shut(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_sent_again_was_lost),
	    cmocka_unit_test(fourteen_losses_are_told_to_nobody),
	    cmocka_unit_test(a_duplicate_sack_takes_a_loss_back),
	    cmocka_unit_test(sack_acknowledges_what_lies_inside),
	    cmocka_unit_test(a_repeat_can_be_lost_too),
	    cmocka_unit_test(super_packets_are_split),
	    cmocka_unit_test(a_new_request_ends_a_transfer),
	    cmocka_unit_test(an_unfinished_transfer_stays_with_the_next),
	    cmocka_unit_test(two_megabytes_without_loss_are_given_back),
	    cmocka_unit_test(holes_are_noted_and_filled),
	    cmocka_unit_test(a_full_log_says_what_it_has),
	    cmocka_unit_test(without_room_it_is_given_up_and_counted),
	};
	return cmocka_run_group_tests_name("transfer", tests, NULL, NULL);
}
