/* WireGuard (Donenfeld, NDSS 2017; section 5.4): four types of message, three of them of one exact length. */
#include "analyzer/base/cursor.h"
#include "dissectors/dissector.h"
#include "dissectors/tunnel.h"

enum { TYPE_INITIATION = 1, TYPE_RESPONSE = 2, TYPE_COOKIE = 3, TYPE_DATA = 4, DATA_LEN_LEAST = 32 };

static const struct {
	uint8_t type;
	uint16_t length; /* 0: at least DATA_LEN_LEAST */
	enum tunnel_step step;
} messages[] = {
    {TYPE_INITIATION, 148, TUNNEL_OPENING},
    {TYPE_RESPONSE, 92, TUNNEL_ANSWER},
    {TYPE_COOKIE, 64, TUNNEL_ANSWER},
    {TYPE_DATA, 0, TUNNEL_DATA},
};

/* Index into messages[], or their number: no message of the protocol. wire_len: of the datagram, which may be cut. */
static size_t message_find(struct span head, size_t wire_len)
{
	const size_t none = sizeof messages / sizeof *messages;
	struct cursor c = cursor_over(head);
	uint8_t type = cursor_u8(&c);
	uint32_t reserved = cursor_be24(&c);
	for (size_t i = 0; !c.failed && reserved == 0 && i < none; i++) {
		bool fits = messages[i].length ? wire_len == messages[i].length : wire_len >= DATA_LEN_LEAST;
		if (messages[i].type == type && fits)
			return i;
	}
	return none;
}

static enum probe wireguard_probe(const struct flow *f, enum dir d, struct span head)
{
	size_t i = message_find(head, head.len);
	(void)f;
	return d == DIR_UP && i == 0 ? PROBE_YES : PROBE_NO;
}

static bool wireguard_datagram(struct dissection *d, struct span payload)
{
	size_t wire_len = d->pkt->payload_len > payload.len ? d->pkt->payload_len : payload.len;
	size_t i = message_find(payload, wire_len);
	if (i < sizeof messages / sizeof *messages)
		dissection_emit(d, EV_TUNNEL_MESSAGE,
		                &(struct tunnel_message){.protocol = TUNNEL_WIREGUARD, .step = messages[i].step});
	return true;
}

const struct dissector dissector_wireguard = {
    .name = "wireguard",
    .l4_proto = IPPROTO_UDP,
    .probe = wireguard_probe,
    .datagram = wireguard_datagram,
};
