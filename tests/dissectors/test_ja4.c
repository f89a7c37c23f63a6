/* Published fingerprints, byte for byte, and the corners of their rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dissectors/ja4.h"
#include "dissectors/tls_hello.h"

/* The ClientHello of RFC 9001, appendix A, without its message header. */
static const char rfc9001_hello[] =
    "0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c000004130113"
    "02010000c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d00170018001000070005"
    "04616c706e000500050100000000003300260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce1"
    "5d43e994ec74d748002b0003020304000d0010000e0403050306030203080408050806002d00020101001c0002400100"
    "3900320408ffffffffffffffff05048000ffff07048000ffff0801100104800075300901100f088394c8f03e51570806"
    "048000ffff";

static uint8_t nibble(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static struct tls_client_hello rfc9001(uint8_t *room)
{
	struct tls_client_hello hello;
	size_t n = sizeof rfc9001_hello / 2;
	for (size_t i = 0; i < n; i++)
		room[i] = (uint8_t)(nibble(rfc9001_hello[2 * i]) << 4 | nibble(rfc9001_hello[2 * i + 1]));
	assert_true(tls_client_hello_read(&hello, span_of(room, n), false));
	return hello;
}

static void says(const struct tls_client_hello *hello, enum ja4_transport transport, const char *expected)
{
	struct ja4 j;
	char text[JA4_TEXT_SIZE];
	assert_true(ja4_of(&j, hello, transport));
	assert_string_equal(ja4_text(&j, text), expected);
}

static void the_hello_of_rfc_9001(void **state)
{
	uint8_t room[sizeof rfc9001_hello];
	struct tls_client_hello hello = rfc9001(room);
	(void)state;
	says(&hello, JA4_QUIC, "q13d0211an_62ed6f6ca7ad_4d634acda6c0");
	says(&hello, JA4_TCP, "t13d0211an_62ed6f6ca7ad_4d634acda6c0");
}

static const uint8_t browser_algorithms[] = {0x04, 0x03, 0x08, 0x04, 0x04, 0x01, 0x05, 0x03,
                                             0x08, 0x05, 0x05, 0x01, 0x08, 0x06, 0x06, 0x01};

/* A browser's, as the specification prints it, in another order and with reserved values everywhere. */
static struct tls_client_hello browser(void)
{
	return (struct tls_client_hello){
	    .legacy_version = 0x0303,
	    .alpn = {span_text("h2"), span_text("http/1.1")},
	    .alpn_count = 2,
	    .versions = {0x6a6a, 0x0304, 0x0303},
	    .version_count = 3,
	    .ciphers = {0xdada, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014,
	                0x009c, 0x009d, 0x002f, 0x0035},
	    .cipher_count = 16,
	    .extensions = {0x3a3a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023,
	                   0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015, 0xfafa},
	    .extension_count = 18,
	    .signature_algorithms = span_of(browser_algorithms, sizeof browser_algorithms),
	};
}

static void the_published_example(void **state)
{
	struct tls_client_hello hello = browser();
	(void)state;
	says(&hello, JA4_TCP, "t13d1516h2_8daaf6152771_e5627efa2ab1");
	hello.signature_algorithms.len = 0;
	says(&hello, JA4_TCP, "t13d1516h2_8daaf6152771_6d807ffa2a79");
}

static void versions_names_and_protocols(void **state)
{
	struct tls_client_hello hello = {.legacy_version = 0x0301, .ciphers = {0x002f}, .cipher_count = 1};
	struct ja4 j;
	char text[JA4_TEXT_SIZE];
	(void)state;
	assert_true(ja4_of(&j, &hello, JA4_DTLS));
	ja4_text(&j, text);
	assert_memory_equal(text, "d10i010000_", 11);
	assert_string_equal(text + 23, "_000000000000");
	hello.legacy_version = 0x7f00;
	hello.alpn[0] = span_text("h");
	hello.alpn_count = 1;
	assert_true(ja4_of(&j, &hello, JA4_TCP));
	assert_memory_equal(ja4_text(&j, text), "t00i0100hh_", 11);
}

static void what_was_cut_has_no_fingerprint(void **state)
{
	struct tls_client_hello hello = browser();
	struct ja4 j;
	char text[JA4_TEXT_SIZE], ja3[JA3_TEXT_SIZE];
	(void)state;
	hello.partial = true;
	assert_false(ja4_of(&j, &hello, JA4_TCP));
	assert_string_equal(ja4_text(&j, text), "");
	assert_false(ja3_of(ja3, &hello));
	hello = browser();
	hello.cipher_count = TLS_CIPHERS_MAX;
	assert_false(ja4_of(&j, &hello, JA4_TCP));
}

/* More than two digits can say. */
static void counts_stop_at_99(void **state)
{
	struct tls_client_hello hello = {.legacy_version = 0x0303, .cipher_count = 120};
	struct ja4 j;
	char text[JA4_TEXT_SIZE];
	(void)state;
	for (size_t i = 0; i < hello.cipher_count; i++)
		hello.ciphers[i] = (uint16_t)(0xc000 + i);
	assert_true(ja4_of(&j, &hello, JA4_TCP));
	assert_memory_equal(ja4_text(&j, text), "t12i990000_", 11);
}

/* The two examples of JA3's authors. */
static void published_ja3(void **state)
{
	static const uint8_t groups[] = {0, 23, 0, 24, 0, 25}, formats[] = {0};
	struct tls_client_hello hello = {
	    .legacy_version = 769,
	    .ciphers = {47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4},
	    .cipher_count = 12,
	    .extensions = {0, 10, 11},
	    .extension_count = 3,
	    .groups = span_of(groups, sizeof groups),
	    .point_formats = span_of(formats, sizeof formats),
	};
	char text[JA3_TEXT_SIZE];
	(void)state;
	assert_true(ja3_of(text, &hello));
	assert_string_equal(text, "ada70206e40642a3e4461f35503241d5");
	struct tls_client_hello old = {.legacy_version = 769,
	                               .ciphers = {4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99},
	                               .cipher_count = 11};
	assert_true(ja3_of(text, &old));
	assert_string_equal(text, "de350869b8c85de67a350c8d186f11e6");
}

int main(void)
{
	const struct CMUnitTest test_ja4[] = {
	    cmocka_unit_test(the_hello_of_rfc_9001),
	    cmocka_unit_test(the_published_example),
	    cmocka_unit_test(versions_names_and_protocols),
	    cmocka_unit_test(what_was_cut_has_no_fingerprint),
	    cmocka_unit_test(counts_stop_at_99),
	    cmocka_unit_test(published_ja3),
	};
	return cmocka_run_group_tests(test_ja4, NULL, NULL);
}
