/*
 * HTTP/1.x heads (RFC 9112, sections 2 to 6), read leniently: lines end in LF with or without CR, what is no header line is
 * passed over, a repeated line counts the first time. Leaves the stream to http.c and the body to http_body.c.
 */
#include "dissectors/http_head.h"

#include "analyzer/base/cursor.h"

enum {
	TOKEN_MAX = 20,         /* longest method that is believed */
	REQUEST_LINE_MAX = 2048 /* an unknown method is given up when its line is longer */
};

struct span http_header_value(const struct http_header *headers, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (span_equal_nocase(headers[i].name, span_text(name)))
			return headers[i].value;
	}
	return span_of(NULL, 0);
}

struct span http_skip_blank(struct span data)
{
	size_t n = 0;
	while (n < data.len && (data.ptr[n] == '\r' || data.ptr[n] == '\n'))
		n++;
	return span_after(data, n);
}

/* The next line without its end. False, with the rest in *line, when no LF is left. */
static bool line_next(struct cursor *c, struct span *line, bool *bare_lf)
{
	struct cursor look = *c;
	struct span rest = cursor_rest(&look);
	const uint8_t *lf = rest.len ? memchr(rest.ptr, '\n', rest.len) : NULL;
	if (lf == NULL) {
		*line = cursor_rest(c);
		return false;
	}
	*line = cursor_take(c, (size_t)(lf - rest.ptr));
	cursor_skip(c, 1);
	if (line->len > 0 && line->ptr[line->len - 1] == '\r')
		line->len--;
	else
		*bare_lf = true;
	return true;
}

size_t http_head_end(struct span data, uint32_t *scanned)
{
	size_t at = *scanned;
	while (at < data.len) {
		const uint8_t *lf = memchr(data.ptr + at, '\n', data.len - at);
		if (lf == NULL)
			break;
		size_t next = (size_t)(lf - data.ptr) + 1;
		struct span behind = span_after(data, next);
		size_t blank = behind.len > 0 && behind.ptr[0] == '\r' ? 1 : 0;
		if (behind.len > blank && behind.ptr[blank] == '\n')
			return next + blank + 1;
		if (behind.len <= blank) {
			/* The byte that decides is not there yet: look at this LF again. */
			*scanned = (uint32_t)(next - 1);
			return 0;
		}
		at = next;
	}
	*scanned = (uint32_t)data.len;
	return 0;
}

/* The part behind the last comma of a list. */
static struct span last_of_list(struct span value)
{
	size_t from = value.len;
	while (from > 0 && value.ptr[from - 1] != ',')
		from--;
	return span_trim(span_after(value, from));
}

static enum http_coding coding_named(struct span value)
{
	static const struct {
		const char *name;
		enum http_coding coding;
	} codings[] = {
	    {"", HTTP_CODING_IDENTITY}, {"identity", HTTP_CODING_IDENTITY}, {"none", HTTP_CODING_IDENTITY},
	    {"gzip", HTTP_CODING_GZIP}, {"x-gzip", HTTP_CODING_GZIP},       {"deflate", HTTP_CODING_DEFLATE},
	};
	for (size_t i = 0; i < sizeof(codings) / sizeof(codings[0]); i++) {
		if (span_equal_nocase(value, span_text(codings[i].name)))
			return codings[i].coding;
	}
	return HTTP_CODING_OTHER;
}

/* What the header lines say about the body, as they go by. */
struct framing_reader {
	struct http_framing framing;
	bool chunked, coded;
};

static void length_add(struct http_framing *framing, struct span value)
{
	uint64_t length;
	if (!span_decimal(value, &length) || length > INT64_MAX) {
		framing->flaws |= HTTP_LENGTH_WRONG;
		return;
	}
	if (framing->delimiter == HTTP_BODY_LENGTH && framing->length != length)
		framing->flaws |= HTTP_LENGTH_WRONG;
	framing->delimiter = HTTP_BODY_LENGTH;
	framing->length = length;
}

static void framing_add(struct framing_reader *reader, struct span name, struct span value)
{
	if (span_equal_nocase(name, span_text("content-length"))) {
		length_add(&reader->framing, value);
	} else if (span_equal_nocase(name, span_text("transfer-encoding"))) {
		reader->chunked = reader->chunked || span_equal_nocase(last_of_list(value), span_text("chunked"));
	} else if (span_equal_nocase(name, span_text("content-encoding"))) {
		reader->framing.coding = reader->coded ? HTTP_CODING_OTHER : coding_named(value);
		reader->coded = true;
	}
}

/* Chunking rules (RFC 9112, section 6.3), but a sender that also gives a length is worth a note. */
static struct http_framing framing_end(const struct framing_reader *reader)
{
	struct http_framing framing = reader->framing;
	if (reader->chunked && framing.delimiter == HTTP_BODY_LENGTH)
		framing.flaws |= HTTP_LENGTH_WRONG;
	if (reader->chunked)
		framing.delimiter = HTTP_BODY_CHUNKED;
	else if (framing.flaws & HTTP_LENGTH_WRONG)
		framing.delimiter = HTTP_BODY_CLOSE;
	return framing;
}

static void header_add(struct http_head *head, struct framing_reader *reader, struct span line)
{
	const uint8_t *colon = line.len ? memchr(line.ptr, ':', line.len) : NULL;
	bool folded = line.len > 0 && (line.ptr[0] == ' ' || line.ptr[0] == '\t');
	if (colon == NULL || folded)
		return;
	size_t at = (size_t)(colon - line.ptr);
	struct http_header header = {.name = span_trim(span_first(line, at)),
	                             .value = span_trim(span_after(line, at + 1))};
	framing_add(reader, header.name, header.value);
	if (head->header_count < HTTP_HEADERS_MAX)
		head->headers[head->header_count++] = header;
}

void http_head_parse(struct http_head *head, struct span bytes, bool want_cut_line)
{
	struct cursor c = cursor_over(bytes);
	struct framing_reader reader = {.framing = {.delimiter = HTTP_BODY_CLOSE}};
	struct span line;

	head->header_count = 0;
	head->bare_lf = false;
	bool whole = line_next(&c, &head->start_line, &head->bare_lf);
	if (!whole && !want_cut_line)
		head->start_line = span_of(NULL, 0);
	while (line_next(&c, &line, &head->bare_lf))
		header_add(head, &reader, line);
	head->framing = framing_end(&reader);
}

uint16_t http_status(struct span status_line)
{
	const uint8_t *blank = status_line.len ? memchr(status_line.ptr, ' ', status_line.len) : NULL;
	if (blank == NULL)
		return 0;
	struct span rest = span_trim(span_after(status_line, (size_t)(blank - status_line.ptr)));
	uint64_t status;
	if (rest.len > 3 && rest.ptr[3] != ' ' && rest.ptr[3] != '\t')
		return 0;
	return rest.len >= 3 && span_decimal(span_first(rest, 3), &status) ? (uint16_t)status : 0;
}

static bool token_byte(uint8_t b)
{
	return (b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z') || b == '-' || b == '_';
}

static size_t token_len(struct span s)
{
	size_t n = 0;
	while (n < s.len && n <= TOKEN_MAX && token_byte(s.ptr[n]))
		n++;
	return n;
}

/* Where the " HTTP/x" at the end of a request line begins, or the length of the line. */
static size_t version_at(struct span line)
{
	size_t at = line.len;
	while (at > 0 && line.ptr[at - 1] != ' ')
		at--;
	return at > 0 && span_equal_nocase(span_first(span_after(line, at), 5), span_text("HTTP/")) ? at : line.len;
}

bool http_request_line(struct span line, struct http_request *request)
{
	line = span_trim(line);
	size_t method = token_len(line), version = version_at(line);
	request->method = span_first(line, method);
	request->version = span_after(line, version);
	request->target =
	    version > method ? span_trim(span_after(span_first(line, version), method)) : span_of(NULL, 0);
	return method > 0 && request->target.len > 0;
}

/* "user@name:port", "[v6]:port" without what is not the name. */
static struct span host_alone(struct span authority)
{
	size_t user = span_find(authority, span_text("@"));
	if (user != SIZE_MAX)
		authority = span_after(authority, user + 1);
	size_t bracket = authority.len && authority.ptr[0] == '[' ? span_find(authority, span_text("]")) : SIZE_MAX;
	if (bracket != SIZE_MAX)
		return span_first(authority, bracket + 1);
	size_t colon = span_find(authority, span_text(":"));
	return colon == SIZE_MAX ? authority : span_first(authority, colon);
}

static struct span target_authority(const struct http_request *request)
{
	if (span_equal_nocase(request->method, span_text("CONNECT")))
		return request->target;
	size_t scheme = span_find(request->target, span_text("://"));
	size_t slash = span_find(request->target, span_text("/"));
	if (scheme == SIZE_MAX || slash != scheme + 1)
		return span_of(NULL, 0);
	struct span rest = span_after(request->target, scheme + 3);
	size_t n = 0;
	while (n < rest.len && rest.ptr[n] != '/' && rest.ptr[n] != '?' && rest.ptr[n] != '#')
		n++;
	return span_first(rest, n);
}

struct span http_request_host(const struct http_request *request)
{
	struct span host = host_alone(target_authority(request));
	if (host.len > 0)
		return host;
	return host_alone(http_header_value(request->headers, request->header_count, "host"));
}

static bool method_known(struct span token)
{
	static const char *const methods[] = {"GET",     "POST",  "HEAD",  "PUT",      "DELETE",    "OPTIONS",
	                                      "CONNECT", "TRACE", "PATCH", "PROPFIND", "PROPPATCH", "MKCOL",
	                                      "COPY",    "MOVE",  "LOCK",  "UNLOCK",   "SEARCH",    "REPORT"};
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (span_equal_nocase(token, span_text(methods[i])))
			return true;
	}
	return false;
}

enum probe http_request_probe(struct span head)
{
	head = http_skip_blank(head);
	if (head.len == 0)
		return PROBE_MAYBE;
	size_t method = token_len(head);
	if (method == 0 || method > TOKEN_MAX)
		return PROBE_NO;
	if (head.len < method + 2)
		return head.len == method || head.ptr[method] == ' ' ? PROBE_MAYBE : PROBE_NO;
	if (head.ptr[method] != ' ')
		return PROBE_NO;
	if (method_known(span_first(head, method)))
		return head.ptr[method + 1] >= ' ' ? PROBE_YES : PROBE_NO;
	struct cursor c = cursor_over(span_first(head, REQUEST_LINE_MAX));
	struct span line;
	bool bare_lf;
	if (!line_next(&c, &line, &bare_lf))
		return head.len < REQUEST_LINE_MAX ? PROBE_MAYBE : PROBE_NO;
	return version_at(line) < line.len ? PROBE_YES : PROBE_NO;
}

enum probe http_response_probe(struct span head)
{
	struct span mark = span_text("HTTP/");
	if (head.len >= mark.len)
		return span_starts(head, mark) ? PROBE_YES : PROBE_NO;
	return span_starts(mark, head) ? PROBE_MAYBE : PROBE_NO;
}
