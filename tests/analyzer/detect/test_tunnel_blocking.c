/* Tunnels through a whole shard and the capture pass: openings that stay unanswered, tunnels that fall silent, and what only looks
 * like it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/conversation.h"
#include "tests/support/events.h"

static const char *const wanted[] = {"openvpn_block", "wireguard_block", "snowflake_dtls_block", NULL};

struct world_of_datagrams {
	struct conversation c; /* its shard, weights and capture pass */
	uint16_t client_port, server_port;
	const char *server;
};

static int open_world(void **state)
{
	static struct world_of_datagrams w;
	w = (struct world_of_datagrams){.client_port = 50000, .server_port = 1194, .server = "192.0.2.9"};
	conversation_open_for(&w.c, wanted, NULL);
	*state = &w;
	return 0;
}

static int close_world(void **state)
{
	struct world_of_datagrams *w = *state;
	conversation_close(&w->c);
	return 0;
}

/* A datagram that many seconds after the start. Returns its frame's number. */
static uint64_t say(struct world_of_datagrams *w, double second, enum dir from, const void *bytes, size_t len)
{
	struct conversation *c = &w->c;
	struct frame frame = {.number = ++c->frames,
	                      .ts_ns = c->start_ns + (int64_t)(second * 1e9),
	                      .wire_len = (uint32_t)len + 42,
	                      .linktype = LINKTYPE_ETHERNET};
	struct addr client = addr_parse("10.0.0.1"), server = addr_parse(w->server);
	struct packet p = {
	    .frame = &frame,
	    .clock_ns = frame.ts_ns,
	    .src = from == DIR_UP ? client : server,
	    .dst = from == DIR_UP ? server : client,
	    .sport = from == DIR_UP ? w->client_port : w->server_port,
	    .dport = from == DIR_UP ? w->server_port : w->client_port,
	    .l4_proto = IPPROTO_UDP,
	    .ttl = 64,
	    .has_l4 = true,
	    .ip_id = (uint16_t)c->frames,
	    .payload_len = (uint32_t)len,
	    .payload = span_of(bytes, len),
	};
	c->last_ns = frame.ts_ns > c->last_ns ? frame.ts_ns : c->last_ns;
	shard_packet(c->shard, &p);
	return frame.number;
}

#define SAY(w, second, from, literal) say(w, second, from, literal, sizeof(literal) - 1)

#define SESSION                       "\x01\x02\x03\x04\x05\x06\x07\x08"
#define VPN_RESET                     "\x38" SESSION "\0\0\0\0\0"
#define VPN_GRANT                     "\x40" SESSION "\x01\0\0\0\0" SESSION "\0\0\0\0"
#define VPN_HELLO                     "\x20" SESSION "\0\0\0\0\x01\x16\x03\x01"
#define VPN_DATA                      "\x48\0\0\0some ciphertext of a packet"

/* Another place of the client that answers, so that its network was up. */
static void elsewhere(struct world_of_datagrams *w, double second)
{
	struct world_of_datagrams there = *w;
	w->server = "198.51.100.1";
	w->server_port = 9999;
	w->client_port = (uint16_t)(51000 + (int)second);
	SAY(w, second, DIR_UP, "ping");
	SAY(w, second + 0.05, DIR_DOWN, "pong");
	w->server = there.server;
	w->server_port = there.server_port;
	w->client_port = there.client_port;
}

static void openvpn_without_an_answer(void **state)
{
	struct world_of_datagrams *w = *state;
	uint64_t frames[4];
	for (int i = 0; i < 4; i++)
		frames[i] = SAY(w, i * 4, DIR_UP, VPN_RESET);
	elsewhere(w, 13);
	const struct finding *f = conversation_finding(&w->c, "openvpn_block");
	ASSERT_SUSPECTS(f, frames[0], frames[1], frames[2], frames[3]);
	assert_int_equal(f->kind, KIND_SYMPTOM);
	assert_int_equal(f->label, LABEL_WEAK);
}

static void openvpn_silent_after_the_handshake(void **state)
{
	struct world_of_datagrams *w = *state;
	SAY(w, 0, DIR_UP, VPN_RESET);
	SAY(w, 0.1, DIR_DOWN, VPN_GRANT);
	uint64_t first = SAY(w, 0.2, DIR_UP, VPN_HELLO);
	for (int i = 1; i < 4; i++)
		SAY(w, 0.2 + i * 5, DIR_UP, VPN_HELLO);
	elsewhere(w, 3);
	const struct finding *f = conversation_finding(&w->c, "openvpn_block");
	ASSERT_SUSPECTS(f, first);
	assert_int_equal(f->label, LABEL_MODERATE);
}

/* G22: the client had no network; without other traffic the guard says that it was not tested. */
static void a_network_that_was_down(void **state)
{
	struct world_of_datagrams *w = *state;
	for (int i = 0; i < 4; i++)
		SAY(w, i * 4, DIR_UP, VPN_RESET);
	w->server_port = 7777;
	for (int i = 0; i < 4; i++) {
		static const char *const places[] = {"198.51.100.1", "198.51.100.2", "198.51.100.3", "198.51.100.4"};
		w->server = places[i];
		SAY(w, 1 + i, DIR_UP, "ping");
	}
	const struct finding *f = conversation_finding(&w->c, "openvpn_block");
	assert_non_null(f);
	assert_int_equal(f->label, LABEL_NONE);
	assert_true(f->guards_failed & 1U << GUARD_OWN_NETWORK_DOWN);
}

static void nothing_to_test_the_network_by(void **state)
{
	struct world_of_datagrams *w = *state;
	for (int i = 0; i < 4; i++)
		SAY(w, i * 4, DIR_UP, VPN_RESET);
	const struct finding *f = conversation_finding(&w->c, "openvpn_block");
	assert_non_null(f);
	assert_true(f->guards_untested & 1U << GUARD_OWN_NETWORK_DOWN);
}

static void an_answer_at_the_third_attempt(void **state)
{
	struct world_of_datagrams *w = *state;
	for (int i = 0; i < 4; i++)
		SAY(w, i * 4, DIR_UP, VPN_RESET);
	SAY(w, 12.1, DIR_DOWN, VPN_GRANT);
	SAY(w, 12.2, DIR_UP, VPN_HELLO);
	SAY(w, 12.3, DIR_DOWN, VPN_HELLO);
	assert_silent(&w->c);
	assert_int_equal(conversation_tested(&w->c, "openvpn_block"), 1);
}

static void too_short_a_capture(void **state)
{
	struct world_of_datagrams *w = *state;
	for (int i = 0; i < 4; i++)
		SAY(w, i * 2, DIR_UP, VPN_RESET);
	assert_silent(&w->c);
}

/* What worked for long and then ends has other reasons. */
static void a_tunnel_that_worked(void **state)
{
	struct world_of_datagrams *w = *state;
	SAY(w, 0, DIR_UP, VPN_RESET);
	SAY(w, 0.1, DIR_DOWN, VPN_GRANT);
	for (int i = 0; i < 70; i++) {
		SAY(w, 1 + i * 0.1, DIR_UP, VPN_DATA);
		SAY(w, 1.05 + i * 0.1, DIR_DOWN, VPN_DATA);
	}
	for (int i = 0; i < 4; i++)
		SAY(w, 10 + i * 5, DIR_UP, VPN_DATA);
	assert_silent(&w->c);
}

/* G19: a NAT forgets a tunnel that nobody uses. */
static void silence_before_the_silence(void **state)
{
	struct world_of_datagrams *w = *state;
	SAY(w, 0, DIR_UP, VPN_RESET);
	SAY(w, 0.1, DIR_DOWN, VPN_GRANT);
	for (int i = 0; i < 4; i++)
		SAY(w, 61 + i * 5, DIR_UP, VPN_DATA);
	assert_silent(&w->c);
}

static void wireguard_without_a_response(void **state)
{
	struct world_of_datagrams *w = *state;
	static const uint8_t initiation[148] = {1};
	w->server_port = 51820;
	for (int i = 0; i < 3; i++)
		say(w, i * 5, DIR_UP, initiation, sizeof initiation);
	say(w, 15, DIR_UP, initiation, sizeof initiation);
	elsewhere(w, 16);
	const struct finding *f = conversation_finding(&w->c, "wireguard_block");
	assert_non_null(f);
	assert_int_equal(f->suspect_count, 4);
	assert_int_equal(f->label, LABEL_WEAK);
}

static void wireguard_that_answers(void **state)
{
	struct world_of_datagrams *w = *state;
	static const uint8_t initiation[148] = {1}, response[92] = {2}, data[64] = {4};
	w->server_port = 51820;
	for (int i = 0; i < 4; i++) {
		say(w, i * 120, DIR_UP, initiation, sizeof initiation);
		say(w, i * 120 + 0.1, DIR_DOWN, response, sizeof response);
		say(w, i * 120 + 0.2, DIR_UP, data, sizeof data);
	}
	assert_silent(&w->c);
}

#define STUN       "\0\1\0\0\x21\x12\xa4\x42transactions"
#define STUN_REPLY "\1\1\0\0\x21\x12\xa4\x42transactions"
#define DTLS_HELLO "\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\x04\x01\0\0\0"
#define DTLS_REPLY "\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\x04\x02\0\0\0"

static void dtls_behind_stun(void **state)
{
	struct world_of_datagrams *w = *state;
	SAY(w, 0, DIR_UP, STUN);
	SAY(w, 0.1, DIR_DOWN, STUN_REPLY);
	for (int i = 0; i < 5; i++)
		SAY(w, 0.2 + ((1 << i) - 1), DIR_UP, DTLS_HELLO);
	elsewhere(w, 2);
	const struct finding *f = conversation_finding(&w->c, "snowflake_dtls_block");
	assert_non_null(f);
	assert_int_equal(f->suspect_count, 5);
	assert_int_equal(f->label, LABEL_MODERATE); /* STUN was answered: the far end is alive */
}

static void dtls_that_answers(void **state)
{
	struct world_of_datagrams *w = *state;
	for (int i = 0; i < 5; i++)
		SAY(w, 0.2 + ((1 << i) - 1), DIR_UP, DTLS_HELLO);
	SAY(w, 16, DIR_DOWN, DTLS_REPLY);
	assert_silent(&w->c);
	assert_int_equal(conversation_tested(&w->c, "snowflake_dtls_block"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(openvpn_without_an_answer),
	    TEST(openvpn_silent_after_the_handshake),
	    TEST(a_network_that_was_down),
	    TEST(nothing_to_test_the_network_by),
	    TEST(an_answer_at_the_third_attempt),
	    TEST(too_short_a_capture),
	    TEST(a_tunnel_that_worked),
	    TEST(silence_before_the_silence),
	    TEST(wireguard_without_a_response),
	    TEST(wireguard_that_answers),
	    TEST(dtls_behind_stun),
	    TEST(dtls_that_answers),
	};
	return cmocka_run_group_tests_name("tunnel_blocking", tests, NULL, NULL);
}
