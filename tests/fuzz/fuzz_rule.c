/*
 * The input is a rule about packets and the memory of a burst: kind 1 | length of the rule 2 | rule | bytes that fill the facts. A
 * rule that is read must be evaluated and described, must name a place inside itself when it is refused, and must mean the
 * same when it is read again from the same text. A fact that is not known never makes it true: a burst of which nothing is
 * known satisfies only rules about what is always known.
 */
#include "analyzer/base/cursor.h"
#include "signatures/rule.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool flag(struct cursor *c)
{
	return cursor_u8(c) & 1;
}

static void fill_packet(struct cursor *c, struct burst_packet *p)
{
	p->present = flag(c);
	p->ipv4 = flag(c);
	p->tcp = flag(c);
	p->df = flag(c);
	p->timed = flag(c);
	p->answers = flag(c);
	p->ttl = cursor_u8(c);
	p->ip_id = cursor_be16(c);
	p->flags = cursor_be16(c) & 0x1ff;
	p->window = cursor_be16(c);
	p->options_len = cursor_u8(c);
	p->seq = cursor_be32(c);
	p->ack = cursor_be32(c);
	p->payload_len = cursor_u8(c);
	p->payload_kept = cursor_u8(c); /* also more than there is room for */
	for (size_t i = 0; i < 4; i++)
		p->payload[i] = cursor_u8(c);
	p->ns = (int64_t)cursor_be32(c) << (cursor_u8(c) & 31);
}

static void fill_dns(struct cursor *c, struct burst_dns *d)
{
	d->present = flag(c);
	d->has_ttl = flag(c);
	d->aa = (enum burst_fact)(cursor_u8(c) % 3);
	d->ra = (enum burst_fact)(cursor_u8(c) % 3);
	d->opt = (enum burst_fact)(cursor_u8(c) % 3);
	d->pointer = (enum burst_fact)(cursor_u8(c) % 3);
	d->ttl = cursor_be32(c);
	d->answers = cursor_u8(c);
	d->trailing = cursor_be16(c);
}

static void fill(struct cursor *c, struct burst_facts *b)
{
	b->packets = cursor_u8(c) % (2 * BURST_PACKETS_MAX); /* also more than there is room for */
	b->count = cursor_u8(c);
	b->next_known = flag(c);
	b->next = cursor_be32(c);
	b->counter = (enum burst_counter)(cursor_u8(c) % 6);
	b->other_counter = (enum burst_counter)(cursor_u8(c) % 6);
	b->front_end = (enum burst_fact)(cursor_u8(c) % 3);
	b->stage = (enum burst_stage)(cursor_u8(c) % 5);
	b->asked = (enum burst_asked)(cursor_u8(c) % 4);
	b->way = (enum burst_way)(cursor_u8(c) % 3);
	b->port = cursor_be16(c);
	b->http = flag(c);
	b->http_status = cursor_be16(c);
	fill_dns(c, &b->dns);
	fill_packet(c, &b->own);
	fill_packet(c, &b->other);
	fill_packet(c, &b->request);
	for (size_t i = 0; i < BURST_PACKETS_MAX; i++)
		fill_packet(c, &b->packet[i]);
}

static void use(const struct packet_rule *rule, const struct packet_rule *again, struct cursor *c)
{
	static const struct burst_facts nothing;
	static struct burst_facts burst; /* large for a stack that sanitizers widen */
	char words[2][8192];
	struct text t[2] = {text_over(words[0], sizeof words[0]), text_over(words[1], sizeof words[1])};
	burst = nothing;
	fill(c, &burst);
	if (rule_holds(rule, &burst) != rule_holds(again, &burst))
		abort();
	(void)rule_holds(rule, &nothing);
	rule_describe(rule, &t[0]);
	rule_describe(again, &t[1]);
	if (t[0].len == 0 || t[0].len != t[1].len || memcmp(words[0], words[1], t[0].len) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_over(span_of(data, size));
	enum rule_kind kind = (enum rule_kind)(cursor_u8(&c) % 3);
	size_t want = cursor_be16(&c) % 4097;
	struct span text = cursor_take(&c, want < cursor_left(&c) ? want : cursor_left(&c));
	struct arena arena = {0};
	struct packet_rule rule, again;
	struct err e = {0};
	size_t at;
	/* A copy of its own, so that a sanitizer sees one byte too many. */
	uint8_t *copy = malloc(text.len + 1);
	if (text.len)
		memcpy(copy + 1, text.ptr, text.len);
	text = span_of(copy + 1, text.len);
	if (rule_parse(&rule, kind, text, &arena, &at, &e) < 0) {
		if (at > text.len || !e.text[0])
			abort();
	} else {
		if (rule_parse(&again, kind, text, &arena, &at, &e) < 0)
			abort();
		use(&rule, &again, &c);
	}
	free(copy);
	arena_free(&arena);
	return 0;
}
