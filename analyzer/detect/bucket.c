/*
 * The steps of bucket.h. Numbers of tokens are kept as multiples of 1 / span, span being the microseconds between the first and the
 * last loss, and medians as their doubles, so that nothing is rounded.
 */
#include "analyzer/detect/bucket.h"

#include <stdlib.h>
#include <string.h>

__extension__ typedef __int128 wide;

enum {
	SAMPLES_MIN = 15,      /* losses, and packets that passed */
	SLICES_MIN = 3,        /* with loss */
	LATE_BYTES = 2000000,  /* of the first loss */
	LOSS_OUT_PERCENT = 10, /* farther from empty than 2 median round trips of tokens */
	PASS_OUT_PERCENT = 3,  /* below empty by more than 0.75 median round trips of tokens */
	INFLATED_PERCENT = 20, /* losses behind inflated round trips */
	INFLATED_MIN_MS = 20,
	INFLATED_TENTHS = 13, /* times the 10th percentile, in tenths */
	BYTES_BITS = 31,      /* of all packets: beyond, sums could overflow */
};

struct simulation {
	const struct bucket_input *in;
	size_t first, last, first_of_all; /* losses, by index */
	int64_t bytes, span;              /* rate = bytes / span, in bytes a microsecond; span > 0 */
	int64_t rtt2_us;                  /* the median, doubled */
	bool rtt_known;
	wide *on_loss, *on_pass; /* tokens * span */
	size_t losses, passes;
	uint32_t slices, inflated;
};

/* Round trips seen so far, as how often each distinct value came: a tree of sums (Fenwick 1994). */
struct round_trips {
	int32_t *values;  /* distinct, ascending */
	uint32_t *counts; /* of the tree, from 1 */
	size_t distinct, seen;
	int32_t last, last_but_one;
};

static int by_int(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
	return (x > y) - (x < y);
}

static int by_wide(const void *a, const void *b)
{
	wide x = *(const wide *)a, y = *(const wide *)b;
	return (x > y) - (x < y);
}

static bool round_trips_init(struct round_trips *r, const struct bucket_input *in, struct arena *scratch)
{
	size_t n = 0;
	*r = (struct round_trips){.values = arena_alloc(scratch, in->count * sizeof *r->values),
	                          .counts = arena_alloc(scratch, (in->count + 1) * sizeof *r->counts)};
	if (!r->values || !r->counts)
		return false;
	for (size_t i = 0; i < in->count; i++)
		r->values[n++] = in->packets[i].ack_ms;
	qsort(r->values, n, sizeof *r->values, by_int);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || r->values[i] != r->values[i - 1])
			r->values[r->distinct++] = r->values[i];
	return true;
}

static void round_trips_add(struct round_trips *r, int32_t ms)
{
	const int32_t *at = bsearch(&ms, r->values, r->distinct, sizeof *r->values, by_int);
	for (size_t i = (size_t)(at - r->values) + 1; i <= r->distinct; i += i & -i)
		r->counts[i]++;
	r->last_but_one = r->last;
	r->last = ms;
	r->seen++;
}

/* The k-th smallest, from 0. */
static int64_t round_trips_rank(const struct round_trips *r, size_t k)
{
	size_t at = 0, step = 1;
	while (step * 2 <= r->distinct)
		step *= 2;
	for (; step; step /= 2) {
		if (at + step <= r->distinct && r->counts[at + step] <= k) {
			at += step;
			k -= r->counts[at];
		}
	}
	return r->values[at];
}

/* Is the last but one at least the median, 1.3 times the 10th percentile, and 20 ms? Percentiles between two ranks are
 * interpolated. */
static bool round_trips_inflated(const struct round_trips *r)
{
	if (r->seen < 2 || r->last_but_one < INFLATED_MIN_MS)
		return false;
	size_t n = r->seen, k = (n - 1) / 10, tenth = (n - 1) % 10;
	int64_t rtt = r->last_but_one, low = round_trips_rank(r, k);
	int64_t high = tenth ? round_trips_rank(r, k + 1) : low;
	int64_t median2 = round_trips_rank(r, (n - 1) / 2) + round_trips_rank(r, n / 2);
	int64_t percentile10 = 10 * low + (high - low) * (int64_t)tenth;
	return 2 * rtt >= median2 && 100 * rtt > INFLATED_TENTHS * percentile10;
}

static bool timed(const struct bucket_packet *p)
{
	return !p->resent && p->ack_ms != -1;
}

/* Step 1: the losses between which the rate is taken. */
static enum bucket_code find_losses(struct simulation *s, unsigned cutoff)
{
	const struct bucket_input *in = s->in;
	size_t n = in->count, skipped = 0, i;
	s->first_of_all = s->first = s->last = n;
	for (i = 0; i < n && s->first == n; i++) {
		if (!in->packets[i].lost)
			continue;
		if (s->first_of_all == n)
			s->first_of_all = i;
		if (skipped++ == cutoff)
			s->first = i;
	}
	skipped = 0;
	for (i = n; s->first < n && i-- > s->first + 1 && s->last == n;)
		if (in->packets[i].lost && skipped++ == cutoff)
			s->last = i;
	if (s->last == n)
		return BUCKET_INSUFFICIENT_LOSS;
	return in->packets[s->first].seq > LATE_BYTES ? BUCKET_LATE_LOSS : BUCKET_POLICED;
}

/* Step 2: what passed between them, and the median round trip. */
static bool measure(struct simulation *s, struct arena *scratch)
{
	const struct bucket_input *in = s->in;
	size_t n = 0;
	uint64_t total = 0;
	int32_t *rtts = arena_alloc(scratch, in->count * sizeof *rtts);
	for (size_t i = 0; i < in->count; i++) {
		total += in->packets[i].len;
		if (rtts && timed(&in->packets[i]))
			rtts[n++] = in->packets[i].ack_ms;
	}
	s->bytes = 0;
	for (size_t i = s->first; i < s->last; i++)
		s->bytes += in->packets[i].lost ? 0 : in->packets[i].len;
	s->span = (int64_t)in->packets[s->last].time_us - in->packets[s->first].time_us;
	if (s->span == 0)
		s->bytes = 0;
	if (s->span < 0)
		s->bytes = -s->bytes;
	s->span = s->span == 0 ? 1 : s->span < 0 ? -s->span : s->span;
	s->rtt_known = n > 0 || in->path_rtt_half_ms;
	if (rtts && n > 0) {
		qsort(rtts, n, sizeof *rtts, by_int);
		s->rtt2_us = ((int64_t)rtts[(n - 1) / 2] + rtts[n / 2]) * 1000;
	}
	if (in->path_rtt_half_ms)
		s->rtt2_us = (int64_t)in->path_rtt_half_ms * 1000;
	return rtts && total >> BYTES_BITS == 0;
}

/* Step 3: tokens at the start, times 8 * span, against three quarters of a round trip's below empty; beside the receiver, as much
 * above. */
static bool start_is_wrong(const struct simulation *s)
{
	const struct bucket_packet *first = &s->in->packets[s->first];
	wide start = (wide)first->seq * s->span - (wide)s->bytes * ((int64_t)first->time_us - s->in->opened_us);
	wide threshold = (wide)3 * s->rtt2_us * s->bytes;
	return s->in->path_rtt_half_ms ? 8 * start <= threshold : 8 * start < -threshold;
}

/* Step 4: a bucket that is empty at the first loss. */
static bool simulate(struct simulation *s, struct arena *scratch)
{
	const struct bucket_input *in = s->in;
	struct round_trips rtts;
	uint32_t ignore = 0;
	wide used = 0;
	s->on_loss = arena_alloc(scratch, in->count * sizeof *s->on_loss);
	s->on_pass = arena_alloc(scratch, in->count * sizeof *s->on_pass);
	if (!s->on_loss || !s->on_pass || !round_trips_init(&rtts, in, scratch))
		return false;
	int64_t first_us = in->packets[s->first].time_us, slice_us = first_us;
	s->slices = 1;
	for (size_t i = 0; i < in->count; i++) {
		const struct bucket_packet *p = &in->packets[i];
		/* What is acknowledged while a loss is being repaired waited for that. */
		if (p->resent && p->ack_frame > ignore)
			ignore = p->ack_frame;
		if (timed(p) && p->frame > ignore)
			round_trips_add(&rtts, p->ack_ms);
		if (i < s->first)
			continue;
		wide tokens = (wide)s->bytes * ((int64_t)p->time_us - first_us) - used;
		if (!p->lost) {
			s->on_pass[s->passes++] = tokens;
			used += (wide)p->len * s->span;
			continue;
		}
		s->on_loss[s->losses++] = tokens;
		s->inflated += round_trips_inflated(&rtts);
		if (s->rtt_known && 2 * ((int64_t)p->time_us - slice_us) > s->rtt2_us) {
			slice_us = p->time_us;
			s->slices++;
		}
	}
	return true;
}

/* Sorts. */
static wide median2(wide *values, size_t n)
{
	qsort(values, n, sizeof *values, by_wide);
	return values[(n - 1) / 2] + values[n / 2];
}

static wide sum(const wide *values, size_t n)
{
	wide total = 0;
	for (size_t i = 0; i < n; i++)
		total += values[i];
	return total;
}

/* Steps 5 to 9. */
static enum bucket_code compare(struct simulation *s)
{
	size_t loss_out = 0, pass_out = 0;
	if (s->slices < SLICES_MIN || s->losses < SAMPLES_MIN || s->passes < SAMPLES_MIN)
		return BUCKET_INSUFFICIENT_LOSS;
	wide on_loss2 = median2(s->on_loss, s->losses), on_pass2 = median2(s->on_pass, s->passes);
	bool higher_mean = sum(s->on_loss, s->losses) * (wide)s->passes >= sum(s->on_pass, s->passes) * (wide)s->losses;
	if (higher_mean || on_loss2 >= on_pass2)
		return BUCKET_HIGHER_FILL;
	wide round_trip2 = (wide)s->rtt2_us * s->bytes; /* tokens of two median round trips */
	for (size_t i = 0; i < s->losses; i++) {
		wide off = 2 * s->on_loss[i] - on_loss2;
		loss_out += (off < 0 ? -off : off) > 2 * round_trip2;
	}
	if (loss_out * 100 > s->losses * LOSS_OUT_PERCENT)
		return BUCKET_LOSS_OUT_OF_RANGE;
	for (size_t i = 0; i < s->passes; i++)
		pass_out += 4 * (2 * s->on_pass[i] - on_loss2) < -3 * round_trip2;
	if (pass_out * 100 > s->passes * PASS_OUT_PERCENT)
		return BUCKET_PASS_OUT_OF_RANGE;
	bool inflated = !s->in->path_rtt_half_ms && s->inflated * 100U > s->losses * INFLATED_PERCENT;
	return inflated ? BUCKET_INFLATED_RTT : BUCKET_POLICED;
}

static enum bucket_code fit(struct simulation *s, unsigned cutoff, struct arena *scratch)
{
	enum bucket_code code = find_losses(s, cutoff);
	if (code != BUCKET_POLICED)
		return code;
	if (!measure(s, scratch))
		return BUCKET_TOO_LARGE;
	if (s->rtt_known && start_is_wrong(s))
		return BUCKET_NEGATIVE_FILL;
	return simulate(s, scratch) ? compare(s) : BUCKET_TOO_LARGE;
}

struct bucket bucket_fit(const struct bucket_input *in, unsigned cutoff, struct arena *scratch)
{
	struct simulation s = {.in = in};
	struct bucket b = {.code = fit(&s, cutoff, scratch)};
	b.losses = (uint32_t)s.losses;
	b.passes = (uint32_t)s.passes;
	b.slices = s.slices;
	for (size_t i = 0; b.code == BUCKET_POLICED && i < s.first_of_all; i++)
		b.burst_bytes += in->packets[i].len;
	if (b.code == BUCKET_POLICED && s.bytes > 0)
		b.rate_bps = (uint64_t)((wide)s.bytes * 8000000 / s.span);
	return b;
}
