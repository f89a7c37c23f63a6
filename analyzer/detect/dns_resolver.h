/*
 * What a client has seen of a resolver in the last minutes, from queries with one undisputed answer: usual TTL,
 * smallest time to an answer; and the last not public address that it gave, for the captive portal rule (guard G21).
 */
#pragma once

#include "analyzer/base/err.h"
#include "analyzer/base/hash.h"
#include "analyzer/base/list.h"
#include "analyzer/base/pool.h"
#include "analyzer/net/side.h"

enum {
	DNS_RESOLVERS_MAX = 1024, /* (client, resolver, port) of a shard; the longest unused goes first */
	DNS_RTT_LEAST = 5,        /* answers behind a minimum (docs/rules.md, "Time") */
	DNS_TTL_LEAST = 2,        /* answers behind a usual TTL */
};

/* Two of these make the ten minutes of a UDP baseline (docs/rules.md, "Path lengths and counters"). */
#define DNS_EPOCH_NS INT64_C(300000000000)

struct dns_epoch {
	struct tally ttl;
	uint32_t noted;      /* answers */
	uint32_t marked;     /* among them with the marks of an injector */
	uint32_t answers;    /* with a time */
	uint32_t ids, no_id; /* IPv4 answers with an IP-ID, and with 0 */
	int64_t rtt_min_ns;
};

struct dns_resolver {
	struct list by_use;
	struct dns_resolver *chain;
	struct {
		struct addr client, server;
		uint16_t port;
	} key;
	int64_t epoch_ns;          /* start of epoch[0] */
	struct dns_epoch epoch[2]; /* the current one and the one before */

	struct addr odd; /* the last not public address given */
	int64_t odd_ns;
	bool odd_portal; /* a portal probe is among them */
};

struct dns_resolvers {
	struct pool pool;
	struct list by_use; /* longest unused first */
	struct dns_resolver **buckets;
	struct hash_key hash;
};

/* 0 or ERR_NOMEM. */
int dns_resolvers_init(struct dns_resolvers *t, struct err *e);
void dns_resolvers_free(struct dns_resolvers *t);

/* The record of this pair, made when it is new; never NULL unless memory is exhausted. */
struct dns_resolver *dns_resolver_of(struct dns_resolvers *t, const struct addr *client, const struct addr *server,
                                     uint16_t port, int64_t now_ns);

/* An undisputed answer; rtt_ns negative: its time is not known. ip_id negative: IPv6. marked: a row about injectors
 * holds for it, see dns_resolver_marks. */
void dns_resolver_note(struct dns_resolver *r, uint8_t ttl, int32_t ip_id, int64_t rtt_ns, bool marked);

/* More than a third of its answers have the marks of an injector: its machine sets them so. */
bool dns_resolver_marks(const struct dns_resolver *r);

/* Two answers or more, and all had an IP-ID. */
bool dns_resolver_counts(const struct dns_resolver *r);

/* The usual TTL of its answers. False: fewer than DNS_TTL_LEAST, or they differ by more than a changed path
 * explains, as they do for several hosts behind one address. */
bool dns_resolver_ttl(const struct dns_resolver *r, uint8_t *ttl);

/* The smallest time to an answer, and over how many; -1 when they are fewer than DNS_RTT_LEAST. */
int64_t dns_resolver_rtt_ns(const struct dns_resolver *r, uint32_t *samples);

/* It gave an address that is not public, perhaps to a portal probe. */
void dns_resolver_odd(struct dns_resolver *r, const struct addr *a, bool portal_probe, int64_t now_ns);
