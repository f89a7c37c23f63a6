/*
 * Clients cut off for what their first bytes are, or are not:
 *   D6 fet_block             the first payload looks like nothing known, by all five published exemptions (Wu et al., USENIX Security
 *                            2023), and the connection goes dead in the client's direction
 *   F5 proto_whitelist_drop  port 53, 80 or 443, no DNS, HTTP or TLS; the client is never acknowledged again while the server's packets
 *                            still arrive (Bock et al., FOCI 2020)
 * Both: data of the client sent 3 times over 6 s, not acknowledged. Innocent: a server that died, a network that was down (G22), a
 * lossy capture (G2), an ordinary end. A server that does not speak the protocol would still acknowledge.
 */
#include "analyzer/detect/census.h"
#include "analyzer/detect/detector.h"

#include <stdlib.h>

#define SECOND_NS    INT64_C(1000000000)
#define REPEATED_NS  (6 * SECOND_NS)
#define JUMP_NS      (3600 * SECOND_NS)
#define STILL_NS     SECOND_NS                         /* what comes so long after is no packet that was on its way */
#define ACTIVE_FROM  (INT64_C(1635724800) * SECOND_NS) /* D6: 2021-11-01 to 2023-03-15, when it ceased */
#define ACTIVE_UNTIL (INT64_C(1678924800) * SECOND_NS)

enum {
	TRANSMISSIONS_LEAST = 3,
	STALL_PACKETS = 8, /* of the server, after which a stall is another's business */
	STALLED_LEAST = 3,
	PASSED_LEAST = 3,
	PUT_TOGETHER_MAX = 4096, /* attempts at a place that are counted */
};

/* How long the capture listened after a frame. Beyond an hour the clock may have jumped: nobody knows. */
static int64_t since(const struct detection *d, const struct frame_ref *frame)
{
	if (!frame->number || frame->ts_ns == FRAME_NO_TIME)
		return 0;
	int64_t ns = d->now_ns - frame->ts_ns;
	return ns > 0 && ns < JUMP_NS ? ns : 0;
}

/* Data of the client, again and again, and no acknowledgement of it. */
static bool is_cut_off(const struct detection *d, const struct flow *f)
{
	const struct unacked *u = &f->tcp->unacked[DIR_UP];
	const struct side *client = &f->tcp->side[DIR_UP], *server = &f->tcp->side[DIR_DOWN];
	bool data = seq_diff(client->max_seq_end - client->have_fin, server->max_ack) > 0;
	return server->have_ack && data && u->transmissions >= TRANSMISSIONS_LEAST &&
	       since(d, &u->first) >= REPEATED_NS;
}

static void begin(struct detection *d, struct finding *f, const struct flow *flow, const char *mechanism)
{
	const struct unacked *u = &flow->tcp->unacked[DIR_UP];
	*f = (struct finding){.mechanism = mechanism_find(mechanism), .kind = KIND_SYMPTOM};
	f->last_heard = flow->last[DIR_DOWN];
	finding_suspect(f, u->first);
	finding_suspect(f, u->last);
	finding_evidence(f, flow->last[DIR_DOWN]);
	finding_term(f, d->weights, "E11", false);
	finding_print(f, d->scratch, "client_tx", "%u", u->transmissions);
	finding_print(f, d->scratch, "silence_ms", "%u", (unsigned)(since(d, &u->first) / 1000000));
}

static void fet_block(struct detection *d, struct flow *flow)
{
	const struct shape *o = &flow->tcp->shape;
	struct finding f;
	if (flow->tcp->side[DIR_DOWN].data_packets > STALL_PACKETS)
		return;
	begin(d, &f, flow, "fet_block");
	bool active = flow->first_ns >= ACTIVE_FROM && flow->first_ns < ACTIVE_UNTIL;
	unsigned ones = o->ones * 100 / o->length, share = o->printable * 100U / o->length;
	finding_print(&f, d->scratch, "popcnt_per_byte", "%u.%02u", ones / 100, ones % 100);
	finding_print(&f, d->scratch, "printable_frac", "%u.%02u", share / 100, share % 100);
	finding_print(&f, d->scratch, "longest_run", "%u", o->run);
	finding_detail(&f, "exempt_bits", "0");
	finding_print(&f, d->scratch, "payload_length", "%u", o->length);
	finding_detail(&f, "window", "2021-11..2023-03");
	finding_detail(&f, "in_window", active ? "yes" : "no");
	detection_propose(d, flow, &f);
}

static void proto_whitelist_drop(struct detection *d, struct flow *flow)
{
	const struct frame_ref *first = &flow->tcp->unacked[DIR_UP].first, *heard = &flow->last[DIR_DOWN];
	bool port = flow->server_port == 53 || flow->server_port == 80 || flow->server_port == 443;
	bool known = flow->app || flow->trigger.kind != TRIGGER_NONE || flow->tcp->shape.kind != SHAPE_OTHER;
	struct finding f;
	if (!port || known || frame_span_ns(first, heard) < STILL_NS)
		return;
	begin(d, &f, flow, "proto_whitelist_drop");
	finding_print(&f, d->scratch, "server_heard_ms", "%u", (unsigned)(frame_span_ns(first, heard) / 1000000));
	detection_propose(d, flow, &f);
}

static void on_close(struct detection *d, const struct event *ev)
{
	struct flow *f = ev->flow;
	uint16_t unfit = FLOW_MIDSTREAM | FLOW_LOSS | FLOW_FIN_DOWN | FLOW_RESET | FLOW_UNREACHABLE | FLOW_SNAPPED;
	if (!f->tcp || !(f->flags & FLOW_HANDSHAKE) || f->tcp->shape.length == 0)
		return;
	detection_tested(d, mechanism_find("proto_whitelist_drop"));
	bool encrypted = shape_looks_encrypted(&f->tcp->shape);
	if (encrypted)
		detection_tested(d, mechanism_find("fet_block"));
	if ((f->flags & unfit) || census_vantage(f) == VANTAGE_SERVER || !is_cut_off(d, f))
		return;
	if (encrypted)
		fet_block(d, f);
	proto_whitelist_drop(d, f);
}

static bool in_window(const struct finding *f)
{
	const char *active = finding_value(f, "in_window");
	return active && strcmp(active, "yes") == 0;
}

/* Three that look encrypted stalled, and three others passed, at one place. */
static bool is_selective(const struct conclusion *c, const struct finding *f)
{
	size_t stalled = 0, passed = 0;
	struct attempt_range r = attempts_at(c->attempts, &f->client, &f->server, f->l4_proto, f->server_port);
	for (size_t i = 0; i < r.count && i < PUT_TOGETHER_MAX; i++) {
		const struct attempt *a = r.at[i];
		bool encrypted = a->flags & ATTEMPT_LOOKS_ENCRYPTED;
		stalled += encrypted && (a->outcome == ATTEMPT_UNACKED || (a->flags & ATTEMPT_DIED));
		passed += !encrypted && attempt_succeeded(a) && !(a->flags & ATTEMPT_DIED);
	}
	return stalled >= STALLED_LEAST && passed >= PASSED_LEAST;
}

static void conclude(struct conclusion *c)
{
	const struct finding *before = NULL;
	bool selective = false;
	for (size_t i = 0; i < c->finding_count; i++) {
		struct finding *f = c->findings[i];
		if (strcmp(f->mechanism->id, "fet_block") != 0 || !in_window(f))
			continue;
		bool same = before && finding_compare_place(before, f) == 0;
		selective = same ? selective : is_selective(c, f);
		before = f;
		if (selective)
			f->least = LABEL_MODERATE;
	}
}

const struct detector detector_encrypted = {
    .name = "encrypted",
    .summary = "clients cut off for what their first bytes look like",
    .on = {[EV_FLOW_CLOSE] = on_close},
    .conclude = conclude,
};
