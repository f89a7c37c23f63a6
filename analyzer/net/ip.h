/* The Internet layer: what fragment.c and tunnel.c need of ip.c. */
#pragma once

#include "analyzer/net/walk.h"

/* Whether an IPv4 or IPv6 header stands here whose version and lengths fit what was on the wire. */
bool ip_plausible(struct cursor c, size_t cut);

/* The next 4 or 16 bytes as an address; the caller tests the cursor. Inline, so that the sizes are constants. */
static inline struct addr ip_addr_take(struct cursor *c, uint8_t version)
{
	struct addr a = {.version = version};
	struct span s = cursor_take(c, version == 4 ? 4 : 16);
	if (s.len && version == 4)
		memcpy(a.bytes, s.ptr, 4);
	else if (s.len)
		memcpy(a.bytes, s.ptr, 16);
	return a;
}
