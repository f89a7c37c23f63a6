/*
 * F1: an address or a port that answers nothing (Elmenhorst et al., IMC 2021; Bock et al. 2021):
 *   ip_blackhole    SYNs to a server are never answered
 *   port_blackhole  the same, while another port of that server answers
 * Judged over all attempts of the capture: 4 SYNs and 7 s without an answer, or 3 connections over 30 s, nothing else at that address
 * and port having answered within 10 minutes. A server that is down looks the same: a symptom, weak, unless the address lived before
 * and for somebody else and TCP and UDP went silent together.
 * Innocent: a host that is down (no difference without history), scanners (G15), losers of a race between addresses (G16), the own network
 * down (G22), answers that went another way (G9: a client that acknowledges was answered), an ICMP error (that is an answer).
 */
#include "analyzer/detect/detector.h"

#include <stdlib.h>

#define SECONDS_NS     INT64_C(1000000000)
#define SYN_SILENCE_NS (7 * SECONDS_NS)   /* G14: from the first SYN to the end of the capture */
#define FLOWS_SPAN_NS  (30 * SECONDS_NS)  /* from the first SYN to the last */
#define ALIVE_NS       (600 * SECONDS_NS) /* "the same period" */
#define TOGETHER_NS    (60 * SECONDS_NS)  /* TCP and UDP went silent together */

enum {
	SYNS_LEAST = 4,
	FLOWS_LEAST = 3,
	NAMED_MAX = 64,       /* findings a run of silent attempts; the rest is in `flows` */
	LOOKED_AT_MAX = 1024, /* attempts a search looks at: history beyond is not needed to be fair */
};

/* Silent attempts at one place, with nothing in between. */
struct run {
	const struct attempt *const *at;
	size_t count;
	uint64_t syns;
};

/* What answered, by server and time. */
struct living {
	const struct attempt **at;
	size_t count;
};

struct blackhole {
	struct conclusion *c;
	struct living living;
};

static bool is_tcp(const struct attempt *a)
{
	return a->l4_proto == IPPROTO_TCP && !(a->flags & ATTEMPT_DNS_QUERY);
}

static bool is_silent(const struct attempt *a)
{
	return is_tcp(a) && a->outcome == ATTEMPT_NO_HANDSHAKE &&
	       !(a->flags & (ATTEMPT_UNREACHABLE | ATTEMPT_CLIENT_SILENT)) && a->unanswered > 0;
}

/* Did the server itself say anything? */
static bool is_alive(const struct attempt *a)
{
	bool nothing = a->outcome == ATTEMPT_NO_HANDSHAKE || a->outcome == ATTEMPT_SILENCE;
	return !nothing && (a->outcome != ATTEMPT_UNKNOWN || a->bytes[DIR_DOWN] > 0);
}

static int by_server(const void *a, const void *b)
{
	const struct attempt *x = *(const struct attempt *const *)a, *y = *(const struct attempt *const *)b;
	int order = addr_compare(&x->server, &y->server);
	return order ? order : (x->first_ns > y->first_ns) - (x->first_ns < y->first_ns);
}

static bool living_init(struct living *l, const struct attempt_table *t)
{
	l->at = malloc((t->count + 1) * sizeof *l->at);
	for (size_t i = 0; l->at && i < t->count; i++)
		if (is_alive(t->by_place[i]))
			l->at[l->count++] = t->by_place[i];
	if (l->count)
		qsort(l->at, l->count, sizeof *l->at, by_server);
	return l->at != NULL;
}

/* The first of a server's living attempts that began at from_ns or later. */
static size_t living_from(const struct living *l, const struct addr *server, int64_t from_ns)
{
	struct attempt key = {.server = *server, .first_ns = from_ns};
	const struct attempt *wanted = &key;
	size_t low = 0, high = l->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (by_server(&l->at[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Another port of the server that answered the same client in the same period; NULL: none was seen to. */
static const struct attempt *other_port(const struct living *l, const struct attempt *a)
{
	size_t from = living_from(l, &a->server, a->first_ns - ALIVE_NS);
	for (size_t i = from; i < l->count && i - from < LOOKED_AT_MAX; i++) {
		const struct attempt *b = l->at[i];
		if (!addr_equal(&b->server, &a->server) || b->first_ns > a->first_ns + ALIVE_NS)
			break;
		if (addr_equal(&b->client, &a->client) &&
		    (b->server_port != a->server_port || b->l4_proto != a->l4_proto))
			return b;
	}
	return NULL;
}

/* The server answered this client before, and another client or this one later. Two attempts, or none. */
static bool lived(const struct living *l, const struct attempt *a, const struct attempt *out[2])
{
	out[0] = out[1] = NULL;
	size_t from = living_from(l, &a->server, INT64_MIN);
	for (size_t i = from; i < l->count && i - from < LOOKED_AT_MAX; i++) {
		const struct attempt *b = l->at[i];
		if (!addr_equal(&b->server, &a->server))
			break;
		bool same_client = addr_equal(&b->client, &a->client);
		if (same_client && b->last_ns < a->first_ns)
			out[0] = b;
		else if (!same_client || b->first_ns > a->first_ns)
			out[1] = b;
	}
	return out[0] && out[1];
}

/* A UDP conversation of the client with the server that met silence at the same time. */
static const struct attempt *silent_udp(const struct conclusion *c, const struct attempt *a)
{
	struct attempt_range r =
	    attempts_of(c->attempts, &a->client, a->first_ns - TOGETHER_NS, a->first_ns + TOGETHER_NS);
	for (size_t i = 0; i < r.count && i < LOOKED_AT_MAX; i++)
		if (r.at[i]->outcome == ATTEMPT_SILENCE && addr_equal(&r.at[i]->server, &a->server))
			return r.at[i];
	return NULL;
}

static void raise(struct conclusion *c, struct finding *f, const struct living *l, const struct attempt *a)
{
	const struct attempt *alive[2], *udp = silent_udp(c, a);
	if (!udp || !lived(l, a, alive))
		return;
	f->least = LABEL_MODERATE;
	finding_evidence(f, alive[0]->frame);
	finding_evidence(f, alive[1]->frame);
	finding_evidence(f, udp->frame);
}

static void propose(struct blackhole *b, const struct run *run, const struct attempt *a)
{
	char text[4][FINDING_NUMBER_SIZE];
	const struct attempt *port = other_port(&b->living, a);
	const struct attempt *first = run->at[0], *last = run->at[run->count - 1];
	struct finding f = {
	    .mechanism = mechanism_find(port ? "port_blackhole" : "ip_blackhole"),
	    .kind = KIND_SYMPTOM,
	    .vantage = b->c->vantage,
	};
	finding_attempt(&f, a);
	finding_suspect(&f, a->frame);
	finding_suspect(&f, a->unanswered_last);
	finding_term(&f, b->c->weights, "E11", false);
	finding_number(&f, text[0], "flows", (long long)run->count);
	finding_number(&f, text[1], "syns", (long long)run->syns);
	finding_number(&f, text[2], "span_ms", (last->last_ns - first->first_ns) / 1000000);
	if (port) {
		finding_evidence(&f, port->frame);
		finding_number(&f, text[3], "answering_port", port->server_port);
	} else {
		raise(b->c, &f, &b->living, a);
	}
	conclusion_propose(b->c, &f);
}

static bool is_blackhole(const struct conclusion *c, const struct run *run)
{
	const struct attempt *first = run->at[0], *last = run->at[run->count - 1];
	bool syns = run->syns >= SYNS_LEAST && c->last_ns - first->first_ns >= SYN_SILENCE_NS;
	bool flows = run->count >= FLOWS_LEAST && last->last_ns - first->first_ns >= FLOWS_SPAN_NS;
	return syns || flows;
}

/* Leaves out what began within ALIVE_NS of the neighbours, which answered. NULL: no neighbour. */
static void trim(struct run *run, const struct attempt *before, const struct attempt *after)
{
	while (run->count && before && run->at[0]->first_ns - before->last_ns < ALIVE_NS) {
		run->at++;
		run->count--;
	}
	while (run->count && after && after->first_ns - run->at[run->count - 1]->last_ns < ALIVE_NS)
		run->count--;
	for (size_t i = 0; i < run->count; i++)
		run->syns += run->at[i]->unanswered;
}

/* All attempts at one place. */
static void judge_place(struct blackhole *b, const struct attempt *const *at, size_t count)
{
	for (size_t i = 0, end; i < count; i = end + 1) {
		for (end = i; end < count && is_silent(at[end]); end++)
			;
		struct run run = {.at = at + i, .count = end - i};
		trim(&run, i > 0 ? at[i - 1] : NULL, end < count ? at[end] : NULL);
		if (run.count == 0 || !is_blackhole(b->c, &run))
			continue;
		for (size_t k = 0; k < run.count && k < NAMED_MAX; k++)
			propose(b, &run, run.at[k]);
	}
}

static void tested(struct conclusion *c)
{
	for (size_t i = 0; i < c->attempts->count; i++) {
		const struct attempt *a = c->attempts->by_place[i];
		if (!is_tcp(a) || a->outcome == ATTEMPT_UNKNOWN)
			continue;
		c->tested[mechanism_find("ip_blackhole") - mechanisms]++;
		c->tested[mechanism_find("port_blackhole") - mechanisms]++;
	}
}

/* A SYN that arrived at the server is no longer on a path: only a client can be cut off. */
static void conclude(struct conclusion *c)
{
	struct blackhole b = {.c = c};
	const struct attempt_table *t = c->attempts;
	if (c->vantage == VANTAGE_SERVER)
		return;
	tested(c);
	if (!living_init(&b.living, t))
		return;
	for (size_t i = 0, end; i < t->count; i = end) {
		for (end = i + 1; end < t->count && attempt_same_place(t->by_place[i], t->by_place[end]); end++)
			;
		if (is_tcp(t->by_place[i]))
			judge_place(&b, t->by_place + i, end - i);
	}
	free(b.living.at);
}

const struct detector detector_blackhole = {
    .name = "blackhole",
    .summary = "addresses and ports that answer nothing",
    .conclude = conclude,
};
