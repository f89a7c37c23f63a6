/*
 * Name decompression. A pointer may lead only before everything read so far of the name, so each hop has less of the
 * message to go to; hops and bytes are capped besides, since 255 bytes of name need no more (RFC 1035, section 2.3.4).
 *
 *   length octet:  00LLLLLL label of L bytes | 11PPPPPP PPPPPPPP pointer to offset P | 0: end
 */
#include "dissectors/dns_name.h"

enum {
	NAME_WIRE_MAX = 255,
	HOPS_MAX = 32, /* resolvers nest one pointer a label at worst; no honest name comes near */
	LABEL_KIND = 0xc0,
	LABEL_POINTER = 0xc0,
};

/* The text cannot overflow: 255 wire bytes hold at most 253 label bytes, four characters each, and fewer dots. */
static void name_put(struct dns_name *out, uint8_t byte)
{
	if (byte == '.' || byte == '\\') {
		out->text[out->len++] = '\\';
		out->text[out->len++] = (char)byte;
		return;
	}
	if (byte > 0x20 && byte < 0x7f) {
		out->text[out->len++] = (char)byte;
		return;
	}
	out->text[out->len++] = '\\';
	out->text[out->len++] = (char)('0' + byte / 100);
	out->text[out->len++] = (char)('0' + byte / 10 % 10);
	out->text[out->len++] = (char)('0' + byte % 10);
}

static void name_put_label(struct dns_name *out, struct span label)
{
	if (out->len > 0)
		out->text[out->len++] = '.';
	for (size_t i = 0; i < label.len; i++)
		name_put(out, label.ptr[i]);
}

/* Reads labels in place up to the end or a pointer. *target: where the pointer leads, or SIZE_MAX at the end. */
static enum dns_name_result name_run(struct cursor *c, struct dns_name *out, size_t *wire_len, size_t *target)
{
	for (;;) {
		uint8_t octet = cursor_u8(c);
		if (c->failed)
			return DNS_NAME_SHORT;
		if ((octet & LABEL_KIND) == LABEL_POINTER) {
			size_t low = cursor_u8(c);
			*target = (size_t)(octet & ~LABEL_KIND) << 8 | low;
			return c->failed ? DNS_NAME_SHORT : DNS_NAME_OK;
		}
		if (octet & LABEL_KIND)
			return DNS_NAME_BAD;
		*wire_len += 1u + octet;
		if (*wire_len > NAME_WIRE_MAX)
			return DNS_NAME_BAD;
		if (octet == 0) {
			*target = SIZE_MAX;
			return DNS_NAME_OK;
		}
		struct span label = cursor_take(c, octet);
		if (c->failed)
			return DNS_NAME_SHORT;
		if (out != NULL)
			name_put_label(out, label);
	}
}

enum dns_name_result dns_name_read(struct cursor *message, struct dns_name *out)
{
	struct cursor hop = *message;
	size_t lowest = cursor_offset(message), wire_len = 0;

	out->len = 0;
	for (int hops = 0; hops <= HOPS_MAX; hops++) {
		size_t target;
		enum dns_name_result result = name_run(&hop, out, &wire_len, &target);
		if (hops == 0)
			*message = hop;
		if (result != DNS_NAME_OK)
			return result;
		if (target == SIZE_MAX) {
			if (out->len == 0)
				out->text[out->len++] = '.';
			return DNS_NAME_OK;
		}
		if (target >= lowest)
			return DNS_NAME_BAD;
		lowest = target;
		(void)cursor_seek(&hop, target);
	}
	return DNS_NAME_BAD;
}

enum dns_name_result dns_name_skip(struct cursor *message)
{
	size_t wire_len = 0, target;
	return name_run(message, NULL, &wire_len, &target);
}
