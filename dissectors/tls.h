/*
 * Events of the TLS dissector (RFC 5246, 8446, 6066, 7301): the plaintext part of the handshake, with messages split over
 * segments and over records.
 */
#pragma once

#include "analyzer/event/event.h"

enum {
	TLS_ALPN_MAX = 8,        /* protocols listed */
	TLS_EXTENSIONS_MAX = 64, /* extension types listed */
	TLS_CIPHERS_MAX = 128,
	TLS_VERSIONS_MAX = 16,
	TLS_EXT_SERVER_NAME = 0x0000,
	TLS_EXT_SUPPORTED_GROUPS = 0x000a,
	TLS_EXT_POINT_FORMATS = 0x000b,
	TLS_EXT_SIGNATURE_ALGORITHMS = 0x000d,
	TLS_EXT_ALPN = 0x0010,
	TLS_EXT_SUPPORTED_VERSIONS = 0x002b,
	TLS_EXT_ESNI = 0xffce, /* encrypted_server_name of the drafts */
	TLS_EXT_ECH = 0xfe0d,  /* RFC 9849 */
};

struct tls_client_hello {
	uint16_t record_version, legacy_version;
	struct span sni; /* first host_name; empty: none */
	bool has_ech, has_esni;
	struct span alpn[TLS_ALPN_MAX];
	size_t alpn_count;
	uint16_t versions[TLS_VERSIONS_MAX]; /* supported_versions, GREASE included */
	size_t version_count;
	uint16_t ciphers[TLS_CIPHERS_MAX];
	size_t cipher_count;
	uint16_t extensions[TLS_EXTENSIONS_MAX]; /* types in wire order */
	size_t extension_count;
	/* Values as on the wire, without their length, cut where the hello is: two bytes each, but point formats one. */
	struct span groups, point_formats, signature_algorithms;
	struct span session_id;
	struct span body; /* the whole message without its 4-byte header */
	uint64_t offset;  /* of its record in the client's stream */
	bool
	    partial; /* cut by a gap, the capture or the end, or its lengths contradict: fields reached are filled in */
};

struct tls_server_hello {
	uint16_t legacy_version, version; /* version: with supported_versions taken into account */
	uint16_t cipher;
	bool hello_retry;
	struct span alpn;
	uint64_t offset;
};

enum { TLS_CHAIN_KEPT = 8 }; /* certificates of a chain that are kept */

/* One event for the whole chain, TLS 1.2 and before; names are those of the leaf. */
struct tls_certificate {
	struct span leaf; /* DER */
	size_t chain_count;
	struct span chain[TLS_CHAIN_KEPT]; /* DER, the leaf first; the others empty */
	struct span issuer, subject;       /* "C=KZ, CN=..." in the order of the certificate, UTF-8 or raw bytes */
	struct span issuer_cn, subject_cn;
	struct span names[16]; /* dNSName entries of subjectAltName */
	size_t name_count;
	int64_t not_before, not_after; /* seconds since 1970, or INT64_MIN */
	uint8_t leaf_sha256[32], spki_sha256[32];
	bool parsed; /* false: the DER could not be read to its end */
};

struct tls_alert {
	uint8_t level, description; /* plaintext alerts alone */
	bool before_server_hello;
	uint64_t offset;
};
