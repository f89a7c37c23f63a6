/* The first payload as bits and printable bytes, at the edges of the five exemptions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "analyzer/net/shape.h"

enum { EX1 = 1, EX2 = 2, EX3 = 4, EX4 = 8, EX5 = 16, LENGTH = 100 };

/* Bytes with four bits set, none printable. */
static void fill(uint8_t *bytes, size_t length)
{
	memset(bytes, 0x8e, length);
}

static unsigned bits(const uint8_t *bytes, size_t length)
{
	struct shape o = shape_of(span_of(bytes, length), (uint32_t)length);
	return shape_exemptions(&o);
}

static void nothing_is_neither(void **state)
{
	(void)state;
	struct shape o = shape_of(span_of(NULL, 0), 0);
	assert_false(shape_looks_encrypted(&o));
}

static void unknown_bytes_look_encrypted(void **state)
{
	uint8_t bytes[LENGTH];
	(void)state;
	fill(bytes, LENGTH);
	struct shape o = shape_of(span_of(bytes, LENGTH), LENGTH);
	assert_int_equal(o.ones, 4 * LENGTH);
	assert_true(shape_looks_encrypted(&o));
	o = shape_of(span_of(bytes, LENGTH - 1), LENGTH); /* cut off */
	assert_false(shape_looks_encrypted(&o));
}

/* 3.4 and 4.6 are exempt, 3.41 and 4.59 are not. */
static void set_bits(void **state)
{
	uint8_t bytes[LENGTH];
	(void)state;
	fill(bytes, LENGTH);
	for (size_t i = 0; i < 60; i++)
		bytes[i] = 0x86; /* 3 bits */
	assert_int_equal(bits(bytes, LENGTH), EX1);
	bytes[0] = 0x8e;
	assert_int_equal(bits(bytes, LENGTH), 0);
	fill(bytes, LENGTH);
	for (size_t i = 0; i < 60; i++)
		bytes[i] = 0x9e; /* 5 bits */
	assert_int_equal(bits(bytes, LENGTH), EX1);
	bytes[0] = 0x8e;
	assert_int_equal(bits(bytes, LENGTH), 0);
}

static void printable_in_front(void **state)
{
	uint8_t bytes[LENGTH];
	(void)state;
	fill(bytes, LENGTH);
	memset(bytes, 'k', 5); /* 5 bits each: the mean stays in between */
	assert_int_equal(bits(bytes, LENGTH), 0);
	bytes[5] = ' ';
	assert_int_equal(bits(bytes, LENGTH), EX2);
	bytes[5] = 0x1f;
	assert_int_equal(bits(bytes, LENGTH), 0);
	bytes[5] = '~';
	assert_int_equal(bits(bytes, LENGTH), EX2);
	bytes[5] = 0x7f;
	assert_int_equal(bits(bytes, LENGTH), 0);
}

/* Every second byte printable is half; one more is over half. */
static void half_of_it_printable(void **state)
{
	uint8_t bytes[LENGTH];
	(void)state;
	fill(bytes, LENGTH);
	for (size_t i = 1; i < LENGTH; i += 2)
		bytes[i] = 'N';
	assert_int_equal(bits(bytes, LENGTH), 0);
	bytes[2] = 'N';
	assert_int_equal(bits(bytes, LENGTH), EX3);
}

static void a_printable_run(void **state)
{
	uint8_t bytes[LENGTH];
	(void)state;
	fill(bytes, LENGTH);
	memset(bytes + 40, 'N', 20);
	assert_int_equal(bits(bytes, LENGTH), 0);
	bytes[60] = 'N';
	assert_int_equal(bits(bytes, LENGTH), EX4);
}

static void known_beginnings(void **state)
{
	static const struct {
		uint8_t bytes[4];
		unsigned bits;
	} cases[] = {
	    {{0x16, 3, 0, 0x8e}, EX5},  {{0x17, 3, 0x0f, 0x8e}, EX5}, {{0x15, 3, 3, 0x8e}, 0},
	    {{0x16, 3, 0x10, 0x8e}, 0}, {{0x16, 2, 3, 0x8e}, 0},      {{'G', 'E', 'T', ' '}, EX5},
	    {{'G', 'E', 'T', '/'}, 0},  {{'P', 'U', 'T', ' '}, EX5},  {{'D', 'E', 'L', ' '}, 0},
	};
	uint8_t bytes[LENGTH];
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		fill(bytes, LENGTH);
		memcpy(bytes, cases[i].bytes, sizeof cases[i].bytes);
		assert_int_equal(bits(bytes, LENGTH), cases[i].bits);
	}
	fill(bytes, LENGTH);
	memcpy(bytes, "HEAD ", 5);
	assert_int_equal(bits(bytes, LENGTH), EX5);
	memcpy(bytes, "POST ", 5);
	assert_int_equal(bits(bytes, LENGTH), EX5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_neither),
	    cmocka_unit_test(unknown_bytes_look_encrypted),
	    cmocka_unit_test(set_bits),
	    cmocka_unit_test(printable_in_front),
	    cmocka_unit_test(half_of_it_printable),
	    cmocka_unit_test(a_printable_run),
	    cmocka_unit_test(known_beginnings),
	};
	return cmocka_run_group_tests_name("shape", tests, NULL, NULL);
}
