/*
 * DNS queries and what came back, kept for a while of capture time so that answers which lost a race can be compared
 * with the one that won. One table a logical shard; it knows nothing about rules.
 */
#pragma once

#include "analyzer/base/hash.h"
#include "analyzer/base/list.h"
#include "analyzer/base/pool.h"
#include "analyzer/detect/dns_injector.h"
#include "analyzer/net/flow.h"
#include "dissectors/dns.h"
#include "signatures/match.h"

enum {
	DNS_EXCHANGES_MAX =
	    16384,                /* queries of a shard at once, and answers, if memory allows; the oldest goes first */
	DNS_EXCHANGES_LEAST = 64, /* whatever the memory */
	DNS_ANSWERS_MAX = 4,      /* of one query, see dns_exchange_answer; further ones are counted */
	DNS_ADDRESSES_MAX = 8,    /* of one answer */
	DNS_REPEATS_MAX = 3,      /* frames of a query's repeats; further ones are counted */
	DNS_COPIES_MAX = 3,       /* frames of one answer's copies; further ones are counted */
	DNS_QUERY_NAME_MAX = 255, /* bytes kept of a name's presentation form */
};

#define DNS_EXCHANGE_NS INT64_C(15000000000) /* as long as the longest wait of Hold-On (Duan et al., 2012) */

struct dns_answer {
	struct frame_ref frame;
	int64_t clock_ns;
	uint64_t digest; /* of the message */
	struct addr addresses[DNS_ADDRESSES_MAX];
	size_t address_count;
	struct frame_ref asked; /* the latest transmission of the query before it */
	int64_t asked_clock_ns;
	uint16_t transmissions; /* of the query before it */
	uint16_t copies;        /* byte for byte the same message again */
	struct frame_ref copy_frames[DNS_COPIES_MAX];
	uint32_t record_ttl; /* of the first address */
	uint32_t length;
	uint32_t trailing; /* bytes behind the message that are not all 0 */
	uint16_t rcode, ip_id;
	uint8_t ip_ttl;
	uint8_t version; /* of the stream it was read from; 0 over UDP */
	bool ipv4, ip_df;
	bool aa, ra, tc, has_opt;
	bool cname;                        /* a CNAME record stands in the answer section */
	bool incomplete;                   /* cut by the capture, or records did not parse: addresses may be missing */
	bool foreign_type;                 /* an address record answers a question of another type */
	const struct signature *signature; /* best hit of its addresses and CNAME targets, or hint; NULL: none */
	bool false_positive;               /* a row says that this is no blocking */
	struct dns_injectors injectors;    /* rows about headers that it satisfies */
};

struct dns_exchange {
	struct list by_age, by_flow;
	struct dns_exchange *chain;
	struct {
		uint64_t flow_id, name_hash;
		uint16_t id, qtype, qclass, zero;
	} key;
	struct flow *flow;
	enum dir query_dir;
	struct addr client, server; /* who asked whom */
	uint16_t server_port;
	int64_t clock_ns;      /* of the first transmission */
	int64_t last_clock_ns; /* of the latest */
	struct frame_ref first, last;
	struct frame_ref repeats[DNS_REPEATS_MAX]; /* transmissions behind the first */
	uint32_t length;                           /* of the message, and the IP header of the latest transmission */
	uint16_t ip_id;
	uint8_t ip_ttl;
	bool ip_df;
	uint16_t transmissions; /* capture copies apart */
	bool ipv4, has_opt, over_tcp, trailing, rd;
	bool repeated_at_once;                       /* or one transmission was captured twice: nobody knows */
	struct dns_answer *answers[DNS_ANSWERS_MAX]; /* in order of arrival, distinct */
	size_t answer_count;
	uint32_t answers_beyond; /* not kept */
	size_t name_len;
	char name[DNS_QUERY_NAME_MAX + 1];
};

struct dns_exchanges {
	struct pool exchanges, answers;
	struct list by_age; /* oldest first */
	struct dns_exchange **buckets;
	size_t bucket_mask;
	struct hash_key hash;
};

/* bytes: what it may take; 0: no bound but DNS_EXCHANGES_MAX. 0 or ERR_NOMEM. */
int dns_exchanges_init(struct dns_exchanges *t, size_t bytes, struct err *e);
void dns_exchanges_free(struct dns_exchanges *t);

/* The oldest query when it is past its time, else NULL. */
struct dns_exchange *dns_exchanges_due(struct dns_exchanges *t, int64_t now_ns);

/* The oldest query when it has to go before its time, as there is no room for another; else NULL. */
struct dns_exchange *dns_exchanges_crowded(struct dns_exchanges *t);

/* A query was sent: a new one (in `of_flow`, the flow's list), or another transmission. NULL when there is no room
 * or the message has no question. */
struct dns_exchange *dns_exchange_query(struct dns_exchanges *t, struct list *of_flow, const struct event *ev,
                                        const struct dns_message *m);

/* The query that a response answers; NULL: not seen, or it left already. */
struct dns_exchange *dns_exchange_find(struct dns_exchanges *t, const struct event *ev, const struct dns_message *m);

/*
 * Adds a response to its query. Returns the answer when it is a new one, NULL for a copy or when there is no room.
 *
 * When DNS_ANSWERS_MAX are there, one that says what another has said makes room; when all differ, the last does, as the
 * genuine answer comes late. A response that says nothing new is then refused. Either is counted in answers_beyond.
 */
struct dns_answer *dns_exchange_answer(struct dns_exchanges *t, struct dns_exchange *x, const struct event *ev,
                                       const struct dns_message *m);

/* Takes the query out of the table and of its flow's list. */
void dns_exchange_drop(struct dns_exchanges *t, struct dns_exchange *x);

static inline struct span dns_exchange_name(const struct dns_exchange *x)
{
	return span_of(x->name, x->name_len);
}
