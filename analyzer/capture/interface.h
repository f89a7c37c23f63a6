/* The interfaces of a pcapng section: what their description blocks say, and how that turns a packet block into a time,
 * a check sequence length and a direction. */
#pragma once

#include "analyzer/base/cursor.h"
#include "analyzer/capture/capture.h"

/* A section may describe this many interfaces; packets of further ones are damage. */
enum { INTERFACES_MAX = 65536 };

struct interface {
	uint16_t linktype;
	uint8_t fcs_len;
	uint8_t resolution; /* if_tsresol: 10^-n seconds, or with the top bit 2^-n */
	int64_t offset_s;   /* if_tsoffset */
	uint32_t snaplen;   /* 0: no limit */
	uint64_t drops;     /* last ifdrop + osdrop of its statistics, or the sum of what its packets state */
	bool has_drops;
	bool has_statistics; /* `drops` is from statistics */
};

/* Zero it. Interfaces are numbered from 0 in every section. */
struct interface_table {
	struct interface *list;
	size_t count, room;
};

/* Parses the body of an interface description block. NULL: too many, too short (*nomem false), or memory ran out. */
struct interface *interface_add(struct interface_table *t, struct span body, bool big_endian, bool *nomem);

/* The interface, or NULL. */
struct interface *interface_get(const struct interface_table *t, uint32_t id);

/* Forgets the interfaces; the memory is kept. */
void interface_reset(struct interface_table *t);

/* Legal on a zeroed table and twice. */
void interface_free(struct interface_table *t);

/*
 * Nanoseconds since 1970 of a timestamp in the interface's units, or FRAME_NO_TIME: before 1970, or so late (2261) that hours added to
 * it would not fit.
 */
int64_t interface_time(const struct interface *i, uint64_t stamp);

/* Options of an interface statistics block, behind its fixed part. */
void interface_statistics(struct interface *i, struct span options, bool big_endian);

/* Options of an enhanced or an obsolete packet block: they fill f->way and f->fcs_len and count drops. */
void interface_packet(struct interface *i, struct span options, bool big_endian, struct frame *f);

/* Adds packets that a packet says were lost before it. */
void interface_dropped(struct interface *i, uint64_t packets);
