/* What is claimed as a tunnel, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>

#include "tests/support/dissect.h"

extern const struct dissector dissector_openvpn_udp, dissector_openvpn_tcp, dissector_wireguard, dissector_dtls;

#define BYTES(literal) span_of(literal, sizeof(literal) - 1)
#define SESSION        "\x01\x02\x03\x04\x05\x06\x07\x08"

static uint64_t count(const struct dissector *dissector, struct span first)
{
	struct dissect *x = dissect_new(dissector, 40000, 1194);
	dissect_datagram(x, DIR_UP, first, first.len);
	uint64_t n = dissect_count(x, EV_TUNNEL_MESSAGE);
	dissect_free(x);
	return n;
}

static void openings_of_openvpn(void **state)
{
	char auth[86] = "\x38" SESSION, crypt[54] = "\x38" SESSION "\0\0\0\x01";
	(void)state;
	for (size_t i = 9; i < 73; i++)
		auth[i] = 'h';
	assert_int_equal(count(&dissector_openvpn_udp, BYTES("\x38" SESSION "\0\0\0\0\0")), 1);
	assert_int_equal(count(&dissector_openvpn_udp, span_of(auth, sizeof auth)), 1);
	assert_int_equal(count(&dissector_openvpn_udp, span_of(crypt, sizeof crypt)), 1);
	assert_int_equal(count(&dissector_openvpn_udp, span_of(crypt, sizeof crypt - 1)), 0);
	assert_int_equal(count(&dissector_openvpn_udp, BYTES("\x38" SESSION "\0\0\0\0\x01")), 0);
	assert_int_equal(count(&dissector_openvpn_udp, BYTES("\x39" SESSION "\0\0\0\0\0")), 0); /* key id 1 */
	assert_int_equal(count(&dissector_openvpn_udp, BYTES("\x40" SESSION "\0\0\0\0\0")), 0);
	assert_int_equal(count(&dissector_openvpn_udp, BYTES("\x38")), 0);
}

static void openvpn_over_tcp(void **state)
{
	(void)state;
	static const char reset[] = "\0\x0e\x38" SESSION "\0\0\0\0\0";
	const struct dissect_step steps[] = {
	    {.dir = DIR_UP, .bytes = BYTES(reset)},
	    {.dir = DIR_DOWN, .bytes = BYTES("\0\x1a\x40" SESSION "\x01\0\0\0\0" SESSION "\0\0\0\0")},
	    {.dir = DIR_UP,
	     .bytes = BYTES("\0\x05\x48"
	                    "abcd"
	                    "\0\x03\x28xy")},
	};
	char *text = dissect_play(&dissector_openvpn_tcp, 1194, steps, 3, 0, 0, SIZE_MAX);
	size_t events = 0;
	for (const char *at = text; (at = strstr(at, "TUNNEL_MESSAGE")); at++)
		events++;
	assert_int_equal(events, 4);
	free(text);
}

static void wireguard_by_exact_length(void **state)
{
	uint8_t m[149] = {1};
	(void)state;
	assert_int_equal(count(&dissector_wireguard, span_of(m, 148)), 1);
	assert_int_equal(count(&dissector_wireguard, span_of(m, 147)), 0);
	assert_int_equal(count(&dissector_wireguard, span_of(m, 149)), 0);
	m[1] = 1;
	assert_int_equal(count(&dissector_wireguard, span_of(m, 148)), 0);
	m[0] = 4;
	m[1] = 0;
	assert_int_equal(count(&dissector_wireguard, span_of(m, 148)), 0); /* data opens nothing */
}

static void dtls_hellos(void **state)
{
	(void)state;
	assert_int_equal(count(&dissector_dtls, BYTES("\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\x04\x01\0\0\0")), 1);
	assert_int_equal(count(&dissector_dtls, BYTES("\x16\xfe\xff\0\0\0\0\0\0\0\0\0\x04\x01\0\0\0")), 1);
	assert_int_equal(count(&dissector_dtls, BYTES("\x16\x03\x03\0\0\0\0\0\0\0\0\0\x04\x01\0\0\0")), 0);
	assert_int_equal(count(&dissector_dtls, BYTES("\x17\xfe\xfd\0\0\0\0\0\0\0\0\0\x04\x01\0\0\0")), 0);
	assert_int_equal(count(&dissector_dtls, BYTES("\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\x00")), 0);
}

/* Every prefix is read without a step behind its end; the harness shows them before an unreadable page. */
static void prefixes(void **state)
{
	static const char messages[][64] = {"\x38" SESSION "\0\0\0\0\0", "\x01\0\0\0",
	                                    "\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\x04\x01\0\0\0"};
	const struct dissector *all[] = {&dissector_openvpn_udp, &dissector_wireguard, &dissector_dtls};
	(void)state;
	for (size_t m = 0; m < 3; m++)
		for (size_t d = 0; d < 3; d++)
			for (size_t len = 1; len <= 64; len++)
				assert_true(count(all[d], span_of(messages[m], len)) <= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(openings_of_openvpn),
	    cmocka_unit_test(openvpn_over_tcp),
	    cmocka_unit_test(wireguard_by_exact_length),
	    cmocka_unit_test(dtls_hellos),
	    cmocka_unit_test(prefixes),
	};
	return cmocka_run_group_tests_name("tunnel", tests, NULL, NULL);
}
