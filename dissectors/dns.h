/*
 * Events of the DNS dissector (RFC 1035, 3596, 6891): whole messages over UDP or TCP. Names are in presentation form:
 * lower case kept as on the wire, labels joined by dots, no final dot (the root is "."), bytes outside a printable
 * label as \DDD, a dot inside a label as "\.".
 */
#pragma once

#include "analyzer/event/event.h"

enum {
	DNS_NAME_MAX = 1024,  /* of the presentation form: 255 bytes, every one escaped, fit */
	DNS_RECORDS_MAX = 64, /* records of all sections kept; further ones are counted and not read */
	DNS_TYPE_A = 1,
	DNS_TYPE_NS = 2,
	DNS_TYPE_CNAME = 5,
	DNS_TYPE_SOA = 6,
	DNS_TYPE_PTR = 12,
	DNS_TYPE_MX = 15,
	DNS_TYPE_TXT = 16,
	DNS_TYPE_AAAA = 28,
	DNS_TYPE_OPT = 41,
	DNS_TYPE_SVCB = 64,
	DNS_TYPE_HTTPS = 65,
	DNS_TYPE_ANY = 255,
};

enum dns_section { DNS_ANSWER, DNS_AUTHORITY, DNS_ADDITIONAL };

struct dns_record {
	enum dns_section section;
	struct span name; /* the very bytes of the message's qname where it is a bare pointer to the question */
	uint16_t type, rrclass;
	uint32_t ttl;
	struct span rdata;  /* as on the wire */
	struct span target; /* CNAME, NS, PTR, DNAME, MX: the name in it, presentation form; else empty */
};

enum dns_flaw {
	DNS_CUT = 1 << 0,            /* by the capture: records behind the cut are missing */
	DNS_BROKEN = 1 << 1,         /* a record does not parse; those before it count */
	DNS_TRAILING = 1 << 2,       /* bytes behind the last record */
	DNS_RECORDS_DROPPED = 1 << 3 /* more than DNS_RECORDS_MAX */
};

struct dns_message {
	uint16_t id;
	bool response, aa, tc, rd, ra, ad, cd;
	uint8_t opcode;
	uint16_t rcode;     /* with the upper bits of an OPT record */
	uint16_t counts[4]; /* QD, AN, NS, AR as the header says */
	struct span qname;  /* of the first question; empty when there is none */
	uint16_t qtype, qclass;
	bool has_opt;
	uint16_t udp_size; /* of the OPT record */
	const struct dns_record *records;
	size_t record_count;
	uint32_t flaws;    /* enum dns_flaw */
	uint32_t length;   /* of the message on the wire */
	uint32_t trailing; /* bytes behind the last record */
	struct span wire;  /* the message as captured */
	bool over_tcp;
};
