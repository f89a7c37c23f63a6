/*
 * Interfaces and options of pcapng (draft-ietf-opsawg-pcapng, sections 3.5, 4.2, 4.3 and 4.6).
 *
 *	description | link type 2 | reserved 2 | snaplen 4 | options |
 *	option      | code 2 | length 2 | value, padded to 4 |
 */
#include "analyzer/capture/interface.h"

#include <stdlib.h>

enum {
	OPTION_END = 0,
	IF_TSRESOL = 9,
	IF_FCSLEN = 13,
	IF_TSOFFSET = 14,
	ISB_IFDROP = 5,
	ISB_OSDROP = 7,
	PACKET_FLAGS = 2,
	EPB_DROPCOUNT = 4,

	RESOLUTION_DEFAULT = 6,
	RESOLUTION_BINARY = 0x80,
	FLAGS_WAY_MASK = 3,
	FLAGS_INBOUND = 1,
	FLAGS_OUTBOUND = 2,
	FLAGS_FCS_SHIFT = 5,
	FLAGS_FCS_MASK = 0xf,
	FCS_MAX = 8, /* octets; a larger number was meant as bits */
	INTERFACES_FIRST = 4,
};

#define SECOND_NS INT64_C(1000000000)
#define LAST_NS   (INT64_C(9200000000) * SECOND_NS)

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

static uint16_t read16(struct cursor *c, bool big_endian)
{
	return big_endian ? cursor_be16(c) : cursor_le16(c);
}

static uint32_t read32(struct cursor *c, bool big_endian)
{
	return big_endian ? cursor_be32(c) : cursor_le32(c);
}

static uint64_t read64(struct cursor *c, bool big_endian)
{
	uint64_t first = read32(c, big_endian), second = read32(c, big_endian);
	return big_endian ? first << 32 | second : second << 32 | first;
}

struct option {
	uint16_t code;
	struct cursor value;
};

/* False: no more options, or none that can be read. */
static bool option_next(struct cursor *c, bool big_endian, struct option *o)
{
	if (cursor_left(c) < 4)
		return false;
	o->code = read16(c, big_endian);
	size_t len = read16(c, big_endian);
	o->value = cursor_child(c, len);
	size_t pad = (4 - len % 4) % 4;
	cursor_skip(c, pad < cursor_left(c) ? pad : cursor_left(c));
	return o->code != OPTION_END && !o->value.failed;
}

static uint8_t fcs_octets(uint8_t stated)
{
	uint8_t octets = stated > FCS_MAX ? stated / 8 : stated;
	return octets <= FCS_MAX ? octets : 0;
}

static void description_option(struct interface *i, struct option *o, bool big_endian)
{
	size_t len = cursor_left(&o->value);
	if (o->code == IF_TSRESOL && len == 1)
		i->resolution = cursor_u8(&o->value);
	else if (o->code == IF_FCSLEN && len == 1)
		i->fcs_len = fcs_octets(cursor_u8(&o->value));
	else if (o->code == IF_TSOFFSET && len == 8)
		i->offset_s = (int64_t)read64(&o->value, big_endian);
}

static bool table_grow(struct interface_table *t)
{
	size_t room = t->room ? t->room * 2 : INTERFACES_FIRST;
	struct interface *list = realloc(t->list, room * sizeof *list);
	if (!list)
		return false;
	t->list = list;
	t->room = room;
	return true;
}

struct interface *interface_add(struct interface_table *t, struct span body, bool big_endian, bool *nomem)
{
	struct cursor c = cursor_over(body);
	uint16_t linktype = read16(&c, big_endian);
	cursor_skip(&c, 2);
	uint32_t snaplen = read32(&c, big_endian);
	*nomem = false;
	if (c.failed || t->count == INTERFACES_MAX)
		return NULL;
	if (t->count == t->room && !table_grow(t)) {
		*nomem = true;
		return NULL;
	}
	struct interface *i = &t->list[t->count++];
	*i = (struct interface){.linktype = linktype, .snaplen = snaplen, .resolution = RESOLUTION_DEFAULT};
	struct option o;
	while (option_next(&c, big_endian, &o))
		description_option(i, &o, big_endian);
	return i;
}

struct interface *interface_get(const struct interface_table *t, uint32_t id)
{
	return id < t->count ? &t->list[id] : NULL;
}

void interface_reset(struct interface_table *t)
{
	t->count = 0;
}

void interface_free(struct interface_table *t)
{
	free(t->list);
	*t = (struct interface_table){0};
}

/* Nanoseconds of a stamp in units of 10^-n seconds; no more than 2^64 * 10^9. */
static uint128 decimal_ns(uint64_t stamp, unsigned n)
{
	uint128 ns = stamp;
	for (; n < 9; n++)
		ns *= 10;
	for (; n > 9 && ns > 0; n--)
		ns /= 10;
	return ns;
}

int64_t interface_time(const struct interface *i, uint64_t stamp)
{
	unsigned n = i->resolution & ~(unsigned)RESOLUTION_BINARY;
	if (i->resolution == RESOLUTION_DEFAULT && i->offset_s == 0 && stamp <= LAST_NS / 1000)
		return (int64_t)stamp * 1000;
	uint128 ns =
	    i->resolution & RESOLUTION_BINARY ? (uint128)stamp * (uint64_t)SECOND_NS >> n : decimal_ns(stamp, n);
	int128 sum = (int128)ns + (int128)i->offset_s * SECOND_NS;
	return sum >= 0 && sum <= LAST_NS ? (int64_t)sum : FRAME_NO_TIME;
}

static uint64_t add_capped(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

void interface_statistics(struct interface *i, struct span options, bool big_endian)
{
	struct cursor c = cursor_over(options);
	struct option o;
	uint64_t drops = 0;
	bool stated = false;
	while (option_next(&c, big_endian, &o)) {
		if ((o.code != ISB_IFDROP && o.code != ISB_OSDROP) || cursor_left(&o.value) != 8)
			continue;
		drops = add_capped(drops, read64(&o.value, big_endian));
		stated = true;
	}
	if (!stated)
		return;
	i->drops = drops;
	i->has_drops = i->has_statistics = true;
}

void interface_dropped(struct interface *i, uint64_t packets)
{
	if (i->has_statistics)
		return;
	i->drops = add_capped(i->drops, packets);
	i->has_drops = true;
}

void interface_packet(struct interface *i, struct span options, bool big_endian, struct frame *f)
{
	struct cursor c = cursor_over(options);
	struct option o;
	while (option_next(&c, big_endian, &o)) {
		if (o.code == EPB_DROPCOUNT && cursor_left(&o.value) == 8)
			interface_dropped(i, read64(&o.value, big_endian));
		if (o.code != PACKET_FLAGS || cursor_left(&o.value) != 4)
			continue;
		uint32_t flags = read32(&o.value, big_endian);
		uint32_t way = flags & FLAGS_WAY_MASK, fcs = flags >> FLAGS_FCS_SHIFT & FLAGS_FCS_MASK;
		f->way = way == FLAGS_INBOUND    ? FRAME_INBOUND
		         : way == FLAGS_OUTBOUND ? FRAME_OUTBOUND
		                                 : FRAME_WAY_UNKNOWN;
		if (fcs > 0)
			f->fcs_len = fcs_octets((uint8_t)fcs);
	}
}
