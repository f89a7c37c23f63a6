/*
 * pcapng files (draft-ietf-opsawg-pcapng): sections, each in its own byte order, interfaces, and the enhanced, simple
 * and obsolete packet blocks. Statistics give the interfaces' drop counters; every other block is stepped over. Times
 * and options are interface.c's.
 *
 *	block    | type 4 | length 4 | body | length 4 |
 *	section  | 0a 0d 0d 0a | length 4 | 1a2b3c4d | major 2 | minor 2 | section length 8 | options | length 4 |
 *	enhanced | interface 4 | time high 4 | time low 4 | captured length 4 | wire length 4 | bytes, padded | options |
 *	simple   | wire length 4 | bytes, padded |
 *	obsolete | interface 2 | drops 2 | then as enhanced from the time on |
 */
#include <stdlib.h>

#include "analyzer/capture/interface.h"
#include "analyzer/capture/salvage.h"

enum {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET_OBSOLETE = 2,
	BLOCK_PACKET_SIMPLE = 3,
	BLOCK_NAMES = 4,
	BLOCK_STATISTICS = 5,
	BLOCK_PACKET = 6,
	BLOCK_SECRETS = 10,

	SECTION_MAGIC = 0x1a2b3c4d,
	SECTION_MAJOR = 1,
	BLOCK_HEADER = 8,
	BLOCK_TRAILER = 4,
	BLOCK_MIN = BLOCK_HEADER + BLOCK_TRAILER,
	SECTION_HEADER = BLOCK_HEADER + 4,
	SECTION_MIN = 28,
	BLOCK_MAX = 16 * 1024 * 1024,        /* secrets and names can be long; a longer block is damage */
	SALVAGE_BLOCK_MAX = 512 * 1024 - 64, /* a record and long options */
	DROPS_UNKNOWN = 0xffff,
};

struct pcapng_file {
	bool big_endian;
	bool foreign; /* a section of a version that is not known: its blocks are stepped over */
	struct interface_table interfaces;
	uint32_t interface_base; /* of the frame's numbering: interfaces of former sections */
	uint64_t former_drops;   /* of the interfaces of former sections */
};

struct block {
	uint32_t type;
	uint32_t stated, len; /* as the file says, and with the padding that belongs to it */
	struct span body;     /* empty when the block is longer than BYTES_AHEAD_MAX */
};

static inline uint32_t read32(struct cursor *c, bool big_endian)
{
	return big_endian ? cursor_be32(c) : cursor_le32(c);
}

static inline uint16_t read16(struct cursor *c, bool big_endian)
{
	return big_endian ? cursor_be16(c) : cursor_le16(c);
}

/* The byte order of the section whose header block starts here. */
static bool section_order(struct span head, bool *big_endian)
{
	struct cursor c = cursor_over(head);
	cursor_skip(&c, BLOCK_HEADER);
	uint32_t magic = cursor_be32(&c);
	*big_endian = magic == SECTION_MAGIC;
	return !c.failed && (*big_endian || __builtin_bswap32(magic) == SECTION_MAGIC);
}

static bool pcapng_yours(struct span head, bool whole)
{
	struct cursor c = cursor_over(head);
	bool big_endian, section = cursor_be32(&c) == BLOCK_SECTION;
	return section && (section_order(head, &big_endian) || (whole && head.len < SECTION_HEADER));
}

static int pcapng_open(struct capture *c, struct err *e)
{
	c->state = calloc(1, sizeof(struct pcapng_file));
	return c->state ? 0 : err_set(e, ERR_NOMEM, "out of memory");
}

static bool block_type_read(uint32_t type)
{
	return type == BLOCK_SECTION || (type >= BLOCK_INTERFACE && type <= BLOCK_PACKET && type != BLOCK_NAMES);
}

static bool block_type_known(uint32_t type)
{
	return block_type_read(type) || type == BLOCK_NAMES || type == BLOCK_SECRETS;
}

/* Type and length of the block whose first bytes these are; false: no block can start so. */
static bool block_header(const struct pcapng_file *p, struct span head, bool *big_endian, struct block *b)
{
	struct cursor c = cursor_over(head);
	*big_endian = p->big_endian;
	*b = (struct block){.type = read32(&c, p->big_endian)};
	if (b->type == BLOCK_SECTION && !section_order(head, big_endian))
		return false;
	b->stated = read32(&c, *big_endian);
	/* Some writers leave the padding out of the length, though not out of the file. */
	b->len = b->stated > BLOCK_MAX ? b->stated : (b->stated + 3) / 4 * 4;
	uint32_t least = b->type == BLOCK_SECTION ? SECTION_MIN : BLOCK_MIN;
	uint32_t most = block_type_read(b->type) ? BYTES_AHEAD_MAX : BLOCK_MAX;
	return !c.failed && b->len >= least && b->len <= most;
}

/* Does the second length of the block agree with the first? */
static bool block_trailer(struct span ahead, const struct block *b, bool big_endian)
{
	struct cursor c = cursor_over(ahead);
	cursor_skip(&c, b->len - BLOCK_TRAILER);
	return read32(&c, big_endian) == b->stated && !c.failed;
}

static bool block_probe(const void *arg, struct span ahead, bool whole)
{
	const struct pcapng_file *p = arg;
	struct block b;
	bool big_endian;
	(void)whole;
	return block_header(p, ahead, &big_endian, &b) && block_type_known(b.type) && b.len <= SALVAGE_BLOCK_MAX &&
	       b.len == b.stated && block_trailer(ahead, &b, big_endian);
}

static bool block_recover(struct capture *c, const char *fault, uint32_t stated)
{
	capture_note(c, CAPTURE_DAMAGED, bytes_offset(&c->bytes), "%s (%u bytes)", fault, stated);
	return salvage_search(c, SALVAGE_BLOCK_MAX, block_probe, c->state);
}

/* Steps over a block that bytes_want cannot show whole. False: the stream ended inside, or cannot be read further. */
static bool block_skip_long(struct capture *c, const struct block *b, bool big_endian)
{
	uint64_t start = bytes_offset(&c->bytes);
	struct span trailer;
	if (!bytes_skip(&c->bytes, b->len - BLOCK_TRAILER) || !bytes_want(&c->bytes, BLOCK_TRAILER, &trailer)) {
		capture_note_cut(c, start, "a block");
		return false;
	}
	struct cursor t = cursor_over(trailer);
	if (read32(&t, big_endian) != b->stated)
		return block_recover(c, "a block whose two lengths differ", b->stated);
	bytes_advance(&c->bytes, BLOCK_TRAILER);
	return true;
}

/* A packet block that the stream does not hold whole: does the packet's own length, and the second length where that puts
 * it, say that the first one is wrong? */
static bool packet_ends_before(const struct pcapng_file *p, const struct block *b, struct span ahead)
{
	enum { CAPTURED_AT = 20, FIXED = 28 };
	struct cursor c = cursor_over(ahead);
	cursor_skip(&c, CAPTURED_AT);
	uint32_t captured = read32(&c, p->big_endian);
	if (b->type != BLOCK_PACKET || captured > CAPTURE_RECORD_MAX)
		return false;
	uint32_t at = FIXED + (captured + 3) / 4 * 4;
	cursor_seek(&c, at);
	return read32(&c, p->big_endian) == at + BLOCK_TRAILER && !c.failed;
}

/* The next block, consumed; false: nothing more can be read. A body is valid until the next call. */
static bool block_next(struct capture *c, struct block *b)
{
	struct pcapng_file *p = c->state;
	struct span ahead;
	bool big_endian;
	while (bytes_want(&c->bytes, SECTION_HEADER, &ahead)) {
		const char *fault = NULL;
		if (!block_header(p, ahead, &big_endian, b))
			fault = "a block that cannot be";
		else if (b->len > BYTES_AHEAD_MAX)
			return block_skip_long(c, b, big_endian);
		else if (bytes_want(&c->bytes, b->len, &ahead))
			fault = block_trailer(ahead, b, big_endian) ? NULL : "a block whose two lengths differ";
		else if (packet_ends_before(p, b, ahead))
			fault = "a block longer than its packet and than the file";
		else
			break;
		if (!fault) {
			b->body = span_first(span_after(ahead, BLOCK_HEADER), b->len - BLOCK_MIN);
			bytes_advance(&c->bytes, b->len);
			return true;
		}
		if (!block_recover(c, fault, b->stated))
			return false;
	}
	if (ahead.len > 0)
		capture_note_cut(c, bytes_offset(&c->bytes), "a block");
	return false;
}

static uint64_t add_capped(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* The sum over all interfaces up to now. */
static void drops_sum(struct capture *c)
{
	const struct pcapng_file *p = c->state;
	uint64_t drops = p->former_drops;
	for (size_t i = 0; i < p->interfaces.count; i++) {
		drops = add_capped(drops, p->interfaces.list[i].drops);
		c->facts.has_interface_drops |= p->interfaces.list[i].has_drops;
	}
	c->facts.interface_drops = drops;
}

static void section_begin(struct capture *c, struct span body)
{
	struct pcapng_file *p = c->state;
	struct cursor b = cursor_over(body);
	p->big_endian = cursor_be32(&b) == SECTION_MAGIC;
	uint16_t major = read16(&b, p->big_endian), minor = read16(&b, p->big_endian);
	drops_sum(c);
	p->former_drops = c->facts.interface_drops;
	p->interface_base += (uint32_t)p->interfaces.count;
	interface_reset(&p->interfaces);
	p->foreign = major != SECTION_MAJOR;
	if (p->foreign)
		capture_note(c, CAPTURE_DAMAGED, bytes_offset(&c->bytes) - body.len - BLOCK_MIN,
		             "a section of version %u.%u is not read", major, minor);
}

/* A packet block that adds up but cannot be used. */
static void packet_lost(struct capture *c, const struct block *b, const char *reason)
{
	capture_note(c, CAPTURE_DAMAGED, bytes_offset(&c->bytes) - b->len, "%s", reason);
	salvage_lost(c, b->len);
}

/* The packet's bytes behind what was read of the block, and the options behind them. False: noted and lost. */
static bool packet_bytes(struct capture *c, const struct block *b, struct cursor *body, uint32_t captured,
                         uint32_t wire, struct frame *f)
{
	if (captured > CAPTURE_RECORD_MAX || captured > cursor_left(body)) {
		packet_lost(c, b, "a packet that is longer than its block, or than a packet can be");
		return false;
	}
	f->bytes = cursor_take(body, captured);
	f->wire_len = wire > captured ? wire : captured;
	size_t pad = (4 - captured % 4) % 4;
	cursor_skip(body, pad < cursor_left(body) ? pad : cursor_left(body));
	return true;
}

static struct interface *packet_interface(struct capture *c, const struct block *b, uint32_t id, struct frame *f)
{
	struct pcapng_file *p = c->state;
	struct interface *i = interface_get(&p->interfaces, id);
	if (!i) {
		packet_lost(c, b, "a packet of an interface that is not described");
		return NULL;
	}
	f->interface = p->interface_base + id;
	f->linktype = i->linktype;
	f->fcs_len = i->fcs_len;
	f->way = FRAME_WAY_UNKNOWN;
	return i;
}

/* Enhanced and obsolete packet blocks. False: lost. */
static bool packet_timed(struct capture *c, const struct block *b, struct frame *f)
{
	struct pcapng_file *p = c->state;
	struct cursor body = cursor_over(b->body);
	uint32_t id, drops = DROPS_UNKNOWN;
	if (b->type == BLOCK_PACKET_OBSOLETE) {
		id = read16(&body, p->big_endian);
		drops = read16(&body, p->big_endian);
	} else {
		id = read32(&body, p->big_endian);
	}
	uint64_t stamp = (uint64_t)read32(&body, p->big_endian) << 32;
	stamp |= read32(&body, p->big_endian);
	uint32_t captured = read32(&body, p->big_endian), wire = read32(&body, p->big_endian);
	if (body.failed) {
		packet_lost(c, b, "a packet block that is too short");
		return false;
	}
	struct interface *i = packet_interface(c, b, id, f);
	if (!i || !packet_bytes(c, b, &body, captured, wire, f))
		return false;
	f->ts_ns = interface_time(i, stamp);
	if (drops != DROPS_UNKNOWN)
		interface_dropped(i, drops);
	if (cursor_left(&body) > 0)
		interface_packet(i, cursor_rest(&body), p->big_endian, f);
	return true;
}

static bool packet_simple(struct capture *c, const struct block *b, struct frame *f)
{
	const struct pcapng_file *p = c->state;
	struct cursor body = cursor_over(b->body);
	uint32_t wire = read32(&body, p->big_endian);
	if (body.failed) {
		packet_lost(c, b, "a packet block that is too short");
		return false;
	}
	const struct interface *i = packet_interface(c, b, 0, f);
	if (!i)
		return false;
	uint32_t captured = wire;
	if (i->snaplen > 0 && captured > i->snaplen)
		captured = i->snaplen;
	if (captured > cursor_left(&body))
		captured = (uint32_t)cursor_left(&body);
	f->ts_ns = FRAME_NO_TIME;
	return packet_bytes(c, b, &body, captured, wire, f);
}

static int interface_describe(struct capture *c, const struct block *b, struct err *e)
{
	struct pcapng_file *p = c->state;
	bool nomem;
	struct interface *i = interface_add(&p->interfaces, b->body, p->big_endian, &nomem);
	if (nomem)
		return err_set(e, ERR_NOMEM, "out of memory");
	if (!i) {
		packet_lost(c, b, "an interface description that is too short, or one too many");
		return 0;
	}
	i->linktype = linktype_canonical(i->linktype);
	if (i->snaplen > c->facts.snaplen)
		c->facts.snaplen = i->snaplen;
	return 0;
}

static void statistics_read(struct capture *c, const struct block *b)
{
	enum { FIXED = 12 }; /* interface 4, time 8 */
	struct pcapng_file *p = c->state;
	struct cursor body = cursor_over(b->body);
	struct interface *i = interface_get(&p->interfaces, read32(&body, p->big_endian));
	if (!body.failed && i)
		interface_statistics(i, span_after(b->body, FIXED), p->big_endian);
}

/* 1: *f is a frame; 0: the block holds none; negative: the environment failed. */
static int block_read(struct capture *c, const struct block *b, struct frame *f, struct err *e)
{
	switch (b->type) {
	case BLOCK_PACKET:
	case BLOCK_PACKET_OBSOLETE:
		return packet_timed(c, b, f);
	case BLOCK_PACKET_SIMPLE:
		return packet_simple(c, b, f);
	case BLOCK_INTERFACE:
		return interface_describe(c, b, e);
	case BLOCK_STATISTICS:
		statistics_read(c, b);
		return 0;
	default:
		return 0;
	}
}

static int pcapng_next(struct capture *c, struct frame *f, struct err *e)
{
	struct pcapng_file *p = c->state;
	struct block b;
	int got = 0;
	while (got == 0 && block_next(c, &b)) {
		if (b.type == BLOCK_SECTION)
			section_begin(c, b.body);
		else if (p->foreign)
			c->facts.lost_bytes += b.len;
		else
			got = block_read(c, &b, f, e);
	}
	if (got == 0)
		drops_sum(c);
	return got;
}

static void pcapng_close(struct capture *c)
{
	struct pcapng_file *p = c->state;
	if (!p)
		return;
	interface_free(&p->interfaces);
	free(p);
	c->state = NULL;
}

const struct reader reader_pcapng = {
    .format = "pcapng",
    .yours = pcapng_yours,
    .open = pcapng_open,
    .next = pcapng_next,
    .close = pcapng_close,
};
