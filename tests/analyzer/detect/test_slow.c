/* Contrasts of rates: whose word counts, and that thousands of slow transfers cost no more than a capture may. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <time.h>

#include "analyzer/detect/slow.h"
#include "tests/support/events.h"

enum { FLOWS = 8000, NAMES = 20, SERVERS = 16 };

static const char *const names[NAMES] = {"a0.example", "a1.example", "a2.example", "a3.example", "a4.example",
                                         "b0.example", "b1.example", "b2.example", "b3.example", "b4.example",
                                         "c0.example", "c1.example", "c2.example", "c3.example", "c4.example",
                                         "d0.example", "d1.example", "d2.example", "d3.example", "d4.example"};

struct scene {
	struct world w;
	struct attempts log[2];
	struct attempt_table table;
	struct finding *findings;
	struct slow *slow;
	size_t count;
};

static struct addr server_of(size_t i)
{
	struct addr a = addr_parse("198.51.100.0");
	a.bytes[3] = (uint8_t)(i % SERVERS);
	return a;
}

/* Transfers of a client; every tenth, or all others, are slow. */
static void play(struct scene *s, size_t flows, bool tenth_is_slow, int64_t apart_ms)
{
	const struct attempts *logs[2] = {&s->log[0], &s->log[1]};
	struct err e;
	s->findings = calloc(flows, sizeof *s->findings);
	s->slow = calloc(flows, sizeof *s->slow);
	for (size_t i = 0; i < flows; i++) {
		bool fast = (i % 10 == 0) != tenth_is_slow;
		struct attempt a = {.client = addr_parse("192.0.2.1"),
		                    .server = server_of(i),
		                    .server_port = 80,
		                    .l4_proto = IPPROTO_TCP,
		                    .outcome = ATTEMPT_ANSWERED,
		                    .name = names[i % NAMES],
		                    .first_ns = (int64_t)i * apart_ms * 1000000,
		                    .frame = {.number = i + 1},
		                    .flow_id = i,
		                    .rate_bps = {0, fast ? 50000000 : 140000}};
		a.last_ns = a.asked_ns = a.first_ns;
		attempts_add(&s->log[i % 2], &a);
		if (fast)
			continue;
		struct finding *f = &s->findings[s->count];
		*f = (struct finding){.mechanism = mechanism_find("throttle_plateau"),
		                      .client = a.client,
		                      .server = a.server,
		                      .server_port = 80,
		                      .flow_id = i,
		                      .name = a.name};
		s->slow[s->count++] = (struct slow){
		    .finding = f, .rate_bps = 140000, .first_ns = a.first_ns, .last_ns = a.first_ns, .dir = DIR_DOWN};
	}
	assert_int_equal(attempt_table_init(&s->table, logs, 2, &e), 0);
	struct conclusion c = {.weights = s->w.weights, .attempts = &s->table};
	slow_contrast(&c, s->slow, s->count);
}

static int open_scene(void **state)
{
	extern const struct detector detector_throttle_plateau;
	struct scene *s = calloc(1, sizeof *s);
	world_open(&s->w, &detector_throttle_plateau, NULL);
	*state = s;
	return 0;
}

static int close_scene(void **state)
{
	struct scene *s = *state;
	world_close(&s->w);
	attempts_free(&s->log[0]);
	attempts_free(&s->log[1]);
	attempt_table_free(&s->table);
	free(s->findings);
	free(s->slow);
	free(s);
	return 0;
}

/* A name that is slow wherever another is fast. */
static void a_name_that_is_slow(void **state)
{
	struct scene *s = *state;
	play(s, 300, true, 6000);
	size_t told = 0;
	for (size_t i = 0; i < s->count; i++)
		told += s->findings[i].term_count == 1;
	assert_int_equal(told, s->count);
}

/* Each with each would be 10^11 steps. */
static void thousands_of_slow_transfers(void **state)
{
	struct scene *s = *state;
	clock_t before = clock();
	play(s, FLOWS, false, 60);
	assert_true((clock() - before) / CLOCKS_PER_SEC < 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_scene, close_scene)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_name_that_is_slow),
	    TEST(thousands_of_slow_transfers),
	};
	return cmocka_run_group_tests_name("slow", tests, NULL, NULL);
}
