/* DNS messages of any bytes: alone as a datagram, cut by the capture, and framed in a stream. */
#include "dissectors/dns_message.h"
#include "tests/fuzz/feed.h"

extern const struct dissector dissector_dns_udp, dissector_dns_tcp;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Everything that a message points to is readable, and a cut one says so. */
static void message_check(struct span wire, size_t wire_len)
{
	struct arena scratch = {0};
	struct dns_message m;
	uint64_t sum = 0;
	if (dns_message_read(&m, wire, wire_len, &scratch)) {
		for (size_t i = 0; i < m.record_count; i++) {
			const struct dns_record *r = &m.records[i];
			const struct span spans[] = {r->name, r->rdata, r->target};
			for (size_t k = 0; k < 3; k++) {
				for (size_t n = 0; n < spans[k].len; n++)
					sum += spans[k].ptr[n];
			}
		}
		if (m.record_count > DNS_RECORDS_MAX || m.qname.len > DNS_NAME_MAX || sum == UINT64_MAX)
			abort();
		if ((m.flaws & DNS_CUT) && wire.len >= wire_len)
			abort();
		bool response;
		if (dns_message_certain(wire, &response) && wire.len == wire_len &&
		    (m.flaws & (DNS_CUT | DNS_TRAILING)))
			abort();
	}
	arena_free(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct flow f = {.client_port = 40000, .server_port = size % 2 ? 53 : 9999};
	struct span input = span_of(data, size);
	message_check(input, size);
	message_check(span_first(input, size / 2), size);
	(void)dissector_dns_udp.probe(&f, DIR_UP, input);
	(void)dissector_dns_tcp.probe(&f, DIR_UP, input);
	feed_compare(&dissector_dns_tcp, 53, input, true);
	return 0;
}
