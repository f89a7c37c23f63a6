/* Hellos out of QUIC Initials: cut, shuffled, repeated, over several datagrams; Retry, versions, what a flow shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dissectors/quic.h"
#include "dissectors/quic_crypto.h"
#include "tests/support/dissect.h"
#include "tests/support/quic_seal.h"

#include <stdio.h>

extern const struct dissector dissector_quic;

#define BYTES(literal) span_of(literal, sizeof(literal) - 1)
#define DCID           BYTES("\x01\x02\x03\x04\x05\x06\x07\x08")
#define SCID           BYTES("client")
#define SERVER         BYTES("server-id")

enum { MS = 1000000 };

/* A ClientHello message with the name www.example.org and filler bytes in an unknown extension. */
struct hello {
	uint8_t bytes[6000];
	size_t len;
};

static void put(struct hello *h, struct span s)
{
	memcpy(h->bytes + h->len, s.ptr, s.len);
	h->len += s.len;
}

static void put16(struct hello *h, size_t at, size_t value)
{
	h->bytes[at] = (uint8_t)(value >> 8);
	h->bytes[at + 1] = (uint8_t)value;
}

static struct span hello_make(struct hello *h, size_t filler)
{
	h->len = 0;
	put(h, BYTES("\x01\x00\x00\x00\x03\x03"));
	for (int i = 0; i < 32; i++)
		put(h, BYTES("r"));
	put(h, BYTES("\x00\x00\x02\x13\x01\x01\x00"));
	size_t extensions = h->len;
	put(h, BYTES("\x00\x00\x7a\x7a\x00\x00"));
	put16(h, h->len - 2, filler);
	for (size_t i = 0; i < filler; i++)
		put(h, span_of(&(uint8_t){(uint8_t)(i * 7)}, 1));
	put(h, BYTES("\x00\x00\x00\x14\x00\x12\x00\x00\x0fwww.example.org"));
	put16(h, extensions, h->len - extensions - 2);
	put16(h, 2, h->len - 4);
	return span_of(h->bytes, h->len);
}

static const struct quic_seal_initial first = {.version = QUIC_V1, .number_len = 1};

static void deliver(struct dissect *x, enum dir dir, const struct quic_seal *q)
{
	dissect_datagram(x, dir, quic_seal_span(q), q->len);
	dissect_wait(x, 10 * MS);
}

static void send_initial(struct dissect *x, struct quic_seal_initial p, struct span frames)
{
	struct quic_seal q = {0};
	p.dcid = p.dcid.len ? p.dcid : DCID;
	p.scid = SCID;
	quic_seal_initial(&q, &p, frames, 1200);
	deliver(x, DIR_UP, &q);
}

static void send_crypto(struct dissect *x, struct quic_seal_initial p, size_t offset, struct span data)
{
	struct quic_seal frames = {0};
	quic_seal_crypto(&frames, offset, data);
	send_initial(x, p, quic_seal_span(&frames));
}

static void send_opaque(struct dissect *x, enum dir dir, unsigned type)
{
	struct quic_seal q = {0};
	if (dir == DIR_UP)
		quic_seal_opaque(&q, type, QUIC_V1, SERVER, SCID, 100);
	else
		quic_seal_opaque(&q, type, QUIC_V1, SCID, SERVER, 100);
	deliver(x, dir, &q);
}

/* The server's Initial: with keys of its own, which nobody here uses. */
static void send_server_initial(struct dissect *x)
{
	struct quic_seal q = {0};
	struct quic_seal_initial p = first;
	p.dcid = SCID;
	p.scid = SERVER;
	p.keyed = DCID;
	p.server = true;
	quic_seal_initial(&q, &p, BYTES("\x02\x00\x00\x00\x00"), 0);
	deliver(x, DIR_DOWN, &q);
}

static void send_short(struct dissect *x, enum dir dir)
{
	struct quic_seal q = {0};
	quic_seal_bytes(&q, BYTES("\x45 one-rtt, nobody reads it"));
	deliver(x, dir, &q);
}

static struct dissect *quic(void)
{
	return dissect_new(&dissector_quic, 40000, 443);
}

static void assert_says(struct dissect *x, const char *text)
{
	const char *transcript = dissect_transcript(x);
	if (strstr(transcript, text) == NULL)
		fail_msg("no \"%s\" in:\n%s", text, transcript);
}

static void finish(struct dissect *x, unsigned initials)
{
	dissect_close(x);
	assert_int_equal(dissect_count(x, EV_QUIC_INITIAL), initials);
	assert_int_equal(dissect_count(x, EV_QUIC_FLOW), 1);
	assert_int_equal(dissect_large_alive(x), 0);
	dissect_free(x);
}

static void test_one_packet(void **state)
{
	(void)state;
	struct hello h;
	static const uint32_t versions[] = {QUIC_V1, QUIC_V2, QUIC_DRAFT_29, QUIC_DRAFT_34};
	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
		struct dissect *x = quic();
		struct quic_seal_initial p = first;
		p.version = versions[i];
		send_crypto(x, p, 0, hello_make(&h, 100));
		assert_int_equal(dissect_count(x, EV_QUIC_INITIAL), 1);
		assert_says(x, " retry=0 partial=0 dcid=\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08 sni=www.example.org "
		               "ciphers=1301 extensions=7a7a,0000");
		finish(x, 1);
	}
}

/* The transcript's line of the hello, whatever the number of packets that it took. */
static void hello_line(struct dissect *x, char *line, size_t size)
{
	const char *at = strstr(dissect_transcript(x), " length=");
	assert_non_null(at);
	size_t len = strcspn(at, "\n");
	assert_true(len < size);
	memcpy(line, at, len);
	line[len] = 0;
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

struct piece {
	size_t at, len;
};

static size_t pieces_cut(struct piece *pieces, size_t total, size_t most, uint32_t *seed)
{
	size_t count = 0;
	for (size_t at = 0; at < total; at += pieces[count++].len) {
		size_t len = 1 + next_random(seed) % most;
		pieces[count] = (struct piece){at, len < total - at ? len : total - at};
	}
	for (size_t i = count; i > 1; i--) {
		size_t k = next_random(seed) % i;
		struct piece swap = pieces[i - 1];
		pieces[i - 1] = pieces[k];
		pieces[k] = swap;
	}
	return count;
}

/* Shuffled frames, a few a packet, two packets a datagram now and then, PING and padding between, some frames twice. */
static void play_pieces(struct dissect *x, struct span hello, const struct piece *pieces, size_t count, uint32_t *seed)
{
	uint8_t number = 0;
	for (size_t i = 0; i < count;) {
		struct quic_seal q = {0};
		size_t packets = 1 + next_random(seed) % 2;
		for (size_t k = 0; k < packets && i < count; k++) {
			struct quic_seal frames = {0};
			struct quic_seal_initial p = first;
			p.dcid = DCID;
			p.scid = SCID;
			p.number = number++;
			for (size_t n = 0; n < 6 && i < count; n++, i++) {
				size_t again = next_random(seed) % 4 ? i : next_random(seed) % (i + 1);
				quic_seal_crypto(&frames, pieces[again].at,
				                 span_first(span_after(hello, pieces[again].at), pieces[again].len));
				quic_seal_bytes(&frames, BYTES("\x00\x01\x00"));
				if (again != i)
					i--, n++;
			}
			quic_seal_initial(&q, &p, quic_seal_span(&frames), 0);
		}
		deliver(x, DIR_UP, &q);
	}
}

static void test_split_and_shuffled(void **state)
{
	(void)state;
	static const size_t sizes[] = {0, 200, 1800, 5000};
	static const size_t most[] = {3, 40, 300};
	struct hello h;
	static struct piece pieces[6000];
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		char whole[32768], other[32768];
		struct span hello = hello_make(&h, sizes[i]);
		struct dissect *x = quic();
		size_t half = hello.len / 2 < 1000 ? hello.len / 2 : 1000;
		for (size_t at = 0; at < hello.len; at += half)
			send_crypto(x, first, at, span_first(span_after(hello, at), half));
		hello_line(x, whole, sizeof whole);
		finish(x, 1);
		for (uint32_t seed = 1; seed <= 12; seed++) {
			uint32_t random = seed;
			size_t count = pieces_cut(pieces, hello.len, most[seed % 3], &random);
			if (count > 120) /* the decryptions that one flow is given */
				continue;
			x = quic();
			play_pieces(x, hello, pieces, count, &random);
			hello_line(x, other, sizeof other);
			assert_string_equal(whole, other);
			finish(x, 1);
		}
	}
}

/* Two datagrams of a post-quantum hello, the second one first. */
static void test_two_datagrams(void **state)
{
	(void)state;
	struct hello h;
	struct span hello = hello_make(&h, 1700);
	struct dissect *x = quic();
	send_crypto(x, first, 1100, span_after(hello, 1100));
	assert_int_equal(dissect_count(x, EV_QUIC_INITIAL), 0);
	assert_int_equal(dissect_large_alive(x), 1);
	send_crypto(x, first, 1100, span_after(hello, 1100));
	send_crypto(x, first, 0, span_first(hello, 1100));
	assert_says(x, "packets=2 ");
	assert_says(x, "partial=0 dcid=\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08 sni=www.example.org ");
	assert_int_equal(dissect_large_alive(x), 0);
	finish(x, 1);
}

/* What never became whole is told at the end, as far as it goes. */
static void test_incomplete(void **state)
{
	(void)state;
	struct hello h;
	struct span hello = hello_make(&h, 1700);
	struct dissect *x = quic();
	send_crypto(x, first, 0, span_first(hello, 1100));
	assert_int_equal(dissect_count(x, EV_QUIC_INITIAL), 0);
	dissect_close(x);
	assert_says(x, "partial=1 dcid=\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08 sni= ");
	finish(x, 1);

	x = quic();
	send_crypto(x, first, 600, span_after(hello, 600));
	finish(x, 0);
}

/* Longer than the room for it. */
static void test_endless(void **state)
{
	(void)state;
	struct hello h;
	struct span hello = hello_make(&h, 5000);
	struct dissect *x = quic();
	h.bytes[1] = 1;
	for (size_t at = 0; at < QUIC_CRYPTO_MAX; at += 1000)
		send_crypto(x, first, at, span_first(span_after(hello, at % 5000), 1000));
	assert_int_equal(dissect_large_alive(x), 0);
	assert_says(x, "partial=1");
	finish(x, 1);
}

static void test_no_hello(void **state)
{
	(void)state;
	struct dissect *x = quic();
	send_crypto(x, first, 0, BYTES("\x02\x00\x00\x10 not a ClientHello"));
	send_initial(x, first, BYTES("\x01"));
	send_initial(x, first, BYTES("\x08\x01"));
	assert_int_equal(dissect_large_alive(x), 0);
	dissect_close(x);
	assert_says(x, "hellos=0 verified=1");
	finish(x, 0);
}

/* Initials behind the hello, with the id that the server chose, are of the same connection. */
static void test_repeats(void **state)
{
	(void)state;
	struct hello h;
	struct span hello = hello_make(&h, 100);
	struct quic_seal_initial later = first;
	struct dissect *x = quic();
	later.dcid = SERVER;
	later.keyed = DCID;
	send_crypto(x, first, 0, hello);
	send_crypto(x, first, 0, hello);
	send_opaque(x, DIR_DOWN, 0xe0);
	send_initial(x, later, BYTES("\x02\x00\x00\x00\x00"));
	finish(x, 1);
}

/* A hello in two datagrams, the second with the server's id and the first one's keys. */
static void test_changed_id(void **state)
{
	(void)state;
	struct hello h;
	struct span hello = hello_make(&h, 1700);
	struct quic_seal_initial later = first;
	struct dissect *x = quic();
	later.dcid = SERVER;
	later.keyed = DCID;
	send_crypto(x, first, 0, span_first(hello, 1000));
	send_opaque(x, DIR_DOWN, 0xe0);
	send_crypto(x, later, 1000, span_after(hello, 1000));
	assert_says(x, "sni=www.example.org");
	finish(x, 1);
}

/* Retry: new keys from the id that it brings; the hello is the same and told once. */
static void test_retry(void **state)
{
	(void)state;
	struct hello h;
	struct span hello = hello_make(&h, 1700);
	struct quic_seal_initial again = first;
	again.dcid = SERVER;
	again.token = BYTES("a token that the server gave");
	for (int whole = 0; whole < 2; whole++) {
		struct quic_seal q = {0};
		struct dissect *x = quic();
		send_crypto(x, first, 0, span_first(hello, 1000));
		if (whole)
			send_crypto(x, first, 1000, span_after(hello, 1000));
		quic_seal_header(&q, 0xf0, QUIC_V1, SCID, SERVER);
		quic_seal_bytes(&q, BYTES("token and an integrity tag of sixteen bytes"));
		deliver(x, DIR_DOWN, &q);
		send_crypto(x, again, 0, span_first(hello, 1000));
		send_crypto(x, again, 1000, span_after(hello, 1000));
		assert_says(x, whole ? "retry=0 partial=0" : "retry=1 partial=0");
		dissect_close(x);
		assert_says(x, "hellos=1 verified=1 retry=1");
		finish(x, 1);
	}
}

/* The same ports used again: another connection, another hello. */
static void test_second_connection(void **state)
{
	(void)state;
	struct hello h;
	struct quic_seal_initial other = first;
	struct dissect *x = quic();
	other.dcid = BYTES("another id");
	send_crypto(x, first, 0, hello_make(&h, 100));
	send_crypto(x, other, 0, hello_make(&h, 90));
	assert_says(x, "dcid=another\\x20id sni=www.example.org");
	finish(x, 2);
}

/* Packets that do not open change nothing, and not more than a bounded number is tried. */
static void test_garbage(void **state)
{
	(void)state;
	struct hello h;
	struct dissect *x = quic();
	struct quic_seal_initial wrong = first;
	wrong.keyed = BYTES("wrong keys");
	send_crypto(x, wrong, 0, hello_make(&h, 100));
	assert_int_equal(dissect_count(x, EV_QUIC_INITIAL), 0);
	send_crypto(x, first, 0, hello_make(&h, 100));
	assert_int_equal(dissect_count(x, EV_QUIC_INITIAL), 1);
	finish(x, 1);

	x = quic();
	for (int i = 0; i < 100; i++)
		send_crypto(x, wrong, 0, hello_make(&h, 100));
	send_crypto(x, first, 0, hello_make(&h, 100));
	dissect_close(x);
	assert_says(x, "verified=0 ");
	assert_says(x, "limited=1 ");
	finish(x, 0);
}

static void test_not_claimed(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
	} cases[] = {
	    {"\x00\x01", 2},
	    {"\x40short header", 13},
	    {"\xc0\x00\x00\x00\x01\x07"
	     "1234567\x00\x00\x01x",
	     17}, /* id too short for a client's first packet */
	    {"\x80\x00\x00\x00\x01\x08"
	     "12345678\x00\x00\x01x",
	     18}, /* without the fixed bit */
	    {"\xc0\x1a\x2a\x3a\x4a\x08"
	     "12345678\x00\x00\x01x",
	     18}, /* unknown version */
	    {"\xe0\x00\x00\x00\x01\x08"
	     "12345678\x00\x00\x01x",
	     18}, /* Handshake */
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct flow f = {.server_port = 443};
		assert_int_equal(dissector_quic.probe(&f, DIR_UP, span_of(cases[i].bytes, cases[i].len)), PROBE_NO);
	}
}

/* Each prefix of a datagram, captured or sent: no fault, no hello. */
static void test_prefixes(void **state)
{
	(void)state;
	struct hello h;
	struct quic_seal q = {0}, frames = {0};
	struct quic_seal_initial p = first;
	p.dcid = DCID;
	p.scid = SCID;
	quic_seal_crypto(&frames, 0, hello_make(&h, 10));
	quic_seal_initial(&q, &p, quic_seal_span(&frames), 0);
	for (size_t len = 1; len < q.len; len++)
		for (int snapped = 0; snapped < 2; snapped++) {
			struct dissect *x = quic();
			dissect_datagram(x, DIR_UP, span_of(q.bytes, len), snapped ? q.len : len);
			dissect_close(x);
			assert_int_equal(dissect_count(x, EV_QUIC_INITIAL), 0);
			dissect_free(x);
		}
}

static void handshake(struct dissect *x)
{
	struct hello h;
	send_crypto(x, first, 0, hello_make(&h, 100));
	send_server_initial(x);
	send_opaque(x, DIR_DOWN, 0xe0);
	send_opaque(x, DIR_UP, 0xe0);
	send_short(x, DIR_UP);
}

static void test_flow_answered(void **state)
{
	(void)state;
	struct dissect *x = quic();
	handshake(x);
	send_short(x, DIR_DOWN);
	send_short(x, DIR_UP);
	dissect_close(x);
	assert_says(x, "up=4:1,0,1,2,0,2 down=3:1,0,1,1,0,1 rtt=10000000 finished=4 after=2 answered=1 repeated=0 "
	               "unanswered=1\n");
	finish(x, 1);
}

/* The server goes on with its handshake, and the client's flight finds no echo. */
static void test_flow_dies(void **state)
{
	(void)state;
	struct dissect *x = quic();
	handshake(x);
	for (int i = 0; i < 3; i++) {
		send_opaque(x, DIR_DOWN, 0xe0);
		send_opaque(x, DIR_UP, 0xe0);
	}
	dissect_close(x);
	assert_says(x, "after=4 answered=0 repeated=3 unanswered=5\n");
	finish(x, 1);
}

/* What the server had on the way when the client answered is no answer. */
static void test_flow_early(void **state)
{
	(void)state;
	struct dissect *x = quic();
	struct hello h;
	send_crypto(x, first, 0, hello_make(&h, 100));
	dissect_wait(x, 90 * MS);
	send_opaque(x, DIR_DOWN, 0xe0);
	send_opaque(x, DIR_UP, 0xe0);
	dissect_wait(x, -5 * MS);
	send_short(x, DIR_DOWN);
	send_short(x, DIR_UP);
	dissect_close(x);
	assert_says(x, "rtt=100000000 finished=3 after=1 answered=0 repeated=0 unanswered=2\n");
	finish(x, 1);
}

static void test_flow_silent(void **state)
{
	(void)state;
	struct dissect *x = quic();
	struct hello h;
	for (int i = 0; i < 3; i++)
		send_crypto(x, first, 0, hello_make(&h, 100));
	dissect_close(x);
	assert_says(x, "first=1200 up=3:3,0,0,0,0,0 down=0:0,0,0,0,0,0 rtt=0 finished=0 after=0 answered=0 repeated=0 "
	               "unanswered=3\n");
	finish(x, 1);
}

/* Zeros behind the packets of a datagram are no packet with a short header. */
static void test_padding(void **state)
{
	(void)state;
	struct dissect *x = quic();
	struct hello h;
	struct quic_seal q = {0}, frames = {0};
	struct quic_seal_initial p = first;
	p.dcid = DCID;
	quic_seal_crypto(&frames, 0, hello_make(&h, 10));
	quic_seal_initial(&q, &p, quic_seal_span(&frames), 0);
	for (int i = 0; i < 30; i++)
		quic_seal_byte(&q, 0);
	deliver(x, DIR_UP, &q);
	dissect_close(x);
	assert_says(x, "up=1:1,0,0,0,0,0");
	finish(x, 1);
}

static void test_version_negotiation(void **state)
{
	(void)state;
	struct dissect *x = quic();
	struct hello h;
	struct quic_seal q = {0};
	struct quic_seal_initial again = first;
	again.version = QUIC_V2;
	send_crypto(x, first, 0, span_first(hello_make(&h, 1500), 900));
	quic_seal_header(&q, 0x80, 0, SCID, DCID);
	quic_seal_bytes(&q, BYTES("\x6b\x33\x43\xcf"));
	deliver(x, DIR_DOWN, &q);
	send_crypto(x, again, 0, hello_make(&h, 800));
	dissect_close(x);
	assert_says(x, "negotiation=1");
	assert_says(x, "sni=www.example.org");
	dissect_free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one_packet),
	    cmocka_unit_test(test_split_and_shuffled),
	    cmocka_unit_test(test_two_datagrams),
	    cmocka_unit_test(test_incomplete),
	    cmocka_unit_test(test_endless),
	    cmocka_unit_test(test_no_hello),
	    cmocka_unit_test(test_repeats),
	    cmocka_unit_test(test_changed_id),
	    cmocka_unit_test(test_retry),
	    cmocka_unit_test(test_second_connection),
	    cmocka_unit_test(test_garbage),
	    cmocka_unit_test(test_not_claimed),
	    cmocka_unit_test(test_prefixes),
	    cmocka_unit_test(test_flow_answered),
	    cmocka_unit_test(test_flow_dies),
	    cmocka_unit_test(test_flow_early),
	    cmocka_unit_test(test_flow_silent),
	    cmocka_unit_test(test_padding),
	    cmocka_unit_test(test_version_negotiation),
	};
	return cmocka_run_group_tests_name("quic", tests, NULL, NULL);
}
