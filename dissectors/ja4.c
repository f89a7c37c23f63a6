/*
 * JA4 = summary _ first 12 digits of SHA-256(ciphers sorted) _ the same of (extensions sorted, without SNI and ALPN, then "_"
 * and signature algorithms in wire order). JA3 = MD5(version,ciphers,extensions,groups,point formats), decimal, in wire
 * order. Reserved values (GREASE, RFC 8701) count nowhere.
 */
#include "dissectors/ja4.h"

#include "analyzer/base/cursor.h"
#include "analyzer/base/text.h"

#include <nettle/md5.h>
#include <nettle/sha2.h>
#include <stdlib.h>

enum {
	COUNT_MAX = 99, /* two digits */
	LIST_TEXT_MAX = 5 * (TLS_CIPHERS_MAX + TLS_EXTENSIONS_MAX) + 1,
	ALGORITHMS_MAX = 64,
	JA3_LIST_MAX = 128, /* groups or formats read */
	JA3_INPUT_MAX = 6 * (1 + TLS_CIPHERS_MAX + TLS_EXTENSIONS_MAX + 2 * JA3_LIST_MAX) + 8,
};

_Static_assert(5 * ALGORITHMS_MAX <= 5 * TLS_CIPHERS_MAX, "algorithms fit beside extensions");

/* RFC 8701: 0a0a, 1a1a, ... fafa. */
static bool is_reserved(uint16_t value)
{
	return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

static size_t without_reserved(const uint16_t *from, size_t count, uint16_t *to)
{
	size_t n = 0;
	for (size_t i = 0; i < count; i++)
		if (!is_reserved(from[i]))
			to[n++] = from[i];
	return n;
}

static int ascending(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

static void add_hex(struct text *t, uint16_t value, bool first)
{
	text_printf(t, first ? "%04x" : ",%04x", value);
}

static void digest(const struct text *t, uint8_t out[JA4_DIGEST])
{
	struct sha256_ctx ctx;
	sha256_init(&ctx);
	sha256_update(&ctx, t->len, (const uint8_t *)t->ptr);
	sha256_digest(&ctx, JA4_DIGEST, out);
}

static void digest_ciphers(struct ja4 *out, uint16_t *ciphers, size_t count)
{
	char room[LIST_TEXT_MAX];
	struct text t = text_over(room, sizeof room);
	qsort(ciphers, count, sizeof *ciphers, ascending);
	for (size_t i = 0; i < count; i++)
		add_hex(&t, ciphers[i], i == 0);
	if (count > 0)
		digest(&t, out->ciphers);
}

static void digest_extensions(struct ja4 *out, uint16_t *types, size_t count, struct span algorithms)
{
	char room[LIST_TEXT_MAX];
	struct text t = text_over(room, sizeof room);
	struct cursor c = cursor_over(algorithms);
	qsort(types, count, sizeof *types, ascending);
	for (size_t i = 0; i < count; i++)
		if (types[i] != TLS_EXT_SERVER_NAME && types[i] != TLS_EXT_ALPN)
			add_hex(&t, types[i], t.len == 0);
	bool first = true;
	for (size_t i = 0; i < ALGORITHMS_MAX && cursor_left(&c) >= 2; i++) {
		uint16_t value = cursor_be16(&c);
		if (is_reserved(value))
			continue;
		if (first)
			text_add(&t, span_text("_"));
		add_hex(&t, value, first);
		first = false;
	}
	if (count > 0)
		digest(&t, out->extensions);
}

static const char *version_text(const struct tls_client_hello *hello)
{
	static const struct {
		uint16_t version;
		char text[3];
	} known[] = {{0x0304, "13"}, {0x0303, "12"}, {0x0302, "11"}, {0x0301, "10"}, {0x0300, "s3"},
	             {0x0002, "s2"}, {0xfeff, "d1"}, {0xfefd, "d2"}, {0xfefc, "d3"}};
	uint16_t highest = 0;
	for (size_t i = 0; i < hello->version_count; i++)
		if (!is_reserved(hello->versions[i]) && hello->versions[i] > highest)
			highest = hello->versions[i];
	if (highest == 0)
		highest = hello->legacy_version;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].version == highest)
			return known[i].text;
	return "00";
}

static bool is_alphanumeric(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* First and last character of the first protocol, or of its hexadecimal form when one of the two is no letter or digit. */
static void add_alpn(struct text *t, struct span name)
{
	static const char hex[] = "0123456789abcdef";
	if (name.len == 0) {
		text_add(t, span_text("00"));
		return;
	}
	uint8_t first = name.ptr[0], last = name.ptr[name.len - 1];
	bool plain = is_alphanumeric(first) && is_alphanumeric(last);
	text_printf(t, "%c%c", plain ? first : hex[first >> 4], plain ? last : hex[last & 15]);
}

static bool is_whole(const struct tls_client_hello *hello)
{
	return !hello->partial && hello->cipher_count < TLS_CIPHERS_MAX &&
	       hello->extension_count < TLS_EXTENSIONS_MAX && hello->version_count < TLS_VERSIONS_MAX;
}

bool ja4_of(struct ja4 *out, const struct tls_client_hello *hello, enum ja4_transport transport)
{
	uint16_t ciphers[TLS_CIPHERS_MAX], types[TLS_EXTENSIONS_MAX];
	*out = (struct ja4){0};
	if (!is_whole(hello))
		return false;
	size_t cipher_count = without_reserved(hello->ciphers, hello->cipher_count, ciphers);
	size_t type_count = without_reserved(hello->extensions, hello->extension_count, types);
	bool named = false;
	for (size_t i = 0; i < type_count; i++)
		named |= types[i] == TLS_EXT_SERVER_NAME;
	char room[sizeof out->summary + 1];
	struct text t = text_over(room, sizeof room);
	text_printf(&t, "%c%s%c%02zu%02zu", "tqd"[transport], version_text(hello), named ? 'd' : 'i',
	            cipher_count < COUNT_MAX ? cipher_count : COUNT_MAX,
	            type_count < COUNT_MAX ? type_count : COUNT_MAX);
	add_alpn(&t, hello->alpn_count > 0 ? hello->alpn[0] : span_of(NULL, 0));
	memcpy(out->summary, room, sizeof out->summary);
	digest_ciphers(out, ciphers, cipher_count);
	digest_extensions(out, types, type_count, hello->signature_algorithms);
	return true;
}

const char *ja4_text(const struct ja4 *j, char out[JA4_TEXT_SIZE])
{
	struct text t = text_over(out, JA4_TEXT_SIZE);
	if (j->summary[0] == '\0')
		return out;
	text_add(&t, span_of(j->summary, sizeof j->summary));
	text_add(&t, span_text("_"));
	text_hex(&t, span_of(j->ciphers, sizeof j->ciphers));
	text_add(&t, span_text("_"));
	text_hex(&t, span_of(j->extensions, sizeof j->extensions));
	return out;
}

static void add_decimals(struct text *t, const uint16_t *values, size_t count)
{
	bool first = true;
	for (size_t i = 0; i < count; i++) {
		if (is_reserved(values[i]))
			continue;
		text_printf(t, first ? "%u" : "-%u", values[i]);
		first = false;
	}
	text_add(t, span_text(","));
}

/* Values of one or two bytes each. */
static void add_list(struct text *t, struct span list, size_t size)
{
	struct cursor c = cursor_over(list);
	uint16_t values[JA3_LIST_MAX];
	size_t count = 0;
	while (count < JA3_LIST_MAX && cursor_left(&c) >= size)
		values[count++] = size == 1 ? cursor_u8(&c) : cursor_be16(&c);
	add_decimals(t, values, count);
}

bool ja3_of(char out[JA3_TEXT_SIZE], const struct tls_client_hello *hello)
{
	char room[JA3_INPUT_MAX];
	struct text t = text_over(room, sizeof room), hex = text_over(out, JA3_TEXT_SIZE);
	uint8_t sum[MD5_DIGEST_SIZE];
	struct md5_ctx ctx;
	if (!is_whole(hello))
		return false;
	text_printf(&t, "%u,", hello->legacy_version);
	add_decimals(&t, hello->ciphers, hello->cipher_count);
	add_decimals(&t, hello->extensions, hello->extension_count);
	add_list(&t, hello->groups, 2);
	add_list(&t, hello->point_formats, 1);
	md5_init(&ctx);
	md5_update(&ctx, t.len - 1, (const uint8_t *)room); /* but for the last comma */
	md5_digest(&ctx, sizeof sum, sum);
	text_hex(&hex, span_of(sum, sizeof sum));
	return true;
}
