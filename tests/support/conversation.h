/*
 * TCP conversations packet by packet, as a capture would show them, through a whole shard: flows, streams, dissectors and
 * detectors, with the shipped weights and no signatures. A test reads like a small trace: who, when, flags, and what is
 * special about the packet; everything else is what an ordinary stack would send.
 */
#pragma once

#include "analyzer/capture_pass.h"

#define CLIENT DIR_UP
#define SERVER DIR_DOWN

enum {
	ID_ZERO = 0x10000, /* wire.id: really 0 */
	WINDOW_ZERO = 0x10000,
	WIRE_PAYLOAD_MAX = 4000,
};

struct wire {
	enum dir from;
	int64_t us;          /* since the first packet of the flow */
	const char *flags;   /* letters of S F R P A */
	const char *data;    /* text; NULL: none */
	const void *raw;     /* `bytes` of it instead of text */
	uint32_t bytes;      /* without data and raw: that many bytes of a pattern that follows the sequence number */
	int64_t seq, ack;    /* relative, a SYN is 0; 0: the next one, what the other side has sent in order */
	bool absolute_seq;   /* seq is the number on the wire */
	bool no_ack_number;  /* the acknowledgement field is 0 */
	uint8_t ttl;         /* 0: the sender's usual, 64 from the client, 52 from the server */
	uint32_t id;         /* 0: the sender's counter, which goes on */
	uint32_t window;     /* 0: the sender's usual */
	uint32_t tsval;      /* 0: milliseconds, if the sender uses timestamps */
	bool no_options;     /* not even timestamps */
	bool synack_options; /* those of a SYN, whatever the flags */
	bool bad_checksum;
	bool forged;         /* does not move the sender's sequence numbers on */
	uint32_t isn_offset; /* another initial sequence number, by so much */
	uint32_t anomalies;
	bool ends_here; /* so that a packet can be said by position, without designators */
};

struct conversation {
	struct pipeline_config config;
	struct weights *weights;
	struct shard *shard;
	uint64_t frames;
	bool finished;
	int64_t last_ns; /* of the latest packet */
	struct capture_result *found;

	int64_t end_ns; /* of the capture; 0: that of the last packet. May be changed until the first question */

	/* To be changed before the first packet. */
	int64_t start_ns;
	uint16_t client_port;
	uint8_t server_host;  /* last byte of 192.0.2.x */
	uint16_t server_port; /* 0: 80 */
	uint8_t server_net;   /* x of 192.0.x.80; 0: 2 */
	int64_t shift_us;     /* is added to the times of packets */
	bool timestamps[2];
	bool host_order_ids; /* counters count in the byte order of a PC */
	bool bad_checksums;  /* of all packets: offload */
	bool no_ids;         /* all IP-IDs are 0 */
	uint32_t isn[2], next[2];
	uint16_t ids[2], windows[2];
	uint8_t ttls[2];
};

void conversation_open(struct conversation *c);
/* The same with these mechanisms, ended by NULL, and signatures or NULL; both outlive the conversation. */
void conversation_open_for(struct conversation *c, const char *const *wanted, const struct sigdb *signatures);
void conversation_close(struct conversation *c);

/* Packets from here on are of another flow. Times still count from the first packet of the first one. */
void conversation_again(struct conversation *c, uint16_t client_port, uint8_t server_host);

/* Returns the frame's number. */
uint64_t conversation_send(struct conversation *c, struct wire w);
#define SEND(c, ...) conversation_send(c, (struct wire){__VA_ARGS__, .ends_here = true})

/* SYN at 0, SYN/ACK at 40 ms, ACK at 40.1 ms, sent and answered. */
void conversation_handshake(struct conversation *c);
/* The same, an HTTP request at 41 ms, the server's ACK at 81 ms and two segments of 1000 bytes at 82 ms, acknowledged at
 * 83 ms: the server has sent up to 2001, the client up to conversation_request_end(). */
void conversation_exchange(struct conversation *c);
uint32_t conversation_request_end(void);

/* Ends the capture; findings are weighed. The only finding of the mechanism, or NULL; several fail the test. */
const struct finding *conversation_finding(struct conversation *c, const char *mechanism);
size_t conversation_findings(struct conversation *c);
uint64_t conversation_tested(struct conversation *c, const char *mechanism);

/* Fails the test and shows what was found, if anything was. */
void assert_silent(struct conversation *c);
/* Fails the test unless these frames, ended by 0, are the suspects. */
void assert_suspects(const struct finding *f, const uint64_t *frames);
#define ASSERT_SUSPECTS(f, ...) assert_suspects(f, (const uint64_t[]){__VA_ARGS__, 0})
/* Fails unless the finding has exactly these terms: "E04 27, E05 20", in that order. */
void assert_terms_at(const struct finding *f, const char *terms, int line);
#define assert_terms(f, terms) assert_terms_at(f, terms, __LINE__)
