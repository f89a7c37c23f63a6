/* Header features of a suspect against its purported sender's baseline. */
#include "analyzer/detect/suspect.h"

enum {
	BASELINE_LEAST = 2,   /* packets behind a TTL baseline */
	IPID_CLASS_LEAST = 4, /* packets behind an IP-ID class */
	OPTIONS_LEAST = 3,    /* packets that all carry timestamps */
	WINDOW_FACTOR = 8,
};

#define RTT_EPSILON_NS INT64_C(202000) /* twice the resolution of a microsecond capture, and 200 us of jitter */

int hops_of(uint8_t ttl)
{
	int initial = ttl <= 32 ? 32 : ttl <= 64 ? 64 : ttl <= 128 ? 128 : 255;
	return initial - ttl;
}

enum ipid_class ipid_classify(const struct side *s, unsigned interposed)
{
	unsigned count = s->ipid_count;
	if (count < IPID_CLASS_LEAST + interposed)
		return IPID_UNKNOWN;
	unsigned broken = 2 * interposed, steps = count - 1;
	steps = steps > broken ? steps - broken : 0;
	if (s->ipid_zero + interposed >= count)
		return IPID_ZERO;
	if (steps > 0 && (unsigned)s->ipid_same >= steps)
		return IPID_CONST;
	if (steps > 0 && s->ipid_near * 10U >= steps * 9U)
		return IPID_LOCAL;
	if (steps > 0 && s->ipid_forward * 10U >= steps * 8U)
		return IPID_GLOBAL;
	return IPID_RANDOM;
}

const char *suspect_stage(const struct side *client, const struct side *server)
{
	if (client->data_packets > 1 || !client->have_syn)
		return "later";
	if (client->data_packets == 1)
		return "post_psh";
	return server->have_syn && client->packets > client->syn_count ? "post_ack" : "post_syn";
}

struct comparison {
	struct finding *f;
	const struct weights *w;
	const struct suspect *s;
	const struct side *side, *other;
	bool rst;
	unsigned interposed; /* suspects among the packets that the side's counters have seen */
	int sum;
};

static void term(struct comparison *c, const char *id, bool half)
{
	size_t before = c->f->term_count;
	finding_term(c->f, c->w, id, half);
	if (c->f->term_count > before)
		c->sum += c->f->terms[before].db;
}

static bool initial_value_step(int difference)
{
	static const int steps[] = {64, 96, 127, 128, 191, 192};
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (difference == steps[i] || difference == -steps[i])
			return true;
	return false;
}

static uint16_t suspects_with_ttl(const struct comparison *c, uint8_t ttl)
{
	uint16_t n = c->rst ? 0 : c->s->packet->ttl == ttl;
	for (size_t i = 0; i < c->s->other_count; i++)
		n = (uint16_t)(n + (!(c->s->others[i].tcp_flags & TCP_RST) && c->s->others[i].ttl == ttl));
	return n;
}

static void leave_out(struct tally *t, uint8_t value, uint16_t n)
{
	for (int i = 0; i < TALLY_VALUES; i++)
		if (t->value[i] == value)
			t->count[i] = t->count[i] > n ? (uint16_t)(t->count[i] - n) : 0;
}

/* The packet itself may be of the party. */
static bool of_party(const struct comparison *c)
{
	return c->s->party.packets > 0 && c->s->party.ttl == c->s->packet->ttl;
}

static void compare_ttl(struct comparison *c)
{
	const struct sample *p = c->s->packet;
	uint8_t baseline = 0;
	struct tally rest = c->side->ttl;
	leave_out(&rest, c->s->party.ttl, c->s->party.packets);
	uint16_t n = tally_mode(&rest, p->ttl, of_party(c) ? 0 : suspects_with_ttl(c, p->ttl), &baseline);
	bool weak = n < BASELINE_LEAST;
	if (weak && c->side->syn.frame.number && c->side->syn.frame.number != p->frame.number)
		baseline = c->side->syn.ttl;
	else if (weak)
		return;
	int hop_delta = hops_of(p->ttl) - hops_of(baseline);
	int raw = p->ttl - baseline;
	c->f->facts.known |= FACT_TTL_BASELINE;
	c->f->facts.ttl_baseline = baseline;
	c->f->facts.hop_delta = (int16_t)hop_delta;
	if (c->rst && (hop_delta >= 2 || hop_delta <= -2))
		term(c, "E02", weak);
	if (c->rst && hop_delta >= -1 && hop_delta <= 1 && initial_value_step(raw))
		term(c, "E02d", false);
	if (!c->rst && !weak && p->payload_len > 0 && (raw >= 2 || raw <= -2))
		term(c, "E02b", false);
	if (hops_of(p->ttl) == 0 && hops_of(baseline) >= 3)
		c->f->guards_named |= 1U << GUARD_LOCAL_BOX;
}

static uint16_t swapped(uint16_t x)
{
	return (uint16_t)(x << 8 | x >> 8);
}

/* The step from a genuine id, forward or back, in whichever byte order it is the smaller. */
static int ipid_step(uint16_t from, uint16_t to)
{
	int network = (int16_t)(uint16_t)(to - from);
	int host = (int16_t)(uint16_t)(swapped(to) - swapped(from));
	int network_size = network < 0 ? -network : network, host_size = host < 0 ? -host : host;
	return host_size < network_size ? host : network;
}

/* Does the id of `p` equal that of a packet it may have been made from, or is it the next? */
static bool id_mirrors(const struct sample *p, const struct sample *from)
{
	return from && from->frame.number && from->ipv4 && (uint16_t)(p->ip_id - from->ip_id) <= 1;
}

static void compare_ipid_mirror(struct comparison *c, enum ipid_class class)
{
	const struct sample *p = c->s->packet;
	bool mirrors = id_mirrors(p, c->s->trigger) || id_mirrors(p, c->s->before);
	if (!mirrors || p->ip_id == 0 || class == IPID_CONST || ipid_classify(c->other, 0) == IPID_CONST)
		return;
	const struct sample *syn = &c->other->syn, *synack = &c->side->syn;
	if (synack->frame.number == p->frame.number)
		synack = c->s->genuine;
	bool both = syn->frame.number && synack && synack->frame.number && synack->ip_id != 0;
	bool front_end = both && (uint16_t)(synack->ip_id - syn->ip_id) <= 1;
	term(c, "E03b", front_end);
}

/* A SYN/ACK and a packet without a socket have the id 0 and say nothing of the counter. */
static const struct sample *counter_baseline(const struct suspect *s)
{
	const struct sample *g = s->counter ? s->counter : s->genuine;
	return g && g->frame.number && !(g->tcp_flags & TCP_SYN) && g->ip_id != 0 ? g : NULL;
}

static void compare_ipid(struct comparison *c)
{
	const struct sample *p = c->s->packet, *g = counter_baseline(c->s);
	if (!p->ipv4)
		return;
	enum ipid_class class = ipid_classify(c->side, c->interposed);
	c->f->facts.ip_id_class = class;
	c->f->facts.known |= FACT_IP_ID | FACT_IP_ID_CLASS;
	c->f->facts.ip_id = p->ip_id;
	compare_ipid_mirror(c, class);
	if (!g || p->ip_id == 0)
		return;
	c->f->facts.known |= FACT_IP_ID_PREVIOUS;
	c->f->facts.ip_id_previous = g->ip_id;
	int step = ipid_step(g->ip_id, p->ip_id);
	bool later = p->frame.number > g->frame.number;
	int widened = c->s->flow->flags & FLOW_SUPER_PACKET ? 64 : 0;
	bool counter = class == IPID_LOCAL || class == IPID_GLOBAL;
	if (class == IPID_LOCAL && (step < -16 - widened || step > 256 + widened))
		term(c, "E03", false);
	if (counter && later && step >= 1 && step <= 8)
		term(c, "E03c", false);
}

static void compare_options(struct comparison *c)
{
	const struct sample *p = c->s->packet;
	bool has = p->options_seen & TCPOPT_SEEN_TIMESTAMPS;
	c->f->facts.known |= FACT_OPTIONS;
	c->f->facts.options_seen = p->options_seen;
	if (c->s->genuine && c->s->genuine->frame.number) {
		c->f->facts.known |= FACT_OPTIONS_BASELINE;
		c->f->facts.options_seen_baseline = c->s->genuine->options_seen;
	}
	uint32_t party = c->s->party.timestamps ? c->s->party.packets : 0;
	if (!c->rst && !has && c->side->with_ts >= OPTIONS_LEAST + party && c->side->without_ts <= c->interposed)
		term(c, "E07", false);
}

static bool is_suspect(const struct suspect *s, const struct sample *p)
{
	if (p->frame.number == s->packet->frame.number)
		return true;
	for (size_t i = 0; i < s->other_count; i++)
		if (s->others[i].frame.number == p->frame.number)
			return true;
	return false;
}

/* Windows of the sender's packets at hand that are no suspects. Those of SYNs are not scaled: like goes with like. */
static unsigned baseline_windows(const struct comparison *c, uint16_t *least, uint16_t *most)
{
	unsigned n = 0, syn = c->s->packet->tcp_flags & TCP_SYN;
	const struct sample *seen[SIDE_RECENT + 1];
	for (unsigned i = 0; i < SIDE_RECENT; i++)
		seen[i] = side_recent(c->side, i);
	seen[SIDE_RECENT] = c->s->genuine;
	for (unsigned i = 0; i <= SIDE_RECENT; i++) {
		const struct sample *p = seen[i];
		if (!p || !p->frame.number || (p->tcp_flags & (TCP_SYN | TCP_RST)) != syn || is_suspect(c->s, p))
			continue;
		*least = n == 0 || p->window < *least ? p->window : *least;
		*most = n == 0 || p->window > *most ? p->window : *most;
		n++;
	}
	return n;
}

/* Without anything else, and where no window is scaled, a SYN/ACK's window speaks for those behind it. */
static unsigned synack_window(const struct comparison *c, uint16_t *least, uint16_t *most)
{
	const struct sample *syn = &c->side->syn;
	if (!c->rst || !syn->frame.number || (c->side->syn_wscale && c->other->syn_wscale))
		return 0;
	*least = *most = syn->window;
	return 1;
}

static bool window_mirrors(const struct sample *p, const struct sample *from)
{
	return from && from->frame.number && from->window == p->window;
}

static void compare_window(struct comparison *c)
{
	const struct sample *p = c->s->packet;
	uint16_t least = 0, most = 0;
	if (c->rst && p->window == 0)
		return;
	if (baseline_windows(c, &least, &most) == 0 && synack_window(c, &least, &most) == 0)
		return;
	if ((uint32_t)p->window * WINDOW_FACTOR < least || p->window / WINDOW_FACTOR > most)
		term(c, "E08", false);
	bool differs = p->window < least || p->window > most;
	bool mirrors = window_mirrors(p, c->s->trigger) || window_mirrors(p, c->s->before);
	if (p->window != 0 && differs && mirrors)
		term(c, "E08b", false);
}

/* docs/rules.md, "Time": a packet that answers the trigger cannot come sooner than the path allows. */
static void compare_time(struct comparison *c)
{
	const struct sample *p = c->s->first ? c->s->first : c->s->packet, *t = c->s->trigger;
	const struct rtt *rtt = &c->s->flow->tcp->rtt[dir_other(c->s->sender)];
	struct frame_ref without[1 + 16];
	size_t n = 0;
	uint32_t samples = 0;
	if (!t || !t->frame.number || t->frame.ts_ns == FRAME_NO_TIME || p->frame.ts_ns == FRAME_NO_TIME)
		return;
	int64_t delta = p->frame.ts_ns - t->frame.ts_ns;
	c->f->facts.known |= FACT_DELTA;
	c->f->facts.delta_us = delta / 1000;
	without[n++] = p->frame;
	for (size_t i = 0; i < c->s->other_count && n < sizeof without / sizeof *without; i++)
		without[n++] = c->s->others[i].frame;
	int64_t least = rtt_min_ns(rtt, without, n, &samples);
	if (least < 0)
		return;
	c->f->facts.known |= FACT_RTT;
	c->f->facts.rtt_min_us = least / 1000;
	c->f->facts.rtt_samples = samples;
	bool caused = (p->tcp_flags & TCP_ACK) && seq_diff(p->ack, sample_seq_end(t)) >= 0 && delta >= 0;
	if (!caused || (c->s->flow->flags & FLOW_TS_DISORDER))
		return;
	if (delta < least / 2 - RTT_EPSILON_NS)
		term(c, "E01", samples < 2);
	else if (delta < least / 5 * 4 - RTT_EPSILON_NS)
		term(c, "E01b", samples < 2);
}

static void state_facts(struct comparison *c)
{
	const struct sample *p = c->s->packet;
	struct facts *facts = &c->f->facts;
	facts->known |= FACT_TTL | FACT_TCP | FACT_PAYLOAD_LENGTH | FACT_SEQ_RELATIVE;
	facts->ttl = p->ttl;
	facts->tcp_flags = p->tcp_flags;
	facts->window = p->window;
	facts->payload_length = p->payload_len;
	facts->seq_relative = side_relative(c->side, p->seq);
	if (p->ipv4) {
		facts->known |= FACT_DF;
		facts->df = p->ip_df;
	}
	if ((p->tcp_flags & TCP_ACK) && (c->other->have_syn || c->other->have_seq)) {
		facts->known |= FACT_ACK_RELATIVE;
		facts->ack_relative = side_relative(c->other, p->ack);
	}
}

int suspect_compare(struct finding *f, const struct weights *w, const struct suspect *s)
{
	struct comparison c = {
	    .f = f,
	    .w = w,
	    .s = s,
	    .side = &s->flow->tcp->side[s->sender],
	    .other = &s->flow->tcp->side[dir_other(s->sender)],
	    .rst = s->packet->tcp_flags & TCP_RST,
	};
	c.interposed = !c.rst;
	for (size_t i = 0; i < s->other_count; i++)
		c.interposed += !(s->others[i].tcp_flags & TCP_RST);
	if (of_party(&c) && c.interposed < s->party.packets)
		c.interposed = s->party.packets;
	f->facts = (struct facts){0};
	f->to_client = s->sender == DIR_DOWN;
	state_facts(&c);
	compare_ttl(&c);
	compare_ipid(&c);
	compare_options(&c);
	compare_window(&c);
	compare_time(&c);
	return c.sum;
}

void finding_party(struct finding *f, const struct flow *flow, enum dir sender)
{
	struct roll known = {0};
	const struct roll *r = flow->tcp->roll[sender];
	if (!r) {
		roll_begin(&known, &flow->tcp->side[sender]);
		r = &known;
	}
	for (unsigned i = 0; i < r->count; i++)
		f->party[i] = r->frames[i];
	f->party_count = r->count;
}
