/*
 * D3 tls_alert_forged: the first answer to a ClientHello is an alert in the clear that ends the connection, and other packets of
 * the purported server say that it did not send it: other bytes for the same numbers (usually its ServerHello), or header fields
 * that no packet of it has. Real servers send alerts too (handshake_failure, unrecognized_name, protocol_version..), so
 * without a contradiction an alert is a symptom, and at the server's own machine nothing at all.
 *
 * A connection whose only answer was an alert is marked as refused, whoever wrote it.
 */
#include "analyzer/base/cursor.h"
#include "analyzer/detect/census.h"
#include "analyzer/detect/detector.h"
#include "analyzer/detect/suspect.h"
#include "analyzer/net/track.h"
#include "dissectors/tls.h"

enum {
	ALERTS_CAP = 4096, /* flows of a shard with an alert for an answer */
	RECORD_ALERT = 21,
	RECORD_HANDSHAKE = 22,
	ALERT_LEN = 2,
	LEVEL_FATAL = 2,
	TTL_DIFFERENCE = 2,
	UNTAKEN_TRANSMISSIONS = 3, /* of what the client says to the alert */
};

/* Descriptions (RFC 8446, section 6) that real servers send to hellos that they do not want. */
enum { HANDSHAKE_FAILURE = 40, PROTOCOL_VERSION = 70, UNRECOGNIZED_NAME = 112 };

/* An alert as the first answer of a flow, and what contradicts it; kept until the flow closes. */
struct alert {
	struct sample packet, rival, trigger; /* rival.frame.number 0: nobody contradicts it */
	struct sample counter;                /* the server's packet before it; frame.number 0: none */
	uint8_t level, description;
	bool late;     /* the rival is ciphertext or came later in the stream */
	bool answered; /* a ServerHello is in the stream that was taken */
};

struct alerts {
	struct pool pool;
};

struct state {
	struct alert *alert; /* NULL: none */
};

static int start(struct detection *d, struct err *e)
{
	struct alerts *run = d->run;
	(void)e;
	pool_init(&run->pool, sizeof(struct alert), ALERTS_CAP);
	return 0;
}

static void finish(struct detection *d)
{
	pool_free(&((struct alerts *)d->run)->pool);
}

/* The alert that a segment begins with. */
static bool alert_read(struct span payload, uint8_t *level, uint8_t *description)
{
	struct cursor c = cursor_over(payload);
	uint8_t type = cursor_u8(&c), major = cursor_u8(&c);
	cursor_skip(&c, 1);
	uint16_t len = cursor_be16(&c);
	*level = cursor_u8(&c);
	*description = cursor_u8(&c);
	return !c.failed && type == RECORD_ALERT && major == 3 && len == ALERT_LEN && *level == LEVEL_FATAL;
}

static struct alert *alert_keep(struct detection *d, const struct flow *flow, const struct sample *packet)
{
	struct alerts *run = d->run;
	struct state *state = d->state;
	const struct sample *before = side_recent(&flow->tcp->side[DIR_DOWN], 0);
	if (state->alert)
		return NULL;
	state->alert = pool_get(&run->pool);
	if (!state->alert) {
		d->candidates->dropped++;
		return NULL;
	}
	*state->alert = (struct alert){.packet = *packet, .trigger = flow->trigger.sample};
	if (before && before->frame.number < packet->frame.number)
		state->alert->counter = *before;
	return state->alert;
}

static void on_alert(struct detection *d, const struct event *ev)
{
	const struct tls_alert *alert = event_tls_alert(ev);
	const struct flow *flow = ev->flow;
	bool first = alert->before_server_hello && ev->dir == DIR_DOWN && flow->trigger.kind == TRIGGER_TLS;
	if (!flow->tcp || !ev->pkt || ev->version != 0 || !first || alert->level != LEVEL_FATAL ||
	    flow->tcp->side[DIR_DOWN].data_packets > flow->trigger.server_packets)
		return;
	struct sample packet = sample_of(ev->pkt);
	struct alert *kept = alert_keep(d, flow, &packet);
	if (!kept)
		return;
	kept->level = alert->level;
	kept->description = alert->description;
}

static void on_server_hello(struct detection *d, const struct event *ev)
{
	struct state *state = d->state;
	if (state->alert && ev->dir == DIR_DOWN && ev->version == 0)
		state->alert->answered = true;
}

static bool is_handshake(struct span payload)
{
	return payload.len > 0 && payload.ptr[0] == RECORD_HANDSHAKE;
}

/* One of the two is an alert and the other is not: it came first, or too late. */
static void on_conflict(struct detection *d, const struct event *ev)
{
	const struct stream_conflict *c = event_stream_conflict(ev);
	const struct flow *flow = ev->flow;
	struct state *state = d->state;
	uint8_t level[2], description[2];
	bool winner = alert_read(c->winner.payload, &level[0], &description[0]);
	bool loser = alert_read(c->loser.payload, &level[1], &description[1]);
	const struct rival *alert = winner ? &c->winner : &c->loser, *other = winner ? &c->loser : &c->winner;
	bool answer = ev->dir == DIR_DOWN && c->turn_offset == 0 && flow->trigger.kind == TRIGGER_TLS;
	if (winner == loser || !answer || !c->in_window ||
	    side_checksum_drops(&flow->tcp->side[DIR_DOWN], &alert->sample) ||
	    side_checksum_drops(&flow->tcp->side[DIR_DOWN], &other->sample))
		return;
	struct alert *kept = state->alert ? state->alert : alert_keep(d, flow, &alert->sample);
	if (!kept || kept->rival.frame.number || kept->packet.frame.number != alert->sample.frame.number)
		return;
	kept->level = level[!winner];
	kept->description = description[!winner];
	kept->rival = other->sample;
	kept->late = !is_handshake(other->payload);
	kept->answered |= !winner;
}

/* Have all packets with payload come the alert's way? */
static bool alone(const struct flow *flow, const struct alert *a)
{
	const struct side *server = &flow->tcp->side[DIR_DOWN];
	uint32_t like = 0;
	for (int i = 0; i < TALLY_VALUES; i++)
		if (server->data_ttl.value[i] == a->packet.ttl)
			like += server->data_ttl.count[i];
	return like == server->data_packets && a->rival.frame.number == 0;
}

/*
 * With no other packet of the server, its SYN/ACK is the baseline, at half weight: proxies answer SYNs in the place of servers. Who
 * has agreed to timestamps sends them in every segment (RFC 7323, section 3.2).
 */
static void compare_handshake(struct finding *f, const struct weights *w, const struct flow *flow,
                              const struct alert *a)
{
	const struct side *client = &flow->tcp->side[DIR_UP], *server = &flow->tcp->side[DIR_DOWN];
	int raw = a->packet.ttl - server->syn.ttl;
	bool agreed = client->syn.options_seen & server->syn.options_seen & TCPOPT_SEEN_TIMESTAMPS;
	if (!server->syn.frame.number || !alone(flow, a))
		return;
	if (!finding_has_term(f, "E02b") && (raw >= TTL_DIFFERENCE || raw <= -TTL_DIFFERENCE))
		finding_term(f, w, "E02b", true);
	if (!finding_has_term(f, "E07") && agreed && !(a->packet.options_seen & TCPOPT_SEEN_TIMESTAMPS))
		finding_term(f, w, "E07", true);
}

static bool is_contradiction(const struct finding *f)
{
	static const char *const proofs[] = {"E06", "E06b", "E01", "E03b"};
	for (size_t i = 0; i < sizeof proofs / sizeof *proofs; i++)
		if (finding_has_term(f, proofs[i]))
			return true;
	return finding_has_term(f, "E02b") && (finding_has_term(f, "E07") || finding_has_term(f, "E03"));
}

static bool is_usual(uint8_t description)
{
	return description == HANDSHAKE_FAILURE || description == UNRECOGNIZED_NAME;
}

/* Packets behind the alert that came the same way, which is not the SYN/ACK's: repeats, a FIN, resets. */
struct companions {
	struct sample at[SIDE_RECENT + RESETS_KEPT];
	size_t count;
};

static void companions_of(struct companions *c, const struct flow *flow, const struct alert *a)
{
	const struct side *server = &flow->tcp->side[DIR_DOWN];
	const struct reset_side *r = flow->tcp->resets ? &flow->tcp->resets->side[DIR_DOWN] : NULL;
	c->count = 0;
	if (!server->have_syn || server->syn.ttl == a->packet.ttl)
		return;
	for (unsigned i = 0; i < SIDE_RECENT; i++) {
		const struct sample *p = side_recent(server, i);
		bool like = p && p->ttl == a->packet.ttl && p->options_seen == a->packet.options_seen;
		if (like && p->frame.number > a->packet.frame.number)
			c->at[c->count++] = *p;
	}
	for (unsigned i = 0; r && i < RESETS_KEPT && i < r->rst_count; i++)
		if (r->rst[i].ttl == a->packet.ttl && r->rst[i].frame.number > a->packet.frame.number)
			c->at[c->count++] = r->rst[i];
}

static void compare(struct finding *f, const struct detection *d, const struct flow *flow, const struct alert *a)
{
	const struct sample *genuine = a->rival.frame.number ? &a->rival : a->counter.frame.number ? &a->counter : NULL;
	struct companions companions;
	companions_of(&companions, flow, a);
	struct suspect s = {.flow = flow,
	                    .sender = DIR_DOWN,
	                    .packet = &a->packet,
	                    .genuine = genuine,
	                    .trigger = &a->trigger,
	                    .others = companions.at,
	                    .other_count = companions.count};
	(void)suspect_compare(f, d->weights, &s);
	if (a->rival.frame.number)
		finding_term(f, d->weights, a->late ? "E06b" : "E06", false);
	compare_handshake(f, d->weights, flow, a);
	finding_suspect(f, a->packet.frame);
	f->kind = is_contradiction(f) ? KIND_CONTRADICTION : KIND_SYMPTOM;
	for (size_t i = 0; f->kind == KIND_CONTRADICTION && i < companions.count; i++)
		finding_suspect(f, companions.at[i].frame);
	finding_evidence(f, a->trigger.frame);
	finding_evidence(f, a->rival.frame.number ? a->rival.frame : flow->tcp->side[DIR_DOWN].syn.frame);
}

static void judge(struct detection *d, struct flow *flow, const struct alert *a)
{
	struct finding f = {.mechanism = mechanism_find("tls_alert_forged")};
	char level[FINDING_NUMBER_SIZE], description[FINDING_NUMBER_SIZE];
	compare(&f, d, flow, a);
	bool untaken = flow->tcp->unacked[DIR_UP].transmissions >= UNTAKEN_TRANSMISSIONS;
	bool contradiction = f.kind == KIND_CONTRADICTION;
	/* Versions are no names. */
	if (!contradiction &&
	    (!flow->trigger.name || a->description == PROTOCOL_VERSION || census_vantage(flow) == VANTAGE_SERVER))
		return;
	if (!contradiction)
		f.alternatives |= 1U << ALT_SERVER_REFUSES;
	if (!contradiction || untaken)
		finding_term(&f, d->weights, "E11", false);
	/* That a server refuses one name and takes others is no experiment. */
	if (contradiction || !is_usual(a->description))
		f.contrast = 1U << ATTEMPT_TURNED_AWAY;
	finding_number(&f, description, "alert_desc", a->description);
	finding_number(&f, level, "alert_level", a->level);
	if (untaken)
		finding_detail(&f, "untaken", "1");
	f.copies = (uint32_t)f.suspect_count;
	if (flow->flags & FLOW_LOSS)
		f.guards_named |= 1U << GUARD_CAPTURE_LOSS;
	(void)detection_propose(d, flow, &f);
}

static void on_close(struct detection *d, const struct event *ev)
{
	struct state *state = d->state;
	struct alerts *run = d->run;
	struct flow *flow = ev->flow;
	if (!flow->tcp)
		return;
	if (flow->trigger.kind == TRIGGER_TLS && flow->tcp->side[DIR_DOWN].data_packets > flow->trigger.server_packets)
		detection_tested(d, mechanism_find("tls_alert_forged"));
	if (!state->alert)
		return;
	if (!state->alert->answered)
		flow->flags |= FLOW_REFUSED;
	judge(d, flow, state->alert);
	pool_put(&run->pool, state->alert);
	state->alert = NULL;
}

const struct detector detector_tls_alert = {
    .name = "tls_alert",
    .summary = "alerts that their purported sender did not send",
    .run_size = sizeof(struct alerts),
    .flow_size = sizeof(struct state),
    .on = {[EV_TLS_ALERT] = on_alert,
           [EV_TLS_SERVER_HELLO] = on_server_hello,
           [EV_STREAM_CONFLICT] = on_conflict,
           [EV_FLOW_CLOSE] = on_close},
    .start = start,
    .finish = finish,
};
