/* IP packets that wait for their fragments, within a budget. Private to the decoder. */
#pragma once

#include "analyzer/net/decode.h"

struct fragment {
	uint32_t id;
	uint32_t offset; /* bytes */
	uint32_t length; /* bytes of this fragment, captured or not */
	uint8_t protocol;
	bool more;
	struct span bytes; /* what was captured of them */
};

struct fragment_joined {
	struct span bytes;     /* up to the first byte that was not captured; valid until the next packet is joined */
	uint32_t length;       /* of the whole payload */
	uint8_t protocol, ttl; /* of the first fragment */
};

struct fragment_table;

/* Counts go to *counts, which outlives the table. NULL when memory is exhausted. */
struct fragment_table *fragment_table_new(const struct decoder_limits *limits, struct decoder_counts *counts);
void fragment_table_free(struct fragment_table *t);

/*
 * Keeps a fragment of the packet that p's addresses, tunnel digests, and the id tell apart from others. True when that
 * completes it: *out is filled in and the packet forgotten. What can't be kept is counted.
 */
bool fragment_add(struct fragment_table *t, const struct packet *p, const struct fragment *piece,
                  struct fragment_joined *out);
