/* Tunnels over IP and UDP. */
#include "analyzer/net/tunnel.h"

uint64_t tunnel_digest(uint64_t digest, enum tunnel_kind kind, uint64_t id)
{
	/* Digests must be the same in every run: the flow's shard hangs on them. */
	static const struct hash_key key = {UINT64_C(0x74756e6e656c7331), 1};
	uint64_t words[3] = {digest, (uint64_t)kind, id};
	uint64_t sum = hash_bytes(key, words, sizeof words);
	return sum ? sum : 1;
}
