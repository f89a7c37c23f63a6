/* Tunnel identity, for the files of the decoder that open tunnels. */
#pragma once

#include "analyzer/net/walk.h"

enum tunnel_kind {
	TUNNEL_VLAN = 1,
};

/* The digest with one more layer in it. Never 0. */
uint64_t tunnel_digest(uint64_t digest, enum tunnel_kind kind, uint64_t id);
