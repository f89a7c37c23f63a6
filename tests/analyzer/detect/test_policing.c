/*
 * T1: transfers through a bucket, a shaper, an overflowing queue, random loss, and limits of the ends; beside the sender and beside the
 * receiver. The steps of the rule one by one are in test_bucket.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/bulk.h"
#include "tests/support/events.h"

static const char *const policing[] = {"policing_token_bucket", NULL};

static const struct bulk through_a_bucket = {.host = "blocked.example",
                                             .packets = 600,
                                             .window = 20,
                                             .rtt_us = 100000,
                                             .bucket_bps = 1000000,
                                             .bucket_bytes = 50000};

static const struct finding *found(struct conversation *c, struct bulk b)
{
	conversation_open_for(c, policing, NULL);
	bulk_run(c, &b);
	return conversation_finding(c, "policing_token_bucket");
}

static unsigned long number(const struct finding *f, const char *key)
{
	return strtoul(finding_detail_value(f, key), NULL, 10);
}

static void a_bucket_is_found_beside_the_sender(void **state)
{
	struct conversation c;
	(void)state;
	const struct finding *f = found(&c, through_a_bucket);
	assert_terms(f, "E15 3");
	assert_int_equal(f->label, LABEL_WEAK);
	assert_int_equal(f->kind, KIND_SYMPTOM);
	assert_true(f->to_client);
	assert_int_equal(f->suspect_count, 0);
	assert_true(f->evidence_count > 0);
	assert_string_equal(finding_detail_value(f, "beside"), "sender");
	assert_string_equal(finding_detail_value(f, "code0"), "0");
	assert_in_range(number(f, "rate_bps"), 950000, 1050000);
	assert_in_range(number(f, "burst_bytes"), 50000, 140000);
	assert_int_equal(conversation_tested(&c, "policing_token_bucket"), 1);
	conversation_close(&c);
}

static void a_bucket_is_found_beside_the_receiver_with_half_the_weight(void **state)
{
	struct conversation c;
	struct bulk b = through_a_bucket;
	(void)state;
	b.beside_client = true;
	b.window = 4;
	b.round_us = 20000;
	const struct finding *f = found(&c, b);
	assert_terms(f, "E15 1");
	assert_string_equal(finding_detail_value(f, "beside"), "receiver");
	assert_in_range(number(f, "rate_bps"), 900000, 1100000);
	conversation_close(&c);
}

static void silent(struct bulk b)
{
	struct conversation c;
	for (int beside_client = 0; beside_client < 2; beside_client++) {
		b.beside_client = beside_client;
		found(&c, b);
		assert_silent(&c);
		conversation_close(&c);
	}
}

static void no_loss_is_nothing(void **state)
{
	(void)state;
	silent((struct bulk){.host = "a.example", .packets = 600, .window = 20, .rtt_us = 100000});
}

static void random_loss_is_no_bucket(void **state)
{
	(void)state;
	silent((struct bulk){.host = "a.example", .packets = 600, .window = 20, .rtt_us = 100000, .loss_percent = 10});
}

static void an_overflowing_queue_is_no_bucket(void **state)
{
	(void)state;
	silent((struct bulk){.host = "a.example",
	                     .packets = 600,
	                     .window = 40,
	                     .rtt_us = 50000,
	                     .queue_bps = 1000000,
	                     .queue_bytes = 25000});
}

static void a_shaper_loses_nothing(void **state)
{
	(void)state;
	silent((struct bulk){.host = "a.example", .packets = 600, .window = 40, .rtt_us = 50000, .queue_bps = 1000000});
}

static void a_stream_at_its_own_rate_is_nothing(void **state)
{
	(void)state;
	silent((struct bulk){
	    .host = "a.example", .packets = 300, .window = 10, .rtt_us = 50000, .round_us = 500000, .pushed = true});
}

/* A bucket that a transfer hardly touches: 14 losses. */
static void few_losses_are_not_judged(void **state)
{
	struct conversation c;
	struct bulk b = through_a_bucket;
	(void)state;
	b.packets = 65;
	found(&c, b);
	assert_silent(&c);
	assert_int_equal(conversation_tested(&c, "policing_token_bucket"), 0);
	conversation_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_bucket_is_found_beside_the_sender),
	    cmocka_unit_test(a_bucket_is_found_beside_the_receiver_with_half_the_weight),
	    cmocka_unit_test(no_loss_is_nothing),
	    cmocka_unit_test(random_loss_is_no_bucket),
	    cmocka_unit_test(an_overflowing_queue_is_no_bucket),
	    cmocka_unit_test(a_shaper_loses_nothing),
	    cmocka_unit_test(a_stream_at_its_own_rate_is_nothing),
	    cmocka_unit_test(few_losses_are_not_judged),
	};
	return cmocka_run_group_tests_name("policing", tests, NULL, NULL);
}
