/* Ranges by prefix: RFC 6890 and its registry. */
#include "analyzer/detect/dns_address.h"

struct range {
	const char *word;
	uint8_t version, bits;
	uint8_t bytes[16];
};

static const struct range ranges[] = {
    {"this_network", 4, 8, {0}},         {"private", 4, 8, {10}},           {"shared", 4, 10, {100, 64}},
    {"loopback", 4, 8, {127}},           {"link_local", 4, 16, {169, 254}}, {"private", 4, 12, {172, 16}},
    {"protocol", 4, 24, {192, 0, 0}},    {"private", 4, 16, {192, 168}},    {"benchmark", 4, 15, {198, 18}},
    {"multicast_reserved", 4, 3, {224}}, {"unspecified", 6, 128, {0}},      {"loopback", 6, 128, {[15] = 1}},
    {"private", 6, 7, {0xfc}},           {"teredo", 6, 32, {0x20, 0x01}},
};

static bool covers(const struct range *r, const struct addr *a)
{
	size_t whole = r->bits / 8;
	if (r->version != a->version || memcmp(r->bytes, a->bytes, whole) != 0)
		return false;
	unsigned mask = 0xff00U >> r->bits % 8 & 0xffU;
	return r->bits % 8 == 0 || ((r->bytes[whole] ^ a->bytes[whole]) & mask) == 0;
}

struct addr dns_address(struct span rdata)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct addr a = {0};
	if (rdata.len == 16 && memcmp(rdata.ptr, mapped, sizeof mapped) == 0)
		rdata = span_after(rdata, sizeof mapped);
	if (rdata.len != 4 && rdata.len != 16)
		return a;
	a.version = rdata.len == 4 ? 4 : 6;
	memcpy(a.bytes, rdata.ptr, rdata.len);
	return a;
}

const char *dns_bogon_class(const struct addr *a)
{
	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
		if (covers(&ranges[i], a))
			return ranges[i].word;
	return NULL;
}

bool dns_address_is_sink(const struct addr *a)
{
	static const struct addr zero = {.version = 6}, one = {.version = 6, .bytes = {[15] = 1}};
	if (a->version == 4)
		return a->bytes[0] == 0 || a->bytes[0] == 127;
	return addr_equal(a, &zero) || addr_equal(a, &one);
}

bool dns_address_near(const struct addr *a, const struct addr *b)
{
	return a->version == b->version && memcmp(a->bytes, b->bytes, a->version == 4 ? 3 : 6) == 0;
}

bool dns_address_is_dns64(const struct addr *a)
{
	static const uint8_t prefix[12] = {0, 0x64, 0xff, 0x9b};
	return a->version == 6 && memcmp(a->bytes, prefix, sizeof prefix) == 0;
}
