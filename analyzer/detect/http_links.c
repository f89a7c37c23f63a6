/* Tags as they stream by, attributes, and the host of a reference (RFC 3986, read leniently). */
#include "analyzer/detect/http_links.h"

#include "analyzer/detect/dns_address.h"
#include "analyzer/detect/dns_name.h"
#include "signatures/address.h"

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f';
}

static struct span skip_blanks(struct span s)
{
	while (s.len && is_blank(s.ptr[0]))
		s = span_after(s, 1);
	return s;
}

/* Between attributes a slash counts as a blank, as browsers have it. */
static struct span skip_gap(struct span s)
{
	while (s.len && (is_blank(s.ptr[0]) || s.ptr[0] == '/'))
		s = span_after(s, 1);
	return s;
}

/* Up to a blank, a slash, or the byte given; the word leaves the rest. */
static struct span take_word(struct span *rest, uint8_t end)
{
	size_t n = 0;
	while (n < rest->len && !is_blank(rest->ptr[n]) && rest->ptr[n] != '/' && rest->ptr[n] != end)
		n++;
	struct span word = span_first(*rest, n);
	*rest = span_after(*rest, n);
	return word;
}

static struct span take_value(struct span *rest)
{
	uint8_t quote = rest->len ? rest->ptr[0] : 0;
	size_t n = 0;
	if (quote == '"' || quote == '\'') {
		*rest = span_after(*rest, 1);
		while (n < rest->len && rest->ptr[n] != quote)
			n++;
		struct span value = span_first(*rest, n);
		*rest = span_after(*rest, n + 1);
		return value;
	}
	while (n < rest->len && !is_blank(rest->ptr[n]))
		n++;
	struct span value = span_first(*rest, n);
	*rest = span_after(*rest, n);
	return value;
}

struct attributes {
	struct span src, content, http_equiv;
};

static struct attributes read_attributes(struct span rest)
{
	struct attributes a = {0};
	while ((rest = skip_gap(rest)).len) {
		struct span name = take_word(&rest, '='), value = span_of(NULL, 0);
		rest = skip_blanks(rest);
		if (rest.len && rest.ptr[0] == '=') {
			rest = skip_blanks(span_after(rest, 1));
			value = take_value(&rest);
		}
		if (span_equal_nocase(name, span_text("src")))
			a.src = span_trim(value);
		else if (span_equal_nocase(name, span_text("content")))
			a.content = span_trim(value);
		else if (span_equal_nocase(name, span_text("http-equiv")))
			a.http_equiv = span_trim(value);
	}
	return a;
}

/* "0; url='http://...'" */
static struct span refresh_target(struct span content)
{
	while (content.len && content.ptr[0] != ';' && content.ptr[0] != ',')
		content = span_after(content, 1);
	content = skip_blanks(span_after(content, 1));
	if (!span_equal_nocase(span_first(content, 3), span_text("url")))
		return span_of(NULL, 0);
	content = skip_blanks(span_after(content, 3));
	if (content.len == 0 || content.ptr[0] != '=')
		return span_of(NULL, 0);
	content = skip_blanks(span_after(content, 1));
	return span_trim(take_value(&content));
}

static void tag_end(struct http_links *l, http_link_found *found, void *context)
{
	struct span rest = span_of(l->tag, l->len);
	struct span name = take_word(&rest, '>');
	struct span target = span_of(NULL, 0);
	enum http_link_kind kind = HTTP_LINK_FRAME;
	l->inside = false;
	if (span_equal_nocase(name, span_text("meta"))) {
		struct attributes a = read_attributes(rest);
		kind = HTTP_LINK_REFRESH;
		if (span_equal_nocase(a.http_equiv, span_text("refresh")))
			target = refresh_target(a.content);
	} else if (span_equal_nocase(name, span_text("script"))) {
		kind = HTTP_LINK_SCRIPT;
		target = read_attributes(rest).src;
	} else if (span_equal_nocase(name, span_text("iframe")) || span_equal_nocase(name, span_text("frame"))) {
		target = read_attributes(rest).src;
	}
	if (target.len == 0)
		return;
	l->given++;
	found(context, kind, target);
}

/* A quote opens only a value: apostrophes elsewhere in a broken tag would swallow what follows. */
static void tag_byte(struct http_links *l, uint8_t c)
{
	if (l->quote)
		l->quote = c == l->quote ? 0 : l->quote;
	else if ((c == '"' || c == '\'') && l->len && (l->tag[l->len - 1] == '=' || is_blank(l->tag[l->len - 1])))
		l->quote = c;
	l->tag[l->len++] = c;
}

static void tag_begin(struct http_links *l)
{
	l->inside = true;
	l->quote = 0;
	l->len = 0;
}

void http_links_scan(struct http_links *l, struct span piece, http_link_found *found, void *context)
{
	size_t i = 0;
	while (i < piece.len && l->given < HTTP_LINKS_MAX) {
		if (!l->inside) {
			const uint8_t *open = memchr(piece.ptr + i, '<', piece.len - i);
			if (!open)
				return;
			i = (size_t)(open - piece.ptr) + 1;
			tag_begin(l);
			continue;
		}
		uint8_t c = piece.ptr[i++];
		if (c == '<' && !l->quote)
			tag_begin(l);
		else if (c == '>' && !l->quote)
			tag_end(l, found, context);
		else
			tag_byte(l, c);
		if (l->inside && l->len == HTTP_TAG_MAX)
			tag_end(l, found, context);
	}
}

struct span http_url_host(struct span url)
{
	size_t slashes = span_find(url, span_text("//"));
	size_t end = 0, at = 0;
	if (slashes == SIZE_MAX)
		return span_of(NULL, 0);
	/* What stands before is a scheme, or the slashes belong to something else. */
	for (size_t i = 0; i < slashes; i++)
		if (memchr("/?#.", url.ptr[i], 4))
			return span_of(NULL, 0);
	struct span rest = span_after(url, slashes + 2);
	while (end < rest.len && !memchr("/?#\\", rest.ptr[end], 4)) {
		at = rest.ptr[end] == '@' ? end + 1 : at;
		end++;
	}
	struct span host = span_after(span_first(rest, end), at);
	uint8_t stop = host.len && host.ptr[0] == '[' ? ']' : ':';
	if (stop == ']')
		host = span_after(host, 1);
	const uint8_t *port = host.len ? memchr(host.ptr, stop, host.len) : NULL;
	return port ? span_first(host, (size_t)(port - host.ptr)) : host;
}

struct addr http_host_address(struct span host)
{
	struct address_prefix p;
	if (address_read(host, false, &p) != ADDRESS_FINE)
		return (struct addr){0};
	return dns_address(span_of(p.address, sizeof p.address));
}

static struct span without_www(struct span host)
{
	return span_equal_nocase(span_first(host, 4), span_text("www.")) ? span_after(host, 4) : host;
}

bool http_same_site(struct span a, struct span b)
{
	a = without_www(a);
	b = without_www(b);
	return a.len && b.len && (dns_name_below(a, b) || dns_name_below(b, a));
}
