/*
 * Boxes that accept connections in the server's place (transparent proxies; OONI ts-006; Weaver et al., PAM 2014, on in-path proxies):
 *   transparent_proxy  connections to one port of an address end nearer than those to its other ports. Informational:
 *                      load balancers and port forwarding do it too, and a proxy alone censors nothing
 *   http_proxy_seen    headers that only a proxy adds: in a request as a server sees it, or in a response. Content networks add
 *                      them legitimately on the server's side, so informational as well
 * And what such a box says weighs more: a page or certificate already in question gets E02e, and all packets of the box's side of the
 * connection become suspects.
 */
#include "analyzer/detect/detector.h"
#include "analyzer/detect/path.h"
#include "dissectors/http.h"

#include <strings.h>

struct proxy_slot {
	struct frame_ref frame; /* of the first message with such a header; number 0: none */
	const char *header;     /* of proxy_headers[] */
	bool in_request;
};

static const char *const proxy_headers[] = {"Via",           "X-Forwarded-For",  "X-Cache",           "Forwarded",
                                            "X-Squid-Error", "Proxy-Connection", "Proxy-Authenticate"};

/* What a client says to a proxy that it knows of is no sign of one it does not. */
static bool is_to_known_proxy(const char *header, bool in_request)
{
	return in_request && strcasecmp(header, "Proxy-Connection") == 0;
}

static void look(struct proxy_slot *slot, const struct event *ev, const struct http_header *headers, size_t count,
                 bool in_request)
{
	if (slot->frame.number || !ev->pkt)
		return;
	for (size_t i = 0; i < sizeof proxy_headers / sizeof *proxy_headers; i++) {
		if (is_to_known_proxy(proxy_headers[i], in_request) ||
		    !http_header_value(headers, count, proxy_headers[i]).ptr)
			continue;
		*slot = (struct proxy_slot){.frame = frame_ref_of(ev->pkt),
		                            .header = proxy_headers[i],
		                            .in_request = in_request};
		return;
	}
}

static void on_request(struct detection *d, const struct event *ev)
{
	const struct http_request *r = event_http_request(ev);
	look(d->state, ev, r->headers, r->header_count, true);
}

static void on_response(struct detection *d, const struct event *ev)
{
	const struct http_response *r = event_http_response(ev);
	look(d->state, ev, r->headers, r->header_count, false);
}

static void on_close(struct detection *d, const struct event *ev)
{
	const struct proxy_slot *slot = d->state;
	if (ev->flow->trigger.kind == TRIGGER_HTTP)
		detection_tested(d, mechanism_find("http_proxy_seen"));
	if (!slot->frame.number)
		return;
	struct finding f = {.mechanism = mechanism_find("http_proxy_seen"), .kind = KIND_INFORMATIONAL};
	f.to_client = !slot->in_request;
	finding_suspect(&f, slot->frame);
	finding_detail(&f, "header", slot->header);
	detection_propose(d, ev->flow, &f);
}

static bool is_soft(const struct finding *f)
{
	return (f->kind == KIND_MATCH || f->kind == KIND_SYMPTOM) && f->party_count > 0 && f->to_client;
}

static void strengthen(struct conclusion *c)
{
	for (size_t i = 0; i < c->finding_count; i++) {
		struct finding *f = c->findings[i];
		const struct attempt *a = is_soft(f) ? attempt_of_finding(c->attempts, f) : NULL;
		struct path_contrast path = a ? path_nearer(c->attempts, a) : (struct path_contrast){0};
		if (!path.other)
			continue;
		finding_term(f, c->weights, "E02e", false);
		f->alternatives |= 1U << ALT_LOAD_BALANCER;
		for (size_t k = 0; k < f->party_count; k++)
			finding_suspect(f, f->party[k]);
		finding_evidence(f, path.other->frame);
	}
}

/* One row a client, address and port: for the first connection that shows it. */
static void conclude(struct conclusion *c)
{
	const struct attempt_table *t = c->attempts;
	const struct attempt *told = NULL;
	char hops[FINDING_NUMBER_SIZE];
	if (c->terminated_locally)
		return;
	strengthen(c);
	for (size_t i = 0; i < t->count; i++) {
		const struct attempt *a = t->by_place[i];
		if (told && attempt_same_place(told, a))
			continue;
		struct path_contrast path = path_nearer(t, a);
		if (!path.other)
			continue;
		told = a;
		struct finding f = {.mechanism = mechanism_find("transparent_proxy"), .kind = KIND_INFORMATIONAL};
		finding_attempt(&f, a);
		f.to_client = true;
		f.alternatives = 1U << ALT_LOAD_BALANCER;
		f.last_heard = a->frame; /* the client's own: what is odd is the SYN/ACK before it */
		finding_evidence(&f, a->frame);
		finding_evidence(&f, path.other->frame);
		finding_number(&f, hops, "port_hop_delta", path.hop_delta);
		conclusion_propose(c, &f);
	}
}

const struct detector detector_proxy = {
    .name = "proxy",
    .summary = "boxes that accept connections in the server's place, and what they add to headers",
    .flow_size = sizeof(struct proxy_slot),
    .on = {[EV_HTTP_REQUEST] = on_request, [EV_HTTP_RESPONSE] = on_response, [EV_FLOW_CLOSE] = on_close},
    .conclude = conclude,
};
