/*
 * F3 flow_freeze_bytes: a connection that was going on stops for good (net4people report 490).
 *   by bytes or packets   between 10 and 32 KiB of the server's payload came, or 18 to 32 packets of an end; then nothing,
 *                         whatever the client sends (seen at the client), or whatever the server repeats (seen at the server)
 *   by a request          what the client asked is never acknowledged. TLS hellos are others' business.
 * A flow alone is a symptom. Three at one /24 or /48 that stop at nearly the same size while none there gets beyond 64 KiB and another
 * place gets beyond 128 KiB are counted in n_flows and cv.
 * Innocent: a NAT that forgot (G19), the end of the capture (G14), packets that the capture lost (G2), an ordinary close (a FIN or RST
 * of the server), the own network down (G22), a black hole for full-size packets (stops before 10 KiB).
 */
#include "analyzer/detect/census.h"
#include "analyzer/detect/detector.h"

#include <stdlib.h>

#define SECONDS_NS  INT64_C(1000000000)
#define SILENCE_NS  (10 * SECONDS_NS) /* of the client's packets, from the first unanswered one */
#define REPEATED_NS (6 * SECONDS_NS)  /* where something was sent again and again, or stopped in the middle */
#define NAT_IDLE_NS (60 * SECONDS_NS) /* G19 */
#define JUMP_NS     (3600 * SECONDS_NS)
#define PERIOD_NS   (300 * SECONDS_NS) /* the control's bin */

enum {
	STOP_LEAST = 10 << 10,
	STOP_MOST = 32 << 10,
	PACKETS_LEAST = 18,
	PACKETS_MOST = 32,
	UNANSWERED_LEAST = 3,
	REPEATS_LEAST = 3,     /* transmissions of a byte */
	FULL_SIZE_LEAST = 536, /* a segment shorter than that ends something */
	HANDSHAKE_PACKETS = 8, /* of the server: up to here a TLS connection is D1's */
	FLOWS_LEAST = 3,
	SAME_PLACE_MOST = 64 << 10,
	CONTROL_LEAST = 128 << 10,
	CV_PERCENT = 35,
	VARIATION_MAX = 64, /* flows that the variation is taken of */
};

/* How a flow stopped. */
struct stop {
	const char *shape;
	bool at_server;
	uint32_t bytes;   /* of the server's payload that came through */
	uint32_t packets; /* of the server */
	uint32_t sent;    /* afterwards, by the end that got no answer */
	int64_t silence_ns;
	struct frame_ref suspects[2]; /* what was never acknowledged; number 0: none */
};

/* How long the capture listened after a frame. Beyond an hour the clock may have jumped: nobody knows. */
static int64_t since(const struct detection *d, const struct frame_ref *frame)
{
	if (!frame->number || frame->ts_ns == FRAME_NO_TIME)
		return 0;
	int64_t ns = d->now_ns - frame->ts_ns;
	return ns > 0 && ns < JUMP_NS ? ns : 0;
}

/* Payload bytes that `sender` has sent and the other end acknowledged. */
static uint32_t acknowledged(const struct flow *f, enum dir sender)
{
	const struct side *own = &f->tcp->side[sender], *other = &f->tcp->side[dir_other(sender)];
	int32_t n = other->have_ack ? seq_diff(other->max_ack, own->isn + 1) : 0;
	return n > 0 ? (uint32_t)n : 0;
}

static uint32_t payload_sent(const struct flow *f, enum dir sender)
{
	const struct side *own = &f->tcp->side[sender];
	int32_t n = seq_diff(own->max_seq_end, own->isn + 1) - own->have_fin;
	return n > 0 ? (uint32_t)n : 0;
}

/* Was the server in the middle of something? Its last segment is as long as any, and long. */
static bool in_the_middle(const struct side *server)
{
	uint32_t last = 0, longest = 0;
	for (unsigned i = 0; i < SIDE_RECENT && side_recent(server, i); i++) {
		uint32_t length = side_recent(server, i)->payload_len;
		last = last ? last : length;
		longest = length > longest ? length : longest;
	}
	return last >= FULL_SIZE_LEAST && last == longest;
}

static bool in_range(uint64_t value, uint64_t least, uint64_t most)
{
	return value >= least && value <= most;
}

static bool usual_size(const struct flow *f, uint32_t bytes)
{
	return in_range(bytes, STOP_LEAST, STOP_MOST) || in_range(f->packets[DIR_UP], PACKETS_LEAST, PACKETS_MOST) ||
	       in_range(f->packets[DIR_DOWN], PACKETS_LEAST, PACKETS_MOST);
}

/* What a client asked and nobody acknowledged. */
static bool request_unacknowledged(const struct detection *d, const struct flow *f, struct stop *s)
{
	const struct unacked *u = &f->tcp->unacked[DIR_UP];
	bool hello = f->trigger.kind == TRIGGER_TLS && f->tcp->side[DIR_DOWN].data_packets <= HANDSHAKE_PACKETS;
	bool data = payload_sent(f, DIR_UP) > acknowledged(f, DIR_UP);
	if (hello || !data || u->transmissions < REPEATS_LEAST || since(d, &u->first) < REPEATED_NS)
		return false;
	s->shape = f->tcp->side[DIR_DOWN].data_packets ? "later_data" : "first_data";
	s->sent = u->transmissions;
	s->suspects[0] = u->first;
	s->suspects[1] = u->last;
	return true;
}

/* A server that got tired of waiting closes, but it was asked long before, and its close acknowledges nothing of that. */
static bool given_up_unasked(const struct detection *d, const struct flow *f, struct stop *s)
{
	const struct unacked *u = &f->tcp->unacked[DIR_UP];
	uint32_t heard = f->tcp->side[DIR_UP].isn + 1 + acknowledged(f, DIR_UP);
	*s = (struct stop){.bytes = payload_sent(f, DIR_DOWN),
	                   .packets = f->tcp->side[DIR_DOWN].data_packets,
	                   .silence_ns = frame_span_ns(&u->first, &u->last)};
	return seq_diff(f->tcp->other_end_at_fin[DIR_DOWN], heard) > 0 && s->silence_ns >= REPEATED_NS &&
	       request_unacknowledged(d, f, s);
}

static bool stopped_for_client(const struct detection *d, const struct flow *f, struct stop *s)
{
	const struct waiting *w = &f->waiting[DIR_UP];
	const struct side *server = &f->tcp->side[DIR_DOWN];
	const struct frame_ref *heard = &f->last[DIR_DOWN];
	int64_t idle_ns = frame_span_ns(heard, &w->first);
	s->bytes = payload_sent(f, DIR_DOWN);
	s->packets = server->data_packets;
	s->sent = w->sent;
	s->silence_ns = since(d, heard);
	if (w->sent == 0 || idle_ns >= NAT_IDLE_NS)
		return false;
	bool frozen = server->data_packets > 0 && usual_size(f, s->bytes);
	bool unanswered = w->sent >= UNANSWERED_LEAST && since(d, &w->first) >= SILENCE_NS;
	bool cut = in_the_middle(server) && f->tcp->unacked[DIR_UP].transmissions > 1 && s->silence_ns >= REPEATED_NS;
	s->shape = in_range(s->bytes, STOP_LEAST, STOP_MOST) ? "bytes" : "packets";
	if (frozen && (unanswered || cut))
		return true;
	return request_unacknowledged(d, f, s);
}

static bool stopped_for_server(const struct detection *d, const struct flow *f, struct stop *s)
{
	const struct unacked *u = &f->tcp->unacked[DIR_DOWN];
	s->at_server = true;
	s->bytes = acknowledged(f, DIR_DOWN);
	s->packets = f->tcp->side[DIR_DOWN].data_packets;
	s->sent = u->transmissions;
	s->silence_ns = since(d, &u->first);
	s->shape = "bytes";
	s->suspects[0] = u->first;
	s->suspects[1] = u->last;
	return in_range(s->bytes, STOP_LEAST, STOP_MOST) && payload_sent(f, DIR_DOWN) > s->bytes &&
	       u->transmissions >= REPEATS_LEAST && s->silence_ns >= REPEATED_NS;
}

static void propose(struct detection *d, struct flow *flow, const struct stop *s)
{
	char text[4][FINDING_NUMBER_SIZE];
	const struct unacked *own = &flow->tcp->unacked[DIR_UP];
	struct finding f = {
	    .mechanism = mechanism_find("flow_freeze_bytes"),
	    .kind = KIND_SYMPTOM,
	    .stage = s->packets ? NULL : "post_psh",
	    .to_client = s->at_server,
	    .last_heard = flow->last[s->at_server ? DIR_UP : DIR_DOWN],
	    .contrast = s->packets ? 1U << ATTEMPT_ANSWERED : 1U << ATTEMPT_UNACKED,
	};
	for (size_t i = 0; i < 2; i++)
		finding_suspect(&f, s->suspects[i]);
	finding_evidence(&f, flow->last[DIR_DOWN]);
	finding_evidence(&f, own->first);
	finding_evidence(&f, own->last);
	finding_evidence(&f, flow->trigger.sample.frame);
	finding_term(&f, d->weights, "E11", false);
	finding_number(&f, text[0], "stop_bytes", s->bytes);
	finding_number(&f, text[1], "stop_pkts", s->packets);
	finding_number(&f, text[2], s->at_server ? "server_tx_after" : "client_tx_after", s->sent);
	finding_number(&f, text[3], "silence_ms", s->silence_ns / 1000000);
	finding_detail(&f, "shape", s->shape);
	finding_detail(&f, "n_flows", "1");
	finding_detail(&f, "cv", "0.00");
	detection_propose(d, flow, &f);
}

static void on_close(struct detection *d, const struct event *ev)
{
	struct flow *f = ev->flow;
	struct stop s = {0};
	uint16_t unfit = FLOW_MIDSTREAM | FLOW_LOSS | FLOW_RESET | FLOW_UNREACHABLE;
	if (!f->tcp || !(f->flags & FLOW_HANDSHAKE) || f->tcp->side[DIR_UP].data_packets == 0)
		return;
	detection_tested(d, mechanism_find("flow_freeze_bytes"));
	if (f->flags & unfit)
		return;
	bool server = census_vantage(f) == VANTAGE_SERVER;
	bool stopped = server ? stopped_for_server(d, f, &s) : stopped_for_client(d, f, &s);
	if (f->flags & FLOW_FIN_DOWN)
		stopped = !server && given_up_unasked(d, f, &s);
	if (stopped)
		propose(d, f, &s);
}

/* The network that a provider's block covers: /24, /48. */
static bool same_prefix(const struct addr *a, const struct addr *b)
{
	return a->version == b->version && memcmp(a->bytes, b->bytes, a->version == 4 ? 3 : 6) == 0;
}

static int by_client_prefix(const void *a, const void *b)
{
	const struct finding *f = *(struct finding *const *)a, *g = *(struct finding *const *)b;
	int order = addr_compare(&f->client, &g->client);
	if (!order)
		order = addr_compare(&f->server, &g->server);
	return order ? order : (f->flow_id > g->flow_id) - (f->flow_id < g->flow_id);
}

static uint64_t stop_bytes(const struct finding *f)
{
	const char *bytes = finding_value(f, "stop_bytes");
	return bytes ? strtoull(bytes, NULL, 10) : 0;
}

/* Coefficient of variation in percent, rounded down. */
static uint64_t variation(struct finding *const *all, size_t count)
{
	uint64_t sum = 0, squares = 0, root = 0;
	for (size_t i = 0; i < count; i++) {
		uint64_t bytes = stop_bytes(all[i]);
		sum += bytes;
		squares += bytes * bytes;
	}
	uint64_t spread = count * squares - sum * sum; /* (n s)^2 */
	while (sum && (root + 1) * (root + 1) * sum / 10000 * sum <= spread)
		root++;
	return root;
}

/* Did one flow at the prefix get farther than a freeze lets it, and one elsewhere far enough to be a control? */
static bool is_selective(struct conclusion *c, const struct finding *f)
{
	int64_t at_ns = f->last_heard.ts_ns;
	bool control = false;
	if (at_ns == FRAME_NO_TIME)
		return false;
	struct attempt_range r = attempts_of(c->attempts, &f->client, at_ns - PERIOD_NS, at_ns + PERIOD_NS);
	for (size_t i = 0; i < r.count; i++) {
		const struct attempt *a = r.at[i];
		bool here = same_prefix(&a->server, &f->server);
		if (here && a->bytes[DIR_DOWN] > SAME_PLACE_MOST)
			return false;
		control |= !here && a->bytes[DIR_DOWN] > CONTROL_LEAST;
	}
	return control;
}

static void judge_prefix(struct conclusion *c, struct finding **all, size_t count)
{
	if (count < FLOWS_LEAST || !is_selective(c, all[0]))
		return;
	uint64_t cv = variation(all, count < VARIATION_MAX ? count : VARIATION_MAX);
	if (cv >= CV_PERCENT)
		return;
	for (size_t i = 0; i < count; i++) {
		finding_print(all[i], c->arena, "n_flows", "%zu", count);
		finding_print(all[i], c->arena, "cv", "0.%02u", (unsigned)cv);
	}
}

/* Stops of one client at one prefix: those at a usual size, as seen by the client. */
static void conclude(struct conclusion *c)
{
	size_t n = 0;
	struct finding **all = malloc((c->finding_count + 1) * sizeof *all);
	for (size_t i = 0; all && i < c->finding_count; i++)
		if (strcmp(c->findings[i]->mechanism->id, "flow_freeze_bytes") == 0 &&
		    in_range(stop_bytes(c->findings[i]), STOP_LEAST, STOP_MOST))
			all[n++] = c->findings[i];
	if (n)
		qsort(all, n, sizeof *all, by_client_prefix);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && addr_equal(&all[i]->client, &all[end]->client) &&
		                  same_prefix(&all[i]->server, &all[end]->server);
		     end++)
			;
		judge_prefix(c, all + i, end - i);
	}
	free(all);
}

const struct detector detector_freeze = {
    .name = "freeze",
    .summary = "connections that stop for good",
    .on = {[EV_FLOW_CLOSE] = on_close},
    .conclude = conclude,
};
