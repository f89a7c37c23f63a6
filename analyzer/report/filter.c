/* See filter.h. The expression stands on the addresses, the ports and the frame numbers. */
#include "analyzer/report/filter.h"

#include <inttypes.h>

static void put_filter_frames(struct text *t, const struct finding *f)
{
	size_t s = 0, e = 0, written = 0;
	while (s < f->suspect_count || e < f->evidence_count) {
		bool suspect =
		    e == f->evidence_count || (s < f->suspect_count && f->suspects[s].number <= f->evidence[e].number);
		uint64_t number = suspect ? f->suspects[s++].number : f->evidence[e++].number;
		text_printf(t, "%sframe.number==%" PRIu64, written++ ? " || " : " && (", number);
	}
	if (written)
		text_add(t, span_text(")"));
}

void filter_put(struct text *t, const struct finding *f)
{
	const char *family = f->client.version == 6 ? "ipv6" : "ip";
	const char *transport = f->l4_proto == IPPROTO_TCP ? "tcp" : f->l4_proto == IPPROTO_UDP ? "udp" : NULL;
	char client[ADDR_TEXT_SIZE], server[ADDR_TEXT_SIZE];
	if (f->client.version == 0)
		return;
	text_printf(t, "%s.addr==%s && %s.addr==%s", family, addr_text(&f->client, client), family,
	            addr_text(&f->server, server));
	if (transport)
		text_printf(t, " && %s.port==%u && %s.port==%u", transport, f->client_port, transport, f->server_port);
	put_filter_frames(t, f);
}
