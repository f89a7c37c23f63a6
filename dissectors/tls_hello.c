/*
 * ClientHello, ServerHello (RFC 8446, section 4.1; RFC 5246, section 7.4.1), Certificate (RFC 5246, section 7.4.2) and the
 * extensions that name something (RFC 6066, 7301; RFC 9849). Leaves records and reassembly to tls.c.
 *
 *   ClientHello:  version 2 | random 32 | session id <1> | cipher suites <2> | compression <1> | extensions <2>
 *   ServerHello:  version 2 | random 32 | session id <1> | cipher suite 2 | compression 1 | extensions <2>
 */
#include "dissectors/tls_hello.h"

#include "analyzer/base/cursor.h"
#include "dissectors/x509.h"

#include <nettle/sha2.h>

enum { RANDOM_LEN = 32, SESSION_ID_MAX = 32, NAME_TYPE_HOST = 0 };

/* SHA-256 of "HelloRetryRequest", the random of a ServerHello that is one (RFC 8446, section 4.1.3). */
static const uint8_t hello_retry_random[RANDOM_LEN] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
                                                       0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
                                                       0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

/* A length-prefixed vector; of a cut message what there is of it. */
static struct cursor vector_of(struct cursor *c, size_t len, bool partial)
{
	if (partial && len > cursor_left(c)) {
		struct cursor rest = cursor_over(cursor_rest(c));
		c->failed = true;
		return rest;
	}
	return cursor_child(c, len);
}

static void server_name_read(struct tls_client_hello *hello, struct cursor c)
{
	struct cursor list = cursor_child(&c, cursor_be16(&c));
	while (cursor_left(&list) > 0) {
		uint8_t type = cursor_u8(&list);
		struct span name = cursor_take(&list, cursor_be16(&list));
		if (list.failed)
			return;
		if (type == NAME_TYPE_HOST && hello->sni.len == 0)
			hello->sni = name;
	}
}

static void alpn_read(struct tls_client_hello *hello, struct cursor c)
{
	struct cursor list = cursor_child(&c, cursor_be16(&c));
	while (cursor_left(&list) > 0 && hello->alpn_count < TLS_ALPN_MAX) {
		struct span name = cursor_take(&list, cursor_u8(&list));
		if (list.failed)
			return;
		hello->alpn[hello->alpn_count++] = name;
	}
}

static void versions_read(struct tls_client_hello *hello, struct cursor c)
{
	struct cursor list = cursor_child(&c, cursor_u8(&c));
	while (cursor_left(&list) > 0 && hello->version_count < TLS_VERSIONS_MAX) {
		uint16_t version = cursor_be16(&list);
		if (list.failed)
			return;
		hello->versions[hello->version_count++] = version;
	}
}

/* The values of a list: what its length covers, or all there is of it. */
static struct span list_read(struct cursor *c, size_t len)
{
	return span_first(cursor_rest(c), len);
}

static void client_extension_read(struct tls_client_hello *hello, uint16_t type, struct cursor c)
{
	switch (type) {
	case TLS_EXT_SERVER_NAME:
		server_name_read(hello, c);
		break;
	case TLS_EXT_ALPN:
		alpn_read(hello, c);
		break;
	case TLS_EXT_SUPPORTED_VERSIONS:
		versions_read(hello, c);
		break;
	case TLS_EXT_SUPPORTED_GROUPS:
		hello->groups = list_read(&c, cursor_be16(&c));
		break;
	case TLS_EXT_POINT_FORMATS:
		hello->point_formats = list_read(&c, cursor_u8(&c));
		break;
	case TLS_EXT_SIGNATURE_ALGORITHMS:
		hello->signature_algorithms = list_read(&c, cursor_be16(&c));
		break;
	case TLS_EXT_ECH:
		hello->has_ech = true;
		break;
	case TLS_EXT_ESNI:
		hello->has_esni = true;
		break;
	default:
		break;
	}
}

static bool client_extensions_read(struct tls_client_hello *hello, struct cursor *c)
{
	while (cursor_left(c) > 0) {
		uint16_t type = cursor_be16(c);
		uint16_t len = cursor_be16(c);
		if (c->failed)
			return false;
		if (hello->extension_count < TLS_EXTENSIONS_MAX)
			hello->extensions[hello->extension_count++] = type;
		struct cursor body = cursor_child(c, len);
		if (c->failed)
			return false;
		client_extension_read(hello, type, body);
	}
	return true;
}

static void ciphers_read(struct tls_client_hello *hello, struct cursor c)
{
	while (cursor_left(&c) >= 2 && hello->cipher_count < TLS_CIPHERS_MAX)
		hello->ciphers[hello->cipher_count++] = cursor_be16(&c);
}

bool tls_client_hello_read(struct tls_client_hello *hello, struct span body, bool partial)
{
	struct cursor c = cursor_over(body);

	*hello = (struct tls_client_hello){.body = body, .partial = partial};
	hello->legacy_version = cursor_be16(&c);
	cursor_skip(&c, RANDOM_LEN);
	hello->session_id = cursor_take(&c, cursor_u8(&c));
	/* Cut short by the capture it is a hello all the same, that of a flow which asked for something. */
	if (c.failed)
		return partial && hello->legacy_version >> 8 == 3;
	if (hello->session_id.len > SESSION_ID_MAX)
		return false;
	ciphers_read(hello, vector_of(&c, cursor_be16(&c), partial));
	cursor_skip(&c, cursor_u8(&c));
	bool without_extensions = !c.failed && cursor_left(&c) == 0 && !partial;
	if (without_extensions)
		return true;
	/* A hello whose lengths contradict is read like a cut one: what was reached counts. */
	struct cursor extensions = vector_of(&c, cursor_be16(&c), true);
	if (c.failed)
		hello->partial = true;
	if (!client_extensions_read(hello, &extensions) || cursor_left(&c) > 0)
		hello->partial = true;
	return true;
}

static void server_extension_read(struct tls_server_hello *hello, uint16_t type, struct cursor c)
{
	if (type == TLS_EXT_SUPPORTED_VERSIONS) {
		uint16_t version = cursor_be16(&c);
		hello->version = c.failed ? hello->version : version;
	}
	if (type == TLS_EXT_ALPN) {
		struct cursor list = cursor_child(&c, cursor_be16(&c));
		hello->alpn = cursor_take(&list, cursor_u8(&list));
	}
}

bool tls_server_hello_read(struct tls_server_hello *hello, struct span body)
{
	struct cursor c = cursor_over(body);

	*hello = (struct tls_server_hello){0};
	hello->legacy_version = hello->version = cursor_be16(&c);
	struct span random = cursor_take(&c, RANDOM_LEN);
	hello->hello_retry = span_equal(random, span_of(hello_retry_random, RANDOM_LEN));
	cursor_skip(&c, cursor_u8(&c));
	hello->cipher = cursor_be16(&c);
	cursor_skip(&c, 1);
	if (c.failed)
		return false;
	struct cursor extensions = cursor_child(&c, cursor_left(&c) > 0 ? cursor_be16(&c) : 0);
	while (cursor_left(&extensions) > 0) {
		uint16_t type = cursor_be16(&extensions);
		struct cursor extension = cursor_child(&extensions, cursor_be16(&extensions));
		if (extensions.failed)
			break;
		server_extension_read(hello, type, extension);
	}
	return true;
}

static void digest(struct span s, uint8_t out[SHA256_DIGEST_SIZE])
{
	struct sha256_ctx ctx;
	sha256_init(&ctx);
	sha256_update(&ctx, s.len, s.ptr);
	sha256_digest(&ctx, SHA256_DIGEST_SIZE, out);
}

static void leaf_read(struct tls_certificate *out, struct arena *scratch)
{
	struct x509 leaf;
	x509_read(&leaf, out->leaf, scratch);
	out->issuer = leaf.issuer;
	out->subject = leaf.subject;
	out->issuer_cn = leaf.issuer_cn;
	out->subject_cn = leaf.subject_cn;
	out->name_count = leaf.name_count;
	memcpy(out->names, leaf.names, sizeof(out->names));
	out->not_before = leaf.not_before;
	out->not_after = leaf.not_after;
	out->parsed = leaf.whole;
	digest(out->leaf, out->leaf_sha256);
	if (leaf.spki.len > 0)
		digest(leaf.spki, out->spki_sha256);
}

bool tls_certificate_read(struct tls_certificate *certificate, struct span body, struct arena *scratch)
{
	struct cursor c = cursor_over(body);

	*certificate = (struct tls_certificate){0};
	struct cursor list = cursor_child(&c, cursor_be24(&c));
	while (cursor_left(&list) > 0) {
		struct span der = cursor_take(&list, cursor_be24(&list));
		if (list.failed)
			break;
		if (certificate->chain_count < TLS_CHAIN_KEPT)
			certificate->chain[certificate->chain_count] = der;
		certificate->chain_count++;
	}
	certificate->leaf = certificate->chain[0];
	if (certificate->leaf.len == 0)
		return false;
	leaf_read(certificate, scratch);
	return true;
}
