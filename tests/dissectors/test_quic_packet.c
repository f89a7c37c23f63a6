/* QUIC keys, headers, packet protection: the published vectors, and what must not be believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dissectors/quic_crypto.h"
#include "dissectors/quic_packet.h"
#include "tests/support/quic_seal.h"

#include <nettle/sha2.h>
#include <stdio.h>

#define BYTES(literal) span_of(literal, sizeof(literal) - 1)

static const char rfc_dcid[] = "\x83\x94\xc8\xf0\x3e\x51\x57\x08";

/* RFC 9001, appendix A.2: the CRYPTO frame of the client's Initial; RFC 9369, appendix A.2, has the same. */
static const char rfc_frame[] =
    "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c000004130113"
    "02010000c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d00170018001000070005"
    "04616c706e000500050100000000003300260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce1"
    "5d43e994ec74d748002b0003020304000d0010000e0403050306030203080408050806002d00020101001c0002400100"
    "3900320408ffffffffffffffff05048000ffff07048000ffff0801100104800075300901100f088394c8f03e51570806"
    "048000ffff";

static struct span unhex(const char *hex, uint8_t *out)
{
	size_t len = strlen(hex) / 2;
	for (size_t i = 0; i < len; i++) {
		unsigned byte;
		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		out[i] = (uint8_t)byte;
	}
	return span_of(out, len);
}

static void assert_hex(const void *bytes, size_t len, const char *hex)
{
	char text[512];
	for (size_t i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", ((const uint8_t *)bytes)[i]);
	assert_string_equal(text, hex);
}

static void check_keys(uint32_t version, bool client, const char *key, const char *iv, const char *hp)
{
	struct quic_keys keys;
	assert_true(quic_keys_derive(&keys, version, BYTES(rfc_dcid), client));
	assert_hex(keys.key, sizeof keys.key, key);
	assert_hex(keys.iv, sizeof keys.iv, iv);
	assert_hex(keys.hp, sizeof keys.hp, hp);
}

static void test_keys(void **state)
{
	(void)state;
	struct quic_keys keys;
	check_keys(QUIC_V1, true, "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c",
	           "9f50449e04a0e810283a1e9933adedd2");
	check_keys(QUIC_V1, false, "cf3a5331653c364c88f0f379b6067e37", "0ac1493ca1905853b0bba03e",
	           "c206b8d9b9f0f37644430b490eeaa314");
	check_keys(QUIC_V2, true, "8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f",
	           "45b95e15235d6f45a6b19cbcb0294ba9");
	check_keys(QUIC_V2, false, "82db637861d55e1d011f19ea71d5d2a7", "dd13c276499c0249d3310652",
	           "edf6d05c83121201b436e16877593c3a");
	assert_false(quic_keys_derive(&keys, 0, BYTES(rfc_dcid), true));
	assert_false(quic_keys_derive(&keys, 0x0a0a0a0a, BYTES(rfc_dcid), true));
	assert_false(quic_keys_derive(&keys, 0xff00001c, BYTES(rfc_dcid), true));
	assert_true(quic_keys_derive(&keys, 0xff00001d, BYTES(rfc_dcid), true));
}

/* The packet of the appendix, made here: its SHA-256 is the published one. Then opened. */
static void check_published_packet(uint32_t version, const char *header, const char *sha256)
{
	struct quic_seal q = {0};
	struct quic_seal_initial initial = {.version = version, .dcid = BYTES(rfc_dcid), .number = 2, .number_len = 4};
	uint8_t frame[256], digest[SHA256_DIGEST_SIZE];
	struct span crypto = unhex(rfc_frame, frame), frames;
	struct sha256_ctx sha;
	struct arena scratch = {0};
	struct quic_packet p;
	quic_seal_initial(&q, &initial, crypto, 1200);
	assert_int_equal(q.len, 1200);
	assert_hex(q.bytes, 22, header);
	sha256_init(&sha);
	sha256_update(&sha, q.len, q.bytes);
	sha256_digest(&sha, sizeof digest, digest);
	assert_hex(digest, sizeof digest, sha256);

	struct cursor c = cursor_over(quic_seal_span(&q));
	assert_true(quic_packet_read(&p, &c));
	assert_int_equal(p.kind, QUIC_PACKET_INITIAL);
	assert_int_equal(p.version, version);
	assert_true(quic_initial_open(&p, p.dcid, true, &scratch, &frames));
	assert_int_equal(frames.len, 1162);
	assert_memory_equal(frames.ptr, crypto.ptr, crypto.len);
	assert_false(quic_initial_open(&p, p.dcid, false, &scratch, &frames));
	assert_false(quic_initial_open(&p, BYTES("\x83\x94\xc8\xf0\x3e\x51\x57\x09"), true, &scratch, &frames));
	arena_free(&scratch);
}

static void test_published_packets(void **state)
{
	(void)state;
	check_published_packet(QUIC_V1, "c000000001088394c8f03e5157080000449e7b9aec34",
	                       "73fa0210cb4a5a17dc10b9dc98e5cc359ba1c20fe7c0e93a9e1dcb473c37e097");
	check_published_packet(QUIC_V2, "d76b3343cf088394c8f03e5157080000449ea0c95e82",
	                       "b0b766fe7e762577072d3365cc4f9635809210cba301a67f8457f5e6fdac5c68");
}

/* Each byte of the packet is vouched for: with one bit changed it does not open. */
static void test_every_bit_counts(void **state)
{
	(void)state;
	struct quic_seal q = {0};
	struct quic_seal_initial initial = {.version = QUIC_V1,
	                                    .dcid = BYTES(rfc_dcid),
	                                    .scid = BYTES("scid"),
	                                    .token = BYTES("token"),
	                                    .number_len = 1};
	struct arena scratch = {0};
	struct span frames;
	quic_seal_initial(&q, &initial, BYTES("\x01"), 64);
	for (size_t i = 0; i < q.len * 8; i++) {
		struct quic_packet p;
		struct cursor c = cursor_over(quic_seal_span(&q));
		q.bytes[i / 8] ^= (uint8_t)(1U << i % 8);
		if (quic_packet_read(&p, &c))
			assert_false(quic_initial_open(&p, BYTES(rfc_dcid), true, &scratch, &frames));
		q.bytes[i / 8] ^= (uint8_t)(1U << i % 8);
		arena_reset(&scratch);
	}
	for (size_t len = 0; len < q.len; len++) {
		struct quic_packet p;
		struct cursor c = cursor_over(span_of(q.bytes, len));
		if (quic_packet_read(&p, &c)) {
			assert_true(p.cut);
			assert_false(quic_initial_open(&p, BYTES(rfc_dcid), true, &scratch, &frames));
		}
	}
	arena_free(&scratch);
}

static enum quic_packet_kind kind_at(struct cursor *c, bool *cut)
{
	struct quic_packet p;
	assert_true(quic_packet_read(&p, c));
	*cut = p.cut;
	return p.kind;
}

static void test_kinds(void **state)
{
	(void)state;
	static const struct {
		uint32_t version;
		unsigned first;
		enum quic_packet_kind kind;
	} cases[] = {
	    {QUIC_V1, 0xc0, QUIC_PACKET_INITIAL},       {QUIC_V1, 0xd0, QUIC_PACKET_ZERO_RTT},
	    {QUIC_V1, 0xe0, QUIC_PACKET_HANDSHAKE},     {QUIC_V1, 0xf0, QUIC_PACKET_RETRY},
	    {QUIC_V2, 0xd0, QUIC_PACKET_INITIAL},       {QUIC_V2, 0xe0, QUIC_PACKET_ZERO_RTT},
	    {QUIC_V2, 0xf0, QUIC_PACKET_HANDSHAKE},     {QUIC_V2, 0xc0, QUIC_PACKET_RETRY},
	    {0, 0x80, QUIC_PACKET_VERSION_NEGOTIATION}, {0x1a2a3a4a, 0xc0, QUIC_PACKET_UNKNOWN},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct quic_seal q = {0};
		struct quic_packet p;
		quic_seal_header(&q, cases[i].first, cases[i].version, BYTES("12345678"), BYTES("abcd"));
		quic_seal_bytes(&q, BYTES("\x00\x00\x00\x00")); /* token and length 0, or whatever */
		struct cursor c = cursor_over(quic_seal_span(&q));
		assert_true(quic_packet_read(&p, &c));
		assert_int_equal(p.kind, cases[i].kind);
		assert_int_equal(p.dcid.len, 8);
		assert_int_equal(p.scid.len, 4);
	}
}

static void test_coalesced(void **state)
{
	(void)state;
	struct quic_seal q = {0};
	struct quic_packet p;
	bool cut;
	quic_seal_opaque(&q, 0xe0, QUIC_V1, BYTES("12345678"), BYTES(""), 40);
	quic_seal_opaque(&q, 0xd0, QUIC_V1, BYTES("12345678"), BYTES(""), 40);
	quic_seal_bytes(&q, BYTES("\x41short header packet"));
	struct cursor c = cursor_over(quic_seal_span(&q));
	assert_int_equal(kind_at(&c, &cut), QUIC_PACKET_HANDSHAKE);
	assert_int_equal(kind_at(&c, &cut), QUIC_PACKET_ZERO_RTT);
	assert_false(cut);
	assert_int_equal(kind_at(&c, &cut), QUIC_PACKET_SHORT);
	assert_false(quic_packet_read(&p, &c));
	c = cursor_over(span_of(q.bytes, 50));
	assert_int_equal(kind_at(&c, &cut), QUIC_PACKET_HANDSHAKE);
	assert_true(cut || cursor_left(&c) == 0);
}

/* Connection ids of more than 20 bytes are none of these versions'; of other versions they may be. */
static void test_long_ids(void **state)
{
	(void)state;
	struct quic_seal q = {0}, other = {0};
	struct quic_packet p;
	quic_seal_opaque(&q, 0xe0, QUIC_V1, BYTES("123456789012345678901"), BYTES(""), 4);
	quic_seal_opaque(&other, 0xe0, 0x1a2a3a4a, BYTES("123456789012345678901"), BYTES(""), 4);
	struct cursor c = cursor_over(quic_seal_span(&q));
	assert_false(quic_packet_read(&p, &c));
	c = cursor_over(quic_seal_span(&other));
	assert_true(quic_packet_read(&p, &c));
}

static void test_varint(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
		uint64_t value;
	} cases[] = {
	    {"\x25", 1, 37},
	    {"\x7b\xbd", 2, 15293},
	    {"\x9d\x7f\x3e\x7d", 4, 494878333},
	    {"\xc2\x19\x7c\x5e\xff\x14\xe8\x8c", 8, UINT64_C(151288809941952652)},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cursor c = cursor_over(span_of(cases[i].bytes, cases[i].len));
		assert_int_equal(quic_varint(&c), cases[i].value);
		c = cursor_over(span_of(cases[i].bytes, cases[i].len - 1));
		assert_int_equal(quic_varint(&c), 0);
		assert_true(c.failed);
	}
}

static struct quic_frames add(struct quic_crypto *crypto, struct span frames)
{
	return quic_crypto_add(crypto, frames);
}

static void test_frames(void **state)
{
	(void)state;
	static struct quic_crypto crypto;
	struct quic_frames said;
	struct span body;
	uint32_t len;
	/* ACK, ACK with ECN, PING, padding, then CRYPTO 4..6; then 0..3, overlapping with other bytes. */
	said = add(&crypto, BYTES("\x02\x05\x00\x01\x00\x01\x00\x03\x05\x00\x00\x00\x01\x02\x03\x01\x00\x00\x06\x04\x02"
	                          "ef"));
	assert_true(said.fresh && !said.strange && !said.closing);
	assert_int_equal(crypto.whole, 0);
	assert_false(quic_crypto_hello(&crypto, &body, &len));
	said = add(&crypto, BYTES("\x06\x00\x05\x01\x00\x00\x02X"));
	assert_true(said.fresh);
	assert_int_equal(crypto.whole, 6);
	assert_true(quic_crypto_hello(&crypto, &body, &len));
	assert_int_equal(len, 2);
	assert_memory_equal(body.ptr, "ef", 2);
	said = add(&crypto, BYTES("\x06\x00\x02\x01\x00"));
	assert_false(said.fresh);
	assert_int_equal(crypto.pieces, 2);
	said = add(&crypto, BYTES("\x1c\x00\x00\x00\x06\x08\x01x"));
	assert_true(said.closing && !said.fresh);
	said = add(&crypto, BYTES("\x08\x06\x08\x01x")); /* STREAM has no business here */
	assert_true(said.strange && !said.fresh);
	said = add(&crypto, BYTES("\x06\x08\x05xx"));
	assert_true(said.strange && !said.fresh);
}

/* Offsets and lengths at and beyond the room. */
static void test_room(void **state)
{
	(void)state;
	static struct quic_crypto crypto;
	struct quic_frames said;
	said = add(&crypto, BYTES("\x06\x60\x00\x02xy")); /* 8192 */
	assert_true(!said.fresh && !said.strange);
	said = add(&crypto, BYTES("\x06\x5f\xff\x02xy"));
	assert_true(said.fresh);
	assert_int_equal(crypto.bytes[QUIC_CRYPTO_MAX - 1], 'x');
	said = add(&crypto, BYTES("\x06\xff\xff\xff\xff\xff\xff\xff\xff\x01x"));
	assert_false(said.fresh);
	assert_int_equal(crypto.whole, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_published_packets),
	    cmocka_unit_test(test_every_bit_counts),
	    cmocka_unit_test(test_kinds),
	    cmocka_unit_test(test_coalesced),
	    cmocka_unit_test(test_long_ids),
	    cmocka_unit_test(test_varint),
	    cmocka_unit_test(test_frames),
	    cmocka_unit_test(test_room),
	};
	return cmocka_run_group_tests_name("quic_packet", tests, NULL, NULL);
}
