/*
 * Bursts written as text, for the example of a rule's row (tests/signatures/examples.csv). Packets in order with " | " between;
 * a packet is its TCP flags (or `udp`) and fields, all optional:
 *
 *   RA seq=1460 ack=5 ttl=102 window=733 id=0x2c10 nodf options=12 bytes=0102 payload=10 gap=300us answers ipv6
 *
 * `seq` counts from what the sender had come to; gap is the time since the packet before. A packet behind `own`, `other` or
 * `request` is that one (rule.h). Facts of the whole burst come in items of their own: `stage=post_psh`, `asked=tls`,
 * `to=client`, `counter=local`, `other-counter=zero`, `front-end=no`, `port=443`, `http=302`,
 * `dns aa=yes ra=no rd=yes opt=no query-opt=yes pointer=yes ttl=60 answers=1 rcode=0 trailing=12`.
 */
#pragma once

#include "analyzer/base/span.h"
#include "signatures/burst.h"

/* False: *wrong is the word that makes no sense. */
bool burst_example_read(struct burst_facts *b, struct span text, struct span *wrong);
