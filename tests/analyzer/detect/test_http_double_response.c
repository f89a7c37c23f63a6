/* A second answer to one request: what fires, and what only looks like it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/conversation.h"

static const char *const wanted[] = {"http_double_response", NULL};

static const char request[] = "GET / HTTP/1.1\r\nHost: site.example\r\n\r\n";
static const char genuine[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
static const char redirect[] = "HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/\r\nContent-Length: 0\r\n\r\n";
static const char interim[] = "HTTP/1.1 103 Early Hints\r\n\r\n";
static const char timeout[] = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n";

static int open_conversation(void **state)
{
	static struct conversation c;
	conversation_open_for(&c, wanted, NULL);
	conversation_handshake(&c);
	*state = &c;
	return 0;
}

static int close_conversation(void **state)
{
	conversation_close(*state);
	return 0;
}

/* The box's answer first, the server's behind it. Packets 4 to 7 of the capture. */
static void a_second_answer(void **state)
{
	struct conversation *c = *state;
	SEND(c, CLIENT, 41000, "PA", request);
	SEND(c, SERVER, 45000, "PA", redirect, .ttl = 60);
	SEND(c, SERVER, 82000, "PA", genuine);
	SEND(c, CLIENT, 83000, "A");
	const struct finding *f = conversation_finding(c, "http_double_response");
	ASSERT_SUSPECTS(f, 5);
	assert_int_equal(f->kind, KIND_CONTRADICTION);
	assert_int_equal(f->trigger.number, 4);
	assert_true(f->label >= LABEL_MODERATELY_STRONG);
}

static void pipelined_requests(void **state)
{
	struct conversation *c = *state;
	SEND(c, CLIENT, 41000, "PA", request);
	SEND(c, CLIENT, 41100, "PA", request);
	SEND(c, SERVER, 81000, "PA", redirect);
	SEND(c, SERVER, 82000, "PA", genuine);
	assert_silent(c);
}

/* Two requests in a packet of which the capture holds the first (G8). */
static void requests_that_were_cut(void **state)
{
	struct conversation *c = *state;
	SEND(c, CLIENT, 41000, "PA", request, .anomalies = PKT_SNAPPED);
	SEND(c, SERVER, 81000, "PA", redirect);
	SEND(c, SERVER, 82000, "PA", genuine);
	assert_silent(c);
}

static void interim_answers(void **state)
{
	struct conversation *c = *state;
	SEND(c, CLIENT, 41000, "PA", request);
	SEND(c, SERVER, 80000, "PA", interim);
	SEND(c, SERVER, 81000, "PA", genuine);
	SEND(c, SERVER, 82000, "PA", interim);
	assert_silent(c);
}

static void an_idle_connection_given_up(void **state)
{
	struct conversation *c = *state;
	SEND(c, CLIENT, 41000, "PA", request);
	SEND(c, SERVER, 81000, "PA", genuine);
	SEND(c, SERVER, 4000000, "PA", timeout);
	assert_silent(c);
}

static void much_later(void **state)
{
	struct conversation *c = *state;
	SEND(c, CLIENT, 41000, "PA", request);
	SEND(c, SERVER, 81000, "PA", genuine);
	SEND(c, SERVER, 6000000, "PA", redirect);
	assert_silent(c);
}

/* G2: the capture lost a request, which the server has acknowledged. */
static void a_request_that_the_capture_lost(void **state)
{
	struct conversation *c = *state;
	SEND(c, CLIENT, 41000, "PA", request);
	SEND(c, SERVER, 81000, "PA", genuine);
	SEND(c, SERVER, 120000, "PA", redirect, .ack = (int64_t)(2 * sizeof request - 1));
	assert_silent(c);
	assert_int_equal(conversation_tested(c, "http_double_response"), 0);
}

static void a_retransmitted_answer(void **state)
{
	struct conversation *c = *state;
	SEND(c, CLIENT, 41000, "PA", request);
	SEND(c, SERVER, 81000, "PA", genuine);
	SEND(c, SERVER, 382000, "PA", genuine, .seq = 1);
	assert_silent(c);
	assert_int_equal(conversation_tested(c, "http_double_response"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_conversation, close_conversation)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_second_answer),
	    TEST(pipelined_requests),
	    TEST(requests_that_were_cut),
	    TEST(interim_answers),
	    TEST(an_idle_connection_given_up),
	    TEST(much_later),
	    TEST(a_request_that_the_capture_lost),
	    TEST(a_retransmitted_answer),
	};
	return cmocka_run_group_tests_name("http_double_response", tests, NULL, NULL);
}
