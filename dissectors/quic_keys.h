/* Initial keys of QUIC: what everybody who sees a connection's first packet can compute. */
#pragma once

#include "analyzer/base/span.h"

#define QUIC_V1       UINT32_C(0x00000001)
#define QUIC_V2       UINT32_C(0x6b3343cf)
#define QUIC_DRAFT_29 UINT32_C(0xff00001d)
#define QUIC_DRAFT_32 UINT32_C(0xff000020)
#define QUIC_DRAFT_34 UINT32_C(0xff000022)

enum { QUIC_KEY_LEN = 16, QUIC_IV_LEN = 12 };

struct quic_keys {
	uint8_t key[QUIC_KEY_LEN], iv[QUIC_IV_LEN], hp[QUIC_KEY_LEN];
};

/* The versions whose Initial packets can be read. */
bool quic_version_known(uint32_t version);

/* Keys of the client's, or the server's, Initial packets. False for an unknown version. */
bool quic_keys_derive(struct quic_keys *keys, uint32_t version, struct span dcid, bool client);
