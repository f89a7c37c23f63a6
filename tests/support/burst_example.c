/* See burst_example.h. */
#include "tests/support/burst_example.h"

#include <stdlib.h>

enum { SEQ_BASE = 0x40000000 };

struct choice {
	const char *word;
	int value;
};

static struct span next_word(struct span *rest, char end)
{
	size_t n = 0;
	*rest = span_trim(*rest);
	while (n < rest->len && rest->ptr[n] != (uint8_t)end)
		n++;
	struct span word = span_trim(span_first(*rest, n));
	*rest = span_after(*rest, n + 1);
	return word;
}

static bool is(struct span word, const char *text)
{
	return span_equal(word, span_text(text));
}

/* key=value: the value behind the key, or false. */
static bool value_of(struct span word, const char *key, struct span *value)
{
	size_t len = strlen(key);
	if (!span_starts(word, span_text(key)) || word.len <= len || word.ptr[len] != '=')
		return false;
	*value = span_after(word, len + 1);
	return true;
}

static bool number(struct span word, const char *key, uint32_t *out)
{
	struct span value;
	char text[32] = "", *end;
	if (!value_of(word, key, &value) || value.len == 0 || value.len >= sizeof text)
		return false;
	memcpy(text, value.ptr, value.len);
	*out = (uint32_t)strtoul(text, &end, 0);
	return *end == '\0' || strcmp(end, "us") == 0;
}

static bool choice(struct span word, const char *key, const struct choice *choices, int *out)
{
	struct span value;
	if (!value_of(word, key, &value))
		return false;
	for (; choices->word; choices++) {
		if (is(value, choices->word)) {
			*out = choices->value;
			return true;
		}
	}
	return false;
}

static const struct choice yes_no[] = {{"no", BURST_NO}, {"yes", BURST_YES}, {NULL, 0}};

static bool fact(struct span word, const char *key, enum burst_fact *out)
{
	int value = 0;
	if (!choice(word, key, yes_no, &value))
		return false;
	*out = (enum burst_fact)value;
	return true;
}

static bool flags(struct span word, uint16_t *out)
{
	static const char letters[] = "FSRPAUECN";
	*out = 0;
	for (size_t i = 0; i < word.len; i++) {
		const char *at = strchr(letters, word.ptr[i]);
		if (!at || !word.ptr[i])
			return false;
		*out |= (uint16_t)(1U << (at - letters));
	}
	return word.len > 0;
}

static bool payload(struct span word, struct burst_packet *p)
{
	struct span hex;
	if (!value_of(word, "bytes", &hex) || hex.len % 2 || hex.len / 2 > BURST_PAYLOAD_MAX)
		return false;
	for (size_t i = 0; i < hex.len; i += 2) {
		char pair[3] = {(char)hex.ptr[i], (char)hex.ptr[i + 1], '\0'};
		p->payload[i / 2] = (uint8_t)strtoul(pair, NULL, 16);
	}
	p->payload_kept = (uint8_t)(hex.len / 2);
	p->payload_len = p->payload_len ? p->payload_len : p->payload_kept;
	return true;
}

static bool packet_word(struct burst_packet *p, struct span word, uint32_t *gap)
{
	uint32_t n;
	if (is(word, "nodf"))
		p->df = false;
	else if (is(word, "ipv6"))
		p->ipv4 = false;
	else if (is(word, "answers"))
		p->answers = true;
	else if (is(word, "udp"))
		p->tcp = false;
	else if (number(word, "seq", &n))
		p->seq = SEQ_BASE + n;
	else if (number(word, "ack", &p->ack) || number(word, "payload", &p->payload_len) || number(word, "gap", gap))
		return true;
	else if (number(word, "ttl", &n))
		p->ttl = (uint8_t)n;
	else if (number(word, "window", &n))
		p->window = (uint16_t)n;
	else if (number(word, "id", &n))
		p->ip_id = (uint16_t)n;
	else if (number(word, "options", &n))
		p->options_len = (uint8_t)n;
	else
		return payload(word, p) || flags(word, &p->flags);
	return true;
}

static bool packet_read(struct burst_packet *p, struct span text, int64_t last_ns, struct span *wrong)
{
	uint32_t gap = 100;
	*p = (struct burst_packet){.present = true,
	                           .ipv4 = true,
	                           .tcp = true,
	                           .df = true,
	                           .timed = true,
	                           .ttl = 50,
	                           .ip_id = 7,
	                           .seq = SEQ_BASE};
	while ((text = span_trim(text)).len) {
		*wrong = next_word(&text, ' ');
		if (!packet_word(p, *wrong, &gap))
			return false;
	}
	p->ns = last_ns + (int64_t)gap * 1000;
	return true;
}

static bool dns_read(struct burst_dns *d, struct span text, struct span *wrong)
{
	d->present = true;
	while ((text = span_trim(text)).len) {
		struct span w = *wrong = next_word(&text, ' ');
		if (number(w, "ttl", &d->ttl))
			d->has_ttl = true;
		else if (!fact(w, "aa", &d->aa) && !fact(w, "ra", &d->ra) && !fact(w, "rd", &d->rd) &&
		         !fact(w, "opt", &d->opt) && !fact(w, "query-opt", &d->query_opt) &&
		         !fact(w, "pointer", &d->pointer) && !number(w, "answers", &d->answers) &&
		         !number(w, "rcode", &d->rcode) && !number(w, "trailing", &d->trailing))
			return false;
	}
	return true;
}

/* A fact of the whole burst. */
static bool burst_word(struct burst_facts *b, struct span word)
{
	static const struct choice stages[] = {{"post_syn", BURST_POST_SYN},
	                                       {"post_ack", BURST_POST_ACK},
	                                       {"post_psh", BURST_POST_PSH},
	                                       {"later", BURST_LATER},
	                                       {NULL, 0}};
	static const struct choice asked[] = {{"tls", BURST_ASKED_TLS},
	                                      {"http", BURST_ASKED_HTTP},
	                                      {"dns", BURST_ASKED_DNS},
	                                      {NULL, 0}};
	static const struct choice ways[] = {{"client", BURST_TO_CLIENT}, {"server", BURST_TO_SERVER}, {NULL, 0}};
	static const struct choice counters[] = {{"zero", BURST_COUNTER_ZERO},     {"local", BURST_COUNTER_LOCAL},
	                                         {"global", BURST_COUNTER_GLOBAL}, {"random", BURST_COUNTER_RANDOM},
	                                         {"const", BURST_COUNTER_CONST},   {NULL, 0}};
	int value = 0;
	uint32_t n;
	if (choice(word, "stage", stages, &value))
		b->stage = (enum burst_stage)value;
	else if (choice(word, "asked", asked, &value))
		b->asked = (enum burst_asked)value;
	else if (choice(word, "to", ways, &value))
		b->way = (enum burst_way)value;
	else if (choice(word, "counter", counters, &value))
		b->counter = (enum burst_counter)value;
	else if (choice(word, "other-counter", counters, &value))
		b->other_counter = (enum burst_counter)value;
	else if (number(word, "port", &n))
		b->port = (uint16_t)n;
	else if (number(word, "http", &n)) {
		b->http = true;
		b->http_status = (uint16_t)n;
	} else
		return fact(word, "front-end", &b->front_end);
	return true;
}

static bool item_read(struct burst_facts *b, struct span item, struct span *wrong)
{
	static const char *const singles[] = {"own", "other", "request"};
	struct burst_packet *const to[] = {&b->own, &b->other, &b->request};
	struct span rest = item, first = next_word(&rest, ' ');
	*wrong = first;
	if (is(first, "dns"))
		return dns_read(&b->dns, rest, wrong);
	for (size_t i = 0; i < 3; i++)
		if (is(first, singles[i]))
			return packet_read(to[i], rest, 0, wrong);
	if (burst_word(b, first))
		return rest.len == 0;
	if (b->packets == BURST_PACKETS_MAX)
		return false;
	int64_t last = b->packets ? b->packet[b->packets - 1].ns : 0;
	return packet_read(&b->packet[b->packets++], item, last, wrong);
}

bool burst_example_read(struct burst_facts *b, struct span text, struct span *wrong)
{
	*b = (struct burst_facts){.next_known = true, .next = SEQ_BASE};
	while ((text = span_trim(text)).len)
		if (!item_read(b, next_word(&text, '|'), wrong))
			return false;
	return true;
}
