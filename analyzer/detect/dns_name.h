/*
 * What a queried name is for, as far as its text tells: whether the public DNS is the one that should answer it. Names
 * are in the presentation form of dissectors/dns.h.
 */
#pragma once

#include "analyzer/base/span.h"

/*
 * False for names whose answer is a private or local matter or plain data: special-use and home zones, reverse zones,
 * single labels, block lists queried by address (DNSBL), and names made to carry private addresses (rebinding tests,
 * home routers, media servers).
 */
bool dns_name_is_public(struct span name);

/* Hosts that operating systems and browsers ask for to find a login portal. */
bool dns_name_probes_portal(struct span name);

/* name is the suffix or below it; case does not matter. */
bool dns_name_below(struct span name, struct span suffix);
