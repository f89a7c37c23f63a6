/* What a request leaves behind for the connections after it (docs/rules.md, F4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/conversation.h"
#include "tests/support/events.h"

#define SECOND_US INT64_C(1000000)

static const char *const wanted[] = {"flow_freeze_bytes", "residual_block", NULL};

static int open_conversation(void **state)
{
	static struct conversation c;
	conversation_open_for(&c, wanted, NULL);
	c.config.min_label = LABEL_WEAK;
	*state = &c;
	return 0;
}

static int close_conversation(void **state)
{
	conversation_close(*state);
	return 0;
}

/* A connection from the next port, so many seconds after the start. */
static void at(struct conversation *c, int64_t second)
{
	conversation_again(c, (uint16_t)(c->client_port + 1), 80);
	c->shift_us = second * SECOND_US;
	c->isn[CLIENT] += (uint32_t)second * 1000; /* a port used again has another number */
}

static uint64_t ask(struct conversation *c, const char *name)
{
	static char request[128];
	struct text t = text_over(request, sizeof request);
	text_printf(&t, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", name);
	conversation_handshake(c);
	return SEND(c, CLIENT, 41000, "PA", request);
}

/* A request that is never acknowledged. Returns its first transmission. */
static uint64_t in_vain(struct conversation *c, int64_t second, const char *name)
{
	at(c, second);
	uint64_t first = ask(c, name);
	for (unsigned i = 0; i < 4; i++)
		SEND(c, CLIENT, 241000 << i, "PA", .bytes = c->next[CLIENT] - 1, .seq = 1);
	return first;
}

static void answered(struct conversation *c, int64_t second, const char *name)
{
	at(c, second);
	ask(c, name);
	SEND(c, SERVER, 81000, "A");
	SEND(c, SERVER, 82000, "PA", .bytes = 400);
}

static uint64_t knock(struct conversation *c, int64_t second, unsigned times)
{
	uint64_t first = 0;
	at(c, second);
	for (unsigned i = 0; i < times; i++) {
		uint64_t frame = SEND(c, CLIENT, i * SECOND_US, "S", .forged = i > 0);
		first = first ? first : frame;
	}
	return first;
}

static size_t residuals(struct conversation *c)
{
	size_t n = 0, count = conversation_findings(c);
	for (size_t i = 0; i < count; i++)
		n += strcmp(c->found->findings[i]->mechanism->id, "residual_block") == 0;
	return n;
}

static const struct finding *residual(struct conversation *c)
{
	for (size_t i = 0; i < conversation_findings(c); i++)
		if (strcmp(c->found->findings[i]->mechanism->id, "residual_block") == 0)
			return c->found->findings[i];
	return NULL;
}

static void a_time_is_measured(void **state)
{
	struct conversation *c = *state;
	in_vain(c, 0, "blocked.example");
	in_vain(c, 20, "control.example");
	in_vain(c, 60, "control.example");
	answered(c, 100, "control.example");
	assert_int_equal(residuals(c), 2);
	const struct finding *f = residual(c);
	assert_int_equal(f->kind, KIND_SYMPTOM);
	assert_int_equal(f->label, LABEL_WEAK);
	assert_string_equal(f->name, "control.example");
	assert_string_equal(finding_detail_value(f, "scope"), "3-tuple");
	assert_string_equal(finding_detail_value(f, "t_last_fail_ms"), "59959");
	assert_string_equal(finding_detail_value(f, "t_first_ok_ms"), "99959");
	assert_string_equal(finding_detail_value(f, "fits"), "cn_http_90");
	assert_string_equal(finding_detail_value(f, "t0_mechanism"), "flow_freeze_bytes");
}

/* Another time, another place in the table. */
static void a_longer_time_fits_others(void **state)
{
	struct conversation *c = *state;
	in_vain(c, 0, "blocked.example");
	knock(c, 100, 1);
	knock(c, 170, 1);
	answered(c, 185, "control.example");
	assert_int_equal(residuals(c), 2);
	assert_string_equal(finding_detail_value(residual(c), "fits"), "cn_fet_180");
}

/* From the same port alone: others pass meanwhile. */
static void the_four_tuple_is_told(void **state)
{
	struct conversation *c = *state;
	in_vain(c, 0, "blocked.example");
	uint16_t port = c->client_port;
	answered(c, 10, "control.example");
	for (unsigned i = 0; i < 2; i++) {
		c->client_port = (uint16_t)(port - 1);
		knock(c, 80 + i * 70, 2);
	}
	c->client_port = (uint16_t)(port - 1);
	answered(c, 330, "control.example");
	assert_int_equal(residuals(c), 2);
	assert_string_equal(finding_detail_value(residual(c), "scope"), "4-tuple");
}

static void one_failure_is_silent(void **state)
{
	struct conversation *c = *state;
	in_vain(c, 0, "blocked.example");
	in_vain(c, 20, "control.example");
	answered(c, 100, "control.example");
	assert_int_equal(residuals(c), 0);
}

/* Names that never get through are blocked themselves. */
static void other_blocked_names_are_silent(void **state)
{
	struct conversation *c = *state;
	in_vain(c, 0, "blocked.example");
	in_vain(c, 20, "forbidden.example");
	in_vain(c, 60, "banned.example");
	answered(c, 100, "control.example");
	assert_int_equal(residuals(c), 0);
}

/* The same name fails for the same reason. */
static void the_same_name_is_silent(void **state)
{
	struct conversation *c = *state;
	in_vain(c, 0, "blocked.example");
	in_vain(c, 20, "blocked.example");
	in_vain(c, 60, "blocked.example");
	answered(c, 100, "control.example");
	assert_int_equal(residuals(c), 0);
}

static void failures_without_a_trigger_are_silent(void **state)
{
	struct conversation *c = *state;
	answered(c, 0, "control.example");
	knock(c, 20, 2);
	knock(c, 60, 2);
	answered(c, 100, "control.example");
	assert_silent(c);
}

static void silence_after_a_trigger_is_open(void **state)
{
	struct conversation *c = *state;
	in_vain(c, 0, "blocked.example");
	uint64_t first = knock(c, 20, 6);
	c->end_ns = c->start_ns + 28 * SECOND_US * 1000;
	assert_int_equal(residuals(c), 1);
	ASSERT_SUSPECTS(residual(c), first, first + 5);
	assert_string_equal(finding_detail_value(residual(c), "t_first_ok_ms"), "");
}

/* G14, and too few SYNs. */
static void short_silence_is_silent(void **state)
{
	struct conversation *c = *state;
	in_vain(c, 0, "blocked.example");
	knock(c, 20, 3);
	knock(c, 40, 6);
	c->end_ns = c->start_ns + 46 * SECOND_US * 1000;
	assert_int_equal(residuals(c), 0);
}

static void late_silence_is_silent(void **state)
{
	struct conversation *c = *state;
	in_vain(c, 0, "blocked.example");
	knock(c, 430, 6);
	c->end_ns = c->start_ns + 460 * SECOND_US * 1000;
	assert_int_equal(residuals(c), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_conversation, close_conversation)
	const struct CMUnitTest tests[] = {
	    TEST(a_time_is_measured),
	    TEST(a_longer_time_fits_others),
	    TEST(the_four_tuple_is_told),
	    TEST(one_failure_is_silent),
	    TEST(other_blocked_names_are_silent),
	    TEST(the_same_name_is_silent),
	    TEST(failures_without_a_trigger_are_silent),
	    TEST(silence_after_a_trigger_is_open),
	    TEST(short_silence_is_silent),
	    TEST(late_silence_is_silent),
	};
#undef TEST
	return cmocka_run_group_tests_name("residual", tests, NULL, NULL);
}
