/* The log of attempts, and its two orders. */
#include "analyzer/detect/attempt.h"

#include "analyzer/net/pace.h"

#include <stdlib.h>
#include <strings.h>

enum { FIRST_ROOM = 64, DIED_UNANSWERED = 3 };

static const char *const outcome_names[ATTEMPT_OUTCOMES] = {
    [ATTEMPT_UNKNOWN] = "unknown",         [ATTEMPT_ANSWERED] = "answered",     [ATTEMPT_NO_HANDSHAKE] = "no_handshake",
    [ATTEMPT_REFUSED] = "refused",         [ATTEMPT_NO_REQUEST] = "no_request", [ATTEMPT_UNACKED] = "unacked",
    [ATTEMPT_STALLED] = "stalled",         [ATTEMPT_RESET] = "reset",           [ATTEMPT_CLOSED] = "closed",
    [ATTEMPT_TURNED_AWAY] = "turned_away", [ATTEMPT_SILENCE] = "silence",
};

const char *attempt_outcome_name(enum attempt_outcome o)
{
	return o < ATTEMPT_OUTCOMES ? outcome_names[o] : "";
}

bool attempt_succeeded(const struct attempt *a)
{
	return a->outcome == ATTEMPT_ANSWERED;
}

bool attempt_failed(const struct attempt *a)
{
	return a->outcome != ATTEMPT_ANSWERED && a->outcome != ATTEMPT_UNKNOWN && a->outcome != ATTEMPT_NO_REQUEST;
}

bool same_name(const char *a, const char *b)
{
	return a && b && strcasecmp(a, b) == 0;
}

/* Does it go in this round? Rounds: old successes, all successes, all. */
static bool goes(const struct attempt *a, int round, int64_t now_ns)
{
	if (round == 2)
		return true;
	return !attempt_failed(a) && (round == 1 || now_ns - a->last_ns > ATTEMPTS_FRESH_NS);
}

/* Items are in the order in which they ended, oldest first. */
static void make_room(struct attempts *a, size_t cap, int64_t now_ns)
{
	size_t wanted = cap - cap / 4;
	for (int round = 0; round < 3 && a->count > wanted; round++) {
		size_t kept = 0, over = a->count - wanted;
		for (size_t i = 0; i < a->count; i++) {
			bool gone = (round == 0 || over > 0) && goes(&a->items[i], round, now_ns);
			over -= gone && over > 0;
			a->dropped += gone && round > 0;
			if (!gone)
				a->items[kept++] = a->items[i];
		}
		a->count = kept;
	}
}

void attempts_add(struct attempts *a, const struct attempt *item)
{
	size_t cap = a->cap ? a->cap : ATTEMPTS_MAX;
	if (a->count == cap)
		make_room(a, cap, item->last_ns);
	if (a->count == a->room) {
		size_t room = a->room ? a->room * 2 : FIRST_ROOM;
		struct attempt *items = realloc(a->items, (room < cap ? room : cap) * sizeof *items);
		if (!items) {
			a->dropped++;
			return;
		}
		a->items = items;
		a->room = room < cap ? room : cap;
	}
	a->items[a->count++] = *item;
}

void attempts_free(struct attempts *a)
{
	free(a->items);
	*a = (struct attempts){0};
}

/* G15: what tools that scan whole networks put into their SYNs (ZMap's id; no options; a TTL that no stack starts with a few
 * hops away from; Mirai's number, which is the address). */
static bool scanner_marks(const struct flow *f)
{
	enum { ZMAP_IP_ID = 54321, TTL_HIGH = 200 };
	const struct sample *syn = &f->tcp->side[DIR_UP].syn;
	if (!syn->frame.number)
		return false;
	uint32_t to = (uint32_t)f->server.bytes[0] << 24 | (uint32_t)f->server.bytes[1] << 16 |
	              (uint32_t)f->server.bytes[2] << 8 | f->server.bytes[3];
	bool mirai = f->server.version == 4 && syn->seq == to;
	return (syn->ipv4 && syn->ip_id == ZMAP_IP_ID) || syn->options_len == 0 || syn->ttl >= TTL_HIGH || mirai;
}

static bool reset_first(const struct flow *f)
{
	const struct resets *r = f->tcp->resets;
	if (!r || r->side[DIR_DOWN].rst_count == 0)
		return false;
	uint32_t answered = f->trigger.kind != TRIGGER_NONE ? f->trigger.server_packets : 0;
	return r->side[DIR_DOWN].own.data_packets <= answered;
}

static enum attempt_outcome tcp_outcome(const struct flow *f)
{
	const struct side *client = &f->tcp->side[DIR_UP], *server = &f->tcp->side[DIR_DOWN];
	const struct resets *r = f->tcp->resets;
	bool by_server = r && r->side[DIR_DOWN].rst_count > 0;
	uint32_t answered = f->trigger.kind != TRIGGER_NONE ? f->trigger.server_packets : 0;
	if (f->flags & FLOW_MIDSTREAM)
		return server->data_packets > answered ? ATTEMPT_ANSWERED : ATTEMPT_UNKNOWN;
	if (!server->have_syn && !server->packets)
		return by_server ? ATTEMPT_REFUSED : client->have_ack ? ATTEMPT_UNKNOWN : ATTEMPT_NO_HANDSHAKE;
	if (client->data_packets == 0)
		return server->data_packets > 0 ? ATTEMPT_ANSWERED : by_server ? ATTEMPT_REFUSED : ATTEMPT_NO_REQUEST;
	if (reset_first(f))
		return ATTEMPT_RESET;
	if (f->flags & FLOW_REFUSED)
		return ATTEMPT_TURNED_AWAY;
	if (server->data_packets > answered)
		return ATTEMPT_ANSWERED;
	if (server->have_fin)
		return ATTEMPT_CLOSED;
	return f->tcp->unacked[DIR_UP].transmissions > 0 ? ATTEMPT_UNACKED : ATTEMPT_STALLED;
}

static struct attempt_opening opening_of(const struct sample *s)
{
	return (struct attempt_opening){.seen = s->options_seen, .window = s->window, .ttl = s->ttl};
}

static void tcp_facts(struct attempt *out, const struct flow *f)
{
	const struct side *client = &f->tcp->side[DIR_UP], *server = &f->tcp->side[DIR_DOWN];
	const struct resets *r = f->tcp->resets;
	uint32_t samples;
	out->outcome = (uint8_t)tcp_outcome(f);
	out->syn = opening_of(&client->syn);
	out->synack = opening_of(&server->syn);
	out->first_payload = client->first_payload;
	if (client->have_syn && server->have_ack && seq_diff(server->max_ack, client->isn + 1) > 0)
		out->acknowledged = server->max_ack - client->isn - 1;
	out->rate_bps[DIR_UP] = pace_rate(f, DIR_UP);
	out->rate_bps[DIR_DOWN] = pace_rate(f, DIR_DOWN);
	out->rtt_min_ns = rtt_min_ns(&f->tcp->rtt[DIR_UP], NULL, 0, &samples);
	if (f->flags & FLOW_HANDSHAKE)
		out->flags |= ATTEMPT_CONNECTED;
	if (f->flags & FLOW_FIN_UP)
		out->flags |= ATTEMPT_CLIENT_FIN;
	if (r && r->side[DIR_UP].rst_count > 0)
		out->flags |= ATTEMPT_CLIENT_RESET;
	if (shape_looks_encrypted(&f->tcp->shape))
		out->flags |= ATTEMPT_LOOKS_ENCRYPTED;
	if (scanner_marks(f))
		out->flags |= ATTEMPT_SCANNER;
}

static enum attempt_outcome udp_outcome(const struct flow *f)
{
	if (f->packets[DIR_DOWN] == 0)
		return ATTEMPT_SILENCE;
	if (f->flags & FLOW_STALLED)
		return ATTEMPT_STALLED;
	return f->flags & FLOW_UNFINISHED ? ATTEMPT_UNKNOWN : ATTEMPT_ANSWERED;
}

bool attempt_of_flow(struct attempt *out, const struct flow *f, bool capture_ended)
{
	bool ports = f->l4_proto == IPPROTO_TCP || f->l4_proto == IPPROTO_UDP;
	if (!ports || addr_is_multicast(&f->server) || addr_is_multicast(&f->client))
		return false;
	bool asked = f->trigger.kind != TRIGGER_NONE && f->trigger.sample.frame.number;
	*out = (struct attempt){
	    .client = f->client,
	    .server = f->server,
	    .client_port = f->client_port,
	    .server_port = f->server_port,
	    .l4_proto = f->l4_proto,
	    .trigger = (uint8_t)f->trigger.kind,
	    .name = f->trigger.name,
	    .first_ns = f->first_ns,
	    .last_ns = f->last_ns,
	    .asked_ns = f->first_ns,
	    .frame = asked ? f->trigger.sample.frame : f->first,
	    .flow_id = f->id,
	    .bytes = {f->bytes[DIR_UP], f->bytes[DIR_DOWN]},
	    .unanswered = f->waiting[DIR_UP].sent,
	    .unanswered_first = f->waiting[DIR_UP].first,
	    .unanswered_last = f->waiting[DIR_UP].last,
	    .rtt_min_ns = -1,
	};
	if (asked && f->trigger.sample.frame.ts_ns != FRAME_NO_TIME)
		out->asked_ns = f->trigger.sample.frame.ts_ns;
	if (f->tcp)
		tcp_facts(out, f);
	else
		out->outcome = (uint8_t)udp_outcome(f);
	if (f->packets[DIR_UP] == 0) {
		out->flags |= ATTEMPT_CLIENT_SILENT;
		out->outcome = ATTEMPT_UNKNOWN;
	}
	if (out->unanswered >= DIED_UNANSWERED)
		out->flags |= ATTEMPT_DIED;
	if (f->candidates > 0)
		out->flags |= ATTEMPT_SUSPECT;
	if (capture_ended)
		out->flags |= ATTEMPT_CUT_SHORT;
	if (f->flags & FLOW_UNREACHABLE)
		out->flags |= ATTEMPT_UNREACHABLE;
	return true;
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int by_time(const struct attempt *a, const struct attempt *b)
{
	if (a->first_ns != b->first_ns)
		return a->first_ns < b->first_ns ? -1 : 1;
	int order = compare_u64(a->frame.number, b->frame.number);
	if (!order)
		order = addr_compare(&a->server, &b->server);
	return order ? order : compare_u64(a->flow_id, b->flow_id);
}

static int compare_pair(const struct attempt *a, const struct attempt *b)
{
	int order = addr_compare(&a->client, &b->client);
	return order ? order : addr_compare(&a->server, &b->server);
}

static int compare_place(const struct attempt *a, const struct attempt *b)
{
	int order = compare_pair(a, b);
	if (!order)
		order = a->l4_proto - b->l4_proto;
	return order ? order : a->server_port - b->server_port;
}

bool attempt_same_place(const struct attempt *a, const struct attempt *b)
{
	return compare_place(a, b) == 0;
}

static int by_place(const void *a, const void *b)
{
	const struct attempt *x = *(const struct attempt *const *)a, *y = *(const struct attempt *const *)b;
	int order = compare_place(x, y);
	return order ? order : by_time(x, y);
}

static int by_client(const void *a, const void *b)
{
	const struct attempt *x = *(const struct attempt *const *)a, *y = *(const struct attempt *const *)b;
	int order = addr_compare(&x->client, &y->client);
	return order ? order : by_time(x, y);
}

int attempt_table_init(struct attempt_table *t, const struct attempts *const *logs, size_t count, struct err *e)
{
	size_t total = 0;
	*t = (struct attempt_table){0};
	for (size_t i = 0; i < count; i++)
		total += logs[i]->count;
	t->by_place = malloc((total + 1) * sizeof *t->by_place);
	t->by_client = malloc((total + 1) * sizeof *t->by_client);
	if (!t->by_place || !t->by_client) {
		attempt_table_free(t);
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < logs[i]->count; k++) {
			t->by_place[t->count] = &logs[i]->items[k];
			t->by_client[t->count++] = &logs[i]->items[k];
		}
	qsort(t->by_place, t->count, sizeof *t->by_place, by_place);
	qsort(t->by_client, t->count, sizeof *t->by_client, by_client);
	return 0;
}

void attempt_table_free(struct attempt_table *t)
{
	free(t->by_place);
	free(t->by_client);
	*t = (struct attempt_table){0};
}

/* The first of at[0..count) that `key` does not come behind in this order. */
static size_t lower_bound(const struct attempt **at, size_t count, const struct attempt *key,
                          int (*order)(const struct attempt *a, const struct attempt *key))
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (order(at[middle], key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* As compare_place, with equals in front: the end of a place is where the next begins. */
static int behind_place(const struct attempt *a, const struct attempt *key)
{
	return compare_place(a, key) <= 0 ? -1 : 1;
}

static int behind_pair(const struct attempt *a, const struct attempt *key)
{
	return compare_pair(a, key) <= 0 ? -1 : 1;
}

static int client_from(const struct attempt *a, const struct attempt *key)
{
	int order = addr_compare(&a->client, &key->client);
	return order ? order : (a->first_ns > key->first_ns) - (a->first_ns < key->first_ns);
}

static int behind_client(const struct attempt *a, const struct attempt *key)
{
	return client_from(a, key) <= 0 ? -1 : 1;
}

struct attempt_range attempts_at(const struct attempt_table *t, const struct addr *client, const struct addr *server,
                                 uint8_t l4_proto, uint16_t server_port)
{
	struct attempt key = {.client = *client, .server = *server, .l4_proto = l4_proto, .server_port = server_port};
	size_t from = lower_bound(t->by_place, t->count, &key, compare_place);
	size_t to = lower_bound(t->by_place, t->count, &key, behind_place);
	return (struct attempt_range){t->by_place + from, to - from};
}

struct attempt_range attempts_to(const struct attempt_table *t, const struct addr *client, const struct addr *server)
{
	struct attempt key = {.client = *client, .server = *server};
	size_t from = lower_bound(t->by_place, t->count, &key, compare_pair);
	size_t to = lower_bound(t->by_place, t->count, &key, behind_pair);
	return (struct attempt_range){t->by_place + from, to - from};
}

struct attempt_range attempts_of(const struct attempt_table *t, const struct addr *client, int64_t from_ns,
                                 int64_t to_ns)
{
	struct attempt first = {.client = *client, .first_ns = from_ns}, last = {.client = *client, .first_ns = to_ns};
	size_t from = lower_bound(t->by_client, t->count, &first, client_from);
	size_t to = lower_bound(t->by_client, t->count, &last, behind_client);
	return (struct attempt_range){t->by_client + from, to > from ? to - from : 0};
}

const struct attempt *attempt_of_finding(const struct attempt_table *t, const struct finding *f)
{
	struct attempt_range r = attempts_at(t, &f->client, &f->server, f->l4_proto, f->server_port);
	for (size_t i = 0; i < r.count; i++)
		if (r.at[i]->flow_id == f->flow_id && r.at[i]->client_port == f->client_port)
			return r.at[i];
	return NULL;
}
