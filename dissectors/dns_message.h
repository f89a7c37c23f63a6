/* Whole DNS messages, as both transports need them: the datagram of UDP, the framed message of TCP. */
#pragma once

#include "analyzer/base/arena.h"
#include "dissectors/dns.h"

enum {
	DNS_HEADER_LEN = 12,
	DNS_QUESTION_MIN = 5, /* root name, type, class */
	DNS_RECORD_MIN = 11,  /* root name, type, class, TTL, empty data */
};

/*
 * Reads a message of wire_len bytes of which `wire` was captured. False, with nothing usable in *m, when the header is
 * not there or impossible; what is strange behind the header is told by m->flaws. Names and records are in scratch; when
 * that is exhausted the records that do not fit are dropped as if they were too many.
 */
bool dns_message_read(struct dns_message *m, struct span wire, size_t wire_len, struct arena *scratch);

/* Could these first bytes of a message of wire_len bytes be DNS? For flows on ports where it is expected. */
bool dns_message_plausible(struct span head, size_t wire_len);

/* Is it beyond doubt DNS? Complete, read exactly to its end, one question of a known class. For flows on any port. */
bool dns_message_certain(struct span wire, bool *response);

/* One side of the flow is a port where DNS is expected: 53, or multicast and link-local resolution. */
bool dns_port(uint16_t a, uint16_t b);

/* NetBIOS name service looks like DNS and is not. */
bool dns_port_netbios(uint16_t a, uint16_t b);
