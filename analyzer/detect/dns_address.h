/*
 * Addresses in answers: which of them no public name should have, and which belong together. The list is that of
 * docs/rules.md, DN2: the documentation prefixes are left out, because published captures use them as real.
 */
#pragma once

#include "analyzer/net/packet.h"

/* The address in an A (4 bytes) or AAAA (16 bytes) record; ::ffff:a.b.c.d is judged as a.b.c.d. Version 0: neither. */
struct addr dns_address(struct span rdata);

/* A word for the special-purpose range of the address, or NULL when it is an ordinary one. */
const char *dns_bogon_class(const struct addr *a);

/* 0.0.0.0/8, 127.0.0.0/8, :: and ::1: what a filtering resolver gives for a name that it keeps from its users. */
bool dns_address_is_sink(const struct addr *a);

/* Both in one /24 (IPv4) or /48 (IPv6): one operator's rotation. */
bool dns_address_near(const struct addr *a, const struct addr *b);

/* 64:ff9b::/96: an IPv4 address as DNS64 writes it (RFC 6052). */
bool dns_address_is_dns64(const struct addr *a);
