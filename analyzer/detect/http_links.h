/*
 * Where a page sends its reader: the targets of meta refresh, iframe, frame and script tags, found while the body
 * streams by. Any cutting of the body gives the same targets. No HTML parser: a tag is what stands between '<' and
 * '>'.
 */
#pragma once

#include "analyzer/base/span.h"
#include "analyzer/net/packet.h"

enum {
	HTTP_TAG_MAX = 512,  /* bytes of a tag that are kept */
	HTTP_LINKS_MAX = 16, /* targets given out for one body */
};

enum http_link_kind { HTTP_LINK_REFRESH, HTTP_LINK_FRAME, HTTP_LINK_SCRIPT };

/* Plain data; zero it to begin. */
struct http_links {
	uint8_t tag[HTTP_TAG_MAX];
	uint16_t len;  /* of the tag so far */
	bool inside;   /* behind '<' */
	uint8_t quote; /* the quote that is open in the tag, or 0 */
	uint8_t given;
};

typedef void http_link_found(void *context, enum http_link_kind kind, struct span target);

/* The next bytes of the body. */
void http_links_scan(struct http_links *l, struct span piece, http_link_found *found, void *context);

/* The host of an absolute or scheme-relative reference, without user, port and brackets; empty: a relative one. */
struct span http_url_host(struct span url);

/* The address that a host is written as; version 0: a name. */
struct addr http_host_address(struct span host);

/* One is the other, up to "www.", or lies below it. */
bool http_same_site(struct span a, struct span b);
