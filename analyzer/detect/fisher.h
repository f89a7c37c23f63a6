/*
 * Fisher's exact test (Fisher, Statistical Methods for Research Workers, 1934), one-sided, and the adjustment of Benjamini and
 * Hochberg (J. R. Statist. Soc. B, 1995) for many tests at once. In integers: the same on every machine.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { P_UNIT = 1000000000 /* probabilities are parts of this many, rounded up */ };

/*
 * How probable it is that at least `fail` of fail + ok fall among the failures, if failing had nothing to do with the group, given
 * ctrl_fail and ctrl_ok of the others. Counts of more than FISHER_COUNT_MAX are taken for that many in the two that speak for a
 * connection (fail, ctrl_ok), and make it P_UNIT in the two that speak against.
 */
enum { FISHER_COUNT_MAX = 30 };
uint32_t fisher_one_sided(uint32_t fail, uint32_t ok, uint32_t ctrl_fail, uint32_t ctrl_ok);

/* p[0..count) ascending, of `tests` tests in all (count or more): q in place, at most P_UNIT. */
void benjamini_hochberg(uint32_t *p, size_t count, size_t tests);
