/* Interceptors by their certificates and hellos (docs/rules.md, D4), and certificates that only look odd. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "analyzer/detect/certificates.h"
#include "dissectors/ja4.h"
#include "dissectors/tls_hello.h"
#include "tests/support/conversation.h"
#include "tests/support/events.h"
#include "tests/support/flights.h"
#include "tests/support/signature_set.h"

#include <nettle/sha2.h>
#include <stdio.h>

static const char *const ids[] = {"tls_mitm_cert", "mitm_client_fp", "local_interference", NULL};

static struct sigdb *shipped(void)
{
	struct sigdb *db = NULL;
	struct err e;
	if (sigdb_load(&db, "signatures/certificates.csv", &e) != 0 || sigdb_compile(db, &e) != 0)
		fail_msg("%s", e.text);
	return db;
}

/* 2026-01-01 12:00:00 UTC: half a day behind the validity's begin. */
#define THAT_DAY_NS (INT64_C(1767268800) * 1000000000)

static void opened(struct conversation *c, const struct sigdb *db)
{
	conversation_open_for(c, ids, db);
	c->start_ns = THAT_DAY_NS + INT64_C(1000000000) * 86400 * 7;
}

/* Handshake, hello, ServerHello and certificate in one segment each; the last two are frames 5 and 6 of the flow. */
static void asked(struct conversation *c, const char *name, const struct flight *certificate)
{
	struct flight hello = flight_client_hello(name, 0, 300), answer = flight_server_hello();
	conversation_handshake(c);
	SEND(c, CLIENT, 41000, "PA", .raw = hello.bytes, .bytes = hello.len);
	SEND(c, SERVER, 82000, "PA", .raw = answer.bytes, .bytes = answer.len);
	SEND(c, SERVER, 82100, "PA", .raw = certificate->bytes, .bytes = certificate->len);
	SEND(c, CLIENT, 82200, "A");
}

static void a_known_issuer_is_found_with_all_of_its_packets(void **state)
{
	struct conversation c;
	struct sigdb *db = shipped();
	struct flight kz = flight_certificate("Qaznet Trust Network", "blocked.example", 365, 7);
	(void)state;
	opened(&c, db);
	asked(&c, "blocked.example", &kz);
	for (int i = 0; i < 5; i++)
		SEND(&c, SERVER, 90000 + i * 1000, "PA", .bytes = 500);
	SEND(&c, CLIENT, 99000, "A");
	SEND(&c, SERVER, 100000, "R");
	const struct finding *f = conversation_finding(&c, "tls_mitm_cert");
	ASSERT_SUSPECTS(f, 2, 5, 6, 8, 9, 10, 11, 12, 14);
	assert_terms(f, "E09 25");
	assert_int_equal(f->kind, KIND_MATCH);
	assert_int_equal(f->selectivity, SELECT_NAME);
	assert_string_equal(f->name, "blocked.example");
	assert_string_equal(finding_detail_value(f, "sig_id"), "kz.qaznet.issuer");
	assert_string_equal(finding_detail_value(f, "issuer"), "CN\\x3dQaznet Trust Network");
	assert_string_equal(finding_detail_value(f, "not_before"), "2026-01-01T00:00:00.000000000Z");
	assert_int_equal(strlen(finding_detail_value(f, "spki_sha256")), 64);
	assert_int_equal(f->evidence_count, 1);
	conversation_close(&c);
	sigdb_free(db);
}

/* A row with the hash of `der`, or of nothing when `spoilt`. */
static struct sigdb *row_of_hash(struct span der, bool spoilt)
{
	char rows[512], hex[2 * SHA256_DIGEST_SIZE + 1];
	uint8_t hash[SHA256_DIGEST_SIZE];
	struct sha256_ctx ctx;
	struct text text = text_over(hex, sizeof hex);
	sha256_init(&ctx);
	sha256_update(&ctx, der.len, der.ptr);
	sha256_digest(&ctx, sizeof hash, hash);
	hash[31] ^= spoilt;
	text_hex(&text, span_of(hash, sizeof hash));
	snprintf(rows, sizeof rows, "root,tls,cert_sha256,eq,%s,plain,,national,KZ,,10,hit%s", hex, SIGNATURE_SOURCE);
	return signature_set(rows);
}

static void any_certificate_of_the_chain_is_known_by_its_hash(void **state)
{
	struct flight leaf = flight_certificate("Some Sub", "blocked.example", 365, 7);
	struct flight root = flight_certificate("Some Root", "Some Root", 365, 8), both = flight_chain(&leaf, &root);
	(void)state;
	for (int spoilt = 0; spoilt < 2; spoilt++) {
		const struct flight *const shown[] = {&both, &root, &leaf};
		for (size_t i = 0; i < 3; i++) {
			struct conversation c;
			struct sigdb *db = row_of_hash(flight_der(&root), spoilt);
			opened(&c, db);
			asked(&c, "blocked.example", shown[i]);
			if (spoilt || shown[i] == &leaf) {
				assert_silent(&c);
			} else {
				const struct finding *f = conversation_finding(&c, "tls_mitm_cert");
				assert_terms(f, "E09 25");
				assert_string_equal(finding_detail_value(f, "sig_id"), "root");
			}
			conversation_close(&c);
			sigdb_free(db);
		}
	}
}

static void a_certificate_of_that_day_weighs_a_little_more(void **state)
{
	struct conversation c;
	struct sigdb *db = shipped();
	struct flight kz = flight_certificate("Qaznet Trust Network", "blocked.example", 365, 7);
	(void)state;
	opened(&c, db);
	c.start_ns = THAT_DAY_NS;
	asked(&c, "blocked.example", &kz);
	assert_terms(conversation_finding(&c, "tls_mitm_cert"), "E09 25, E09_fresh 3");
	conversation_close(&c);
	sigdb_free(db);
}

/* The interceptor steps in at the hello: the SYN/ACK came another way. */
static void a_genuine_synack_is_no_suspect(void **state)
{
	struct conversation c;
	struct sigdb *db = shipped();
	struct flight kz = flight_certificate("Qaznet Trust Network", "blocked.example", 365, 7);
	(void)state;
	opened(&c, db);
	conversation_handshake(&c);
	c.ttls[SERVER] = 59;
	struct flight hello = flight_client_hello("blocked.example", 0, 300);
	SEND(&c, CLIENT, 41000, "PA", .raw = hello.bytes, .bytes = hello.len);
	SEND(&c, SERVER, 82000, "PA", .raw = kz.bytes, .bytes = kz.len);
	SEND(&c, SERVER, 83000, "PA", .bytes = 100);
	ASSERT_SUSPECTS(conversation_finding(&c, "tls_mitm_cert"), 5, 6);
	conversation_close(&c);
	sigdb_free(db);
}

static void a_product_is_local(void **state)
{
	struct conversation c;
	struct sigdb *db = shipped();
	struct flight product = flight_certificate("Avast Web/Mail Shield Root", "blocked.example", 365, 7);
	(void)state;
	opened(&c, db);
	asked(&c, "blocked.example", &product);
	const struct finding *f = conversation_finding(&c, "local_interference");
	assert_non_null(f);
	assert_int_equal(f->kind, KIND_INFORMATIONAL);
	assert_int_equal(f->label, LABEL_NONE);
	assert_true(f->alternatives >> ALT_CORPORATE_FILTER & 1);
	assert_int_equal(conversation_findings(&c), 1);
	conversation_close(&c);
	sigdb_free(db);
}

static void issuers_that_are_merely_unknown_are_silent(void **state)
{
	static const char *const issuers[] = {"My Router", "blocked.example", "Security Certificate", "R3"};
	struct sigdb *db = shipped();
	(void)state;
	for (size_t i = 0; i < sizeof issuers / sizeof *issuers; i++) {
		struct conversation c;
		struct flight leaf = flight_certificate(issuers[i], "blocked.example", 90, 7);
		opened(&c, db);
		c.start_ns = THAT_DAY_NS;
		asked(&c, "blocked.example", &leaf);
		assert_int_equal(conversation_tested(&c, "tls_mitm_cert"), 1);
		assert_silent(&c);
		conversation_close(&c);
	}
	sigdb_free(db);
}

/* What a server shows is its own there. */
static void a_certificate_at_the_server_is_silent(void **state)
{
	struct conversation c;
	struct sigdb *db = shipped();
	struct flight kz = flight_certificate("Qaznet Trust Network", "blocked.example", 365, 7);
	struct flight hello = flight_client_hello("blocked.example", 0, 300);
	(void)state;
	opened(&c, db);
	SEND(&c, CLIENT, 0, "S", .ttl = 51);
	SEND(&c, SERVER, 100, "SA", .ttl = 64);
	SEND(&c, CLIENT, 40100, "A", .ttl = 51);
	SEND(&c, CLIENT, 41000, "PA", .raw = hello.bytes, .bytes = hello.len, .ttl = 51);
	SEND(&c, SERVER, 42000, "PA", .raw = kz.bytes, .bytes = kz.len, .ttl = 64);
	assert_silent(&c);
	conversation_close(&c);
	sigdb_free(db);
}

/* A database with one row: the fingerprint of this hello. */
static struct sigdb *knows_hello(const struct flight *hello)
{
	char row[256], text[JA4_TEXT_SIZE];
	struct tls_client_hello parsed;
	struct ja4 ja4;
	assert_true(tls_client_hello_read(&parsed, span_of(hello->bytes + 9, hello->len - 9), false));
	assert_true(ja4_of(&ja4, &parsed, JA4_TCP));
	snprintf(row, sizeof row, "box,tls,ja4,full,%s,plain,,national,KZ,,9,hit" SIGNATURE_SOURCE,
	         ja4_text(&ja4, text));
	return signature_set(row);
}

static void the_hello_of_a_known_box_is_found_at_the_server(void **state)
{
	struct flight hello = flight_client_hello("blocked.example", 0, 300);
	struct flight browser = flight_client_hello("blocked.example", 0x0017, 300);
	struct sigdb *db = knows_hello(&hello);
	(void)state;
	for (int other = 0; other < 2; other++) {
		struct conversation c;
		const struct flight *sent = other ? &browser : &hello;
		opened(&c, db);
		SEND(&c, CLIENT, 0, "S", .ttl = 51);
		SEND(&c, SERVER, 100, "SA", .ttl = 64);
		SEND(&c, CLIENT, 40100, "A", .ttl = 51);
		SEND(&c, CLIENT, 41000, "PA", .raw = sent->bytes, .bytes = sent->len, .ttl = 51);
		SEND(&c, SERVER, 42000, "PA", .bytes = 1000, .ttl = 64);
		SEND(&c, CLIENT, 83000, "A", .ttl = 51);
		const struct finding *f = conversation_finding(&c, "mitm_client_fp");
		assert_int_equal(f != NULL, !other);
		if (f) {
			ASSERT_SUSPECTS(f, 1, 3, 4, 6);
			assert_terms(f, "E09 25");
			assert_false(f->to_client);
			assert_int_equal(strlen(finding_detail_value(f, "ja3")), 32);
			assert_string_equal(finding_detail_value(f, "ja4"),
			                    (const char *)f->signatures[0]->pattern.ptr);
		}
		assert_int_equal(conversation_tested(&c, "mitm_client_fp"), 1);
		conversation_close(&c);
	}
	sigdb_free(db);
}

/* The capturing machine may well run that program. */
static void the_same_hello_at_the_client_is_silent(void **state)
{
	struct conversation c;
	struct flight hello = flight_client_hello("blocked.example", 0, 300);
	struct flight leaf = flight_certificate("R3", "blocked.example", 90, 7);
	struct sigdb *db = knows_hello(&hello);
	(void)state;
	opened(&c, db);
	asked(&c, "blocked.example", &leaf);
	assert_silent(&c);
	conversation_close(&c);
	sigdb_free(db);
}

/* Who shows what: the cases of the search for an issuer that signs for everybody. */
struct shown {
	const char *name, *issuer;
	unsigned days;
	uint8_t key, server;
};

static struct conversation shown(const struct shown *all, size_t count)
{
	struct conversation c;
	opened(&c, NULL);
	for (size_t i = 0; i < count; i++) {
		struct flight leaf = flight_certificate(all[i].issuer, all[i].name, all[i].days, all[i].key);
		conversation_again(&c, (uint16_t)(40000 + i), all[i].server);
		asked(&c, all[i].name, &leaf);
	}
	return c;
}

#define BOX "Somebody's Root"

static void one_issuer_for_everybody_is_found(void **state)
{
	static const struct shown by_key[] = {{"one.example", "R3", 90, 1, 10},
	                                      {"one.example", BOX, 30, 9, 10},
	                                      {"two.test", BOX, 90, 9, 11},
	                                      {"three.invalid", BOX, 365, 9, 12}};
	static const struct shown by_validity[] = {{"one.example", BOX, 365, 2, 10},
	                                           {"two.test", BOX, 365, 3, 11},
	                                           {"three.invalid", BOX, 365, 4, 12},
	                                           {"one.example", "R3", 90, 1, 10}};
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct conversation c = i ? shown(by_validity, 4) : shown(by_key, 4);
		const struct finding *f = conversation_finding(&c, "tls_mitm_cert");
		ASSERT_SUSPECTS(f, i ? 6 : 13);
		assert_terms(f, "E09_issuer 10");
		assert_string_equal(f->name, "one.example");
		assert_string_equal(finding_detail_value(f, "names_same_issuer"), "3");
		assert_string_equal(finding_detail_value(f, "other_issuer"), "CN\\x3dR3");
		assert_true(f->alternatives >> ALT_CORPORATE_FILTER & 1);
		assert_int_equal(conversation_findings(&c), 1);
		conversation_close(&c);
	}
}

static void authorities_and_proxies_are_silent(void **state)
{
	static const struct shown cases[][4] = {
	    /* an authority: keys and validities differ */
	    {{"one.example", "R3", 90, 1, 10},
	     {"one.example", BOX, 30, 9, 10},
	     {"two.test", BOX, 90, 8, 11},
	     {"three.invalid", BOX, 365, 7, 12}},
	    /* a proxy for all that the client does: no other issuer */
	    {{"one.example", BOX, 90, 9, 10},
	     {"four.local", BOX, 30, 9, 13},
	     {"two.test", BOX, 90, 9, 11},
	     {"three.invalid", BOX, 365, 9, 12}},
	    /* one operator */
	    {{"one.example.com", "R3", 90, 1, 10},
	     {"one.example.com", BOX, 30, 9, 10},
	     {"two.example.com", BOX, 90, 9, 11},
	     {"three.example.com", BOX, 365, 9, 12}},
	    /* one machine */
	    {{"one.example", "R3", 90, 1, 10},
	     {"one.example", BOX, 30, 9, 10},
	     {"two.test", BOX, 90, 9, 10},
	     {"three.invalid", BOX, 365, 9, 10}},
	    /* two names */
	    {{"one.example", "R3", 90, 1, 10},
	     {"one.example", BOX, 30, 9, 10},
	     {"two.test", BOX, 90, 9, 11},
	     {"two.test", BOX, 365, 9, 12}},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct conversation c = shown(cases[i], 4);
		assert_silent(&c);
		conversation_close(&c);
	}
}

/* The first stay. */
static void certificates_are_bounded(void **state)
{
	struct certificates t = {0};
	struct flow flow = {.id = 1};
	char names[CERTIFICATES_MAX + 3][8];
	struct tls_certificate c = {.issuer = span_text("CN=X"), .not_before = INT64_MIN, .not_after = INT64_MIN};
	(void)state;
	for (unsigned i = 0; i < CERTIFICATES_MAX + 3; i++) {
		snprintf(names[i], sizeof names[i], "n%u", i);
		flow.trigger.name = names[i];
		for (int twice = 0; twice < 2; twice++)
			assert_int_equal(certificates_note(&t, &flow, &c, (struct frame_ref){.number = i + 1}),
			                 i < CERTIFICATES_MAX);
	}
	assert_int_equal(t.count, CERTIFICATES_MAX);
	assert_int_equal(t.items[0].frame.number, 1);
	certificates_free(&t);
}

int main(void)
{
	const struct CMUnitTest test_tls_mitm[] = {
	    cmocka_unit_test(a_known_issuer_is_found_with_all_of_its_packets),
	    cmocka_unit_test(any_certificate_of_the_chain_is_known_by_its_hash),
	    cmocka_unit_test(a_certificate_of_that_day_weighs_a_little_more),
	    cmocka_unit_test(a_genuine_synack_is_no_suspect),
	    cmocka_unit_test(a_product_is_local),
	    cmocka_unit_test(issuers_that_are_merely_unknown_are_silent),
	    cmocka_unit_test(a_certificate_at_the_server_is_silent),
	    cmocka_unit_test(the_hello_of_a_known_box_is_found_at_the_server),
	    cmocka_unit_test(the_same_hello_at_the_client_is_silent),
	    cmocka_unit_test(one_issuer_for_everybody_is_found),
	    cmocka_unit_test(authorities_and_proxies_are_silent),
	    cmocka_unit_test(certificates_are_bounded),
	};
	return cmocka_run_group_tests(test_tls_mitm, NULL, NULL);
}
