/* Times of pcapng interfaces at and beyond every edge. */
#include "tests/analyzer/capture/captures.h"

#include "analyzer/capture/interface.h"

static int64_t time_of(uint8_t resolution, int64_t offset_s, uint64_t stamp)
{
	const struct interface i = {.resolution = resolution, .offset_s = offset_s};
	return interface_time(&i, stamp);
}

static void decimal_resolutions(void **state)
{
	(void)state;
	assert_int_equal(time_of(0, 0, 1600000000), INT64_C(1600000000000000000));
	assert_int_equal(time_of(3, 0, 1600000000123), INT64_C(1600000000123000000));
	assert_int_equal(time_of(6, 0, 1600000000123456), INT64_C(1600000000123456000));
	assert_int_equal(time_of(9, 0, UINT64_C(1600000000123456789)), INT64_C(1600000000123456789));
	assert_int_equal(time_of(12, 0, UINT64_C(1600000000123456789)), INT64_C(1600000000123456));
	assert_int_equal(time_of(127, 0, UINT64_MAX), 0);
}

static void binary_resolutions(void **state)
{
	(void)state;
	assert_int_equal(time_of(0x80, 0, 2), INT64_C(2000000000));
	assert_int_equal(time_of(0x80 | 32, 0, UINT64_C(3) << 31), INT64_C(1500000000));
	assert_int_equal(time_of(0x80 | 63, 0, UINT64_MAX), INT64_C(1999999999));
	assert_int_equal(time_of(0x80 | 127, 0, UINT64_MAX), 0);
}

static void offsets(void **state)
{
	(void)state;
	assert_int_equal(time_of(6, 10, 5), INT64_C(10000005000));
	assert_int_equal(time_of(6, -10, 10000000), 0);
	assert_int_equal(time_of(6, -10, 9999999), FRAME_NO_TIME);
}

static void times_that_do_not_fit(void **state)
{
	(void)state;
	assert_int_equal(time_of(9, 0, INT64_C(9200000000000000000)), INT64_C(9200000000000000000));
	/* What is later leaves no room for the hours that rules add. */
	assert_int_equal(time_of(9, 0, INT64_C(9200000000000000001)), FRAME_NO_TIME);
	assert_int_equal(time_of(9, 0, INT64_MAX), FRAME_NO_TIME);
	assert_int_equal(time_of(6, 0, INT64_MAX / 1000), FRAME_NO_TIME);
	assert_int_equal(time_of(9, 0, (uint64_t)INT64_MAX + 1), FRAME_NO_TIME);
	assert_int_equal(time_of(6, 0, INT64_MAX / 1000 + 1), FRAME_NO_TIME);
	assert_int_equal(time_of(0, 0, UINT64_MAX), FRAME_NO_TIME);
	assert_int_equal(time_of(6, INT64_MAX, 0), FRAME_NO_TIME);
	assert_int_equal(time_of(6, INT64_MIN, 0), FRAME_NO_TIME);
	assert_int_equal(time_of(6, INT64_MIN, UINT64_MAX), FRAME_NO_TIME);
	assert_int_equal(time_of(0x80, INT64_MAX, UINT64_MAX), FRAME_NO_TIME);
}

static void check_sequence_lengths(void **state)
{
	static const uint8_t stated[] = {0, 2, 4, 16, 32, 255}, octets[] = {0, 2, 4, 2, 4, 0};
	(void)state;
	struct interface_table t = {0};
	for (size_t n = 0; n < sizeof stated; n++) {
		struct image m = {0};
		bool nomem;
		image_u32(&m, LINKTYPE_ETHERNET);
		image_u32(&m, 0);
		image_option_number(&m, 13, stated[n], 1);
		const struct interface *i = interface_add(&t, image_span(&m), false, &nomem);
		assert_non_null(i);
		assert_int_equal(i->fcs_len, octets[n]);
		image_free(&m);
	}
	interface_free(&t);
}

static void the_table_is_bounded(void **state)
{
	static const uint8_t body[8] = {1};
	(void)state;
	struct interface_table t = {0};
	bool nomem;
	for (size_t n = 0; n < INTERFACES_MAX; n++)
		assert_non_null(interface_add(&t, span_of(body, sizeof body), false, &nomem));
	assert_null(interface_add(&t, span_of(body, sizeof body), false, &nomem));
	assert_false(nomem);
	assert_non_null(interface_get(&t, INTERFACES_MAX - 1));
	assert_null(interface_get(&t, INTERFACES_MAX));
	assert_null(interface_get(&t, UINT32_MAX));
	interface_reset(&t);
	assert_null(interface_get(&t, 0));
	assert_null(interface_add(&t, span_of(body, 7), false, &nomem));
	interface_free(&t);
}

static void drops_are_capped(void **state)
{
	(void)state;
	struct interface i = {0};
	interface_dropped(&i, UINT64_MAX - 1);
	interface_dropped(&i, 5);
	assert_int_equal(i.drops, UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(decimal_resolutions),
	    cmocka_unit_test(binary_resolutions),
	    cmocka_unit_test(offsets),
	    cmocka_unit_test(times_that_do_not_fit),
	    cmocka_unit_test(check_sequence_lengths),
	    cmocka_unit_test(the_table_is_bounded),
	    cmocka_unit_test(drops_are_capped),
	};
	return cmocka_run_group_tests_name("interface", tests, NULL, NULL);
}
