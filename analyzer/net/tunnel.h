/*
 * Tunnel identity. Two packets belong to one flow only when they came through the same tunnel, so each layer that has an
 * identity adds it to one of two digests of the packet: `shared` for what both directions have in common, `way` for what
 * each direction has for itself.
 *
 *	layer                   shared                            way
 *	VLAN, ISL               -                                 network id: some taps tag each direction by itself
 *	802.1ah                 service id                        -
 *	PPPoE                   session                           -
 *	Frame Relay             -                                 circuit address
 *	MPLS                    -                                 lowest label that is not entropy
 *	IPv4 in IP, EtherIP     endpoints                         -
 *	IPv6 in IPv4, Teredo    that it is one                    -
 *	GRE, PPTP               endpoints                         key, call id
 *	EoIP                    endpoints, tunnel id              -
 *	ERSPAN                  endpoints, session id             -
 *	VXLAN, GENEVE           network id                        -
 *	GTP-U                   endpoints                         TEID
 *	L2TP                    endpoints                         tunnel and session ids
 *
 * Endpoints are the unordered pair of outer addresses. They are left out where the id is a whole fabric's or the inner
 * addresses are the world's: with VXLAN a flooded first packet goes to a multicast group and a pair of switches answers
 * from another address than was asked, and the relay that a 6to4 or Teredo host sends to is seldom the one that it hears
 * from. They are in where the id is a receiver's own choice: the same TEID at another gateway is another tunnel, and a
 * packet seen on two legs of a mobile core is two packets. Of a label stack only the lowest label names a service; those
 * above change when the path does.
 */
#pragma once

#include "analyzer/net/walk.h"

enum tunnel_kind {
	TUNNEL_VLAN = 1,
	TUNNEL_ISID,
	TUNNEL_PPPOE,
	TUNNEL_CIRCUIT,
	TUNNEL_LABEL,
	TUNNEL_IPIP,
	TUNNEL_SIXIN,
	TUNNEL_GRE,
	TUNNEL_EOIP,
	TUNNEL_ERSPAN,
	TUNNEL_VXLAN,
	TUNNEL_GENEVE,
	TUNNEL_GTP,
	TUNNEL_TEREDO,
	TUNNEL_L2TP,
};

/* The digest with one more layer in it. Never 0. The same in every run. */
uint64_t tunnel_digest(uint64_t digest, enum tunnel_kind kind, uint64_t id);
/* The same, with the unordered pair of the packet's addresses. */
uint64_t tunnel_endpoints(uint64_t digest, enum tunnel_kind kind, const struct packet *p);

/* The tunnel that a UDP datagram with these ports may be; LAYER_STOP: none. */
enum layer tunnel_udp(uint16_t sport, uint16_t dport);
