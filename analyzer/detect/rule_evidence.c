/* See rule_evidence.h. */
#include "analyzer/detect/rule_evidence.h"

#include "analyzer/detect/suspect.h"
#include "signatures/rule.h"

enum { CONFIDENCE_LEAST = 7, GROUPS = 4, LEAST_DB = -1000 };

struct burst_packet rule_packet(const struct sample *s)
{
	if (!s || !s->frame.number)
		return (struct burst_packet){0};
	return (struct burst_packet){.present = true,
	                             .ipv4 = s->ipv4,
	                             .tcp = true,
	                             .df = s->ip_df,
	                             .timed = s->frame.ts_ns != FRAME_NO_TIME,
	                             .ttl = s->ttl,
	                             .ip_id = s->ip_id,
	                             .flags = s->tcp_flags,
	                             .window = s->window,
	                             .options_len = s->options_len,
	                             .seq = s->seq,
	                             .ack = s->ack,
	                             .payload_len = s->payload_len,
	                             .ns = s->frame.ts_ns};
}

enum burst_counter rule_counter(const struct side *s)
{
	static const enum burst_counter counters[] = {
	    [IPID_UNKNOWN] = BURST_COUNTER_UNKNOWN, [IPID_ZERO] = BURST_COUNTER_ZERO,
	    [IPID_LOCAL] = BURST_COUNTER_LOCAL,     [IPID_GLOBAL] = BURST_COUNTER_GLOBAL,
	    [IPID_RANDOM] = BURST_COUNTER_RANDOM,   [IPID_CONST] = BURST_COUNTER_CONST,
	};
	return counters[ipid_classify(s, 0)];
}

enum burst_fact rule_front_end(const struct side *sender, const struct side *other)
{
	const struct sample *synack = &sender->syn, *syn = &other->syn;
	if (!synack->frame.number || !syn->frame.number || !synack->ipv4 || !syn->ipv4)
		return BURST_UNKNOWN;
	return burst_fact_of(synack->ip_id != 0 && (uint16_t)(synack->ip_id - syn->ip_id) <= 1);
}

static enum burst_stage stage_of(const struct burst *b)
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

const struct sample *rule_request(const struct burst *b)
{
	const struct trigger *t = &b->flow->trigger;
	bool before = t->kind != TRIGGER_NONE && t->sample.frame.number < burst_rst(b, 0)->frame.number;
	return b->dir == DIR_DOWN && before ? &t->sample : NULL;
}

static enum burst_asked asked_of(const struct burst *b)
{
	static const enum burst_asked questions[] = {[TRIGGER_NONE] = BURST_ASKED_UNKNOWN,
	                                             [TRIGGER_DNS] = BURST_ASKED_DNS,
	                                             [TRIGGER_HTTP] = BURST_ASKED_HTTP,
	                                             [TRIGGER_TLS] = BURST_ASKED_TLS,
	                                             [TRIGGER_FTP] = BURST_ASKED_UNKNOWN};
	return rule_request(b) ? questions[b->flow->trigger.kind] : BURST_ASKED_UNKNOWN;
}

void rule_burst(const struct burst *b, unsigned first, unsigned count, struct burst_facts *out)
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
	for (unsigned i = first; i < first + count && out->packets < BURST_PACKETS_MAX; i++) {
		struct burst_packet *p = &out->packet[out->packets++];
		*p = rule_packet(burst_rst(b, i));
		p->answers = burst_moment(b, i)->answers_packet;
		p->payload_kept = r->payload_kept[b->at[i]];
		memcpy(p->payload, r->payload[b->at[i]], p->payload_kept);
	}
	out->request = rule_packet(rule_request(b));
	if (b->at[first] > 0) /* what came just before these is not kept */
		return;
	out->own = rule_packet(side_recent(&r->own, 0));
	out->other = rule_packet(&r->other_last);
	out->count = count == b->kept && r->rst_count > count ? r->rst_count : 0;
}

/* Decibans that the finding has in a group. */
static int group_db(const struct finding *f, const char *group)
{
	int sum = 0;
	for (size_t i = 0; i < f->term_count; i++)
		sum += strcmp(f->terms[i].group, group) == 0 ? f->terms[i].db : 0;
	return sum;
}

void rule_term(struct finding *f, const struct weights *w, const struct sigdb *db, const struct signature *s)
{
	static const struct {
		enum rule_group bit;
		const char *group, *term[2];
	} groups[GROUPS] = {{RULE_GROUP_SEQ, "seq", {"E09b_seq", "E09_seq"}},
	                    {RULE_GROUP_TTL, "ttl", {"E09b_ttl", "E09_ttl"}},
	                    {RULE_GROUP_IPID, "ipid", {"E09b_ipid", "E09_ipid"}},
	                    {RULE_GROUP_WIN, "win", {"E09b_win", "E09_win"}}};
	bool strong = (s->scope == SIG_NATIONAL || s->scope == SIG_ISP) && s->confidence >= CONFIDENCE_LEAST;
	const struct packet_rule *rule = sigdb_rule(db, s);
	const char *term = strong ? "E09" : "E09b";
	int most = LEAST_DB;
	for (size_t i = 0; rule && i < GROUPS; i++) {
		int has = group_db(f, groups[i].group);
		if (!(rule->groups & (unsigned)groups[i].bit) || has <= most)
			continue;
		most = has;
		term = groups[i].term[strong];
	}
	finding_term(f, w, term, false);
}
