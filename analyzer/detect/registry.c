/* The list of detectors, as a table, and what every detector shares. */
#include "analyzer/detect/census.h"
#include "analyzer/detect/detector.h"

#define DETECTOR(name) extern const struct detector detector_##name;
#include "analyzer/detect/list.h"
#undef DETECTOR

const struct detector *const detectors[] = {
#define DETECTOR(name) &detector_##name,
#include "analyzer/detect/list.h"
#undef DETECTOR
    NULL,
};

void detection_tested(struct detection *d, const struct mechanism *m)
{
	d->tested[m - mechanisms]++;
}

struct finding *detection_propose(struct detection *d, struct flow *flow, struct finding *f)
{
	if (d->wanted && !d->wanted[f->mechanism - mechanisms])
		return NULL;
	finding_flow(f, flow);
	f->vantage = census_vantage(flow);
	if (f->kind != KIND_CONTRADICTION && (flow->flags & FLOW_MIDSTREAM))
		f->guards_untested |= 1U << GUARD_MIDSTREAM;
	flow->candidates++;
	return candidate_add(d->candidates, f);
}
