/* Reassembly: order, holes and conflicts of every shape; any split and order of segments gives the same bytes. */
#include "tests/support/segments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { BUDGET = 4 << 20 };

static struct segments *opened(uint32_t client_isn, uint32_t server_isn)
{
	struct segments *s = segments_new(16, BUDGET, BUDGET);
	segments_handshake(s, client_isn, server_isn);
	return s;
}

static void in_order(void **state)
{
	struct segments *s = opened(1000, 2000);
	(void)state;
	segments_say(s, DIR_UP, "GET / ");
	segments_say(s, DIR_UP, "HTTP/1.1");
	segments_say(s, DIR_DOWN, "200 OK");
	assert_told(s, 0, DIR_UP, "GET / HTTP/1.1");
	assert_told(s, 0, DIR_DOWN, "200 OK");
	assert_int_equal(s->told[0][DIR_UP]->fins, 0);
	segments_bytes(s, DIR_UP, s->next[DIR_UP], span_of(NULL, 0), TCP_FIN);
	segments_bytes(s, DIR_DOWN, s->next[DIR_DOWN], span_text("!"), TCP_FIN);
	assert_told(s, 0, DIR_DOWN, "200 OK!");
	assert_int_equal(s->told[0][DIR_UP]->fins, 1);
	assert_int_equal(s->told[0][DIR_DOWN]->fins, 1);
	segments_free(s);
}

static void reordered(void **state)
{
	struct segments *s = opened(1000, 2000);
	(void)state;
	segments_data(s, DIR_DOWN, 6, "ghi");
	segments_data(s, DIR_DOWN, 3, "def");
	segments_data(s, DIR_DOWN, 9, "jkl");
	assert_int_equal(s->told[0][DIR_DOWN]->calls, 0);
	segments_data(s, DIR_DOWN, 0, "abc");
	assert_told(s, 0, DIR_DOWN, "abcdefghijkl");
	assert_int_equal(s->conflict_count + s->gap_count, 0);
	segments_free(s);
}

/* Some clients send the first byte of a request last. */
static void single_bytes_reordered(void **state)
{
	struct segments *s = opened(1000, 2000);
	(void)state;
	segments_data(s, DIR_UP, 1, "ET /");
	segments_data(s, DIR_UP, 0, "G");
	assert_told(s, 0, DIR_UP, "GET /");
	segments_data(s, DIR_UP, 7, "c");
	segments_data(s, DIR_UP, 6, "b");
	segments_data(s, DIR_UP, 5, "a");
	assert_told(s, 0, DIR_UP, "GET /abc");
	segments_free(s);
}

static void equal_bytes_again(void **state)
{
	struct segments *s = opened(1000, 2000);
	(void)state;
	segments_data(s, DIR_DOWN, 0, "abcdef");
	segments_data(s, DIR_DOWN, 0, "abcdef");
	segments_data(s, DIR_DOWN, 2, "cd");
	segments_data(s, DIR_DOWN, 4, "efgh");
	segments_data(s, DIR_DOWN, 0, "abcdefghij");
	segments_data(s, DIR_DOWN, 12, "mno");
	segments_data(s, DIR_DOWN, 11, "lmnopq");
	segments_data(s, DIR_DOWN, 8, "ijklmnopqrs");
	assert_told(s, 0, DIR_DOWN, "abcdefghijklmnopqrs");
	assert_int_equal(s->conflict_count, 0);
	assert_int_equal(s->told[1][DIR_DOWN]->calls, 0);
	segments_free(s);
}

/* One forged answer at offset 0 first, then a genuine one. */
struct race {
	const char *first, *second;
	uint32_t second_at;
	const char *version0, *version1;
	uint32_t seq, diff; /* of the overlap, relative; of the first difference */
};

static const struct race races[] = {
    {"forged", "honest", 0, "forged", "honest", 0, 0},
    {"forged", "hon", 0, "forged", "hon", 0, 0},
    {"forged", "honest answer", 0, "forged answer", "honest answer", 0, 0},
    {"forged", "forget", 0, "forged", "forget", 0, 5},
    {"forged", "gex", 3, "forged", "gex", 3, 2},
    {"forged", "XYZ and more", 4, "forgedZ and more", "XYZ and more", 4, 0},
    {"forged", "o", 1, "forged", "", 0, 0}, /* one byte again: a probe */
};

static void conflicts_of_every_shape(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof races / sizeof races[0]; i++) {
		const struct race *r = &races[i];
		struct segments *s = opened(0xfffffff0, 0xfffffffa);
		segments_say(s, DIR_UP, "GET");
		segments_data(s, DIR_DOWN, 0, r->first);
		segments_data(s, DIR_DOWN, r->second_at, r->second);
		assert_told(s, 0, DIR_DOWN, r->version0);
		assert_told(s, 1, DIR_DOWN, r->version1);
		bool expected = r->version1[0] != '\0';
		assert_int_equal(s->conflict_count, expected);
		assert_int_equal(stream_counts(s->streams)->conflicts, expected);
		if (expected) {
			const struct told_conflict *t = &s->conflicts[0];
			uint32_t base = s->isn[DIR_DOWN] + 1;
			assert_int_equal(t->dir, DIR_DOWN);
			assert_int_equal(t->c.seq, base + r->seq);
			assert_int_equal(t->c.diff_offset, r->diff);
			assert_int_equal(t->c.turn_offset, r->seq);
			assert_true(t->c.other_spoke && t->c.in_window);
			assert_int_equal(t->c.repeats, 0);
			assert_int_equal(t->c.winner.seq, base);
			assert_int_equal(t->c.winner.len, strlen(r->first));
			assert_int_equal(t->c.loser.seq, base + r->second_at);
			assert_int_equal(t->c.loser.len, strlen(r->second));
			assert_int_equal(t->loser_payload_len, strlen(r->second));
			assert_memory_equal(t->winner, r->first + r->seq, t->c.winner_bytes.len);
			assert_int_equal(t->c.winner.sample.frame.number + 1, t->c.loser.sample.frame.number);
		}
		segments_free(s);
	}
}

/* What waits for a hole came first; what fills the hole, and more, contradicts it. */
static void conflicts_with_waiting_segments(void **state)
{
	struct segments *s = opened(1000, 2000);
	(void)state;
	segments_data(s, DIR_DOWN, 3, "def");
	segments_data(s, DIR_DOWN, 3, "XYZ");
	assert_int_equal(s->conflict_count, 1);
	assert_int_equal(s->conflicts[0].c.seq, 2004);
	assert_int_equal(s->conflicts[0].c.turn_offset, 3);
	segments_data(s, DIR_DOWN, 0, "abcUVWghi");
	assert_int_equal(s->conflict_count, 2);
	assert_int_equal(s->conflicts[1].c.repeats, 1);
	assert_int_equal(s->conflicts[1].c.loser.seq, 2001);
	assert_int_equal(s->conflicts[1].loser_payload_len, 9);
	assert_told(s, 0, DIR_DOWN, "abcdefghi");
	assert_told(s, 1, DIR_DOWN, "abcUVWghi");
	assert_int_equal(s->told[1][DIR_DOWN]->restarts, 2);
	segments_free(s);
}

/* Half was handed on, half waits: the rival is shown whole from where it says it starts. */
static void conflicts_on_both_sides_of_the_position(void **state)
{
	struct segments *s = opened(1000, 2000);
	(void)state;
	segments_data(s, DIR_DOWN, 0, "abc");
	segments_data(s, DIR_DOWN, 6, "ghi");
	segments_data(s, DIR_DOWN, 0, "abcdefGHIjkl");
	assert_told(s, 0, DIR_DOWN, "abcdefghijkl");
	assert_int_equal(s->conflict_count, 1);
	assert_int_equal(s->conflicts[0].c.loser.seq, 2001);
	assert_told(s, 1, DIR_DOWN, "abcdefGHIjkl");
	segments_data(s, DIR_DOWN, 12, "mno");
	assert_told(s, 1, DIR_DOWN, "abcdefGHIjklmno");
	segments_free(s);
}

static void second_version_goes_on(void **state)
{
	struct segments *s = opened(1000, 2000);
	(void)state;
	segments_say(s, DIR_UP, "GET");
	segments_data(s, DIR_DOWN, 0, "FORGED");
	segments_data(s, DIR_DOWN, 0, "hon");  /* lost */
	segments_data(s, DIR_DOWN, 3, "est");  /* lost too */
	segments_data(s, DIR_DOWN, 6, " new"); /* wins */
	segments_data(s, DIR_DOWN, 6, " new"); /* nothing */
	segments_data(s, DIR_DOWN, 10, " end");
	assert_told(s, 0, DIR_DOWN, "FORGED new end");
	assert_told(s, 1, DIR_DOWN, "honest new end");
	assert_int_equal(s->told[1][DIR_DOWN]->restarts, 1);
	assert_int_equal(s->conflict_count, 2);
	assert_int_equal(s->conflicts[1].c.repeats, 1);
	segments_free(s);
}

/* A later piece of the rival may happen to say what the first copy said. */
static void second_version_goes_on_over_equal_bytes(void **state)
{
	struct segments *s = opened(1000, 2000);
	(void)state;
	segments_data(s, DIR_DOWN, 0, "FORGED same");
	segments_data(s, DIR_DOWN, 0, "honest");
	segments_data(s, DIR_DOWN, 6, " same");
	segments_data(s, DIR_DOWN, 11, " end");
	assert_told(s, 1, DIR_DOWN, "honest same end");
	segments_free(s);
}

static void second_version_starts_anew(void **state)
{
	struct segments *s = opened(1000, 2000);
	(void)state;
	segments_data(s, DIR_DOWN, 0, "first!");
	segments_data(s, DIR_DOWN, 0, "second");
	segments_data(s, DIR_DOWN, 0, "third!");
	assert_told(s, 0, DIR_DOWN, "first!");
	assert_told(s, 1, DIR_DOWN, "third!");
	assert_int_equal(s->told[1][DIR_DOWN]->restarts, 2);
	segments_free(s);
}

static void second_version_is_capped(void **state)
{
	static char piece[1001];
	struct segments *s = opened(1000, 2000);
	(void)state;
	memset(piece, 'x', 1000);
	segments_data(s, DIR_DOWN, 0, "forged");
	segments_data(s, DIR_DOWN, 0, "honest");
	for (uint32_t i = 0; i < 100; i++)
		segments_data(s, DIR_DOWN, 6 + i * 1000, piece);
	assert_int_equal(s->told[0][DIR_DOWN]->len, 100006);
	assert_int_equal(s->told[1][DIR_DOWN]->len, STREAM_SECOND_BYTES);
	segments_free(s);
}

static void holes(void **state)
{
	struct segments *s = opened(1000, 2000);
	(void)state;
	segments_data(s, DIR_DOWN, 0, "abc");
	segments_data(s, DIR_DOWN, 5, "fgh");
	segments_ack(s, DIR_UP, 3);
	assert_told(s, 0, DIR_DOWN, "abc");
	segments_ack(s, DIR_UP, 8);
	assert_told(s, 0, DIR_DOWN, "abcfgh");
	assert_int_equal(s->gap_count, 1);
	assert_int_equal(s->gaps[0].gap.missing, 2);
	assert_true(s->gaps[0].gap.acknowledged);
	assert_int_equal(s->gaps[0].after, 3);
	assert_int_equal(s->gaps[0].frame, s->frames);
	/* What the hole held comes too late, and is compared with nothing. */
	segments_data(s, DIR_DOWN, 3, "de");
	segments_data(s, DIR_DOWN, 8, "ijk");
	assert_told(s, 0, DIR_DOWN, "abcfghijk");
	assert_int_equal(s->conflict_count, 0);
	/* Bytes that an acknowledgement released are still the server's. */
	assert_false(s->wrong_dir);
	segments_free(s);
}

static void holes_at_the_end(void **state)
{
	struct segments *s = opened(1000, 2000);
	(void)state;
	segments_data(s, DIR_DOWN, 4, "efg");
	segments_bytes(s, DIR_DOWN, 10, span_text("klm"), TCP_FIN);
	segments_close(s);
	assert_told(s, 0, DIR_DOWN, "efgklm");
	assert_int_equal(s->gap_count, 2);
	assert_int_equal(s->gaps[0].gap.missing, 4);
	assert_int_equal(s->gaps[1].gap.missing, 3);
	assert_false(s->gaps[0].gap.acknowledged || s->gaps[1].gap.acknowledged);
	assert_int_equal(s->told[0][DIR_DOWN]->fins, 1);
	assert_false(s->wrong_dir);
	assert_int_equal(stream_counts(s->streams)->gaps, 2);
	segments_free(s);
}

static void holes_without_a_time(void **state)
{
	struct segments *s = opened(1000, 2000);
	(void)state;
	segments_make(s, DIR_DOWN, TCP_ACK, 2011, 1001, span_text("klm"));
	s->last.frame.ts_ns = FRAME_NO_TIME;
	segments_send(s);
	segments_close(s);
	assert_told(s, 0, DIR_DOWN, "klm");
	segments_free(s);
}

static void too_many_waiting(void **state)
{
	struct segments *s = opened(1000, 2000);
	(void)state;
	for (uint32_t i = 0; i < STREAM_PENDING_MAX; i++)
		segments_data(s, DIR_DOWN, 10 + 4 * i, "xy");
	assert_int_equal(s->told[0][DIR_DOWN]->len, 0);
	segments_data(s, DIR_DOWN, 10 + 4 * STREAM_PENDING_MAX, "xy");
	assert_int_equal(s->gap_count, 1);
	assert_int_equal(s->gaps[0].gap.missing, 10);
	assert_false(s->gaps[0].gap.acknowledged);
	assert_told(s, 0, DIR_DOWN, "xy");
	segments_close(s);
	assert_int_equal(s->told[0][DIR_DOWN]->len, 2 * (STREAM_PENDING_MAX + 1));
	segments_free(s);
}

static void too_much_waiting(void **state)
{
	static char piece[SEGMENT_PAYLOAD_MAX];
	struct segments *s = opened(1000, 2000);
	(void)state;
	memset(piece, 'x', sizeof piece);
	for (uint32_t i = 0; i < 5; i++)
		segments_bytes(s, DIR_DOWN, 10 + i * SEGMENT_PAYLOAD_MAX, span_of(piece, sizeof piece), 0);
	assert_int_equal(s->gap_count, 1);
	assert_int_equal(s->told[0][DIR_DOWN]->len, 5 * SEGMENT_PAYLOAD_MAX);
	segments_free(s);
}

static void fins(void **state)
{
	struct segments *s = opened(1000, 2000);
	(void)state;
	/* The FIN before its data, again, and again behind them. */
	segments_say(s, DIR_UP, "GET");
	segments_bytes(s, DIR_DOWN, 6, span_of(NULL, 0), TCP_FIN);
	segments_bytes(s, DIR_DOWN, 6, span_of(NULL, 0), TCP_FIN);
	segments_bytes(s, DIR_DOWN, 3, span_text("def"), TCP_FIN);
	assert_int_equal(s->told[0][DIR_DOWN]->fins, 0);
	segments_data(s, DIR_DOWN, 0, "abc");
	assert_told(s, 0, DIR_DOWN, "abcdef");
	assert_int_equal(s->told[0][DIR_DOWN]->fins, 1);
	segments_bytes(s, DIR_DOWN, 6, span_of(NULL, 0), TCP_FIN);
	segments_bytes(s, DIR_DOWN, 3, span_text("def"), TCP_FIN);
	assert_int_equal(s->told[0][DIR_DOWN]->fins, 1);
	assert_int_equal(s->told[0][DIR_DOWN]->after_fin, 0);
	assert_int_equal(s->conflict_count + s->gap_count, 0);
	segments_free(s);
}

/* The FIN rides on a segment whose tail waits already. */
static void fin_behind_waiting_bytes(void **state)
{
	struct segments *s = opened(1000, 2000);
	(void)state;
	segments_data(s, DIR_DOWN, 3, "def");
	segments_bytes(s, DIR_DOWN, 0, span_text("abcdef"), TCP_FIN);
	assert_told(s, 0, DIR_DOWN, "abcdef");
	assert_int_equal(s->told[0][DIR_DOWN]->fins, 1);
	segments_free(s);
}

/* A forged answer with FIN, then the genuine one: longer, and going on. */
static void forged_fin_then_genuine_data(void **state)
{
	struct segments *s = opened(1000, 2000);
	(void)state;
	segments_say(s, DIR_UP, "GET");
	segments_bytes(s, DIR_DOWN, 0, span_text("FORGED"), TCP_FIN | TCP_PSH);
	segments_data(s, DIR_DOWN, 0, "honest and");
	segments_data(s, DIR_DOWN, 10, " long");
	assert_told(s, 0, DIR_DOWN, "FORGED");
	assert_int_equal(s->told[0][DIR_DOWN]->fins, 1);
	assert_int_equal(s->told[0][DIR_DOWN]->after_fin, 0);
	assert_told(s, 1, DIR_DOWN, "honest and long");
	assert_int_equal(s->conflict_count, 1);
	segments_free(s);
}

/* A receiver skips the old bytes and takes the FIN behind them (RFC 9293, 3.10.7.4). */
static void a_loser_with_fin_ends_both_versions(void **state)
{
	struct segments *s = opened(1000, 2000);
	(void)state;
	segments_data(s, DIR_DOWN, 0, "honest");
	segments_bytes(s, DIR_DOWN, 0, span_text("FORGED"), TCP_FIN);
	segments_data(s, DIR_DOWN, 6, " end");
	assert_told(s, 0, DIR_DOWN, "honest");
	assert_told(s, 1, DIR_DOWN, "FORGED");
	assert_int_equal(s->told[1][DIR_DOWN]->fins, 1);
	assert_int_equal(s->told[0][DIR_DOWN]->fins, 1);
	segments_free(s);
	/* In the middle of what was said a FIN means nothing. */
	s = opened(1000, 2000);
	segments_data(s, DIR_DOWN, 0, "honest");
	segments_bytes(s, DIR_DOWN, 0, span_text("FORG"), TCP_FIN);
	segments_data(s, DIR_DOWN, 6, " end");
	assert_told(s, 0, DIR_DOWN, "honest end");
	assert_told(s, 1, DIR_DOWN, "FORG");
	assert_int_equal(s->told[0][DIR_DOWN]->fins, 0);
	segments_free(s);
}

static void keep_alives(void **state)
{
	struct segments *s = opened(1000, 2000);
	(void)state;
	segments_data(s, DIR_UP, 0, "abc");
	segments_data(s, DIR_UP, 2, "\x01");
	segments_bytes(s, DIR_UP, 2, span_of("\0", 1), 0);
	segments_data(s, DIR_UP, 5, "fgh");
	segments_data(s, DIR_UP, 7, "\x01"); /* while there is a hole */
	segments_data(s, DIR_UP, 3, "de");
	assert_told(s, 0, DIR_UP, "abcdefgh");
	assert_int_equal(s->conflict_count, 0);
	segments_free(s);
}

static void zero_window_probes(void **state)
{
	struct segments *s = opened(1000, 2000);
	(void)state;
	segments_data(s, DIR_UP, 0, "abc");
	segments_make(s, DIR_DOWN, TCP_ACK, 2001, 1004, span_of(NULL, 0))->tcp_window = 0;
	segments_send(s);
	for (int i = 0; i < 3; i++)
		segments_data(s, DIR_UP, 3, "d");
	/* The window opens: the byte was taken, or was not and comes again. */
	segments_data(s, DIR_UP, 4, "ef");
	segments_data(s, DIR_UP, 3, "defg");
	assert_told(s, 0, DIR_UP, "abcdefg");
	assert_int_equal(s->conflict_count + s->gap_count, 0);
	/* G12: unless it conflicts with later data. */
	segments_data(s, DIR_UP, 7, "X");
	segments_data(s, DIR_UP, 7, "hij");
	assert_int_equal(s->conflict_count, 1);
	segments_free(s);
}

static void bad_checksums(void **state)
{
	struct segments *s = opened(1000, 2000);
	(void)state;
	segments_say(s, DIR_UP, "GET");
	/* The handshake alone shows that the sender's checksums are right. */
	s->bad_checksum = true;
	segments_data(s, DIR_DOWN, 0, "evil");
	s->bad_checksum = false;
	segments_say(s, DIR_DOWN, "good");
	segments_say(s, DIR_DOWN, "data");
	s->bad_checksum = true;
	segments_data(s, DIR_DOWN, 0, "EVIL");
	segments_data(s, DIR_DOWN, 12, "later");
	s->bad_checksum = false;
	segments_data(s, DIR_DOWN, 8, "true");
	segments_data(s, DIR_DOWN, 12, "words");
	assert_told(s, 0, DIR_DOWN, "gooddatatruewords");
	assert_int_equal(s->conflict_count, 0);
	assert_int_equal(s->told[1][DIR_DOWN]->calls, 0);
	segments_free(s);
}

/* What the receiver acknowledged it has taken: an edited capture, whose checksums no longer fit. */
static void acknowledged_all_the_same(void **state)
{
	struct segments *s = opened(1000, 2000);
	(void)state;
	s->bad_checksum = true;
	segments_data(s, DIR_UP, 0, "GET /edited");
	s->bad_checksum = false;
	assert_told(s, 0, DIR_UP, "");
	segments_ack(s, DIR_DOWN, 3);
	assert_told(s, 0, DIR_UP, "");
	segments_ack(s, DIR_DOWN, 11);
	assert_told(s, 0, DIR_UP, "GET /edited");
	/* A genuine copy in its place: the acknowledgement was for that one. */
	s->bad_checksum = true;
	segments_data(s, DIR_UP, 11, "fake");
	s->bad_checksum = false;
	segments_data(s, DIR_UP, 11, "true");
	segments_ack(s, DIR_DOWN, 15);
	assert_told(s, 0, DIR_UP, "GET /editedtrue");
	assert_int_equal(s->conflict_count, 0);
	/* And what was taken so is a rival like any other. */
	s->bad_checksum = true;
	segments_data(s, DIR_DOWN, 0, "forged");
	s->bad_checksum = false;
	segments_ack(s, DIR_UP, 6);
	segments_data(s, DIR_DOWN, 0, "answer");
	assert_int_equal(s->conflict_count, 1);
	assert_int_equal(s->conflicts[0].c.winner.sample.checksum, CHECKSUM_UNKNOWN);
	segments_free(s);
}

/* On the sending host every checksum is wrong: that proves nothing. */
static void offload(void **state)
{
	struct segments *s = segments_new(16, BUDGET, BUDGET);
	(void)state;
	s->bad_checksum = true;
	segments_handshake(s, 1000, 2000);
	segments_say(s, DIR_UP, "GET /");
	segments_data(s, DIR_UP, 0, "POST ");
	segments_say(s, DIR_UP, " more");
	assert_told(s, 0, DIR_UP, "GET / more");
	assert_int_equal(s->conflict_count, 1);
	assert_int_equal(s->conflicts[0].c.loser.sample.checksum, CHECKSUM_BAD);
	segments_free(s);
}

/* A SYN may carry data, and its sequence number is one before them. */
static void data_on_syn(void **state)
{
	struct segments *s = segments_new(16, BUDGET, BUDGET);
	(void)state;
	s->isn[DIR_UP] = 0xffffffff;
	s->isn[DIR_DOWN] = 2000;
	segments_make(s, DIR_UP, TCP_SYN, s->isn[DIR_UP], 0, span_text("fast"));
	segments_send(s);
	segments_make(s, DIR_UP, TCP_SYN, s->isn[DIR_UP], 0, span_text("fast"));
	segments_send(s);
	/* A rival of what the SYN carried. */
	segments_data(s, DIR_UP, 0, "FAST");
	assert_int_equal(s->conflict_count, 1);
	assert_int_equal(s->conflicts[0].c.winner.seq, 0);
	assert_int_equal(s->conflicts[0].c.loser.seq, 0);
	assert_told(s, 1, DIR_UP, "FAST");
	segments_make(s, DIR_DOWN, TCP_SYN | TCP_ACK, 2000, 4, span_text("answer"));
	segments_send(s);
	segments_data(s, DIR_UP, 0, "fast open");
	segments_data(s, DIR_DOWN, 6, "!");
	assert_told(s, 0, DIR_UP, "fast open");
	assert_told(s, 1, DIR_UP, "FAST open");
	assert_told(s, 0, DIR_DOWN, "answer!");
	assert_int_equal(s->conflict_count, 1);
	assert_int_equal(s->gap_count, 0);
	segments_free(s);
}

static void snapped(void **state)
{
	struct segments *s = opened(1000, 2000);
	(void)state;
	segments_make(s, DIR_DOWN, TCP_ACK, 2001, 1001, span_text("abcdefghij"));
	s->last.packet.payload.len = 4;
	s->last.packet.anomalies |= PKT_SNAPPED;
	segments_send(s);
	assert_told(s, 0, DIR_DOWN, "abcd");
	assert_int_equal(s->gap_count, 1);
	assert_int_equal(s->gaps[0].gap.missing, 6);
	segments_data(s, DIR_DOWN, 10, "klm");
	assert_told(s, 0, DIR_DOWN, "abcdklm");
	/* Compared as far as it was captured. */
	segments_data(s, DIR_DOWN, 0, "abcdEFGHIJ");
	assert_int_equal(s->conflict_count, 0);
	segments_data(s, DIR_DOWN, 0, "abcD");
	assert_int_equal(s->conflict_count, 1);
	/* Nothing captured at all, while it waits and at once; the FIN counts all the same. */
	segments_make(s, DIR_DOWN, TCP_ACK | TCP_FIN, 2001 + 20, 1001, span_text("uvwxy"));
	s->last.packet.payload.len = 0;
	s->last.packet.anomalies |= PKT_SNAPPED;
	segments_send(s);
	segments_data(s, DIR_DOWN, 13, "nopqrst");
	assert_told(s, 0, DIR_DOWN, "abcdklmnopqrst");
	assert_int_equal(s->gaps[s->gap_count - 1].gap.missing, 5);
	assert_int_equal(s->told[0][DIR_DOWN]->fins, 1);
	assert_true(s->flow->flags & FLOW_SNAPPED);
	segments_free(s);
}

static void far_away(void **state)
{
	struct segments *s = opened(1000, 2000);
	(void)state;
	segments_data(s, DIR_DOWN, 0, "abc");
	segments_data(s, DIR_DOWN, 1U << 25, "stray");
	segments_data(s, DIR_DOWN, 0x80000000U + 5, "stray");
	segments_data(s, DIR_DOWN, 0x80000000U + 3, "neither before nor behind");
	segments_data(s, DIR_DOWN, 3, "def");
	segments_close(s);
	assert_told(s, 0, DIR_DOWN, "abcdef");
	assert_int_equal(s->gap_count, 0);
	segments_free(s);
}

static void turns(void **state)
{
	struct segments *s = opened(1000, 2000);
	(void)state;
	for (uint32_t i = 0; i < 5; i++) {
		segments_say(s, DIR_UP, "request");
		segments_say(s, DIR_DOWN, "an answer");
		segments_data(s, DIR_DOWN, i * 9 + 3, "ANSWER");
		assert_int_equal(s->conflict_count, i + 1);
		assert_int_equal(s->conflicts[i].c.turn_offset, 3);
		assert_int_equal(s->conflicts[i].c.repeats, i);
		assert_true(s->conflicts[i].c.other_spoke);
	}
	/* Who speaks first answers nobody. */
	segments_free(s);
	s = opened(1000, 2000);
	segments_say(s, DIR_DOWN, "220 hello");
	segments_data(s, DIR_DOWN, 0, "421 wrong");
	assert_int_equal(s->conflict_count, 1);
	assert_false(s->conflicts[0].c.other_spoke);
	segments_free(s);
}

/* Compared are the first segments and bytes of a turn, and no more. */
static void comparison_is_bounded(void **state)
{
	struct segments *s = opened(1000, 2000);
	static char piece[3001];
	(void)state;
	segments_say(s, DIR_UP, "GET");
	for (int i = 0; i < OVERLAP_SEGMENTS + 2; i++)
		segments_say(s, DIR_DOWN, "0123456789");
	segments_data(s, DIR_DOWN, OVERLAP_SEGMENTS * 10, "x123456789");
	assert_int_equal(s->conflict_count, 0);
	segments_data(s, DIR_DOWN, OVERLAP_SEGMENTS * 10 - 10, "x123456789");
	assert_int_equal(s->conflict_count, 1);
	segments_say(s, DIR_UP, "GET");
	memset(piece, 'a', 3000);
	uint32_t at = s->next[DIR_DOWN];
	segments_say(s, DIR_DOWN, piece);
	segments_say(s, DIR_DOWN, piece);
	segments_data(s, DIR_DOWN, at + OVERLAP_BYTES, "bb");
	assert_int_equal(s->conflict_count, 1);
	segments_data(s, DIR_DOWN, at + OVERLAP_BYTES - 1, "bb");
	assert_int_equal(s->conflict_count, 2);
	segments_free(s);
}

static void windows(void **state)
{
	struct segments *s = opened(1000, 2000);
	(void)state;
	segments_make(s, DIR_UP, TCP_ACK, 1001, 2001, span_of(NULL, 0))->tcp_window = 4;
	segments_send(s);
	segments_make(s, DIR_DOWN, TCP_ACK, 2001, 1001, span_text("abcdefgh"));
	segments_send(s);
	segments_data(s, DIR_DOWN, 3, "DEF");
	segments_data(s, DIR_DOWN, 4, "EFG");
	assert_int_equal(s->conflict_count, 2);
	assert_true(s->conflicts[0].c.in_window);
	assert_false(s->conflicts[1].c.in_window);
	segments_free(s);
}

/* Everything over a budget is counted and nothing breaks. */
static void no_room(void **state)
{
	struct segments *s = segments_new(4, 1, 1);
	(void)state;
	segments_handshake(s, 1000, 2000);
	for (uint32_t i = 0; i < 10; i++)
		segments_data(s, DIR_DOWN, 10 + 4 * i, "xy");
	assert_int_equal(stream_counts(s->streams)->pending_refused, 10 - 3);
	segments_data(s, DIR_DOWN, 0, "0123456789");
	assert_told(s, 0, DIR_DOWN, "0123456789xy");
	/* One ring for two directions that both just spoke. */
	segments_data(s, DIR_UP, 0, "up");
	assert_int_equal(stream_counts(s->streams)->rings_evicted, 1);
	segments_data(s, DIR_DOWN, 0, "X12345");
	assert_int_equal(s->conflict_count, 0);
	segments_data(s, DIR_UP, 0, "UP");
	assert_int_equal(s->conflict_count, 1);
	segments_free(s);
}

/*
 * A fixed text, cut at random places, shuffled, and sent in parts more than once in other pieces, is handed on as it is.
 */
static void any_split_and_order(void **state)
{
	enum { LENGTH = 3000, PIECES = 60 };
	uint8_t text[LENGTH];
	uint32_t seed = 1;
	(void)state;
	for (unsigned i = 0; i < LENGTH; i++)
		text[i] = (uint8_t)(i * 31 + i / 256);
	for (uint32_t round = 0; round < 300; round++) {
		struct segments *s = opened(segments_random(&seed) << 8, 0U - segments_random(&seed) % (2 * LENGTH));
		uint32_t from[PIECES], len[PIECES], at = 0, count = 0;
		while (at < LENGTH && count < 40) {
			uint32_t most = count == 39 ? LENGTH : segments_random(&seed) % 4 ? 150 : 2;
			uint32_t n = count == 39 ? LENGTH - at : 1 + segments_random(&seed) % most;
			n = n < LENGTH - at ? n : LENGTH - at;
			from[count] = at;
			len[count++] = n;
			at += n;
		}
		for (uint32_t more = segments_random(&seed) % 20; more > 0; more--) {
			from[count] = segments_random(&seed) % LENGTH;
			uint32_t n = 1 + segments_random(&seed) % 400;
			len[count] = n < LENGTH - from[count] ? n : LENGTH - from[count];
			count++;
		}
		/* How far segments leave their place: not at all to anywhere. */
		uint32_t reach = round % 3 == 0 ? 1 : round % 3 == 1 ? 4 : count;
		for (uint32_t i = count - 1; i > 0; i--) {
			uint32_t j = i - segments_random(&seed) % (reach < i + 1 ? reach : i + 1), f = from[i],
			         l = len[i];
			from[i] = from[j], len[i] = len[j];
			from[j] = f, len[j] = l;
		}
		for (uint32_t i = 0; i < count; i++)
			segments_bytes(s, DIR_DOWN, from[i], span_of(text + from[i], len[i]),
			               from[i] + len[i] == LENGTH ? TCP_FIN : 0);
		assert_told_bytes(s, 0, DIR_DOWN, span_of(text, LENGTH));
		assert_int_equal(s->told[0][DIR_DOWN]->fins, 1);
		assert_int_equal(s->told[0][DIR_DOWN]->after_fin, 0);
		assert_int_equal(s->conflict_count + s->gap_count, 0);
		assert_int_equal(s->told[1][DIR_DOWN]->calls, 0);
		segments_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(in_order),
	    cmocka_unit_test(reordered),
	    cmocka_unit_test(single_bytes_reordered),
	    cmocka_unit_test(equal_bytes_again),
	    cmocka_unit_test(conflicts_of_every_shape),
	    cmocka_unit_test(conflicts_with_waiting_segments),
	    cmocka_unit_test(conflicts_on_both_sides_of_the_position),
	    cmocka_unit_test(second_version_goes_on),
	    cmocka_unit_test(second_version_goes_on_over_equal_bytes),
	    cmocka_unit_test(second_version_starts_anew),
	    cmocka_unit_test(second_version_is_capped),
	    cmocka_unit_test(holes),
	    cmocka_unit_test(holes_at_the_end),
	    cmocka_unit_test(holes_without_a_time),
	    cmocka_unit_test(too_many_waiting),
	    cmocka_unit_test(too_much_waiting),
	    cmocka_unit_test(fins),
	    cmocka_unit_test(fin_behind_waiting_bytes),
	    cmocka_unit_test(forged_fin_then_genuine_data),
	    cmocka_unit_test(a_loser_with_fin_ends_both_versions),
	    cmocka_unit_test(keep_alives),
	    cmocka_unit_test(zero_window_probes),
	    cmocka_unit_test(bad_checksums),
	    cmocka_unit_test(acknowledged_all_the_same),
	    cmocka_unit_test(offload),
	    cmocka_unit_test(data_on_syn),
	    cmocka_unit_test(snapped),
	    cmocka_unit_test(far_away),
	    cmocka_unit_test(turns),
	    cmocka_unit_test(comparison_is_bounded),
	    cmocka_unit_test(windows),
	    cmocka_unit_test(no_room),
	    cmocka_unit_test(any_split_and_order),
	};
	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
