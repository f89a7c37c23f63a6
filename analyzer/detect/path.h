/*
 * Which machine answers: hops to the one that accepted a connection, against those to the same address on other ports. A box that
 * accepts connections in the server's place (a transparent proxy, an interceptor) is nearer; so may be one of several machines
 * behind a load balancer, so that this is a feature and no proof. Rules: docs/rules.md, "Path lengths and counters".
 */
#pragma once

#include "analyzer/detect/attempt.h"

struct path_contrast {
	const struct attempt
	    *other;    /* a connection to the address on another port; NULL: nothing differs, or nothing compares */
	int hop_delta; /* of this one against the other: negative is nearer */
};

enum { PATH_HOPS_LEAST = 2 };

/*
 * All connections of the client to the address on other ports agree with each other to within one hop, and this one is
 * PATH_HOPS_LEAST hops nearer or more, in hops and, where both are known, in time (four fifths of their smallest RTT).
 */
struct path_contrast path_nearer(const struct attempt_table *t, const struct attempt *a);
