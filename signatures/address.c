/* See address.h. */
#include "signatures/address.h"

#include <arpa/inet.h>
#include <stdlib.h>

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

bool address_from_wire(struct span wire, uint8_t out[16])
{
	if (wire.len == 16) {
		memcpy(out, wire.ptr, 16);
		return true;
	}
	if (wire.len != 4)
		return false;
	memcpy(out, mapped, sizeof(mapped));
	memcpy(out + 12, wire.ptr, 4);
	return true;
}

static void clear_host_bits(uint8_t address[16], unsigned bits)
{
	for (unsigned i = bits / 8; i < 16; i++) {
		unsigned keep = i == bits / 8 ? bits % 8 : 0;
		address[i] = (uint8_t)(address[i] & (0xff00U >> keep));
	}
}

/* The address part of a text. */
static enum address_form read_host(const char *text, struct address_prefix *out, bool *v4)
{
	uint8_t wire[16];
	char again[INET6_ADDRSTRLEN];
	*v4 = !strchr(text, ':');
	if (inet_pton(*v4 ? AF_INET : AF_INET6, text, wire) != 1)
		return ADDRESS_UNREADABLE;
	if (!inet_ntop(*v4 ? AF_INET : AF_INET6, wire, again, sizeof(again)) || strcmp(text, again) != 0)
		return ADDRESS_NOT_CANONICAL;
	if (!*v4 && memcmp(wire, mapped, sizeof(mapped)) == 0)
		return ADDRESS_NOT_CANONICAL;
	(void)address_from_wire(span_of(wire, *v4 ? 4 : 16), out->address);
	return ADDRESS_FINE;
}

enum address_form address_read(struct span text, bool prefix, struct address_prefix *out)
{
	char host[INET6_ADDRSTRLEN] = "";
	size_t slash = span_find(text, span_text("/"));
	struct span host_part = span_first(text, slash);
	if ((slash == SIZE_MAX) == prefix || host_part.len >= sizeof(host) || host_part.len == 0)
		return ADDRESS_UNREADABLE;
	memcpy(host, host_part.ptr, host_part.len);
	bool v4;
	enum address_form form = strlen(host) == host_part.len ? read_host(host, out, &v4) : ADDRESS_UNREADABLE;
	if (form != ADDRESS_FINE)
		return form;
	uint64_t bits = v4 ? 32 : 128, written = bits;
	if (prefix) {
		struct span digits = span_after(text, slash + 1);
		if (!span_decimal(digits, &written) || written > bits)
			return ADDRESS_UNREADABLE;
		if (digits.len > 1 && digits.ptr[0] == '0')
			return ADDRESS_NOT_CANONICAL;
	}
	out->bits = (uint8_t)(written + (v4 ? 96 : 0));
	uint8_t network[16];
	memcpy(network, out->address, 16);
	clear_host_bits(network, out->bits);
	return memcmp(network, out->address, 16) == 0 ? ADDRESS_FINE : ADDRESS_HOST_BITS;
}

int address_table_add(struct address_table *t, const struct address_prefix *p, uint32_t value, struct err *e)
{
	if (t->count == t->room) {
		size_t room = t->room ? t->room * 2 : 256;
		struct address_entry *grown = realloc(t->entries, room * sizeof(*grown));
		if (!grown)
			return err_set(e, ERR_NOMEM, "no memory for the signatures");
		t->entries = grown;
		t->room = room;
	}
	t->entries[t->count++] = (struct address_entry){.prefix = *p, .value = value};
	return 0;
}

/* Longest prefix first, then by address. */
static int compare_prefix(const struct address_prefix *a, const struct address_prefix *b)
{
	return a->bits != b->bits ? (int)b->bits - (int)a->bits : memcmp(a->address, b->address, 16);
}

static int compare_entry(const void *left, const void *right)
{
	const struct address_entry *a = left, *b = right;
	int order = compare_prefix(&a->prefix, &b->prefix);
	return order ? order : a->value < b->value ? -1 : a->value > b->value;
}

void address_table_sort(struct address_table *t)
{
	if (t->count)
		qsort(t->entries, t->count, sizeof(*t->entries), compare_entry);
	t->length_count = 0;
	for (size_t i = 0; i < t->count; i++)
		if (i == 0 || t->entries[i].prefix.bits != t->entries[i - 1].prefix.bits)
			t->lengths[t->length_count++] = t->entries[i].prefix.bits;
}

void address_table_free(struct address_table *t)
{
	free(t->entries);
	*t = (struct address_table){0};
}

/* The first entry that is not before the key. */
static size_t lower_bound(const struct address_table *t, const struct address_prefix *key)
{
	size_t low = 0, high = t->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_prefix(&t->entries[middle].prefix, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t address_table_find(const struct address_table *t, const uint8_t address[16], uint32_t *values, size_t room)
{
	size_t found = 0;
	for (size_t i = 0; i < t->length_count; i++) {
		struct address_prefix key = {.bits = t->lengths[i]};
		memcpy(key.address, address, 16);
		clear_host_bits(key.address, key.bits);
		for (size_t k = lower_bound(t, &key); k < t->count && compare_prefix(&t->entries[k].prefix, &key) == 0;
		     k++) {
			if (found < room)
				values[found] = t->entries[k].value;
			found++;
		}
	}
	return found;
}
