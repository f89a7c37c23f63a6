/*
 * The rules over one query and its answers, as dns_injection.c applies them when the query's time is over: dns_dual.c
 * (answers that contradict each other) and dns_forged.c (answers that are odd or known by themselves).
 */
#pragma once

#include "analyzer/detect/detector.h"
#include "analyzer/detect/dns_exchange.h"
#include "analyzer/detect/dns_resolver.h"

struct dns_case {
	struct detection *d;
	const struct dns_exchange *x;
	struct dns_resolver *resolver; /* NULL: memory is out */

	/* Set by dns_dual_judge, bits by index of the answer: part of a contradiction, and taken for the false one. */
	unsigned disputed, accused;
};

/* DN1, and DN5 where one side is an error code. True when answers contradict each other, whether or not that is a
 * finding. */
bool dns_dual_judge(struct dns_case *c);

/* DN2: true when an answer holds nothing but addresses that are not public. */
bool dns_bogon_judge(const struct dns_case *c);

/* DN3: true when a signature of a forged answer matched. */
bool dns_forged_judge(const struct dns_case *c);

/* Name, trigger, query frames and direction; the finding is otherwise empty. */
void dns_finding_open(struct finding *f, const struct dns_case *c, const char *mechanism);

/* The answer and its copies as suspects, its facts, and the terms of its header and time: E01, E01b, E02b, E12d. */
void dns_finding_suspect(struct finding *f, const struct dns_case *c, const struct dns_answer *a);

/* The term of the answer's signature, which is listed too; a hint gives one only when `with_hint`. The injector's row is
 * listed behind it, unless the finding is a symptom: its kind must be set. */
void dns_finding_signature(struct finding *f, const struct dns_case *c, const struct dns_answer *a, bool with_hint);

/* It came sooner than the resolver ever answered: 2 under half of its smallest time (E01), 1 under four fifths,
 * else 0. */
int dns_answer_haste(const struct dns_case *c, const struct dns_answer *a);

/*
 * The row of a known injector whose marks the answer has (DN4), or NULL: where not all answers to the query have them, nor
 * many of the resolver's others. Marks in the IP-ID only where the resolver is known to give its answers some.
 */
const struct signature *dns_answer_injector(const struct dns_case *c, const struct dns_answer *a);

/* There is an address, and none is public. */
bool dns_answer_is_bogon(const struct dns_answer *a);

/* A signature that may stand alone matched. */
bool dns_answer_is_known(const struct dns_answer *a);

/* The resolver is a machine of the client's own network: by its address, or as the answer made no hop. */
bool dns_answer_is_local(const struct dns_case *c, const struct dns_answer *a);

/* "192.0.2.1,192.0.2.2", "NXDOMAIN", "NODATA". */
void dns_answer_text(struct text *t, const struct dns_answer *a);
const char *dns_rcode_name(uint16_t rcode);
