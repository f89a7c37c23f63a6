/*
 * DNS over UDP: a message a datagram (RFC 1035, section 4.2.1), mDNS and LLMNR included (RFC 6762, 4795). Leaves the
 * message to dns_message.c, TCP to dns_tcp.c, and who asked what to the detectors.
 */
#include "dissectors/dissector.h"
#include "dissectors/dns_message.h"

static bool dns_datagram(struct dissection *d, struct span payload)
{
	struct dns_message m;
	size_t wire_len = d->pkt->payload_len > payload.len ? d->pkt->payload_len : payload.len;

	/* One strange datagram is no reason to leave the flow: anybody can inject one. */
	if (dns_message_read(&m, payload, wire_len, d->scratch))
		dissection_emit(d, EV_DNS_MESSAGE, &m);
	return true;
}

/* On ports of DNS a header that makes sense is enough; elsewhere the flow must open with a flawless query. */
static enum probe dns_probe(const struct flow *f, enum dir dir, struct span head)
{
	bool response;

	if (dns_port_netbios(f->client_port, f->server_port))
		return PROBE_NO;
	if (dns_port(f->client_port, f->server_port))
		return dns_message_plausible(head, UINT16_MAX) ? PROBE_YES : PROBE_NO;
	if (!dns_message_certain(head, &response))
		return PROBE_NO;
	return dir == DIR_UP && !response ? PROBE_YES : PROBE_MAYBE;
}

const struct dissector dissector_dns_udp = {
    .name = "dns",
    .l4_proto = IPPROTO_UDP,
    .probe = dns_probe,
    .datagram = dns_datagram,
};
