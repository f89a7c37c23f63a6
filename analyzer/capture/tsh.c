/*
 * TSH files of the NLANR archives: records of 44 bytes with the first 36 of an IPv4 packet, taken apart by libtrace
 * (trace.c). There is no file header and no magic number, so recognition asks for several records in a row.
 *
 *	record | seconds 4 | interface 1 | microseconds 3 | IPv4 header 20 | TCP header 16 |
 */
#include <stdlib.h>

#include "analyzer/capture/salvage.h"
#include "analyzer/capture/trace.h"

enum {
	RECORD = 44,
	RECORD_HEADER = 8,
	INTERFACES = 256,
	NEAR_S = 24 * 60 * 60,
	RECOGNISE_RECORDS = 4,
	RECOGNISE_FROM_S = 725846400, /* 1993 */
	IPV4_HEADER = 20,
};

struct tsh_file {
	struct tracing *tracing;
	uint32_t last_s;
	bool has_last;
	bool seen[INTERFACES];
	uint8_t number[INTERFACES]; /* in order of appearance, of those seen */
	uint8_t interface_count;
};

struct record {
	uint32_t seconds, microseconds;
	uint8_t interface, version_and_length;
	uint16_t packet_len;
};

static bool record_read(struct span ahead, struct record *r)
{
	struct cursor c = cursor_over(ahead);
	*r = (struct record){.seconds = cursor_be32(&c)};
	r->interface = cursor_u8(&c);
	r->microseconds = cursor_be24(&c);
	r->version_and_length = cursor_u8(&c);
	cursor_skip(&c, 1);
	r->packet_len = cursor_be16(&c);
	return ahead.len >= RECORD && r->version_and_length >> 4 == 4 &&
	       (r->version_and_length & 0xf) >= IPV4_HEADER / 4 && r->packet_len >= IPV4_HEADER &&
	       r->microseconds < 1000000;
}

static bool seconds_near(uint32_t a, uint32_t b)
{
	return (a > b ? a - b : b - a) <= NEAR_S;
}

static bool tsh_yours(struct span head, bool whole)
{
	struct record r;
	uint32_t last_s = 0;
	(void)whole;
	for (int i = 0; i < RECOGNISE_RECORDS; i++) {
		if (!record_read(head, &r) || r.seconds < RECOGNISE_FROM_S ||
		    (i > 0 && !seconds_near(r.seconds, last_s)))
			return false;
		last_s = r.seconds;
		head = span_after(head, RECORD);
	}
	return true;
}

static bool record_probe(const void *arg, struct span ahead, bool whole)
{
	const struct tsh_file *t = arg;
	struct record r, next;
	if (!record_read(ahead, &r) || (t->has_last && !seconds_near(r.seconds, t->last_s)))
		return false;
	struct span rest = span_after(ahead, RECORD);
	if (rest.len < RECORD)
		return whole;
	return record_read(rest, &next) && seconds_near(r.seconds, next.seconds);
}

static int tsh_open(struct capture *c, struct err *e)
{
	struct tsh_file *t = c->state = calloc(1, sizeof *t);
	if (!t)
		return err_set(e, ERR_NOMEM, "out of memory");
	return tracing_open(&t->tracing, TRACING_TSH, e);
}

static uint32_t interface_number(struct tsh_file *t, uint8_t interface)
{
	if (!t->seen[interface]) {
		t->seen[interface] = true;
		t->number[interface] = t->interface_count++;
	}
	return t->number[interface];
}

static int tsh_next(struct capture *c, struct frame *f, struct err *e)
{
	struct tsh_file *t = c->state;
	struct span ahead;
	struct record r;
	(void)e;
	for (;;) {
		uint64_t offset = bytes_offset(&c->bytes);
		if (!bytes_want(&c->bytes, RECORD, &ahead)) {
			if (ahead.len > 0)
				capture_note_cut(c, offset, "a record");
			return 0;
		}
		if (record_read(ahead, &r))
			break;
		capture_note(c, CAPTURE_DAMAGED, offset, "a record without an IPv4 packet");
		if (!salvage_search(c, 2 * RECORD, record_probe, t))
			return 0;
	}
	bytes_advance(&c->bytes, RECORD);
	t->last_s = r.seconds;
	t->has_last = true;
	f->interface = interface_number(t, r.interface);
	f->way = FRAME_WAY_UNKNOWN;
	return tracing_show(t->tracing, span_first(ahead, RECORD_HEADER), span_after(ahead, RECORD_HEADER), f);
}

static void tsh_close(struct capture *c)
{
	struct tsh_file *t = c->state;
	if (t)
		tracing_close(t->tracing);
	free(t);
}

const struct reader reader_tsh = {
    .format = "tsh",
    .yours = tsh_yours,
    .open = tsh_open,
    .next = tsh_next,
    .close = tsh_close,
};
