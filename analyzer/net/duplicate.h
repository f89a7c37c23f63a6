/*
 * Guard G4: a mirror port or a capture on several interfaces shows one packet twice. A copy has the same addresses, ports,
 * IP-ID, sequence and acknowledgement numbers, flags, length and transport checksum, within 5 ms, and a TTL that differs by
 * at most 1; VLAN and link addresses may differ. Copies are dropped before anything is counted, RSTs excepted: real injectors
 * send identical resets in a burst, so RST copies are marked and the capture pass decides, when it knows how common copies are
 * in the file.
 */
#pragma once

#include "analyzer/base/hash.h"
#include "analyzer/net/packet.h"

#define DUPLICATE_WINDOW_NS (INT64_C(5) * 1000000)

enum { DUPLICATE_KEPT = 4096 }; /* latest packets remembered: the oldest goes first, whatever the hash key is */

struct duplicate_filter {
	struct hash_key key;
	struct {
		uint64_t digest;
		int64_t ts_ns;
		uint16_t next; /* in its bucket, 1 + index; 0: last */
		uint8_t ttl;
	} seen[DUPLICATE_KEPT];           /* ring */
	uint16_t buckets[DUPLICATE_KEPT]; /* 1 + index; 0: empty */
	uint64_t remembered;              /* packets so far; the ring's next place is this modulo DUPLICATE_KEPT */
	uint64_t eligible;                /* non-RST packets that could be told from an equal new packet */
	uint64_t copies;                  /* of these, copies */
};

/* The memory must be zero: a fresh filter is not touched as a whole, since most captures use little of it. */
void duplicate_init(struct duplicate_filter *f);

/* True for a copy. A packet that carries nothing to tell a copy from a repeat (a bare ACK without an IP-ID) never is one. */
bool duplicate_check(struct duplicate_filter *f, const struct packet *p);
