/*
 * IEEE 802.11 data frames, bare or behind the headers of radiotap, Prism and AVS. Encrypted ones are told apart, not
 * decrypted; of an aggregate (A-MSDU) the first packet is read.
 */
#include "analyzer/net/walk.h"

enum {
	RADIOTAP_TSFT = 1 << 0,
	RADIOTAP_FLAGS = 1 << 1,
	RADIOTAP_MORE = 31, /* bit: another bitmap follows */
	RADIOTAP_BITMAPS_MAX = 32,
	RADIOTAP_FLAG_FCS = 0x10,
	RADIOTAP_FLAG_PADDED = 0x20,
	RADIOTAP_FLAG_BAD_FCS = 0x40,
	WIFI_FCS = 4,
};

#define AVS_MAGIC UINT32_C(0x80211000) /* without the version in the low bits */

/* Frame control, its two bytes in the order of the wire. */
enum wifi_control {
	WIFI_TYPE = 0x0c00,
	WIFI_TYPE_DATA = 0x0800,
	WIFI_QOS = 0x8000,
	WIFI_NO_DATA = 0x4000,
	WIFI_TO_DS = 0x0001,
	WIFI_FROM_DS = 0x0002,
	WIFI_PROTECTED = 0x0040,
	WIFI_ORDER = 0x0080,
	WIFI_AGGREGATE = 0x80, /* in the QoS field's first byte */
};

/* The flags field, which stands behind the bitmaps and the time. */
static uint8_t radiotap_flags(struct cursor header)
{
	uint32_t present = cursor_le32(&header), more = present;
	for (int i = 0; more >> RADIOTAP_MORE && i < RADIOTAP_BITMAPS_MAX; i++)
		more = cursor_le32(&header);
	if (!(present & RADIOTAP_FLAGS))
		return 0;
	if (present & RADIOTAP_TSFT) {
		/* Fields are aligned from the start of the header, four bytes before the cursor's. */
		cursor_skip(&header, (cursor_offset(&header) + 4) % 8);
		cursor_skip(&header, 8);
	}
	return cursor_u8(&header);
}

enum layer layer_radiotap(struct walk *w)
{
	uint8_t version = cursor_u8(&w->c);
	cursor_skip(&w->c, 1);
	size_t length = cursor_le16(&w->c);
	if (w->c.failed)
		return walk_short(w);
	if (version != 0 || length < 8)
		return walk_stop(w, DECODE_MALFORMED);
	struct cursor header = cursor_child(&w->c, length - 4);
	if (header.failed)
		return walk_short(w);
	uint8_t flags = radiotap_flags(header);
	/* What a receiver throws away is no packet, and its bytes are damaged. */
	if (flags & RADIOTAP_FLAG_BAD_FCS)
		return walk_stop(w, DECODE_MALFORMED);
	w->wifi_padded = flags & RADIOTAP_FLAG_PADDED;
	size_t wire = cursor_left(&w->c) + w->cut;
	if (flags & RADIOTAP_FLAG_FCS && wire >= WIFI_FCS)
		walk_limit(w, wire - WIFI_FCS);
	return LAYER_WIFI;
}

/* The length of the whole header is the second word, in the byte order of whoever captured. */
enum layer layer_prism(struct walk *w)
{
	struct cursor peek = w->c;
	if ((cursor_be32(&peek) & 0xfffffff0) == AVS_MAGIC)
		return LAYER_AVS;
	struct cursor swapped = peek;
	uint32_t length = cursor_le32(&peek), other = cursor_be32(&swapped);
	if (length > other)
		length = other;
	cursor_skip(&w->c, length);
	if (peek.failed || w->c.failed)
		return walk_short(w);
	return length < 8 ? walk_stop(w, DECODE_MALFORMED) : LAYER_WIFI;
}

enum layer layer_avs(struct walk *w)
{
	struct cursor peek = w->c;
	cursor_skip(&peek, 4);
	uint32_t length = cursor_be32(&peek);
	cursor_skip(&w->c, length);
	if (peek.failed || w->c.failed)
		return walk_short(w);
	return length < 8 ? walk_stop(w, DECODE_MALFORMED) : LAYER_WIFI;
}

/* An aggregate's first part: two addresses and a length, then as in any other frame. */
static enum layer aggregate(struct walk *w)
{
	cursor_skip(&w->c, 12);
	size_t length = cursor_be16(&w->c);
	if (w->c.failed)
		return walk_short(w);
	walk_limit(w, length);
	return LAYER_LLC;
}

enum layer layer_wifi(struct walk *w)
{
	uint16_t control = cursor_be16(&w->c);
	if (w->c.failed)
		return walk_short(w);
	if ((control & WIFI_TYPE) != WIFI_TYPE_DATA || control & WIFI_NO_DATA)
		return LAYER_STOP;
	cursor_skip(&w->c, 20);
	uint16_t sequence = cursor_le16(&w->c);
	if (w->c.failed)
		return walk_short(w);
	if (control & WIFI_PROTECTED)
		return walk_stop(w, DECODE_PROTECTED);
	size_t header = 24;
	if ((control & (WIFI_TO_DS | WIFI_FROM_DS)) == (WIFI_TO_DS | WIFI_FROM_DS)) {
		cursor_skip(&w->c, 6);
		header += 6;
	}
	bool aggregated = false;
	if (control & WIFI_QOS) {
		aggregated = cursor_u8(&w->c) & WIFI_AGGREGATE;
		cursor_skip(&w->c, control & WIFI_ORDER ? 5 : 1);
		header += control & WIFI_ORDER ? 6 : 2;
	}
	if (w->wifi_padded)
		cursor_skip(&w->c, (4 - header % 4) % 4);
	if (w->c.failed)
		return walk_short(w);
	/* A later fragment of a frame starts nowhere. */
	if (sequence & 0xf)
		return LAYER_STOP;
	return aggregated ? aggregate(w) : LAYER_LLC;
}
