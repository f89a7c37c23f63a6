/* The bus: order of the calls, its limit, and that each reader of a body knows its event. */
#include "analyzer/event/bus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

struct log {
	char called[16];
	size_t count;
};

struct handler {
	struct log *log;
	char name;
};

static void handle(void *context, const struct event *ev)
{
	struct handler *h = context;
	assert_int_equal(ev->type, EV_STREAM_GAP);
	h->log->called[h->log->count++] = h->name;
}

static void calls_in_order(void **state)
{
	struct bus *b = calloc(1, sizeof *b);
	struct log log = {0};
	struct handler first = {&log, 'a'}, second = {&log, 'b'};
	struct event ev = {.type = EV_STREAM_GAP}, other = {.type = EV_FLOW_CLOSE};
	(void)state;
	assert_non_null(b);
	assert_false(bus_wanted(b, EV_STREAM_GAP));
	assert_true(bus_subscribe(b, EV_STREAM_GAP, handle, &first));
	assert_true(bus_subscribe(b, EV_STREAM_GAP, handle, &second));
	assert_true(bus_wanted(b, EV_STREAM_GAP));
	assert_false(bus_wanted(b, EV_FLOW_CLOSE));
	bus_emit(b, &ev);
	bus_emit(b, &other);
	bus_emit(b, &ev);
	assert_string_equal(log.called, "abab");
	free(b);
}

static void is_full_at_its_limit(void **state)
{
	struct bus *b = calloc(1, sizeof *b);
	struct log log = {0};
	struct handler h = {&log, 'a'};
	(void)state;
	assert_non_null(b);
	for (int i = 0; i < BUS_HANDLERS_MAX; i++)
		assert_true(bus_subscribe(b, EV_TLS_ALERT, handle, &h));
	assert_false(bus_subscribe(b, EV_TLS_ALERT, handle, &h));
	assert_true(bus_subscribe(b, EV_HTTP_BODY, handle, &h));
	free(b);
}

/* A reader gives a body to events of its type alone. */
static void readers_know_their_events(void **state)
{
	char body = 0;
	(void)state;
	for (enum event_type t = 0; t < EV_COUNT; t++) {
		struct event ev = {.type = t, .body = &body};
		unsigned readers = 0;
#define BODY(name) readers += event_##name(&ev) != NULL;
		EVENT_BODIES(BODY)
#undef BODY
		assert_int_equal(readers, 1);
		assert_int_equal(event_stream_gap(&ev) != NULL, t == EV_STREAM_GAP);
		assert_int_equal(event_dns_message(&ev) != NULL, t == EV_DNS_MESSAGE);
		assert_true(strlen(event_name(t)) > 3);
	}
	assert_string_equal(event_name(EV_TCP_SYNACK), "TCP_SYNACK");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(calls_in_order),
	    cmocka_unit_test(is_full_at_its_limit),
	    cmocka_unit_test(readers_know_their_events),
	};
	return cmocka_run_group_tests_name("bus", tests, NULL, NULL);
}
