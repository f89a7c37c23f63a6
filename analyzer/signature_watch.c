/* See signature_watch.h. */
#include "analyzer/signature_watch.h"

#include "analyzer/detect/certificates.h"
#include "analyzer/detect/http_page.h"
#include "dissectors/dispatch.h"
#include "dissectors/dns.h"
#include "dissectors/http.h"
#include "dissectors/tls.h"

#include <netinet/in.h>
#include <stdlib.h>

enum { HTTP_PORT = 80 };

struct watched_page {
	struct watched_page *next;
	const struct flow *flow;
	struct http_page *page; /* owned */
};

static void tell(struct signature_watch *w, enum sig_kind kind, uint64_t frame, const struct sig_hits *hits)
{
	const struct watched message = {.kind = kind, .frame = frame, .hits = hits};
	w->messages++;
	if (hits->count)
		w->report(w->context, &message);
}

static uint64_t frame_of(const struct event *ev)
{
	return ev->pkt ? ev->pkt->frame->number : 0;
}

static void on_response(void *context, const struct event *ev)
{
	struct signature_watch *w = context;
	const struct detection d = {.signatures = w->signatures};
	struct watched_page *p = NULL;
	if (w->open_count < WATCH_PAGES_MAX)
		p = calloc(1, sizeof *p);
	if (p)
		p->page = calloc(1, http_page_size());
	if (!p || !p->page) {
		free(p);
		w->unread++;
		return;
	}
	p->flow = ev->flow;
	p->next = w->open;
	w->open = p;
	w->open_count++;
	http_page_open(p->page, &d, ev, event_http_response(ev), &ev->flow->trigger);
}

static void page_free(struct watched_page *p)
{
	free(p->page);
	free(p);
}

static void page_end(struct signature_watch *w, const struct watched_page *p)
{
	struct sig_hits hits = p->page->page;
	for (size_t i = 0; i < p->page->lead.count; i++)
		sig_hits_add(&hits, p->page->lead.hit[i]);
	tell(w, SIG_HTTP, p->page->packet_count ? p->page->packets[0].frame.number : 0, &hits);
}

static void on_body(void *context, const struct event *ev)
{
	struct signature_watch *w = context;
	const struct detection d = {.signatures = w->signatures};
	const struct http_body *body = event_http_body(ev);
	struct watched_page **link = &w->open;
	while (*link && ((*link)->flow != ev->flow || (*link)->page->version != ev->version ||
	                 (*link)->page->index != body->index))
		link = &(*link)->next;
	struct watched_page *p = *link;
	if (!p)
		return;
	http_page_body(p->page, &d, ev, body);
	if (!body->end)
		return;
	page_end(w, p);
	*link = p->next;
	w->open_count--;
	page_free(p);
}

static void on_dns(void *context, const struct event *ev)
{
	struct signature_watch *w = context;
	const struct dns_message *m = event_dns_message(ev);
	struct sig_hits hits = {0};
	if (!m->response)
		return;
	for (size_t i = 0; i < m->record_count; i++) {
		const struct dns_record *r = &m->records[i];
		if (r->section == DNS_ANSWER && (r->type == DNS_TYPE_A || r->type == DNS_TYPE_AAAA))
			sigdb_match_address(w->signatures, r->rdata, m->qname, &hits);
		else if (r->section == DNS_ANSWER && r->type == DNS_TYPE_CNAME)
			sigdb_match(w->signatures, SIG_DNS_CNAME, span_of(NULL, 0), r->target, &hits);
	}
	tell(w, SIG_DNS, frame_of(ev), &hits);
}

static void on_certificate(void *context, const struct event *ev)
{
	struct signature_watch *w = context;
	const struct tls_certificate *c = event_tls_certificate(ev);
	struct sig_hits hits = {0};
	certificate_match(w->signatures, c, &hits);
	tell(w, SIG_TLS, frame_of(ev), &hits);
}

void signature_watch_listen(void *context, struct bus *bus)
{
	bus_subscribe(bus, EV_HTTP_RESPONSE, on_response, context);
	bus_subscribe(bus, EV_HTTP_BODY, on_body, context);
	bus_subscribe(bus, EV_DNS_MESSAGE, on_dns, context);
	bus_subscribe(bus, EV_TLS_CERTIFICATE, on_certificate, context);
}

void signature_watch_close(struct signature_watch *w)
{
	while (w->open) {
		struct watched_page *p = w->open;
		w->open = p->next;
		page_free(p);
	}
	w->open_count = 0;
}

static const struct dissector *find_dissector(const char *name)
{
	size_t i = 0;
	while (dissectors[i] && strcmp(dissectors[i]->name, name) != 0)
		i++;
	return dissectors[i];
}

int signature_watch_response(struct signature_watch *w, struct span bytes, struct err *e)
{
	const struct dissector *http = find_dissector("http");
	struct bus *bus = calloc(1, sizeof *bus);
	struct flow *flow = calloc(1, sizeof *flow);
	void *state = calloc(1, http->flow_size);
	struct pool large = {0};
	struct arena scratch = {0};
	if (bus && flow && state) {
		pool_init(&large, http->large_size, http->large_cap);
		flow->server_port = HTTP_PORT;
		struct dissection d = {
		    .flow = flow, .dir = DIR_DOWN, .state = state, .scratch = &scratch, .large = &large, .bus = bus};
		signature_watch_listen(w, bus);
		(void)http->stream(&d, bytes, true);
		http->close(&d);
		pool_free(&large);
	}
	bool memory = bus && flow && state;
	arena_free(&scratch);
	free(state);
	free(flow);
	free(bus);
	return memory ? 0 : err_set(e, ERR_NOMEM, "out of memory");
}
