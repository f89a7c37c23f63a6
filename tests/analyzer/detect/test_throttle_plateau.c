/* T2: steady low rates, and whether anything else of the client was faster. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/bulk.h"
#include "tests/support/events.h"

static const char *const plateau[] = {"throttle_plateau", NULL};

/* 300 packets of 1000 bytes at a little less than 128 kbit/s: 20 s. */
static const struct bulk shaped = {
    .host = "blocked.example", .packets = 300, .window = 2, .rtt_us = 20000, .queue_bps = 128000};
static const struct bulk fast = {.host = "other.example", .packets = 300, .window = 40, .rtt_us = 50000};

/* Each on a connection of its own, 10 s after the end of the one before. */
struct plan {
	struct bulk bulk;
	uint8_t server_host;
};

static void play(struct conversation *c, const struct plan *plans, size_t count)
{
	int64_t us = 0;
	conversation_open_for(c, plateau, NULL);
	for (size_t i = 0; i < count; i++) {
		struct bulk b = plans[i].bulk;
		b.start_us = us;
		conversation_again(c, (uint16_t)(40000 + i), plans[i].server_host);
		us = bulk_run(c, &b) + 10000000;
	}
}

static void pair(struct conversation *c, struct bulk slow, struct bulk control)
{
	const struct plan plans[] = {{slow, 80}, {control, 81}};
	play(c, plans, 2);
}

static void a_plateau_with_a_fast_control_is_found(void **state)
{
	struct conversation c;
	(void)state;
	for (int beside_client = 0; beside_client < 2; beside_client++) {
		struct bulk slow = shaped, control = fast;
		slow.beside_client = control.beside_client = beside_client;
		pair(&c, slow, control);
		const struct finding *f = conversation_finding(&c, "throttle_plateau");
		assert_terms(f, "E15b 6, E15c 3");
		assert_int_equal(f->label, LABEL_WEAK);
		assert_string_equal(f->name, "blocked.example");
		assert_string_equal(finding_detail_value(f, "control_name"), "other.example");
		assert_string_equal(finding_detail_value(f, "class"), "95_to_170_kbit");
		assert_int_equal(f->selectivity, SELECT_UNKNOWN);
		assert_true(f->alternatives & 1U << ALT_SERVER_LIMITS);
		/* Shaping: no loss, and beside the sender round trips that grew. */
		assert_string_equal(finding_detail_value(f, "loss_pct"), "0");
		assert_int_equal(strlen(finding_detail_value(f, "rtt_growth")) > 0, !beside_client);
		conversation_close(&c);
	}
}

static void a_bucket_at_that_rate_is_found(void **state)
{
	struct conversation c;
	(void)state;
	struct bulk slow = shaped;
	slow.queue_bps = 0;
	slow.window = 10;
	slow.bucket_bps = 128000;
	slow.bucket_bytes = 10000;
	slow.round_us = 200000;
	pair(&c, slow, fast);
	const struct finding *f = conversation_finding(&c, "throttle_plateau");
	assert_terms(f, "E15b 6, E15c 3");
	assert_true(strtoul(finding_detail_value(f, "loss_pct"), NULL, 10) > 10);
	conversation_close(&c);
}

static void silent(struct bulk slow, struct bulk control)
{
	struct conversation c;
	for (int beside_client = 0; beside_client < 2; beside_client++) {
		slow.beside_client = control.beside_client = beside_client;
		pair(&c, slow, control);
		assert_silent(&c);
		conversation_close(&c);
	}
}

/* A radio link. */
static void nothing_is_said_when_everything_is_slow(void **state)
{
	(void)state;
	struct bulk control = shaped;
	control.host = "other.example";
	control.queue_bps = 600000;
	silent(shaped, control);
}

static void the_same_name_is_no_control(void **state)
{
	(void)state;
	struct bulk control = fast;
	control.host = "blocked.example";
	silent(shaped, control);
}

static void a_control_two_minutes_later_is_none(void **state)
{
	struct conversation c;
	(void)state;
	const struct bulk small = {.host = "small.example", .packets = 2, .window = 2, .rtt_us = 50000};
	struct bulk later = fast;
	conversation_open_for(&c, plateau, NULL);
	struct bulk slow = shaped;
	int64_t us = bulk_run(&c, &slow);
	conversation_again(&c, 40001, 82);
	struct bulk between = small;
	between.start_us = us + 1000000;
	bulk_run(&c, &between);
	conversation_again(&c, 40002, 81);
	later.start_us = us + 120000000;
	bulk_run(&c, &later);
	assert_silent(&c);
	conversation_close(&c);
}

static void a_faster_plateau_is_none(void **state)
{
	(void)state;
	struct bulk slow = shaped;
	slow.window = 10;
	slow.packets = 1200;
	slow.queue_bps = 600000;
	silent(slow, fast);
}

static void nine_seconds_are_too_short(void **state)
{
	(void)state;
	struct bulk slow = shaped;
	slow.packets = 150;
	silent(slow, fast);
}

/* Web radio: as many bytes a second as the song has. */
static void a_stream_of_pushed_packets_is_none(void **state)
{
	(void)state;
	silent((struct bulk){.host = "radio.example",
	                     .packets = 320,
	                     .window = 2,
	                     .rtt_us = 50000,
	                     .round_us = 125000,
	                     .pushed = true},
	       fast);
}

/* The same with a bigger buffer: bursts and pauses, and nobody misses anything. */
static void a_stream_of_bursts_is_none(void **state)
{
	(void)state;
	silent(
	    (struct bulk){.host = "radio.example", .packets = 320, .window = 16, .rtt_us = 50000, .round_us = 1000000},
	    fast);
}

/* A program that reads slowly: the window is nearly closed. */
static void a_slow_reader_is_none(void **state)
{
	(void)state;
	struct bulk slow = shaped;
	slow.client_window = 10;
	silent(slow, fast);
}

static void random_loss_is_none(void **state)
{
	(void)state;
	silent((struct bulk){.host = "far.example", .packets = 400, .window = 4, .rtt_us = 300000, .loss_percent = 30},
	       fast);
}

/* Three tries of each name, at one address: the name is what differs. */
static void names_at_one_address_carry_a_contrast(void **state)
{
	struct conversation c;
	struct plan plans[12];
	(void)state;
	for (size_t i = 0; i < 12; i++)
		plans[i] = (struct plan){i % 2 ? fast : shaped, 80};
	play(&c, plans, 12);
	assert_int_equal(conversation_findings(&c), 6);
	for (size_t i = 0; i < 6; i++) {
		const struct finding *f = c.found->findings[i];
		assert_int_equal(f->selectivity, SELECT_NAME);
		assert_int_equal(finding_term_db(f, "E10_3"), 9);
		assert_int_equal(f->label, LABEL_MODERATE);
		assert_false(f->alternatives & 1U << ALT_SERVER_LIMITS);
	}
	conversation_close(&c);
}

/* At two addresses a server may limit: half, and nothing is called selective. */
static void names_at_other_addresses_count_half(void **state)
{
	struct conversation c;
	struct plan plans[12];
	(void)state;
	for (size_t i = 0; i < 12; i++)
		plans[i] = (struct plan){i % 2 ? fast : shaped, i % 2 ? 81 : 80};
	play(&c, plans, 12);
	assert_int_equal(conversation_findings(&c), 6);
	for (size_t i = 0; i < 6; i++) {
		const struct finding *f = c.found->findings[i];
		assert_int_equal(f->selectivity, SELECT_UNKNOWN);
		assert_int_equal(finding_term_db(f, "E10_3"), 4);
		assert_true(f->alternatives & 1U << ALT_SERVER_LIMITS);
	}
	conversation_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_plateau_with_a_fast_control_is_found),
	    cmocka_unit_test(a_bucket_at_that_rate_is_found),
	    cmocka_unit_test(nothing_is_said_when_everything_is_slow),
	    cmocka_unit_test(the_same_name_is_no_control),
	    cmocka_unit_test(a_control_two_minutes_later_is_none),
	    cmocka_unit_test(a_faster_plateau_is_none),
	    cmocka_unit_test(nine_seconds_are_too_short),
	    cmocka_unit_test(a_stream_of_pushed_packets_is_none),
	    cmocka_unit_test(a_stream_of_bursts_is_none),
	    cmocka_unit_test(a_slow_reader_is_none),
	    cmocka_unit_test(random_loss_is_none),
	    cmocka_unit_test(names_at_one_address_carry_a_contrast),
	    cmocka_unit_test(names_at_other_addresses_count_half),
	};
	return cmocka_run_group_tests_name("throttle_plateau", tests, NULL, NULL);
}
