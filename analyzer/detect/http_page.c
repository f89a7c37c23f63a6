/* Filling in a page: see http_page.h. */
#include "analyzer/detect/http_page.h"

#include <nettle/sha2.h>

#include "analyzer/detect/dns_address.h"
#include "analyzer/detect/dns_name.h"

enum { STATUS_REDIRECT = 300, STATUS_ERROR = 400 };

static struct span host_of(const struct http_page *p)
{
	return span_of(p->host, p->host_len);
}

static size_t copy_some(uint8_t *out, size_t room, struct span s)
{
	s = span_first(s, room);
	if (s.len)
		memcpy(out, s.ptr, s.len);
	return s.len;
}

enum { SHA_ROOM = (sizeof(struct sha256_ctx) + 15) / 16 * 16 };

size_t http_page_size(void)
{
	return sizeof(struct http_page) + SHA_ROOM + sigscan_size();
}

static struct sha256_ctx *hash_of(struct http_page *p)
{
	return (struct sha256_ctx *)(void *)p->scans;
}

static struct sigscan *scan_of(struct http_page *p)
{
	return (struct sigscan *)(void *)(p->scans + SHA_ROOM);
}

static void note_packet(struct http_page *p, const struct packet *pkt)
{
	if (!pkt || p->packet_count == HTTP_PAGE_PACKETS)
		return;
	if (p->packet_count && p->packets[p->packet_count - 1].frame.number == pkt->frame->number)
		return;
	p->packets[p->packet_count++] = sample_of(pkt);
}

static void note_request(struct http_page *p, const struct detection *d, const struct trigger *t)
{
	if (t->kind != TRIGGER_HTTP)
		return;
	p->trigger = t->sample;
	if (!t->name)
		return;
	p->host_len = copy_some(p->host, sizeof p->host, span_text(t->name));
	p->portal_probe = dns_name_probes_portal(host_of(p));
	/* A reader who was sent to a known block page asks its host by itself. */
	struct sig_hits hits = {0};
	char url[HTTP_HOST_MAX + 16];
	struct text text = text_over(url, sizeof url);
	text_printf(&text, "http://");
	text_add(&text, host_of(p));
	text_printf(&text, "/");
	if (d->signatures)
		sigdb_match(d->signatures, SIG_HEADER, span_text("location"), span_of(url, text.len), &hits);
	p->asks_block_host = sig_hits_best(&hits);
}

static void note_before(struct http_page *p, const struct event *ev)
{
	const struct tcp_flow *tcp = ev->flow->tcp;
	for (unsigned i = 0; tcp && i < SIDE_RECENT; i++) {
		const struct sample *s = side_recent(&tcp->side[p->sender], i);
		if (!s || !ev->pkt || s->frame.number == ev->pkt->frame->number || (s->tcp_flags & TCP_SYN))
			continue;
		p->before = *s;
		return;
	}
}

/* Where it leads: matched against the redirect rows, and looked at as an address. The first that matters is kept. */
static void note_lead(struct http_page *p, const struct detection *d, enum http_lead kind, struct span target)
{
	struct sig_hits hits = {0};
	struct span host = http_url_host(target);
	if (host.len && http_same_site(host, host_of(p)))
		return;
	if (d->signatures)
		sigdb_match(d->signatures, SIG_HEADER, span_text("location"), target, &hits);
	for (size_t i = 0; i < hits.count; i++)
		sig_hits_add(&p->lead, hits.hit[i]);
	struct addr address = http_host_address(host);
	bool odd = address.version && dns_bogon_class(&address) && kind != HTTP_LEAD_SCRIPT;
	/* Pages look for programs on the reader's own machine. */
	odd &= kind == HTTP_LEAD_LOCATION || !dns_address_is_sink(&address);
	bool matters = sig_hits_best(&hits) || (odd && !sig_hits_best(&p->lead));
	if (matters || (kind == HTTP_LEAD_LOCATION && p->target_len == 0)) {
		p->target_len = copy_some(p->target, sizeof p->target, target);
		p->lead_kind = kind;
	}
	p->lead_private |= odd;
}

static bool is_text(const struct http_response *r)
{
	static const char *const other[] = {"image/", "video/", "audio/", "font/"};
	struct span type = http_header_value(r->headers, r->header_count, "content-type");
	for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
		if (span_equal_nocase(span_first(type, strlen(other[i])), span_text(other[i])))
			return false;
	return true;
}

void http_page_open(struct http_page *p, const struct detection *d, const struct event *ev,
                    const struct http_response *r, const struct trigger *asked)
{
	p->index = r->index;
	p->status = r->status;
	p->version = ev->version;
	p->sender = ev->dir;
	p->scanning = is_text(r);
	sigscan_start(scan_of(p));
	sha256_init(hash_of(p));
	note_packet(p, ev->pkt);
	note_request(p, d, asked);
	note_before(p, ev);
	if (d->signatures && r->status_line.len)
		sigdb_match(d->signatures, SIG_STATUS_LINE, span_of(NULL, 0), r->status_line, &p->page);
	for (size_t i = 0; i < r->header_count; i++) {
		struct span name = r->headers[i].name, value = r->headers[i].value;
		if (!span_equal_nocase(name, span_text("location"))) {
			if (d->signatures)
				sigdb_match(d->signatures, SIG_HEADER, name, value, &p->page);
		} else if (r->status >= STATUS_REDIRECT && r->status < STATUS_ERROR) {
			p->has_location = true;
			note_lead(p, d, HTTP_LEAD_LOCATION, value);
		}
	}
}

struct link_context {
	struct http_page *page;
	const struct detection *d;
};

static void on_link(void *context, enum http_link_kind kind, struct span target)
{
	static const enum http_lead leads[] = {
	    [HTTP_LINK_REFRESH] = HTTP_LEAD_REFRESH,
	    [HTTP_LINK_FRAME] = HTTP_LEAD_FRAME,
	    [HTTP_LINK_SCRIPT] = HTTP_LEAD_SCRIPT,
	};
	struct link_context *c = context;
	note_lead(c->page, c->d, leads[kind], target);
}

void http_page_body(struct http_page *p, const struct detection *d, const struct event *ev, const struct http_body *b)
{
	struct link_context context = {.page = p, .d = d};
	if (b->piece.len) {
		note_packet(p, ev->pkt);
		p->body_len += b->piece.len;
	}
	if (p->scanning && b->piece.len) {
		sha256_update(hash_of(p), b->piece.len, b->piece.ptr);
		http_links_scan(&p->links, b->piece, on_link, &context);
		if (d->signatures)
			sigscan_body(d->signatures, scan_of(p), b->piece, &p->page);
	}
	if (!b->end || !p->scanning)
		return;
	sha256_digest(hash_of(p), sizeof p->body_sha256, p->body_sha256);
	if (d->signatures)
		sigscan_finish(d->signatures, scan_of(p), &p->page);
	p->title_len = copy_some(p->title, sizeof p->title, sigscan_title(scan_of(p)));
}

void http_page_conflict(struct http_page *p, const struct sample *winner, const struct sample *loser, bool first)
{
	for (size_t i = 0; i < p->packet_count && p->rival.frame.number == 0; i++) {
		uint64_t number = p->packets[i].frame.number;
		if (number != winner->frame.number && number != loser->frame.number)
			continue;
		p->rival = number == winner->frame.number ? *loser : *winner;
		p->rival_first = first;
	}
}
