/*
 * ERF files of Endace DAG cards. Packets of the types whose link type libtrace knows are taken apart by it (trace.c),
 * with a plain header, since libtrace 3 knows neither extension headers nor the later types of the same layout. What it
 * has no link type for is handed on whole, as LINKTYPE_ERF.
 *
 *	record | seconds, 32.32 bits, little-endian 8 | type 1 | flags 1 | record length 2 | lost 2 | wire length 2 |
 *	       | extension headers 8 each, while the top bit of type or of the former one is set |
 *	       | Ethernet: offset and pad 2 | bytes |
 */
#include <stdlib.h>

#include "analyzer/capture/salvage.h"
#include "analyzer/capture/trace.h"

enum {
	RECORD_HEADER = 16,
	TYPE_AT = 8,
	SIZE_AT = 10,
	EXTENSION = 8,
	EXTENSIONS_MAX = 16,
	MORE = 0x80, /* an extension header follows */
	FLAGS_INTERFACE = 3,
	INTERFACES = FLAGS_INTERFACE + 1,
	ETHERNET_PAD = 2,
	NEAR_S = 24 * 60 * 60,
	RECOGNISE_FROM_S = 788918400, /* 1995: the first DAG card */
	RECOGNISE_TO_S = INT32_MAX,
	RECOGNISE_RECORDS = 3,
	SALVAGE_REACH = UINT16_MAX + RECORD_HEADER,
};

/* Types by their number in the record. */
enum {
	ERF_HDLC_POS = 1,
	ERF_ETH = 2,
	ERF_COLOR_HDLC_POS = 10,
	ERF_COLOR_ETH = 11,
	ERF_DSM_COLOR_HDLC_POS = 15,
	ERF_DSM_COLOR_ETH = 16,
	ERF_COLOR_HASH_POS = 19,
	ERF_COLOR_HASH_ETH = 20,
	ERF_IPV4 = 22,
	ERF_IPV6 = 23,
	ERF_META = 27,
	ERF_PAD = 48,
};

struct plain_type {
	uint8_t type, plain;
	bool counts_lost; /* the field holds lost records, not a colour or a hash */
};

/* The types that go through libtrace, by the plain type of the same layout. */
static const struct plain_type plain_types[] = {
    {.type = ERF_HDLC_POS, .plain = ERF_HDLC_POS, .counts_lost = true},
    {.type = ERF_ETH, .plain = ERF_ETH, .counts_lost = true},
    {.type = ERF_COLOR_HDLC_POS, .plain = ERF_HDLC_POS},
    {.type = ERF_COLOR_ETH, .plain = ERF_ETH},
    {.type = ERF_DSM_COLOR_HDLC_POS, .plain = ERF_HDLC_POS},
    {.type = ERF_DSM_COLOR_ETH, .plain = ERF_ETH},
    {.type = ERF_COLOR_HASH_POS, .plain = ERF_HDLC_POS},
    {.type = ERF_COLOR_HASH_ETH, .plain = ERF_ETH},
    {.type = ERF_IPV4, .plain = ERF_IPV4, .counts_lost = true},
    {.type = ERF_IPV6, .plain = ERF_IPV6, .counts_lost = true},
};

struct erf_file {
	struct tracing *tracing;
	uint32_t last_s;
	bool has_last;
	uint8_t interfaces[INTERFACES]; /* in order of appearance */
	size_t interface_count;
};

struct record {
	uint32_t seconds;
	uint8_t type, flags;
	uint16_t size, lost, wire;
	const struct plain_type *plain; /* NULL: libtrace has no link type for it */
	size_t header;                  /* with extension headers */
};

static const struct plain_type *plain_type_find(uint8_t type)
{
	for (size_t i = 0; i < sizeof plain_types / sizeof plain_types[0]; i++)
		if (plain_types[i].type == type)
			return &plain_types[i];
	return NULL;
}

/* False: too few bytes, or no record. */
static bool record_read(struct span ahead, struct record *r)
{
	struct cursor c = cursor_over(ahead);
	cursor_skip(&c, 4);
	*r = (struct record){.seconds = cursor_le32(&c)};
	uint8_t more = cursor_u8(&c);
	r->type = (uint8_t)(more & ~(unsigned)MORE);
	r->flags = cursor_u8(&c);
	r->size = cursor_be16(&c);
	r->lost = cursor_be16(&c);
	r->wire = cursor_be16(&c);
	r->plain = plain_type_find(r->type);
	for (int i = 0; more & MORE && i < EXTENSIONS_MAX; i++) {
		more = cursor_u8(&c);
		cursor_skip(&c, EXTENSION - 1);
	}
	r->header = cursor_offset(&c);
	size_t least = r->header + (r->plain && r->plain->plain == ERF_ETH ? ETHERNET_PAD : 0);
	return !c.failed && !(more & MORE) && r->type > 0 && r->type <= ERF_PAD && r->size >= least;
}

static bool seconds_near(uint32_t a, uint32_t b)
{
	return (a > b ? a - b : b - a) <= NEAR_S;
}

/* Is there nothing behind the record, or something that may be another one? */
static bool record_followed(const struct record *r, struct span ahead, bool whole)
{
	struct record next;
	if (ahead.len < r->size)
		return false;
	struct span rest = span_after(ahead, r->size);
	if (rest.len < RECORD_HEADER)
		return whole;
	return record_read(rest, &next) && seconds_near(r->seconds, next.seconds);
}

/* There is no magic number: the records must be sound and of nearly one time, a few in a row or all that there are. */
static bool erf_yours(struct span head, bool whole)
{
	size_t records = 0;
	struct record r;
	while (record_read(head, &r) && r.seconds >= RECOGNISE_FROM_S && r.seconds < RECOGNISE_TO_S &&
	       record_followed(&r, head, whole)) {
		head = span_after(head, r.size);
		records++;
	}
	/* A walk of a step or two may stop only at a record that is not all there. */
	bool cut = head.len < RECORD_HEADER || (record_read(head, &r) && head.len < r.size);
	return records >= RECOGNISE_RECORDS || (records > 0 && cut);
}

static bool record_probe(const void *arg, struct span ahead, bool whole)
{
	const struct erf_file *t = arg;
	struct record r;
	return record_read(ahead, &r) && r.wire > 0 && (!t->has_last || seconds_near(r.seconds, t->last_s)) &&
	       record_followed(&r, ahead, whole);
}

static void erf_close(struct capture *c)
{
	struct erf_file *t = c->state;
	if (t)
		tracing_close(t->tracing);
	free(t);
}

static int erf_open(struct capture *c, struct err *e)
{
	struct erf_file *t = c->state = calloc(1, sizeof *t);
	if (!t)
		return err_set(e, ERR_NOMEM, "out of memory");
	return tracing_open(&t->tracing, TRACING_ERF, e);
}

static uint32_t interface_number(struct erf_file *t, uint8_t flags)
{
	uint8_t port = flags & FLAGS_INTERFACE;
	uint32_t i = 0;
	while (i < t->interface_count && t->interfaces[i] != port)
		i++;
	if (i == t->interface_count)
		t->interfaces[t->interface_count++] = port;
	return i;
}

static int64_t time_ns(uint32_t seconds, uint32_t fraction)
{
	return (int64_t)seconds * 1000000000 + (int64_t)((uint64_t)fraction * 1000000000 >> 32);
}

/* Shows libtrace the record as it understands it: without extension headers, and of a plain type. */
static void frame_from_trace(struct erf_file *t, const struct record *r, struct span whole, struct frame *f)
{
	uint8_t header[RECORD_HEADER];
	struct span rest = span_after(whole, r->header);
	size_t size = sizeof header + rest.len;
	memcpy(header, whole.ptr, sizeof header);
	header[TYPE_AT] = r->plain->plain;
	header[SIZE_AT] = (uint8_t)(size >> 8);
	header[SIZE_AT + 1] = (uint8_t)size;
	(void)tracing_show(t->tracing, span_of(header, sizeof header), rest, f);
}

static void frame_from_record(const struct record *r, struct span whole, struct frame *f)
{
	struct cursor c = cursor_over(whole);
	f->ts_ns = time_ns(r->seconds, cursor_le32(&c));
	f->bytes = whole;
	f->wire_len = (uint32_t)(r->header + r->wire > whole.len ? r->header + r->wire : whole.len);
	f->linktype = LINKTYPE_ERF;
	f->fcs_len = 0;
}

/* 1: *r and *whole are a record, consumed; 0: nothing more can be read. */
static int record_next(struct capture *c, struct record *r, struct span *whole)
{
	struct erf_file *t = c->state;
	for (;;) {
		struct span ahead;
		uint64_t offset = bytes_offset(&c->bytes);
		bool more = bytes_want(&c->bytes, RECORD_HEADER + EXTENSION * EXTENSIONS_MAX, &ahead);
		if (ahead.len == 0)
			return 0;
		bool sound = record_read(ahead, r);
		bool complete = sound && bytes_want(&c->bytes, r->size, whole);
		if (complete && r->size <= TRACING_RECORD_MAX)
			break;
		if (complete) {
			capture_note(c, CAPTURE_DAMAGED, offset, "a record of %u bytes is too long to be read",
			             r->size);
			salvage_lost(c, r->size);
			bytes_advance(&c->bytes, r->size);
		} else if (sound || (!more && ahead.len < RECORD_HEADER)) {
			capture_note_cut(c, offset, "a record");
			return 0;
		} else {
			capture_note(c, CAPTURE_DAMAGED, offset, "a record of %u bytes and type %u cannot be", r->size,
			             r->type);
			if (!salvage_search(c, SALVAGE_REACH, record_probe, t))
				return 0;
		}
	}
	bytes_advance(&c->bytes, r->size);
	t->last_s = r->seconds;
	t->has_last = true;
	return 1;
}

static int erf_next(struct capture *c, struct frame *f, struct err *e)
{
	struct erf_file *t = c->state;
	struct record r;
	struct span whole;
	(void)e;
	do {
		if (!record_next(c, &r, &whole))
			return 0;
	} while (r.type == ERF_PAD);
	f->interface = interface_number(t, r.flags);
	f->way = FRAME_WAY_UNKNOWN;
	if (r.plain && r.plain->counts_lost) {
		c->facts.interface_drops += r.lost;
		c->facts.has_interface_drops = true;
	}
	if (r.plain)
		frame_from_trace(t, &r, whole, f);
	else
		frame_from_record(&r, whole, f);
	return 1;
}

const struct reader reader_erf = {
    .format = "erf",
    .yours = erf_yours,
    .open = erf_open,
    .next = erf_next,
    .close = erf_close,
};
