/*
 * Evaluating rules: see rule.h. A value that is not known fails its condition, whatever the operator; so a rule never
 * holds because of what a capture does not show.
 */
#include "signatures/rule_parts.h"

/* The packets that a condition speaks of. */
struct chosen {
	const struct burst_packet *packet[BURST_PACKETS_MAX];
	size_t count;
};

static size_t burst_size(const struct burst_facts *b)
{
	return b->packets < BURST_PACKETS_MAX ? b->packets : BURST_PACKETS_MAX;
}

static void choose(struct chosen *out, const struct burst_facts *b, enum rule_which which)
{
	bool one = which == WHICH_OWN || which == WHICH_OTHER || which == WHICH_REQUEST;
	const struct burst_packet *single = which == WHICH_OWN     ? &b->own
	                                    : which == WHICH_OTHER ? &b->other
	                                                           : &b->request;
	out->count = 0;
	if (one && single->present)
		out->packet[out->count++] = single;
	for (size_t i = 0; !one && i < burst_size(b); i++) {
		bool with_ack = b->packet[i].flags & BURST_TCP_ACK;
		if (which == WHICH_ALL || (b->packet[i].tcp && with_ack == (which == WHICH_WITH_ACK)))
			out->packet[out->count++] = &b->packet[i];
	}
}

static bool known_when(bool known, int64_t value, int64_t *out)
{
	*out = value;
	return known;
}

/* A fact of one packet as a number. */
static bool packet_value(const struct burst_packet *p, enum rule_fact fact, int64_t *out)
{
	switch (fact) {
	case ABOUT_FLAGS:
		return known_when(p->tcp, p->flags, out);
	case ABOUT_TTL:
		return known_when(true, p->ttl, out);
	case ABOUT_WINDOW:
		return known_when(p->tcp, p->window, out);
	case ABOUT_WINDOW_TTL:
		return known_when(p->tcp, (int64_t)p->window - p->ttl, out);
	case ABOUT_IPID:
		return known_when(p->ipv4, p->ip_id, out);
	case ABOUT_DF:
		return known_when(p->ipv4, burst_fact_of(p->df), out);
	case ABOUT_SEQ:
		return known_when(p->tcp, p->seq, out);
	case ABOUT_ACK:
		return known_when(p->tcp, p->ack, out);
	case ABOUT_PAYLOAD:
		return known_when(true, p->payload_len, out);
	case ABOUT_OPTIONS:
		return known_when(p->tcp, p->options_len, out);
	case ABOUT_ANSWERS:
		return known_when(true, burst_fact_of(p->answers), out);
	default:
		return false;
	}
}

static bool dns_value(const struct burst_dns *d, enum rule_fact fact, int64_t *out)
{
	switch (fact) {
	case ABOUT_DNS_AA:
		return known_when(d->aa != BURST_UNKNOWN, d->aa, out);
	case ABOUT_DNS_RA:
		return known_when(d->ra != BURST_UNKNOWN, d->ra, out);
	case ABOUT_DNS_RD:
		return known_when(d->rd != BURST_UNKNOWN, d->rd, out);
	case ABOUT_DNS_OPT:
		return known_when(d->opt != BURST_UNKNOWN, d->opt, out);
	case ABOUT_DNS_QUERY_OPT:
		return known_when(d->query_opt != BURST_UNKNOWN, d->query_opt, out);
	case ABOUT_DNS_POINTER:
		return known_when(d->pointer != BURST_UNKNOWN, d->pointer, out);
	case ABOUT_DNS_TTL:
		return known_when(d->present && d->has_ttl, d->ttl, out);
	case ABOUT_DNS_ANSWERS:
		return known_when(d->present, d->answers, out);
	case ABOUT_DNS_RCODE:
		return known_when(d->present, d->rcode, out);
	case ABOUT_DNS_TRAILING:
		return known_when(d->present, d->trailing, out);
	default:
		return false;
	}
}

/* A fact of the burst as a whole. */
static bool burst_value(const struct burst_facts *b, const struct rule_condition *c, int64_t *out)
{
	struct chosen chosen;
	enum burst_counter counter = c->which == WHICH_OTHER ? b->other_counter : b->counter;
	switch ((enum rule_fact)c->fact) {
	case ABOUT_COUNT:
		choose(&chosen, b, (enum rule_which)c->which);
		bool beyond = c->which == WHICH_ALL && b->count > chosen.count;
		return known_when(true, beyond ? (int64_t)b->count : (int64_t)chosen.count, out);
	case ABOUT_COUNTER:
		return known_when(true, counter, out);
	case ABOUT_FRONT_END:
		return known_when(b->front_end != BURST_UNKNOWN, b->front_end, out);
	case ABOUT_STAGE:
		return known_when(b->stage != BURST_STAGE_UNKNOWN, b->stage, out);
	case ABOUT_ASKED:
		return known_when(b->asked != BURST_ASKED_UNKNOWN, b->asked, out);
	case ABOUT_WAY:
		return known_when(b->way != BURST_WAY_UNKNOWN, b->way, out);
	case ABOUT_PORT:
		return known_when(b->port != 0, b->port, out);
	case ABOUT_HTTP_STATUS:
		return known_when(b->http, b->http_status, out);
	default:
		return dns_value(&b->dns, (enum rule_fact)c->fact, out);
	}
}

/* a - b, modulo 2^16 or 2^32 where the field wraps. */
static int64_t difference(enum rule_fact fact, int64_t a, int64_t b)
{
	if (rule_facts[fact].wraps == 16)
		return (int16_t)(uint16_t)(a - b);
	return rule_facts[fact].wraps == 32 ? (int32_t)(uint32_t)(a - b) : a - b;
}

static const struct burst_packet *base_packet(const struct burst_facts *b, enum rule_base base)
{
	const struct burst_packet *p = base == BASE_OWN       ? &b->own
	                               : base == BASE_OTHER   ? &b->other
	                               : base == BASE_REQUEST ? &b->request
	                                                      : NULL;
	return p && p->present ? p : NULL;
}

/* 1: the value is what the item says; 0: it is not; -1: what it counts from is not known. */
static int item_fits(const struct burst_facts *b, const struct rule_condition *c, const struct rule_item *item,
                     int64_t value)
{
	int64_t from = 0;
	if (item->base == BASE_NEXT) {
		if (!b->next_known)
			return -1;
		value = difference((enum rule_fact)c->fact, value, b->next);
	} else if (item->base != BASE_NONE) {
		const struct burst_packet *p = base_packet(b, (enum rule_base)item->base);
		if (!p || !packet_value(p, (enum rule_fact)c->fact, &from))
			return -1;
		value = difference((enum rule_fact)c->fact, value, from);
	}
	return value >= item->low && value <= item->high;
}

/* Does value number `index` satisfy the condition? */
static bool value_fits(const struct burst_facts *b, const struct rule_condition *c, size_t index, int64_t value)
{
	bool any = false;
	if (c->ordered)
		return index < c->item_count && item_fits(b, c, &c->items[index], value) == 1;
	for (size_t i = 0; i < c->item_count; i++) {
		int fits = item_fits(b, c, &c->items[i], value);
		if (fits < 0 && c->unlike)
			return false;
		any |= fits == 1;
	}
	return any != c->unlike;
}

static bool bytes_hold(const struct rule_condition *c, const struct burst_packet *p)
{
	size_t kept = p->payload_kept < BURST_PAYLOAD_MAX ? p->payload_kept : BURST_PAYLOAD_MAX;
	bool shorter = p->payload_len < c->bytes_len;
	if (kept < c->bytes_len && !(shorter && c->unlike))
		return false;
	bool same = !shorter && memcmp(p->payload, c->bytes, c->bytes_len) == 0;
	return same != c->unlike;
}

static bool each_holds(const struct burst_facts *b, const struct rule_condition *c, const struct chosen *chosen)
{
	int64_t value;
	if (chosen->count == 0 || (c->ordered && chosen->count != c->item_count))
		return false;
	for (size_t i = 0; i < chosen->count; i++) {
		if (c->fact == ABOUT_BYTES ? !bytes_hold(c, chosen->packet[i])
		                           : !packet_value(chosen->packet[i], (enum rule_fact)c->fact, &value) ||
		                                 !value_fits(b, c, i, value))
			return false;
	}
	return true;
}

/* The change from one packet to the next, or the time between them. */
static bool step_of(const struct rule_condition *c, const struct burst_packet *one, const struct burst_packet *two,
                    int64_t *out)
{
	int64_t from, to;
	if (c->fact == ABOUT_GAP) {
		bool timed = one->timed && two->timed;
		return known_when(timed, timed ? two->ns - one->ns : 0, out);
	}
	if (!packet_value(one, (enum rule_fact)c->fact, &from) || !packet_value(two, (enum rule_fact)c->fact, &to))
		return false;
	*out = difference((enum rule_fact)c->fact, to, from);
	return true;
}

static bool steps_hold(const struct burst_facts *b, const struct rule_condition *c, const struct chosen *chosen)
{
	int64_t value;
	if (chosen->count < 2 || (c->ordered && chosen->count != c->item_count + 1U))
		return false;
	for (size_t i = 1; i < chosen->count; i++)
		if (!step_of(c, chosen->packet[i - 1], chosen->packet[i], &value) || !value_fits(b, c, i - 1, value))
			return false;
	return true;
}

static bool values_hold(const struct burst_facts *b, const struct rule_condition *c, const struct chosen *chosen)
{
	int64_t seen[BURST_PACKETS_MAX], value;
	size_t distinct = 0;
	for (size_t i = 0; i < chosen->count; i++) {
		bool old = false;
		if (!packet_value(chosen->packet[i], (enum rule_fact)c->fact, &value))
			return false;
		for (size_t k = 0; k < distinct; k++)
			old |= seen[k] == value;
		if (!old)
			seen[distinct++] = value;
	}
	return distinct > 0 && value_fits(b, c, 0, (int64_t)distinct);
}

static bool condition_holds(const struct burst_facts *b, const struct rule_condition *c)
{
	struct chosen chosen;
	int64_t value;
	if (!rule_facts[c->fact].of_packet && c->fact != ABOUT_GAP)
		return burst_value(b, c, &value) && value_fits(b, c, 0, value);
	choose(&chosen, b, (enum rule_which)c->which);
	if (c->aspect == ASPECT_VALUES)
		return values_hold(b, c, &chosen);
	if (c->aspect == ASPECT_STEP || c->fact == ABOUT_GAP)
		return steps_hold(b, c, &chosen);
	return each_holds(b, c, &chosen);
}

bool rule_holds(const struct packet_rule *rule, const struct burst_facts *b)
{
	for (size_t i = 0; i < rule->condition_count; i++)
		if (!condition_holds(b, &rule->conditions[i]))
			return false;
	return rule->condition_count > 0;
}
