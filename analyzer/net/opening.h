/*
 * How a client began, as a server sees it: its first ten packets in the terms of the published stage signatures (Sundara Raman et
 * al., SIGCOMM 2023, Table 1), counted as they come. Facts; detect/stage_signature.c judges.
 */
#pragma once

#include "analyzer/net/side.h"

enum { OPENING_PACKETS = 10 };

struct opening {
	uint8_t packets;        /* seen, up to OPENING_PACKETS; an identical SYN again is none */
	uint8_t data;           /* before the first RST: the request up to its first PSH is one, then each new packet */
	uint8_t bare, with_ack; /* RSTs without ACK and with it */
	uint8_t copies[2];      /* of those: marked as second captures (G4); bare, with ACK */
	bool acked;             /* an ACK followed the SYN */
	bool pushed;            /* a packet of `data` had PSH */
	bool data_last;         /* the last packet before the first RST had payload */
	bool fin;               /* a FIN came before the first RST */
	bool ack_zero, ack_differs; /* acknowledgement fields of bare RSTs */
	uint32_t ack_first;
	struct frame_ref last; /* last packet that is no RST */
};

/* A packet of the client, before its side has it. */
void opening_add(struct opening *o, const struct side *client, const struct sample *sample);
