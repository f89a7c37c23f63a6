/* The hypergeometric distribution by binomial coefficients, exactly. */
#include "analyzer/detect/fisher.h"

__extension__ typedef unsigned __int128 wide;

/* At most C(120, 60), 97 bits; the division at each step leaves no remainder. */
static wide choose(uint32_t n, uint32_t k)
{
	wide result = 1;
	if (k > n)
		return 0;
	if (k > n - k)
		k = n - k;
	for (uint32_t i = 1; i <= k; i++)
		result = result * (n - k + i) / i;
	return result;
}

static uint32_t at_most(uint32_t n)
{
	return n < FISHER_COUNT_MAX ? n : FISHER_COUNT_MAX;
}

/* part / whole in units, rounded up, without leaving 128 bits: digit by digit. */
static uint32_t share(wide part, wide whole)
{
	uint64_t units = 0;
	for (uint32_t scale = P_UNIT; scale > 1; scale /= 10) {
		part *= 10;
		units = units * 10 + (uint64_t)(part / whole);
		part %= whole;
	}
	units += part != 0;
	return units < P_UNIT ? (uint32_t)units : P_UNIT;
}

uint32_t fisher_one_sided(uint32_t fail, uint32_t ok, uint32_t ctrl_fail, uint32_t ctrl_ok)
{
	if (ok > FISHER_COUNT_MAX || ctrl_fail > FISHER_COUNT_MAX)
		return P_UNIT;
	fail = at_most(fail);
	ctrl_ok = at_most(ctrl_ok);
	uint32_t own = fail + ok, failures = fail + ctrl_fail, all = own + ctrl_fail + ctrl_ok;
	wide tail = 0, whole = choose(all, failures);
	for (uint32_t k = fail; k <= own && k <= failures; k++)
		tail += choose(own, k) * choose(all - own, failures - k);
	return tail >= whole ? P_UNIT : share(tail, whole);
}

void benjamini_hochberg(uint32_t *p, size_t count, size_t tests)
{
	uint64_t least = P_UNIT;
	for (size_t i = count; i-- > 0;) {
		wide q = ((wide)p[i] * tests + i) / (i + 1);
		if (q < least)
			least = (uint64_t)q;
		p[i] = (uint32_t)least;
	}
}
