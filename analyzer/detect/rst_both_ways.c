/*
 * B9: resets to both ends at once, in the middle of the path (Clayton, Murdoch, Watson, PET 2006; net4people report 511). An end
 * that is reset answers, if at all, half a round trip later; so where both ends are far, a reset "from A" and one "from B" within a
 * millisecond were made by one box that knows both directions.
 *
 * Guards: neither answers a packet of the other's stream (G3), copies (G4), wrong checksums (G10), no FIN and no payload
 * between. A firewall in line that rejects to both sides does the same; it is a box on the path too, perhaps a company's.
 */
#include "analyzer/detect/attempt.h"
#include "analyzer/detect/burst.h"
#include "analyzer/detect/census.h"

#define TOGETHER_NS INT64_C(1000000)
#define FAR_NS      INT64_C(4000000) /* either half of the path, there and back */

static bool both_far(const struct flow *f)
{
	uint32_t samples;
	return census_vantage(f) == VANTAGE_MIDDLE && rtt_min_ns(&f->tcp->rtt[DIR_UP], NULL, 0, &samples) > FAR_NS &&
	       rtt_min_ns(&f->tcp->rtt[DIR_DOWN], NULL, 0, &samples) > FAR_NS;
}

/* Could it be an end's own, drawn by the other reset's way here? Then it takes its number from what the other side said. */
static bool drawn(const struct burst *b, unsigned i)
{
	return burst_moment(b, i)->answers_packet && burst_looks_genuine(b, i);
}

/* The first pair within a millisecond. */
static bool find_pair(const struct burst b[2], unsigned at[2])
{
	for (at[0] = 0; at[0] < b[0].kept; at[0]++)
		for (at[1] = 0; at[1] < b[1].kept; at[1]++)
			if (samples_apart(burst_rst(&b[0], at[0]), burst_rst(&b[1], at[1])) <= TOGETHER_NS &&
			    !drawn(&b[0], at[0]) && !drawn(&b[1], at[1]))
				return true;
	return false;
}

void rst_both_ways(struct detection *d, struct flow *flow)
{
	struct burst b[2];
	unsigned at[2];
	if (!both_far(flow))
		return;
	detection_tested(d, mechanism_find("rst_both_ways"));
	if (!flow->tcp->resets || !burst_of(&b[0], flow, DIR_UP) || !burst_of(&b[1], flow, DIR_DOWN))
		return;
	if (b[0].own_ended || b[1].own_ended || !find_pair(b, at))
		return;
	const struct sample *up = burst_rst(&b[0], at[0]), *down = burst_rst(&b[1], at[1]);
	struct finding f;
	char text[FINDING_NUMBER_SIZE];
	burst_describe(d, &f, &b[1], "rst_both_ways", at[1], NULL);
	uint32_t held = burst_held(&b[0], at[0]);
	for (unsigned i = 0; i < b[0].kept; i++)
		if (held >> i & 1)
			finding_suspect(&f, burst_rst(&b[0], i)->frame);
	finding_term(&f, d->weights, "E05b", false);
	finding_number(&f, text, "gap_us", samples_apart(up, down) / 1000);
	f.alternatives |= 1U << ALT_CORPORATE_FILTER;
	f.copies = b[0].r->rst_count + b[1].r->rst_count;
	detection_propose(d, flow, &f);
}
