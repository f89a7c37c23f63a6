/* Comparing the hops of SYN/ACKs. */
#include "analyzer/detect/path.h"

#include "analyzer/detect/suspect.h"

enum { LOOKED_AT_MAX = 2048, AGREE_HOPS = 1 };

static bool comparable(const struct attempt *a, const struct attempt *b)
{
	return b->l4_proto == IPPROTO_TCP && b->synack.ttl && b->server_port != a->server_port &&
	       addr_equal(&a->server, &b->server);
}

struct path_contrast path_nearer(const struct attempt_table *t, const struct attempt *a)
{
	struct path_contrast none = {0}, found = {0};
	int least = 0, most = 0;
	int64_t rtt = -1;
	if (!a->synack.ttl)
		return none;
	struct attempt_range r = attempts_to(t, &a->client, &a->server);
	for (size_t i = 0; i < r.count && i < LOOKED_AT_MAX; i++) {
		const struct attempt *b = r.at[i];
		if (!comparable(a, b))
			continue;
		int hops = hops_of(b->synack.ttl);
		least = !found.other || hops < least ? hops : least;
		most = !found.other || hops > most ? hops : most;
		if (b->rtt_min_ns >= 0 && (rtt < 0 || b->rtt_min_ns < rtt))
			rtt = b->rtt_min_ns;
		found.other = found.other ? found.other : b;
	}
	if (!found.other || most - least > AGREE_HOPS)
		return none;
	found.hop_delta = hops_of(a->synack.ttl) - least;
	bool sooner = rtt < 0 || a->rtt_min_ns < 0 || a->rtt_min_ns < rtt / 5 * 4;
	return found.hop_delta <= -PATH_HOPS_LEAST && sooner ? found : none;
}
