/*
 * zero_window_forged (docs/rules.md, F8): a packet that closes the window of a side that had plenty, made by somebody else. A closed window
 * is everyday business of slow readers, so only the header can accuse: a packet that does not fit its purported sender's
 * others.
 */
#include "analyzer/detect/detector.h"
#include "analyzer/detect/suspect.h"
#include "analyzer/net/track.h"

enum { SIDES_MAX = 1024 /* of a shard at once */, WINDOW_PLENTY = 640 };

struct closed_window {
	struct sample packet, genuine; /* genuine: the side's packet before it */
	uint16_t window_before;
	enum dir dir;
};

struct zero_run {
	struct pool windows;
};

struct zero_slot {
	struct closed_window *closed; /* the first; NULL: none */
};

static int start(struct detection *d, struct err *e)
{
	struct zero_run *run = d->run;
	(void)e;
	pool_init(&run->windows, sizeof(struct closed_window), SIDES_MAX);
	return 0;
}

static void finish(struct detection *d)
{
	struct zero_run *run = d->run;
	pool_free(&run->windows);
}

static void on_zero_window(struct detection *d, const struct event *ev)
{
	struct zero_run *run = d->run;
	struct zero_slot *slot = d->state;
	const struct tcp_zero_window *z = event_tcp_zero_window(ev);
	const struct sample *before = side_recent(&ev->flow->tcp->side[ev->dir], 0);
	if (slot->closed || z->window_before < WINDOW_PLENTY || !before || (z->sample.tcp_flags & TCP_FIN))
		return;
	slot->closed = pool_get(&run->windows);
	if (!slot->closed) {
		d->candidates->dropped++;
		return;
	}
	*slot->closed = (struct closed_window){.packet = z->sample,
	                                       .genuine = *before,
	                                       .window_before = z->window_before,
	                                       .dir = ev->dir};
}

/* Something that a slow reader's own packet cannot have. */
static bool does_not_fit(const struct finding *f)
{
	static const char *const telling[] = {"E02b", "E03", "E03b", "E07"};
	for (size_t k = 0; k < sizeof telling / sizeof *telling; k++)
		if (finding_has_term(f, telling[k]))
			return true;
	return false;
}

static void judge(struct detection *d, struct flow *flow, const struct closed_window *w)
{
	char text[FINDING_NUMBER_SIZE];
	struct finding f = {.mechanism = mechanism_find("zero_window_forged"), .kind = KIND_CONTRADICTION};
	struct suspect s = {.flow = flow, .sender = w->dir, .packet = &w->packet, .genuine = &w->genuine};
	(void)suspect_compare(&f, d->weights, &s);
	if (!does_not_fit(&f))
		return;
	finding_suspect(&f, w->packet.frame);
	finding_evidence(&f, w->genuine.frame);
	finding_number(&f, text, "window_before", w->window_before);
	detection_propose(d, flow, &f);
}

static void on_close(struct detection *d, const struct event *ev)
{
	struct zero_run *run = d->run;
	struct zero_slot *slot = d->state;
	if (!slot->closed)
		return;
	detection_tested(d, mechanism_find("zero_window_forged"));
	if (!(ev->flow->flags & FLOW_COPIES))
		judge(d, ev->flow, slot->closed);
	pool_put(&run->windows, slot->closed);
	slot->closed = NULL;
}

const struct detector detector_zero_window = {
    .name = "zero_window",
    .summary = "a window that somebody else closed",
    .run_size = sizeof(struct zero_run),
    .flow_size = sizeof(struct zero_slot),
    .on = {[EV_TCP_ZERO_WINDOW] = on_zero_window, [EV_FLOW_CLOSE] = on_close},
    .start = start,
    .finish = finish,
};
