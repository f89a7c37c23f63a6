/* Pools: as many objects as the cap, zeroed each time, of any size. */
#include "analyzer/base/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { CAP = 1000 };

static void gives_as_many_as_the_cap(void **state)
{
	struct pool p;
	unsigned char *objects[CAP];
	(void)state;
	pool_init(&p, 40, CAP);
	for (unsigned i = 0; i < CAP; i++) {
		objects[i] = pool_get(&p);
		assert_non_null(objects[i]);
		assert_int_equal((uintptr_t)objects[i] % _Alignof(max_align_t), 0);
		memset(objects[i], (int)(i % 251), 40);
	}
	assert_null(pool_get(&p));
	assert_null(pool_take(&p));
	assert_int_equal(p.alive, CAP);
	for (unsigned i = 0; i < CAP; i++)
		assert_true(objects[i][0] == i % 251 && objects[i][39] == i % 251);
	pool_put(&p, objects[7]);
	assert_int_equal(p.alive, CAP - 1);
	assert_ptr_equal(pool_take(&p), objects[7]);
	assert_null(pool_take(&p));
	pool_free(&p);
	pool_free(&p);
}

static void gives_zeroed_objects_again(void **state)
{
	struct pool p;
	(void)state;
	pool_init(&p, 24, 2);
	unsigned char *object = pool_get(&p);
	memset(object, 0xff, 24);
	pool_put(&p, object);
	assert_ptr_equal(pool_get(&p), object);
	for (int i = 0; i < 24; i++)
		assert_int_equal(object[i], 0);
	pool_free(&p);
}

static void remembers_the_peak(void **state)
{
	struct pool p;
	(void)state;
	pool_init(&p, 8, 10);
	void *a = pool_take(&p), *b = pool_take(&p);
	pool_put(&p, a);
	pool_put(&p, b);
	pool_put(&p, NULL);
	assert_int_equal(p.alive, 0);
	assert_int_equal(p.peak, 2);
	pool_free(&p);
}

static void large_and_tiny_objects(void **state)
{
	struct pool p;
	(void)state;
	pool_init(&p, 1 << 20, 3);
	for (int i = 0; i < 3; i++)
		memset(pool_get(&p), i, 1 << 20);
	assert_null(pool_get(&p));
	pool_free(&p);
	pool_init(&p, 1, 1000);
	for (int i = 0; i < 1000; i++)
		memset(pool_get(&p), 0xff, 1);
	pool_free(&p);
	pool_init(&p, 0, 0);
	assert_null(pool_get(&p));
	pool_free(&p);
	struct pool zeroed = {0};
	pool_free(&zeroed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(gives_as_many_as_the_cap),
	    cmocka_unit_test(gives_zeroed_objects_again),
	    cmocka_unit_test(remembers_the_peak),
	    cmocka_unit_test(large_and_tiny_objects),
	};
	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
