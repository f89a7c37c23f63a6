/*
 * What a rule (rule.h) looks at: header facts of the packets that one injector is thought to have made, and of the packets
 * they may be built from. A burst is the resets that claim to be from one side of a connection, within two seconds; or one
 * DNS answer; or the segment with the head of an HTTP response. Plain data: detectors fill it in, this layer knows
 * neither packets nor flows. Zeroed memory is a burst of which nothing is known.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	BURST_PACKETS_MAX = 8,
	BURST_PAYLOAD_MAX = 32, /* first bytes of a payload that are kept */
};

/* TCP flags, as in the header (RFC 9293, and NS of RFC 3540). */
enum burst_flag {
	BURST_TCP_FIN = 0x001,
	BURST_TCP_SYN = 0x002,
	BURST_TCP_RST = 0x004,
	BURST_TCP_PSH = 0x008,
	BURST_TCP_ACK = 0x010,
	BURST_TCP_URG = 0x020,
	BURST_TCP_ECE = 0x040,
	BURST_TCP_CWR = 0x080,
	BURST_TCP_NS = 0x100,
};

struct burst_packet {
	bool present; /* false: there is no such packet */
	bool ipv4;    /* IP-ID and DF are known */
	bool tcp;     /* flags, window, seq, ack and options are known */
	bool df;
	bool timed; /* `ns` is known */
	uint8_t ttl;
	uint16_t ip_id;
	uint16_t flags;  /* enum burst_flag */
	uint16_t window; /* raw */
	uint8_t options_len;
	uint32_t seq, ack;
	uint32_t payload_len;               /* of the transport, without padding of the link */
	uint8_t payload[BURST_PAYLOAD_MAX]; /* its first bytes */
	uint8_t payload_kept;               /* how many of them are here; less than the rest: unknown */
	bool answers;                       /* a closed socket would have sent it in answer to a packet (guard G3) */
	int64_t ns;                         /* capture time */
};

/* How a host counts its IP-IDs, as far as its packets tell: a value of its own when they tell nothing. */
enum burst_counter {
	BURST_COUNTER_UNKNOWN,
	BURST_COUNTER_ZERO,
	BURST_COUNTER_LOCAL,
	BURST_COUNTER_GLOBAL,
	BURST_COUNTER_RANDOM,
	BURST_COUNTER_CONST,
};

enum burst_stage {
	BURST_STAGE_UNKNOWN,
	BURST_POST_SYN, /* a SYN and nothing more */
	BURST_POST_ACK, /* the handshake is done */
	BURST_POST_PSH, /* one packet of the client with payload */
	BURST_LATER,
};

enum burst_asked { BURST_ASKED_UNKNOWN, BURST_ASKED_TLS, BURST_ASKED_HTTP, BURST_ASKED_DNS };

enum burst_way { BURST_WAY_UNKNOWN, BURST_TO_CLIENT, BURST_TO_SERVER };

/* A fact that is yes, no, or not known. */
enum burst_fact { BURST_UNKNOWN, BURST_NO, BURST_YES };

static inline enum burst_fact burst_fact_of(bool yes)
{
	return yes ? BURST_YES : BURST_NO;
}

/* Of a DNS answer; the numbers count only when `present`. */
struct burst_dns {
	bool present;
	enum burst_fact aa, ra;
	enum burst_fact rd;             /* the query asks for recursion */
	enum burst_fact opt, query_opt; /* an EDNS OPT record in the answer, and in the query */
	enum burst_fact pointer; /* the last record's name is a pointer to the question (c00c) and nothing follows it */
	bool has_ttl;
	uint32_t ttl; /* of the first answer record */
	uint32_t answers, rcode;
	uint32_t trailing; /* bytes behind the end of the message, where they are not all 0 and the query had none */
};

struct burst_facts {
	struct burst_packet packet[BURST_PACKETS_MAX]; /* in the order of the capture */
	size_t packets;
	uint32_t count; /* of all, those that are not kept included; 0: as many as `packets` */

	struct burst_packet own;     /* last packet of the purported sender before them */
	struct burst_packet other;   /* last packet of the other side before them */
	struct burst_packet request; /* what they answer: client's hello, request or query */

	bool next_known;
	uint32_t next; /* sequence number that the purported sender had come to */

	enum burst_counter counter, other_counter; /* of the purported sender, of the other side */
	enum burst_fact front_end;                 /* the sender's SYN/ACK copies the IP-ID of the SYN too */
	enum burst_stage stage;
	enum burst_asked asked;
	enum burst_way way;
	uint16_t port; /* of the server; 0: not known */

	struct burst_dns dns;
	uint16_t http_status; /* 0: not known, or an answer without a status line */
	bool http;            /* it is the head of an HTTP response */
};
