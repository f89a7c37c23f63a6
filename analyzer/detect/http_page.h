/*
 * One response as http_blocking looks at it: what its head and body matched, where it leads, which packets brought it,
 * and what contradicts it. It is filled while the response streams by and judged when the flow closes, since the
 * packets that tell a forged one from a genuine one may come last.
 */
#pragma once

#include "analyzer/base/pool.h"
#include "analyzer/detect/detector.h"
#include "analyzer/detect/http_links.h"
#include "dissectors/http.h"
#include "signatures/match.h"

enum {
	HTTP_PAGES_MAX = 512,      /* of a shard at once, judged ones included */
	HTTP_PAGES_KEPT_MAX = 256, /* of these, waiting for their flow to close; a further one is judged at once */
	HTTP_PAGES_OF_FLOW = 4,    /* waiting of one flow; further ones are counted as copies of the last */
	HTTP_PAGE_PACKETS = 4,     /* that brought it, first ones */
	HTTP_TARGET_MAX = 256,     /* bytes kept of where it leads */
	HTTP_HOST_MAX = 255,
};

enum http_lead { HTTP_LEAD_NONE, HTTP_LEAD_LOCATION, HTTP_LEAD_REFRESH, HTTP_LEAD_FRAME, HTTP_LEAD_SCRIPT };

struct http_page {
	struct http_page *next; /* of the flow */
	uint64_t index;
	uint16_t status;
	uint8_t version;
	enum dir sender;
	bool has_location; /* `target` began as the Location of a 3xx */
	bool scanning;     /* the body is text of some kind */
	bool portal_probe, asks_block_host;
	struct sample trigger;
	struct sample packets[HTTP_PAGE_PACKETS]; /* packets[0] brought the head, or the first bytes */
	size_t packet_count;
	struct sample before;    /* last packet of the sender before it; frame.number 0: none */
	bool rival_first;        /* the conflict is at the very start of the answer */
	struct sample rival;     /* of a conflicting segment; frame.number 0: none */
	struct frame_ref second; /* a further response to the same request; number 0: none */
	uint32_t repeats;

	struct sig_hits page, lead;
	enum http_lead lead_kind; /* what `target` is from */
	bool lead_private;        /* it is an address that is not public */
	size_t target_len, host_len, title_len;
	uint8_t target[HTTP_TARGET_MAX], host[HTTP_HOST_MAX], title[SIG_TITLE_MAX];
	uint64_t body_len;
	uint8_t body_sha256[32];

	struct http_links links;
	_Alignas(16) uint8_t scans[]; /* of signatures and hash */
};

/* Bytes of a page with its scans. */
size_t http_page_size(void);

/* Starts from a response's head, and what was asked: matches its status line and headers, and reads its Location. */
void http_page_open(struct http_page *p, const struct detection *d, const struct event *ev,
                    const struct http_response *r, const struct trigger *asked);

/* A piece of its body, or its end. */
void http_page_body(struct http_page *p, const struct detection *d, const struct event *ev, const struct http_body *b);

/* Two segments contradict each other, `first`: from the start of a turn. Noted when one of them brought the page. */
void http_page_conflict(struct http_page *p, const struct sample *winner, const struct sample *loser, bool first);

/* Something matched, or it leads to a place that is not public, or a portal is near, or an injector made its packets. */
bool http_page_is_odd(const struct http_page *p, const struct sigdb *db, const struct flow *flow);

/* Proposes what the page is: http_blockpage, http_redirect_block, captive_portal or server_side_geoblock. */
void http_page_judge(const struct http_page *p, struct detection *d, struct flow *flow);
