/* Rules about packets (signatures/rule.h) for detectors: facts out of samples, and what a rule that holds weighs. */
#pragma once

#include "analyzer/detect/burst.h"
#include "analyzer/evidence/weight.h"
#include "signatures/burst.h"

/* The facts of a TCP packet; not present when s is NULL or names no frame. Without payload bytes. */
struct burst_packet rule_packet(const struct sample *s);

enum burst_counter rule_counter(const struct side *s);

/* Does the sender's SYN/ACK copy the IP-ID of the SYN, so that a copied id may be a front-end's habit? */
enum burst_fact rule_front_end(const struct side *sender, const struct side *other);

/* The facts of `count` resets from number `first` on; BURST_PACKETS_MAX at most. */
void rule_burst(const struct burst *b, unsigned first, unsigned count, struct burst_facts *out);

/* What the resets may answer: the request, if it was there before the first of them; NULL: none. */
const struct sample *rule_request(const struct burst *b);

/*
 * The weight of a row whose rule holds, in the group of the features that the rule is made of, where the finding has most
 * already: one observation counts once. A rule made of payload, flags and lengths alone is content: group db. Call it
 * after the terms of the features.
 */
void rule_term(struct finding *f, const struct weights *w, const struct sigdb *db, const struct signature *s);
