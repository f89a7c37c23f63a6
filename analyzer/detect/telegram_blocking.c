/*
 * mtproto_block (OONI ts-020; Ramesh et al., NDSS 2020): connections to Telegram's own addresses of which none gets through, in the
 * capture pass. The transport itself is made to look like noise, so that the addresses tell it, as the operator publishes them. A
 * symptom: an own network that is down is guard G22's, a client without an account still gets bytes back.
 */
#include "analyzer/detect/detector.h"

enum { FAILED_LEAST = 3 /* connections */ };

#define OVER_NS (INT64_C(10) * 1000000000) /* from the first to the last */

/* The operator's list of networks (core.telegram.org, cidr.txt; October 2026). */
static const struct network {
	uint8_t version, bits;
	uint8_t bytes[6]; /* first ones of the address */
} networks[] = {
    {4, 20, {149, 154, 160}},
    {4, 23, {91, 105, 192}},
    {4, 22, {91, 108, 4}},
    {4, 22, {91, 108, 8}},
    {4, 22, {91, 108, 12}},
    {4, 22, {91, 108, 16}},
    {4, 22, {91, 108, 20}},
    {4, 22, {91, 108, 56}},
    {4, 24, {185, 76, 151}},
    {6, 48, {0x20, 0x01, 0x06, 0x7c, 0x04, 0xe8}},
    {6, 48, {0x20, 0x01, 0x0b, 0x28, 0xf2, 0x3c}},
    {6, 48, {0x20, 0x01, 0x0b, 0x28, 0xf2, 0x3d}},
    {6, 48, {0x20, 0x01, 0x0b, 0x28, 0xf2, 0x3f}},
    {6, 32, {0x2a, 0x0a, 0xf2, 0x80}},
};

static bool covers(const struct network *n, const struct addr *a)
{
	if (n->version != a->version)
		return false;
	unsigned whole = n->bits / 8, rest = n->bits % 8;
	uint8_t mask = (uint8_t)(0xff00 >> rest);
	return memcmp(n->bytes, a->bytes, whole) == 0 &&
	       (rest == 0 || ((n->bytes[whole] ^ a->bytes[whole]) & mask) == 0);
}

static bool is_telegram(const struct addr *a)
{
	for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
		if (covers(&networks[i], a))
			return true;
	return false;
}

/* What one client met there. */
struct experience {
	const struct attempt *failed[FINDING_FRAMES_MAX]; /* the first ones */
	uint32_t fail_count, ok_count;
	int64_t first_ns, last_ns; /* of those that failed */
};

static void propose(struct conclusion *c, const struct experience *x)
{
	char number[FINDING_NUMBER_SIZE];
	struct finding f = {.mechanism = mechanism_find("mtproto_block"), .kind = KIND_SYMPTOM};
	finding_attempt(&f, x->failed[0]);
	for (size_t i = 0; i < x->fail_count && i < FINDING_FRAMES_MAX; i++)
		finding_suspect(&f, x->failed[i]->frame);
	f.selectivity = SELECT_UNKNOWN;
	finding_term(&f, c->weights, "E11", false);
	finding_number(&f, number, "n_fail", x->fail_count);
	finding_detail(&f, "outcome", attempt_outcome_name(x->failed[0]->outcome));
	conclusion_propose(c, &f);
}

static void add(struct experience *x, const struct attempt *a)
{
	x->ok_count += attempt_succeeded(a);
	if (!attempt_failed(a) || a->outcome == ATTEMPT_CLOSED)
		return;
	if (x->fail_count == 0)
		x->first_ns = a->first_ns;
	x->last_ns = a->last_ns;
	if (x->fail_count < FINDING_FRAMES_MAX)
		x->failed[x->fail_count] = a;
	x->fail_count++;
}

static void conclude(struct conclusion *c)
{
	const struct attempt_table *t = c->attempts;
	for (size_t i = 0, end; i < t->count; i = end) {
		struct experience x = {0};
		uint64_t seen = 0;
		for (end = i; end < t->count && addr_equal(&t->by_client[i]->client, &t->by_client[end]->client);
		     end++) {
			if (t->by_client[end]->l4_proto != IPPROTO_TCP || !is_telegram(&t->by_client[end]->server))
				continue;
			seen++;
			add(&x, t->by_client[end]);
		}
		c->tested[mechanism_find("mtproto_block") - mechanisms] += seen;
		if (x.ok_count == 0 && x.fail_count >= FAILED_LEAST && x.last_ns - x.first_ns >= OVER_NS)
			propose(c, &x);
	}
}

const struct detector detector_telegram_blocking = {
    .name = "telegram_blocking",
    .summary = "connections to Telegram's addresses of which none gets through",
    .conclude = conclude,
};
