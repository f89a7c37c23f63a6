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
