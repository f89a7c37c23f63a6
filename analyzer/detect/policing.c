/*
 * T1 policing_token_bucket: a token bucket explains what was lost of a transfer (Flach et al., SIGCOMM 2016; the rule is in bucket.h).
 * As published it reads captures made beside the sender, where a lost packet is seen and seen again. Beside the receiver the same
 * rule reads holes that were filled, at the time when they showed; what it cannot know there (round trips of the sender) it replaces
 * by a burst that no queue of that rate lets through, and its word weighs half.
 *
 * Innocent: policing is commonplace, so this is a weak symptom alone. Overflowing queues, random loss, slow receivers: steps of the
 * rule. Reordering: a hole filled within 3 ms, or a quarter of a round trip, is none.
 */
#include "analyzer/detect/bucket.h"
#include "analyzer/detect/detector.h"
#include "analyzer/net/transfer.h"

enum {
	CUTOFF = 2, /* losses left out at each end in the second run */
	EVIDENCE_FRAMES = 8,
	POLICED_CAP = 4096, /* flows with something to say, a shard */
	REORDER_MS = 3,
};

/* What a flow has shown so far: the first transfer that fits, and how many did. */
struct policed {
	struct bucket fit;
	enum bucket_code codes[2];
	enum dir dir;
	bool beside_receiver;
	uint32_t transfers; /* that fit */
	struct frame_ref repairs[EVIDENCE_FRAMES];
	size_t repair_count;
};

struct run {
	struct pool pool;
};

struct state {
	struct policed *policed;
	bool tested;
};

static int start(struct detection *d, struct err *e)
{
	(void)e;
	pool_init(&((struct run *)d->run)->pool, sizeof(struct policed), POLICED_CAP);
	return 0;
}

static void finish(struct detection *d)
{
	pool_free(&((struct run *)d->run)->pool);
}

/* A walk over the packets of a log. */
struct walk {
	const struct transfer_chunk *chunk;
	unsigned at;
};

static const struct transfer_packet *walk_next(struct walk *w)
{
	while (w->chunk && w->at == w->chunk->count) {
		w->chunk = w->chunk->next;
		w->at = 0;
	}
	return w->chunk ? &w->chunk->packets[w->at++] : NULL;
}

/* One request or response of the log, for one way to read it. */
struct reading {
	struct bucket_packet *packets;
	size_t count, losses, holes; /* holes: of the losses */
	uint32_t opened_us;
	struct frame_ref repairs[EVIDENCE_FRAMES];
	size_t repair_count;
};

static void keep_repair(struct reading *r, const struct transfer_chunk *c)
{
	bool fresh =
	    c->repair.number && (r->repair_count == 0 || r->repairs[r->repair_count - 1].number != c->repair.number);
	if (fresh && r->repair_count < EVIDENCE_FRAMES)
		r->repairs[r->repair_count++] = c->repair;
}

/* Reads up to the next opening. holes: as beside the receiver; a hole filled within reorder_ms is none. */
static void read_transfer(struct reading *r, struct walk *w, bool holes, int32_t reorder_ms)
{
	uint32_t origin = 0;
	r->count = r->losses = r->holes = r->repair_count = 0;
	for (struct walk ahead = *w;; *w = ahead) {
		const struct transfer_packet *p = walk_next(&ahead);
		if (!p || ((p->flags & TRANSFER_OPENS) && r->count > 0))
			return;
		if (p->flags & TRANSFER_OPENS) {
			origin = p->seq;
			r->opened_us = p->time_us;
			continue;
		}
		bool hole = p->flags & TRANSFER_HOLE;
		bool filled = (p->flags & TRANSFER_FILLED) && p->ack_ms > reorder_ms;
		if (hole && (!holes || !filled))
			continue;
		bool resent = p->flags & TRANSFER_RESENT;
		bool lost = hole || (resent && !(p->flags & TRANSFER_SPURIOUS));
		if (lost)
			keep_repair(r, ahead.chunk);
		r->losses += lost;
		r->holes += hole;
		r->packets[r->count++] = (struct bucket_packet){.time_us = p->time_us,
		                                                .seq = p->seq - origin,
		                                                .len = p->len,
		                                                .ack_ms = hole ? -1 : p->ack_ms,
		                                                .frame = p->frame,
		                                                .ack_frame = p->ack_frame,
		                                                .resent = resent || hole,
		                                                .lost = lost};
	}
}

static void keep(struct detection *d, struct state *state, const struct policed *found)
{
	if (!state->policed) {
		state->policed = pool_get(&((struct run *)d->run)->pool);
		if (!state->policed) {
			d->candidates->dropped++;
			return;
		}
		*state->policed = *found;
	}
	state->policed->transfers++;
}

/*
 * Beside the receiver a queue lets packets come at its rate and no faster, a bucket as they come: every twentieth packet at least
 * follows the one before it in less than half of the time that the rate would need.
 */
static bool comes_in_bursts(const struct reading *r, uint64_t rate_bps)
{
	enum { CLOSE_SHARE = 20 };
	size_t pairs = 0, close = 0;
	const struct bucket_packet *before = NULL;
	for (size_t i = 0; i < r->count; i++) {
		const struct bucket_packet *p = &r->packets[i];
		if (p->lost || p->len == 0)
			continue;
		pairs += before != NULL;
		close += before && 2 * (uint64_t)(p->time_us - before->time_us) * rate_bps < (uint64_t)p->len * 8000000;
		before = p;
	}
	return close * CLOSE_SHARE >= pairs;
}

/* True when one of the two runs fits. */
static bool fits(struct detection *d, enum dir dir, const struct reading *r, uint32_t path_rtt_half_ms,
                 struct policed *out)
{
	struct bucket_input in = {.packets = r->packets,
	                          .count = r->count,
	                          .opened_us = r->opened_us,
	                          .path_rtt_half_ms = path_rtt_half_ms};
	struct bucket whole = bucket_fit(&in, 0, d->scratch), inner = bucket_fit(&in, CUTOFF, d->scratch);
	*out = (struct policed){.fit = whole.code == BUCKET_POLICED ? whole : inner,
	                        .codes = {whole.code, inner.code},
	                        .dir = dir,
	                        .beside_receiver = path_rtt_half_ms > 0,
	                        .repair_count = r->repair_count};
	memcpy(out->repairs, r->repairs, sizeof out->repairs);
	return out->fit.code == BUCKET_POLICED;
}

/* The whole path's round trip, from both halves of it; 0: not known. */
static uint32_t path_rtt_half_ms(const struct flow *f)
{
	uint32_t samples;
	int64_t up = rtt_min_ns(&f->tcp->rtt[DIR_UP], NULL, 0, &samples);
	int64_t down = rtt_min_ns(&f->tcp->rtt[DIR_DOWN], NULL, 0, &samples);
	int64_t half_ms = up < 0 || down < 0 ? 0 : (up + down) / 500000;
	return half_ms < UINT16_MAX ? (uint32_t)half_ms : UINT16_MAX;
}

static void on_transfer(struct detection *d, const struct event *ev)
{
	const struct transfer_log *log = event_transfer_log(ev);
	struct state *state = d->state;
	struct reading r = {.packets = arena_alloc(d->scratch, log->packets * sizeof *r.packets)};
	uint32_t rtt = path_rtt_half_ms(ev->flow);
	int32_t reorder_ms = (int32_t)(rtt / 8 > REORDER_MS ? rtt / 8 : REORDER_MS);
	struct walk at = {.chunk = log->first};
	if (!r.packets)
		return;
	state->tested = true;
	while (at.chunk) {
		struct walk again = at;
		struct policed found;
		read_transfer(&r, &at, false, 0);
		bool ended = r.count == 0;
		bool fit = r.losses >= TRANSFER_LOSSES_MIN && fits(d, ev->dir, &r, 0, &found);
		if (!fit && rtt > 0) {
			read_transfer(&r, &again, true, reorder_ms);
			/* Beside the sender holes are what the capture itself lost. */
			fit = r.holes >= TRANSFER_LOSSES_MIN && r.holes * 2 > r.losses &&
			      fits(d, ev->dir, &r, rtt, &found) && comes_in_bursts(&r, found.fit.rate_bps);
			at = again;
		}
		if (fit)
			keep(d, state, &found);
		if (ended && r.count == 0)
			break;
	}
}

static void propose(struct detection *d, struct flow *flow, const struct policed *p)
{
	char text[8][FINDING_NUMBER_SIZE];
	struct finding f = {.mechanism = mechanism_find("policing_token_bucket"), .kind = KIND_SYMPTOM};
	f.to_client = p->dir == DIR_DOWN;
	finding_term(&f, d->weights, "E15", p->beside_receiver);
	for (size_t i = 0; i < p->repair_count; i++)
		finding_evidence(&f, p->repairs[i]);
	if (flow->flags & FLOW_LOSS)
		f.guards_named |= 1U << GUARD_CAPTURE_LOSS;
	if (flow->flags & FLOW_TS_DISORDER)
		f.guards_named |= 1U << GUARD_TS_DISORDER;
	finding_number(&f, text[0], "rate_bps", (long long)p->fit.rate_bps);
	finding_number(&f, text[1], "burst_bytes", (long long)p->fit.burst_bytes);
	finding_number(&f, text[2], "n_loss", (long long)p->fit.losses);
	finding_number(&f, text[3], "n_pass", (long long)p->fit.passes);
	finding_number(&f, text[4], "slices", (long long)p->fit.slices);
	finding_number(&f, text[5], "code0", (long long)p->codes[0]);
	finding_number(&f, text[6], "code2", (long long)p->codes[1]);
	finding_number(&f, text[7], "n_transfers", (long long)p->transfers);
	finding_detail(&f, "beside", p->beside_receiver ? "receiver" : "sender");
	detection_propose(d, flow, &f);
}

static void on_close(struct detection *d, const struct event *ev)
{
	struct state *state = d->state;
	if (state->tested)
		detection_tested(d, mechanism_find("policing_token_bucket"));
	if (!state->policed)
		return;
	propose(d, ev->flow, state->policed);
	pool_put(&((struct run *)d->run)->pool, state->policed);
	state->policed = NULL;
}

const struct detector detector_policing = {
    .name = "policing",
    .summary = "losses that fit a token bucket",
    .run_size = sizeof(struct run),
    .flow_size = sizeof(struct state),
    .on = {[EV_TRANSFER] = on_transfer, [EV_FLOW_CLOSE] = on_close},
    .start = start,
    .finish = finish,
};
