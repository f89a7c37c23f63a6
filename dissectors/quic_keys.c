/*
 * Initial secrets and keys (RFC 9001, section 5.2; RFC 9369, section 3.3; draft-ietf-quic-tls-29, section 5.2): HKDF with SHA-256
 * over the client's first Destination Connection ID, with a salt and labels that the version chooses.
 *
 *   HkdfLabel (RFC 8446, section 7.1):  length 2 | label <1>, "tls13 " first | context <1>, empty
 */
#include "dissectors/quic_keys.h"

#include <nettle/hkdf.h>
#include <nettle/hmac.h>

enum { SALT_LEN = 20, LABEL_MAX = 32 };

struct quic_version_keys {
	uint32_t first, last; /* versions */
	uint8_t salt[SALT_LEN];
	const char *key, *iv, *hp; /* labels */
};

static const struct quic_version_keys version_keys[] = {
    {QUIC_V1,
     QUIC_V1,
     {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
      0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a},
     "quic key",
     "quic iv",
     "quic hp"},
    {QUIC_V2,
     QUIC_V2,
     {0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
      0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9},
     "quicv2 key",
     "quicv2 iv",
     "quicv2 hp"},
    {QUIC_DRAFT_29,
     QUIC_DRAFT_32,
     {0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97,
      0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99},
     "quic key",
     "quic iv",
     "quic hp"},
    {QUIC_DRAFT_32 + 1,
     QUIC_DRAFT_34,
     {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
      0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a},
     "quic key",
     "quic iv",
     "quic hp"},
};

static const struct quic_version_keys *version_find(uint32_t version)
{
	for (size_t i = 0; i < sizeof(version_keys) / sizeof(*version_keys); i++)
		if (version >= version_keys[i].first && version <= version_keys[i].last)
			return &version_keys[i];
	return NULL;
}

bool quic_version_known(uint32_t version)
{
	return version_find(version) != NULL;
}

static void expand(const uint8_t secret[SHA256_DIGEST_SIZE], const char *label, uint8_t *out, size_t len)
{
	static const char prefix[] = "tls13 ";
	struct hmac_sha256_ctx hmac;
	uint8_t info[4 + sizeof(prefix) + LABEL_MAX];
	size_t prefix_len = sizeof(prefix) - 1, label_len = strlen(label);
	info[0] = 0;
	info[1] = (uint8_t)len;
	info[2] = (uint8_t)(prefix_len + label_len);
	memcpy(info + 3, prefix, prefix_len);
	memcpy(info + 3 + prefix_len, label, label_len);
	info[3 + prefix_len + label_len] = 0;
	hmac_sha256_set_key(&hmac, SHA256_DIGEST_SIZE, secret);
	hkdf_expand(&hmac, (nettle_hash_update_func *)hmac_sha256_update, (nettle_hash_digest_func *)hmac_sha256_digest,
	            SHA256_DIGEST_SIZE, 4 + prefix_len + label_len, info, len, out);
}

bool quic_keys_derive(struct quic_keys *keys, uint32_t version, struct span dcid, bool client)
{
	const struct quic_version_keys *v = version_find(version);
	uint8_t initial[SHA256_DIGEST_SIZE], secret[SHA256_DIGEST_SIZE];
	struct hmac_sha256_ctx hmac;
	if (!v)
		return false;
	hmac_sha256_set_key(&hmac, SALT_LEN, v->salt);
	hkdf_extract(&hmac, (nettle_hash_update_func *)hmac_sha256_update,
	             (nettle_hash_digest_func *)hmac_sha256_digest, SHA256_DIGEST_SIZE, dcid.len, dcid.ptr, initial);
	expand(initial, client ? "client in" : "server in", secret, sizeof(secret));
	expand(secret, v->key, keys->key, sizeof(keys->key));
	expand(secret, v->iv, keys->iv, sizeof(keys->iv));
	expand(secret, v->hp, keys->hp, sizeof(keys->hp));
	return true;
}
