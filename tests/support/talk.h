/* DNS queries and answers in words, for a world (events.h). */
#pragma once

#include "dissectors/dns.h"
#include "tests/support/events.h"

/* A message in words, so that its bytes can stand for it. */
struct said {
	const char *name;
	uint16_t type;         /* 0: A */
	const char *addresses; /* apart by blanks; NULL: none */
	const char *cname;
	uint16_t rcode;
	bool aa, tc;
	uint32_t flaws;
	uint32_t ttl; /* 0: 300 */
	uint16_t id;
	uint8_t version;
	uint16_t record_type; /* 0: as type */
	bool no_ra, opt;
	uint32_t trailing; /* bytes behind the message, not 0 */
};

/* The query, with the next packet; `opt` of *s as well. */
void talk_ask(struct world *w, struct flow *f, const struct said *s, int64_t after_us);

/* The query, or the answer, with the packet made last. */
void talk_query(struct world *w, const struct said *s);
void talk_answer(struct world *w, const struct said *s);
