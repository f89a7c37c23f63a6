/* Each message is written backward from its parts, which is how lengths come by themselves. */
#include "tests/support/flights.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void put(struct flight *f, const void *bytes, size_t len)
{
	if (f->len + len > FLIGHT_MAX)
		abort();
	memcpy(f->bytes + f->len, bytes, len);
	f->len += (uint32_t)len;
}

static void put_number(struct flight *f, size_t value, unsigned size)
{
	uint8_t out[8];
	for (unsigned i = 0; i < size; i++)
		out[i] = (uint8_t)(value >> 8 * (size - 1 - i));
	put(f, out, size);
}

/* Puts a head of `size` bytes that holds the length of what follows in front of it, behind the `type` bytes. */
static struct flight wrapped(const void *type, size_t type_len, unsigned size, const struct flight *inner)
{
	struct flight f = {.len = 0};
	put(&f, type, type_len);
	put_number(&f, inner->len, size);
	put(&f, inner->bytes, inner->len);
	return f;
}

static struct flight handshake_record(uint8_t message_type, const struct flight *body)
{
	static const uint8_t head[] = {22, 3, 1};
	struct flight message = wrapped(&message_type, 1, 3, body);
	return wrapped(head, sizeof head, 2, &message);
}

static void put_extension(struct flight *f, size_t type, const struct flight *body)
{
	put_number(f, type, 2);
	put_number(f, body->len, 2);
	put(f, body->bytes, body->len);
}

static struct flight server_name(const char *name)
{
	static const uint8_t host[] = {0};
	struct flight text = {.len = 0};
	put(&text, name, strlen(name));
	struct flight entry = wrapped(host, sizeof host, 2, &text);
	return wrapped(host, 0, 2, &entry);
}

struct flight flight_client_hello(const char *name, uint16_t extension, size_t pad_to)
{
	static const uint8_t start[] = {3, 3}, random[32] = {1, 2, 3}, rest[] = {0, 0, 4, 0x13, 1, 0x13, 2, 1, 0};
	static const uint8_t versions[] = {2, 3, 4}, zeros[FLIGHT_MAX];
	enum { AROUND = 5 + 4 + sizeof start + sizeof random + sizeof rest + 2 + 4 };
	struct flight extensions = {.len = 0}, part = {.len = 0}, body = {.len = 0};
	if (name) {
		part = server_name(name);
		put_extension(&extensions, 0, &part);
	}
	part.len = 0;
	put(&part, versions, sizeof versions);
	put_extension(&extensions, 43, &part);
	part.len = 0;
	if (extension)
		put_extension(&extensions, extension, &part);
	if (pad_to > AROUND + extensions.len) {
		put(&part, zeros, pad_to - AROUND - extensions.len);
		put_extension(&extensions, 21, &part);
	}
	put(&body, start, sizeof start);
	put(&body, random, sizeof random);
	put(&body, rest, sizeof rest);
	put_number(&body, extensions.len, 2);
	put(&body, extensions.bytes, extensions.len);
	return handshake_record(1, &body);
}

struct flight flight_server_hello(void)
{
	static const uint8_t start[] = {3, 3}, random[32] = {9, 8, 7}, rest[] = {0, 0xc0, 0x2f, 0};
	struct flight body = {.len = 0};
	put(&body, start, sizeof start);
	put(&body, random, sizeof random);
	put(&body, rest, sizeof rest);
	return handshake_record(2, &body);
}

struct flight flight_alert(uint8_t level, uint8_t description)
{
	struct flight f = {.bytes = {21, 3, 3, 0, 2, level, description}, .len = 7};
	return f;
}

/* DER with a length of two bytes. */
static struct flight der(uint8_t tag, const struct flight *inner)
{
	uint8_t head[] = {tag, 0x82};
	return wrapped(head, sizeof head, 2, inner);
}

static struct flight der_text(uint8_t tag, const char *text)
{
	struct flight f = {.len = 0};
	put(&f, text, strlen(text));
	return der(tag, &f);
}

/* Name with one commonName, 2.5.4.3. */
static struct flight der_name(const char *common_name)
{
	static const uint8_t oid[] = {6, 3, 0x55, 4, 3};
	struct flight inner = {.len = 0}, text = der_text(0x0c, common_name);
	put(&inner, oid, sizeof oid);
	put(&inner, text.bytes, text.len);
	inner = der(0x30, &inner);
	inner = der(0x31, &inner);
	return der(0x30, &inner);
}

static struct flight der_validity(unsigned days)
{
	static const char *const ends[] = {"260131000000Z", "260401000000Z", "270101000000Z"};
	struct flight from = der_text(0x17, "260101000000Z"), both = {.len = 0};
	struct flight to = der_text(0x17, ends[days <= 30 ? 0 : days <= 90 ? 1 : 2]);
	put(&both, from.bytes, from.len);
	put(&both, to.bytes, to.len);
	return der(0x30, &both);
}

static struct flight der_key(uint8_t key)
{
	static const uint8_t algorithm[] = {0x30, 5, 6, 3, 0x2b, 0x65, 0x70}; /* Ed25519 */
	uint8_t bits[33] = {0};
	struct flight inner = {.len = 0}, string = {.len = 0};
	memset(bits + 1, key, 32);
	put(&string, bits, sizeof bits);
	string = der(3, &string);
	put(&inner, algorithm, sizeof algorithm);
	put(&inner, string.bytes, string.len);
	return der(0x30, &inner);
}

struct flight flight_certificate(const char *issuer, const char *subject, unsigned days, uint8_t key)
{
	static const uint8_t start[] = {0xa0, 3, 2, 1, 2, 2, 1, 7}; /* version 3, serial number 7 */
	static const uint8_t algorithm[] = {0x30, 5, 6, 3, 0x2b, 0x65, 0x70}, signature[] = {3, 2, 0, 0xff};
	struct flight parts[] = {der_name(issuer), der_validity(days), der_name(subject), der_key(key)};
	struct flight tbs = {.len = 0}, whole = {.len = 0};
	put(&tbs, start, sizeof start);
	put(&tbs, algorithm, sizeof algorithm);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		put(&tbs, parts[i].bytes, parts[i].len);
	tbs = der(0x30, &tbs);
	put(&whole, tbs.bytes, tbs.len);
	put(&whole, algorithm, sizeof algorithm);
	put(&whole, signature, sizeof signature);
	whole = der(0x30, &whole);
	whole = wrapped(start, 0, 3, &whole);
	whole = wrapped(start, 0, 3, &whole);
	return handshake_record(11, &whole);
}

/* Record and handshake headers, and the length of the list. */
enum { LIST_AT = 5 + 4 + 3, LENGTH = 3 };

struct flight flight_chain(const struct flight *leaf, const struct flight *above)
{
	struct flight list = {.len = 0};
	put(&list, leaf->bytes + LIST_AT, leaf->len - LIST_AT);
	put(&list, above->bytes + LIST_AT, above->len - LIST_AT);
	list = wrapped(list.bytes, 0, LENGTH, &list);
	return handshake_record(11, &list);
}

struct span flight_der(const struct flight *certificate)
{
	return span_of(certificate->bytes + LIST_AT + LENGTH, certificate->len - LIST_AT - LENGTH);
}
