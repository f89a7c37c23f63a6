/*
 * One decoded packet: the innermost IP packet of a frame, tunnels opened and fragments joined. Facts only; what they mean
 * is for others to say. All spans borrow from the frame, or from the decoder's reassembly buffer until its next call.
 */
#pragma once

#include "analyzer/capture/capture.h"

#include <netinet/in.h>

struct addr {
	uint8_t version;   /* 4 or 6; 0: none */
	uint8_t bytes[16]; /* an IPv4 address is in the first four, the others are zero */
};

/* PKT_*: what is strange or special about a packet. Truncated (by the capture), malformed (by the sender) and a bad checksum
 * are different facts and stay apart. */
enum packet_anomaly {
	PKT_SNAPPED =
	    1 << 0, /* the capture kept less than the IP packet's length: payload is shorter than payload_len */
	PKT_MALFORMED = 1 << 1,  /* a header contradicts itself, or the frame it is in; what precedes it is filled in */
	PKT_FRAGMENTED = 1 << 2, /* joined from fragments; frame is the last one to arrive */
	PKT_FRAGMENT_ALONE = 1 << 3, /* a fragment whose fellows are not here (yet): no transport header is filled in */
	PKT_LENGTH_ZERO = 1 << 4,    /* IP length 0: a super-packet handed over before segmentation, or a jumbogram */
	PKT_TUNNELED = 1 << 5,       /* came out of at least one IP-level tunnel */
	PKT_IP_CHECKSUM_BAD = 1 << 6, /* IPv4 header checksum wrong, and not zero (zero: offload) */
	PKT_PADDED = 1 << 7,          /* link-level bytes after the end of the IP packet were cut off */
	PKT_JUMBO = 1 << 8,           /* IP length over 1500: GRO, TSO or jumbo frames; not set for joined ones */
	PKT_NESTED_TOO_DEEP = 1 << 9, /* more than DECODE_DEPTH_MAX layers: decoding stopped at the last one */
};

enum tcp_flag {
	TCP_FIN = 0x001,
	TCP_SYN = 0x002,
	TCP_RST = 0x004,
	TCP_PSH = 0x008,
	TCP_ACK = 0x010,
	TCP_URG = 0x020,
	TCP_ECE = 0x040,
	TCP_CWR = 0x080,
	TCP_NS = 0x100,
};

/* TCP options (RFC 9293, 7323, 2018, 7413), read leniently: what stands before a broken option counts. */
enum tcp_option_seen {
	TCPOPT_SEEN_MSS = 1 << 0,
	TCPOPT_SEEN_WSCALE = 1 << 1,
	TCPOPT_SEEN_SACK_PERMITTED = 1 << 2,
	TCPOPT_SEEN_SACK = 1 << 3,
	TCPOPT_SEEN_TIMESTAMPS = 1 << 4,
	TCPOPT_SEEN_FASTOPEN = 1 << 5,
	TCPOPT_SEEN_MPTCP = 1 << 6,
	TCPOPT_SEEN_OTHER = 1 << 7,
	TCPOPT_BROKEN = 1 << 8,
};

struct tcp_options {
	uint16_t seen; /* enum tcp_option_seen */
	uint16_t mss;
	uint8_t wscale; /* at most 14, as RFC 7323 caps it */
	uint8_t length; /* bytes of options, as the header says */
	uint32_t tsval, tsecr;
};

/* The packet that an ICMP error quotes, as far as it goes. */
struct icmp_quote {
	struct addr src, dst; /* version 0: nothing usable is quoted */
	uint16_t sport, dport;
	uint32_t tcp_seq;
	uint8_t l4_proto, ttl;
	bool has_ports, has_seq;
};

struct packet {
	const struct frame *frame;
	int64_t clock_ns; /* capture clock, set by the pipeline: docs/rules.md, "The capture clock" */

	/* With IPv6 source routes and home addresses: those that the transport layer sees, of the packet's true ends. */
	struct addr src, dst;
	/* TCP, UDP, UDP-Lite, SCTP, DCCP; else 0. There without has_l4 as well, when the rest of the header is not. */
	uint16_t sport, dport;
	uint8_t l4_proto; /* IPPROTO_*, after all IPv6 extension headers */
	uint8_t ttl;      /* or hop limit */
	bool ip_df;
	bool has_l4;          /* the transport header is there, whole but for TCP options, and filled in below */
	uint16_t ip_id;       /* IPv4 only; else 0 */
	uint16_t tcp_flags;   /* enum tcp_flag */
	uint16_t tcp_window;  /* raw */
	uint16_t l4_checksum; /* as on the wire */
	uint32_t tcp_seq, tcp_ack;
	struct tcp_options tcp_options;
	uint8_t icmp_type, icmp_code;

	uint32_t anomalies; /* enum packet_anomaly */
	/* Bytes of transport payload as the headers say, captured or not; without has_l4 of all that IP carries. */
	uint32_t payload_len;
	struct span payload; /* what was captured of them */
	struct span l4;      /* transport header and payload, as captured: for checksums */

	/*
	 * Tunnel and VLAN identity as part of the flow key; 0: none. `shared` is a digest of what both directions have in
	 * common (PPPoE session, VNI, ERSPAN session, outer addresses as an unordered pair), `way` of what each
	 * direction has for itself (MPLS label, TEID, GRE key, L2TP ids). A flow is packets of one `shared`, and in each
	 * direction of one `way`. tunnel.h lists what each layer adds, and why outer addresses are in or out. The digests
	 * are the same in every run and on every machine.
	 */
	uint64_t tunnel_shared, tunnel_way;

	struct icmp_quote quote; /* filled in for ICMP and ICMPv6 errors alone; test quote.src.version */
};

bool addr_equal(const struct addr *a, const struct addr *b);
/* Order by version, then bytes: <0, 0, >0. */
int addr_compare(const struct addr *a, const struct addr *b);
/* Text form (RFC 5952 for IPv6). buf holds at least ADDR_TEXT_SIZE bytes. Version 0 gives "". */
enum { ADDR_TEXT_SIZE = 46 };
const char *addr_text(const struct addr *a, char *buf);
/* What the address is for: special-purpose ranges of RFC 6890 and successors. */
bool addr_is_private(
    const struct addr *a); /* 10/8, 172.16/12, 192.168/16, 100.64/10, 169.254/16, fc00::/7, fe80::/10 */
bool addr_is_loopback(const struct addr *a);  /* 127/8, ::1 */
bool addr_is_multicast(const struct addr *a); /* 224/4, 255.255.255.255, ff00::/8 */

enum packet_checksum { CHECKSUM_GOOD, CHECKSUM_BAD, CHECKSUM_UNKNOWN };
/* TCP or UDP checksum over what was captured; unknown when cut, malformed, joined from fragments, a super-packet, or UDP
 * without one. Costs a pass over the payload: for packets that a finding rests on. */
enum packet_checksum packet_checksum(const struct packet *p);
