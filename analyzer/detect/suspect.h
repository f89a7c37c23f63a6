/*
 * A suspect packet beside the packets of its purported sender: the header features that tell a forged packet from a genuine
 * one (TTL, IP-ID, options, window, time), as terms of the weight and as columns. Used at flow close, when the genuine
 * packets that lost the race have come too. Rules: docs/rules.md, "Path lengths and counters" and "Time".
 */
#pragma once

#include "analyzer/evidence/weight.h"

/* What one of two rivals sent in a race: nobody's baseline, since the other rival may be the genuine sender. */
struct party {
	uint16_t packets; /* 0: none is known */
	uint8_t ttl;
	bool timestamps;
};

struct suspect {
	const struct flow *flow; /* TCP */
	enum dir sender;
	const struct sample *packet;
	const struct sample *genuine; /* a packet of the same sender near it, believed genuine; NULL: none */
	const struct sample *counter; /* one that neither of two rivals is, for the IP-ID; NULL: genuine */
	const struct sample *trigger; /* packet of the other side that it answers; NULL or frame.number 0: none */
	const struct sample *before;  /* last packet of the other side before it, which it may mirror too; NULL: none */
	const struct sample *first;   /* of the burst that the packet belongs to, for the time; NULL: packet */
	struct party party;
	/* Further packets of the same burst, which are no baseline either. */
	const struct sample *others;
	size_t other_count;
};

/* Adds terms and fills in facts. Returns the sum of the terms it added, before grouping: larger is more suspicious. */
int suspect_compare(struct finding *f, const struct weights *w, const struct suspect *s);

/* The packets of one side into `party`, from its roll or as far as the side still knows them. */
void finding_party(struct finding *f, const struct flow *flow, enum dir sender);

/* How far a connection had come, in the words of the taxonomy: post_syn, post_ack, post_psh (one packet of the client with
 * payload), later. The sides as they were then. */
const char *suspect_stage(const struct side *client, const struct side *server);

/* The initial TTL that leads to t: smallest of 32, 64, 128, 255 not below it, minus t. */
int hops_of(uint8_t ttl);

/* The class of the sender's IP-ID counter, leaving out what `interposed` foreign packets broke. */
enum ipid_class ipid_classify(const struct side *s, unsigned interposed);
