/*
 * Classic pcap files (draft-ietf-opsawg-pcap) in both byte orders: microseconds, nanoseconds, the "modified" format of
 * Kuznetzov's patched libpcap with its longer record header, and Ixia's "lcap" with four more bytes in the file header.
 * Other formats, decompression and the search after damage are elsewhere.
 *
 *	file    | magic 4 | major 2 | minor 2 | zone 4 | sigfigs 4 | snaplen 4 | fcs and link type 4 |
 *	record  | seconds 4 | fraction 4 | captured length 4 | wire length 4 | [modified: 8 more] | bytes |
 */
#include <stdlib.h>

#include "analyzer/capture/salvage.h"

enum {
	FILE_HEADER = 24,
	RECORD_HEADER = 16,
	RECORD_HEADER_MODIFIED = 24,
	SNAPLEN_USUAL = 65535,    /* what a record may hold though the snaplen is smaller, or 0 */
	NEAR_S = 24 * 60 * 60,    /* a salvaged record is at most a day from the last good one */
	MODIFIED_PACKET_TYPE = 6, /* offset in the eight bytes more: interface 4, protocol 2, packet type 1 */
	PACKET_HOST = 0,          /* packet types as Linux numbers them: to this host */
	PACKET_OUTGOING = 4,
	LINKTYPE_HAS_FCS = 0x04000000, /* the top four bits hold a length */
	SALVAGE_REACH = 2 * RECORD_HEADER_MODIFIED + CAPTURE_RECORD_MAX,
};

struct variant {
	uint32_t magic;
	uint32_t tick_ns;
	size_t file_header, record_header;
};

static const struct variant variants[] = {
    {.magic = 0xa1b2c3d4, .tick_ns = 1000, .file_header = FILE_HEADER, .record_header = RECORD_HEADER},
    {.magic = 0xa1b23c4d, .tick_ns = 1, .file_header = FILE_HEADER, .record_header = RECORD_HEADER},
    {.magic = 0xa1b2cd34, .tick_ns = 1000, .file_header = FILE_HEADER, .record_header = RECORD_HEADER_MODIFIED},
    {.magic = 0x1c0001ac, .tick_ns = 1, .file_header = FILE_HEADER + 4, .record_header = RECORD_HEADER},
    {.magic = 0x1c0001ab, .tick_ns = 1000, .file_header = FILE_HEADER + 4, .record_header = RECORD_HEADER},
};

/* Writers before 2.3 had the two lengths the other way round, 2.3 mixes both. */
enum length_order { LENGTHS_NORMAL, LENGTHS_SORTED, LENGTHS_SWAPPED };

struct pcap_file {
	const struct variant *variant;
	bool big_endian;
	enum length_order length_order;
	uint16_t linktype;
	uint8_t fcs_len;
	uint32_t usual_max; /* a longer record is looked at twice */
	uint32_t last_s;    /* time of the last record */
	uint32_t anchor_s;  /* the same, but for records whose time agreed with no other: near it the search looks */
	bool has_last;
};

struct record {
	uint32_t seconds, fraction, captured, wire;
};

static inline uint32_t read32(struct cursor *c, bool big_endian)
{
	return big_endian ? cursor_be32(c) : cursor_le32(c);
}

static inline uint16_t read16(struct cursor *c, bool big_endian)
{
	return big_endian ? cursor_be16(c) : cursor_le16(c);
}

static const struct variant *variant_find(struct span head, bool *big_endian)
{
	struct cursor le = cursor_over(head), be = cursor_over(head);
	uint32_t little = cursor_le32(&le), big = cursor_be32(&be);
	if (be.failed)
		return NULL;
	for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
		*big_endian = variants[i].magic == big;
		if (*big_endian || variants[i].magic == little)
			return &variants[i];
	}
	return NULL;
}

static bool pcap_yours(struct span head, bool whole)
{
	bool big_endian;
	(void)whole;
	return variant_find(head, &big_endian) != NULL;
}

static enum length_order length_order_of(uint16_t major, uint16_t minor)
{
	if ((major == 2 && minor < 3) || major == 543)
		return LENGTHS_SWAPPED;
	return major == 2 && minor == 3 ? LENGTHS_SORTED : LENGTHS_NORMAL;
}

static int pcap_open_file(struct capture *c, struct err *e)
{
	bool big_endian = false;
	struct span head;
	bytes_want(&c->bytes, FILE_HEADER, &head);
	const struct variant *variant = variant_find(head, &big_endian);
	if (!variant || !bytes_want(&c->bytes, variant->file_header, &head)) {
		capture_note_cut(c, 0, "the file header");
		return 0;
	}
	struct pcap_file *p = calloc(1, sizeof *p);
	if (!p)
		return err_set(e, ERR_NOMEM, "out of memory");
	c->state = p;
	p->variant = variant;
	p->big_endian = big_endian;
	struct cursor h = cursor_over(head);
	cursor_skip(&h, 4);
	uint16_t major = read16(&h, big_endian);
	p->length_order = length_order_of(major, read16(&h, big_endian));
	cursor_skip(&h, 8);
	c->facts.snaplen = read32(&h, big_endian);
	uint32_t link = read32(&h, big_endian);
	p->linktype = linktype_canonical(link & 0xffff);
	p->fcs_len = link & LINKTYPE_HAS_FCS ? (uint8_t)((link >> 28) * 2) : 0;
	p->usual_max = c->facts.snaplen > SNAPLEN_USUAL ? c->facts.snaplen : SNAPLEN_USUAL;
	if (p->usual_max > CAPTURE_RECORD_MAX)
		p->usual_max = CAPTURE_RECORD_MAX;
	bytes_advance(&c->bytes, variant->file_header);
	return 0;
}

static inline struct record record_read(const struct pcap_file *p, struct span header)
{
	struct cursor h = cursor_over(span_first(header, RECORD_HEADER));
	struct record r = {.seconds = read32(&h, p->big_endian)};
	r.fraction = read32(&h, p->big_endian);
	r.captured = read32(&h, p->big_endian);
	r.wire = read32(&h, p->big_endian);
	if (p->length_order == LENGTHS_NORMAL)
		return r;
	if (p->length_order == LENGTHS_SWAPPED || r.captured > r.wire) {
		uint32_t wire = r.captured;
		r.captured = r.wire;
		r.wire = wire;
	}
	return r;
}

static bool seconds_near(uint32_t a, uint32_t b)
{
	return (a > b ? a - b : b - a) <= NEAR_S;
}

static bool fraction_sane(const struct pcap_file *p, const struct record *r)
{
	return r->fraction < 1000000000 / p->variant->tick_ns;
}

static bool lengths_sane(const struct pcap_file *p, const struct record *r)
{
	return r->captured <= p->usual_max && r->wire >= r->captured && r->wire > 0 && r->wire <= CAPTURE_RECORD_MAX;
}

/* Would a sane writer have written this, at this place? */
static bool record_plausible(const struct pcap_file *p, const struct record *r)
{
	return lengths_sane(p, r) && fraction_sane(p, r) && (!p->has_last || seconds_near(r->seconds, p->anchor_s));
}

/* Reads the header of what follows a record. True: it is there. False: *end says whether the stream ends well there. */
static bool record_following(const struct pcap_file *p, const struct record *r, struct span ahead, bool whole,
                             struct record *next, bool *end)
{
	size_t size = p->variant->record_header + r->captured;
	struct span rest = span_after(ahead, size);
	*end = whole && ahead.len >= size;
	if (rest.len < p->variant->record_header)
		return false;
	*next = record_read(p, rest);
	return true;
}

static bool record_probe(const void *arg, struct span ahead, bool whole)
{
	const struct pcap_file *p = arg;
	if (ahead.len < p->variant->record_header)
		return false;
	struct record r = record_read(p, ahead), next;
	bool end;
	if (!record_plausible(p, &r))
		return false;
	if (!record_following(p, &r, ahead, whole, &next, &end))
		return end;
	return record_plausible(p, &next) && seconds_near(r.seconds, next.seconds);
}

/* A record that has to prove itself by what follows it. */
static inline bool record_suspect(const struct pcap_file *p, const struct record *r)
{
	return r->captured > r->wire || r->captured > p->usual_max || r->wire > CAPTURE_RECORD_MAX ||
	       !fraction_sane(p, r) || (p->has_last && !seconds_near(r->seconds, p->last_s));
}

/*
 * Reading that is out of step by a few bytes can find captured lengths where there are none, again and again. Signs of
 * it are fractions and wire lengths that do not exist: then both lengths of the next record must be sane. Otherwise it
 * only has to be possible, since writers with strange clocks and lengths are strange in every record.
 */
static bool record_proven(struct capture *c, const struct record *r)
{
	const struct pcap_file *p = c->state;
	struct span ahead;
	struct record next;
	bool end;
	if (r->captured > CAPTURE_RECORD_MAX)
		return false;
	bool more = bytes_want(&c->bytes, 2 * p->variant->record_header + r->captured, &ahead);
	if (!record_following(p, r, ahead, !more, &next, &end))
		return end;
	if (r->wire > CAPTURE_RECORD_MAX || !fraction_sane(p, r))
		return lengths_sane(p, &next);
	return next.captured <= p->usual_max && fraction_sane(p, &next);
}

/* False: nothing more can be read. */
static bool record_recover(struct capture *c, const struct record *r)
{
	uint64_t offset = bytes_offset(&c->bytes);
	if (salvage_search(c, SALVAGE_REACH, record_probe, c->state) || r->captured > CAPTURE_RECORD_MAX) {
		capture_note(c, CAPTURE_DAMAGED, offset, "a record of %u bytes, %u on the wire, cannot be", r->captured,
		             r->wire);
		return bytes_want(&c->bytes, 1, &(struct span){0});
	}
	capture_note_cut(c, offset, "a record");
	return false;
}

static enum frame_way modified_way(struct span header)
{
	struct cursor h = cursor_over(span_after(header, RECORD_HEADER));
	cursor_skip(&h, MODIFIED_PACKET_TYPE);
	uint8_t type = cursor_u8(&h);
	if (h.failed)
		return FRAME_WAY_UNKNOWN;
	return type == PACKET_OUTGOING ? FRAME_OUTBOUND : type == PACKET_HOST ? FRAME_INBOUND : FRAME_WAY_UNKNOWN;
}

static inline void time_remember(struct pcap_file *p, uint32_t seconds)
{
	if (!p->has_last || seconds_near(seconds, p->anchor_s) || seconds_near(seconds, p->last_s))
		p->anchor_s = seconds;
	p->last_s = seconds;
	p->has_last = true;
}

static int pcap_next_frame(struct capture *c, struct frame *f, struct err *e)
{
	struct pcap_file *p = c->state;
	const size_t header = p->variant->record_header;
	struct span ahead;
	struct record r;
	(void)e;
	for (;;) {
		if (!bytes_want(&c->bytes, header, &ahead)) {
			if (ahead.len > 0)
				capture_note_cut(c, bytes_offset(&c->bytes), "a record header");
			return 0;
		}
		r = record_read(p, ahead);
		if (!record_suspect(p, &r) || record_proven(c, &r))
			break;
		if (!record_recover(c, &r))
			return 0;
	}
	if (!bytes_want(&c->bytes, header + r.captured, &ahead)) {
		capture_note_cut(c, bytes_offset(&c->bytes), "a record");
		return 0;
	}
	bytes_advance(&c->bytes, ahead.len);
	time_remember(p, r.seconds);
	f->ts_ns = (int64_t)r.seconds * 1000000000 + (int64_t)r.fraction * p->variant->tick_ns;
	f->wire_len = r.wire > r.captured ? r.wire : r.captured;
	f->interface = 0;
	f->linktype = p->linktype;
	f->fcs_len = p->fcs_len;
	f->way = header > RECORD_HEADER ? (uint8_t)modified_way(ahead) : FRAME_WAY_UNKNOWN;
	f->bytes = span_of(span_after(ahead, header).ptr, r.captured);
	return 1;
}

static void pcap_close_file(struct capture *c)
{
	free(c->state);
}

const struct reader reader_pcap = {
    .format = "pcap",
    .yours = pcap_yours,
    .open = pcap_open_file,
    .next = pcap_next_frame,
    .close = pcap_close_file,
};
