/* See rst_burst.h. */
#include "analyzer/detect/rst_burst.h"

#include "analyzer/detect/rule_evidence.h"
#include "analyzer/detect/suspect.h"

#define STEPS_NS     (INT64_C(100) * 1000000) /* suspects of one burst, for E02c */
#define REORDERED_NS (INT64_C(3) * 1000000)   /* G5 */

static int64_t apart(const struct sample *a, const struct sample *b)
{
	if (a->frame.ts_ns == FRAME_NO_TIME || b->frame.ts_ns == FRAME_NO_TIME)
		return INT64_MAX;
	int64_t ns = b->frame.ts_ns - a->frame.ts_ns;
	return ns < 0 ? -ns : ns;
}

static const struct sample *request_of(const struct flow *flow, enum dir dir, const struct sample *rst)
{
	const struct trigger *t = &flow->trigger;
	return dir == DIR_DOWN && t->kind != TRIGGER_NONE && t->sample.frame.number < rst->frame.number ? &t->sample
	                                                                                                : NULL;
}

bool rst_burst_of(struct rst_burst *b, const struct flow *flow, enum dir dir)
{
	const struct reset_side *r = &flow->tcp->resets->side[dir];
	*b = (struct rst_burst){.flow = flow, .dir = dir, .r = r};
	size_t n = r->rst_count < RESETS_KEPT ? r->rst_count : RESETS_KEPT;
	for (size_t i = 0; i < n && b->kept < BURST_PACKETS_MAX; i++) {
		const struct sample *rst = &r->rst[i];
		bool late = b->kept > 0 && apart(b->rst[0], rst) != INT64_MAX && apart(b->rst[0], rst) > RST_BURST_NS;
		if (late || side_checksum_drops(&flow->tcp->side[dir], rst))
			continue;
		b->rst[b->kept] = rst;
		b->answers[b->kept] = r->at[i].answers_packet;
		b->payload[b->kept] = r->payload[i];
		b->payload_kept[b->kept++] = r->payload_kept[i];
	}
	if (b->kept > 0)
		b->request = request_of(flow, dir, b->rst[0]);
	b->begun = b->kept > 0 && b->rst[0] == &r->rst[0];
	return b->kept > 0;
}

static enum burst_stage stage_of(const struct rst_burst *b)
{
	static const struct {
		const char *word;
		enum burst_stage stage;
	} stages[] = {{"post_syn", BURST_POST_SYN},
	              {"post_ack", BURST_POST_ACK},
	              {"post_psh", BURST_POST_PSH},
	              {"later", BURST_LATER}};
	const struct side *client = b->dir == DIR_DOWN ? &b->r->other : &b->r->own;
	const struct side *server = b->dir == DIR_DOWN ? &b->r->own : &b->r->other;
	const char *word = suspect_stage(client, server);
	for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
		if (strcmp(stages[i].word, word) == 0)
			return stages[i].stage;
	return BURST_STAGE_UNKNOWN;
}

static enum burst_asked asked_of(const struct rst_burst *b)
{
	static const enum burst_asked questions[] = {[TRIGGER_NONE] = BURST_ASKED_UNKNOWN,
	                                             [TRIGGER_DNS] = BURST_ASKED_DNS,
	                                             [TRIGGER_HTTP] = BURST_ASKED_HTTP,
	                                             [TRIGGER_TLS] = BURST_ASKED_TLS,
	                                             [TRIGGER_FTP] = BURST_ASKED_UNKNOWN};
	return b->request ? questions[b->flow->trigger.kind] : BURST_ASKED_UNKNOWN;
}

void rst_burst_facts(const struct rst_burst *b, size_t first, size_t count, struct burst_facts *out)
{
	const struct reset_side *r = b->r;
	*out = (struct burst_facts){
	    .next_known = r->own.have_seq,
	    .next = r->own.max_seq_end,
	    .counter = rule_counter(&r->own),
	    .other_counter = rule_counter(&r->other),
	    .front_end = rule_front_end(&r->own, &r->other),
	    .stage = stage_of(b),
	    .asked = asked_of(b),
	    .way = b->dir == DIR_DOWN ? BURST_TO_CLIENT : BURST_TO_SERVER,
	    .port = b->flow->server_port,
	};
	for (size_t i = first; i < first + count; i++) {
		struct burst_packet *p = &out->packet[out->packets++];
		*p = rule_packet(b->rst[i]);
		p->answers = b->answers[i];
		p->payload_kept = b->payload_kept[i];
		memcpy(p->payload, b->payload[i], b->payload_kept[i]);
	}
	out->request = rule_packet(b->request);
	if (first > 0 || !b->begun) /* what came just before these is not kept */
		return;
	out->own = rule_packet(side_recent(&r->own, 0));
	out->other = rule_packet(&r->other_last);
	out->count = count == b->kept && r->rst_count > count ? r->rst_count : 0;
}

bool rst_burst_genuine(const struct rst_burst *b, size_t i)
{
	uint8_t usual = 0;
	uint16_t n = tally_mode(&b->flow->tcp->side[b->dir].ttl, 0, 0, &usual);
	return n > 0 && b->answers[i] && b->rst[i]->ttl == usual;
}

const struct sample *rst_burst_goes_on(const struct rst_burst *b, size_t i)
{
	const struct reset_side *r = b->r;
	const struct sample *rst = b->rst[i];
	size_t n = r->after_count < RESETS_AFTER ? r->after_count : RESETS_AFTER;
	for (size_t k = 0; k < n; k++) {
		const struct sample *p = &r->after[k];
		uint32_t end = sample_seq_end(p);
		int64_t ns = apart(rst, p);
		if (p->frame.number > rst->frame.number && p->payload_len > 0 && ns > REORDERED_NS &&
		    ns <= RST_BURST_NS && seq_diff(end, r->own.max_seq_end) > 0 && seq_diff(end, rst->seq) > 0)
			return p;
	}
	return NULL;
}

bool rst_burst_steps(const struct rst_burst *b, size_t first, size_t count)
{
	size_t distinct = 0, rising = 0, n = 0;
	for (size_t i = first; i < first + count && apart(b->rst[first], b->rst[i]) <= STEPS_NS; i++, n++) {
		bool seen = false;
		for (size_t k = first; k < i; k++)
			seen |= b->rst[k]->ttl == b->rst[i]->ttl;
		distinct += !seen;
		if (i > first)
			rising +=
			    b->rst[i]->ttl == b->rst[i - 1]->ttl + 1 && b->rst[i]->window == b->rst[i - 1]->window + 1;
	}
	return n >= 3 && (distinct >= 3 || rising >= 2);
}
