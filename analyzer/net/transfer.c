/* Keeping the log of a transfer: see transfer.h. */
#include "analyzer/net/transfer_parts.h"

enum {
	PIECES_MAX = 128,      /* segments in a super-packet; more: its size of segments is not known after all */
	HOLE_PIECES_MAX = 64,  /* a larger hole is not the work of a queue or bucket */
	TIMESTAMPS_BYTES = 12, /* of each segment, once both sides use them */
	ESTIMATE_MIN = 500,    /* a packet larger than this may be full */
	ESTIMATE_FULL = 1460,  /* and no larger than this; what is larger is several of one size */
	ESTIMATE_SEGMENTS = 9,
	EVICT_LOOKED_AT = 8,
};

void transfers_init(struct transfers *t, size_t flows, size_t budget, const struct transfer_observer *observer)
{
	size_t chunks = budget / sizeof(struct transfer_chunk);
	*t = (struct transfers){.observer = *observer};
	pool_init(&t->transfers, sizeof(struct transfer), flows);
	pool_init(&t->chunks, sizeof(struct transfer_chunk), chunks ? chunks : 1);
	list_init(&t->lru);
}

void transfers_free(struct transfers *t)
{
	pool_free(&t->transfers);
	pool_free(&t->chunks);
}

static void way_empty(struct transfers *t, struct transfer_way *w)
{
	while (w->first) {
		struct transfer_chunk *next = w->first->next;
		pool_put(&t->chunks, w->first);
		w->first = next;
	}
	w->last = w->oldest = NULL;
	w->packets = w->unacked = w->unordered = w->losses = 0;
	w->listed = w->cut = false;
}

static void way_tell(struct transfers *t, struct flow *f, enum dir d, const struct transfer *x)
{
	const struct transfer_way *w = &x->way[d];
	struct transfer_log log = {.first = w->first,
	                           .packets = w->packets,
	                           .zero_us = x->zero_us,
	                           .zero_frame = x->zero_frame,
	                           .cut = w->cut};
	if (w->losses >= TRANSFER_LOSSES_MIN)
		t->observer.transfer(t->observer.context, f, d, &log);
}

/* Room from whoever was quiet longest, and of those rather from one without losses. */
static struct transfer_chunk *evict_for_chunk(struct transfers *t, const struct transfer *self)
{
	struct transfer *victim = NULL;
	struct list *at = t->lru.next;
	for (unsigned i = 0; i < EVICT_LOOKED_AT && at != &t->lru; i++, at = at->next) {
		struct transfer *x = LIST_ENTRY(at, struct transfer, lru);
		if (x == self || (!x->way[DIR_UP].first && !x->way[DIR_DOWN].first))
			continue;
		bool lossy = x->way[DIR_UP].losses + x->way[DIR_DOWN].losses > 0;
		if (!victim || !lossy)
			victim = x;
		if (!lossy)
			break;
	}
	if (!victim)
		return NULL;
	for (enum dir d = DIR_UP; d <= DIR_DOWN; d++) {
		struct transfer_way *w = &victim->way[d];
		t->refused += w->losses > 0;
		w->refused = w->first && w->losses == 0;
		w->idle = true;
		way_empty(t, w);
	}
	return pool_take(&t->chunks);
}

static struct transfer_chunk *chunk_add(struct transfer_step *s, struct transfer_way *w, uint32_t seq)
{
	struct transfer_chunk *c = pool_take(&s->all->chunks);
	if (!c)
		c = evict_for_chunk(s->all, s->x);
	if (!c)
		return NULL;
	c->next = NULL;
	c->prev = w->last;
	c->seq_low = c->seq_high = seq;
	c->count = c->unacked = 0;
	c->repair = (struct frame_ref){0};
	if (w->last)
		w->last->next = c;
	else
		w->first = c;
	w->last = c;
	if (!w->oldest)
		w->oldest = c;
	list_remove(&s->x->lru);
	list_append(&s->all->lru, &s->x->lru);
	return c;
}

/* NULL: the log is full, or there is no room. */
static struct transfer_packet *packet_add(struct transfer_step *s, struct transfer_way *w, uint32_t seq, uint32_t len,
                                          unsigned flags)
{
	struct transfer_chunk *c = w->last;
	if (w->packets >= TRANSFER_PACKETS_MAX)
		return NULL;
	if (!c || c->count == TRANSFER_CHUNK)
		c = chunk_add(s, w, seq);
	if (!c) {
		s->all->refused += w->losses > 0;
		w->refused = w->losses == 0;
		w->idle = true;
		way_empty(s->all, w);
		return NULL;
	}
	if (seq_diff(seq, c->seq_low) < 0)
		c->seq_low = seq;
	if (seq_diff(seq + len, c->seq_high) > 0)
		c->seq_high = seq + len;
	struct transfer_packet *p = &c->packets[c->count];
	*p = (struct transfer_packet){.time_us = s->now_us,
	                              .seq = seq,
	                              .frame = s->frame,
	                              .ack_ms = -1,
	                              .len = (uint16_t)len,
	                              .flags = (uint16_t)flags};
	if (len > 0 && !(flags & TRANSFER_HOLE)) {
		c->unacked |= (uint16_t)(1U << c->count);
		w->unacked++;
	}
	c->count++;
	w->packets++;
	return p;
}

/* The mark that a new request and response begins, before its first packet that is kept. */
static void list_opening(struct transfer_step *s, struct transfer_way *w)
{
	if (w->listed)
		return;
	struct transfer_packet *p = packet_add(s, w, w->origin, 0, TRANSFER_OPENS);
	w->listed = p != NULL;
	if (p)
		p->time_us = w->opened_us;
}

static uint32_t piece_size(const struct transfer_way *w, uint32_t len)
{
	uint32_t size = w->mss ? w->mss : UINT16_MAX;
	return (len + size - 1) / size > PIECES_MAX ? UINT16_MAX : size;
}

static void add_hole(struct transfer_step *s, struct transfer_way *w, uint32_t seq, uint32_t len)
{
	uint32_t size = piece_size(w, len);
	if ((len + size - 1) / size > HOLE_PIECES_MAX)
		return;
	for (uint32_t at = 0; at < len && !w->idle; at += size)
		packet_add(s, w, seq + at, len - at < size ? len - at : size, TRANSFER_HOLE);
}

static void add_piece(struct transfer_step *s, struct transfer_way *w, uint32_t seq, uint32_t len)
{
	bool again = w->have_next && seq_diff(seq + len, w->next) <= 0;
	if (again)
		transfer_resent(s, w, seq);
	else if (w->have_next && seq_diff(seq, w->next) > 0 && w->listed)
		add_hole(s, w, w->next, seq - w->next);
	if (!again) {
		w->next = seq + len;
		w->have_next = true;
	}
	if (!w->idle && packet_add(s, w, seq, len, 0) && again)
		w->unordered++;
}

/* Without a SYN: what the packet's size says about full segments. 0: nothing. */
static uint16_t mss_estimate(uint32_t len)
{
	if (len <= ESTIMATE_MIN)
		return 0;
	if (len <= ESTIMATE_FULL)
		return (uint16_t)len;
	for (uint32_t n = 2; n <= ESTIMATE_SEGMENTS; n++)
		if (len % n == 0 && len / n <= ESTIMATE_FULL)
			return (uint16_t)(len / n);
	return 0;
}

static void add_data(struct transfer_step *s, struct transfer_way *w, const struct packet *p)
{
	if (!w->mss)
		w->mss = mss_estimate(p->payload_len);
	if (!w->idle)
		list_opening(s, w);
	uint32_t size = piece_size(w, p->payload_len);
	for (uint32_t at = 0; at < p->payload_len && at < PIECES_MAX * size; at += size)
		add_piece(s, w, p->tcp_seq + at, p->payload_len - at < size ? p->payload_len - at : size);
}

/* A packet without data is a packet that passed, for the rule; but only once something was lost. */
static void add_empty(struct transfer_step *s, struct transfer_way *w, const struct packet *p)
{
	if (w->losses > 0 && w->listed && !w->idle)
		packet_add(s, w, p->tcp_seq, 0, 0);
}

static void acknowledge(struct transfer_step *s, struct transfer_way *w)
{
	transfer_acknowledged(s, w);
	if (w->first && w->losses == 0 && seq_diff(w->acked, w->origin) > TRANSFER_LATE) {
		w->idle = true;
		way_empty(s->all, w);
	}
}

/* Data of the opener behind data of the other side: a new request. */
static void next_request(struct transfer_step *s, struct flow *f, const struct packet *p)
{
	struct transfer *x = s->x;
	for (enum dir d = DIR_UP; d <= DIR_DOWN; d++) {
		struct transfer_way *w = &x->way[d];
		bool full = w->packets >= TRANSFER_PACKETS_MAX;
		if (w->unacked == 0 || full) {
			way_tell(s->all, f, d, x);
			way_empty(s->all, w);
		}
		w->idle = w->refused = w->listed = w->opened = false;
		w->origin = (d == x->opener ? p->tcp_seq : p->tcp_ack) - 1;
		w->have_origin = d == x->opener || (p->tcp_flags & TCP_ACK);
	}
}

static enum dir opener_of(const struct flow *f, enum dir d)
{
	const struct side *side = f->tcp->side;
	if (side[DIR_UP].have_syn || side[DIR_DOWN].have_syn)
		return side[DIR_UP].have_syn ? DIR_UP : DIR_DOWN;
	if (side[dir_other(d)].packets == 0 || side[d].packets == 0)
		return side[d].packets == 0 && side[dir_other(d)].packets > 0 ? dir_other(d) : d;
	return DIR_UP;
}

static void way_begin(struct transfer_way *w, const struct flow *f, const struct side *side)
{
	w->mss = f->tcp->mss;
	if (!side->have_seq)
		return;
	w->origin = (side->have_syn ? side->isn : side->first_seq) - 1;
	w->have_origin = true;
}

static struct transfer *transfer_begin(struct transfers *t, struct flow *f, enum dir d, const struct packet *p)
{
	struct transfer *x = pool_get(&t->transfers);
	if (!x)
		return NULL;
	f->tcp->transfer = x;
	list_append(&t->lru, &x->lru);
	x->opener = x->speaker = opener_of(f, d);
	/* Times and frames count from the flow's first packet, so that 0 is never an acknowledgement's. */
	x->zero_us = f->first.ts_ns != FRAME_NO_TIME ? f->first.ts_ns / 1000 : p->frame->ts_ns / 1000;
	x->zero_frame = f->first.number ? f->first.number - 1 : 0;
	for (enum dir w = DIR_UP; w <= DIR_DOWN; w++)
		way_begin(&x->way[w], f, &f->tcp->side[w]);
	return x;
}

/* The packet's place in the log. Time starts anew when nothing is kept, or when what is kept is over an hour old. */
static struct transfer_step step_of(struct transfers *t, struct flow *f, const struct packet *p)
{
	enum { OLD_US = UINT32_MAX / 2 };
	struct transfer *x = f->tcp->transfer;
	int64_t us = p->frame->ts_ns / 1000 - x->zero_us;
	bool kept = x->way[DIR_UP].first || x->way[DIR_DOWN].first;
	if (us >= UINT32_MAX || (!kept && us > OLD_US)) {
		for (enum dir d = DIR_UP; d <= DIR_DOWN; d++) {
			struct transfer_way *w = &x->way[d];
			way_tell(t, f, d, x);
			w->idle |= w->first != NULL;
			w->opened = false;
			way_empty(t, w);
		}
		x->zero_us += us;
		x->zero_frame = p->frame->number - 1;
		us = 0;
	}
	uint64_t frame = p->frame->number - x->zero_frame;
	return (struct transfer_step){.all = t,
	                              .x = x,
	                              .pkt = p,
	                              .now_us = us < 0 ? 0 : (uint32_t)us,
	                              .frame = frame < UINT32_MAX ? (uint32_t)frame : UINT32_MAX};
}

static void note_mss(struct tcp_flow *tcp, const struct packet *p)
{
	const struct tcp_options *o = &p->tcp_options;
	uint16_t less = o->seen & TCPOPT_SEEN_TIMESTAMPS ? TIMESTAMPS_BYTES : 0;
	if (tcp->mss == 0 && (o->seen & TCPOPT_SEEN_MSS) && o->mss > less)
		tcp->mss = (uint16_t)(o->mss - less);
}

void transfer_packet(struct transfers *t, struct flow *f, enum dir d, const struct packet *p)
{
	struct tcp_flow *tcp = f->tcp;
	if (p->tcp_flags & TCP_SYN)
		note_mss(tcp, p);
	if (p->frame->ts_ns == FRAME_NO_TIME)
		return;
	if (!tcp->transfer && (p->payload_len == 0 || !transfer_begin(t, f, d, p)))
		return;
	struct transfer *x = tcp->transfer;
	struct transfer_step s = step_of(t, f, p);
	if (p->tcp_flags & TCP_ACK)
		acknowledge(&s, &x->way[dir_other(d)]);
	if (p->payload_len > 0 && d != x->speaker) {
		x->speaker = d;
		if (d == x->opener)
			next_request(&s, f, p);
	}
	struct transfer_way *w = &x->way[d];
	if (!w->have_origin) {
		w->origin = p->tcp_seq - 1;
		w->have_origin = true;
	}
	if (!w->opened) {
		w->opened = true;
		w->opened_us = s.now_us;
	}
	if (p->payload_len > 0)
		add_data(&s, w, p);
	else
		add_empty(&s, w, p);
}

bool transfer_delivered(const struct flow *f, enum dir d, uint32_t *bytes)
{
	const struct transfer *x = f->tcp->transfer;
	*bytes = x ? x->way[d].delivered : 0;
	return x && x->way[d].first;
}

void transfer_close(struct transfers *t, struct flow *f)
{
	struct transfer *x = f->tcp->transfer;
	if (!x)
		return;
	for (enum dir d = DIR_UP; d <= DIR_DOWN; d++) {
		way_tell(t, f, d, x);
		way_empty(t, &x->way[d]);
	}
	list_remove(&x->lru);
	pool_put(&t->transfers, x);
	f->tcp->transfer = NULL;
}
