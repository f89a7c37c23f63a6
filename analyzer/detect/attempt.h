/*
 * Attempts: what became of each thing a client tried, a connection or a query, in one bounded record, so that the capture pass can
 * set failures beside successes: other names at the address, other places of the client, the same place later. Kept a logical
 * shard at a time; merged and sorted when all flows are closed. Who judges by them: guard.c, contrast.c and the detectors'
 * conclude().
 */
#pragma once

#include "analyzer/evidence/finding.h"

/* How an attempt ended, as far as the capture shows it. */
enum attempt_outcome {
	ATTEMPT_UNKNOWN,      /* its start was not seen, or only one direction was captured */
	ATTEMPT_ANSWERED,     /* the server sent payload after what the client asked */
	ATTEMPT_NO_HANDSHAKE, /* TCP: no answer to the SYN */
	ATTEMPT_REFUSED,      /* TCP: a RST answered the SYN */
	ATTEMPT_NO_REQUEST,   /* TCP: connected, and the client sent no payload */
	ATTEMPT_UNACKED,      /* TCP: connected, and the first unanswered payload was never acknowledged */
	ATTEMPT_STALLED,      /* TCP: acknowledged, and no payload came back; QUIC: a handshake that died halfway */
	ATTEMPT_RESET,        /* TCP: a RST from the server's side came first */
	ATTEMPT_CLOSED,       /* TCP: the server's side closed without payload */
	ATTEMPT_TURNED_AWAY,  /* what came back was a refusal: an alert, a page that blocks, a DNS error code */
	ATTEMPT_SILENCE,      /* UDP, DNS: no answer */
	ATTEMPT_OUTCOMES
};

enum attempt_flag {
	ATTEMPT_CONNECTED = 1 << 0,        /* SYN, SYN/ACK and ACK were seen */
	ATTEMPT_CLIENT_RESET = 1 << 1,     /* the client's side sent a RST */
	ATTEMPT_CLIENT_FIN = 1 << 2,       /* the client's side sent a FIN */
	ATTEMPT_SCANNER = 1 << 3,          /* the SYN has the marks of a scanner (G15) */
	ATTEMPT_DIED = 1 << 4,             /* three or more packets of the client stayed unanswered at its end */
	ATTEMPT_SUSPECT = 1 << 5,          /* a finding was proposed for it */
	ATTEMPT_DNS_QUERY = 1 << 6,        /* a DNS query, whatever carried it; else a flow */
	ATTEMPT_CLIENT_SILENT = 1 << 7,    /* only the server's packets were captured */
	ATTEMPT_CUT_SHORT = 1 << 8,        /* the capture ended while it went on */
	ATTEMPT_UNREACHABLE = 1 << 9,      /* an ICMP error told the client so */
	ATTEMPT_LOOKS_ENCRYPTED = 1 << 10, /* TCP: its first payload looks like nothing known (shape_looks_encrypted) */
};

struct attempt {
	struct addr client, server;
	uint16_t client_port, server_port;
	uint8_t l4_proto;
	uint8_t outcome;           /* enum attempt_outcome */
	uint8_t trigger;           /* enum trigger_kind */
	uint16_t flags;            /* enum attempt_flag */
	uint16_t rcode;            /* of a DNS answer */
	const char *name;          /* asked for; kept by the shard's names; NULL: none */
	int64_t first_ns, last_ns; /* capture clock */
	int64_t asked_ns;          /* of the trigger or, without one, first_ns */
	struct frame_ref frame;    /* of the trigger or, without one, the first */
	uint64_t flow_id;          /* unique together with client and server */
	uint64_t bytes[2];         /* transport payload */
	uint64_t rate_bps[2];   /* TCP: of its best second, or of the whole when it was short; 0: too little to say */
	uint32_t first_payload; /* TCP: bytes of the client's first packet with payload */
	uint32_t acknowledged;  /* TCP: of the client's payload, by the server; UINT32_MAX at most */
	uint32_t unanswered;    /* packets of the client that got no answer at its end */
	int64_t rtt_min_ns;     /* to the server and back; -1: unknown */
	/* TCP, of the first SYN and SYN/ACK; synack.seen 0 and ttl 0: there was none. */
	struct attempt_opening {
		uint16_t seen, window; /* enum tcp_option_seen; raw */
		uint8_t ttl;
	} syn, synack;
	struct frame_ref unanswered_first, unanswered_last; /* of these; number 0: none */
};

enum { ATTEMPTS_MAX = 4096 /* a logical shard */ };

/*
 * The log of one shard. When it is full, attempts that succeeded and are older than ATTEMPTS_FRESH_NS go first, then the oldest
 * successes, then the oldest: a quarter at a time, counted in `dropped` (but for those of the first kind).
 */
#define ATTEMPTS_FRESH_NS (INT64_C(1200) * 1000000000)
struct attempts {
	struct attempt *items;
	size_t count, room, cap; /* cap 0: ATTEMPTS_MAX */
	uint64_t dropped;
};

void attempts_add(struct attempts *a, const struct attempt *item);
void attempts_free(struct attempts *a);

/* A flow at its close as an attempt. False: nothing a client tried (multicast, ICMP, no packet of a client). */
bool attempt_of_flow(struct attempt *out, const struct flow *f, bool capture_ended);

/* Everything that was tried in a capture. Pointers into the shards' logs, which must outlive it. */
struct attempt_table {
	const struct attempt **by_place;  /* client, server, protocol, server port, then time */
	const struct attempt **by_client; /* client, then time */
	size_t count;
};

/* ERR_NOMEM only. */
int attempt_table_init(struct attempt_table *t, const struct attempts *const *logs, size_t count, struct err *e);
void attempt_table_free(struct attempt_table *t);

/* A range of one of the two orders. */
struct attempt_range {
	const struct attempt *const *at;
	size_t count;
};

/* All attempts of a client at one address, protocol and port, by time. */
struct attempt_range attempts_at(const struct attempt_table *t, const struct addr *client, const struct addr *server,
                                 uint8_t l4_proto, uint16_t server_port);
/* All attempts of a client at one address. */
struct attempt_range attempts_to(const struct attempt_table *t, const struct addr *client, const struct addr *server);
/* All attempts of a client whose first packet came from from_ns to to_ns, by time. */
struct attempt_range attempts_of(const struct attempt_table *t, const struct addr *client, int64_t from_ns,
                                 int64_t to_ns);

/* The attempt that a finding is about; NULL: there is none, or the log had no room for it. */
const struct attempt *attempt_of_finding(const struct attempt_table *t, const struct finding *f);

/* Of one client, at one address, protocol and port. */
bool attempt_same_place(const struct attempt *a, const struct attempt *b);

/* Names equal without regard to case; false when one of them is missing. */
bool same_name(const char *a, const char *b);

/* Did it get what it asked for? Neither true for an unknown outcome, nor for one without request. */
bool attempt_succeeded(const struct attempt *a);
bool attempt_failed(const struct attempt *a);

const char *attempt_outcome_name(enum attempt_outcome o);
