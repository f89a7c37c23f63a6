/*
 * F2: packets that became resets on the way (Xue et al., TSPU, IMC 2022).
 *   rst_rewritten_in_place  two or more RST+ACKs of one side with what only a living socket's packets carry: its TTL, its
 *                           timestamps going on, and nothing of the other side between them that could have drawn the second
 *   synack_rewritten        a SYN answered by a RST+ACK with the options, the window and the number of a SYN/ACK
 * A single one proves nothing: a socket closed with unread data resets once, with its options and its window. A refusal has
 * neither number, nor window, nor options. RSTs seen twice by a mirror port have equal timestamps (G4).
 */
#include "analyzer/detect/burst.h"

#define RTO_LEAST_NS (INT64_C(100) * 1000000) /* no retransmission comes sooner */

enum {
	RUN_LEAST = 2,         /* with timestamps */
	RUN_LEAST_COUNTED = 3, /* without: two gaps, to see them double */
	COUNTER_STEP = 16,
};

static bool resembles(const struct burst *b, const struct sample *rst)
{
	uint8_t usual = 0;
	const struct side *own = &b->flow->tcp->side[b->dir];
	if (tally_mode(&own->ttl, 0, 0, &usual) == 0)
		usual = own->syn.frame.number ? own->syn.ttl : rst->ttl;
	int off = rst->ttl - usual;
	return (rst->tcp_flags & TCP_ACK) && rst->payload_len == 0 && rst->window != 0 && off >= -1 && off <= 1;
}

static uint16_t id_step(const struct sample *one, const struct sample *two)
{
	return (uint16_t)(two->ip_id - one->ip_id);
}

static bool stamped(const struct sample *one, const struct sample *two)
{
	int32_t step = seq_diff(two->tsval, one->tsval);
	bool ids = !one->ipv4 || one->ip_id == 0 || (id_step(one, two) >= 1 && id_step(one, two) <= COUNTER_STEP);
	return (one->options_seen & two->options_seen & TCPOPT_SEEN_TIMESTAMPS) &&
	       (step > 0 || (step == 0 && ids && one->ipv4 && one->ip_id));
}

static bool counted(const struct sample *one, const struct sample *two)
{
	return one->ipv4 && one->ip_id != 0 && id_step(one, two) >= 1 && id_step(one, two) <= COUNTER_STEP &&
	       samples_apart(one, two) >= RTO_LEAST_NS;
}

/* Without timestamps: the gap doubles, as a retransmission timer does. */
static bool doubles(const struct sample *one, const struct sample *two, const struct sample *three)
{
	int64_t first = samples_apart(one, two), second = samples_apart(two, three);
	return second >= first + first / 2 && second <= 3 * first;
}

/* Resets from i on that belong together; the number of them. */
static unsigned run_of(const struct burst *b, unsigned i, bool stamps)
{
	unsigned n = 1;
	for (; i + n < b->kept; n++) {
		const struct sample *one = burst_rst(b, i + n - 1), *two = burst_rst(b, i + n);
		bool drawn = burst_moment(b, i + n)->other_packets != burst_moment(b, i)->other_packets;
		bool fits = stamps ? stamped(one, two) : counted(one, two);
		if (drawn || !fits || !resembles(b, two) || one->seq != two->seq)
			break;
		if (!stamps && n >= 2 && !doubles(burst_rst(b, i + n - 2), one, two))
			break;
	}
	return n;
}

static bool propose_run(struct detection *d, const struct burst *b, unsigned first, unsigned n)
{
	struct finding f;
	char text[FINDING_NUMBER_SIZE];
	burst_describe(d, &f, b, "rst_rewritten_in_place", first, NULL);
	/* Their counters go on because they are the sender's own. */
	for (size_t i = 0; i < f.term_count;)
		if (strcmp(f.terms[i].id, "E03c") == 0)
			f.terms[i] = f.terms[--f.term_count];
		else
			i++;
	f.suspect_count = 0;
	for (unsigned i = first; i < first + n; i++)
		finding_suspect(&f, burst_rst(b, i)->frame);
	finding_term(&f, d->weights, "E11", false);
	finding_term(&f, d->weights, "E04d", false);
	finding_number(&f, text, "n_rst", n);
	detection_propose(d, b->flow, &f);
	return true;
}

bool rst_rewritten(struct detection *d, const struct burst *b)
{
	if (b->own_ended || b->r->other_rst_before)
		return false;
	for (unsigned i = 0; i < b->kept; i++) {
		if (!resembles(b, burst_rst(b, i)))
			continue;
		unsigned n = run_of(b, i, true);
		bool moved = n >= RUN_LEAST && burst_rst(b, i)->tsval != burst_rst(b, i + n - 1)->tsval;
		if (moved)
			return propose_run(d, b, i, n);
		n = run_of(b, i, false);
		if (n >= RUN_LEAST_COUNTED)
			return propose_run(d, b, i, n);
	}
	return false;
}

static bool is_rewritten_synack(const struct side *client, const struct sample *rst)
{
	const uint16_t of_synack = TCPOPT_SEEN_MSS | TCPOPT_SEEN_WSCALE | TCPOPT_SEEN_SACK_PERMITTED;
	return (rst->tcp_flags & TCP_ACK) && rst->seq != 0 && rst->ack == client->isn + 1 && rst->window != 0 &&
	       (rst->options_seen & of_synack) && rst->payload_len == 0;
}

void synack_rewritten(struct detection *d, struct flow *flow)
{
	const struct side *client = &flow->tcp->side[DIR_UP], *server = &flow->tcp->side[DIR_DOWN];
	const struct reset_side *r = flow->tcp->resets ? &flow->tcp->resets->side[DIR_DOWN] : NULL;
	struct finding f = {.mechanism = mechanism_find("synack_rewritten"), .kind = KIND_CONTRADICTION};
	unsigned n = r && r->rst_count < RESETS_KEPT ? r->rst_count : RESETS_KEPT;
	const struct sample *first = NULL;
	if (!r || !client->have_syn || server->packets > 0)
		return;
	for (unsigned i = 0; i < n; i++) {
		if (!is_rewritten_synack(client, &r->rst[i]) || side_checksum_drops(server, &r->rst[i]))
			continue;
		first = first ? first : &r->rst[i];
		finding_suspect(&f, r->rst[i].frame);
	}
	if (!first)
		return;
	struct suspect s = {.flow = flow, .sender = DIR_DOWN, .packet = first, .trigger = &client->syn};
	suspect_compare(&f, d->weights, &s);
	f.stage = "post_syn";
	finding_evidence(&f, client->syn.frame);
	finding_term(&f, d->weights, "E11", false);
	finding_term(&f, d->weights, "E04d", false);
	f.copies = r->rst_count;
	char text[2][FINDING_NUMBER_SIZE];
	finding_number(&f, text[0], "win", first->window);
	finding_number(&f, text[1], "optlen", first->options_len);
	detection_propose(d, flow, &f);
}
