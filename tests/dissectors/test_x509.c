/* Certificates: a real one whole, cut and damaged, and names and times made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dissectors/x509.h"
#include "tests/dissectors/tls_samples.h"
#include "tests/support/guard.h"

#include <stdlib.h>

static struct span leaf(void)
{
	/* The second message of the flight: its leaf stands behind record, message, list and entry lengths. */
	size_t second = 5 + ((size_t)tls12_2_down[3] << 8 | tls12_2_down[4]);
	return span_of(tls12_2_down + second + 5 + 4 + 3 + 3, 623);
}

static void assert_text(struct span s, const char *text)
{
	if (!span_equal(s, span_text(text)))
		fail_msg("\"%.*s\" is not \"%s\"", (int)s.len, (const char *)s.ptr, text);
}

static void test_whole(void **state)
{
	(void)state;
	struct arena scratch = {0};
	struct x509 x;
	x509_read(&x, leaf(), &scratch);
	assert_true(x.whole);
	assert_text(x.issuer,
	            "C=KZ, ST=Astana, L=Town, O=Test, Inc., OU=Unit, CN=leaf.example, 1.2.840.113549.1.9.1=a@b");
	assert_true(span_equal(x.issuer, x.subject));
	assert_text(x.subject_cn, "leaf.example");
	assert_text(x.issuer_cn, "leaf.example");
	assert_int_equal(x.name_count, 2);
	assert_text(x.names[0], "leaf.example");
	assert_text(x.names[1], "*.leaf.example");
	assert_int_equal(x.not_before, 1795541086);
	assert_int_equal(x.not_after, 1827077086);
	assert_int_equal(x.spki.len, 91);
	arena_free(&scratch);
}

/* Cut anywhere it is not whole, and nothing is read behind the cut. */
static void test_cut(void **state)
{
	(void)state;
	struct guard g = guard_new(leaf().len);
	for (size_t n = 0; n < leaf().len; n++) {
		struct arena scratch = {0};
		struct x509 x;
		x509_read(&x, guard_place(&g, span_first(leaf(), n)), &scratch);
		assert_false(x.whole);
		arena_free(&scratch);
	}
	guard_free(&g);
}

/* Each byte replaced: no fault, and what is told lies within bounds. */
static void test_damaged(void **state)
{
	(void)state;
	static const uint8_t values[] = {0x00, 0x01, 0x30, 0x7f, 0x80, 0x82, 0x84, 0xff};
	uint8_t der[623];
	struct guard g = guard_new(sizeof(der));
	for (size_t at = 0; at < sizeof(der); at++) {
		for (size_t v = 0; v < sizeof(values); v++) {
			struct arena scratch = {0};
			struct x509 x;
			memcpy(der, leaf().ptr, sizeof(der));
			der[at] = values[v];
			x509_read(&x, guard_place(&g, span_of(der, sizeof(der))), &scratch);
			assert_true(x.issuer.len <= X509_DN_MAX && x.subject.len <= X509_DN_MAX);
			assert_true(x.name_count <= X509_NAMES_MAX);
			assert_true(x.spki.len <= sizeof(der));
			arena_free(&scratch);
		}
	}
	guard_free(&g);
}

static void test_trailing(void **state)
{
	(void)state;
	uint8_t der[624] = {0};
	struct arena scratch = {0};
	struct x509 x;
	memcpy(der, leaf().ptr, 623);
	x509_read(&x, span_of(der, sizeof(der)), &scratch);
	assert_false(x.whole);
	assert_text(x.subject_cn, "leaf.example");
	arena_free(&scratch);
}

/* A value: tag, length, contents. */
static size_t put(uint8_t *out, uint8_t tag, const void *contents, size_t len)
{
	size_t at = 0;
	out[at++] = tag;
	if (len >= 0x80) {
		out[at++] = 0x82;
		out[at++] = (uint8_t)(len >> 8);
	}
	out[at++] = (uint8_t)len;
	if (len > 0)
		memmove(out + at, contents, len);
	return at + len;
}

/* A certificate body of these parts, in a certificate that has nothing else. */
static struct span certificate(uint8_t *out, struct span name, struct span validity)
{
	static const uint8_t front[] = {0x02, 1, 1, 0x30, 0};
	uint8_t tbs[1000], whole[1100];
	size_t n = sizeof(front);
	memcpy(tbs, front, n);
	n += put(tbs + n, 0x30, name.ptr, name.len);
	n += put(tbs + n, 0x30, validity.ptr, validity.len);
	size_t len = put(whole, 0x30, tbs, n);
	return span_of(out, put(out, 0x30, whole, len));
}

static void test_times(void **state)
{
	(void)state;
	static const struct {
		uint8_t tag;
		const char *text;
		int64_t seconds;
	} cases[] = {
	    {0x17, "700101000000Z", 0},
	    {0x17, "491231235959Z", 2524607999},
	    {0x17, "500101000000Z", -631152000},
	    {0x17, "000229120000Z", 951825600},
	    {0x17, "2601010000Z", 1767225600},
	    {0x18, "20380119031408Z", 2147483648},
	    {0x18, "99991231235959Z", 253402300799},
	    {0x18, "19000301000000Z", -2203891200},
	    {0x17, "701301000000Z", INT64_MIN},
	    {0x17, "700100000000Z", INT64_MIN},
	    {0x17, "7001010000001", INT64_MIN},
	    {0x17, "700101000000+0100", INT64_MIN},
	    {0x17, "70010100000xZ", INT64_MIN},
	    {0x17, "", INT64_MIN},
	    {0x0c, "700101000000Z", INT64_MIN},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t time[64], der[1200];
		struct arena scratch = {0};
		struct x509 x;
		size_t n = put(time, cases[i].tag, cases[i].text, strlen(cases[i].text));
		x509_read(&x, certificate(der, span_of(NULL, 0), span_of(time, n)), &scratch);
		assert_int_equal(x.not_before, cases[i].seconds);
		assert_int_equal(x.not_after, INT64_MIN);
		arena_free(&scratch);
	}
}

static size_t put_attribute(uint8_t *out, struct span oid, uint8_t tag, struct span value)
{
	uint8_t pair[600], sequence[700];
	size_t n = put(pair, 0x06, oid.ptr, oid.len);
	n += put(pair + n, tag, value.ptr, value.len);
	n = put(sequence, 0x30, pair, n);
	return put(out, 0x31, sequence, n);
}

static void test_names(void **state)
{
	(void)state;
	static const struct {
		const char *oid;
		size_t oid_len;
		uint8_t tag;
		const char *value;
		size_t value_len;
		const char *text;
	} cases[] = {
	    {"\x55\x04\x03", 3, 0x13, "plain", 5, "CN=plain"},
	    {"\x55\x04\x06", 3, 0x0c, "KZ", 2, "C=KZ"},
	    {"\x55\x04\x03", 3, 0x1e,
	     "\x04\x22\x00"
	     "e\x20\xac\x00",
	     7,
	     "CN=\xd0\xa2"
	     "e\xe2\x82\xac"},
	    {"\x55\x04\x05", 3, 0x13, "1", 1, "2.5.4.5=1"},
	    {"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01", 9, 0x16, "a@b", 3, "1.2.840.113549.1.9.1=a@b"},
	    {"\x88\x37", 2, 0x13, "x", 1, "2.999=x"},
	    {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10, 0x13, "x", 1, "=x"},
	    {"", 0, 0x13, "", 0, "="},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t name[800], der[1200];
		struct arena scratch = {0};
		struct x509 x;
		size_t n = put_attribute(name, span_of(cases[i].oid, cases[i].oid_len), cases[i].tag,
		                         span_of(cases[i].value, cases[i].value_len));
		x509_read(&x, certificate(der, span_of(name, n), span_of(NULL, 0)), &scratch);
		assert_text(x.issuer, cases[i].text);
		arena_free(&scratch);
	}
}

/* Two common names: the last is the most specific. A name longer than is kept: cut, not lost. */
static void test_long_name(void **state)
{
	(void)state;
	uint8_t name[800], der[1200], value[300];
	struct arena scratch = {0};
	struct x509 x;
	memset(value, 'v', sizeof(value));
	size_t n = put_attribute(name, span_of("\x55\x04\x03", 3), 0x13, span_text("first"));
	n += put_attribute(name + n, span_of("\x55\x04\x0a", 3), 0x13, span_of(value, sizeof(value)));
	n += put_attribute(name + n, span_of("\x55\x04\x03", 3), 0x13, span_text("last"));
	x509_read(&x, certificate(der, span_of(name, n), span_of(NULL, 0)), &scratch);
	assert_text(x.issuer_cn, "last");
	assert_int_equal(x.issuer.len, strlen("CN=first, O=, CN=last") + sizeof(value));
	arena_free(&scratch);
}

/* Nesting and lengths that lead nowhere. */
static void test_nonsense(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
	} cases[] = {{"\x30\x80", 2},
	             {"\x30\x84\xff\xff\xff\xff", 6},
	             {"\x30\x82\xff\xff", 4},
	             {"\x1f\x01", 2},
	             {"\x30\x02\x30\x00", 4},
	             {"\x30\x00", 2},
	             {"\x04\x00", 2},
	             {"\x30\x81", 2},
	             {"", 0}};
	struct guard g = guard_new(64);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena scratch = {0};
		struct x509 x;
		x509_read(&x, guard_place(&g, span_of(cases[i].bytes, cases[i].len)), &scratch);
		assert_false(x.whole);
		assert_int_equal(x.issuer.len + x.subject.len + x.spki.len + x.name_count, 0);
		arena_free(&scratch);
	}
	guard_free(&g);
	/* Sequences within sequences, as deep as fits. */
	uint8_t deep[4000];
	for (size_t i = 0; i < sizeof(deep); i += 4)
		memcpy(deep + i, "\x30\x82\x0f\x00", 4);
	struct arena scratch = {0};
	struct x509 x;
	x509_read(&x, span_of(deep, sizeof(deep)), &scratch);
	assert_false(x.whole);
	arena_free(&scratch);
}

int main(void)
{
	const struct CMUnitTest x509[] = {
	    cmocka_unit_test(test_whole),     cmocka_unit_test(test_cut),      cmocka_unit_test(test_damaged),
	    cmocka_unit_test(test_trailing),  cmocka_unit_test(test_times),    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_long_name), cmocka_unit_test(test_nonsense),
	};
	return cmocka_run_group_tests(x509, NULL, NULL);
}
