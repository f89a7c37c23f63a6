/*
 * Events of the QUIC dissector (RFC 9000, 9001, 9369): the decrypted ClientHello, and what a flow showed from outside, which
 * is all that is readable once the handshake keys are in use.
 */
#pragma once

#include "dissectors/tls.h"

enum { QUIC_CID_MAX = 20, QUIC_UNANSWERED_MAX = 4 };

struct quic_cid {
	uint8_t len;
	uint8_t bytes[QUIC_CID_MAX];
};

/* A ClientHello from Initial packets whose tags were verified. One a connection: a 4-tuple may see several. */
struct quic_initial {
	uint32_t version;
	struct quic_cid dcid; /* that the keys were made of: the client's first, or the one a Retry gave */
	struct tls_client_hello
	    hello;          /* partial: some CRYPTO bytes were never seen; then the event may have no packet */
	uint32_t packets;   /* Initial packets that brought new bytes of it */
	uint32_t hello_len; /* as the message says; 0: its start was not seen */
	bool after_retry;
};

/* What one side sent. A datagram counts once for each kind of packet in it. */
struct quic_side {
	uint32_t datagrams, initial, zero_rtt, handshake, one_rtt, other;
	uint32_t one_rtt_first; /* datagrams that begin with a short header: nothing of the handshake is in them */
	struct frame_ref first, last;
	int64_t first_ns, last_ns; /* capture clock */
};

/*
 * The whole flow, when it leaves. `finished` is the client's first datagram with a Handshake packet: it has all that
 * the server's first flight says. What comes right behind it, sooner than half a round trip and 10 ms, was on its way before.
 */
struct quic_flow {
	uint32_t version; /* of the first packet */
	uint32_t hellos;  /* complete ones */
	bool verified;    /* at least one Initial was decrypted, its tag right */
	bool retry, version_negotiation;
	bool has_ech;              /* the latest hello */
	bool cut;                  /* a packet with a long header was not captured whole */
	bool limited;              /* Initial packets were left unread: too many a flow, or no room */
	struct quic_cid dcid;      /* of the first Initial */
	uint32_t first_len;        /* payload of the datagram with the first Initial */
	struct quic_side side[2];  /* by direction */
	int64_t round_trip_ns;     /* first Initial to first answer, server's work included; 0: no answer */
	struct frame_ref finished; /* number 0: none */
	int64_t finished_ns;
	uint32_t after_finished; /* datagrams of the client behind it */
	uint32_t answered;       /* datagrams of the server behind it that begin with a short header */
	uint32_t repeated;       /* those that begin with a long header: it still waits for the client's flight */
	/* The client's datagrams that nothing new answered: since the server was last heard, or, repeats of its handshake
	 * being no answer, since `finished`. */
	uint32_t unanswered;
	uint32_t unanswered_flights; /* groups of them, 50 ms and more apart: repetitions, not parts of one flight */
	struct frame_ref unanswered_frames[QUIC_UNANSWERED_MAX]; /* the first ones */
	int64_t unanswered_first_ns, unanswered_last_ns;
};

/* Has the server taken the client's part of the handshake? */
static inline bool quic_flow_established(const struct quic_flow *f)
{
	return f->finished.number ? f->answered > 0 : f->side[DIR_DOWN].one_rtt_first > 0;
}
