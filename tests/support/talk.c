/* DNS queries and answers in words: see talk.h. */
#include "tests/support/talk.h"

#include <stdio.h>

enum { A = DNS_TYPE_A };

static uint16_t type_of(const struct said *s)
{
	return s->type ? s->type : A;
}

static size_t read_addresses(const struct said *s, struct dns_record *records, struct addr *store, size_t n)
{
	char text[256], *rest = text;
	snprintf(text, sizeof text, "%s", s->addresses ? s->addresses : "");
	for (char *one; s->addresses && (one = strsep(&rest, " "));) {
		store[n] = addr_parse(one);
		bool v4 = store[n].version == 4;
		records[n] = (struct dns_record){.name = span_text(s->name),
		                                 .type = s->record_type ? s->record_type : type_of(s),
		                                 .rrclass = 1,
		                                 .ttl = s->ttl ? s->ttl : 300,
		                                 .rdata = span_of(store[n].bytes, v4 ? 4 : 16)};
		n++;
	}
	return n;
}

static void emit(struct world *w, const struct said *s, bool response)
{
	struct dns_record records[16] = {{0}};
	struct addr store[16];
	char wire[600];
	size_t count = 0;
	if (s->cname)
		records[count++] = (struct dns_record){.name = span_text(s->name),
		                                       .type = DNS_TYPE_CNAME,
		                                       .rrclass = 1,
		                                       .target = span_text(s->cname)};
	count = read_addresses(s, records, store, count);
	int len =
	    snprintf(wire, sizeof wire, "%d %s %d %s %s %d %d %d %u", response, s->name, type_of(s),
	             s->addresses ? s->addresses : "-", s->cname ? s->cname : "-", s->rcode, s->aa, s->tc, s->ttl);
	for (uint32_t i = 0; i < s->trailing; i++)
		wire[len++] = 'x';
	struct dns_message m = {.id = s->id,
	                        .response = response,
	                        .aa = s->aa,
	                        .tc = s->tc,
	                        .rd = true,
	                        .ra = response && !s->no_ra,
	                        .has_opt = s->opt,
	                        .rcode = s->rcode,
	                        .qname = span_text(s->name),
	                        .qtype = type_of(s),
	                        .qclass = 1,
	                        .records = records,
	                        .record_count = count,
	                        .flaws = s->flaws | (s->trailing ? DNS_TRAILING : 0U),
	                        .trailing = s->trailing,
	                        .length = (uint32_t)len,
	                        .over_tcp = w->flow->l4_proto == IPPROTO_TCP,
	                        .wire = span_of(wire, (size_t)len)};
	world_emit(w, EV_DNS_MESSAGE, &m, s->version);
}

void talk_ask(struct world *w, struct flow *f, const struct said *s, int64_t after_us)
{
	world_packet(w, f, DIR_UP, after_us);
	emit(w, s, false);
}

void talk_answer(struct world *w, const struct said *s)
{
	emit(w, s, true);
}

void talk_query(struct world *w, const struct said *s)
{
	emit(w, s, false);
}
