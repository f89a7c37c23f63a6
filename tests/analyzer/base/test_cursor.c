/* Cursors: no read beyond the end, failure that sticks, children that cannot leave their bytes. */
#include "analyzer/base/cursor.h"

#include "tests/support/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const uint8_t numbers[] = {0x01, 0x82, 0x03, 0x84, 0x05, 0x86, 0x07, 0x88, 0x09};

struct reader {
	uint64_t (*read)(struct cursor *c);
	size_t size;
	uint64_t value; /* of the first bytes of `numbers` */
};

static uint64_t read_u8(struct cursor *c)
{
	return cursor_u8(c);
}

static uint64_t read_be16(struct cursor *c)
{
	return cursor_be16(c);
}

static uint64_t read_le16(struct cursor *c)
{
	return cursor_le16(c);
}

static uint64_t read_be24(struct cursor *c)
{
	return cursor_be24(c);
}

static uint64_t read_be32(struct cursor *c)
{
	return cursor_be32(c);
}

static uint64_t read_le32(struct cursor *c)
{
	return cursor_le32(c);
}

static uint64_t read_be64(struct cursor *c)
{
	return cursor_be64(c);
}

static const struct reader readers[] = {
    {read_u8, 1, 0x01},
    {read_be16, 2, 0x0182},
    {read_le16, 2, 0x8201},
    {read_be24, 3, 0x018203},
    {read_be32, 4, 0x01820384},
    {read_le32, 4, 0x84038201},
    {read_be64, 8, UINT64_C(0x0182038405860788)},
};

/* Each reader on each length, at a page that cannot be read. */
static void readers_stop_at_the_end(void **state)
{
	struct guard g = guard_new(sizeof numbers);
	(void)state;
	for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++)
		for (size_t len = 0; len <= sizeof numbers; len++) {
			struct cursor c = cursor_over(guard_place(&g, span_of(numbers, len)));
			uint64_t value = readers[i].read(&c);
			bool enough = len >= readers[i].size;
			assert_int_equal(c.failed, !enough);
			assert_int_equal(cursor_left(&c), enough ? len - readers[i].size : 0);
			/* The two halves of 64 bits are read one by one: a short one is no number, and says so. */
			if (enough)
				assert_true(value == readers[i].value);
			else if (readers[i].size < 8)
				assert_true(value == 0);
		}
	guard_free(&g);
}

static void failure_is_sticky(void **state)
{
	struct cursor c = cursor_over(span_of(numbers, 3));
	(void)state;
	assert_int_equal(cursor_be32(&c), 0);
	assert_true(c.failed);
	/* The three bytes that were there are gone too. */
	assert_int_equal(cursor_u8(&c), 0);
	assert_int_equal(cursor_take(&c, 1).len, 0);
	assert_int_equal(cursor_rest(&c).len, 0);
	assert_true(c.failed);
	assert_true(cursor_seek(&c, 0));
	assert_int_equal(cursor_u8(&c), 1);
	assert_true(c.failed);
}

static void takes_and_skips(void **state)
{
	struct cursor c = cursor_over(span_of(numbers, sizeof numbers));
	(void)state;
	assert_ptr_equal(cursor_take(&c, 2).ptr, numbers);
	cursor_skip(&c, 3);
	assert_int_equal(cursor_offset(&c), 5);
	struct span rest = cursor_rest(&c);
	assert_ptr_equal(rest.ptr, numbers + 5);
	assert_int_equal(rest.len, 4);
	assert_int_equal(cursor_take(&c, 0).len, 0);
	assert_false(c.failed);
	assert_int_equal(cursor_rest(&c).len, 0);
	assert_false(c.failed);
	cursor_skip(&c, SIZE_MAX);
	assert_true(c.failed);
}

static void empty_spans_are_legal(void **state)
{
	struct cursor c = cursor_over(span_of(NULL, 0));
	(void)state;
	assert_int_equal(cursor_left(&c), 0);
	assert_int_equal(cursor_offset(&c), 0);
	assert_int_equal(cursor_take(&c, 0).len, 0);
	assert_true(cursor_seek(&c, 0));
	struct cursor child = cursor_child(&c, 0);
	assert_false(child.failed);
	assert_false(c.failed);
	assert_int_equal(cursor_u8(&c), 0);
	assert_true(c.failed);
}

static void child_keeps_to_its_bytes(void **state)
{
	struct cursor c = cursor_over(span_of(numbers, sizeof numbers));
	(void)state;
	cursor_skip(&c, 1);
	struct cursor child = cursor_child(&c, 2);
	assert_int_equal(cursor_offset(&c), 3);
	assert_int_equal(cursor_left(&child), 2);
	assert_int_equal(cursor_be24(&child), 0);
	assert_true(child.failed);
	assert_false(c.failed);
	assert_int_equal(cursor_u8(&c), 0x84);
	assert_false(cursor_seek(&child, 3));
	assert_true(cursor_seek(&child, 2));

	child = cursor_child(&c, 6);
	assert_true(c.failed);
	assert_true(child.failed);
	assert_int_equal(cursor_left(&child), 0);
	assert_int_equal(cursor_left(&c), 0);
}

static void seeks_from_the_start(void **state)
{
	struct cursor c = cursor_over(span_of(numbers, 4));
	(void)state;
	assert_true(cursor_seek(&c, 3));
	assert_int_equal(cursor_u8(&c), 0x84);
	assert_true(cursor_seek(&c, 0));
	assert_int_equal(cursor_u8(&c), 0x01);
	assert_true(cursor_seek(&c, 4));
	assert_false(c.failed);
	assert_false(cursor_seek(&c, 5));
	assert_true(c.failed);
	assert_int_equal(cursor_left(&c), 0);
	assert_false(cursor_seek(&c, SIZE_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(readers_stop_at_the_end),  cmocka_unit_test(failure_is_sticky),
	    cmocka_unit_test(takes_and_skips),          cmocka_unit_test(empty_spans_are_legal),
	    cmocka_unit_test(child_keeps_to_its_bytes), cmocka_unit_test(seeks_from_the_start),
	};
	return cmocka_run_group_tests_name("cursor", tests, NULL, NULL);
}
