/* Many literals at once find what a naive search finds, in the same order. */
#include "signatures/automaton.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants the above */
#include <cmocka.h>
#include <stdio.h>

enum { LITERALS = 40, TEXT = 600, ROUNDS = 300 };

/* A fixed sequence, so that a failure can be repeated. */
static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return *seed >> 8;
}

static struct automaton *build(const struct literal *literals, size_t n)
{
	struct automaton *a;
	struct err e;
	assert_int_equal(automaton_build(&a, literals, n, &e), 0);
	return a;
}

/* Marks found[end][value]; pieces are cut at random. */
static void search(const struct automaton *a, struct span text, uint32_t *seed, bool found[TEXT + 1][LITERALS])
{
	uint32_t state = 0;
	size_t at = 0;
	while (at < text.len) {
		size_t piece = 1 + next(seed) % 37;
		struct span rest = span_first(span_after(text, at), piece);
		while (rest.len) {
			bool ends;
			size_t used = automaton_scan(a, &state, rest, &ends);
			at += used;
			rest = span_after(rest, used);
			uint32_t value;
			struct ending it = automaton_ending(a, state);
			while (ends && ending_next(a, &it, &value))
				found[at][value] = true;
		}
	}
}

static void finds_what_naive_search_finds(void **unused)
{
	(void)unused;
	uint32_t seed = 7;
	for (int round = 0; round < ROUNDS; round++) {
		uint8_t pool[LITERALS][8], text[TEXT];
		struct literal literals[LITERALS];
		unsigned letters = round % 3 == 0 ? 256 : 2 + next(&seed) % 5;
		for (uint32_t i = 0; i < LITERALS; i++) {
			size_t len = 1 + next(&seed) % 8;
			for (size_t k = 0; k < len; k++)
				pool[i][k] = (uint8_t)(next(&seed) % letters);
			literals[i] = (struct literal){.bytes = span_of(pool[i], len), .value = i};
		}
		for (size_t i = 0; i < TEXT; i++)
			text[i] = (uint8_t)(next(&seed) % letters);
		struct automaton *a = build(literals, LITERALS);
		static bool found[TEXT + 1][LITERALS];
		memset(found, 0, sizeof(found));
		search(a, span_of(text, TEXT), &seed, found);
		for (size_t end = 1; end <= TEXT; end++)
			for (size_t i = 0; i < LITERALS; i++) {
				size_t len = literals[i].bytes.len;
				bool there = end >= len && memcmp(text + end - len, literals[i].bytes.ptr, len) == 0;
				assert_int_equal(found[end][i], there);
			}
		automaton_free(a);
	}
}

static void order_of_endings(void **unused)
{
	(void)unused;
	const struct literal literals[] = {{span_text("c"), 0},
	                                   {span_text("abc"), 1},
	                                   {span_text("bc"), 2},
	                                   {span_text("abc"), 3}};
	struct automaton *a = build(literals, 4);
	uint32_t state = 0, value;
	bool ends;
	assert_int_equal(automaton_scan(a, &state, span_text("xabcx"), &ends), 4);
	assert_true(ends);
	static const uint32_t expected[] = {1, 3, 2, 0};
	struct ending it = automaton_ending(a, state);
	for (size_t i = 0; i < 4; i++) {
		assert_true(ending_next(a, &it, &value));
		assert_int_equal(value, expected[i]);
	}
	assert_false(ending_next(a, &it, &value));
	automaton_free(a);
}

static void every_byte_in_use(void **unused)
{
	(void)unused;
	uint8_t bytes[256];
	struct literal literals[256];
	for (uint32_t i = 0; i < 256; i++) {
		bytes[i] = (uint8_t)i;
		literals[i] = (struct literal){span_of(&bytes[i], 1), i};
	}
	struct automaton *a = build(literals, 256);
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t state = 0, value = 0;
		bool ends;
		automaton_scan(a, &state, span_of(&bytes[i], 1), &ends);
		struct ending it = automaton_ending(a, state);
		assert_true(ends && ending_next(a, &it, &value));
		assert_int_equal(value, i);
	}
	automaton_free(a);
}

static void nothing_to_find(void **unused)
{
	(void)unused;
	struct automaton *a = build(NULL, 0);
	uint32_t state = 0;
	bool ends;
	assert_int_equal(automaton_scan(a, &state, span_text("text"), &ends), 4);
	assert_false(ends);
	automaton_free(a);
	automaton_free(NULL);
}

static void deep_states_are_small(void **unused)
{
	(void)unused;
	enum { COUNT = 1500, LENGTH = 40 };
	static uint8_t text[COUNT][LENGTH];
	static struct literal literals[COUNT];
	uint32_t seed = 3;
	for (uint32_t i = 0; i < COUNT; i++) {
		for (size_t k = 0; k < LENGTH; k++)
			text[i][k] = (uint8_t)(' ' + next(&seed) % 95);
		literals[i] = (struct literal){span_of(text[i], LENGTH), i};
	}
	struct automaton *a = build(literals, COUNT);
	print_message("%zu states, %zu bytes\n", automaton_states(a), automaton_bytes(a));
	assert_true(automaton_states(a) > 50000);
	assert_true(automaton_bytes(a) < 8 * 1024 * 1024);
	automaton_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_what_naive_search_finds),
	    cmocka_unit_test(order_of_endings),
	    cmocka_unit_test(every_byte_in_use),
	    cmocka_unit_test(nothing_to_find),
	    cmocka_unit_test(deep_states_are_small),
	};
	return cmocka_run_group_tests_name("automaton", tests, NULL, NULL);
}
