/* The wall before libtrace, without the readers that stand in front of it. */
#include "tests/analyzer/capture/captures.h"

#include "analyzer/capture/trace.h"

enum { HEADER = 16 };

/* libtrace 3.0.22 writes past its own buffer when it reads a record of more than 65520 bytes. */
static void records_too_long_are_not_shown(void **state)
{
	(void)state;
	struct tracing *t;
	struct err e;
	assert_int_equal(tracing_open(&t, TRACING_ERF, &e), 0);
	for (uint32_t size = TRACING_RECORD_MAX - 2; size <= UINT16_MAX; size++) {
		struct image m = {0};
		struct frame f = {.linktype = 12345};
		image_erf(&m, 2, 4, TEST_SECONDS, (uint16_t)size, 0, UINT16_MAX);
		image_payload(&m, size - HEADER, 1);
		bool shown =
		    tracing_show(t, span_first(image_span(&m), HEADER), span_after(image_span(&m), HEADER), &f);
		assert_int_equal(shown, size <= TRACING_RECORD_MAX);
		assert_int_equal(f.linktype, shown ? LINKTYPE_ETHERNET : 12345);
		assert_int_equal(f.bytes.len, shown ? size - HEADER - 2 : 0);
		image_free(&m);
	}
	tracing_close(t);
	tracing_close(NULL);
}

/* Nothing of a record is left in what is said of the next one. */
static void records_do_not_mix(void **state)
{
	(void)state;
	struct tracing *t;
	struct err e;
	struct image a = {0}, b = {0};
	image_erf(&a, 2, 4, TEST_SECONDS, HEADER + 2 + 60, 0, 64);
	image_payload(&a, 62, 1);
	image_erf(&b, 22, 4, TEST_SECONDS + 1, HEADER + 20, 0, 1500);
	image_payload(&b, 20, 9);
	assert_int_equal(tracing_open(&t, TRACING_ERF, &e), 0);
	for (int i = 0; i < 3; i++) {
		struct frame f = {0};
		assert_true(
		    tracing_show(t, span_first(image_span(&a), HEADER), span_after(image_span(&a), HEADER), &f));
		assert_int_equal(f.bytes.len, 60);
		assert_int_equal(f.wire_len, 64);
		assert_true(
		    tracing_show(t, span_first(image_span(&b), HEADER), span_after(image_span(&b), HEADER), &f));
		assert_int_equal(f.bytes.len, 20);
		assert_int_equal(f.wire_len, 1500);
		assert_int_equal(f.linktype, LINKTYPE_RAW);
		assert_int_equal(f.bytes.ptr[0], 9);
	}
	tracing_close(t);
	image_free(&a);
	image_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(records_too_long_are_not_shown),
	    cmocka_unit_test(records_do_not_mix),
	};
	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
