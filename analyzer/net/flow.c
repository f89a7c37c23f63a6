/*
 * The flow table: opening, closing, idle time, port reuse. Finding is flow_index.c's. There is one queue an idle class; a packet
 * does not move its flow in the queue (that would touch two neighbours a packet): a flow that comes to the front and was heard
 * since goes to the end again.
 */
#include "analyzer/net/flow_index.h"

#include <stdlib.h>

/* A flow that is an hour ahead of the clock belongs to a time line that a bogus timestamp started. */
#define CLOCK_JUMP_NS (INT64_C(3600) * 1000000000)

#define DISORDER_NS   INT64_C(1000000) /* G6 */

enum idle_class { IDLE_OPEN_TCP, IDLE_CLOSED_TCP, IDLE_OTHER, IDLE_CLASSES };

struct flow_table {
	struct flow_limits limits;
	struct flow_index index;
	struct pool flows, tcp;
	struct list idle[IDLE_CLASSES];
	struct flow_counts counts;
	flow_closing *closing;
	void *context;
};

const char *trigger_protocol(enum trigger_kind kind)
{
	static const char *const words[] = {[TRIGGER_DNS] = "dns",   [TRIGGER_HTTP] = "http", [TRIGGER_TLS] = "tls",
	                                    [TRIGGER_QUIC] = "quic", [TRIGGER_SMTP] = "smtp", [TRIGGER_FTP] = "ftp"};
	return words[kind];
}

int slot_reserve(struct slot_plan *plan, struct slot *out, size_t size, struct err *e)
{
	size_t rounded = (size + 15) / 16 * 16;
	if (size > SLOTS_MAX || plan->size + rounded > SLOTS_MAX)
		return err_set(e, ERR_LIMIT, "detectors ask for more than %d bytes in every flow", SLOTS_MAX);
	*out = (struct slot){.off = plan->size, .size = (uint32_t)size};
	plan->size += (uint32_t)rounded;
	return 0;
}

void *flow_slot(struct flow *f, struct slot s)
{
	return s.size ? f->slots + s.off : NULL;
}

struct flow_table *flow_table_new(const struct flow_limits *limits, uint32_t slot_bytes, flow_closing *closing,
                                  void *context)
{
	struct flow_table *t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	t->limits = *limits;
	t->closing = closing;
	t->context = context;
	pool_init(&t->flows, sizeof(struct flow) + slot_bytes, limits->flows);
	pool_init(&t->tcp, sizeof(struct tcp_flow), limits->flows);
	for (int i = 0; i < IDLE_CLASSES; i++)
		list_init(&t->idle[i]);
	if (!flow_index_init(&t->index)) {
		flow_table_free(t);
		return NULL;
	}
	return t;
}

void flow_table_free(struct flow_table *t)
{
	if (!t)
		return;
	pool_free(&t->flows);
	pool_free(&t->tcp);
	flow_index_free(&t->index);
	free(t);
}

static void flow_close(struct flow_table *t, struct flow *f, enum flow_end why)
{
	t->closing(t->context, f, why);
	flow_index_remove(&t->index, f);
	list_remove(&f->lru);
	pool_put(&t->tcp, f->tcp);
	pool_put(&t->flows, f);
}

static struct flow *front(struct list *queue)
{
	return list_empty(queue) ? NULL : LIST_ENTRY(queue->next, struct flow, lru);
}

static void enqueue(struct flow_table *t, struct flow *f)
{
	f->queued_ns = f->last_ns;
	list_append(&t->idle[f->idle_class], &f->lru);
}

static void requeue(struct flow_table *t, struct flow *f)
{
	list_remove(&f->lru);
	enqueue(t, f);
}

static void expire_class(struct flow_table *t, struct list *queue, int64_t allowed, int64_t now)
{
	struct flow *f;
	while ((f = front(queue)) != NULL) {
		bool due = now - f->queued_ns > allowed || f->queued_ns - now > CLOCK_JUMP_NS;
		if (!due)
			return;
		if (now - f->last_ns > allowed || f->last_ns - now > CLOCK_JUMP_NS)
			flow_close(t, f, FLOW_END_IDLE);
		else
			requeue(t, f);
	}
}

static void expire(struct flow_table *t, int64_t now)
{
	expire_class(t, &t->idle[IDLE_OPEN_TCP], t->limits.tcp_idle_ns, now);
	expire_class(t, &t->idle[IDLE_CLOSED_TCP], t->limits.closed_idle_ns, now);
	expire_class(t, &t->idle[IDLE_OTHER], t->limits.other_idle_ns, now);
}

/* The front of a queue once those that were heard since have gone to its end. */
static struct flow *quietest(struct flow_table *t, struct list *queue)
{
	struct flow *f;
	while ((f = front(queue)) != NULL && f->last_ns != f->queued_ns)
		requeue(t, f);
	return f;
}

static struct flow *quietest_of_all(struct flow_table *t)
{
	struct flow *least = NULL;
	for (int i = 0; i < IDLE_CLASSES; i++) {
		struct flow *f = quietest(t, &t->idle[i]);
		if (f && (!least || f->last_ns < least->last_ns))
			least = f;
	}
	return least;
}

static void evict_one(struct flow_table *t)
{
	t->counts.evicted++;
	flow_close(t, quietest_of_all(t), FLOW_END_EVICTED);
}

/* Without a SYN the side with a well-known port is taken for the server, else whoever is heard first for the client. */
static bool from_server(const struct packet *p)
{
	enum { WELL_KNOWN = 1024 };
	if (p->l4_proto == IPPROTO_TCP && (p->tcp_flags & TCP_SYN))
		return p->tcp_flags & TCP_ACK;
	return p->sport < WELL_KNOWN && p->dport >= WELL_KNOWN;
}

static bool is_client_syn(const struct packet *p)
{
	return p->l4_proto == IPPROTO_TCP && (p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
}

static struct flow *flow_open(struct flow_table *t, const struct packet *p, enum dir *dir)
{
	if (t->flows.alive >= t->limits.flows)
		evict_one(t);
	struct flow *f = pool_get(&t->flows);
	struct tcp_flow *tcp = f && p->l4_proto == IPPROTO_TCP ? pool_get(&t->tcp) : NULL;
	if (!f || (p->l4_proto == IPPROTO_TCP && !tcp)) {
		pool_put(&t->flows, f);
		return NULL;
	}
	*dir = from_server(p) ? DIR_DOWN : DIR_UP;
	f->id = ++t->counts.opened;
	f->client = *dir == DIR_UP ? p->src : p->dst;
	f->server = *dir == DIR_UP ? p->dst : p->src;
	f->client_port = *dir == DIR_UP ? p->sport : p->dport;
	f->server_port = *dir == DIR_UP ? p->dport : p->sport;
	f->l4_proto = p->l4_proto;
	f->tunnel_shared = p->tunnel_shared;
	f->first_ns = p->clock_ns;
	f->first = frame_ref_of(p);
	f->last_ts_ns = FRAME_NO_TIME;
	f->tcp = tcp;
	f->idle_class = tcp ? IDLE_OPEN_TCP : IDLE_OTHER;
	if (tcp) {
		tcp->timed[DIR_UP].sent_ns = tcp->timed[DIR_DOWN].sent_ns = FRAME_NO_TIME;
		if (!is_client_syn(p))
			f->flags |= FLOW_MIDSTREAM;
	}
	flow_index_add(&t->index, f, *dir, p);
	f->last_ns = p->clock_ns;
	enqueue(t, f);
	if (t->flows.peak > t->counts.peak)
		t->counts.peak = t->flows.peak;
	return f;
}

/* The capture may show a SYN behind the SYN/ACK that answers it. */
static bool was_answered(const struct flow *f, const struct packet *p)
{
	const struct side *client = &f->tcp->side[DIR_UP], *server = &f->tcp->side[DIR_DOWN];
	return !client->have_syn && server->have_syn && server->syn.ack == p->tcp_seq + 1;
}

/* The same where the capture shows only the server's side: a SYN/ACK to another SYN. */
static bool answers_another(const struct flow *f, const struct packet *p, enum dir dir)
{
	const struct side *client = &f->tcp->side[DIR_UP], *server = &f->tcp->side[DIR_DOWN];
	bool synack = (p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) == (TCP_SYN | TCP_ACK);
	return synack && dir == DIR_DOWN && client->packets == 0 && server->have_syn && server->isn != p->tcp_seq &&
	       server->syn.ack != p->tcp_ack;
}

/* G13: does this packet open a new connection between the same ports? */
static bool takes_over(const struct flow *f, const struct packet *p, enum dir dir)
{
	bool closed = f->flags & (FLOW_FIN_UP | FLOW_FIN_DOWN | FLOW_RESET);
	if (!is_client_syn(p))
		return f->tcp && closed && answers_another(f, p, dir);
	const struct side *s = &f->tcp->side[dir];
	if (dir == DIR_UP && ((s->have_syn && s->isn == p->tcp_seq) || was_answered(f, p)))
		return false;
	bool idle = p->clock_ns - f->last_ns > FLOW_REUSE_IDLE_S * INT64_C(1000000000);
	bool no_payload = f->bytes[DIR_UP] == 0 && f->bytes[DIR_DOWN] == 0;
	return closed || idle || (no_payload && dir == DIR_UP);
}

static void disorder_note(struct flow_table *t, struct flow *f, int64_t ts_ns)
{
	if (ts_ns == FRAME_NO_TIME)
		return;
	bool known = f->packets[DIR_UP] + f->packets[DIR_DOWN] > 1 && f->last_ts_ns != FRAME_NO_TIME;
	if (known && f->last_ts_ns - ts_ns > DISORDER_NS) {
		f->flags |= FLOW_TS_DISORDER;
		t->counts.disordered++;
	}
	f->last_ts_ns = ts_ns;
}

struct flow *flow_touch(struct flow_table *t, const struct packet *p, enum dir *dir)
{
	bool reused = false;
	expire(t, p->clock_ns);
	struct flow *f = flow_index_find(&t->index, p, dir);
	if (f && takes_over(f, p, *dir)) {
		flow_close(t, f, FLOW_END_REUSED);
		f = NULL;
		reused = true;
	}
	if (!f)
		f = flow_open(t, p, dir);
	if (!f)
		return NULL;
	if (reused)
		f->flags |= FLOW_PORT_REUSED;
	if (f->tcp && is_client_syn(p) && *dir == DIR_UP && was_answered(f, p))
		f->flags &= (uint16_t)~FLOW_MIDSTREAM;
	flow_index_learn(&t->index, f, *dir, p);
	f->last_ns = p->clock_ns;
	f->packets[*dir]++;
	f->last[*dir] = frame_ref_of(p);
	disorder_note(t, f, p->frame->ts_ns);
	return f;
}

struct flow *flow_peek(const struct flow_table *t, const struct packet *p)
{
	enum dir dir;
	return flow_index_find(&t->index, p, &dir);
}

void flow_reclass(struct flow_table *t, struct flow *f)
{
	bool both_fin = (f->flags & FLOW_FIN_UP) && (f->flags & FLOW_FIN_DOWN);
	if (!f->tcp || f->idle_class == IDLE_CLOSED_TCP || !(both_fin || (f->flags & FLOW_RESET)))
		return;
	f->idle_class = IDLE_CLOSED_TCP;
	requeue(t, f);
}

void flow_table_close_all(struct flow_table *t)
{
	struct flow *f;
	while ((f = quietest_of_all(t)) != NULL)
		flow_close(t, f, FLOW_END_CAPTURE);
}

const struct flow_counts *flow_counts(const struct flow_table *t)
{
	return &t->counts;
}
