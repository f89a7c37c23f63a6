/*
 * http_double_response: a second final answer where nothing more was asked (Marczak et al., FOCI 2015; Fox-IT 2015). An on-path box
 * answers first, and the genuine answer follows behind it. Answers that overlap are tcp_overlap's: there one observation is
 * told once.
 *
 * Innocent: interim answers (1xx), pipelined requests (each is outstanding until answered), a request that the capture lost (G2) or that came
 * before it began (G1), or whose packet it cut (G8), a server that gives up an idle connection (408) or complains of what it could not read (400), a wrong
 * Content-Length whose rest happens to look like an answer (no status line there, as a rule).
 */
#include "analyzer/detect/detector.h"
#include "analyzer/detect/suspect.h"
#include "dissectors/http.h"

enum { ANSWERS_MAX = 4096 /* of a shard at once */, STATUS_FINAL = 200, STATUS_BAD = 400, STATUS_TIMEOUT = 408 };

#define TOGETHER_NS (INT64_C(5) * 1000000000) /* between the two, as for two answers to one DNS query */

struct answer {
	struct sample packet, second;
	uint16_t status, second_status;
	struct trigger trigger;
};

struct double_run {
	struct pool answers;
};

struct double_slot {
	struct answer *answer; /* the latest; NULL: none, or no room */
};

static int start(struct detection *d, struct err *e)
{
	struct double_run *run = d->run;
	(void)e;
	pool_init(&run->answers, sizeof(struct answer), ANSWERS_MAX);
	return 0;
}

static void finish(struct detection *d)
{
	struct double_run *run = d->run;
	pool_free(&run->answers);
}

static bool complains(uint16_t status)
{
	return status == STATUS_BAD || status == STATUS_TIMEOUT;
}

static bool together(const struct sample *a, const struct sample *b)
{
	return a->frame.ts_ns == FRAME_NO_TIME || b->frame.ts_ns == FRAME_NO_TIME ||
	       b->frame.ts_ns - a->frame.ts_ns < TOGETHER_NS;
}

static void on_response(struct detection *d, const struct event *ev)
{
	struct double_run *run = d->run;
	struct double_slot *slot = d->state;
	const struct http_response *r = event_http_response(ev);
	if (ev->version != 0 || ev->dir != DIR_DOWN || !ev->pkt || r->status < STATUS_FINAL)
		return;
	if (!slot->answer && !(slot->answer = pool_get(&run->answers))) {
		d->candidates->dropped++;
		return;
	}
	struct answer *a = slot->answer;
	struct sample packet = sample_of(ev->pkt);
	bool unasked = r->index == 0 && a->packet.frame.number && !a->second.frame.number;
	if (unasked && !complains(r->status) && together(&a->packet, &packet)) {
		a->second = packet;
		a->second_status = r->status;
	} else if (r->index != 0 && !a->second.frame.number) {
		*a = (struct answer){.packet = packet, .status = r->status, .trigger = ev->flow->trigger};
	}
}

/* How suspicious one of the two is beside the other. */
static int compare(struct finding *f, const struct detection *d, const struct flow *flow, const struct answer *a,
                   bool first)
{
	struct suspect s = {.flow = flow,
	                    .sender = DIR_DOWN,
	                    .packet = first ? &a->packet : &a->second,
	                    .genuine = first ? &a->second : &a->packet,
	                    .trigger = &a->trigger.sample};
	*f = (struct finding){.mechanism = mechanism_find("http_double_response"), .kind = KIND_CONTRADICTION};
	return suspect_compare(f, d->weights, &s);
}

static void judge(struct detection *d, struct flow *flow, const struct answer *a)
{
	struct finding one, two;
	char status[2][FINDING_NUMBER_SIZE];
	bool first = compare(&one, d, flow, a, true) >= compare(&two, d, flow, a, false);
	struct finding *f = first ? &one : &two;
	finding_term(f, d->weights, "E05b", false);
	finding_suspect(f, first ? a->packet.frame : a->second.frame);
	finding_evidence(f, first ? a->second.frame : a->packet.frame);
	finding_evidence(f, a->trigger.sample.frame);
	f->trigger = a->trigger.sample.frame;
	finding_number(f, status[0], "status1", a->status);
	finding_number(f, status[1], "status2", a->second_status);
	if (flow->flags & FLOW_COPIES)
		f->guards_named |= 1U << GUARD_DUPLICATE_CAPTURE;
	detection_propose(d, flow, f);
}

static void on_close(struct detection *d, const struct event *ev)
{
	struct double_run *run = d->run;
	struct double_slot *slot = d->state;
	struct answer *a = slot->answer;
	if (!a)
		return;
	if (!(ev->flow->flags & (FLOW_LOSS | FLOW_MIDSTREAM | FLOW_SNAPPED))) {
		detection_tested(d, mechanism_find("http_double_response"));
		if (a->second.frame.number)
			judge(d, ev->flow, a);
	}
	pool_put(&run->answers, a);
	slot->answer = NULL;
}

const struct detector detector_http_double_response = {
    .name = "http_double_response",
    .summary = "a second answer where nothing more was asked",
    .run_size = sizeof(struct double_run),
    .flow_size = sizeof(struct double_slot),
    .on = {[EV_HTTP_RESPONSE] = on_response, [EV_FLOW_CLOSE] = on_close},
    .start = start,
    .finish = finish,
};
