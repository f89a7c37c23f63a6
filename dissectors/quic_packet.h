/* QUIC packets of a datagram: headers, and the payload of Initial packets. */
#pragma once

#include "analyzer/base/arena.h"
#include "analyzer/base/cursor.h"

enum quic_packet_kind {
	QUIC_PACKET_INITIAL,
	QUIC_PACKET_ZERO_RTT,
	QUIC_PACKET_HANDSHAKE,
	QUIC_PACKET_RETRY,
	QUIC_PACKET_VERSION_NEGOTIATION,
	QUIC_PACKET_UNKNOWN, /* a long header of a version that is not known */
	QUIC_PACKET_SHORT,   /* or bytes that are no QUIC at all */
};

struct quic_packet {
	enum quic_packet_kind kind;
	uint32_t version;
	struct span dcid, scid; /* long headers alone */
	struct span bytes;      /* the whole packet, as far as it was captured */
	size_t number_at;       /* offset of the packet number in bytes; Initial, 0-RTT and Handshake alone */
	bool fixed;             /* the bit that is 1 in QUIC, unless both sides agreed otherwise (RFC 9287) */
	bool cut;               /* its length says more than there is */
};

/* The next packet of a datagram (RFC 9000, section 12.2). False when nothing, or no whole header, is left. */
bool quic_packet_read(struct quic_packet *p, struct cursor *datagram);

/*
 * The frames of an Initial packet, decrypted into scratch with the keys that follow from dcid. False when the tag is wrong, the
 * packet is cut or too short, or scratch is exhausted: then nothing of it may be used.
 */
bool quic_initial_open(const struct quic_packet *p, struct span dcid, bool client, struct arena *scratch,
                       struct span *frames);

/* A variable-length integer (RFC 9000, section 16). */
uint64_t quic_varint(struct cursor *c);
