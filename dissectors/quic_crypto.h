/* The CRYPTO stream of a client's Initial packets, put together from frames that come in any order. */
#pragma once

#include "analyzer/base/span.h"

enum {
	/* Twice the largest hello seen: post-quantum shares and ECH make one of some 2 KiB. */
	QUIC_CRYPTO_MAX = 8 * 1024,
};

struct quic_crypto {
	uint32_t whole;                    /* bytes from the start without a gap */
	uint32_t pieces;                   /* packets that brought new bytes */
	uint8_t have[QUIC_CRYPTO_MAX / 8]; /* a bit a byte */
	uint8_t bytes[QUIC_CRYPTO_MAX];
};

/* What the frames of one packet say. */
struct quic_frames {
	bool fresh;   /* new bytes of the stream came */
	bool closing; /* CONNECTION_CLOSE */
	bool strange; /* a frame that no Initial may hold, or a cut one; what came before it counts */
};

/* Adds the CRYPTO frames of a decrypted Initial packet. Bytes already there stay as they are; those behind the room are dropped. */
struct quic_frames quic_crypto_add(struct quic_crypto *crypto, struct span frames);

/* The body of the ClientHello at the start of the stream, as far as it is there without a gap, and its length as its header
 * says; false when there is no such header. */
bool quic_crypto_hello(const struct quic_crypto *crypto, struct span *body, uint32_t *hello_len);
