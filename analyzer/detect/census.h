/*
 * What the capture pass needs to know of all flows together: who answers like whom (G23), from where the capture was made
 * (vantage). A census a logical shard; sums and sets, so that merging has no order.
 */
#pragma once

#include "analyzer/evidence/finding.h"

enum {
	CENSUS_SERVERS_MAX = 512, /* servers remembered; further ones are counted and not looked at */
	CENSUS_PROFILES_MAX = 64, /* ways to answer remembered; servers of another are all unlike */
};

/* How a server's SYN/ACK looks. */
struct census_profile {
	uint8_t ttl, options_len;
	uint16_t options_seen, window;
	bool no_router; /* neither the SYN nor the SYN/ACK has crossed one */
	uint32_t servers;
};

struct census {
	struct addr servers[CENSUS_SERVERS_MAX];
	uint8_t profile_of[CENSUS_SERVERS_MAX]; /* index into profiles; CENSUS_PROFILES_MAX: none was left */
	size_t server_count;
	uint64_t servers_unremembered;
	struct census_profile profiles[CENSUS_PROFILES_MAX];
	size_t profile_count;
	uint64_t profiles_unremembered;       /* servers without one */
	uint64_t vantage[VANTAGE_MIDDLE + 1]; /* flows by where they were captured */
};

/* A TCP flow at its close. */
void census_flow(struct census *c, const struct flow *f);

/* Where a flow was captured, by its handshake: the near side answers within a millisecond. */
enum vantage census_vantage(const struct flow *f);

/* Adds `from` to `into`. */
void census_merge(struct census *into, const struct census *from);

/* The most frequent vantage of flows; unknown on a tie. */
enum vantage census_majority(const struct census *c);

/*
 * G23: the TCP in this capture ends in the capturing machine (a recorder in VPN mode, a local proxy): SYN/ACKs of five
 * servers or more, or of all of at least two when the link type is raw IP, look alike, and neither they nor the SYNs have
 * crossed a router (at a server, its own SYN/ACKs have not, but the clients' SYNs have).
 */
bool census_terminated_locally(const struct census *c, bool raw_ip);
