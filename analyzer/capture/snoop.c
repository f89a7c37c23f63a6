/*
 * snoop files, version 2 (RFC 1761), as Solaris writes them: always big-endian, with a running count of drops.
 *
 *	file    | "snoop" 0 0 0 | version 4 | data link 4 |
 *	record  | wire length 4 | captured length 4 | record length 4 | drops so far 4 | seconds 4 | microseconds 4 | bytes |
 */
#include <stdlib.h>

#include "analyzer/capture/salvage.h"

enum {
	FILE_HEADER = 16,
	RECORD_HEADER = 24,
	RECORD_PAD_MAX = 64, /* between the captured bytes and the next record; writers align to 4 */
	NEAR_S = 24 * 60 * 60,
	SALVAGE_REACH = 2 * RECORD_HEADER + CAPTURE_RECORD_MAX + RECORD_PAD_MAX,
};

struct datalink {
	uint32_t number;
	uint16_t linktype;
};

/* The data link numbers of RFC 1761, table 2, for which there is a link type of the same framing. */
static const struct datalink datalinks[] = {
    {.number = 0, .linktype = LINKTYPE_ETHERNET},
    {.number = 4, .linktype = LINKTYPE_ETHERNET},
    {.number = 8, .linktype = 10},
};

struct snoop_file {
	uint16_t linktype;
	uint32_t last_s;
	bool has_last;
};

struct record {
	uint32_t wire, captured, size, drops, seconds, microseconds;
};

static bool snoop_yours(struct span head, bool whole)
{
	static const uint8_t magic[] = {'s', 'n', 'o', 'o', 'p', 0, 0, 0};
	(void)whole;
	return span_starts(head, span_of(magic, sizeof magic));
}

static int snoop_open(struct capture *c, struct err *e)
{
	struct span head;
	if (!bytes_want(&c->bytes, FILE_HEADER, &head)) {
		capture_note_cut(c, 0, "the file header");
		return 0;
	}
	struct cursor h = cursor_over(head);
	cursor_skip(&h, 8);
	uint32_t version = cursor_be32(&h), number = cursor_be32(&h);
	const struct datalink *link = NULL;
	for (size_t i = 0; i < sizeof datalinks / sizeof datalinks[0]; i++)
		link = datalinks[i].number == number ? &datalinks[i] : link;
	if (version != 2 || !link) {
		capture_note(c, CAPTURE_UNSUPPORTED, 0, "snoop version %u with data link %u is not read", version,
		             number);
		return 0;
	}
	struct snoop_file *s = calloc(1, sizeof *s);
	if (!s)
		return err_set(e, ERR_NOMEM, "out of memory");
	s->linktype = link->linktype;
	c->state = s;
	bytes_advance(&c->bytes, FILE_HEADER);
	return 0;
}

static struct record record_read(struct span header)
{
	struct cursor h = cursor_over(header);
	struct record r = {.wire = cursor_be32(&h)};
	r.captured = cursor_be32(&h);
	r.size = cursor_be32(&h);
	r.drops = cursor_be32(&h);
	r.seconds = cursor_be32(&h);
	r.microseconds = cursor_be32(&h);
	return r;
}

static bool record_sound(const struct record *r)
{
	return r->captured <= CAPTURE_RECORD_MAX && r->size >= RECORD_HEADER + r->captured &&
	       r->size - RECORD_HEADER - r->captured <= RECORD_PAD_MAX;
}

static bool record_plausible(const struct snoop_file *s, const struct record *r)
{
	uint32_t apart = r->seconds > s->last_s ? r->seconds - s->last_s : s->last_s - r->seconds;
	return record_sound(r) && r->wire >= r->captured && r->wire > 0 && r->wire <= CAPTURE_RECORD_MAX &&
	       r->microseconds < 1000000 && (!s->has_last || apart <= NEAR_S);
}

static bool record_probe(const void *arg, struct span ahead, bool whole)
{
	if (ahead.len < RECORD_HEADER)
		return false;
	struct record r = record_read(ahead);
	if (!record_plausible(arg, &r) || ahead.len < r.size)
		return false;
	struct span rest = span_after(ahead, r.size);
	if (rest.len < RECORD_HEADER)
		return whole;
	struct record next = record_read(rest);
	return record_plausible(arg, &next);
}

static int snoop_next(struct capture *c, struct frame *f, struct err *e)
{
	struct snoop_file *s = c->state;
	struct span ahead;
	struct record r;
	(void)e;
	for (;;) {
		if (!bytes_want(&c->bytes, RECORD_HEADER, &ahead)) {
			if (ahead.len > 0)
				capture_note_cut(c, bytes_offset(&c->bytes), "a record header");
			return 0;
		}
		r = record_read(ahead);
		if (record_sound(&r))
			break;
		capture_note(c, CAPTURE_DAMAGED, bytes_offset(&c->bytes),
		             "a record of %u bytes with %u captured cannot be", r.size, r.captured);
		if (!salvage_search(c, SALVAGE_REACH, record_probe, s))
			return 0;
	}
	if (!bytes_want(&c->bytes, r.size, &ahead)) {
		capture_note_cut(c, bytes_offset(&c->bytes), "a record");
		return 0;
	}
	bytes_advance(&c->bytes, r.size);
	s->last_s = r.seconds;
	s->has_last = true;
	c->facts.has_interface_drops = true;
	c->facts.interface_drops = r.drops;
	f->ts_ns = (int64_t)r.seconds * 1000000000 + (int64_t)r.microseconds * 1000;
	f->wire_len = r.wire > r.captured ? r.wire : r.captured;
	f->interface = 0;
	f->linktype = s->linktype;
	f->fcs_len = 0;
	f->way = FRAME_WAY_UNKNOWN;
	f->bytes = span_first(span_after(ahead, RECORD_HEADER), r.captured);
	return 1;
}

static void snoop_close(struct capture *c)
{
	free(c->state);
}

const struct reader reader_snoop = {
    .format = "snoop",
    .yours = snoop_yours,
    .open = snoop_open,
    .next = snoop_next,
    .close = snoop_close,
};
