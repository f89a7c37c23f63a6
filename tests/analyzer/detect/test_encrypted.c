/* Clients cut off for what their first bytes look like (docs/rules.md, D6 and F5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/conversation.h"
#include "tests/support/events.h"

#define SECOND_US INT64_C(1000000)

static const char *const wanted[] = {"fet_block", "proto_whitelist_drop", NULL};

enum { OPENING = 200 };

/* No two alike, four bits set in the mean, few printable. */
static const uint8_t *noise(void)
{
	static uint8_t bytes[OPENING];
	uint32_t x = 12345;
	for (size_t i = 0; i < sizeof bytes; i++) {
		x = x * 1103515245U + 12345U;
		bytes[i] = (uint8_t)(x >> 16);
	}
	bytes[0] = 0x8e;
	return bytes;
}

static int open_conversation(void **state)
{
	static struct conversation c;
	conversation_open_for(&c, wanted, NULL);
	c.server_port = 8388;
	*state = &c;
	return 0;
}

static int close_conversation(void **state)
{
	conversation_close(*state);
	return 0;
}

/* An opening that is sent so often and never acknowledged; returns its first frame. */
static uint64_t in_vain(struct conversation *c, const void *opening, unsigned times)
{
	conversation_handshake(c);
	uint64_t first = SEND(c, CLIENT, 41000, "PA", .raw = opening, .bytes = OPENING);
	for (unsigned i = 0; i + 1 < times; i++)
		SEND(c, CLIENT, 241000 << i, "PA", .raw = opening, .bytes = OPENING, .seq = 1);
	return first;
}

static void end_after(struct conversation *c, int64_t seconds)
{
	c->end_ns = c->start_ns + seconds * INT64_C(1000000000);
}

static void next(struct conversation *c, uint16_t port, int64_t second)
{
	conversation_again(c, port, 80);
	c->shift_us = second * SECOND_US;
}

static void noise_without_an_acknowledgement_is_found(void **state)
{
	struct conversation *c = *state;
	uint64_t first = in_vain(c, noise(), 4);
	end_after(c, 7);
	const struct finding *f = conversation_finding(c, "fet_block");
	ASSERT_SUSPECTS(f, first, first + 3);
	assert_int_equal(f->kind, KIND_SYMPTOM);
	assert_int_equal(f->label, LABEL_WEAK);
	assert_string_equal(finding_detail_value(f, "exempt_bits"), "0");
	assert_string_equal(finding_detail_value(f, "payload_length"), "200");
	assert_string_equal(finding_detail_value(f, "in_window"), "no"); /* of November 2023 */
	assert_int_equal(conversation_findings(c), 1);
}

static void an_exempt_opening_is_silent(void **state)
{
	uint8_t opening[OPENING];
	struct conversation *c = *state;
	memcpy(opening, noise(), OPENING);
	memcpy(opening, "SSH-2.", 6);
	in_vain(c, opening, 4);
	end_after(c, 7);
	assert_silent(c);
}

static void an_acknowledged_opening_is_silent(void **state)
{
	struct conversation *c = *state;
	in_vain(c, noise(), 4);
	SEND(c, SERVER, 3 * SECOND_US, "A");
	end_after(c, 20);
	assert_silent(c);
}

/* G14 */
static void the_end_of_the_capture_is_silent(void **state)
{
	struct conversation *c = *state;
	in_vain(c, noise(), 4);
	end_after(c, 6);
	assert_silent(c);
}

/* Three that look encrypted stall, three others pass, at the time when that filter was at work: moderate. */
static void compare(struct conversation *c, int64_t start_ns, unsigned passing)
{
	c->start_ns = start_ns;
	for (unsigned i = 0; i < 3; i++) {
		next(c, (uint16_t)(41000 + i), 10 * i);
		in_vain(c, noise(), 4);
	}
	for (unsigned i = 0; i < passing; i++) {
		next(c, (uint16_t)(42000 + i), 30 + i);
		conversation_handshake(c);
		SEND(c, CLIENT, 41000, "PA", "SSH-2.0-client\r\n");
		SEND(c, SERVER, 81000, "PA", "SSH-2.0-server\r\n");
	}
	end_after(c, 60);
	assert_int_equal(conversation_findings(c), 3);
}

static void three_against_three_are_moderate(void **state)
{
	struct conversation *c = *state;
	compare(c, INT64_C(1650000000000000000), 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(c->found->findings[i]->label, LABEL_MODERATE);
}

static void three_against_two_are_weak(void **state)
{
	struct conversation *c = *state;
	compare(c, INT64_C(1650000000000000000), 2);
	assert_int_equal(c->found->findings[0]->label, LABEL_WEAK);
}

static void another_time_is_weak(void **state)
{
	struct conversation *c = *state;
	compare(c, INT64_C(1690000000000000000), 3);
	assert_int_equal(c->found->findings[0]->label, LABEL_WEAK);
}

/* F5: the server's banner is repeated, since nothing of the client gets through. */
static void one_way_drop(struct conversation *c, const void *opening, bool still)
{
	in_vain(c, opening, 4);
	if (still)
		SEND(c, SERVER, 2 * SECOND_US, "PA", .bytes = 40, .ack = 1);
	end_after(c, 7);
}

static void a_one_way_drop_is_found(void **state)
{
	struct conversation *c = *state;
	c->server_port = 443;
	one_way_drop(c, noise(), true);
	const struct finding *f = conversation_finding(c, "proto_whitelist_drop");
	assert_non_null(f);
	assert_int_equal(f->label, LABEL_WEAK);
	assert_string_equal(finding_detail_value(f, "server_heard_ms"), "1959");
	assert_non_null(conversation_finding(c, "fet_block"));
}

static void a_silent_server_is_no_one_way_drop(void **state)
{
	struct conversation *c = *state;
	c->server_port = 443;
	one_way_drop(c, noise(), false);
	assert_null(conversation_finding(c, "proto_whitelist_drop"));
}

static void another_port_is_no_one_way_drop(void **state)
{
	struct conversation *c = *state;
	one_way_drop(c, noise(), true);
	assert_null(conversation_finding(c, "proto_whitelist_drop"));
}

static void http_is_on_the_list(void **state)
{
	uint8_t opening[OPENING];
	struct conversation *c = *state;
	memset(opening, 'a', sizeof opening);
	memcpy(opening, "GET / HTTP/1.1\r\nX: ", 19);
	c->server_port = 80;
	one_way_drop(c, opening, true);
	assert_silent(c);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_conversation, close_conversation)
	const struct CMUnitTest tests[] = {
	    TEST(noise_without_an_acknowledgement_is_found),
	    TEST(an_exempt_opening_is_silent),
	    TEST(an_acknowledged_opening_is_silent),
	    TEST(the_end_of_the_capture_is_silent),
	    TEST(three_against_three_are_moderate),
	    TEST(three_against_two_are_weak),
	    TEST(another_time_is_weak),
	    TEST(a_one_way_drop_is_found),
	    TEST(a_silent_server_is_no_one_way_drop),
	    TEST(another_port_is_no_one_way_drop),
	    TEST(http_is_on_the_list),
	};
#undef TEST
	return cmocka_run_group_tests_name("encrypted", tests, NULL, NULL);
}
