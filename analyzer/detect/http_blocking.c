/*
 * http_blockpage: the answer to a plain HTTP request equals a known block page in status line, header, title or body;
 * and http_redirect_block: it sends the reader to a known block page or to an address that is not public, by Location,
 * meta refresh, frame or script. Both versions of a contradicted stream are looked at, since either may be the forged
 * one. Sources: OONI, Censored Planet and Citizen Lab lists; Niaki et al. (ICLab), S&P 2020.
 *
 * What else could explain the bytes: a company's or parent's filter, a login portal, security software, the server's
 * own refusal, the error page of a content network (rows with action fp, which silence the others).
 */
#include "analyzer/detect/http_page.h"
#include "analyzer/net/stream.h"

enum {
	CONFLICTS_KEPT = 64,
	VERSIONS = 2,
	STATUS_FINAL = 200,
	REQUESTS_MAX = 16384, /* of a shard, waiting for their answer */
};

/* A request of a flow: with several in the pipe, the flow's trigger is that of the latest alone. */
struct http_asked {
	struct http_asked *older;
	uint64_t index;
	struct trigger trigger; /* its name lives as long as the shard */
};

/* Conflicts come before the second version of the page that they are about. */
struct http_conflict {
	uint64_t flow_id;
	enum dir dir;
	struct sample winner, loser;
	bool first; /* at the start of what the side said */
};

struct http_run {
	struct pool pages, requests;
	size_t kept;
	struct http_conflict conflicts[CONFLICTS_KEPT]; /* ring */
	size_t conflict_next;
	const struct mechanism *blockpage, *redirect;
};

struct http_slot {
	struct http_page *open[VERSIONS], *kept;
	struct http_asked *asked; /* newest first; no more than HTTP_OUTSTANDING_MAX */
	bool tested;
};

static int start(struct detection *d, struct err *e)
{
	struct http_run *run = d->run;
	(void)e;
	pool_init(&run->pages, http_page_size(), HTTP_PAGES_MAX);
	pool_init(&run->requests, sizeof(struct http_asked), REQUESTS_MAX);
	run->blockpage = mechanism_find("http_blockpage");
	run->redirect = mechanism_find("http_redirect_block");
	return 0;
}

static void finish(struct detection *d)
{
	struct http_run *run = d->run;
	pool_free(&run->pages);
	pool_free(&run->requests);
}

/* Forgets the requests of a flow that came before this one. */
static void asked_forget(struct http_run *run, struct http_slot *slot, uint64_t before)
{
	struct http_asked **link = &slot->asked;
	while (*link && (*link)->index >= before)
		link = &(*link)->older;
	while (*link) {
		struct http_asked *gone = *link;
		*link = gone->older;
		pool_put(&run->requests, gone);
	}
}

static void on_request(struct detection *d, const struct event *ev)
{
	struct http_run *run = d->run;
	struct http_slot *slot = d->state;
	uint64_t index = event_http_request(ev)->index;
	if (!ev->pkt || ev->version != 0 || ev->flow->trigger.kind != TRIGGER_HTTP)
		return;
	if (index > HTTP_OUTSTANDING_MAX)
		asked_forget(run, slot, index - HTTP_OUTSTANDING_MAX + 1);
	struct http_asked *asked = pool_get(&run->requests);
	if (!asked) {
		d->candidates->dropped++;
		return;
	}
	*asked = (struct http_asked){.older = slot->asked, .index = index, .trigger = ev->flow->trigger};
	slot->asked = asked;
}

/* What the answer with this index answers; the latest request when it is not known. */
static const struct trigger *asked_find(const struct http_slot *slot, const struct flow *flow, uint64_t index)
{
	for (const struct http_asked *a = slot->asked; a; a = a->older)
		if (a->index == index)
			return &a->trigger;
	return &flow->trigger;
}

static void conflict_tell(struct http_page *p, const struct http_conflict *c)
{
	http_page_conflict(p, &c->winner, &c->loser, c->first);
}

/* A further answer to a request that the page had answered already. */
static void note_second(struct http_slot *slot, const struct event *ev, const struct http_response *r)
{
	struct http_page *p = slot->kept;
	if (p && ev->version == 0 && p->version == 0 && p->sender == ev->dir && r->index == 0 &&
	    r->status >= STATUS_FINAL && p->second.number == 0 && ev->pkt)
		p->second = frame_ref_of(ev->pkt);
}

static void on_response(struct detection *d, const struct event *ev)
{
	struct http_run *run = d->run;
	struct http_slot *slot = d->state;
	const struct http_response *r = event_http_response(ev);
	if (r->status != 0 && r->status < STATUS_FINAL)
		return;
	note_second(slot, ev, r);
	pool_put(&run->pages, slot->open[ev->version]);
	struct http_page *p = slot->open[ev->version] = pool_get(&run->pages);
	if (!p) {
		d->candidates->dropped++;
		return;
	}
	http_page_open(p, d, ev, r, asked_find(slot, ev->flow, r->index));
	if (ev->version == 0)
		asked_forget(run, slot, r->index);
	for (size_t i = 0; i < CONFLICTS_KEPT; i++)
		if (run->conflicts[i].flow_id == ev->flow->id && run->conflicts[i].dir == ev->dir)
			conflict_tell(p, &run->conflicts[i]);
	if (slot->tested)
		return;
	slot->tested = true;
	detection_tested(d, run->blockpage);
	detection_tested(d, run->redirect);
}

/* The response is over: an odd page waits for the end of its flow, unless too many do. */
static void page_done(struct detection *d, struct http_slot *slot, struct flow *flow, struct http_page *p)
{
	struct http_run *run = d->run;
	size_t of_flow = 0;
	if (!http_page_is_odd(p, d->signatures, flow)) {
		pool_put(&run->pages, p);
		return;
	}
	flow->flags |= p->sender == DIR_DOWN ? FLOW_ROLL_DOWN : FLOW_ROLL_UP;
	for (const struct http_page *k = slot->kept; k; k = k->next)
		of_flow++;
	if (of_flow == HTTP_PAGES_OF_FLOW) {
		slot->kept->repeats++;
		pool_put(&run->pages, p);
	} else if (run->kept == HTTP_PAGES_KEPT_MAX) {
		http_page_judge(p, d, flow);
		pool_put(&run->pages, p);
	} else {
		run->kept++;
		p->next = slot->kept;
		slot->kept = p;
	}
}

static void on_body(struct detection *d, const struct event *ev)
{
	struct http_slot *slot = d->state;
	const struct http_body *b = event_http_body(ev);
	struct http_page *p = slot->open[ev->version];
	if (!p || p->sender != ev->dir)
		return;
	http_page_body(p, d, ev, b);
	if (!b->end)
		return;
	slot->open[ev->version] = NULL;
	page_done(d, slot, ev->flow, p);
}

static void on_conflict(struct detection *d, const struct event *ev)
{
	struct http_run *run = d->run;
	struct http_slot *slot = d->state;
	const struct stream_conflict *c = event_stream_conflict(ev);
	if (!c->in_window)
		return;
	struct http_conflict *keep = &run->conflicts[run->conflict_next];
	run->conflict_next = (run->conflict_next + 1) % CONFLICTS_KEPT;
	*keep = (struct http_conflict){.flow_id = ev->flow->id,
	                               .dir = ev->dir,
	                               .winner = c->winner.sample,
	                               .loser = c->loser.sample,
	                               .first = c->turn_offset == 0};
	for (size_t v = 0; v < VERSIONS; v++)
		if (slot->open[v] && slot->open[v]->sender == ev->dir)
			conflict_tell(slot->open[v], keep);
	for (struct http_page *p = slot->kept; p; p = p->next)
		if (p->sender == ev->dir)
			conflict_tell(p, keep);
}

static void on_close(struct detection *d, const struct event *ev)
{
	struct http_run *run = d->run;
	struct http_slot *slot = d->state;
	for (size_t v = 0; v < VERSIONS; v++) {
		pool_put(&run->pages, slot->open[v]);
		slot->open[v] = NULL;
	}
	asked_forget(run, slot, UINT64_MAX);
	while (slot->kept) {
		struct http_page *p = slot->kept;
		slot->kept = p->next;
		http_page_judge(p, d, ev->flow);
		pool_put(&run->pages, p);
		run->kept--;
	}
}

const struct detector detector_http_blocking = {
    .name = "http_blocking",
    .summary = "known block pages, and redirects to them or to addresses that are not public",
    .run_size = sizeof(struct http_run),
    .flow_size = sizeof(struct http_slot),
    .on =
        {
            [EV_HTTP_REQUEST] = on_request,
            [EV_HTTP_RESPONSE] = on_response,
            [EV_HTTP_BODY] = on_body,
            [EV_STREAM_CONFLICT] = on_conflict,
            [EV_FLOW_CLOSE] = on_close,
        },
    .start = start,
    .finish = finish,
};
