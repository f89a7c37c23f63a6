/* Bins of pace.h, weighed: see plateau.h. */
#include "analyzer/detect/plateau.h"

#include <stdlib.h>

enum {
	SILENT_SECONDS = 3, /* without a byte: another transfer begins behind them */
	IQR_PERCENT_MAX = 25,
	PUSHED_PERCENT_MAX = 70, /* of the packets of a sender with data waiting */
	PAUSE_SPACINGS = 3,      /* silence, in mean distances of packets, that a waiting sender does not make */
	WINDOW_SEGMENTS = 2,     /* a receiver that offers less has not read what it has */
	USUAL_SEGMENT = 1460,
	SHORTEST_PATH_US = 1000,
};

struct stretch {
	const struct pace_bin *bins;
	uint32_t count;
};

/* The longest stretch without SILENT_SECONDS empty seconds on end. The last second of all is cut off by the end of the data. */
static struct stretch longest_stretch(const struct pace *pace)
{
	struct stretch best = {0};
	uint32_t from = 0, silent = 0, end = pace->bins ? pace->bins - 1 : 0;
	for (uint32_t i = 0; i <= end; i++) {
		bool silence = i < end && pace->bin[i].bytes == 0;
		silent = silence ? silent + 1 : 0;
		if (i < end && silent < SILENT_SECONDS)
			continue;
		uint32_t to = i < end ? i + 1 - SILENT_SECONDS : end;
		if (to > from && to - from > best.count)
			best = (struct stretch){pace->bin + from, to - from};
		from = i + 1;
	}
	return best;
}

static int by_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static void measure(struct plateau *p, struct stretch s)
{
	uint32_t bytes[PACE_BINS] = {0}, unsteady = 0;
	for (uint32_t i = 0; i < s.count; i++) {
		bytes[i] = s.bins[i].bytes;
		p->packets += s.bins[i].packets;
		unsteady += s.bins[i].unsteady;
	}
	qsort(bytes, s.count, sizeof *bytes, by_u32);
	uint64_t median = bytes[s.count / 2];
	uint64_t range = bytes[s.count * 3 / 4] - bytes[s.count / 4];
	p->seconds = s.count;
	p->rate_bps = median * 8;
	p->iqr_percent = median ? (uint32_t)(range * 100 / median) : UINT32_MAX;
	p->unsteady_percent = p->packets ? unsteady * 100 / p->packets : 0;
}

/*
 * A stream at the rate of its content: each packet is pushed, or packets come in bursts, with pauses when all has arrived. A sender that
 * is held back has data at hand, and where a bucket drops it, pauses are for what is missing.
 */
static bool paused_by_sender(struct stretch s)
{
	uint32_t packets = 0, pushed = 0, paused = 0;
	for (uint32_t i = 0; i < s.count; i++) {
		const struct pace_bin *b = &s.bins[i];
		uint32_t spacing_ms = b->packets ? 1000U / b->packets : 0;
		packets += b->packets;
		pushed += b->pushed;
		paused += b->packets > 1 && b->pause * PACE_PAUSE_UNIT_MS > PAUSE_SPACINGS * spacing_ms;
	}
	return pushed * 100 > packets * PUSHED_PERCENT_MAX || paused * 2 >= s.count;
}

/* The smallest round trip of the whole path; 0: not known. */
static int64_t path_rtt_ns(const struct flow *f)
{
	uint32_t samples;
	int64_t up = rtt_min_ns(&f->tcp->rtt[DIR_UP], NULL, 0, &samples);
	int64_t down = rtt_min_ns(&f->tcp->rtt[DIR_DOWN], NULL, 0, &samples);
	return up < 0 || down < 0 ? 0 : up + down;
}

/* A receiver that reads slowly, or whose window is what a round trip carries at that rate. */
static bool held_by_receiver(const struct flow *f, enum dir d, uint64_t rate_bps)
{
	const struct side *receiver = &f->tcp->side[dir_other(d)], *sender = &f->tcp->side[d];
	unsigned shift = receiver->syn_wscale && sender->syn_wscale ? receiver->wscale : 0;
	uint64_t smallest = (uint64_t)receiver->min_window << shift, largest = (uint64_t)receiver->max_window << shift;
	uint64_t carried = rate_bps / 8 * (uint64_t)(path_rtt_ns(f) / 1000) / 1000000;
	bool known = receiver->have_syn && sender->have_syn;
	return known && (smallest < WINDOW_SEGMENTS * USUAL_SEGMENT || carried * 3 / 2 >= largest);
}

bool plateau_of_flow(struct plateau *out, const struct flow *f, enum dir d)
{
	const struct pace *pace = f->tcp->pace[d].pace;
	*out = (struct plateau){0};
	if (!pace)
		return false;
	struct stretch s = longest_stretch(pace);
	if (s.count < PLATEAU_SECONDS_MIN)
		return false;
	measure(out, s);
	bool low = out->rate_bps > 0 && out->rate_bps <= PLATEAU_RATE_MAX_BPS && out->packets >= PLATEAU_PACKETS_MIN;
	if (!low || out->iqr_percent >= IQR_PERCENT_MAX || paused_by_sender(s) || held_by_receiver(f, d, out->rate_bps))
		return false;
	uint32_t samples;
	int64_t smallest_us = rtt_min_ns(&f->tcp->rtt[d], NULL, 0, &samples) / 1000;
	/* Beside the receiver a round trip is its own quick answer. */
	if (smallest_us > SHORTEST_PATH_US && pace->rtt_count > 0)
		out->rtt_growth_tenths = (uint32_t)(pace->rtt_sum_us / pace->rtt_count * 10 / (uint64_t)smallest_us);
	return true;
}
