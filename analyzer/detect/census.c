/* Counting over flows. */
#include "analyzer/detect/census.h"

#include "analyzer/detect/suspect.h"

#define NEAR_NS INT64_C(1000000) /* the near end answers within a millisecond */

enum { SAME_ANSWER_SERVERS = 5, SAME_ANSWER_RAW_SERVERS = 2, SHARE_PERCENT = 90 };

enum vantage census_vantage(const struct flow *f)
{
	uint32_t samples;
	if (!f->tcp || !(f->flags & FLOW_HANDSHAKE))
		return VANTAGE_UNKNOWN;
	int64_t server = rtt_min_ns(&f->tcp->rtt[DIR_UP], NULL, 0, &samples);
	int64_t client = rtt_min_ns(&f->tcp->rtt[DIR_DOWN], NULL, 0, &samples);
	if (server < 0 || client < 0 || (server < NEAR_NS && client < NEAR_NS))
		return VANTAGE_UNKNOWN;
	if (client < NEAR_NS)
		return VANTAGE_CLIENT;
	return server < NEAR_NS ? VANTAGE_SERVER : VANTAGE_MIDDLE;
}

static bool server_add(struct census *c, const struct addr *server)
{
	for (size_t i = 0; i < c->server_count; i++)
		if (addr_equal(&c->servers[i], server))
			return false;
	if (c->server_count == CENSUS_SERVERS_MAX) {
		c->servers_unremembered++;
		return false;
	}
	c->servers[c->server_count++] = *server;
	return true;
}

static void profile_add(struct census *c, const struct census_profile *p)
{
	for (size_t i = 0; i < c->profile_count; i++) {
		struct census_profile *q = &c->profiles[i];
		if (q->ttl != p->ttl || q->options_len != p->options_len || q->options_seen != p->options_seen ||
		    q->window != p->window || q->no_router != p->no_router)
			continue;
		q->servers += p->servers;
		return;
	}
	if (c->profile_count < CENSUS_PROFILES_MAX)
		c->profiles[c->profile_count++] = *p;
	else
		c->profiles_unremembered += p->servers;
}

void census_flow(struct census *c, const struct flow *f)
{
	if (!f->tcp)
		return;
	c->vantage[census_vantage(f)]++;
	const struct sample *synack = &f->tcp->side[DIR_DOWN].syn, *syn = &f->tcp->side[DIR_UP].syn;
	if (!synack->frame.number || !server_add(c, &f->server))
		return;
	bool no_router = syn->frame.number && hops_of(syn->ttl) == 0 && hops_of(synack->ttl) == 0;
	struct census_profile profile = {
	    .ttl = synack->ttl,
	    .options_len = synack->options_len,
	    .options_seen = synack->options_seen,
	    .window = synack->window,
	    .no_router = no_router,
	    .servers = 1,
	};
	profile_add(c, &profile);
}

void census_merge(struct census *into, const struct census *from)
{
	for (size_t i = 0; i < from->server_count; i++)
		server_add(into, &from->servers[i]);
	into->servers_unremembered += from->servers_unremembered;
	into->profiles_unremembered += from->profiles_unremembered;
	for (size_t i = 0; i < from->profile_count; i++)
		profile_add(into, &from->profiles[i]);
	for (size_t i = 0; i <= VANTAGE_MIDDLE; i++)
		into->vantage[i] += from->vantage[i];
}

enum vantage census_majority(const struct census *c)
{
	enum vantage best = VANTAGE_UNKNOWN;
	uint64_t most = 0;
	for (enum vantage v = VANTAGE_CLIENT; v <= VANTAGE_MIDDLE; v++) {
		if (c->vantage[v] == most)
			best = VANTAGE_UNKNOWN;
		if (c->vantage[v] <= most)
			continue;
		best = v;
		most = c->vantage[v];
	}
	return best;
}

bool census_terminated_locally(const struct census *c, bool raw_ip)
{
	uint64_t all = c->profiles_unremembered, alike = 0;
	for (size_t i = 0; i < c->profile_count; i++) {
		const struct census_profile *p = &c->profiles[i];
		all += p->servers;
		if (p->no_router && p->servers > alike)
			alike = p->servers;
	}
	if (raw_ip && alike >= SAME_ANSWER_RAW_SERVERS && alike == all)
		return true;
	return alike >= SAME_ANSWER_SERVERS && alike * 100 >= all * SHARE_PERCENT;
}
