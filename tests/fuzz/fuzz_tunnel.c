/* Tunnel messages of any bytes: as a first datagram, and OpenVPN framed in a stream, however it is cut. */
#include "dissectors/tunnel.h"
#include "tests/fuzz/feed.h"

extern const struct dissector dissector_openvpn_udp, dissector_openvpn_tcp, dissector_wireguard, dissector_dtls;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As feed.h has it: of the client, 16 bytes: the length and the opening. What follows is the fuzzer's. */
static const uint8_t opening[] = {0, 0, 16, 0, 14, 0x38, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0};

static void feed_framed(struct span input)
{
	uint8_t *bytes = malloc(sizeof opening + input.len);
	if (!bytes)
		return;
	memcpy(bytes, opening, sizeof opening);
	if (input.len)
		memcpy(bytes + sizeof opening, input.ptr, input.len);
	feed_compare(&dissector_openvpn_tcp, 1194, span_of(bytes, sizeof opening + input.len), true);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct dissector *all[] = {&dissector_openvpn_udp, &dissector_wireguard, &dissector_dtls};
	struct flow f = {.client_port = 40000, .server_port = 1194};
	struct span input = span_of(data, size);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct bus bus = {0};
		struct frame frame = {.number = 1};
		struct packet p = {.frame = &frame, .payload = input, .payload_len = (uint32_t)size};
		struct dissection d = {.flow = &f, .dir = size % 2 ? DIR_UP : DIR_DOWN, .pkt = &p, .bus = &bus};
		(void)all[i]->probe(&f, DIR_UP, input);
		(void)all[i]->datagram(&d, input);
	}
	(void)dissector_openvpn_tcp.probe(&f, DIR_UP, input);
	feed_framed(input);
	return 0;
}
