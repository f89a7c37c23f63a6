/*
 * F4 residual_block: after a request that drew interference, the same client is cut off from the same server and port for a while,
 * whatever it asks (Clayton et al. 2006; Bock et al. 2021; Zohaib et al. 2025).
 *   measured  two or more later attempts fail, and a later one succeeds: how long it lasted lies between the two; failed names must
 *             succeed afterwards, or never have been said
 *   open      a later attempt's SYNs (4, over 7 s) meet silence within the longest published time, and no success was seen
 * The published times and scopes that fit are listed, not chosen from. Innocent: a server that bans the client after a strange request
 * (fail2ban: ten minutes or more), a full SYN queue, a name that is blocked itself (it fails for good), the own network down (G22).
 */
#include "analyzer/detect/detector.h"

#include <stdlib.h>

#define MILLISECOND_NS INT64_C(1000000)
#define SECOND_NS      INT64_C(1000000000)
#define LONGEST_NS     (1200 * SECOND_NS) /* of the table */
#define OPEN_NS        (420 * SECOND_NS)  /* of those in use today */
#define SYN_WAIT_NS    (7 * SECOND_NS)
#define SLACK_PERCENT  5 /* published times are rounded */

enum {
	FAILURES_LEAST = 2,
	SYNS_LEAST = 4,
	OUTCOMES_MAX = 64, /* attempts after a trigger that are looked at */
	JUDGED_MAX = 16,   /* triggers at one place */
	FITS_MAX = 256,    /* bytes of the list of fits */
};

enum scope { SCOPE_UNKNOWN, SCOPE_FOUR, SCOPE_THREE };

/* What has been published: who, after what, for how long, and whether further packets start the time anew. */
static const struct published {
	const char *id;
	enum trigger_kind kind; /* TRIGGER_NONE: any */
	enum scope scope;
	uint16_t seconds;
	bool restarts;
} published[] = {
    {"cn_http_90", TRIGGER_HTTP, SCOPE_THREE, 90, false},       {"cn_sni_60", TRIGGER_TLS, SCOPE_THREE, 60, false},
    {"cn_sni_180", TRIGGER_TLS, SCOPE_THREE, 180, false},       {"cn_doh_360", TRIGGER_TLS, SCOPE_THREE, 360, false},
    {"cn_esni_120", TRIGGER_TLS, SCOPE_UNKNOWN, 120, false},    {"cn_quic_180", TRIGGER_QUIC, SCOPE_THREE, 180, false},
    {"cn_fet_180", TRIGGER_NONE, SCOPE_THREE, 180, false},      {"ir_http_180", TRIGGER_HTTP, SCOPE_FOUR, 180, true},
    {"ir_sni_180", TRIGGER_TLS, SCOPE_FOUR, 180, true},         {"ir_proto_60", TRIGGER_NONE, SCOPE_FOUR, 60, true},
    {"kz_http_120", TRIGGER_HTTP, SCOPE_FOUR, 120, true},       {"kz_sni_120", TRIGGER_TLS, SCOPE_FOUR, 120, true},
    {"ru_sni1_75", TRIGGER_TLS, SCOPE_FOUR, 75, false},         {"ru_sni2_420", TRIGGER_TLS, SCOPE_FOUR, 420, false},
    {"ru_sni4_40", TRIGGER_TLS, SCOPE_FOUR, 40, false},         {"ru_quic_420", TRIGGER_QUIC, SCOPE_FOUR, 420, false},
    {"cn_2006_1200", TRIGGER_HTTP, SCOPE_UNKNOWN, 1200, false},
};

/* One place after one trigger. */
struct window {
	const struct finding *trigger;
	const struct attempt *first; /* the attempt that triggered */
	const struct attempt *failed[OUTCOMES_MAX];
	size_t failures;
	const struct attempt *ok; /* first success after the last failure */
	int64_t gap_ns;           /* the longest pause between packets while it failed */
	enum scope scope;
};

static bool is_trigger(const struct finding *f)
{
	static const char *const not_requests[] = {"residual_block", "ip_blackhole", "port_blackhole"};
	if (f->kind == KIND_INFORMATIONAL || f->trigger.number == 0 || f->trigger.ts_ns == FRAME_NO_TIME ||
	    f->name_source == NAME_DNS)
		return false;
	for (size_t i = 0; i < sizeof not_requests / sizeof *not_requests; i++)
		if (strcmp(f->mechanism->id, not_requests[i]) == 0)
			return false;
	return true;
}

static int by_place(const void *a, const void *b)
{
	const struct finding *f = *(const struct finding *const *)a, *g = *(const struct finding *const *)b;
	int order = finding_compare_place(f, g);
	if (!order)
		order = (f->trigger.ts_ns > g->trigger.ts_ns) - (f->trigger.ts_ns < g->trigger.ts_ns);
	return order ? order : (f->trigger.number > g->trigger.number) - (f->trigger.number < g->trigger.number);
}

static bool fails(const struct attempt *a)
{
	return attempt_failed(a) || (a->flags & ATTEMPT_SUSPECT);
}

static bool works(const struct attempt *a)
{
	return attempt_succeeded(a) && !(a->flags & ATTEMPT_SUSPECT);
}

/* Did this name get through at some time after? What was never said cannot be what was blocked. */
static bool was_innocent(struct attempt_range r, const struct attempt *a)
{
	for (size_t i = 0; a->name && i < r.count; i++)
		if (r.at[i]->first_ns > a->first_ns && works(r.at[i]) && same_name(r.at[i]->name, a->name))
			return true;
	return !a->name;
}

/*
 * From the trigger on: failures, until the first success after the last of them. A request for the trigger's own name that fails is
 * another trigger, and ends the window.
 */
static void look(struct window *w, struct attempt_range r)
{
	int64_t t0 = w->trigger->trigger.ts_ns, last_ns = t0;
	bool other_port = false, other_worked = false;
	for (size_t i = 0, seen = 0; i < r.count && seen < OUTCOMES_MAX; i++) {
		const struct attempt *a = r.at[i];
		bool own = w->trigger->name && same_name(a->name, w->trigger->name);
		if (a->flow_id == w->trigger->flow_id)
			w->first = a;
		if (a->first_ns <= t0 || a->flow_id == w->trigger->flow_id)
			continue;
		if (a->first_ns - t0 > LONGEST_NS || (own && fails(a)))
			break;
		seen++;
		if (works(a) && w->failures > 0 && !w->ok)
			w->ok = a;
		other_worked |= works(a) && w->failures == 0 && a->client_port != w->trigger->client_port;
		if (!fails(a) || !was_innocent(r, a))
			continue;
		other_port |= a->client_port != w->trigger->client_port;
		other_worked |= w->ok != NULL && w->ok->client_port != w->trigger->client_port;
		w->ok = NULL;
		w->gap_ns = a->first_ns - last_ns > w->gap_ns ? a->first_ns - last_ns : w->gap_ns;
		last_ns = a->last_ns;
		w->failed[w->failures++] = a;
	}
	w->scope = other_port ? SCOPE_THREE : w->failures && other_worked ? SCOPE_FOUR : SCOPE_UNKNOWN;
}

static bool is_measured(const struct window *w)
{
	return w->failures >= FAILURES_LEAST && w->ok;
}

/* Still going on, or its end was not seen: SYNs alone, since everything else has rules of its own. */
static bool is_open(const struct conclusion *c, const struct window *w, const struct attempt *a)
{
	return !w->ok && a->outcome == ATTEMPT_NO_HANDSHAKE && a->unanswered >= SYNS_LEAST &&
	       !(a->flags & ATTEMPT_UNREACHABLE) && c->last_ns - a->first_ns >= SYN_WAIT_NS &&
	       a->first_ns - w->trigger->trigger.ts_ns <= OPEN_NS;
}

static bool fits(const struct published *p, const struct window *w)
{
	int64_t t0 = w->trigger->trigger.ts_ns, t = p->seconds * SECOND_NS, slack = t / 100 * SLACK_PERCENT;
	const struct attempt *last = w->failed[w->failures - 1];
	int64_t least = p->restarts ? w->gap_ns : last->first_ns - t0;
	int64_t most = w->ok->first_ns - (p->restarts ? last->last_ns : t0);
	bool kind = p->kind == TRIGGER_NONE || (w->first && w->first->trigger == p->kind);
	bool scope = p->scope == SCOPE_UNKNOWN || w->scope == SCOPE_UNKNOWN || p->scope == w->scope;
	return kind && scope && t + slack >= least && t - slack <= most;
}

static const char *fits_text(char room[FITS_MAX], const struct window *w)
{
	struct text t = text_over(room, FITS_MAX);
	for (size_t i = 0, n = 0; i < sizeof published / sizeof *published; i++)
		if (fits(&published[i], w))
			text_printf(&t, "%s%s", n++ ? "," : "", published[i].id);
	return room;
}

static const char *protocol_of(const struct attempt *a)
{
	const char *asked = trigger_protocol((enum trigger_kind)a->trigger);
	return asked ? asked : a->l4_proto == IPPROTO_UDP ? "udp" : "tcp";
}

static void propose(struct conclusion *c, const struct window *w, const struct attempt *a)
{
	static const char *const scopes[] = {"unknown", "4-tuple", "3-tuple"};
	char text[3][FINDING_NUMBER_SIZE], fits_room[FITS_MAX];
	int64_t t0 = w->trigger->trigger.ts_ns;
	struct finding f = {.mechanism = mechanism_find("residual_block"),
	                    .kind = KIND_SYMPTOM,
	                    .protocol = protocol_of(a),
	                    .vantage = c->vantage};
	finding_attempt(&f, a);
	finding_term(&f, c->weights, "E11", false);
	f.last_heard = a->frame;
	finding_evidence(&f, a->frame);
	finding_evidence(&f, w->trigger->trigger);
	if (a->outcome == ATTEMPT_NO_HANDSHAKE || a->outcome == ATTEMPT_SILENCE) {
		finding_suspect(&f, a->unanswered_first);
		finding_suspect(&f, a->unanswered_last);
	}
	finding_number(&f, text[0], "t0_frame", (long long)w->trigger->trigger.number);
	finding_detail(&f, "t0_mechanism", w->trigger->mechanism->id);
	finding_detail(&f, "scope", scopes[w->scope]);
	finding_number(&f, text[1], "t_last_fail_ms", (w->failed[w->failures - 1]->first_ns - t0) / MILLISECOND_NS);
	if (is_measured(w)) {
		finding_evidence(&f, w->ok->frame);
		finding_number(&f, text[2], "t_first_ok_ms", (w->ok->first_ns - t0) / MILLISECOND_NS);
		finding_detail(&f, "fits", fits_text(fits_room, w));
	}
	conclusion_propose(c, &f);
}

static void judge(struct conclusion *c, const struct finding *trigger)
{
	struct window w = {.trigger = trigger};
	struct attempt_range r =
	    attempts_at(c->attempts, &trigger->client, &trigger->server, trigger->l4_proto, trigger->server_port);
	look(&w, r);
	c->tested[mechanism_find("residual_block") - mechanisms] += w.failures > 0;
	for (size_t i = 0; i < w.failures; i++)
		if (is_measured(&w) || is_open(c, &w, w.failed[i]))
			propose(c, &w, w.failed[i]);
}

/* Of a place the first trigger, and later ones of the same name. */
static void conclude(struct conclusion *c)
{
	size_t n = 0, judged = 0;
	const struct finding **triggers = malloc((c->finding_count + 1) * sizeof *triggers);
	for (size_t i = 0; triggers && i < c->finding_count; i++)
		if (is_trigger(c->findings[i]))
			triggers[n++] = c->findings[i];
	if (n)
		qsort(triggers, n, sizeof *triggers, by_place);
	const struct finding *before = NULL;
	for (size_t i = 0; i < n; i++) {
		const struct finding *f = triggers[i];
		bool same = before && finding_compare_place(before, f) == 0;
		bool later = same && f->trigger.ts_ns - before->trigger.ts_ns > LONGEST_NS;
		judged = same ? judged : 0;
		if (same && !later && (!same_name(before->name, f->name) || before->flow_id == f->flow_id))
			continue;
		before = f;
		if (judged++ < JUDGED_MAX)
			judge(c, f);
	}
	free(triggers);
}

const struct detector detector_residual = {
    .name = "residual",
    .summary = "places that stay cut off after a request",
    .conclude = conclude,
};
