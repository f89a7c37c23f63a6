/* dns_name_drop, dns_rcode_injected by content, dns_sinkhole_ip, dns_answer_from_silent_host: what fires, and the look-alikes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "analyzer/detect/dns_log.h"
#include "tests/support/talk.h"

extern const struct detector detector_dns_injection;

enum { MS = 1000, NXDOMAIN = 3, REFUSED = 5, SERVFAIL = 2 };

static int open_world(void **state)
{
	static struct world w;
	world_open(&w, &detector_dns_injection, NULL);
	*state = &w;
	return 0;
}

static int close_world(void **state)
{
	world_close(*state);
	return 0;
}

static struct flow *resolver(struct world *w, const char *address)
{
	return world_flow(w, IPPROTO_UDP, "192.0.2.7", 40000, address, 53);
}

static void hear(struct world *w, struct flow *f, const struct said *s)
{
	talk_ask(w, f, s, 50 * MS);
	world_packet(w, f, DIR_DOWN, 40 * MS);
	talk_answer(w, s);
}

static void hear_address(struct world *w, struct flow *f, const char *name)
{
	hear(w, f, &(struct said){.name = name, .addresses = "198.51.7.9"});
}

static void ask(struct world *w, struct flow *f, const char *name, int after_ms)
{
	talk_ask(w, f, &(struct said){.name = name}, after_ms * MS);
}

/* Time goes by. */
static void wait(struct world *w, struct flow *f, int ms)
{
	world_packet(w, f, DIR_UP, ms * MS);
}

static void finds_a_name_that_gets_no_answer(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w, "198.51.100.53");
	hear_address(w, f, "one.example.net");
	ask(w, f, "www.example.com", 10);
	ask(w, f, "www.example.com", 2500);
	ask(w, f, "www.example.com", 2600);
	hear_address(w, f, "two.example.org");
	wait(w, f, 20000);
	const struct finding *d = world_finding(w, "dns_name_drop");
	assert_non_null(d);
	assert_int_equal(d->kind, KIND_SYMPTOM);
	assert_int_equal(d->label, LABEL_WEAK);
	assert_int_equal(d->contrast, 0);
	assert_int_equal(d->suspect_count, 3);
	assert_int_equal(d->suspects[0].number, 3);
	assert_int_equal(d->suspects[2].number, 5);
	assert_false(d->to_client);
	assert_string_equal(finding_detail_value(d, "transmissions"), "3");
	assert_string_equal(finding_detail_value(d, "controls"), "2");
	assert_int_equal(world_findings(w), 1);
}

/* A resolver library takes a new id and port for every try. */
static void counts_tries_with_new_ids(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w, "198.51.100.53");
	hear_address(w, f, "one.example.net");
	for (uint16_t i = 1; i <= 3; i++)
		talk_ask(w, f, &(struct said){.name = "www.example.com", .id = i}, 2500 * MS);
	wait(w, f, 20000);
	const struct finding *d = world_finding(w, "dns_name_drop");
	assert_non_null(d);
	assert_int_equal(d->suspect_count, 3);
}

static void forgives_a_lost_answer(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w, "198.51.100.53");
	hear_address(w, f, "one.example.net");
	ask(w, f, "www.example.com", 10);
	ask(w, f, "www.example.com", 5000);
	hear_address(w, f, "two.example.org");
	wait(w, f, 20000);
	assert_int_equal(world_findings(w), 0);
}

static void forgives_a_late_answer(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w, "198.51.100.53");
	hear_address(w, f, "one.example.net");
	for (uint16_t i = 1; i <= 3; i++)
		talk_ask(w, f, &(struct said){.name = "www.example.com", .id = i}, 2500 * MS);
	hear(w, f, &(struct said){.name = "www.example.com", .rcode = SERVFAIL, .id = 9});
	wait(w, f, 20000);
	assert_int_equal(world_findings(w), 0);
}

/* Some servers never answer one type of record. */
static void forgives_a_type_without_answer(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w, "198.51.100.53");
	hear_address(w, f, "one.example.net");
	for (uint16_t i = 1; i <= 3; i++)
		talk_ask(w, f, &(struct said){.name = "www.example.com", .type = DNS_TYPE_AAAA, .id = i}, 2500 * MS);
	hear_address(w, f, "www.example.com");
	wait(w, f, 20000);
	assert_int_equal(world_findings(w), 0);
}

static void forgives_a_resolver_that_is_down(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w, "198.51.100.53");
	hear_address(w, f, "one.example.net");
	for (int i = 0; i < 3; i++) {
		ask(w, f, "www.example.com", 10);
		ask(w, f, "www.example.org", 2500);
	}
	wait(w, f, 20000);
	assert_int_equal(world_findings(w), 0);
}

static void forgives_the_end_of_the_capture(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w, "198.51.100.53");
	hear_address(w, f, "one.example.net");
	ask(w, f, "www.example.com", 10);
	ask(w, f, "www.example.com", 1000);
	ask(w, f, "www.example.com", 1000);
	wait(w, f, 2000);
	assert_int_equal(world_findings(w), 0);
}

/* Captured beside the resolver: its own silence is no interference. */
static void forgives_the_resolver_itself(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w, "198.51.100.53");
	talk_ask(w, f, &(struct said){.name = "one.example.net"}, 0);
	world_packet(w, f, DIR_DOWN, MS)->ttl = 64;
	talk_answer(w, &(struct said){.name = "one.example.net", .addresses = "198.51.7.9"});
	for (uint16_t i = 1; i <= 3; i++)
		talk_ask(w, f, &(struct said){.name = "www.example.com", .id = i}, 2500 * MS);
	wait(w, f, 20000);
	assert_int_equal(world_findings(w), 0);
}

/* Another resolver has the name: the zone has servers. */
static void contrasts_a_dropped_name_with_another_resolver(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w, "198.51.100.53"), *g = resolver(w, "198.18.200.53");
	hear_address(w, f, "one.example.net");
	for (uint16_t i = 1; i <= 3; i++)
		talk_ask(w, f, &(struct said){.name = "www.example.com", .id = i}, 2500 * MS);
	hear_address(w, g, "www.example.com");
	wait(w, f, 20000);
	const struct finding *d = world_finding(w, "dns_name_drop");
	assert_non_null(d);
	assert_int_equal(d->contrast, 1U << ATTEMPT_SILENCE);
}

static void finds_a_code_that_another_resolver_contradicts(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w, "198.51.100.53"), *g = resolver(w, "203.0.113.53");
	hear_address(w, f, "one.example.net");
	hear(w, f, &(struct said){.name = "www.example.com", .rcode = NXDOMAIN});
	hear_address(w, g, "www.example.com");
	const struct finding *d = world_finding(w, "dns_rcode_injected");
	assert_non_null(d);
	assert_int_equal(d->kind, KIND_SYMPTOM);
	assert_int_equal(d->label, LABEL_WEAK);
	assert_int_equal(d->suspects[0].number, 4);
	assert_string_equal(finding_detail_value(d, "answered_by"), "203.0.113.53");
	assert_int_equal(world_findings(w), 1);
}

static void believes_codes_that_nobody_contradicts(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w, "198.51.100.53"), *inside = resolver(w, "10.0.0.53");
	struct flow *closed = resolver(w, "203.0.113.53");
	hear_address(w, f, "one.example.net");
	/* Search lists: another name each time. */
	hear(w, f, &(struct said){.name = "www.example.com.corp.example.org", .rcode = NXDOMAIN});
	hear_address(w, f, "www.example.com");
	/* A private view. */
	hear(w, f, &(struct said){.name = "intranet.example.com", .rcode = NXDOMAIN});
	hear_address(w, inside, "intranet.example.com");
	/* A failure, and a second try elsewhere. */
	hear(w, f, &(struct said){.name = "late.example.com", .rcode = SERVFAIL});
	hear_address(w, closed, "late.example.com");
	/* The name is new. */
	hear(w, f, &(struct said){.name = "new.example.com", .rcode = NXDOMAIN});
	hear(w, f, &(struct said){.name = "new.example.com", .addresses = "198.51.7.9", .id = 7});
	assert_int_equal(world_findings(w), 0);
}

/* A resolver that serves nobody from here refuses every name. */
static void believes_a_resolver_that_refuses_all(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w, "198.51.100.53"), *g = resolver(w, "203.0.113.53");
	static const char *const names[] = {"one.example.net", "two.example.org", "three.example.com"};
	for (size_t i = 0; i < 3; i++) {
		hear(w, g, &(struct said){.name = names[i], .rcode = REFUSED});
		hear_address(w, f, names[i]);
	}
	assert_int_equal(world_findings(w), 0);
}

static void a_code_of_the_own_network_accuses_nobody(void **state)
{
	struct world *w = *state;
	struct flow *home = resolver(w, "192.168.1.1"), *g = resolver(w, "203.0.113.53");
	hear_address(w, home, "one.example.net");
	hear(w, home, &(struct said){.name = "ads.example.com", .rcode = NXDOMAIN});
	hear_address(w, g, "ads.example.com");
	const struct finding *d = world_finding(w, "local_interference");
	assert_non_null(d);
	assert_int_equal(d->label, LABEL_NONE);
	assert_int_equal(world_findings(w), 1);
}

static void finds_an_answer_from_a_silent_host(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w, "198.51.100.99");
	static const char *const names[] = {"a.example.net", "b.example.org", "c.example.edu"};
	for (size_t i = 0; i < 3; i++)
		ask(w, f, names[i], 200);
	hear_address(w, f, "www.example.com");
	wait(w, f, 20000);
	const struct finding *d = world_finding(w, "dns_answer_from_silent_host");
	assert_non_null(d);
	assert_int_equal(d->label, LABEL_WEAK);
	assert_int_equal(d->suspect_count, 1);
	assert_string_equal(d->name, "www.example.com");
}

static void believes_a_server_of_one_zone(void **state)
{
	struct world *w = *state;
	struct flow *f = resolver(w, "198.51.100.99");
	static const char *const names[] = {"a.example.com", "b.example.com", "c.example.com"};
	for (size_t i = 0; i < 3; i++)
		ask(w, f, names[i], 200);
	hear_address(w, f, "www.example.com");
	wait(w, f, 20000);
	assert_int_equal(world_findings(w), 0);
}

static void resolve_many(struct world *w, int count)
{
	struct flow *f = resolver(w, "198.51.100.53");
	for (int i = 0; i < count; i++) {
		char name[32];
		snprintf(name, sizeof name, "www.site%d.com", i);
		hear(w, f, &(struct said){.name = name, .addresses = "198.51.9.9"});
	}
}

static void connected(struct world *w, enum attempt_outcome outcome)
{
	struct attempt a = {.client = addr_parse("192.0.2.7"),
	                    .server = addr_parse("198.51.9.9"),
	                    .server_port = 443,
	                    .l4_proto = IPPROTO_TCP,
	                    .outcome = (uint8_t)outcome,
	                    .first_ns = w->now_ns};
	attempts_add(&w->attempts, &a);
}

static void finds_a_sinkhole(void **state)
{
	struct world *w = *state;
	resolve_many(w, 11);
	connected(w, ATTEMPT_NO_HANDSHAKE);
	const struct finding *d = world_finding(w, "dns_sinkhole_ip");
	assert_non_null(d);
	assert_int_equal(d->label, LABEL_WEAK);
	assert_string_equal(finding_detail_value(d, "addr"), "198.51.9.9");
	assert_int_equal(d->suspect_count, 11);
}

static void believes_a_content_network(void **state)
{
	struct world *w = *state;
	resolve_many(w, 15);
	connected(w, ATTEMPT_NO_HANDSHAKE);
	connected(w, ATTEMPT_ANSWERED);
	assert_int_equal(world_findings(w), 0);
}

static void ten_names_are_no_sinkhole(void **state)
{
	struct world *w = *state;
	resolve_many(w, 10);
	connected(w, ATTEMPT_NO_HANDSHAKE);
	assert_int_equal(world_findings(w), 0);
}

static void knows_what_is_registered(void **state)
{
	(void)state;
	assert_string_equal(dns_registrable("a.b.example.com"), "example.com");
	assert_string_equal(dns_registrable("www.example.co.uk"), "example.co.uk");
	assert_string_equal(dns_registrable("co.uk"), "co.uk");
	assert_string_equal(dns_registrable("example"), "example");
	assert_string_equal(dns_registrable("www.vk.ru"), "vk.ru");
	assert_string_equal(dns_registrable(""), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
	    TEST(finds_a_name_that_gets_no_answer),
	    TEST(counts_tries_with_new_ids),
	    TEST(forgives_a_lost_answer),
	    TEST(forgives_a_late_answer),
	    TEST(forgives_a_type_without_answer),
	    TEST(forgives_a_resolver_that_is_down),
	    TEST(forgives_the_end_of_the_capture),
	    TEST(forgives_the_resolver_itself),
	    TEST(contrasts_a_dropped_name_with_another_resolver),
	    TEST(finds_a_code_that_another_resolver_contradicts),
	    TEST(believes_codes_that_nobody_contradicts),
	    TEST(believes_a_resolver_that_refuses_all),
	    TEST(a_code_of_the_own_network_accuses_nobody),
	    TEST(finds_an_answer_from_a_silent_host),
	    TEST(believes_a_server_of_one_zone),
	    TEST(finds_a_sinkhole),
	    TEST(believes_a_content_network),
	    TEST(ten_names_are_no_sinkhole),
	    cmocka_unit_test(knows_what_is_registered),
#undef TEST
	};
	return cmocka_run_group_tests_name("dns_names", tests, NULL, NULL);
}
