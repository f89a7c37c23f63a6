/* Alerts that somebody else sent (docs/rules.md, D3), and those of real servers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/conversation.h"
#include "tests/support/events.h"
#include "tests/support/flights.h"

static const char *const ids[] = {"tls_alert_forged", NULL};

enum { HANDSHAKE_FAILURE = 40, PROTOCOL_VERSION = 70, INTERNAL_ERROR = 80, UNRECOGNIZED_NAME = 112 };

/* Handshake and hello; both sides use timestamps. Returns the hello's frame. */
static uint64_t asked(struct conversation *c, const char *name)
{
	struct flight hello = flight_client_hello(name, 0, 300);
	conversation_handshake(c);
	return SEND(c, CLIENT, 41000, "PA", .raw = hello.bytes, .bytes = hello.len);
}

static uint64_t opened(struct conversation *c)
{
	conversation_open_for(c, ids, NULL);
	c->timestamps[CLIENT] = c->timestamps[SERVER] = true;
	return asked(c, "blocked.example");
}

static uint64_t forged_alert(struct conversation *c, int64_t us, const char *flags, uint8_t description)
{
	struct flight alert = flight_alert(2, description);
	return SEND(c, SERVER, us, flags, .raw = alert.bytes, .bytes = alert.len, .seq = 1, .ttl = 245, .id = 1,
	            .no_options = true, .forged = true);
}

static uint64_t genuine_alert(struct conversation *c, int64_t us, uint8_t level, uint8_t description)
{
	struct flight alert = flight_alert(level, description);
	return SEND(c, SERVER, us, "PA", .raw = alert.bytes, .bytes = alert.len);
}

static uint64_t server_hello(struct conversation *c, int64_t us, int64_t seq)
{
	struct flight answer = flight_server_hello();
	return SEND(c, SERVER, us, "PA", .raw = answer.bytes, .bytes = answer.len, .seq = seq);
}

static void silent(struct conversation *c)
{
	assert_silent(c);
	conversation_close(c);
}

static void an_alert_before_the_server_hello_is_found(void **state)
{
	struct conversation c;
	(void)state;
	uint64_t hello = opened(&c);
	uint64_t alert = forged_alert(&c, 70000, "PA", HANDSHAKE_FAILURE);
	SEND(&c, SERVER, 81000, "A");
	server_hello(&c, 82000, 1);
	const struct finding *f = conversation_finding(&c, "tls_alert_forged");
	ASSERT_SUSPECTS(f, alert);
	assert_int_equal(f->kind, KIND_CONTRADICTION);
	assert_int_equal(finding_term_db(f, "E06"), 25);
	assert_true(f->label >= LABEL_STRONG);
	assert_int_equal(f->trigger.number, hello);
	assert_string_equal(finding_detail_value(f, "alert_desc"), "40");
	assert_string_equal(finding_detail_value(f, "alert_level"), "2");
	assert_string_equal(f->name, "blocked.example");
	assert_true(f->contrast >> ATTEMPT_TURNED_AWAY & 1);
	conversation_close(&c);
}

/* The server was faster. */
static void an_alert_that_loses_the_race_is_found(void **state)
{
	struct conversation c;
	(void)state;
	opened(&c);
	server_hello(&c, 82000, 1);
	uint64_t alert = forged_alert(&c, 83000, "FPA", INTERNAL_ERROR);
	SEND(&c, SERVER, 84000, "A");
	const struct finding *f = conversation_finding(&c, "tls_alert_forged");
	ASSERT_SUSPECTS(f, alert);
	assert_int_equal(finding_term_db(f, "E06"), 25);
	assert_int_equal(c.found->attempts.by_client[0]->outcome, ATTEMPT_ANSWERED);
	conversation_close(&c);
}

/* In line: the genuine answer never comes, and what the client says is dropped. Repeats and a reset come the same way. */
static void an_alert_in_place_of_the_answer_is_found(void **state)
{
	struct conversation c;
	uint64_t frames[3];
	(void)state;
	opened(&c);
	frames[0] = forged_alert(&c, 85000, "FPA", HANDSHAKE_FAILURE);
	frames[1] = forged_alert(&c, 95000, "FPA", HANDSHAKE_FAILURE);
	frames[2] = SEND(&c, SERVER, 96000, "RA", .seq = 9, .ttl = 245);
	for (int i = 0; i < 4; i++)
		SEND(&c, CLIENT, 97000 + i * 300000, "FA", .seq = 301, .ack = 9);
	const struct finding *f = conversation_finding(&c, "tls_alert_forged");
	ASSERT_SUSPECTS(f, frames[0], frames[1], frames[2]);
	assert_terms(f, "E02b 6, E07 4, E11 3");
	assert_int_equal(f->kind, KIND_CONTRADICTION);
	assert_int_equal(f->label, LABEL_MODERATE);
	assert_string_equal(finding_detail_value(f, "untaken"), "1");
	conversation_close(&c);
}

static void an_alert_of_the_servers_own_is_a_symptom(void **state)
{
	static const struct {
		uint8_t description;
		bool contrast;
	} cases[] = {{HANDSHAKE_FAILURE, false}, {UNRECOGNIZED_NAME, false}, {INTERNAL_ERROR, true}};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct conversation c;
		opened(&c);
		SEND(&c, SERVER, 81000, "A");
		genuine_alert(&c, 82000, 2, cases[i].description);
		SEND(&c, CLIENT, 82100, "FA");
		SEND(&c, SERVER, 122000, "FA");
		const struct finding *f = conversation_finding(&c, "tls_alert_forged");
		assert_terms(f, "E11 3");
		assert_int_equal(f->kind, KIND_SYMPTOM);
		assert_int_equal(f->label, LABEL_WEAK);
		assert_true(f->alternatives >> ALT_SERVER_REFUSES & 1);
		assert_int_equal(f->contrast != 0, cases[i].contrast);
		assert_int_equal(c.found->attempts.by_client[0]->outcome, ATTEMPT_TURNED_AWAY);
		conversation_close(&c);
	}
}

/* Proxies that answer SYNs have TTLs of their own; timestamps are kept. */
static void another_way_than_the_synack_is_no_contradiction(void **state)
{
	struct conversation c;
	struct flight alert = flight_alert(2, HANDSHAKE_FAILURE);
	(void)state;
	opened(&c);
	SEND(&c, SERVER, 82000, "PA", .raw = alert.bytes, .bytes = alert.len, .ttl = 240);
	const struct finding *f = conversation_finding(&c, "tls_alert_forged");
	assert_terms(f, "E02b 6, E11 3");
	assert_int_equal(f->kind, KIND_SYMPTOM);
	assert_int_equal(f->label, LABEL_WEAK);
	conversation_close(&c);
}

static void an_alert_at_the_server_is_its_own(void **state)
{
	struct conversation c;
	struct flight hello = flight_client_hello("blocked.example", 0, 300);
	(void)state;
	conversation_open_for(&c, ids, NULL);
	SEND(&c, CLIENT, 0, "S", .ttl = 51);
	SEND(&c, SERVER, 100, "SA", .ttl = 64);
	SEND(&c, CLIENT, 40100, "A", .ttl = 51);
	SEND(&c, CLIENT, 41000, "PA", .raw = hello.bytes, .bytes = hello.len, .ttl = 51);
	genuine_alert(&c, 42000, 2, UNRECOGNIZED_NAME);
	assert_int_equal(conversation_tested(&c, "tls_alert_forged"), 1);
	assert_int_equal(c.found->attempts.by_client[0]->outcome, ATTEMPT_TURNED_AWAY);
	silent(&c);
}

/* RFC 6066, section 3: unrecognized_name may be a warning, and the handshake goes on. */
static void a_warning_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	opened(&c);
	genuine_alert(&c, 82000, 1, UNRECOGNIZED_NAME);
	server_hello(&c, 82100, 0);
	assert_int_equal(conversation_findings(&c), 0);
	assert_int_equal(c.found->attempts.by_client[0]->outcome, ATTEMPT_ANSWERED);
	conversation_close(&c);
}

static void an_alert_later_in_the_handshake_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	opened(&c);
	server_hello(&c, 82000, 0);
	SEND(&c, CLIENT, 83000, "PA", .bytes = 100);
	genuine_alert(&c, 122000, 2, HANDSHAKE_FAILURE);
	silent(&c);
}

static void an_alert_to_nobody_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	conversation_open_for(&c, ids, NULL);
	asked(&c, NULL);
	genuine_alert(&c, 82000, 2, HANDSHAKE_FAILURE);
	silent(&c);
}

/* It judges what the client speaks, not whom it asks for. */
static void a_version_that_is_refused_is_silent(void **state)
{
	struct conversation c;
	(void)state;
	opened(&c);
	genuine_alert(&c, 82000, 2, PROTOCOL_VERSION);
	assert_int_equal(conversation_findings(&c), 0);
	assert_int_equal(c.found->attempts.by_client[0]->outcome, ATTEMPT_TURNED_AWAY);
	conversation_close(&c);
}

/* Alerts sent twice by a real server, and a retransmission, are the same bytes. */
static void a_repeated_alert_is_no_contradiction(void **state)
{
	struct conversation c;
	struct flight alert = flight_alert(2, HANDSHAKE_FAILURE);
	(void)state;
	opened(&c);
	uint64_t first = genuine_alert(&c, 82000, 2, HANDSHAKE_FAILURE);
	SEND(&c, SERVER, 282000, "PA", .raw = alert.bytes, .bytes = alert.len, .seq = 1);
	const struct finding *f = conversation_finding(&c, "tls_alert_forged");
	ASSERT_SUSPECTS(f, first);
	assert_int_equal(f->kind, KIND_SYMPTOM);
	conversation_close(&c);
}

int main(void)
{
	const struct CMUnitTest test_tls_alert[] = {
	    cmocka_unit_test(an_alert_before_the_server_hello_is_found),
	    cmocka_unit_test(an_alert_that_loses_the_race_is_found),
	    cmocka_unit_test(an_alert_in_place_of_the_answer_is_found),
	    cmocka_unit_test(an_alert_of_the_servers_own_is_a_symptom),
	    cmocka_unit_test(another_way_than_the_synack_is_no_contradiction),
	    cmocka_unit_test(an_alert_at_the_server_is_its_own),
	    cmocka_unit_test(a_warning_is_silent),
	    cmocka_unit_test(an_alert_later_in_the_handshake_is_silent),
	    cmocka_unit_test(an_alert_to_nobody_is_silent),
	    cmocka_unit_test(a_version_that_is_refused_is_silent),
	    cmocka_unit_test(a_repeated_alert_is_no_contradiction),
	};
	return cmocka_run_group_tests(test_tls_alert, NULL, NULL);
}
