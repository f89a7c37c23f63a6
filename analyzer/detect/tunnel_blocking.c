/*
 * Tunnels that do not come about or fall silent (docs/rules.md, H1, H2, H4):
 *   openvpn_block          hard resets without an answer (Xue et al., USENIX Security 2022)
 *   wireguard_block        initiations without response or cookie
 *   snowflake_dtls_block   DTLS hellos without an answer (net4people/bbs issues 223 and 603)
 * each also when the handshake was answered and then the far end is not heard any more. All are symptoms: a peer that is switched off, or
 * a wrong key (WireGuard is silent then by design), look the same. More than that needs a sign of life: other packets of the
 * same flow or address were answered.
 */
#include "analyzer/detect/detector.h"
#include "analyzer/detect/guard.h"
#include "dissectors/tunnel.h"

#define ATTEMPTS_NS (INT64_C(10) * 1000000000) /* over which attempts must stay unanswered; the W of guard G14 */
#define IDLE_NS     (INT64_C(60) * 1000000000) /* G19 */

enum {
	TUNNELS_MAX = 4096, /* of a shard at once */
	EARLY_PACKETS = 64, /* of the far end: a tunnel that carried more and then ends has other reasons */
	DIED_LEAST = 3,
};

struct tunnel {
	struct frame_ref opening, answer; /* the first opening, the latest answer; number 0: none */
	struct frame_ref openings[FINDING_FRAMES_MAX];
	uint32_t opening_count;
	enum tunnel_protocol protocol;
	enum dir initiator;
	bool answered;
};

struct tunnel_run {
	struct pool tunnels;
};

struct tunnel_slot {
	struct tunnel *tunnel; /* NULL: no opening seen, or no room */
};

static const struct {
	const char *mechanism;
	uint32_t openings_least;
} rules[] = {
    [TUNNEL_OPENVPN] = {"openvpn_block", 3},
    [TUNNEL_WIREGUARD] = {"wireguard_block", 4}, /* every 5 s, given up after 90 */
    [TUNNEL_DTLS] = {"snowflake_dtls_block", 3},
};

static int start(struct detection *d, struct err *e)
{
	struct tunnel_run *run = d->run;
	(void)e;
	pool_init(&run->tunnels, sizeof(struct tunnel), TUNNELS_MAX);
	return 0;
}

static void finish(struct detection *d)
{
	struct tunnel_run *run = d->run;
	pool_free(&run->tunnels);
}

static void opened(struct tunnel *t, const struct event *ev)
{
	if (t->opening_count == 0) {
		t->opening = frame_ref_of(ev->pkt);
		t->initiator = ev->dir;
	}
	if (ev->dir != t->initiator)
		return;
	if (t->opening_count < FINDING_FRAMES_MAX)
		t->openings[t->opening_count] = frame_ref_of(ev->pkt);
	t->opening_count++;
}

static void on_message(struct detection *d, const struct event *ev)
{
	struct tunnel_run *run = d->run;
	struct tunnel_slot *slot = d->state;
	const struct tunnel_message *m = event_tunnel_message(ev);
	if (!ev->pkt || (!slot->tunnel && m->step != TUNNEL_OPENING))
		return;
	if (!slot->tunnel && !(slot->tunnel = pool_get(&run->tunnels))) {
		d->candidates->dropped++;
		return;
	}
	struct tunnel *t = slot->tunnel;
	t->protocol = m->protocol;
	if (m->step == TUNNEL_OPENING)
		opened(t, ev);
	if (ev->dir != t->initiator) {
		t->answered = true;
		t->answer = frame_ref_of(ev->pkt);
	}
}

static void propose(struct detection *d, struct flow *flow, const struct tunnel *t, bool after_handshake)
{
	char text[2][FINDING_NUMBER_SIZE];
	const struct waiting *w = &flow->waiting[t->initiator];
	bool alive = flow->packets[dir_other(t->initiator)] > 0;
	struct finding f = {.mechanism = mechanism_find(rules[t->protocol].mechanism), .kind = KIND_SYMPTOM};
	f.stage = after_handshake ? "data_transfer" : "any";
	f.to_client = t->initiator == DIR_DOWN;
	f.trigger = t->opening;
	if (after_handshake) {
		finding_suspect(&f, w->first);
		finding_evidence(&f, w->last);
		finding_evidence(&f, t->answer);
		finding_evidence(&f, t->opening);
	} else {
		for (size_t i = 0; i < t->opening_count && i < FINDING_FRAMES_MAX; i++)
			finding_suspect(&f, t->openings[i]);
	}
	finding_term(&f, d->weights, "E11", false);
	finding_number(&f, text[0], "openings", t->opening_count);
	finding_number(&f, text[1], "unanswered", w->sent);
	finding_detail(&f, "part", after_handshake ? "post_handshake" : "opening");
	finding_detail(&f, "far_end", alive ? "alive" : "unheard");
	detection_propose(d, flow, &f);
}

static void judge(struct detection *d, struct flow *flow, const struct tunnel *t)
{
	const struct waiting *w = &flow->waiting[t->initiator];
	const struct frame_ref *heard = &flow->last[dir_other(t->initiator)];
	int64_t waited = frame_span_ns(&w->first, &w->last);
	bool watched = w->first.ts_ns != FRAME_NO_TIME && d->now_ns - w->first.ts_ns >= ATTEMPTS_NS;
	detection_tested(d, mechanism_find(rules[t->protocol].mechanism));
	if (t->initiator != DIR_UP || w->sent == 0 || !watched || waited < ATTEMPTS_NS)
		return;
	if (!t->answered && t->opening_count >= rules[t->protocol].openings_least)
		propose(d, flow, t, false);
	bool early = flow->packets[dir_other(t->initiator)] <= EARLY_PACKETS;
	bool not_idle = heard->number && heard->ts_ns != FRAME_NO_TIME && w->first.ts_ns - heard->ts_ns < IDLE_NS;
	if (t->answered && w->sent >= DIED_LEAST && early && not_idle)
		propose(d, flow, t, true);
}

static void on_close(struct detection *d, const struct event *ev)
{
	struct tunnel_run *run = d->run;
	struct tunnel_slot *slot = d->state;
	if (!slot->tunnel)
		return;
	judge(d, ev->flow, slot->tunnel);
	pool_put(&run->tunnels, slot->tunnel);
	slot->tunnel = NULL;
}

static bool is_ours(const struct finding *f)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (strcmp(f->mechanism->id, rules[i].mechanism) == 0)
			return true;
	return false;
}

static bool far_end_alive(const struct finding *f)
{
	const char *far_end = finding_value(f, "far_end");
	return far_end && strcmp(far_end, "alive") == 0;
}

/* Moderate where the far end is alive and the client's other traffic passed: what was lost is this protocol's. */
static void conclude(struct conclusion *c)
{
	for (size_t i = 0; i < c->finding_count; i++) {
		struct finding *f = c->findings[i];
		if (!is_ours(f) || !far_end_alive(f))
			continue;
		const struct attempt *a = attempt_of_finding(c->attempts, f);
		if (a && guard_own_network_down(c->attempts, a, c->first_ns) == GUARD_CLEAR)
			f->least = LABEL_MODERATE;
	}
}

const struct detector detector_tunnel_blocking = {
    .name = "tunnel_blocking",
    .summary = "tunnels that stay unanswered or fall silent",
    .run_size = sizeof(struct tunnel_run),
    .flow_size = sizeof(struct tunnel_slot),
    .on = {[EV_TUNNEL_MESSAGE] = on_message, [EV_FLOW_CLOSE] = on_close},
    .conclude = conclude,
    .start = start,
    .finish = finish,
};
