/* Expected values: an independent implementation, checked against CPython, whose string hash is SipHash-1-3. */
#include "analyzer/base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void equals_known_values(void **state)
{
	static const struct {
		size_t len;
		uint64_t hash;
	} known[] = {
	    {0, UINT64_C(0xabac0158050fc4dc)},  {1, UINT64_C(0xc9f49bf37d57ca93)},  {2, UINT64_C(0x82cb9b024dc7d44d)},
	    {3, UINT64_C(0x8bf80ab8e7ddf7fb)},  {7, UINT64_C(0xd3927d989bb11140)},  {8, UINT64_C(0x369095118d299a8e)},
	    {9, UINT64_C(0x25a48eb36c063de4)},  {15, UINT64_C(0xd320d86d2a519956)}, {16, UINT64_C(0xcc4fdd1a7d908b66)},
	    {17, UINT64_C(0x9cf2689063dbd80c)}, {63, UINT64_C(0x9d199062b7bbb3a8)},
	};
	struct hash_key key = {.k0 = UINT64_C(0x0706050403020100), .k1 = UINT64_C(0x0f0e0d0c0b0a0908)};
	uint8_t bytes[64];
	(void)state;
	for (unsigned i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		assert_true(hash_bytes(key, bytes, known[i].len) == known[i].hash);
}

static void takes_the_key_of_zeros(void **state)
{
	static const uint8_t bytes[8] = {0, 1, 2, 3, 4, 5, 6, 7};
	(void)state;
	assert_true(hash_bytes((struct hash_key){0}, bytes, 1) == UINT64_C(0x68a914128e01e473));
	assert_true(hash_bytes((struct hash_key){0}, bytes, 5) == UINT64_C(0x5abe2169dff36275));
	assert_true(hash_bytes((struct hash_key){0}, bytes, 8) == UINT64_C(0xead411e67ebe2eea));
}

static void does_not_ask_for_alignment(void **state)
{
	uint8_t room[40];
	struct hash_key key = {.k0 = 1, .k1 = 2};
	uint64_t expected = 0;
	(void)state;
	for (size_t shift = 0; shift < 8; shift++) {
		for (unsigned i = 0; i < 29; i++)
			room[shift + i] = (uint8_t)(i * 5);
		uint64_t got = hash_bytes(key, room + shift, 29);
		assert_true(shift == 0 || got == expected);
		expected = got;
	}
}

static void random_keys_differ(void **state)
{
	struct hash_key a = hash_key_random(), b = hash_key_random();
	(void)state;
	assert_true(a.k0 != b.k0 || a.k1 != b.k1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(equals_known_values),
	    cmocka_unit_test(takes_the_key_of_zeros),
	    cmocka_unit_test(does_not_ask_for_alignment),
	    cmocka_unit_test(random_keys_differ),
	};
	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
