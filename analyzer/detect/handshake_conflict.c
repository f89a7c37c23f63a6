/*
 * One SYN, two answers that exclude each other:
 *   B5 syn_rst_conflict  a RST and a SYN/ACK (Weaver et al. 2009; Niaki et al. 2020)
 *   B6 synack_conflict   two SYN/ACKs with different initial sequence numbers (HoneyBadger; Suricata 2210005)
 * Innocent: load balancers and SYN proxies that answer a repeated SYN from elsewhere (a repeated SYN, whenever it came, rules B6 out
 * and halves B5; one between the reset and the SYN/ACK rules B5 out: each SYN has had one answer), a server that accepts and then aborts (a RST after the SYN/ACK needs header features of its own), port reuse (G13).
 */
#include "analyzer/detect/burst.h"
#include "analyzer/detect/detector.h"
#include "analyzer/detect/suspect.h"
#include "analyzer/net/track.h"

#define ANSWER_WINDOW_NS (INT64_C(3) * 1000000000)

enum { EARLY_PACKETS = 12 }; /* B6 looks at the first packets of a connection [HoneyBadger] */

/* The second SYN/ACK of a flow, kept until its baseline is known. Almost no flow has one. */
struct second {
	struct sample synack;
};

struct seconds {
	struct pool pool;
};

enum { SECONDS_CAP = 4096 };

struct state {
	struct second *second;
	uint16_t syns; /* of the client before the first SYN/ACK */
};

static int start(struct detection *d, struct err *e)
{
	struct seconds *run = d->run;
	(void)e;
	pool_init(&run->pool, sizeof(struct second), SECONDS_CAP);
	return 0;
}

static void finish(struct detection *d)
{
	pool_free(&((struct seconds *)d->run)->pool);
}

static void on_synack(struct detection *d, const struct event *ev)
{
	struct state *state = d->state;
	const struct tcp_synack *s = event_tcp_synack(ev);
	const struct side *server = &ev->flow->tcp->side[ev->dir], *client = &ev->flow->tcp->side[dir_other(ev->dir)];
	if (ev->dir == DIR_DOWN && !server->have_syn)
		state->syns = client->syn_count;
	if (ev->dir != DIR_DOWN || !server->have_syn || state->second)
		return;
	bool same_syn = s->sample.ack == server->syn.ack && s->sample.seq != server->isn;
	bool repeated_syn = client->syn_count > 1;
	bool early = ev->flow->packets[DIR_UP] + ev->flow->packets[DIR_DOWN] <= EARLY_PACKETS;
	if (!same_syn || repeated_syn || !early || side_checksum_drops(server, &s->sample))
		return;
	state->second = pool_get(&((struct seconds *)d->run)->pool);
	if (state->second)
		state->second->synack = s->sample;
	else
		d->candidates->dropped++;
}

/* Which initial sequence number the client went on with. */
static const char *used_by_client(const struct flow *flow, const struct sample *one, const struct sample *two)
{
	const struct side *client = &flow->tcp->side[DIR_UP];
	if (side_acked(client, one->seq + 1))
		return "isn1";
	return side_acked(client, two->seq + 1) ? "isn2" : "none";
}

static void synack_conflict(struct detection *d, struct flow *flow, const struct sample *two)
{
	const struct sample *one = &flow->tcp->side[DIR_DOWN].syn;
	const struct sample *syn = &flow->tcp->side[DIR_UP].syn;
	struct finding f, other;
	char text[2][FINDING_NUMBER_SIZE];
	struct suspect s = {.flow = flow, .sender = DIR_DOWN, .packet = one, .genuine = two, .trigger = syn};
	struct suspect reversed = {.flow = flow, .sender = DIR_DOWN, .packet = two, .genuine = one, .trigger = syn};
	f = other = (struct finding){.mechanism = mechanism_find("synack_conflict"), .kind = KIND_CONTRADICTION};
	int first = suspect_compare(&f, d->weights, &s), second = suspect_compare(&other, d->weights, &reversed);
	bool second_forged = second > first;
	if (second_forged)
		f = other;
	finding_suspect(&f, second_forged ? two->frame : one->frame);
	finding_evidence(&f, second_forged ? one->frame : two->frame);
	finding_evidence(&f, syn->frame);
	/* With equal headers it may be the answer of another host to a repeat of the SYN that the capture lost. */
	finding_term(&f, d->weights, "E05b", (second_forged ? second : first) <= 0);
	f.alternatives |= 1U << ALT_LOAD_BALANCER;
	finding_number(&f, text[0], "isn1", one->seq);
	finding_number(&f, text[1], "isn2", two->seq);
	finding_detail(&f, "used_by_client", used_by_client(flow, one, two));
	detection_propose(d, flow, &f);
}

/* The first RST of the server that answers the SYN which its SYN/ACK answers, if any. */
static const struct sample *rst_to_syn(const struct flow *flow, uint16_t syns)
{
	const struct tcp_flow *tcp = flow->tcp;
	const struct side *client = &tcp->side[DIR_UP], *server = &tcp->side[DIR_DOWN];
	const struct reset_side *r = &tcp->resets->side[DIR_DOWN];
	unsigned n = r->rst_count < RESETS_KEPT ? r->rst_count : RESETS_KEPT;
	for (unsigned i = 0; i < n; i++) {
		bool near = samples_apart(&r->rst[i], &server->syn) < ANSWER_WINDOW_NS;
		bool one_syn = r->rst[i].frame.number > server->syn.frame.number || r->at[i].other_syns == syns;
		if (r->rst[i].ack == client->isn + 1 && near && one_syn && !side_checksum_drops(server, &r->rst[i]))
			return &r->rst[i];
	}
	return NULL;
}

/* The first packet of the server behind the reset that shows its IP-ID counter; a SYN/ACK does not. */
static const struct sample *counter_after(const struct reset_side *r)
{
	unsigned n = r->after_count < RESETS_AFTER ? r->after_count : RESETS_AFTER;
	for (unsigned i = 0; i < n; i++)
		if (!(r->after[i].tcp_flags & TCP_SYN) && r->after[i].ip_id != 0)
			return &r->after[i];
	return NULL;
}

static void syn_rst_conflict(struct detection *d, struct flow *flow, uint16_t syns)
{
	const struct side *client = &flow->tcp->side[DIR_UP], *server = &flow->tcp->side[DIR_DOWN];
	const struct sample *rst = flow->tcp->resets ? rst_to_syn(flow, syns) : NULL;
	if (!rst || server->syn.ack != client->isn + 1)
		return;
	const struct reset_side *r = &flow->tcp->resets->side[DIR_DOWN];
	bool rst_first = rst->frame.number < server->syn.frame.number;
	bool client_sent = !rst_first && r->other.data_packets > 0;
	if (client_sent || r->other_rst_before || (!rst_first && (r->own.have_fin || r->other.have_fin)))
		return;
	struct finding f = {.mechanism = mechanism_find("syn_rst_conflict"), .kind = KIND_CONTRADICTION};
	struct suspect s = {.flow = flow,
	                    .sender = DIR_DOWN,
	                    .packet = rst,
	                    .genuine = &server->syn,
	                    .counter = counter_after(r),
	                    .trigger = &client->syn};
	suspect_compare(&f, d->weights, &s);
	bool features = finding_has_term(&f, "E02") || finding_has_term(&f, "E03") || finding_has_term(&f, "E01");
	if (!rst_first && !features)
		return;
	finding_suspect(&f, rst->frame);
	finding_evidence(&f, client->syn.frame);
	finding_evidence(&f, server->syn.frame);
	bool repeated = client->syn_count > 1;
	if (rst_first)
		finding_term(&f, d->weights, "E05b", repeated);
	if (repeated)
		f.alternatives |= 1U << ALT_LOAD_BALANCER;
	char gap[FINDING_NUMBER_SIZE], count[FINDING_NUMBER_SIZE];
	if (samples_apart(rst, &server->syn) != INT64_MAX)
		finding_number(&f, gap, "gap_us", (server->syn.frame.ts_ns - rst->frame.ts_ns) / 1000);
	finding_number(&f, count, "n_rst", r->rst_count);
	finding_detail(&f, "order", rst_first ? "rst_first" : "synack_first");
	f.copies = r->rst_count;
	detection_propose(d, flow, &f);
}

static void on_close(struct detection *d, const struct event *ev)
{
	struct state *state = d->state;
	struct flow *flow = ev->flow;
	if (!flow->tcp)
		return;
	if (flow->tcp->side[DIR_UP].have_syn && flow->tcp->side[DIR_DOWN].have_syn) {
		detection_tested(d, mechanism_find("syn_rst_conflict"));
		detection_tested(d, mechanism_find("synack_conflict"));
		syn_rst_conflict(d, flow, state->syns);
	}
	if (!state->second)
		return;
	synack_conflict(d, flow, &state->second->synack);
	pool_put(&((struct seconds *)d->run)->pool, state->second);
	state->second = NULL;
}

const struct detector detector_handshake_conflict = {
    .name = "handshake_conflict",
    .summary = "answers to one SYN that exclude each other",
    .run_size = sizeof(struct seconds),
    .flow_size = sizeof(struct state),
    .on = {[EV_TCP_SYNACK] = on_synack, [EV_FLOW_CLOSE] = on_close},
    .start = start,
    .finish = finish,
};
