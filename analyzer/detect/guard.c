/* Guards by the client's other attempts. */
#include "analyzer/detect/guard.h"

#include <stdlib.h>

#define SECOND_NS INT64_C(1000000000)
#define OUTAGE_NS (10 * SECOND_NS)
#define SCAN_NS   (60 * SECOND_NS)
#define LIFE_NS   (600 * SECOND_NS) /* how long before an outage what it ends may have begun */
#define RACE_NS   (2 * SECOND_NS)   /* RFC 8305, section 5: no attempt waits longer for the next */

enum {
	SCAN_PLACES = 30,
	SCAN_ESTABLISHED_PERCENT = 10,
	ABORT_FLOWS = 3,
	ABORT_SERVERS = 2,
	OUTAGE_FLOWS = 3,
	OUTAGE_PERCENT = 80,
	LOOKED_AT_MAX = 2048, /* attempts of one client in one window, the latest; others are not looked at */
};

/* Those that are tested here. */
#define CLIENT_GUARDS                                                                                                  \
	(1U << GUARD_SCANNER | 1U << GUARD_HAPPY_EYEBALLS | 1U << GUARD_CLIENT_ABORT | 1U << GUARD_OWN_NETWORK_DOWN)

static struct attempt_range window(const struct attempt_table *t, const struct attempt *a, int64_t from_ns,
                                   int64_t to_ns)
{
	struct attempt_range r = attempts_of(t, &a->client, from_ns, to_ns);
	if (r.count > LOOKED_AT_MAX) {
		r.at += r.count - LOOKED_AT_MAX;
		r.count = LOOKED_AT_MAX;
	}
	return r;
}

static bool same_place(const struct attempt *a, const struct attempt *b)
{
	return a->server_port == b->server_port && a->l4_proto == b->l4_proto && addr_equal(&a->server, &b->server);
}

static bool is_connection(const struct attempt *a)
{
	return a->l4_proto == IPPROTO_TCP && !(a->flags & ATTEMPT_DNS_QUERY);
}

/* More than SCAN_PLACES distinct places are enough to know; so many are remembered. */
enum guard_result guard_scanner(const struct attempt_table *t, const struct attempt *a)
{
	const struct attempt *places[SCAN_PLACES + 1];
	size_t distinct = 0, tried = 0, established = 0;
	if (a->flags & ATTEMPT_SCANNER)
		return GUARD_FITS;
	struct attempt_range r = window(t, a, a->first_ns - SCAN_NS / 2, a->first_ns + SCAN_NS / 2);
	for (size_t i = 0; i < r.count; i++) {
		size_t k = 0;
		if (!is_connection(r.at[i]))
			continue;
		tried++;
		established += (r.at[i]->flags & ATTEMPT_CONNECTED) != 0;
		while (k < distinct && !same_place(places[k], r.at[i]))
			k++;
		if (k == distinct && distinct <= SCAN_PLACES)
			places[distinct++] = r.at[i];
	}
	return distinct > SCAN_PLACES && established * 100 < tried * SCAN_ESTABLISHED_PERCENT ? GUARD_FITS
	                                                                                      : GUARD_CLEAR;
}

/*
 * RFC 8305: the client tries several addresses and gives the slower ones up without having said anything. A client that goes on
 * sending SYNs when the race is over has not given up.
 */
enum guard_result guard_happy_eyeballs(const struct attempt_table *t, const struct attempt *a)
{
	bool closed = a->flags & (ATTEMPT_CLIENT_RESET | ATTEMPT_CLIENT_FIN);
	bool dropped = a->outcome == ATTEMPT_NO_HANDSHAKE && a->last_ns - a->first_ns <= RACE_NS;
	if (a->bytes[DIR_UP] > 0 || !is_connection(a) || (!closed && !dropped))
		return GUARD_CLEAR;
	struct attempt_range r = window(t, a, a->first_ns - RACE_NS, a->first_ns + RACE_NS);
	for (size_t i = 0; i < r.count; i++) {
		const struct attempt *b = r.at[i];
		bool winner = b != a && is_connection(b) && attempt_succeeded(b);
		bool alike = same_name(a->name, b->name) || b->server_port == a->server_port;
		if (winner && alike && !addr_equal(&a->server, &b->server))
			return GUARD_FITS;
	}
	return GUARD_CLEAR;
}

/* A closed tab or program resets everything it has open at once. */
enum guard_result guard_client_abort(const struct attempt_table *t, const struct attempt *a)
{
	size_t flows = 0, servers = 0;
	const struct attempt *first = NULL;
	if (!(a->flags & ATTEMPT_CLIENT_RESET))
		return GUARD_CLEAR;
	struct attempt_range r = window(t, a, a->last_ns - LIFE_NS, a->last_ns + SECOND_NS);
	for (size_t i = 0; i < r.count; i++) {
		const struct attempt *b = r.at[i];
		int64_t apart = b->last_ns - a->last_ns;
		if (!is_connection(b) || !(b->flags & ATTEMPT_CLIENT_RESET) || apart > SECOND_NS || apart < -SECOND_NS)
			continue;
		flows++;
		servers += !first || !addr_equal(&first->server, &b->server);
		first = first ? first : b;
	}
	return flows >= ABORT_FLOWS && servers >= ABORT_SERVERS ? GUARD_FITS : GUARD_CLEAR;
}

/* When it failed: where silence began, for one that had worked before. */
static int64_t failed_ns(const struct attempt *a)
{
	if ((a->flags & ATTEMPT_DIED) && a->unanswered_first.number && a->unanswered_first.ts_ns != FRAME_NO_TIME)
		return a->unanswered_first.ts_ns;
	return a->asked_ns;
}

/* A DNS error code came through the network. */
static bool was_heard(const struct attempt *a)
{
	return attempt_succeeded(a) || ((a->flags & ATTEMPT_DNS_QUERY) && a->outcome == ATTEMPT_TURNED_AWAY);
}

static bool has_died(const struct attempt *a)
{
	return (attempt_failed(a) && !was_heard(a)) || (a->flags & ATTEMPT_DIED);
}

/* One that worked for long and died counts in the bin where it died. */
enum guard_result guard_own_network_down(const struct attempt_table *t, const struct attempt *a, int64_t first_ns)
{
	int64_t at_ns = failed_ns(a) - first_ns, bin = at_ns / OUTAGE_NS - (at_ns % OUTAGE_NS < 0);
	int64_t from_ns = first_ns + bin * OUTAGE_NS, to_ns = from_ns + OUTAGE_NS;
	size_t inside = 0, failed = 0, near = 0;
	struct attempt_range r = window(t, a, from_ns - LIFE_NS, to_ns + OUTAGE_NS - 1);
	for (size_t i = 0; i < r.count; i++) {
		const struct attempt *b = r.at[i];
		int64_t b_ns = failed_ns(b);
		bool known = has_died(b) || was_heard(b);
		if (addr_equal(&b->server, &a->server) || !known || b_ns < from_ns - OUTAGE_NS ||
		    b_ns >= to_ns + OUTAGE_NS)
			continue;
		near++;
		if (b_ns < from_ns || b_ns >= to_ns)
			continue;
		inside++;
		failed += has_died(b);
	}
	if (near == 0)
		return GUARD_UNTESTED;
	return failed >= OUTAGE_FLOWS && failed * 100 >= inside * OUTAGE_PERCENT ? GUARD_FITS : GUARD_CLEAR;
}

/* Nobody said anything: no RST, no alert, no error code. */
static bool met_silence(const struct attempt *a)
{
	return a->outcome == ATTEMPT_NO_HANDSHAKE || a->outcome == ATTEMPT_UNACKED || a->outcome == ATTEMPT_SILENCE ||
	       (a->flags & ATTEMPT_DIED);
}

bool guard_silence_around(const struct attempt_table *t, const struct attempt *a, int64_t until_ns)
{
	int64_t began_ns = failed_ns(a), to_ns = until_ns > began_ns + OUTAGE_NS ? until_ns : began_ns + OUTAGE_NS;
	size_t silent = 0, answered = 0, alive = 0;
	struct attempt_range r = window(t, a, began_ns - LIFE_NS, to_ns);
	for (size_t i = 0; i < r.count; i++) {
		const struct attempt *b = r.at[i];
		int64_t b_ns = failed_ns(b);
		if (b == a || b_ns > to_ns)
			continue;
		bool elsewhere = !addr_equal(&b->server, &a->server);
		bool success = !met_silence(b) && b->outcome != ATTEMPT_UNKNOWN;
		silent += elsewhere && met_silence(b) && b_ns >= began_ns - OUTAGE_NS;
		answered += elsewhere && success && b->last_ns >= began_ns;
		alive += success && b->last_ns >= began_ns;
	}
	return alive == 0 || (silent > 0 && answered == 0);
}

static void note(struct finding *f, const struct guard_input *in, enum guard g, const char *term,
                 enum guard_result result)
{
	if (result == GUARD_FITS) {
		finding_term(f, in->weights, term, false);
		f->guards_failed |= 1U << g;
	} else if (result == GUARD_UNTESTED) {
		f->guards_untested |= 1U << g;
	}
}

void guard_all(struct finding **all, size_t count, const struct guard_input *in)
{
	for (size_t i = 0; i < count; i++) {
		struct finding *f = all[i];
		uint32_t asked = f->mechanism->guards;
		const struct attempt *a = asked ? attempt_of_finding(in->attempts, f) : NULL;
		/* The log had to drop it, or the capture has no times: nothing says that the guard holds. */
		if (asked && (!a || in->first_ns == FRAME_NO_TIME))
			f->guards_untested |= asked & CLIENT_GUARDS;
		if (!a || in->first_ns == FRAME_NO_TIME)
			continue;
		if (asked >> GUARD_SCANNER & 1)
			note(f, in, GUARD_SCANNER, "N15", guard_scanner(in->attempts, a));
		if (asked >> GUARD_HAPPY_EYEBALLS & 1)
			note(f, in, GUARD_HAPPY_EYEBALLS, "N16", guard_happy_eyeballs(in->attempts, a));
		if (asked >> GUARD_CLIENT_ABORT & 1)
			note(f, in, GUARD_CLIENT_ABORT, "N17", guard_client_abort(in->attempts, a));
		if (asked >> GUARD_OWN_NETWORK_DOWN & 1)
			note(f, in, GUARD_OWN_NETWORK_DOWN, "N22",
			     guard_own_network_down(in->attempts, a, in->first_ns));
	}
}
