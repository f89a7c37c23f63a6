/*
 * What handshakes tell of boxes on the way, in the capture pass; informational all of it:
 *   mss_or_option_stripped  one server accepts some connections of a client with fewer options than others, although the SYNs
 *                           offered the same (tracebox, Detal et al., IMC 2013): something on the way takes options out
 *   small_window_synack     a SYN/ACK with a window of at most 512 bytes, unscaled, from a server that elsewhere offers more than 8192: a
 *                           stall, or a server that makes clients split their request on purpose (Bock et al., SIGCOMM 2020)
 * Innocent: several machines behind one address, SYN cookies (which cannot remember options), embedded devices.
 */
#include "analyzer/detect/detector.h"

enum {
	SMALL_WINDOW = 512,
	LARGE_WINDOW = 8192,
	NEGOTIATED = TCPOPT_SEEN_WSCALE | TCPOPT_SEEN_SACK_PERMITTED | TCPOPT_SEEN_TIMESTAMPS,
};

static bool accepted(const struct attempt *a)
{
	return a->synack.ttl != 0 && a->syn.ttl != 0;
}

/* Options that the client offered and the server took up. */
static uint16_t taken(const struct attempt *a)
{
	return a->syn.seen & a->synack.seen & NEGOTIATED;
}

static void propose(struct conclusion *c, const char *mechanism, const struct attempt *a, const struct attempt *usual,
                    const char *key, unsigned value)
{
	char number[FINDING_NUMBER_SIZE];
	struct finding f = {.mechanism = mechanism_find(mechanism), .kind = KIND_INFORMATIONAL, .to_client = true};
	finding_attempt(&f, a);
	finding_evidence(&f, a->frame); /* the client's own: what is odd is the SYN/ACK before it */
	finding_evidence(&f, usual->frame);
	f.last_heard = a->frame;
	f.alternatives = 1U << ALT_LOAD_BALANCER;
	finding_number(&f, number, key, value);
	conclusion_propose(c, &f);
}

/* One place of one client: at[0..count). The most generous handshake is the usual one. */
static void look_at_place(struct conclusion *c, const struct attempt *const *at, size_t count)
{
	const struct attempt *widest = NULL, *richest = NULL;
	for (size_t i = 0; i < count; i++) {
		if (!accepted(at[i]))
			continue;
		widest = !widest || at[i]->synack.window > widest->synack.window ? at[i] : widest;
		richest =
		    !richest || __builtin_popcount(taken(at[i])) > __builtin_popcount(taken(richest)) ? at[i] : richest;
	}
	for (size_t i = 0; widest && i < count; i++) {
		const struct attempt *a = at[i];
		if (!accepted(a))
			continue;
		bool small = a->synack.window <= SMALL_WINDOW && !(a->synack.seen & TCPOPT_SEEN_WSCALE);
		if (small && widest->synack.window > LARGE_WINDOW) {
			propose(c, "small_window_synack", a, widest, "window", a->synack.window);
			return;
		}
		uint16_t missing = (uint16_t)(taken(richest) & a->syn.seen & ~a->synack.seen);
		if (missing && a->syn.seen == richest->syn.seen) {
			propose(c, "mss_or_option_stripped", a, richest, "options_missing", missing);
			return;
		}
	}
}

static void conclude(struct conclusion *c)
{
	const struct attempt_table *t = c->attempts;
	for (size_t i = 0, end; i < t->count && !c->terminated_locally; i = end) {
		for (end = i + 1; end < t->count && attempt_same_place(t->by_place[i], t->by_place[end]); end++)
			;
		if (end - i > 1 && t->by_place[i]->l4_proto == IPPROTO_TCP)
			look_at_place(c, t->by_place + i, end - i);
	}
}

const struct detector detector_handshake_options = {
    .name = "handshake_options",
    .summary = "options and windows of handshakes that differ at one place",
    .conclude = conclude,
};
