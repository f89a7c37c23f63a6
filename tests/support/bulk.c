/* A sender, a path and a tap: see bulk.h. */
#include "tests/support/bulk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SEGMENT = 1000, WIRE_MAX = 40000, LINE_US = 12 };

/* One packet at the tap. */
struct passing {
	int64_t us;
	size_t order;
	enum dir from;
	uint32_t seq, len, ack;
};

struct path {
	const struct bulk *b;
	struct passing *log;
	size_t logged;
	double tokens;
	int64_t token_us, queue_free_us;
	uint32_t seed;
	bool *arrived;
	uint32_t in_order; /* packets */
	uint32_t answer_to;
};

static int by_time(const void *a, const void *b)
{
	const struct passing *x = a, *y = b;
	if (x->us != y->us)
		return x->us < y->us ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static void note(struct path *p, int64_t us, enum dir from, uint32_t seq, uint32_t len, uint32_t ack)
{
	assert_true(p->logged < WIRE_MAX);
	p->log[p->logged] = (struct passing){us, p->logged, from, seq, len, ack};
	p->logged++;
}

/* When a packet that is sent now arrives; -1: never. */
static int64_t travel(struct path *p, int64_t us)
{
	const struct bulk *b = p->b;
	p->seed = p->seed * 1103515245U + 12345U;
	if ((p->seed >> 16) % 100 < b->loss_percent)
		return -1;
	if (b->bucket_bps) {
		p->tokens += (double)(us - p->token_us) * (double)b->bucket_bps / 8e6;
		p->token_us = us;
		if (p->tokens > b->bucket_bytes)
			p->tokens = b->bucket_bytes;
		if (p->tokens < SEGMENT)
			return -1;
		p->tokens -= SEGMENT;
	}
	if (b->queue_bps) {
		int64_t from = p->queue_free_us > us ? p->queue_free_us : us;
		if (b->queue_bytes && (uint64_t)(from - us) * b->queue_bps / 8000000 > b->queue_bytes)
			return -1;
		p->queue_free_us = from + (int64_t)((uint64_t)SEGMENT * 8000000 / b->queue_bps);
		us = p->queue_free_us;
	}
	return us + b->rtt_us / 2;
}

/* Sends packet i; true when it arrives, and *last moves on. */
static bool transmit(struct path *p, uint32_t i, int64_t us, int64_t *last)
{
	int64_t there = travel(p, us);
	uint32_t seq = 1 + i * SEGMENT;
	if (!p->b->beside_client)
		note(p, us, SERVER, seq, SEGMENT, p->answer_to);
	if (there < 0)
		return false;
	p->arrived[i] = true;
	while (p->in_order < p->b->packets && p->arrived[p->in_order])
		p->in_order++;
	if (p->b->beside_client)
		note(p, there, SERVER, seq, SEGMENT, p->answer_to);
	note(p, p->b->beside_client ? there + 10 : there + p->b->rtt_us / 2, CLIENT, p->answer_to, 0,
	     1 + p->in_order * SEGMENT);
	if (there > *last)
		*last = there;
	return true;
}

struct missing {
	uint32_t packet;
	int64_t since_us;
};

static int64_t send_all(struct path *p, int64_t us)
{
	const struct bulk *b = p->b;
	uint32_t fresh = 0, count = 0;
	struct missing *lost = calloc(b->packets, sizeof *lost);
	int64_t last = us;
	assert_non_null(lost);
	while (fresh < b->packets || count > 0) {
		uint32_t kept = 0, sent = 0;
		for (uint32_t i = 0; i < count; i++) {
			struct missing m = lost[i];
			bool waits = sent == b->window || us - m.since_us < b->rtt_us;
			if (!waits && transmit(p, m.packet, us + LINE_US * sent++, &last))
				continue;
			lost[kept++] = (struct missing){m.packet, waits ? m.since_us : us};
		}
		count = kept;
		for (; fresh < b->packets && sent < b->window; fresh++)
			if (!transmit(p, fresh, us + LINE_US * sent++, &last))
				lost[count++] = (struct missing){fresh, us};
		us += b->round_us ? b->round_us : b->rtt_us;
		if (b->queue_bps && us < last + b->rtt_us / 2)
			us = last + b->rtt_us / 2;
	}
	free(lost);
	return last;
}

int64_t bulk_run(struct conversation *c, const struct bulk *b)
{
	char request[128];
	int64_t near = b->beside_client ? 0 : b->rtt_us / 2, start = b->start_us;
	snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", b->host);
	struct path p = {.b = b,
	                 .log = calloc(WIRE_MAX, sizeof *p.log),
	                 .tokens = b->bucket_bytes,
	                 .seed = 1,
	                 .arrived = calloc(b->packets, sizeof *p.arrived),
	                 .answer_to = 1 + (uint32_t)strlen(request)};
	assert_true(p.log && p.arrived);
	SEND(c, CLIENT, start + near, "S");
	SEND(c, SERVER, start + (b->beside_client ? b->rtt_us : near + 10), "SA");
	SEND(c, CLIENT, start + b->rtt_us + near + 20, "A");
	SEND(c, CLIENT, start + b->rtt_us + near + 30, "PA", request);
	p.token_us = start;
	int64_t last = send_all(&p, start + b->rtt_us * 3 / 2 + 500);
	qsort(p.log, p.logged, sizeof *p.log, by_time);
	uint32_t acked = 1;
	for (size_t i = 0; i < p.logged; i++) {
		const struct passing *w = &p.log[i];
		if (w->from == CLIENT && w->ack > acked)
			acked = w->ack;
		SEND(c, w->from, w->us, w->len && b->pushed ? "PA" : "A", .bytes = w->len, .seq = w->seq,
		     .ack = w->from == CLIENT ? acked : w->ack, .window = w->from == CLIENT ? b->client_window : 0);
	}
	SEND(c, SERVER, last + b->rtt_us + 1000, "FA");
	SEND(c, CLIENT, last + 2 * b->rtt_us + 1000, "FA");
	free(p.log);
	free(p.arrived);
	return last;
}
