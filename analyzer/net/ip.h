/* The Internet layer: what fragment.c and tunnel.c need of ip.c. */
#pragma once

#include "analyzer/net/walk.h"

/* Whether an IPv4 or IPv6 header stands here whose version and lengths fit what was on the wire. */
bool ip_plausible(struct cursor c, size_t cut);
