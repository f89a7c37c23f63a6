/*
 * C1 tcp_overlap_conflict: two segments of one direction give different bytes for the same sequence numbers. One sender
 * never does that; whoever injects into a connection whose genuine answer is still under way cannot avoid it (QUANTUMINSERT;
 * fox-it 2015, Zeek rexmit_inconsistency, Suricata 2210050). Which copy is the forged one is judged at flow close, by the
 * header features of both; when they say nothing, the one that came another way than the SYN/ACK, else the first to arrive.
 *
 * An answer of several segments wins the race with all of them before the genuine one begins. They are no baseline then: if they
 * were, the genuine packet would be the odd one out. What came before the request, the SYN/ACK first of all, is.
 *
 * Innocent explanations ruled out here or before: keep-alive and window probes, wrong checksums and captured copies never
 * get here (net/stream.c); a segment outside the receiver's window; a copy that an anonymiser has overwritten.
 */
#include "analyzer/detect/detector.h"
#include "analyzer/detect/suspect.h"
#include "analyzer/net/track.h"

#include <nettle/sha2.h>
#include <stdio.h>

enum { COLLISIONS_CAP = 4096 }; /* flows of a shard with an open collision */

/* One collision of a direction, kept until the flow closes; further ones are counted. */
struct collision {
	struct sample winner, loser, trigger;
	struct sample mates[SIDE_RECENT]; /* segments of the winner's turn before the loser came, latest first */
	unsigned mate_count;
	struct party party;    /* the winner's, unless the SYN/ACK came the same way */
	struct sample counter; /* the sender's last packet but these two whose IP-ID counts; frame.number 0: none */
	struct stream_conflict conflict; /* spans are not kept */
	uint8_t sha[2][SHA256_DIGEST_SIZE];
	bool first_response, plaintext;
	const char *stage;
	uint32_t repeats;
};

struct collisions {
	struct pool pool;
};

struct state {
	struct collision *open[2]; /* by direction */
};

static int start(struct detection *d, struct err *e)
{
	struct collisions *run = d->run;
	(void)e;
	pool_init(&run->pool, sizeof(struct collision), COLLISIONS_CAP);
	return 0;
}

static void finish(struct detection *d)
{
	pool_free(&((struct collisions *)d->run)->pool);
}

/* Anonymisers and fuzzers overwrite payload: a run of one byte value says nothing. */
static bool overwritten(struct span s)
{
	if (s.len < 4)
		return false;
	for (size_t i = 1; i < s.len; i++)
		if (s.ptr[i] != s.ptr[0])
			return false;
	return true;
}

static void digest(struct span s, uint8_t out[SHA256_DIGEST_SIZE])
{
	struct sha256_ctx ctx;
	sha256_init(&ctx);
	sha256_update(&ctx, s.len, s.ptr);
	sha256_digest(&ctx, SHA256_DIGEST_SIZE, out);
}

static bool looks_like_tls(struct span s)
{
	return s.len >= 3 && s.ptr[0] >= 0x14 && s.ptr[0] <= 0x17 && s.ptr[1] == 3 && s.ptr[2] <= 4;
}

/* Was it sent in the turn of the winner, and like it? */
static bool is_mate(const struct collision *k, const struct sample *p)
{
	return p->payload_len > 0 && p->ttl == k->winner.ttl && k->trigger.frame.number > 0 &&
	       p->frame.number > k->trigger.frame.number;
}

static void mates_of(struct collision *k, const struct side *side)
{
	for (unsigned i = 0; i < SIDE_RECENT; i++) {
		const struct sample *p = side_recent(side, i);
		if (p && p->frame.number != k->winner.frame.number && p->frame.number != k->loser.frame.number &&
		    is_mate(k, p))
			k->mates[k->mate_count++] = *p;
	}
}

/* All that has come with the winner's TTL, where neither the loser nor the SYN/ACK has one like it. */
static struct party party_of(const struct collision *k, const struct side *side)
{
	int away = side->syn.ttl - k->winner.ttl;
	bool anchored = side->have_syn && away > -2 && away < 2;
	if (anchored || k->winner.ttl == k->loser.ttl)
		return (struct party){0};
	struct party p = {.ttl = k->winner.ttl, .timestamps = k->winner.options_seen & TCPOPT_SEEN_TIMESTAMPS};
	for (int i = 0; i < TALLY_VALUES; i++)
		if (side->ttl.count[i] > 0 && side->ttl.value[i] == p.ttl)
			p.packets = side->ttl.count[i];
	return p;
}

/* What either rival is measured by: measured by each other, one is as foreign as the other. Rather from before them, where no
 * further forged segment is. */
static struct sample counter_of(const struct side *side, const struct collision *k)
{
	struct sample between = {0};
	for (unsigned i = 0; i < SIDE_RECENT; i++) {
		const struct sample *p = side_recent(side, i);
		if (!p || p->ip_id == 0 || (p->tcp_flags & TCP_SYN) || p->frame.number == k->winner.frame.number ||
		    p->frame.number == k->loser.frame.number || is_mate(k, p))
			continue;
		if (p->frame.number < k->winner.frame.number)
			return *p;
		if (!between.frame.number)
			between = *p;
	}
	return between;
}

static void remember(struct collision *k, const struct event *ev, const struct stream_conflict *c)
{
	const struct trigger *t = &ev->flow->trigger;
	const struct side *side = &ev->flow->tcp->side[ev->dir];
	k->winner = c->winner.sample;
	k->loser = c->loser.sample;
	k->conflict = *c;
	k->stage = suspect_stage(&ev->flow->tcp->side[DIR_UP], &ev->flow->tcp->side[DIR_DOWN]);
	digest(c->winner.payload, k->sha[0]);
	digest(c->loser.payload, k->sha[1]);
	k->plaintext =
	    t->kind != TRIGGER_TLS && !looks_like_tls(c->winner.payload) && !looks_like_tls(c->loser.payload);
	bool answers = t->kind != TRIGGER_NONE && t->sample.frame.number < c->winner.sample.frame.number;
	k->first_response = ev->dir == DIR_DOWN && c->turn_offset == 0 && c->other_spoke && answers;
	if (answers && ev->dir == DIR_DOWN)
		k->trigger = t->sample;
	mates_of(k, side);
	k->party = party_of(k, side);
	k->counter = counter_of(side, k);
}

static void on_conflict(struct detection *d, const struct event *ev)
{
	struct state *state = d->state;
	struct collisions *run = d->run;
	const struct stream_conflict *c = event_stream_conflict(ev);
	const struct side *sender = &ev->flow->tcp->side[ev->dir];
	if (side_checksum_drops(sender, &c->winner.sample) || side_checksum_drops(sender, &c->loser.sample))
		return;
	if (!c->in_window || overwritten(c->winner_bytes) || overwritten(c->loser_bytes))
		return;
	struct collision *k = state->open[ev->dir];
	if (k) {
		k->repeats++;
		return;
	}
	k = pool_get(&run->pool);
	if (!k) {
		d->candidates->dropped++;
		return;
	}
	state->open[ev->dir] = k;
	remember(k, ev, c);
}

struct details {
	char offset[FINDING_NUMBER_SIZE], repeats[FINDING_NUMBER_SIZE], length[FINDING_NUMBER_SIZE];
	char winner[65], loser[65]; /* SHA-256 in hex digits */
};

static void describe(struct finding *f, const struct collision *k, bool winner_forged, struct details *out)
{
	struct text winner = text_over(out->winner, sizeof out->winner),
	            loser = text_over(out->loser, sizeof out->loser);
	text_hex(&winner, span_of(k->sha[0], sizeof k->sha[0]));
	text_hex(&loser, span_of(k->sha[1], sizeof k->sha[1]));
	finding_number(f, out->offset, "diff_off", k->conflict.diff_offset);
	finding_number(f, out->repeats, "n_repeats", k->repeats);
	finding_number(f, out->length, "ov_len", (long long)k->conflict.winner_bytes.len);
	finding_detail(f, "sha_loser", out->loser);
	finding_detail(f, "sha_winner", out->winner);
	finding_detail(f, "winner", winner_forged ? "suspect" : "genuine");
}

/* What began the winner's turn answered the request. */
static const struct sample *first_of(const struct collision *k)
{
	const struct sample *oldest = &k->mates[k->mate_count - 1];
	return oldest->frame.number < k->winner.frame.number ? oldest : &k->winner;
}

/* One reading of the collision: which of the two is forged. Returns how much the header features say for it. */
static int reading(struct finding *f, struct detection *d, struct flow *flow, enum dir dir, const struct collision *k,
                   bool winner_forged)
{
	bool alone = k->mate_count == 0;
	const struct suspect s = {
	    .flow = flow,
	    .sender = dir,
	    .packet = winner_forged ? &k->winner : &k->loser,
	    .genuine = winner_forged ? &k->loser : &k->winner,
	    /* An empty one, since a mate's counter is the winner's. */
	    .counter = k->counter.frame.number || !alone ? &k->counter : NULL,
	    .trigger = &k->trigger,
	    .first = winner_forged && !alone ? first_of(k) : NULL,
	    .party = k->party,
	    .others = k->mates,
	    .other_count = winner_forged ? k->mate_count : 0,
	};
	*f = (struct finding){.mechanism = mechanism_find("tcp_overlap_conflict"), .kind = KIND_CONTRADICTION};
	int sum = suspect_compare(f, d->weights, &s);
	finding_suspect(f, s.packet->frame);
	finding_evidence(f, s.genuine->frame);
	return sum;
}

/* Did only the winner come the way that the SYN/ACK came? Says too little for a term: proxies answer SYNs. */
static bool synack_vouches(const struct flow *flow, enum dir dir, const struct collision *k)
{
	const struct side *side = &flow->tcp->side[dir];
	int winner = side->syn.ttl - k->winner.ttl, loser = side->syn.ttl - k->loser.ttl;
	return side->have_syn && winner > -2 && winner < 2 && (loser <= -2 || loser >= 2);
}

static void judge(struct detection *d, struct flow *flow, enum dir dir, const struct collision *k)
{
	struct finding first, second;
	struct details details;
	int for_winner = reading(&first, d, flow, dir, k, true);
	int for_loser = reading(&second, d, flow, dir, k, false);
	bool winner_forged = for_winner > for_loser || (for_winner == for_loser && !synack_vouches(flow, dir, k));
	struct finding *f = winner_forged ? &first : &second;
	/* In the middle of an unknown connection, and with nothing in any header that tells the two apart, an edited, merged or
	 * hand-made capture is as likely as a second sender. */
	bool nothing_else = (flow->flags & FLOW_MIDSTREAM) && for_winner <= 0 && for_loser <= 0;
	bool first_answer = k->first_response && k->plaintext;
	finding_term(f, d->weights, first_answer ? "E06" : "E06b", nothing_else && !first_answer);
	if (k->trigger.frame.number)
		finding_evidence(f, k->trigger.frame);
	if (flow->flags & FLOW_SNAPPED)
		f->guards_named |= 1U << GUARD_SNAPLEN;
	if (flow->flags & FLOW_LOSS)
		f->guards_named |= 1U << GUARD_CAPTURE_LOSS;
	f->copies = 1;
	f->stage = k->stage;
	f->protocol = flow->trigger.kind == TRIGGER_HTTP ? "http" : flow->trigger.kind == TRIGGER_TLS ? "tls" : NULL;
	describe(f, k, winner_forged, &details);
	detection_propose(d, flow, f);
}

static void on_close(struct detection *d, const struct event *ev)
{
	struct state *state = d->state;
	struct collisions *run = d->run;
	if (ev->flow->tcp && ev->flow->bytes[DIR_UP] + ev->flow->bytes[DIR_DOWN] > 0)
		detection_tested(d, mechanism_find("tcp_overlap_conflict"));
	for (enum dir dir = DIR_UP; dir <= DIR_DOWN; dir++) {
		if (!state->open[dir])
			continue;
		judge(d, ev->flow, dir, state->open[dir]);
		pool_put(&run->pool, state->open[dir]);
		state->open[dir] = NULL;
	}
}

const struct detector detector_tcp_overlap = {
    .name = "tcp_overlap",
    .summary = "two versions of the same bytes of a TCP stream",
    .run_size = sizeof(struct collisions),
    .flow_size = sizeof(struct state),
    .on = {[EV_STREAM_CONFLICT] = on_conflict, [EV_FLOW_CLOSE] = on_close},
    .start = start,
    .finish = finish,
};
