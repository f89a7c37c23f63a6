/* Bins of one second: see pace.h. */
#include "analyzer/net/pace.h"

#include "analyzer/net/transfer.h"

#define SECOND_NS INT64_C(1000000000)

void paces_init(struct paces *p, size_t budget)
{
	size_t cap = budget / sizeof(struct pace);
	*p = (struct paces){0};
	pool_init(&p->pool, sizeof(struct pace), cap ? cap : 1);
}

void paces_free(struct paces *p)
{
	pool_free(&p->pool);
}

static void count(uint8_t *n, bool more)
{
	*n = (uint8_t)(*n + (more && *n < PACE_COUNT_MAX));
}

/* The bin of a time; NULL: before or behind what is looked at. */
static struct pace_bin *bin_at(struct pace *pace, int64_t ns)
{
	int64_t second = (ns - pace->start_ns) / SECOND_NS;
	if (ns < pace->start_ns || second >= PACE_BINS)
		return NULL;
	if (pace->bins <= second)
		pace->bins = (uint32_t)second + 1;
	return &pace->bin[second];
}

static void pace_begin(struct pace *pace, const struct flow *f, enum dir d, int64_t start_ns)
{
	pace->start_ns = start_ns;
	transfer_delivered(f, d, &pace->delivered);
}

static void data_seen(struct paces *all, struct flow *f, enum dir d, const struct packet *p)
{
	struct pace_way *w = &f->tcp->pace[d];
	const struct side *own = &f->tcp->side[d], *other = &f->tcp->side[dir_other(d)];
	int64_t now = p->frame->ts_ns, before = w->last_ns;
	if (!w->first_ns)
		w->first_ns = now;
	w->last_ns = now;
	if (!w->pace && now - w->first_ns >= PACE_SKIPPED_NS && own->data_packets >= PACE_PACKETS_MIN) {
		/* A connection that was idle is not one that is slow: what counts begins with the data. */
		int64_t start = before < now - PACE_SKIPPED_NS ? now : w->first_ns + PACE_SKIPPED_NS;
		w->pace = pool_get(&all->pool);
		all->refused += !w->pace;
		if (w->pace)
			pace_begin(w->pace, f, d, start);
	}
	struct pace_bin *bin = w->pace ? bin_at(w->pace, now) : NULL;
	if (!bin)
		return;
	int64_t pause = (now - before) / (PACE_PAUSE_UNIT_MS * INT64_C(1000000));
	bool waited = other->have_ack && seq_diff(other->max_ack, own->max_seq_end) < 0;
	if (!waited && pause > bin->pause)
		bin->pause = (uint8_t)(pause < PACE_COUNT_MAX ? pause : PACE_COUNT_MAX);
	count(&bin->packets, true);
	count(&bin->pushed, p->tcp_flags & TCP_PSH);
	count(&bin->unsteady, own->have_seq && p->tcp_seq != own->max_seq_end);
	if (!w->pace->first.number)
		w->pace->first = frame_ref_of(p);
	w->pace->last = frame_ref_of(p);
}

/* What the packet says arrived of the other direction. */
static uint32_t arrived(const struct flow *f, enum dir d, const struct packet *p, struct pace *pace)
{
	const struct side *own = &f->tcp->side[d];
	int32_t acked = own->have_ack ? seq_diff(p->tcp_ack, own->max_ack) : 0;
	uint32_t before = pace->delivered;
	bool logged = transfer_delivered(f, dir_other(d), &pace->delivered);
	return logged ? pace->delivered - before : acked > 0 ? (uint32_t)acked : 0;
}

static void acknowledged(struct flow *f, enum dir d, const struct packet *p)
{
	struct pace *pace = f->tcp->pace[dir_other(d)].pace;
	uint32_t more = pace ? arrived(f, d, p, pace) : 0;
	struct pace_bin *bin = more > 0 ? bin_at(pace, p->frame->ts_ns) : NULL;
	if (bin)
		bin->bytes = bin->bytes < UINT32_MAX - more ? bin->bytes + more : UINT32_MAX;
}

void pace_packet(struct paces *all, struct flow *f, enum dir d, const struct packet *p)
{
	if (p->frame->ts_ns == FRAME_NO_TIME)
		return;
	if (p->payload_len > 0)
		data_seen(all, f, d, p);
	if (p->tcp_flags & TCP_ACK)
		acknowledged(f, d, p);
}

void pace_rtt(struct pace_way *w, int64_t rtt_ns)
{
	if (!w->pace)
		return;
	w->pace->rtt_sum_us += (uint64_t)rtt_ns / 1000;
	w->pace->rtt_count++;
}

void pace_close(struct paces *all, struct flow *f)
{
	for (enum dir d = DIR_UP; d <= DIR_DOWN; d++) {
		pool_put(&all->pool, f->tcp->pace[d].pace);
		f->tcp->pace[d].pace = NULL;
	}
}

uint64_t pace_rate(const struct flow *f, enum dir d)
{
	enum { SHORTEST_US = 50000 };
	const struct pace_way *w = f->tcp ? &f->tcp->pace[d] : NULL;
	uint64_t best = 0;
	if (!w || f->bytes[d] < PACE_RATE_BYTES)
		return 0;
	for (uint32_t i = 0; w->pace && i < w->pace->bins; i++)
		if (w->pace->bin[i].bytes > best)
			best = w->pace->bin[i].bytes;
	if (w->pace)
		return best * 8;
	int64_t us = (w->last_ns - w->first_ns) / 1000;
	return f->bytes[d] * 8000000 / (uint64_t)(us > SHORTEST_US ? us : SHORTEST_US);
}
