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

static bool same_profile(const struct census_profile *p, const struct census_profile *q)
{
	return p->ttl == q->ttl && p->options_len == q->options_len && p->options_seen == q->options_seen &&
	       p->window == q->window && p->no_router == q->no_router;
}

/* Counts a server with this profile. Returns where the profile is. */
static uint8_t profile_add(struct census *c, const struct census_profile *p)
{
	size_t i = 0;
	while (i < c->profile_count && !same_profile(&c->profiles[i], p))
		i++;
	if (i == CENSUS_PROFILES_MAX) {
		c->profiles_unremembered++;
		return CENSUS_PROFILES_MAX;
	}
	if (i == c->profile_count) {
		c->profiles[i] = *p;
		c->profiles[i].servers = 0;
		c->profile_count++;
	}
	c->profiles[i].servers++;
	return (uint8_t)i;
}

/* A server counts once, however many clients in however many shards it has. p NULL: a profile that was not remembered. */
static void server_add(struct census *c, const struct addr *server, const struct census_profile *p)
{
	for (size_t i = 0; i < c->server_count; i++)
		if (addr_equal(&c->servers[i], server))
			return;
	if (c->server_count == CENSUS_SERVERS_MAX) {
		c->servers_unremembered++;
		return;
	}
	c->servers[c->server_count] = *server;
	c->profile_of[c->server_count] = CENSUS_PROFILES_MAX;
	if (p)
		c->profile_of[c->server_count] = profile_add(c, p);
	else
		c->profiles_unremembered++;
	c->server_count++;
}

void census_flow(struct census *c, const struct flow *f)
{
	if (!f->tcp)
		return;
	c->vantage[census_vantage(f)]++;
	const struct sample *synack = &f->tcp->side[DIR_DOWN].syn, *syn = &f->tcp->side[DIR_UP].syn;
	if (!synack->frame.number)
		return;
	bool no_router = syn->frame.number && hops_of(syn->ttl) == 0 && hops_of(synack->ttl) == 0;
	struct census_profile profile = {
	    .ttl = synack->ttl,
	    .options_len = synack->options_len,
	    .options_seen = synack->options_seen,
	    .window = synack->window,
	    .no_router = no_router,
	};
	server_add(c, &f->server, &profile);
}

void census_merge(struct census *into, const struct census *from)
{
	for (size_t i = 0; i < from->server_count; i++)
		server_add(into, &from->servers[i],
		           from->profile_of[i] < CENSUS_PROFILES_MAX ? &from->profiles[from->profile_of[i]] : NULL);
	into->servers_unremembered += from->servers_unremembered;
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
