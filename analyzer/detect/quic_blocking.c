/*
 * D5: QUIC handshakes that die (Zohaib et al., Exposing and Circumventing SNI-based QUIC Censorship, USENIX Security 2025; Xue et
 * al., TSPU, IMC 2022; Elmenhorst et al., Web Censorship Measurements of HTTP/3 over QUIC, IMC 2021):
 *   quic_sni_drop   the server takes the hello and waits for the client's part of the handshake, which goes out again and again; or
 *                   nothing ever comes back, or no more than a first word (a box may wait for the end of a hello of two datagrams),
 *                   though another name's handshake at the same address and port came to its end
 *   udp443_blocked  no handshake of the client comes to its end at any address, though TCP reaches them
 *   tls_ech_drop    the first, for ECH behind the outer name of its largest user
 * Nobody sees a packet being dropped: all of these are symptoms. A server without QUIC answers nothing to any name: that is no
 * finding. Neither is a client that broke off, a capture of one direction, nor one that ends or pauses before 6 s are over. A
 * box that drops for some minutes whatever goes to the place of a listed name (the GFW: same client, server and port, 180 s, any
 * source port) hits other names too: they are counted in residual_s of the first finding and are no findings themselves.
 */
#include "analyzer/detect/detector.h"
#include "analyzer/detect/guard.h"
#include "dissectors/quic.h"

#include <stdlib.h>
#include <strings.h>

enum {
	FLIGHTS_LEAST = 3, /* a flight and two repetitions */
	CONTROLS_TRIED = 8,
	STALLED_DATAGRAMS = 4, /* in them */
	DYING_MAX = 256,       /* flows kept, a logical shard */
	BLOCKED_SERVERS = 3,
	REACHED_SERVERS = 2, /* of these, by TCP */
	PORT_HTTPS = 443,
	PORT_HTTP = 80,
};

#define SECOND_NS    INT64_C(1000000000)
#define SILENCE_NS   (6 * SECOND_NS)
#define SPREAD_NS    (SECOND_NS / 2)   /* between first and last transmission: parts of one flight go out together */
#define UNWATCHED_NS (180 * SECOND_NS) /* shard.c closes idle flows before */
#define CONTROL_NS   (60 * SECOND_NS)
#define NEAR_NS      (600 * SECOND_NS)
#define RESIDUAL_NS  (420 * SECOND_NS) /* the longest published time that such a box remembers (TSPU) */

/* A flow whose handshake died, at its close. */
struct dying {
	struct addr client, server;
	uint16_t client_port, server_port;
	uint8_t ttl; /* of the hello */
	uint64_t flow_id;
	const char *name;
	struct frame_ref trigger;
	struct frame_ref heard; /* the server's last packet; number 0: it was never heard */
	int64_t asked_ns, last_ns;
	struct quic_flow quic;
};

struct run {
	struct dying *items;
	size_t count, room;
};

static void keep(struct detection *d, const struct dying *item)
{
	struct run *run = d->run;
	if (run->count == run->room) {
		size_t room = run->room ? run->room * 2 : 16;
		struct dying *items = run->room < DYING_MAX ? realloc(run->items, room * sizeof *items) : NULL;
		if (!items) {
			d->candidates->dropped++;
			return;
		}
		run->items = items;
		run->room = room;
	}
	run->items[run->count++] = *item;
}

/* How long the capture went on behind the first of the datagrams that nothing answered. */
static int64_t silent_ns(const struct detection *d, const struct flow *flow, const struct quic_flow *q)
{
	int64_t ns = d->now_ns - q->unanswered_first_ns;
	return ns < UNWATCHED_NS ? ns : flow->last_ns - q->unanswered_first_ns;
}

static bool is_stalled(const struct quic_flow *q)
{
	return q->hellos && q->finished.number && !quic_flow_established(q) && q->repeated &&
	       q->unanswered >= STALLED_DATAGRAMS && q->unanswered_flights >= FLIGHTS_LEAST;
}

static bool is_silent(const struct quic_flow *q)
{
	return q->verified && q->side[DIR_DOWN].datagrams == 0 && q->side[DIR_UP].initial >= FLIGHTS_LEAST &&
	       q->unanswered_flights >= FLIGHTS_LEAST;
}

/* The server began to answer and did not come to its own part of the handshake. */
static bool is_cut_off(const struct quic_flow *q)
{
	const struct quic_side *server = &q->side[DIR_DOWN];
	return q->hellos && server->initial && !server->handshake && !server->one_rtt && !q->finished.number &&
	       q->unanswered_flights >= FLIGHTS_LEAST;
}

static void on_quic_flow(struct detection *d, const struct event *ev)
{
	const struct quic_flow *q = event_quic_flow(ev);
	const struct flow *flow = ev->flow;
	if (!q->verified)
		return;
	detection_tested(d, mechanism_find("quic_sni_drop"));
	if (q->has_ech)
		detection_tested(d, mechanism_find("tls_ech_drop"));
	if (flow->server_port == PORT_HTTPS)
		detection_tested(d, mechanism_find("udp443_blocked"));
	bool spread = q->unanswered_last_ns - q->unanswered_first_ns >= SPREAD_NS;
	bool dead = is_stalled(q) || is_silent(q) || is_cut_off(q);
	if (!dead || flow->flags & FLOW_UNREACHABLE || !spread || silent_ns(d, flow, q) < SILENCE_NS)
		return;
	bool asked = flow->trigger.kind == TRIGGER_QUIC;
	struct dying item = {
	    .client = flow->client,
	    .server = flow->server,
	    .client_port = flow->client_port,
	    .server_port = flow->server_port,
	    .ttl = asked ? flow->trigger.sample.ttl : 0,
	    .flow_id = flow->id,
	    .name = asked ? flow->trigger.name : NULL,
	    .trigger = asked ? flow->trigger.sample.frame : q->side[DIR_UP].first,
	    .heard = q->side[DIR_DOWN].last,
	    .asked_ns = q->side[DIR_UP].first_ns,
	    .last_ns = q->unanswered_last_ns,
	    .quic = *q,
	};
	keep(d, &item);
}

static int by_client_and_time(const void *a, const void *b)
{
	const struct dying *x = *(const struct dying *const *)a, *y = *(const struct dying *const *)b;
	int order = addr_compare(&x->client, &y->client);
	if (!order)
		order = (x->trigger.number > y->trigger.number) - (x->trigger.number < y->trigger.number);
	return order ? order : (x->flow_id > y->flow_id) - (x->flow_id < y->flow_id);
}

/* All of all shards, by client, then time. NULL: none, or no memory. */
static const struct dying **gather(const struct conclusion *c, size_t *count)
{
	size_t total = 0, n = 0;
	for (size_t i = 0; i < c->run_count; i++)
		total += ((const struct run *)c->runs[i])->count;
	const struct dying **all = total ? malloc(total * sizeof *all) : NULL;
	for (size_t i = 0; all && i < c->run_count; i++) {
		const struct run *run = c->runs[i];
		for (size_t k = 0; k < run->count; k++)
			all[n++] = &run->items[k];
	}
	if (n)
		qsort(all, n, sizeof *all, by_client_and_time);
	*count = n;
	return all;
}

static struct attempt_range place_of(const struct conclusion *c, const struct dying *s)
{
	return attempts_at(c->attempts, &s->client, &s->server, IPPROTO_UDP, s->server_port);
}

static bool is_near(int64_t a_ns, int64_t b_ns, int64_t most_ns)
{
	return a_ns - b_ns <= most_ns && b_ns - a_ns <= most_ns;
}

/* A handshake at the same place, under another name, that came to its end within that time? */
static bool is_control(const struct attempt *a, const struct dying *s, int64_t most_ns)
{
	return a->trigger == TRIGGER_QUIC && a->name && attempt_succeeded(a) && !same_name(a->name, s->name) &&
	       is_near(a->asked_ns, s->asked_ns, most_ns);
}

static const struct attempt *control_of(struct attempt_range range, const struct dying *s)
{
	for (size_t i = 0; i < range.count; i++)
		if (is_control(range.at[i], s, NEAR_NS))
			return range.at[i];
	return NULL;
}

/* E10c: a control within a minute, unless the client's network may have been down in between. */
static bool is_vouched_for(const struct conclusion *c, struct attempt_range range, const struct dying *s)
{
	const struct attempt *own = NULL;
	for (size_t i = 0; i < range.count && !own; i++)
		if (range.at[i]->flow_id == s->flow_id && range.at[i]->client_port == s->client_port)
			own = range.at[i];
	for (size_t i = 0, tried = 0; own && i < range.count && tried < CONTROLS_TRIED; i++) {
		if (!is_control(range.at[i], s, CONTROL_NS))
			continue;
		tried++;
		if (!guard_silence_around(c->attempts, own, range.at[i]->asked_ns))
			return true;
	}
	return false;
}

/*
 * Somebody who captures beside the server sees it answer nobody for reasons of its own. Without TCP to tell where that is, the hello must
 * come from the machine itself.
 */
static bool seen_from_client(const struct conclusion *c, const struct dying *s)
{
	bool fresh = s->ttl == 64 || s->ttl == 128 || s->ttl == 255;
	return c->vantage == VANTAGE_UNKNOWN ? fresh : c->vantage != VANTAGE_SERVER;
}

/* Was the place already closed to the client by what it had asked for before, under another name? */
static bool in_the_wake(const struct dying *const *all, size_t i, const bool *found)
{
	const struct dying *s = all[i];
	if (!is_silent(&s->quic))
		return false;
	for (size_t k = i; k-- > 0 && addr_equal(&all[k]->client, &s->client);) {
		const struct dying *before = all[k];
		if (found[k] && addr_equal(&before->server, &s->server) && before->server_port == s->server_port &&
		    !same_name(before->name, s->name) && s->asked_ns - before->asked_ns <= RESIDUAL_NS)
			return true;
	}
	return false;
}

struct texts {
	char version[16], dcid[2 * QUIC_CID_MAX + 1];
	char tx[FINDING_NUMBER_SIZE], rx[FINDING_NUMBER_SIZE], repeats[FINDING_NUMBER_SIZE], order[FINDING_NUMBER_SIZE];
	char residual[FINDING_NUMBER_SIZE], ok_after[FINDING_NUMBER_SIZE];
};

static void describe(struct finding *f, const struct dying *s, struct texts *texts)
{
	const struct quic_flow *q = &s->quic;
	struct text version = text_over(texts->version, sizeof texts->version);
	struct text dcid = text_over(texts->dcid, sizeof texts->dcid);
	text_printf(&version, "%08x", q->version);
	for (size_t i = 0; i < q->dcid.len; i++)
		text_printf(&dcid, "%02x", q->dcid.bytes[i]);
	finding_detail(f, "quic_version", texts->version);
	finding_detail(f, "dcid", texts->dcid);
	finding_number(f, texts->tx, "tx_initial", q->side[DIR_UP].initial);
	finding_number(f, texts->rx, "rx_any", q->side[DIR_DOWN].datagrams);
	finding_number(f, texts->repeats, "server_repeats", q->repeated);
	finding_number(f, texts->order, "sport_gt_dport", s->client_port > s->server_port);
}

/*
 * How long the place stayed closed: from the hello to the last datagram of later flows, whatever their port and name, that found no
 * answer, up to the first flow that found one.
 */
static void describe_residual(struct finding *f, struct attempt_range range, const struct dying *s, struct texts *texts)
{
	int64_t last_ns = -1, ok_ns = -1;
	for (size_t i = 0; i < range.count && ok_ns < 0; i++) {
		const struct attempt *a = range.at[i];
		if (a->first_ns <= s->asked_ns || a->flow_id == s->flow_id)
			continue;
		if (attempt_succeeded(a))
			ok_ns = a->first_ns;
		else if (attempt_failed(a))
			last_ns = a->last_ns > last_ns ? a->last_ns : last_ns;
	}
	if (last_ns >= 0)
		finding_number(f, texts->residual, "residual_s", (last_ns - s->asked_ns) / SECOND_NS);
	if (ok_ns >= 0)
		finding_number(f, texts->ok_after, "ok_after_s", (ok_ns - s->asked_ns) / SECOND_NS);
}

static void fill_in(struct finding *f, const struct conclusion *c, const struct dying *s)
{
	const struct quic_flow *q = &s->quic;
	f->client = s->client;
	f->server = s->server;
	f->client_port = s->client_port;
	f->server_port = s->server_port;
	f->l4_proto = IPPROTO_UDP;
	f->flow_id = s->flow_id;
	f->name = s->name;
	f->name_source = s->name ? NAME_SNI : NAME_NONE;
	f->trigger = s->trigger;
	f->protocol = "quic";
	finding_term(f, c->weights, "E11", false);
	finding_suspect(f, q->unanswered_frames[0]);
	for (size_t i = 1; i < QUIC_UNANSWERED_MAX && i < q->unanswered; i++)
		finding_evidence(f, q->unanswered_frames[i]);
	finding_evidence(f, s->trigger);
	finding_evidence(f, s->heard);
}

static bool is_outer_name_of_ech(const char *name)
{
	return name && strcasecmp(name, "cloudflare-ech.com") == 0;
}

static bool name_drop(struct conclusion *c, const struct dying *s)
{
	struct attempt_range range = place_of(c, s);
	bool stalled = is_stalled(&s->quic);
	const struct attempt *control = control_of(range, s);
	struct texts texts;
	if (!s->name || !seen_from_client(c, s) || (!stalled && !control))
		return false;
	bool ech = s->quic.has_ech && is_outer_name_of_ech(s->name);
	struct finding f = {.mechanism = mechanism_find(ech ? "tls_ech_drop" : "quic_sni_drop"),
	                    .kind = KIND_SYMPTOM,
	                    .contrast = 1U << ATTEMPT_SILENCE | 1U << ATTEMPT_STALLED};
	fill_in(&f, c, s);
	describe(&f, s, &texts);
	describe_residual(&f, range, s, &texts);
	if (control)
		finding_evidence(&f, control->frame);
	if (stalled && is_vouched_for(c, range, s)) {
		finding_term(&f, c->weights, "E10c", false);
		f.selectivity = SELECT_NAME;
	}
	return conclusion_propose(c, &f) != NULL;
}

/* What one client met on UDP port 443 at all its addresses. */
struct port_view {
	size_t servers, flows; /* that answered nothing */
	size_t reached;        /* of these servers, by TCP */
	bool passed;           /* something came back from port 443 of anybody */
};

static bool reached_by_tcp(const struct conclusion *c, const struct dying *s)
{
	static const uint16_t ports[] = {PORT_HTTPS, PORT_HTTP};
	for (size_t p = 0; p < sizeof ports / sizeof *ports; p++) {
		struct attempt_range range = attempts_at(c->attempts, &s->client, &s->server, IPPROTO_TCP, ports[p]);
		for (size_t i = 0; i < range.count; i++)
			if (attempt_succeeded(range.at[i]) && is_near(range.at[i]->asked_ns, s->asked_ns, NEAR_NS))
				return true;
	}
	return false;
}

static bool is_new_server(const struct dying *const *of_client, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (addr_equal(&of_client[k]->server, &of_client[i]->server))
			return false;
	return true;
}

static struct port_view port_view_of(const struct conclusion *c, const struct dying *const *of_client, size_t count)
{
	struct port_view v = {0};
	for (size_t i = 0; i < count; i++) {
		bool counts = is_silent(&of_client[i]->quic) && of_client[i]->server_port == PORT_HTTPS;
		v.flows += counts;
		if (!counts || !is_new_server(of_client, i))
			continue;
		v.servers++;
		v.reached += reached_by_tcp(c, of_client[i]);
	}
	struct attempt_range all = attempts_of(c->attempts, &of_client[0]->client, INT64_MIN, INT64_MAX);
	for (size_t i = 0; i < all.count; i++)
		v.passed |= all.at[i]->l4_proto == IPPROTO_UDP && all.at[i]->server_port == PORT_HTTPS &&
		            all.at[i]->bytes[DIR_DOWN] > 0;
	return v;
}

/* One row a client: the claim is about a port, not about a flow. */
static void port_blocked(struct conclusion *c, const struct dying *const *of_client, size_t count)
{
	struct port_view v = port_view_of(c, of_client, count);
	struct texts texts;
	char servers[FINDING_NUMBER_SIZE], flows[FINDING_NUMBER_SIZE], reached[FINDING_NUMBER_SIZE];
	const struct dying *s = NULL;
	if (v.passed || v.servers < BLOCKED_SERVERS || v.reached < REACHED_SERVERS)
		return;
	struct finding f = {.mechanism = mechanism_find("udp443_blocked"),
	                    .kind = KIND_SYMPTOM,
	                    .alternatives = 1U << ALT_CORPORATE_FILTER};
	for (size_t i = 0; i < count; i++) {
		if (!is_silent(&of_client[i]->quic) || of_client[i]->server_port != PORT_HTTPS)
			continue;
		if (s)
			finding_evidence(&f, of_client[i]->trigger);
		else
			fill_in(&f, c, s = of_client[i]);
	}
	if (!s || !seen_from_client(c, s))
		return;
	describe(&f, s, &texts);
	finding_number(&f, servers, "servers", (long long)v.servers);
	finding_number(&f, flows, "flows", (long long)v.flows);
	finding_number(&f, reached, "servers_by_tcp", (long long)v.reached);
	(void)conclusion_propose(c, &f);
}

static void conclude(struct conclusion *c)
{
	size_t count, end;
	const struct dying **all = gather(c, &count);
	bool *found = calloc(count + 1, sizeof *found);
	for (size_t i = 0; all && found && i < count; i = end) {
		for (end = i; end < count && addr_equal(&all[end]->client, &all[i]->client); end++)
			found[end] = !in_the_wake(all, end, found) && name_drop(c, all[end]);
		port_blocked(c, all + i, end - i);
	}
	free(found);
	free(all);
}

static void finish(struct detection *d)
{
	struct run *run = d->run;
	free(run->items);
}

const struct detector detector_quic_blocking = {
    .name = "quic_blocking",
    .summary = "QUIC handshakes that die, by name or altogether",
    .run_size = sizeof(struct run),
    .on = {[EV_QUIC_FLOW] = on_quic_flow},
    .conclude = conclude,
    .finish = finish,
};
