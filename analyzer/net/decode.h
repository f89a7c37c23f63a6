/*
 * Frame to packet: link layers (link.c, serial.c, cooked.c, wifi.c), labels (mpls.c), IP (ip.c), fragments (fragment.c),
 * tunnels (tunnel.c, gre.c, l2tp.c), transport headers (transport.c, icmp.c); walk.h is how they work together. Tunnels
 * are opened and fragments joined before the flow key exists, so that the inner addresses decide.
 */
#pragma once

#include "analyzer/base/hash.h"
#include "analyzer/net/packet.h"

enum {
	DECODE_DEPTH_MAX = 24, /* headers, from the link layer to the innermost transport, that one frame may stack */
};

enum decode_result {
	DECODE_IP,           /* an IP packet; look at has_l4 */
	DECODE_NOT_IP,       /* ARP, STP, 802.11 management, LLDP, ...: nothing for us */
	DECODE_PROTECTED,    /* an encrypted 802.11 data frame */
	DECODE_UNKNOWN_LINK, /* a link type that this build does not decode */
	DECODE_MALFORMED,    /* a header before or at IP contradicts itself */
	DECODE_SNAPPED,      /* cut by the capture before the end of the IP header */
	DECODE_FRAGMENT,     /* an IP fragment: kept until the others arrive, or given up; addresses are filled in */
	DECODE_RESULT_COUNT
};

struct decoder;

/* When either is reached, the packet that has waited longest is given up. */
struct decoder_limits {
	size_t fragment_bytes;   /* all fragments waiting; allocated when the first one comes; at most 1 GiB is used */
	size_t fragment_packets; /* IP packets waiting to be complete */
};

/* What a decoder met, for captures.csv and its tests. */
struct decoder_counts {
	uint64_t results[DECODE_RESULT_COUNT];
	uint64_t fragments_joined;  /* IP packets completed */
	uint64_t fragments_dropped; /* waiting IP packets given up: over a limit, or older than 30 s of capture time */
	uint64_t fragments_conflicting; /* overlapped with other bytes (RFC 5722, 8200: such a packet is not joined) */
};

/* NULL when memory is exhausted. */
struct decoder *decoder_new(const struct decoder_limits *limits);
void decoder_free(struct decoder *d);

/* Fills in *p as far as it gets; without an IP packet src.version is 0. clock_ns is the capture clock, for the age of
 * fragments. */
enum decode_result decoder_packet(struct decoder *d, const struct frame *f, int64_t clock_ns, struct packet *p);

const struct decoder_counts *decoder_counts(const struct decoder *d);
