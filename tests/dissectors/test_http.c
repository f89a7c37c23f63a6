/* HTTP conversations: what is emitted, for honest and for strange senders, however they are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dissectors/http.h"
#include "tests/support/dissect.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

extern const struct dissector dissector_http;

#define UP(text)                                                                                                       \
	{                                                                                                              \
		.dir = DIR_UP, .bytes = span_text(text)                                                                \
	}
#define DOWN(text)                                                                                                     \
	{                                                                                                              \
		.dir = DIR_DOWN, .bytes = span_text(text)                                                              \
	}
#define DOWN_FIN(text)                                                                                                 \
	{                                                                                                              \
		.dir = DIR_DOWN, .bytes = span_text(text), .fin = true                                                 \
	}
#define GET "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"

static char *play(const struct dissect_step *steps, size_t count)
{
	char *whole = dissect_play(&dissector_http, 80, steps, count, 0, 0, SIZE_MAX);
	assert_true(dissect_split_holds(&dissector_http, 80, steps, count));
	assert_true(dissect_prefix_holds(&dissector_http, 80, steps, count));
	assert_non_null(strstr(whole, "LARGE 0\n"));
	return whole;
}

/* The transcript of the conversation, in all cuts, is exactly this. */
static void expect(const struct dissect_step *steps, size_t count, const char *text)
{
	char *whole = play(steps, count);
	assert_string_equal(whole, text);
	free(whole);
}

#define EXPECT(steps, text) expect(steps, sizeof(steps) / sizeof(steps[0]), text)

static void expect_part(const struct dissect_step *steps, size_t count, const char *text)
{
	char *whole = play(steps, count);
	if (strstr(whole, text) == NULL)
		fail_msg("no \"%s\" in:\n%s", text, whole);
	free(whole);
}

#define EXPECT_PART(steps, text) expect_part(steps, sizeof(steps) / sizeof(steps[0]), text)

static void test_exchange(void **state)
{
	(void)state;
	const struct dissect_step steps[] = {UP(GET),
	                                     DOWN("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y \r\n\r\nhello")};
	EXPECT(steps,
	       "HTTP_REQUEST up index=1 head_len=35 offset=0 flaws=0 method=GET target=/ version=HTTP/1.1 "
	       "host=a.example\n"
	       "  HEADER name=Host value=a.example\n"
	       "HTTP_RESPONSE down index=1 status=200 head_len=45 offset=0 flaws=0 line=HTTP/1.1\\x20200\\x20OK\n"
	       "  HEADER name=Content-Length value=5\n"
	       "  HEADER name=X value=y\n"
	       "HTTP_BODY down index=1 len=5 complete=1 flaws=0 body=hello\n"
	       "LARGE 0\n");
}

static void test_keep_alive(void **state)
{
	(void)state;
	const struct dissect_step steps[] = {
	    UP(GET),
	    DOWN("HTTP/1.1 204 No Content\r\n\r\n"),
	    UP("POST /b HTTP/1.1\r\nhost:b.example:8080\r\nContent-Length: 3\r\n\r\nGET"),
	    DOWN("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: z\r\n\r\n"),
	    UP("HEAD /c HTTP/1.1\r\nHost: c.example\r\n\r\n"),
	    DOWN("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"),
	    UP(GET),
	    DOWN("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n"),
	};
	char *text = play(steps, 8);
	assert_non_null(strstr(text, "HTTP_BODY down index=1 len=0 complete=1"));
	assert_non_null(
	    strstr(text,
	           "index=2 head_len=60 offset=35 flaws=0 method=POST target=/b version=HTTP/1.1 host=b.example\n"));
	assert_non_null(strstr(text, "HTTP_BODY down index=2 len=5 complete=1 flaws=0 body=abcde\n"));
	assert_non_null(strstr(text, "HTTP_BODY down index=3 len=0 complete=1"));
	assert_non_null(strstr(text, "HTTP_BODY down index=4 len=0 complete=1"));
	free(text);
}

static void test_pipelined(void **state)
{
	(void)state;
	const struct dissect_step steps[] = {
	    UP(GET "HEAD / HTTP/1.1\r\n\r\n" GET),
	    DOWN(
	        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 100 "
	        "Continue\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"),
	};
	char *text = play(steps, 2);
	assert_non_null(strstr(text, "RESPONSE down index=2 status=200"));
	assert_non_null(strstr(text, "RESPONSE down index=3 status=100"));
	assert_non_null(strstr(text, "RESPONSE down index=3 status=404"));
	free(text);
}

static void test_until_close(void **state)
{
	(void)state;
	const struct dissect_step steps[] = {UP(GET), DOWN_FIN("HTTP/1.0 200 OK\r\n\r\nto the end")};
	EXPECT_PART(steps, "HTTP_BODY down index=1 len=10 complete=1 flaws=0 body=to\\x20the\\x20end\n");
	const struct dissect_step open[] = {UP(GET), DOWN("HTTP/1.0 200 OK\r\n\r\nto the end")};
	EXPECT_PART(open, "HTTP_BODY down index=1 len=10 complete=0 flaws=0 ");
}

/* A response without a length ends where the client has asked again. */
static void test_until_next_request(void **state)
{
	(void)state;
	const struct dissect_step steps[] = {UP(GET), DOWN("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 is the body"), UP(GET),
	                                     DOWN("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")};
	EXPECT_PART(steps, "HTTP_BODY down index=1 len=20 complete=0");
	EXPECT_PART(steps, "HTTP_RESPONSE down index=2 status=404");
}

static void test_no_status_line(void **state)
{
	(void)state;
	const struct dissect_step steps[] = {UP(GET), DOWN_FIN("<html>blocked</html>")};
	EXPECT_PART(steps, "HTTP_RESPONSE down index=1 status=0 head_len=0 offset=0 flaws=1 line=\n"
	                   "HTTP_BODY down index=1 len=20 complete=1 flaws=1 body=<html>blocked</html>\n");
}

static void test_bare_lf(void **state)
{
	(void)state;
	const struct dissect_step steps[] = {
	    UP("GET / HTTP/1.1\nHost: a\n\n"),
	    DOWN("HTTP/1.1 302 Found\nLocation: http://block.example/\nContent-Length: 0\n\n")};
	EXPECT_PART(steps, "flaws=2 method=GET target=/ version=HTTP/1.1 host=a\n");
	EXPECT_PART(steps, "index=1 status=302 head_len=70 offset=0 flaws=2 ");
	EXPECT_PART(steps, "value=http://block.example/");
}

static void test_head_cut(void **state)
{
	(void)state;
	const struct dissect_step fin[] = {UP(GET), DOWN_FIN("HTTP/1.1 302 Found\r\nLocation: http://b/\r\nX: unfin")};
	EXPECT(
	    fin,
	    "HTTP_REQUEST up index=1 head_len=35 offset=0 flaws=0 method=GET target=/ version=HTTP/1.1 host=a.example\n"
	    "  HEADER name=Host value=a.example\n"
	    "HTTP_RESPONSE down index=1 status=302 head_len=49 offset=0 flaws=4 line=HTTP/1.1\\x20302\\x20Found\n"
	    "  HEADER name=Location value=http://b/\n"
	    "HTTP_BODY down index=1 len=0 complete=0 flaws=4 body=\n"
	    "LARGE 0\n");
	const struct dissect_step closed[] = {UP("GET /x HTTP/1.1\r\nHost: a\r\n"), DOWN("HTTP/1.1 302 Found\r\n")};
	EXPECT_PART(closed, "flaws=4 method=GET target=/x version=HTTP/1.1 host=a\n");
	EXPECT_PART(closed, "status=302 head_len=20 offset=0 flaws=4");
}

static void test_long_head(void **state)
{
	(void)state;
	static char head[40000], answer[40100];
	memset(head, 'x', sizeof(head) - 1);
	int n = snprintf(answer, sizeof(answer), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: %s\r\n\r\nok", head);
	const struct dissect_step steps[] = {{.dir = DIR_UP, .bytes = span_text(GET)},
	                                     {.dir = DIR_DOWN, .bytes = span_of(answer, (size_t)n)},
	                                     {.dir = DIR_UP, .bytes = span_text(GET)},
	                                     {.dir = DIR_DOWN, .bytes = span_text("HTTP/1.1 204 No\r\n\r\n")}};
	for (size_t piece = 0; piece < 3000; piece += 1400) {
		char *text = dissect_play(&dissector_http, 80, steps, 4, piece, 1, SIZE_MAX);
		assert_non_null(strstr(text, "status=200 head_len=32768 offset=0 flaws=4"));
		assert_non_null(strstr(text, "HTTP_BODY down index=1 len=2 complete=1 flaws=4 body=ok\n"));
		assert_non_null(strstr(text, "index=2 status=204"));
		free(text);
	}
}

static void test_many_headers(void **state)
{
	(void)state;
	char head[4096] = "GET / HTTP/1.1\r\n";
	for (int i = 0; i < 100; i++)
		strcat(head, "A: b\r\n");
	strcat(head, "Content-Length: 35\r\n\r\n" GET);
	const struct dissect_step steps[] = {UP(head)};
	char *text = dissect_play(&dissector_http, 80, steps, 1, 0, 0, SIZE_MAX);
	assert_null(strstr(text, "index=2"));
	size_t lines = 0;
	for (const char *at = text; (at = strstr(at, "HEADER")) != NULL; at++)
		lines++;
	assert_int_equal(lines, HTTP_HEADERS_MAX);
	free(text);
}

static void test_wrong_length(void **state)
{
	(void)state;
	const struct dissect_step too_long[] = {UP(GET),
	                                        DOWN_FIN("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort")};
	EXPECT_PART(too_long, "HTTP_BODY down index=1 len=5 complete=0 flaws=8 body=short\n");
	const struct dissect_step unusable[] = {UP(GET), DOWN_FIN("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\npage")};
	EXPECT_PART(unusable, "HTTP_BODY down index=1 len=4 complete=1 flaws=8 body=page\n");
	const struct dissect_step two[] = {
	    UP(GET), DOWN_FIN("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\npage")};
	EXPECT_PART(two, "HTTP_BODY down index=1 len=4 complete=1 flaws=8 body=page\n");
	/* Too short: what is behind it is not lost. */
	const struct dissect_step short_one[] = {UP(GET),
	                                         DOWN_FIN("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n<html>")};
	EXPECT_PART(short_one, "HTTP_RESPONSE down index=0 status=0 head_len=0 offset=38 flaws=49 line=\n"
	                       "HTTP_BODY down index=0 len=6 complete=1 flaws=49 body=<html>\n");
}

static void test_broken_chunks(void **state)
{
	(void)state;
	const struct dissect_step bare[] = {UP(GET),
	                                    DOWN_FIN(
	                                        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n<html>page")};
	EXPECT_PART(bare, "HTTP_BODY down index=1 len=10 complete=1 flaws=8 body=<html>page\n");
	const struct dissect_step huge[] = {
	    UP(GET), DOWN_FIN("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nx")};
	EXPECT_PART(huge, "complete=1 flaws=8");
	const struct dissect_step open[] = {UP(GET),
	                                    DOWN_FIN("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")};
	EXPECT_PART(open, "HTTP_BODY down index=1 len=2 complete=0 flaws=0 body=ab\n");
	const struct dissect_step lf[] = {
	    UP(GET), DOWN("HTTP/1.1 200 OK\nTransfer-Encoding: gzip, Chunked\nContent-Length: 9\n\n2\nab\n0\n\n")};
	EXPECT_PART(lf, "HTTP_BODY down index=1 len=2 complete=1 flaws=a body=ab\n");
}

static void test_no_request(void **state)
{
	(void)state;
	const struct dissect_step steps[] = {DOWN("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")};
	EXPECT_PART(steps, "HTTP_RESPONSE down index=0 status=200 head_len=38 offset=0 flaws=40");
}

static void test_flipped(void **state)
{
	(void)state;
	const struct dissect_step steps[] = {DOWN(GET), UP("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")};
	EXPECT_PART(steps, "HTTP_REQUEST down index=1");
	EXPECT_PART(steps, "HTTP_RESPONSE up index=1 status=200");
}

static void test_hosts(void **state)
{
	(void)state;
	static const struct {
		const char *request, *says;
	} cases[] = {
	    {"GET http://u:p@abs.example:81/x HTTP/1.1\r\nHost: other\r\n\r\n",
	     "target=http://u:p@abs.example:81/x version=HTTP/1.1 host=abs.example\n"},
	    {"CONNECT c.example:443 HTTP/1.1\r\n\r\n", "host=c.example\n"},
	    {"GET / HTTP/1.1\r\nhOsT :\t[2001:db8::1]:80 \r\n\r\n", "host=[2001:db8::1]\n"},
	    {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "host=a\n"},
	    {"GET / HTTP/1.1\r\nX:\r\n Host: folded\r\n\r\n", "host=\n"},
	    {"GET /?u=http://x/ HTTP/1.1\r\nHost: a\r\n\r\n", "host=a\n"},
	    {"gEt  /two  blanks  HTTP/1.1\r\nHost: a\r\n\r\n",
	     "method=gEt target=/two\\x20\\x20blanks version=HTTP/1.1 host=a\n"},
	    {"GET /\r\n\r\n", "target=/ version= host=\n"},
	    {"XYZZY / HTTP/1.1\r\nHost: a\r\n\r\n", "method=XYZZY"},
	    {"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "offset=4 flaws=0 method=GET"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct dissect_step steps[] = {UP(cases[i].request)};
		EXPECT_PART(steps, cases[i].says);
	}
}

static void test_tunnel(void **state)
{
	(void)state;
	const struct dissect_step steps[] = {UP("CONNECT c:443 HTTP/1.1\r\n\r\n"), DOWN("HTTP/1.1 200 OK\r\n\r\n"),
	                                     UP(GET), DOWN("HTTP/1.1 500 inside\r\n\r\n")};
	char *text = play(steps, 4);
	assert_null(strstr(text, "500"));
	assert_non_null(strstr(text, "HTTP_BODY down index=1 len=0 complete=1"));
	free(text);
	const struct dissect_step upgrade[] = {UP(GET), DOWN("HTTP/1.1 101 Switching\r\n\r\n\x81\x02hi"),
	                                       UP("\x81\x80")};
	EXPECT_PART(upgrade, "HTTP_BODY down index=1 len=0 complete=1 flaws=0 body=\nLARGE 0\n");
}

static void test_expect_refused(void **state)
{
	(void)state;
	const struct dissect_step steps[] = {
	    UP("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 900\r\n\r\n"),
	    DOWN("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n"), UP(GET)};
	EXPECT_PART(steps, "HTTP_REQUEST up index=2");
}

static void test_not_http(void **state)
{
	(void)state;
	static const char *const texts[] = {
	    "SSH-2.0-x\r\n", "EHLO me\r\n", "\x16\x03\x01", "220 hello\r\n", "GETX\r\n", "GET", ""};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const struct dissect_step steps[] = {UP(texts[i]), UP(" ")};
		EXPECT(steps, "LARGE 0\n");
	}
}

static size_t compressed(int window_bits, const void *data, size_t len, uint8_t *out, size_t room)
{
	z_stream z = {0};
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (Bytef *)(uintptr_t)data;
	z.avail_in = (uInt)len;
	z.next_out = out;
	z.avail_out = (uInt)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	size_t n = z.total_out;
	deflateEnd(&z);
	return n;
}

/* Head and body in one buffer; steps get the answer and then a second exchange. */
static char *play_coded(const char *coding, const uint8_t *body, size_t len, bool check)
{
	static uint8_t wire[70000];
	int head = snprintf((char *)wire, 200, "HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %zu\r\n\r\n",
	                    coding, len);
	memcpy(wire + head, body, len);
	const struct dissect_step steps[] = {UP(GET),
	                                     {.dir = DIR_DOWN, .bytes = span_of(wire, (size_t)head + len)},
	                                     UP(GET),
	                                     DOWN("HTTP/1.1 204 No\r\n\r\n")};
	char *text = check ? play(steps, 4) : dissect_play(&dissector_http, 80, steps, 4, 0, 0, SIZE_MAX);
	assert_non_null(strstr(text, "index=2 status=204"));
	return text;
}

static void test_codings(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int window_bits;
	} codings[] = {{"gzip", 31}, {"X-GZip", 31}, {"deflate", 15}, {"deflate", -15}};
	static const char page[] = "<html><title>blocked blocked blocked</title></html>";
	uint8_t out[200];
	for (size_t i = 0; i < sizeof(codings) / sizeof(codings[0]); i++) {
		size_t n = compressed(codings[i].window_bits, page, strlen(page), out, sizeof(out));
		char *text = play_coded(codings[i].name, out, n, true);
		assert_non_null(strstr(
		    text,
		    "len=51 complete=1 flaws=0 body=<html><title>blocked\\x20blocked\\x20blocked</title></html>\n"));
		free(text);
	}
	/* Two members. */
	size_t n = compressed(31, "one", 3, out, sizeof(out));
	n += compressed(31, "two", 3, out + n, sizeof(out) - n);
	char *text = play_coded("gzip", out, n, true);
	assert_non_null(strstr(text, "complete=1 flaws=0 body=onetwo\n"));
	free(text);
}

static void test_coding_broken(void **state)
{
	(void)state;
	uint8_t out[200];
	size_t n = compressed(31, "page", 4, out, sizeof(out));
	char *text = play_coded("gzip", out, n - 6, true);
	assert_non_null(strstr(text, "complete=1 flaws=10 body=page\n"));
	free(text);
	out[n - 1] ^= 1;
	text = play_coded("gzip", out, n, true);
	assert_non_null(strstr(text, "complete=1 flaws=10 body=page\n"));
	free(text);
	text = play_coded("gzip", (const uint8_t *)"plain page", 10, true);
	assert_non_null(strstr(text, "complete=1 flaws=10 body=plain\\x20page\n"));
	free(text);
	text = play_coded("br", (const uint8_t *)"whatever", 8, true);
	assert_non_null(strstr(text, "len=0 complete=1 flaws=10 body=\n"));
	free(text);
}

static void test_bomb(void **state)
{
	(void)state;
	static uint8_t zeros[20 * 1024 * 1024], out[40000];
	size_t n = compressed(31, zeros, sizeof(zeros), out, sizeof(out));
	char *text = play_coded("gzip", out, n, false);
	assert_non_null(strstr(text, "len=65536 complete=1 flaws=20 "));
	free(text);
}

/* Every inflater is taken: the body is not looked at, and says so. */
static void test_no_room_to_inflate(void **state)
{
	(void)state;
	uint8_t out[200];
	size_t n = compressed(31, "page", 4, out, sizeof(out));
	struct dissector starved = dissector_http;
	starved.large_cap = 0;
	char wire[300];
	int head =
	    snprintf(wire, sizeof(wire), "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", n);
	memcpy(wire + head, out, n);
	const struct dissect_step steps[] = {UP(GET), {.dir = DIR_DOWN, .bytes = span_of(wire, (size_t)head + n)}};
	char *text = dissect_play(&starved, 80, steps, 2, 0, 0, SIZE_MAX);
	assert_non_null(strstr(text, "len=0 complete=1 flaws=20 body=\n"));
	free(text);
}

static void test_gap_in_body(void **state)
{
	(void)state;
	const struct dissect_step bridged[] = {UP(GET),
	                                       {.dir = DIR_DOWN,
	                                        .bytes = span_text("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"),
	                                        .gap = 4},
	                                       DOWN("ghi"),
	                                       UP(GET),
	                                       DOWN("HTTP/1.1 204 No\r\n\r\n")};
	EXPECT_PART(bridged, "HTTP_BODY down index=1 len=2 complete=0 flaws=0 body=ab\n");
	EXPECT_PART(bridged, "HTTP_RESPONSE down index=2 status=204 head_len=19 offset=47");
	const struct dissect_step lost[] = {UP(GET),
	                                    {.dir = DIR_DOWN,
	                                     .bytes = span_text("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"),
	                                     .gap = 40},
	                                    DOWN("xyz"),
	                                    UP(GET),
	                                    DOWN("HTTP/1.1 204 No\r\n\r\n")};
	EXPECT_PART(lost, "HTTP_RESPONSE down index=2 status=204 head_len=19 offset=83");
}

static void test_gap_in_head(void **state)
{
	(void)state;
	const struct dissect_step steps[] = {UP(GET),
	                                     {.dir = DIR_DOWN,
	                                      .bytes = span_text("HTTP/1.1 200 OK\r\nServer: x\r\nConten"),
	                                      .gap = 40},
	                                     DOWN("HTTP/1.1 204 No\r\n\r\n")};
	EXPECT_PART(steps, "index=1 status=200 head_len=34 offset=0 flaws=4");
	EXPECT_PART(steps, "HTTP_BODY down index=1 len=0 complete=0 flaws=4");
	EXPECT_PART(steps, "index=0 status=204 head_len=19 offset=74 flaws=40");
}

/* A capture that begins in the middle of an answer: its tail is no answer, but a page is. */
static void test_midstream(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		uint64_t responses;
	} cases[] = {{"tail of something", 0}, {"<html>", 1}, {"HTTP/1.1 204 No\r\n\r\n", 1}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dissect *x = dissect_new(&dissector_http, 40000, 80);
		dissect_flow(x)->flags = FLOW_MIDSTREAM;
		dissect_feed(x, DIR_UP, span_text(GET), false);
		dissect_feed(x, DIR_DOWN, span_text(cases[i].bytes), false);
		assert_int_equal(dissect_count(x, EV_HTTP_RESPONSE), cases[i].responses);
		dissect_close(x);
		dissect_free(x);
	}
}

/* A censor that does not wait for the end of the head: its answer and the request, told later, have the same index. */
static void test_answer_to_part(void **state)
{
	(void)state;
	const struct dissect_step steps[] = {UP("GET / HTTP/1.1\r\nHost: a\r\n"), DOWN_FIN("<html>no</html>"),
	                                     UP("X: y\r\n\r\n")};
	EXPECT_PART(steps, "HTTP_RESPONSE down index=1 status=0 head_len=0 offset=0 flaws=1 line=\n");
	EXPECT_PART(steps, "HTTP_REQUEST up index=1 ");
}

/* The other copy of contradicting bytes answers to the same request. */
static void test_rival(void **state)
{
	(void)state;
	struct dissect *x = dissect_new(&dissector_http, 40000, 80);
	dissect_feed(x, DIR_UP, span_text(GET), false);
	dissect_feed(x, DIR_DOWN, span_text("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"), false);
	dissect_feed_rival(x, DIR_DOWN, span_text("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), false);
	const char *text = dissect_transcript(x);
	assert_non_null(strstr(text, "HTTP_RESPONSE down index=1 status=302"));
	assert_non_null(strstr(text, "HTTP_RESPONSE down version=1 index=1 status=200"));
	assert_non_null(strstr(text, "HTTP_BODY down version=1 index=1 len=2 complete=1"));
	dissect_free(x);

	x = dissect_new(&dissector_http, 40000, 80);
	dissect_feed(x, DIR_UP, span_text(GET), false);
	dissect_feed_rival(x, DIR_DOWN, span_text("in the middle"), false);
	assert_non_null(strstr(dissect_transcript(x), "GIVEN UP 1"));
	dissect_free(x);
}

int main(void)
{
	const struct CMUnitTest http[] = {
	    cmocka_unit_test(test_exchange),
	    cmocka_unit_test(test_keep_alive),
	    cmocka_unit_test(test_pipelined),
	    cmocka_unit_test(test_until_close),
	    cmocka_unit_test(test_until_next_request),
	    cmocka_unit_test(test_no_status_line),
	    cmocka_unit_test(test_bare_lf),
	    cmocka_unit_test(test_head_cut),
	    cmocka_unit_test(test_long_head),
	    cmocka_unit_test(test_many_headers),
	    cmocka_unit_test(test_wrong_length),
	    cmocka_unit_test(test_broken_chunks),
	    cmocka_unit_test(test_no_request),
	    cmocka_unit_test(test_flipped),
	    cmocka_unit_test(test_hosts),
	    cmocka_unit_test(test_tunnel),
	    cmocka_unit_test(test_expect_refused),
	    cmocka_unit_test(test_not_http),
	    cmocka_unit_test(test_codings),
	    cmocka_unit_test(test_coding_broken),
	    cmocka_unit_test(test_bomb),
	    cmocka_unit_test(test_no_room_to_inflate),
	    cmocka_unit_test(test_gap_in_body),
	    cmocka_unit_test(test_gap_in_head),
	    cmocka_unit_test(test_answer_to_part),
	    cmocka_unit_test(test_midstream),
	    cmocka_unit_test(test_rival),
	};
	return cmocka_run_group_tests(http, NULL, NULL);
}
