/*
 * Addresses in signatures: reading them strictly, what kind of address they are, and a table from which every prefix
 * that covers an address is found. IPv4 is kept as ::ffff:a.b.c.d, so that a mapped answer is judged as the IPv4
 * address it means.
 */
#pragma once

#include "analyzer/base/err.h"
#include "analyzer/base/span.h"

struct address_prefix {
	uint8_t address[16];
	uint8_t bits; /* of the 128; an IPv4 prefix has 96 more than it is written with */
};

enum address_form {
	ADDRESS_FINE,
	ADDRESS_UNREADABLE,
	ADDRESS_NOT_CANONICAL, /* RFC 5952 writes it differently, or it is IPv4 in an IPv6 coat */
	ADDRESS_HOST_BITS,     /* bits behind the prefix are not zero */
};

/* "192.0.2.7", "2001:db8::/32": an address, or with `prefix` one with its length. */
enum address_form address_read(struct span text, bool prefix, struct address_prefix *out);

/* What the prefix is when it is loopback, unspecified, private, link-local, shared or 1.2.3.4, which resolvers and home
 * networks answer for many reasons; else NULL. */
const char *address_common(const struct address_prefix *a);

/* The large company whose published ranges overlap the prefix, or NULL. */
const char *address_owner(const struct address_prefix *a);

/* 4 or 16 bytes as an address. False for another length. */
bool address_from_wire(struct span wire, uint8_t out[16]);

struct address_entry {
	struct address_prefix prefix;
	uint32_t value;
};

/* Filled by address_table_add, then address_table_sort once. */
struct address_table {
	struct address_entry *entries;
	size_t count, room;
	uint8_t lengths[129]; /* the prefix lengths in use, longest first */
	size_t length_count;
};

/* 0 or ERR_NOMEM. */
int address_table_add(struct address_table *t, const struct address_prefix *p, uint32_t value, struct err *e);
void address_table_sort(struct address_table *t);
void address_table_free(struct address_table *t);

/* Writes the values of entries that cover the address, longest prefix first, then in ascending value; how many there
 * are, of which at most `room` are written. */
size_t address_table_find(const struct address_table *t, const uint8_t address[16], uint32_t *values, size_t room);
