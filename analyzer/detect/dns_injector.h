/* Rows of kind `dns` and location `rule` on one answer: the facts that rules look at, and which rows they satisfy. */
#pragma once

#include "analyzer/evidence/weight.h"
#include "signatures/match.h"

enum { DNS_INJECTORS_MAX = 4 };

/* Rows that an answer satisfies, the most telling first: those that may stand alone, then hints. Zeroed: none. */
struct dns_injectors {
	const struct signature *row[DNS_INJECTORS_MAX];
	uint8_t count;
	uint8_t by_id;       /* bit by index: the rule is about the IP-ID, which many a machine never sets */
	uint8_t by_trailing; /* it is about bytes behind the message, which faulty resolvers send too */
};

struct dns_answer;
struct dns_exchange;
struct dns_message;
struct event;

/* The rows that hold for an answer over UDP; none when an `fp` row holds too. */
void dns_injectors_match(struct dns_injectors *out, const struct sigdb *db, const struct dns_exchange *x,
                         const struct dns_answer *a, const struct event *ev, const struct dns_message *m);

bool dns_injectors_hold(const struct dns_injectors *set, const struct signature *row);

/* E12d, half of it below full confidence; for a hint E09_hint. */
void dns_injector_term(struct finding *f, const struct weights *w, const struct signature *row);

/* Puts the row in front of the finding's signatures, or behind them. */
void dns_injector_list(struct finding *f, const struct signature *row, bool in_front);
