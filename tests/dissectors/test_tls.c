/* TLS handshakes: real flights, cut and rearranged, and records made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dissectors/tls.h"
#include "tests/dissectors/tls_samples.h"
#include "tests/support/dissect.h"

#include <stdlib.h>

extern const struct dissector dissector_tls;

#define SPAN(array) span_of(array, sizeof(array))
#define UP(array)                                                                                                      \
	{                                                                                                              \
		.dir = DIR_UP, .bytes = SPAN(array)                                                                    \
	}
#define DOWN(array)                                                                                                    \
	{                                                                                                              \
		.dir = DIR_DOWN, .bytes = SPAN(array)                                                                  \
	}

enum { HELLO_LEN = sizeof(tls12_1_up) - 5 };

static char *play(const struct dissect_step *steps, size_t count)
{
	assert_true(dissect_split_holds(&dissector_tls, 443, steps, count));
	assert_true(dissect_prefix_holds(&dissector_tls, 443, steps, count));
	return dissect_play(&dissector_tls, 443, steps, count, 0, 0, SIZE_MAX);
}

static void says(const char *transcript, const char *text)
{
	if (strstr(transcript, text) == NULL)
		fail_msg("no \"%s\" in:\n%s", text, transcript);
}

static size_t lines(const char *transcript, const char *text)
{
	size_t n = 0;
	for (const char *at = transcript; (at = strstr(at, text)) != NULL; at++)
		n++;
	return n;
}

static void test_tls12(void **state)
{
	(void)state;
	const struct dissect_step steps[] = {UP(tls12_1_up), DOWN(tls12_2_down), UP(tls12_3_up), DOWN(tls12_4_down),
	                                     UP(tls12_5_up)};
	char *text = play(steps, 5);
	says(text,
	     "TLS_CLIENT_HELLO up offset=0 record=0301 legacy=0303 partial=0 ech=0 esni=0 sni=leaf.example alpn=h2 "
	     "alpn=http/1.1 versions=");
	says(text, "TLS_SERVER_HELLO down offset=0 legacy=0303 version=0303 cipher=c02");
	says(text, "retry=0 alpn=h2\n");
	says(text, "TLS_CERTIFICATE down chain=1 leaf_len=623 parsed=1 not_before=1795541086 not_after=1827077086 "
	           "issuer=C=KZ,\\x20ST=Astana,\\x20L=Town,\\x20O=Test,\\x20Inc.,\\x20OU=Unit,\\x20CN=leaf.example,"
	           "\\x201.2.840.113549.1.9.1=a@b subject=C=KZ,");
	says(text, " subject_cn=leaf.example name=leaf.example name=*.leaf.example sha256=+Q\\x89\\xbe\\x196\\x9fP");
	says(text, "spki=\\xdf*S\\xe7\\xdaK\\xcb\\x80");
	assert_int_equal(lines(text, "TLS_"), 3);
	free(text);
}

static void test_tls13(void **state)
{
	(void)state;
	const struct dissect_step steps[] = {UP(tls13_1_up), DOWN(tls13_2_down), UP(tls13_3_up), DOWN(tls13_4_down),
	                                     UP(tls13_5_up)};
	char *text = play(steps, 5);
	says(text, "legacy=0303 version=0304 cipher=1302 retry=0");
	assert_int_equal(lines(text, "TLS_"), 2);
	free(text);
}

/* The hello's bytes in records of n bytes each. */
static size_t in_records(const uint8_t *message, size_t len, size_t n, uint8_t *out)
{
	size_t at = 0;
	for (size_t from = 0; from < len; from += n) {
		size_t part = len - from < n ? len - from : n;
		const uint8_t head[] = {0x16, 3, 1, (uint8_t)(part >> 8), (uint8_t)part};
		memcpy(out + at, head, sizeof(head));
		memcpy(out + at + sizeof(head), message + from, part);
		at += sizeof(head) + part;
	}
	return at;
}

static void test_split_over_records(void **state)
{
	(void)state;
	static uint8_t wire[HELLO_LEN * 6];
	const struct dissect_step plain[] = {UP(tls12_1_up)};
	char *whole = dissect_play(&dissector_tls, 443, plain, 1, 0, 0, SIZE_MAX);
	for (size_t n = 1; n < HELLO_LEN; n = n * 3 + 1) {
		size_t len = in_records(tls12_1_up + 5, HELLO_LEN, n, wire);
		const struct dissect_step steps[] = {{.dir = DIR_UP, .bytes = span_of(wire, len)}};
		char *text = play(steps, 1);
		assert_string_equal(text, whole);
		free(text);
	}
	free(whole);
}

/* A server flight as one run of messages, cut into records at odd places. */
static void test_flight_over_records(void **state)
{
	(void)state;
	static uint8_t messages[2048], wire[4096];
	size_t len = 0;
	for (size_t at = 0; at < sizeof(tls12_2_down);) {
		size_t n = (size_t)tls12_2_down[at + 3] << 8 | tls12_2_down[at + 4];
		memcpy(messages + len, tls12_2_down + at + 5, n);
		len += n;
		at += 5 + n;
	}
	size_t wire_len = in_records(messages, len, 50, wire);
	const struct dissect_step steps[] = {UP(tls12_1_up), {.dir = DIR_DOWN, .bytes = span_of(wire, wire_len)}};
	char *text = play(steps, 2);
	says(text, "TLS_SERVER_HELLO");
	says(text, "TLS_CERTIFICATE down chain=1 leaf_len=623 parsed=1");
	free(text);
}

/* What a post-quantum key share does to a hello: over 1,800 bytes, a name behind them. */
static void test_large_hello(void **state)
{
	(void)state;
	enum { SHARE = 1216, BODY = 2 + 32 + 1 + 2 + 2 + 2 + 2 + 4 + SHARE + 4 + 12 + 4 };
	static uint8_t wire[5 + 4 + BODY] = {0x16,        3, 1, (BODY + 4) >> 8, (BODY + 4) & 0xff, 1, 0, BODY >> 8,
	                                     BODY & 0xff, 3, 3};
	static const uint8_t middle[] = {
	    0, 0, 2, 0x13, 1, 1, 0, (SHARE + 24) >> 8, (SHARE + 24) & 0xff, 0, 0x33, SHARE >> 8, SHARE & 0xff};
	static const uint8_t tail[] = {0,   0,   0,   12,  0,   10,  0,    0,    7, 'b',
	                               'i', 'g', '.', 'e', 'x', 'a', 0xfe, 0x0d, 0, 0};
	memcpy(wire + 9 + 34, middle, sizeof(middle));
	memcpy(wire + sizeof(wire) - sizeof(tail), tail, sizeof(tail));
	const struct dissect_step steps[] = {UP(wire)};
	char *text = play(steps, 1);
	says(text, "partial=0 ech=1 esni=0 sni=big.exa versions= ciphers=1301 extensions=0033,0000,fe0d ");
	free(text);
}

/* By a gap, by FIN, by the end: the fields that were reached are told. */
static void test_partial(void **state)
{
	(void)state;
	struct span first = span_first(SPAN(tls12_1_up), 300);
	const struct dissect_step gap[] = {{.dir = DIR_UP, .bytes = first, .gap = 217},
	                                   {.dir = DIR_UP, .bytes = span_of("\x15\x03\x01\0\2\2\x28", 7)}};
	const struct dissect_step fin[] = {{.dir = DIR_UP, .bytes = first, .fin = true}};
	const struct dissect_step end[] = {{.dir = DIR_UP, .bytes = first}};
	char *text = play(gap, 2);
	says(text, "TLS_CLIENT_HELLO up offset=0 record=0301 legacy=0303 partial=1 ech=0 esni=0 sni=leaf.example ");
	says(text, "TLS_ALERT up level=2 description=40 early=1 offset=517");
	assert_int_equal(lines(text, "TLS_"), 2);
	free(text);
	text = play(fin, 1);
	says(text, "partial=1 ech=0 esni=0 sni=leaf.example ");
	assert_int_equal(lines(text, "TLS_"), 1);
	free(text);
	text = play(end, 1);
	says(text, "partial=1 ech=0 esni=0 sni=leaf.example ");
	free(text);
	/* Cut inside the fixed part, where a version is the least; then a name that is cut itself. */
	const struct dissect_step early[] = {{.dir = DIR_UP, .bytes = span_first(SPAN(tls12_1_up), 60)}};
	text = play(early, 1);
	says(text, "TLS_CLIENT_HELLO up offset=0 record=0301 legacy=0303 partial=1 ech=0 esni=0 sni= ");
	assert_int_equal(lines(text, "TLS_"), 1);
	free(text);
	const struct dissect_step nothing[] = {{.dir = DIR_UP, .bytes = span_first(SPAN(tls12_1_up), 10)}};
	text = play(nothing, 1);
	assert_int_equal(lines(text, "TLS_"), 0);
	free(text);
	size_t name = span_find(SPAN(tls12_1_up), span_text("leaf.example"));
	const struct dissect_step cut_name[] = {{.dir = DIR_UP, .bytes = span_first(SPAN(tls12_1_up), name + 4)}};
	text = play(cut_name, 1);
	says(text, "partial=1 ech=0 esni=0 sni= ");
	free(text);
}

static void test_alerts(void **state)
{
	(void)state;
	static const uint8_t alert[] = {0x15, 3, 3, 0, 2, 2, 112};
	static const uint8_t odd[] = {0x15, 3, 3, 0, 2, 9, 112, 0x15, 3, 3, 0, 3, 2, 40, 0};
	const struct dissect_step refused[] = {UP(tls12_1_up), DOWN(alert)};
	char *text = play(refused, 2);
	says(text, "TLS_ALERT down level=2 description=112 early=1 offset=0\n");
	free(text);
	const struct dissect_step later[] = {UP(tls12_1_up), DOWN(tls12_2_down), DOWN(alert)};
	text = play(later, 3);
	says(text, "TLS_ALERT down level=2 description=112 early=0 offset=846\n");
	free(text);
	const struct dissect_step none[] = {UP(tls12_1_up), DOWN(odd)};
	text = play(none, 2);
	assert_int_equal(lines(text, "TLS_ALERT"), 0);
	free(text);
	const struct dissect_step alone[] = {DOWN(alert)};
	text = play(alone, 1);
	assert_int_equal(lines(text, "TLS_ALERT"), 1);
	free(text);
}

/* HelloRetryRequest: the second hello comes in the clear behind a ChangeCipherSpec. */
static void test_hello_retry(void **state)
{
	(void)state;
	static const uint8_t retry[] = {0x16, 3,    3,    0,    44,   2,    0,    0,    40,   3,    3,    0xcf, 0x21,
	                                0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8,
	                                0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2,
	                                0xc8, 0xa8, 0x33, 0x9c, 0,    0x13, 1,    0,    0,    0};
	static const uint8_t change[] = {0x14, 3, 3, 0, 1, 1};
	const struct dissect_step steps[] = {UP(tls13_1_up), DOWN(retry),    DOWN(change),
	                                     UP(change),     UP(tls13_1_up), DOWN(tls13_2_down)};
	char *text = play(steps, 6);
	says(text, "retry=1");
	says(text, "TLS_CLIENT_HELLO up offset=523 ");
	says(text, "TLS_SERVER_HELLO down offset=55 legacy=0303 version=0304");
	free(text);
}

static void test_malformed_hellos(void **state)
{
	(void)state;
	/* Every byte of the lengths up to the name replaced: no fault, no false name. */
	static uint8_t wire[sizeof(tls12_1_up)];
	static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
	for (size_t at = 5; at < 220; at++) {
		for (size_t v = 0; v < sizeof(values); v++) {
			memcpy(wire, tls12_1_up, sizeof(wire));
			wire[at] = values[v];
			const struct dissect_step steps[] = {UP(wire)};
			char *text = dissect_play(&dissector_tls, 443, steps, 1, 0, 0, SIZE_MAX);
			assert_true(lines(text, "TLS_") <= 1);
			free(text);
		}
	}
	/* The list of extensions claims more than there is. */
	memcpy(wire, tls12_1_up, sizeof(wire));
	size_t extensions = 5 + 4 + 34 + 1 + wire[43];
	extensions += 2 + ((size_t)wire[extensions] << 8 | wire[extensions + 1]);
	extensions += 1 + (size_t)wire[extensions];
	wire[extensions] = 0xff;
	const struct dissect_step steps[] = {UP(wire)};
	char *text = play(steps, 1);
	says(text, "partial=1 ech=0 esni=0 sni=leaf.example ");
	free(text);
}

/* A message that can never be held whole is told as far as it goes, and the flow goes on. */
static void test_too_many_records(void **state)
{
	(void)state;
	static uint8_t wire[6 * 20000 + 7];
	static uint8_t message[20000];
	memcpy(message, tls12_1_up + 5, HELLO_LEN);
	message[2] = sizeof(message) / 256;
	message[3] = 0;
	size_t len = in_records(message, sizeof(message), 1, wire);
	memcpy(wire + len, "\x15\x03\x01\0\2\2\x28", 7);
	const struct dissect_step steps[] = {{.dir = DIR_UP, .bytes = span_of(wire, len + 7)}};
	char *whole = dissect_play(&dissector_tls, 443, steps, 1, 0, 0, SIZE_MAX);
	says(whole, "partial=1 ech=0 esni=0 sni=leaf.example ");
	says(whole, "TLS_ALERT up level=2 description=40 early=1 offset=120000");
	for (size_t piece = 97; piece < 3000; piece = piece * 11 + 1) {
		char *text = dissect_play(&dissector_tls, 443, steps, 1, piece, 1, SIZE_MAX);
		assert_string_equal(text, whole);
		free(text);
	}
	free(whole);
}

static void test_gaps(void **state)
{
	(void)state;
	/* Within application data: the next record is found, whatever was lost of this one. */
	static const uint8_t data[] = {0x17, 3, 3, 0, 20, 1, 2, 3};
	static const uint8_t rest[] = {9, 9, 0x15, 3, 3, 0, 2, 1, 0};
	const struct dissect_step inside[] = {UP(tls12_1_up),
	                                      {.dir = DIR_UP, .bytes = SPAN(data), .gap = 15},
	                                      UP(rest)};
	char *text = play(inside, 3);
	says(text, "TLS_ALERT up level=1 description=0 early=1 offset=542\n");
	free(text);
	/* Over the server hello: the certificate starts a record behind it. */
	size_t first = 5 + ((size_t)tls12_2_down[3] << 8 | tls12_2_down[4]);
	const struct dissect_step hello_lost[] = {UP(tls12_1_up),
	                                          {.dir = DIR_DOWN,
	                                           .bytes = span_of(tls12_2_down, 3),
	                                           .gap = first - 3},
	                                          {.dir = DIR_DOWN, .bytes = span_after(SPAN(tls12_2_down), first)}};
	text = play(hello_lost, 3);
	says(text, "TLS_CERTIFICATE down chain=1");
	free(text);
	/* Nothing recognisable behind it. */
	const struct dissect_step lost[] = {{.dir = DIR_UP, .bytes = SPAN(tls12_1_up), .gap = 100}, UP(rest), UP(rest)};
	text = play(lost, 3);
	assert_int_equal(lines(text, "TLS_"), 1);
	free(text);
}

static void test_probe(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
		enum probe probe;
	} cases[] = {
	    {"\x16", 1, PROBE_MAYBE},
	    {"\x16\x03\x01\x00\x05\x01", 6, PROBE_YES},
	    {"\x16\x03\x03\x00\x05\x02", 6, PROBE_YES},
	    {"\x16\x03\x03\x00\x05\x0b", 6, PROBE_NO},
	    {"\x16\x02\x01", 3, PROBE_NO},
	    {"\x16\x03\x01\x00\x00\x01", 6, PROBE_NO},
	    {"\x16\x03\x01\xff\xff\x01", 6, PROBE_NO},
	    {"\x15\x03\x01\x00\x02\x02\x28", 7, PROBE_YES},
	    {"\x15\x03\x01\x00\x03\x02\x28", 7, PROBE_NO},
	    {"\x17\x03\x03\x00\x05", 5, PROBE_NO},
	    {"GET / HTTP/1.1", 14, PROBE_NO},
	    {"\x80\x2e\x01\x03\x01", 5, PROBE_NO},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct flow f = {0};
		assert_int_equal(dissector_tls.probe(&f, DIR_UP, span_of(cases[i].bytes, cases[i].len)),
		                 cases[i].probe);
	}
}

int main(void)
{
	const struct CMUnitTest tls[] = {
	    cmocka_unit_test(test_tls12),
	    cmocka_unit_test(test_tls13),
	    cmocka_unit_test(test_split_over_records),
	    cmocka_unit_test(test_flight_over_records),
	    cmocka_unit_test(test_large_hello),
	    cmocka_unit_test(test_partial),
	    cmocka_unit_test(test_alerts),
	    cmocka_unit_test(test_hello_retry),
	    cmocka_unit_test(test_malformed_hellos),
	    cmocka_unit_test(test_too_many_records),
	    cmocka_unit_test(test_gaps),
	    cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tls, NULL, NULL);
}
