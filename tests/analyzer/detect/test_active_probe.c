/* Replays of a client's first bytes: what is one, and what repeats itself for other reasons. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "analyzer/net/stream.h"
#include "tests/support/events.h"

extern const struct detector detector_active_probe;

#define SECOND 1000000

static const uint8_t noise[40] = {0x9e, 0x37, 0x79, 0xb9, 0x7f, 0x4a, 0x7c, 0x15, 0xf3, 0x9c, 0xc0, 0x60, 0x5c, 0xed,
                                  0xc8, 0x34, 0x10, 0x82, 0x27, 0x6b, 0xf3, 0xa2, 0x72, 0x51, 0xf8, 0x6c, 0x6a, 0x11,
                                  0xd0, 0xc1, 0x8e, 0x95, 0x27, 0x67, 0xf0, 0xb1, 0x53, 0xd2, 0x7b, 0x7f};

static int open_world(void **state)
{
	static struct world w;
	world_open(&w, &detector_active_probe, NULL);
	*state = &w;
	return 0;
}

static int close_world(void **state)
{
	world_close(*state);
	return 0;
}

/* A connection from this client to the server, opened with these bytes so many microseconds after the last. */
static uint64_t opens(struct world *w, const char *client, const char *server, const void *bytes, size_t len,
                      int64_t after_us)
{
	static uint16_t port = 40000;
	struct flow *f = world_flow(w, IPPROTO_TCP, client, ++port, server, 8388);
	(void)world_packet(w, f, DIR_UP, after_us);
	struct stream_opening body = {.payload = span_of(bytes, len)};
	world_emit(w, EV_STREAM_OPENING, &body, 0);
	return w->frames;
}

static size_t conclude(struct world *w)
{
	void *runs[] = {w->d.run};
	struct conclusion c = {.weights = w->weights, .runs = runs, .run_count = 1, .candidates = &w->candidates};
	detector_active_probe.conclude(&c);
	return w->candidates.count;
}

static void a_replay_from_another_address(void **state)
{
	struct world *w = *state;
	uint64_t original = opens(w, "192.0.2.1", "198.51.100.1", noise, sizeof noise, 0);
	uint64_t replay = opens(w, "203.0.113.7", "198.51.100.1", noise, sizeof noise, SECOND / 3);
	assert_int_equal(conclude(w), 1);
	const struct finding *f = w->candidates.items[0];
	assert_int_equal(f->kind, KIND_CONTRADICTION);
	assert_int_equal(f->suspects[0].number, replay);
	assert_int_equal(f->evidence[0].number, original);
	assert_string_equal(f->terms[0].id, "E16");
}

static void the_same_client_again(void **state)
{
	struct world *w = *state;
	opens(w, "192.0.2.1", "198.51.100.1", noise, sizeof noise, 0);
	opens(w, "192.0.2.1", "198.51.100.1", noise, sizeof noise, SECOND);
	assert_int_equal(conclude(w), 0);
}

static void another_server(void **state)
{
	struct world *w = *state;
	opens(w, "192.0.2.1", "198.51.100.1", noise, sizeof noise, 0);
	opens(w, "203.0.113.7", "198.51.100.2", noise, sizeof noise, SECOND);
	assert_int_equal(conclude(w), 0);
}

static void one_byte_differs(void **state)
{
	struct world *w = *state;
	uint8_t other[sizeof noise];
	memcpy(other, noise, sizeof noise);
	other[39] ^= 1;
	opens(w, "192.0.2.1", "198.51.100.1", noise, sizeof noise, 0);
	opens(w, "203.0.113.7", "198.51.100.1", other, sizeof other, SECOND);
	assert_int_equal(conclude(w), 0);
}

static void what_repeats_itself(void **state)
{
	struct world *w = *state;
	static const char text[] = "GET /health HTTP/1.1\r\nHost: service.example\r\n\r\n";
	uint8_t hello[sizeof noise];
	memcpy(hello, noise, sizeof noise);
	hello[0] = 0x16;
	hello[1] = 3;
	for (int i = 0; i < 2; i++) {
		const char *client = i ? "203.0.113.7" : "192.0.2.1";
		opens(w, client, "198.51.100.1", text, sizeof text - 1, SECOND);
		opens(w, client, "198.51.100.1", hello, sizeof hello, SECOND);
		opens(w, client, "198.51.100.1", noise, 31, SECOND);
	}
	assert_int_equal(conclude(w), 0);
	assert_int_equal(world_tested(w, "active_probe"), 0);
}

/* A bind to DCE/RPC's endpoint mapper: any two Windows machines send the same one. */
static void a_greeting_without_a_nonce(void **state)
{
	struct world *w = *state;
	static const uint8_t bind[72] = {0x05, 0x00, 0x0b, 0x03, 0x10, 0x00, 0x00, 0x00, 0x48, 0x00, 0x00, 0x00,
	                                 0x01, 0x00, 0x00, 0x00, 0xb8, 0x10, 0xb8, 0x10, 0x00, 0x00, 0x00, 0x00,
	                                 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x08, 0x83, 0xaf, 0xe1,
	                                 0x1f, 0x5d, 0xc9, 0x11, 0x91, 0xa4, 0x08, 0x00, 0x2b, 0x14, 0xa0, 0xfa,
	                                 0x03, 0x00, 0x00, 0x00, 0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11,
	                                 0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60, 0x02, 0x00, 0x00, 0x00};
	opens(w, "192.0.2.1", "198.51.100.1", bind, sizeof bind, 0);
	opens(w, "203.0.113.7", "198.51.100.1", bind, sizeof bind, SECOND);
	assert_int_equal(conclude(w), 0);
	assert_int_equal(world_tested(w, "active_probe"), 0);
}

/* A capture on both sides of a router that translates addresses. */
static void one_packet_before_and_behind_a_router(void **state)
{
	struct world *w = *state;
	opens(w, "192.168.1.7", "198.51.100.1", noise, sizeof noise, 0);
	opens(w, "203.0.113.7", "198.51.100.1", noise, sizeof noise, 40);
	assert_int_equal(conclude(w), 0);
}

static void hours_later(void **state)
{
	struct world *w = *state;
	opens(w, "192.0.2.1", "198.51.100.1", noise, sizeof noise, 0);
	opens(w, "203.0.113.7", "198.51.100.1", noise, sizeof noise, INT64_C(3601) * SECOND);
	assert_int_equal(conclude(w), 0);
}

/* The table of openings is bounded, and what did not fit is counted. */
static void a_full_table(void **state)
{
	struct world *w = *state;
	struct flow *f = world_flow(w, IPPROTO_TCP, "192.0.2.1", 40000, "198.51.100.1", 8388);
	uint8_t bytes[sizeof noise];
	memcpy(bytes, noise, sizeof noise);
	for (uint32_t i = 0; i < 5000; i++) {
		memcpy(bytes + 4, &i, sizeof i);
		(void)world_packet(w, f, DIR_UP, 1);
		struct stream_opening body = {.payload = span_of(bytes, sizeof bytes)};
		world_emit(w, EV_STREAM_OPENING, &body, 0);
	}
	assert_int_equal(w->candidates.dropped, 5000 - 4096);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_replay_from_another_address),
	    TEST(the_same_client_again),
	    TEST(another_server),
	    TEST(one_byte_differs),
	    TEST(what_repeats_itself),
	    TEST(a_greeting_without_a_nonce),
	    TEST(one_packet_before_and_behind_a_router),
	    TEST(hours_later),
	    TEST(a_full_table),
	};
	return cmocka_run_group_tests_name("active_probe", tests, NULL, NULL);
}
