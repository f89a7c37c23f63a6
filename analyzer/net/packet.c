/* Addresses, and what can be asked of a decoded packet. */
#include "analyzer/net/packet.h"

#include "analyzer/base/cursor.h"

#include <arpa/inet.h>

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return a->version == b->version && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

int addr_compare(const struct addr *a, const struct addr *b)
{
	if (a->version != b->version)
		return a->version < b->version ? -1 : 1;
	return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

const char *addr_text(const struct addr *a, char *buf)
{
	buf[0] = '\0';
	if (a->version == 4)
		inet_ntop(AF_INET, a->bytes, buf, ADDR_TEXT_SIZE);
	else if (a->version == 6)
		inet_ntop(AF_INET6, a->bytes, buf, ADDR_TEXT_SIZE);
	return buf;
}

struct prefix {
	uint8_t bits;
	uint8_t bytes[16];
};

static const struct prefix private_ipv4[] = {
    {8, {10}}, {12, {172, 16}}, {16, {192, 168}}, {10, {100, 64}}, {16, {169, 254}},
};
static const struct prefix private_ipv6[] = {{7, {0xfc}}, {10, {0xfe, 0x80}}};

static bool prefix_holds(const struct prefix *p, const struct addr *a)
{
	size_t whole = p->bits / 8, rest = p->bits % 8;
	if (memcmp(p->bytes, a->bytes, whole) != 0)
		return false;
	uint8_t mask = (uint8_t)(0xff00U >> rest);
	return ((p->bytes[whole] ^ a->bytes[whole]) & mask) == 0;
}

static bool prefixes_hold(const struct prefix *p, size_t count, const struct addr *a)
{
	for (size_t i = 0; i < count; i++)
		if (prefix_holds(&p[i], a))
			return true;
	return false;
}

bool addr_is_private(const struct addr *a)
{
	if (a->version == 4)
		return prefixes_hold(private_ipv4, sizeof private_ipv4 / sizeof private_ipv4[0], a);
	return a->version == 6 && prefixes_hold(private_ipv6, sizeof private_ipv6 / sizeof private_ipv6[0], a);
}

bool addr_is_loopback(const struct addr *a)
{
	static const uint8_t loopback[16] = {[15] = 1};
	if (a->version == 4)
		return a->bytes[0] == 127;
	return a->version == 6 && memcmp(a->bytes, loopback, sizeof loopback) == 0;
}

bool addr_is_multicast(const struct addr *a)
{
	static const uint8_t broadcast[4] = {255, 255, 255, 255};
	if (a->version == 4)
		return a->bytes[0] >> 4 == 14 || memcmp(a->bytes, broadcast, sizeof broadcast) == 0;
	return a->version == 6 && a->bytes[0] == 0xff;
}

static uint64_t sum_be16(uint64_t sum, struct span s)
{
	struct cursor c = cursor_over(s);
	while (cursor_left(&c) > 1)
		sum += cursor_be16(&c);
	return sum + ((uint64_t)cursor_u8(&c) << 8);
}

enum packet_checksum packet_checksum(const struct packet *p)
{
	uint32_t unknown = PKT_SNAPPED | PKT_FRAGMENTED | PKT_LENGTH_ZERO | PKT_JUMBO | PKT_MALFORMED;
	if (!p->has_l4 || p->anomalies & unknown || (p->l4_proto != IPPROTO_TCP && p->l4_proto != IPPROTO_UDP))
		return CHECKSUM_UNKNOWN;
	if (p->l4_proto == IPPROTO_UDP && p->l4_checksum == 0)
		return CHECKSUM_UNKNOWN;
	size_t addr_len = p->src.version == 4 ? 4 : 16;
	/* A UDP datagram may be shorter than what IP carries. */
	size_t len = p->l4_proto == IPPROTO_UDP ? p->payload_len + 8U : p->l4.len;
	uint64_t sum = p->l4_proto + len;
	sum = sum_be16(sum, span_of(p->src.bytes, addr_len));
	sum = sum_be16(sum, span_of(p->dst.bytes, addr_len));
	sum = sum_be16(sum, span_first(p->l4, len));
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff ? CHECKSUM_GOOD : CHECKSUM_BAD;
}
