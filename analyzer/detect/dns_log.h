/*
 * What became of every DNS query over UDP, in one small record an answer (or a silence), kept until the capture is over, so
 * that one answer can be compared with the resolver's other answers, those that came later too, and one name with the
 * others. One log a logical shard. It holds facts and the comparison; the rules are in dns_lone.c and dns_names.c.
 */
#pragma once

#include "analyzer/detect/detector.h"
#include "analyzer/detect/dns_injector.h"

enum { DNS_LOG_LEAST = 128, DNS_LOG_MOST = 8192, DNS_LOG_FRAMES = 3 };

/* How an answer differs from the resolver's answers to other names near it. */
enum dns_odd {
	DNS_ODD_TTL = 1 << 0,    /* two or more away from the usual one */
	DNS_ODD_DF = 1 << 1,     /* the IP header's DF flag is the other way */
	DNS_ODD_ID = 1 << 2,     /* the IP-ID is outside the resolver's counter, or it has none */
	DNS_ODD_AA = 1 << 3,     /* claims authority, which the resolver never does */
	DNS_ODD_RA = 1 << 4,     /* offers no recursion, which the resolver always does */
	DNS_ODD_OPT = 1 << 5,    /* no OPT record, which the resolver always gives */
	DNS_ODD_HASTE = 1 << 6,  /* sooner than half the smallest time of five or more */
	DNS_ODD_HASTE2 = 1 << 7, /* sooner than four fifths of it */
	DNS_ODD_FIELDS = 1 << 8, /* fields of a known injector, which few of the others have */
	DNS_ODD_FAR = 1 << 9,    /* a TTL further away than sites of one service are */
	DNS_ODD_HINT = 1 << 10,  /* no such fields, but a hint at an injector, which few of the others have */
	DNS_ODD_HEADER = DNS_ODD_TTL | DNS_ODD_DF | DNS_ODD_ID,
	DNS_ODD_MESSAGE = DNS_ODD_AA | DNS_ODD_RA | DNS_ODD_OPT,
};

struct dns_verdict {
	uint16_t others; /* answers compared with */
	uint16_t odd;    /* enum dns_odd */
	uint8_t ttl;     /* the usual one; valid with others > 0 */
	bool unanimous;  /* all have that TTL, give or take one, and one DF flag */
	int64_t rtt_min_ns;
	uint32_t rtt_samples;
	const struct signature *injector; /* the row of DNS_ODD_FIELDS or DNS_ODD_HINT, else NULL */
	const struct signature *stray;    /* the row about the bytes behind the message, or NULL */
};

struct dns_outcome {
	struct addr client, server;
	uint16_t client_port, server_port;
	uint64_t flow_id;
	const char *name;                /* kept by the shard's names */
	int64_t clock_ns, last_clock_ns; /* of the query's first and last transmission */
	struct frame_ref first, asked;
	struct frame_ref
	    frames[1 + DNS_LOG_FRAMES]; /* the answer and its copies; of a silence, further transmissions */
	int64_t delta_ns;               /* from the query to the answer; -1: not known */
	const struct signature *signature;
	struct addr address; /* the first */
	uint32_t record_ttl, length, trailing;
	uint16_t ip_id, qtype, rcode, transmissions;
	uint8_t ip_ttl, address_count;
	struct dns_injectors injectors;
	bool silent;
	bool ipv4, ip_df, aa, ra, has_opt, query_opt, to_client;
	bool bogon, known, local, public_name;
	bool disputed; /* another answer to the query contradicts it */
	bool accused;  /* and it is thought the false one */
	bool judged;
	struct dns_verdict verdict; /* valid when judged */
};

struct dns_log {
	struct dns_outcome *items;
	size_t count, room, cap;
	uint64_t dropped, thinned;
};

/* bytes: what it may take; 0: no bound but DNS_LOG_MOST. */
void dns_log_init(struct dns_log *l, size_t bytes);
void dns_log_free(struct dns_log *l);
void dns_log_add(struct dns_log *l, const struct dns_outcome *r);

/* Puts it in the order of client, resolver and time, and judges what is not judged yet. */
void dns_log_settle(struct dns_log *l);

/* A resolver's answers to names, all of which are what it usually says: neither accused nor odd by content. */
bool dns_outcome_is_plain(const struct dns_outcome *r);

/* Same client, resolver and port. */
bool dns_outcome_same_place(const struct dns_outcome *a, const struct dns_outcome *b);

/* What a finding about it begins with; text of details is the caller's. */
void dns_outcome_finding(struct finding *f, const struct dns_outcome *r, const char *mechanism);

/* The name without what stands before the registered part, by a short list of second-level registries. */
const char *dns_registrable(const char *name);
