/*
 * T2 throttle_plateau: a transfer at a steady low rate, while the same client got at least five times as much elsewhere within a minute
 * (Xue et al., Throttling Twitter, IMC 2021: 130 to 150 kbit/s). Also the control experiment for T1 (slow.h): names that are slow
 * against names that are not.
 *
 * Innocent: streams at the rate of their content, receivers that read slowly or with small windows (plateau.c); radio links and full
 * queues, where everything is slow (the control); a server that limits each connection, which only other names at the same
 * address tell apart (server_limits_rate is named until then). A symptom.
 */
#include "analyzer/detect/detector.h"
#include "analyzer/detect/plateau.h"
#include "analyzer/detect/slow.h"

#include <stdlib.h>

enum { PLATEAUS_CAP = 512 /* a shard */ };

/* A transfer that went at a plateau, until its controls are known. */
struct kept {
	struct kept *next;
	struct plateau plateau;
	enum dir dir;
	struct addr client, server;
	uint16_t client_port, server_port;
	uint64_t flow_id;
	const char *name; /* of the shard's names */
	enum name_source name_source;
	struct frame_ref trigger, first, last;
	int64_t first_ns, last_ns;
	enum vantage vantage;
	bool midstream, lost_in_capture, disordered;
};

struct run {
	struct pool pool;
	struct kept *list;
};

static int start(struct detection *d, struct err *e)
{
	(void)e;
	pool_init(&((struct run *)d->run)->pool, sizeof(struct kept), PLATEAUS_CAP);
	return 0;
}

static void finish(struct detection *d)
{
	pool_free(&((struct run *)d->run)->pool);
}

static void keep(struct detection *d, const struct flow *f, enum dir dir, const struct plateau *p)
{
	struct run *run = d->run;
	struct finding about = {.mechanism = mechanism_find("throttle_plateau")};
	struct kept *k = pool_get(&run->pool);
	if (!k) {
		d->candidates->dropped++;
		return;
	}
	finding_flow(&about, f);
	*k = (struct kept){.next = run->list,
	                   .plateau = *p,
	                   .dir = dir,
	                   .client = about.client,
	                   .server = about.server,
	                   .client_port = about.client_port,
	                   .server_port = about.server_port,
	                   .flow_id = about.flow_id,
	                   .name = about.name,
	                   .name_source = about.name_source,
	                   .trigger = about.trigger,
	                   .first = f->tcp->pace[dir].pace->first,
	                   .last = f->tcp->pace[dir].pace->last,
	                   .first_ns = f->first_ns,
	                   .last_ns = f->last_ns,
	                   .vantage = census_vantage(f),
	                   .midstream = f->flags & FLOW_MIDSTREAM,
	                   .lost_in_capture = f->flags & FLOW_LOSS,
	                   .disordered = f->flags & FLOW_TS_DISORDER};
	run->list = k;
}

static void on_close(struct detection *d, const struct event *ev)
{
	const struct flow *f = ev->flow;
	bool tested = false;
	for (enum dir dir = DIR_UP; f->tcp && dir <= DIR_DOWN; dir++) {
		struct plateau p;
		bool found = plateau_of_flow(&p, f, dir);
		tested |= p.seconds > 0;
		if (found)
			keep(d, f, dir, &p);
	}
	if (tested)
		detection_tested(d, mechanism_find("throttle_plateau"));
}

/* Rates at which known throttlers were measured. */
static bool known_class(uint64_t rate_bps)
{
	return (rate_bps >= 95000 && rate_bps <= 170000) || (rate_bps >= 4000 && rate_bps <= 7000);
}

static void describe(struct finding *f, const struct conclusion *c, const struct kept *k)
{
	const struct plateau *p = &k->plateau;
	*f = (struct finding){.mechanism = mechanism_find("throttle_plateau"),
	                      .kind = KIND_SYMPTOM,
	                      .client = k->client,
	                      .server = k->server,
	                      .client_port = k->client_port,
	                      .server_port = k->server_port,
	                      .l4_proto = IPPROTO_TCP,
	                      .flow_id = k->flow_id,
	                      .to_client = k->dir == DIR_DOWN,
	                      .name = k->name,
	                      .name_source = k->name_source,
	                      .trigger = k->trigger,
	                      .vantage = k->vantage,
	                      .alternatives = 1U << ALT_SERVER_LIMITS};
	finding_evidence(f, k->first);
	finding_evidence(f, k->last);
	finding_term(f, c->weights, "E15b", false);
	if (known_class(p->rate_bps))
		finding_term(f, c->weights, "E15c", false);
	if (k->midstream)
		f->guards_untested |= 1U << GUARD_MIDSTREAM;
	if (k->lost_in_capture)
		f->guards_named |= 1U << GUARD_CAPTURE_LOSS;
	if (k->disordered)
		f->guards_named |= 1U << GUARD_TS_DISORDER;
	finding_print(f, c->arena, "rate_bps", "%llu", (unsigned long long)p->rate_bps);
	finding_print(f, c->arena, "iqr", "%u.%02u", p->iqr_percent / 100, p->iqr_percent % 100);
	finding_print(f, c->arena, "dur_s", "%u", p->seconds);
	finding_print(f, c->arena, "loss_pct", "%u", p->unsteady_percent);
	if (p->rtt_growth_tenths)
		finding_print(f, c->arena, "rtt_growth", "%u.%u", p->rtt_growth_tenths / 10, p->rtt_growth_tenths % 10);
	if (known_class(p->rate_bps))
		finding_detail(f, "class", p->rate_bps > 7000 ? "95_to_170_kbit" : "4_to_7_kbit");
}

static void describe_control(struct finding *f, const struct conclusion *c, const struct attempt *control, enum dir dir)
{
	finding_evidence(f, control->frame);
	finding_print(f, c->arena, "control_rate_bps", "%llu", (unsigned long long)control->rate_bps[dir]);
	if (control->name)
		finding_outside(f, c->arena, "control_name", span_text(control->name));
}

static uint64_t rate_of(const struct finding *f)
{
	for (size_t i = 0; i < f->detail_count; i++)
		if (strcmp(f->details[i].key, "rate_bps") == 0)
			return strtoull(f->details[i].value, NULL, 10);
	return 0;
}

/* Flows that T1 found, in the packet pass: names that are policed against names that are not. */
static size_t add_policed(const struct conclusion *c, struct slow *out)
{
	const struct mechanism *policed = mechanism_find("policing_token_bucket");
	size_t n = 0;
	for (size_t i = 0; i < c->finding_count; i++) {
		struct finding *f = c->findings[i];
		if (f->mechanism != policed)
			continue;
		int64_t ns = f->trigger.number ? f->trigger.ts_ns : finding_frame(f)->ts_ns;
		if (ns == FRAME_NO_TIME || finding_frame(f)->ts_ns == FRAME_NO_TIME)
			continue;
		out[n++] = (struct slow){.finding = f,
		                         .rate_bps = rate_of(f),
		                         .first_ns = ns,
		                         .last_ns = finding_frame(f)->ts_ns,
		                         .dir = f->to_client ? DIR_DOWN : DIR_UP};
	}
	return n;
}

/* Plateaus with a control. Their findings are the arena's. */
static size_t add_plateaus(const struct conclusion *c, const struct kept *list, struct slow *out)
{
	size_t n = 0;
	for (const struct kept *k = list; k; k = k->next) {
		struct finding *f = arena_alloc(c->arena, sizeof *f);
		if (!f)
			return n;
		describe(f, c, k);
		struct slow s = {.finding = f,
		                 .rate_bps = k->plateau.rate_bps,
		                 .first_ns = k->first_ns,
		                 .last_ns = k->last_ns,
		                 .dir = k->dir};
		const struct attempt *control = slow_control(c, &s);
		if (!control || slow_name_was_fast(c, &s))
			continue;
		describe_control(f, c, control, k->dir);
		out[n++] = s;
	}
	return n;
}

static void conclude(struct conclusion *c)
{
	size_t n = 0, room = c->finding_count + 1;
	for (size_t i = 0; i < c->run_count; i++)
		for (const struct kept *k = ((const struct run *)c->runs[i])->list; k; k = k->next)
			room++;
	struct slow *all = calloc(room, sizeof *all);
	if (!all)
		return;
	size_t policed = n = add_policed(c, all);
	for (size_t i = 0; i < c->run_count; i++)
		n += add_plateaus(c, ((const struct run *)c->runs[i])->list, all + n);
	slow_contrast(c, all, n);
	for (size_t i = policed; i < n; i++) {
		if (all[i].finding->selectivity == SELECT_NAME)
			all[i].finding->alternatives &= ~(1U << ALT_SERVER_LIMITS);
		conclusion_propose(c, all[i].finding);
	}
	free(all);
}

const struct detector detector_throttle_plateau = {
    .name = "throttle_plateau",
    .summary = "transfers at a steady low rate while others of the client are fast",
    .run_size = sizeof(struct run),
    .on = {[EV_FLOW_CLOSE] = on_close},
    .start = start,
    .conclude = conclude,
    .finish = finish,
};
