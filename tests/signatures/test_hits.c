/* The order of hits: best scope first, hints no best, and `fp` that decides. */
#include "signatures/match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants the above */
#include <cmocka.h>

static struct signature sig(enum sig_scope scope, uint32_t order, enum sig_action action)
{
	return (struct signature){.scope = scope, .order = order, .action = action};
}

static void best_scope_first(void **unused)
{
	(void)unused;
	const struct signature product = sig(SIG_PRODUCT, 0, SIG_ACTION_HIT), isp = sig(SIG_ISP, 3, SIG_ACTION_HIT),
	                       national = sig(SIG_NATIONAL, 9, SIG_ACTION_HIT), isp2 = sig(SIG_ISP, 2, SIG_ACTION_HINT);
	struct sig_hits hits = {0};
	sig_hits_add(&hits, &product);
	sig_hits_add(&hits, &isp);
	sig_hits_add(&hits, &national);
	sig_hits_add(&hits, &isp2);
	sig_hits_add(&hits, &isp);
	assert_int_equal(hits.count, 4);
	assert_int_equal(hits.dropped, 0);
	assert_ptr_equal(hits.hit[0], &national);
	assert_ptr_equal(hits.hit[1], &isp2);
	assert_ptr_equal(hits.hit[2], &isp);
	assert_ptr_equal(hits.hit[3], &product);
	assert_ptr_equal(sig_hits_best(&hits), &national);
}

static void hints_are_no_best(void **unused)
{
	(void)unused;
	const struct signature hint = sig(SIG_NATIONAL, 0, SIG_ACTION_HINT), hit = sig(SIG_UNCLEAR, 1, SIG_ACTION_HIT);
	struct sig_hits hits = {0};
	assert_null(sig_hits_best(&hits));
	sig_hits_add(&hits, &hint);
	assert_null(sig_hits_best(&hits));
	sig_hits_add(&hits, &hit);
	assert_ptr_equal(sig_hits_best(&hits), &hit);
}

static void fp_decides(void **unused)
{
	(void)unused;
	const struct signature hit = sig(SIG_NATIONAL, 0, SIG_ACTION_HIT), fp = sig(SIG_BENIGN, 1, SIG_ACTION_FP);
	struct sig_hits hits = {0};
	sig_hits_add(&hits, &hit);
	assert_false(sig_hits_false_positive(&hits));
	sig_hits_add(&hits, &fp);
	assert_true(sig_hits_false_positive(&hits));
	assert_null(sig_hits_best(&hits));
	assert_int_equal(hits.count, 2);
}

static void a_full_list_keeps_the_best_and_fp(void **unused)
{
	(void)unused;
	enum { MANY = 3 * SIG_HITS_MAX };
	struct signature many[MANY];
	struct sig_hits up = {0}, down = {0};
	for (uint32_t i = 0; i < MANY; i++)
		many[i] = sig(SIG_ISP, i, SIG_ACTION_HIT);
	many[MANY - 1].action = SIG_ACTION_FP;
	for (size_t i = 0; i < MANY; i++) {
		sig_hits_add(&up, &many[i]);
		sig_hits_add(&down, &many[MANY - 1 - i]);
	}
	assert_int_equal(up.count, SIG_HITS_MAX);
	assert_int_equal(up.dropped, MANY - SIG_HITS_MAX);
	assert_int_equal(down.dropped, up.dropped);
	assert_memory_equal(up.hit, down.hit, sizeof(up.hit));
	assert_ptr_equal(up.hit[0], &many[0]);
	assert_ptr_equal(up.hit[SIG_HITS_MAX - 2], &many[SIG_HITS_MAX - 2]);
	assert_ptr_equal(up.hit[SIG_HITS_MAX - 1], &many[MANY - 1]);
	assert_true(sig_hits_false_positive(&up));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(best_scope_first),
	    cmocka_unit_test(hints_are_no_best),
	    cmocka_unit_test(fp_decides),
	    cmocka_unit_test(a_full_list_keeps_the_best_and_fp),
	};
	return cmocka_run_group_tests_name("hits", tests, NULL, NULL);
}
