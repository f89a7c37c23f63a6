/* Which machine accepted a connection, by hops; and what a page in question gains from it. Attempts are made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "analyzer/detect/detector.h"
#include "analyzer/detect/path.h"
#include "tests/support/attempts.h"
#include "tests/support/events.h"
#include "tests/support/weights.h"

extern const struct detector detector_proxy;

#define MS INT64_C(1000000)

static struct attempts_made made;

static int forget(void **state)
{
	(void)state;
	attempts_forget(&made);
	return 0;
}

static void accepted(unsigned host, uint16_t port, uint8_t ttl, int64_t rtt_ms)
{
	struct attempt *a = attempts_try(&made, (double)made.tried, host, "site.example", ATTEMPT_ANSWERED);
	a->server_port = port;
	a->synack = (struct attempt_opening){.ttl = ttl, .window = 65160};
	a->rtt_min_ns = rtt_ms < 0 ? -1 : rtt_ms * MS;
}

/* What the first attempt looks like beside the others. */
static int delta(void)
{
	const struct attempt_table *t = attempts_sorted(&made);
	struct path_contrast p = path_nearer(t, &made.log.items[0]);
	return p.other ? p.hop_delta : 0;
}

static void nearer_than_the_other_port(void **state)
{
	(void)state;
	accepted(1, 80, 59, 26);
	accepted(1, 443, 51, 43);
	assert_int_equal(delta(), -8);
}

static void other_initial_values_are_no_hops(void **state)
{
	(void)state;
	accepted(1, 80, 123, 26); /* five hops from 128, as the other from 64 */
	accepted(1, 443, 59, 43);
	assert_int_equal(delta(), 0);
}

static void farther_or_as_far(void **state)
{
	(void)state;
	accepted(1, 80, 51, 43);
	accepted(1, 443, 59, 26);
	assert_int_equal(delta(), 0);
	attempts_forget(&made);
	accepted(1, 80, 52, 26); /* one hop: paths differ by as much */
	accepted(1, 443, 51, 43);
	assert_int_equal(delta(), 0);
}

static void fewer_hops_but_no_sooner(void **state)
{
	(void)state;
	accepted(1, 80, 59, 42);
	accepted(1, 443, 51, 43);
	assert_int_equal(delta(), 0);
}

static void others_that_disagree(void **state)
{
	(void)state;
	accepted(1, 80, 59, 26);
	accepted(1, 443, 51, 43);
	accepted(1, 8443, 57, 30);
	assert_int_equal(delta(), 0);
}

static void nothing_to_compare(void **state)
{
	(void)state;
	accepted(1, 80, 59, 26);
	accepted(2, 443, 51, 43);
	accepted(1, 80, 51, 43);
	assert_int_equal(delta(), 0);
}

struct outcome {
	struct candidates candidates;
	struct finding page, *all[1];
	struct weights *weights;
};

/* The detector's conclusion over the attempts, with one page in question that the first of them brought. */
static void conclude(struct outcome *o, enum finding_kind kind, bool terminated_locally)
{
	const struct attempt *a = &made.log.items[0];
	struct err e;
	*o = (struct outcome){.weights = weights_fixture()};
	assert_int_equal(candidates_init(&o->candidates, 10, 0, &e), 0);
	o->page = (struct finding){.mechanism = mechanism_find("http_blockpage"), .kind = kind, .to_client = true};
	finding_attempt(&o->page, a);
	finding_suspect(&o->page, (struct frame_ref){.number = 6});
	o->page.party[0] = (struct frame_ref){.number = 2};
	o->page.party[1] = (struct frame_ref){.number = 6};
	o->page.party_count = 2;
	o->all[0] = &o->page;
	struct conclusion c = {.weights = o->weights,
	                       .attempts = attempts_sorted(&made),
	                       .terminated_locally = terminated_locally,
	                       .findings = o->all,
	                       .finding_count = 1,
	                       .candidates = &o->candidates};
	detector_proxy.conclude(&c);
}

static void outcome_free(struct outcome *o)
{
	candidates_free(&o->candidates);
	weights_free(o->weights);
}

static void a_page_of_a_nearer_machine(void **state)
{
	struct outcome o;
	(void)state;
	accepted(1, 80, 59, 26);
	accepted(1, 443, 51, 43);
	conclude(&o, KIND_SYMPTOM, false);
	assert_int_equal(o.page.term_count, 1);
	assert_string_equal(o.page.terms[0].id, "E02e");
	assert_int_equal(o.page.suspect_count, 2);
	assert_int_equal(o.page.suspects[0].number, 2);
	assert_int_equal(o.candidates.count, 1);
	assert_string_equal(o.candidates.items[0]->mechanism->id, "transparent_proxy");
	/* The request is the client's own. */
	assert_int_equal(o.candidates.items[0]->suspect_count, 0);
	assert_int_equal(o.candidates.items[0]->kind, KIND_INFORMATIONAL);
	outcome_free(&o);
}

static void what_gains_nothing(void **state)
{
	struct outcome o;
	(void)state;
	accepted(1, 80, 59, 26);
	accepted(1, 443, 51, 43);
	conclude(&o, KIND_CONTRADICTION, false); /* one packet of another machine does not make all of them so */
	assert_int_equal(o.page.term_count, 0);
	outcome_free(&o);
	conclude(&o, KIND_MATCH, true); /* a recorder's own TCP */
	assert_int_equal(o.page.term_count, 0);
	assert_int_equal(o.candidates.count, 0);
	outcome_free(&o);
}

#define TEST(name) cmocka_unit_test_teardown(name, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(nearer_than_the_other_port), TEST(other_initial_values_are_no_hops),
	    TEST(farther_or_as_far),          TEST(fewer_hops_but_no_sooner),
	    TEST(others_that_disagree),       TEST(nothing_to_compare),
	    TEST(a_page_of_a_nearer_machine), TEST(what_gains_nothing),
	};
	return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}
