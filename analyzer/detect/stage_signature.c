/*
 * A1: what a server received of a client, held against the nineteen published signatures (Sundara Raman et al., Global, Passive
 * Detection of Connection Tampering, SIGCOMM 2023, Table 1): at which stage the client fell silent or was reset, and with
 * which resets. Only in captures made at the server, and only by what came in. A flow with a FIN of the client, or with ten
 * packets and no reset, is clean.
 *
 * Symptoms, every one: a quarter of ordinary connections look so. Scanners (G15), losers of a race between addresses (G16) and
 * clients that abort (G17) are told by the capture pass; the end of the capture (G14), lost packets (G2), disorder (G6) and
 * copies (G4) here. Resets have the header features of suspect.h beside them, as the paper's authors did for TTL and IP-ID.
 * Silence names no packet: none was forged.
 */
#include "analyzer/detect/attempt.h"
#include "analyzer/detect/burst.h"
#include "analyzer/detect/census.h"

#define SILENCE_NS INT64_C(3000000000)
#define NEAR_NS    INT64_C(1000000) /* the server answers a SYN so soon, where the capture is made beside it */
#define SECOND_NS  INT64_C(1000000000)
#define SPARE_NS   INT64_C(2000000000)

enum stage { STAGE_SYN, STAGE_ACK, STAGE_PSH, STAGE_LATER, STAGE_NONE };

/* How the acknowledgement fields of several bare resets relate. */
enum relation { ANY, EQUAL, DIFFER, ONE_ZERO };

enum { MANY = OPENING_PACKETS };

static const struct signature_row {
	const char *id;
	enum stage stage;
	uint8_t bare_least, bare_most, ack_least, ack_most; /* resets without ACK, and with it */
	enum relation relation;
} table[] = {
    {"sig_syn_none", STAGE_SYN, 0, 0, 0, 0, ANY},
    {"sig_syn_rst", STAGE_SYN, 1, MANY, 0, 0, ANY},
    {"sig_syn_rstack", STAGE_SYN, 0, 0, 1, MANY, ANY},
    {"sig_syn_rst_rstack", STAGE_SYN, 1, MANY, 1, MANY, ANY},
    {"sig_ack_none", STAGE_ACK, 0, 0, 0, 0, ANY},
    {"sig_ack_rst", STAGE_ACK, 1, 1, 0, 0, ANY},
    {"sig_ack_rst_rst", STAGE_ACK, 2, MANY, 0, 0, ANY},
    {"sig_ack_rstack", STAGE_ACK, 0, 0, 1, 1, ANY},
    {"sig_ack_rstack_rstack", STAGE_ACK, 0, 0, 2, MANY, ANY},
    {"sig_psh_none", STAGE_PSH, 0, 0, 0, 0, ANY},
    {"sig_psh_rst", STAGE_PSH, 1, 1, 0, 0, ANY},
    {"sig_psh_rstack", STAGE_PSH, 0, 0, 1, 1, ANY},
    {"sig_psh_rst_rstack", STAGE_PSH, 1, MANY, 1, MANY, ANY},
    {"sig_psh_rstack_rstack", STAGE_PSH, 0, 0, 2, MANY, ANY},
    {"sig_psh_rst_eq_rst", STAGE_PSH, 2, MANY, 0, 0, EQUAL},
    {"sig_psh_rst_ne_rst", STAGE_PSH, 2, MANY, 0, 0, DIFFER},
    {"sig_psh_rst_rst0", STAGE_PSH, 2, MANY, 0, 0, ONE_ZERO},
    {"sig_data_rst", STAGE_LATER, 1, MANY, 0, 0, ANY},
    {"sig_data_rstack", STAGE_LATER, 0, 0, 1, MANY, ANY},
};

/* Made beside the server? Without a handshake its SYN/ACK tells, and the hops of the SYN. */
static bool at_the_server(const struct flow *f)
{
	const struct sample *syn = &f->tcp->side[DIR_UP].syn, *synack = &f->tcp->side[DIR_DOWN].syn;
	if (f->flags & FLOW_HANDSHAKE)
		return census_vantage(f) == VANTAGE_SERVER;
	return syn->frame.number && synack->frame.number && samples_apart(syn, synack) < NEAR_NS &&
	       hops_of(syn->ttl) > 0;
}

/* Behind a request that was answered, or after more than one packet of it, "immediately after" holds no longer. */
static enum stage stage_of(const struct opening *o)
{
	if (o->data >= 2)
		return STAGE_LATER;
	if (o->data == 1)
		return o->data_last ? STAGE_PSH : STAGE_NONE;
	return o->acked ? STAGE_ACK : STAGE_SYN;
}

static enum relation relation_of(const struct opening *o)
{
	if (!o->ack_differs)
		return EQUAL;
	return o->ack_zero ? ONE_ZERO : DIFFER;
}

static const struct signature_row *row_of(const struct flow *f)
{
	const struct opening *o = &f->tcp->opening;
	bool copies = f->flags & FLOW_COPIES;
	unsigned bare = o->bare - (copies ? o->copies[0] : 0U), with_ack = o->with_ack - (copies ? o->copies[1] : 0U);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		const struct signature_row *r = &table[i];
		if (r->stage == stage_of(o) && bare >= r->bare_least && bare <= r->bare_most &&
		    with_ack >= r->ack_least && with_ack <= r->ack_most &&
		    (r->relation == ANY || r->relation == relation_of(o)))
			return r;
	}
	return NULL;
}

static int64_t silence_ns(const struct detection *d, const struct opening *o)
{
	return o->last.ts_ns == FRAME_NO_TIME || d->now_ns < o->last.ts_ns ? 0 : d->now_ns - o->last.ts_ns;
}

/*
 * Did the client fall silent? Where there was something to answer: a SYN/ACK, or payload of the server. An idle connection
 * behind its handshake is one of the signatures; a request that the server has not answered yet is not.
 */
static bool fell_silent(const struct detection *d, const struct flow *f)
{
	const struct opening *o = &f->tcp->opening;
	bool waits = stage_of(o) == STAGE_ACK || f->waiting[DIR_DOWN].sent > 0;
	return o->packets < OPENING_PACKETS && waits && silence_ns(d, o) >= SILENCE_NS &&
	       !(f->flags & (FLOW_LOSS | FLOW_TS_DISORDER));
}

/* The smallest step of the IP-ID from the client's last packet to a reset, and the difference of their TTLs. */
static void corroborate(struct finding *f, const struct burst *b, char text[2][FINDING_NUMBER_SIZE])
{
	const struct sample *last = side_recent(&b->r->own, 0);
	int least = 0x10000, ttl = 0;
	for (unsigned i = 0; last && i < b->kept; i++) {
		const struct sample *rst = burst_rst(b, i);
		int step = (int16_t)(uint16_t)(rst->ip_id - last->ip_id), size = step < 0 ? -step : step;
		int off = rst->ttl - last->ttl;
		least = rst->ipv4 && size < least ? size : least;
		ttl = (off < 0 ? -off : off) > (ttl < 0 ? -ttl : ttl) ? off : ttl;
	}
	if (least <= 0xffff)
		finding_number(f, text[0], "min_ipid_delta", least);
	if (last)
		finding_number(f, text[1], "ttl_delta", ttl);
}

static void describe_silence(struct finding *f, const struct flow *flow, const char *id)
{
	*f = (struct finding){.mechanism = mechanism_find(id)};
	f->last_heard = flow->tcp->opening.last;
	finding_evidence(f, flow->tcp->opening.last);
	finding_evidence(f, flow->waiting[DIR_DOWN].first);
	finding_evidence(f, flow->waiting[DIR_DOWN].last);
}

/*
 * G17: a program that closes with data of the server unread resets at its own place (RFC 9293, 3.10.4; RFC 2525, 2.17), and its kernel
 * answers what is still on its way. Only where no header speaks for somebody else.
 */
static bool left_data_unread(const struct finding *f, const struct burst *b)
{
	const struct sample *first = burst_rst(b, 0);
	const struct side *client = &b->r->own, *server = &b->r->other;
	bool own_place = (first->tcp_flags & TCP_ACK) && first->seq == client->max_seq_end;
	bool unread =
	    server->data_packets > 0 && client->have_ack && seq_diff(server->max_seq_end, client->max_ack) > 0;
	for (size_t i = 0; i < f->term_count; i++)
		if (f->terms[i].db > 0)
			return false;
	return own_place && unread;
}

static void propose(struct detection *d, struct flow *flow, const struct signature_row *row)
{
	const struct opening *o = &flow->tcp->opening;
	struct finding f;
	struct burst b;
	char text[6][FINDING_NUMBER_SIZE];
	bool reset = o->bare + o->with_ack > 0;
	if (reset && burst_of(&b, flow, DIR_UP)) {
		bool legitimate = burst_moment(&b, 0)->answers_packet && burst_moment(&b, 0)->early;
		burst_describe(d, &f, &b, row->id, 0, legitimate ? NULL : burst_goes_on(&b, burst_rst(&b, 0), false));
		corroborate(&f, &b, text);
		f.contrast = 0;
		if (left_data_unread(&f, &b)) {
			finding_term(&f, d->weights, "N17", false);
			f.guards_failed |= 1U << GUARD_CLIENT_ABORT;
		}
	} else if (!reset && fell_silent(d, flow)) {
		describe_silence(&f, flow, row->id);
		finding_number(&f, text[2], "silence_s", silence_ns(d, o) / SECOND_NS);
	} else {
		return;
	}
	const struct sample *syn = &flow->tcp->side[DIR_UP].syn;
	f.kind = KIND_SYMPTOM;
	f.stage = f.mechanism->stage;
	finding_term(&f, d->weights, "E11", false);
	burst_spare(&f);
	finding_detail(&f, "signature", row->id + strlen("sig_"));
	finding_number(&f, text[3], "n_inbound", o->packets);
	finding_number(&f, text[4], "syn_opts", syn->options_len);
	finding_number(&f, text[5], "syn_ttl", syn->ttl);
	detection_propose(d, flow, &f);
}

static void on_close(struct detection *d, const struct event *ev)
{
	struct flow *flow = ev->flow;
	if (!flow->tcp || (flow->flags & FLOW_MIDSTREAM) || !flow->tcp->side[DIR_UP].have_syn || !at_the_server(flow))
		return;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		detection_tested(d, mechanism_find(table[i].id));
	const struct signature_row *row = flow->tcp->opening.fin ? NULL : row_of(flow);
	if (row)
		propose(d, flow, row);
}

/* A spare socket: the same client was served at the same place around that time, on another connection. */
static bool is_spare(const struct conclusion *c, const struct finding *f)
{
	struct attempt_range r = attempts_at(c->attempts, &f->client, &f->server, f->l4_proto, f->server_port);
	const struct attempt *own = NULL;
	for (size_t i = 0; i < r.count; i++)
		if (r.at[i]->flow_id == f->flow_id)
			own = r.at[i];
	for (size_t i = 0; own && i < r.count; i++) {
		int64_t apart = r.at[i]->first_ns - own->first_ns;
		if (attempt_succeeded(r.at[i]) && apart < SPARE_NS && apart > -SPARE_NS)
			return true;
	}
	return false;
}

/* Browsers open connections in advance and may never use them: G17. */
static void conclude(struct conclusion *c)
{
	const struct mechanism *idle = mechanism_find("sig_ack_none");
	for (size_t i = 0; i < c->finding_count; i++) {
		struct finding *f = c->findings[i];
		if (f->mechanism != idle || !is_spare(c, f))
			continue;
		finding_term(f, c->weights, "N17", false);
		f->guards_failed |= 1U << GUARD_CLIENT_ABORT;
	}
}

const struct detector detector_stage_signature = {
    .name = "stage_signature",
    .summary = "clients that fall silent or are reset, as a server sees them",
    .on = {[EV_FLOW_CLOSE] = on_close},
    .conclude = conclude,
};
