/* DNS messages and their two transports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dissectors/dns.h"
#include "tests/support/dissect.h"

#include <stdlib.h>

extern const struct dissector dissector_dns_udp, dissector_dns_tcp;

#define BYTES(literal) span_of(literal, sizeof(literal) - 1)

static const char query[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07"
                            "example\x03"
                            "com\x00\x00\x01\x00\x01";

/* Two answers, CNAME and A, an NS in the authority section, EDNS with an upper rcode bit. */
static const char answer[] = "\x12\x34\x85\x80\x00\x01\x00\x02\x00\x01\x00\x01\x07"
                             "example\x03"
                             "com\x00\x00\x01\x00\x01"
                             "\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x06\x03"
                             "www\xc0\x0c"
                             "\xc0\x29\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xcb\x00\x71\x09"
                             "\xc0\x14\x00\x02\x00\x01\x00\x00\x0e\x10\x00\x05\x02"
                             "ns\xc0\x0c"
                             "\x00\x00\x29\x04\xd0\x01\x00\x00\x00\x00\x00";

static struct dissect *udp(uint16_t port, struct span bytes, size_t wire_len)
{
	struct dissect *x = dissect_new(&dissector_dns_udp, 40000, port);
	dissect_datagram(x, DIR_UP, bytes, wire_len);
	return x;
}

static void assert_says(struct dissect *x, const char *text)
{
	const char *transcript = dissect_transcript(x);
	if (strstr(transcript, text) == NULL)
		fail_msg("no \"%s\" in:\n%s", text, transcript);
}

static void check_says(struct dissect *x, const char *text)
{
	assert_says(x, text);
	dissect_free(x);
}

static void test_query(void **state)
{
	(void)state;
	check_says(udp(53, BYTES(query), sizeof(query) - 1),
	           "id=1234 query op=0 rcode=0 aa=0 tc=0 rd=1 ra=0 ad=0 cd=0 counts=1/0/0/0 qname=example.com qtype=1 "
	           "qclass=1 flaws=0 length=29 trailing=0 tcp=0\n");
}

static void test_answer(void **state)
{
	(void)state;
	struct dissect *x = udp(53, BYTES(answer), sizeof(answer) - 1);
	assert_says(x, "response op=0 rcode=16 aa=1 tc=0 rd=1 ra=1");
	assert_says(x, "flaws=0");
	assert_says(x, "opt=1232");
	assert_says(
	    x, "RR section=0 type=5 class=1 ttl=60 name=example.com rdata=\\x03www\\xc0\\x0c target=www.example.com\n");
	assert_says(x, "RR section=0 type=1 class=1 ttl=60 name=www.example.com rdata=\\xcb\\x00q\\x09 target=\n");
	assert_says(x, "RR section=1 type=2 class=1 ttl=3600 name=com rdata=\\x02ns\\xc0\\x0c target=ns.example.com\n");
	dissect_free(x);
}

static void test_name_escapes(void **state)
{
	(void)state;
	check_says(udp(53,
	               BYTES("\0\0\1\0\0\1\0\0\0\0\0\0\x05"
	                     "a.\\ \xff\0\0\1\0\1"),
	               24),
	           "qname=a\\x5c.\\x5c\\x5c\\x5c032\\x5c255 ");
	check_says(udp(53, BYTES("\0\0\1\0\0\1\0\0\0\0\0\0\0\0\2\0\1"), 17), "qname=. qtype=2");
}

/* Labels of 63 bytes that all need four characters: the longest text that 255 bytes can give. */
static void test_longest_name(void **state)
{
	(void)state;
	uint8_t wire[12 + 256 + 4] = {0, 0, 1, 0, 0, 1};
	size_t at = 12;
	for (int label = 0; label < 4; label++) {
		uint8_t len = label < 3 ? 63 : 61;
		wire[at++] = len;
		memset(wire + at, 0xff, len);
		at += len;
	}
	wire[at++] = 0;
	assert_int_equal(at, 12 + 255);
	struct dissect *x = udp(53, span_of(wire, at + 4), at + 4);
	assert_says(x, "flaws=0");
	dissect_free(x);

	/* One byte more is too long. */
	wire[at - 63] = 62;
	wire[at - 1] = 0xff;
	wire[at] = 0;
	x = udp(5353, span_of(wire, at + 5), at + 5);
	assert_int_equal(dissect_count(x, EV_DNS_MESSAGE), 0);
	dissect_free(x);
}

static void test_pointers(void **state)
{
	(void)state;
	static const struct {
		const char *answer_name;
		size_t len;
		const char *says;
	} cases[] = {
	    {"\xc0\x1d", 2, "flaws=2"}, /* to itself */
	    {"\xc0\x40", 2, "flaws=2"}, /* forward */
	    {"\xff\xff", 2, "flaws=2"}, /* out of the message */
	    {"\x41"
	     "a",
	     2, "flaws=2"}, /* label of an unknown kind */
	    {"\x01"
	     "a\xc0\x0c",
	     4, "name=a.example.com"},
	    {"\xc0\x14", 2, "name=com"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t wire[64];
		size_t at = sizeof(query) - 1;
		memcpy(wire, query, at);
		wire[2] |= 0x80;
		wire[7] = 1;
		memcpy(wire + at, cases[i].answer_name, cases[i].len);
		at += cases[i].len;
		memcpy(wire + at, "\0\1\0\1\0\0\0\0\0\4\1\2\3\4", 14);
		check_says(udp(53, span_of(wire, at + 14), at + 14), cases[i].says);
	}
}

/* A ladder of pointers, each to the one before: the right direction, and up to 32 rungs are climbed. */
static void test_pointer_ladder(void **state)
{
	(void)state;
	for (size_t rungs = 30; rungs < 36; rungs++) {
		/* The ladder stands in the data of a first answer; the second one is named by its top. */
		uint8_t wire[200] = {0, 0, 0x81, 0x80, 0, 0, 0, 2};
		size_t at = 12;
		memcpy(wire + at, "\0\0\x10\0\1\0\0\0\0\0", 10);
		wire[at + 10] = (uint8_t)(2 * rungs);
		at += 11;
		for (size_t i = 0; i < rungs; i++) {
			wire[at] = 0xc0;
			wire[at + 1] = (uint8_t)(i == 0 ? 12 : at - 2);
			at += 2;
		}
		wire[at] = 0xc0;
		wire[at + 1] = (uint8_t)(at - 2);
		memcpy(wire + at + 2, "\0\1\0\1\0\0\0\0\0\4\1\2\3\4", 14);
		at += 16;
		/* The pointer in the answer's name is the first hop. */
		check_says(udp(53, span_of(wire, at), at), rungs < 32 ? "flaws=0" : "flaws=2");
	}
}

static void test_trailing(void **state)
{
	(void)state;
	check_says(udp(53,
	               BYTES("\0\0\1\0\0\1\0\0\0\0\0\0\1"
	                     "a\0\0\1\0\1stray"),
	               24),
	           "flaws=4 length=24 trailing=5");
}

static void test_counts_lie(void **state)
{
	(void)state;
	check_says(udp(53,
	               BYTES("\0\0\x81\x80\0\1\0\5\0\0\0\0\1"
	                     "a\0\0\1\0\1\xc0\x0c\0\1\0\1\0\0\0\1\0\4\1\2\3\4"),
	               35),
	           "flaws=2");
}

static void test_many_records(void **state)
{
	(void)state;
	uint8_t wire[17 + 100 * 16];
	memcpy(wire, "\0\0\x81\x80\0\1\0\x64\0\0\0\0\0\0\1\0\1", 17);
	for (size_t i = 0; i < 100; i++)
		memcpy(wire + 17 + i * 16, "\xc0\x0c\0\1\0\1\0\0\0\1\0\4\1\2\3\4", 16);
	struct dissect *x = udp(53, span_of(wire, sizeof(wire)), sizeof(wire));
	assert_says(x, "flaws=8");
	assert_says(x, "trailing=0");
	dissect_free(x);
}

static void test_broken_target(void **state)
{
	(void)state;
	/* A CNAME whose name runs out of its data. */
	check_says(udp(53, BYTES("\0\0\x81\x80\0\1\0\1\0\0\0\0\0\0\1\0\1\xc0\x0c\0\5\0\1\0\0\0\1\0\2\5a"), 31),
	           "type=5 class=1 ttl=1 name=. rdata=\\x05a target=\n");
}

static void test_datagram_prefix(void **state)
{
	(void)state;
	struct dissect *whole = udp(53, BYTES(answer), sizeof(answer) - 1);
	for (size_t n = 0; n < sizeof(answer) - 1; n++) {
		struct dissect *x = udp(53, span_of(answer, n), sizeof(answer) - 1);
		char *text = strdup(dissect_transcript(x)), *save = NULL;
		strtok_r(text, "\n", &save);
		if (n >= 12)
			assert_says(x, "flaws=1 ");
		for (char *line = strtok_r(NULL, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save))
			assert_says(whole, line);
		free(text);
		dissect_free(x);
	}
	dissect_free(whole);
}

static size_t messages(uint16_t port, struct span bytes)
{
	struct dissect *x = udp(port, bytes, bytes.len);
	size_t n = (size_t)dissect_count(x, EV_DNS_MESSAGE);
	dissect_free(x);
	return n;
}

static void test_probe(void **state)
{
	(void)state;
	assert_int_equal(messages(53, BYTES(query)), 1);
	assert_int_equal(messages(5353, BYTES("\0\0\x84\0\0\0\0\0\0\0\0\0")), 1);
	assert_int_equal(messages(9999, BYTES(query)), 1);
	assert_int_equal(messages(137, BYTES(query)), 0);
	/* On another port a response does not open a conversation, nor does a query with something behind it. */
	assert_int_equal(messages(9999, BYTES(answer)), 0);
	assert_int_equal(messages(9999, BYTES("\0\0\1\0\0\1\0\0\0\0\0\0\1"
	                                      "a\0\0\1\0\1x")),
	                 0);
	/* A STUN binding request; text. */
	assert_int_equal(messages(9999, BYTES("\0\1\0\0\x21\x12\xa4\x42"
	                                      "abcdefghijkl")),
	                 0);
	assert_int_equal(messages(53, BYTES("OPTIONS sip:nm SIP/2.0\r\n")), 0);
}

static const char framed[] = "\0\x1d\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07"
                             "example\x03"
                             "com\x00\x00\x01\x00\x01"
                             "\0\x11\x56\x78\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01";

static void test_tcp_properties(void **state)
{
	(void)state;
	uint8_t reply[2 + sizeof(answer) - 1];
	reply[0] = 0;
	reply[1] = sizeof(answer) - 1;
	memcpy(reply + 2, answer, sizeof(answer) - 1);
	const struct dissect_step steps[] = {
	    {.dir = DIR_UP, .bytes = BYTES(framed), .fin = true},
	    {.dir = DIR_DOWN, .bytes = span_of(reply, sizeof(reply)), .fin = true},
	};
	assert_true(dissect_split_holds(&dissector_dns_tcp, 53, steps, 2));
	assert_true(dissect_split_holds(&dissector_dns_tcp, 8053, steps, 2));
	assert_true(dissect_prefix_holds(&dissector_dns_tcp, 53, steps, 2));
	char *text = dissect_play(&dissector_dns_tcp, 53, steps, 2, 0, 0, SIZE_MAX);
	assert_non_null(strstr(text, "id=1234 query"));
	assert_non_null(strstr(text, "id=5678 query"));
	assert_non_null(strstr(text, "target=ns.example.com"));
	free(text);
}

static void test_tcp_largest(void **state)
{
	(void)state;
	struct span head = BYTES("\xff\xff\0\0\1\0\0\1\0\0\0\0\0\0\0\0\1\0\1");
	uint8_t *wire = calloc(1, 65537);
	assert_non_null(wire);
	memcpy(wire, head.ptr, head.len);
	struct dissect *x = dissect_new(&dissector_dns_tcp, 40000, 53);
	dissect_feed(x, DIR_UP, span_of(wire, 65536), false);
	dissect_feed(x, DIR_UP, span_of(wire + 65536, 1), false);
	check_says(x, "length=65535 trailing=65518");
	free(wire);
}

static void test_tcp_gap(void **state)
{
	(void)state;
	struct dissect *x = dissect_new(&dissector_dns_tcp, 40000, 53);
	dissect_feed(x, DIR_UP, span_of(framed, 20), false);
	/* Of the first message 11 bytes are lost: it is told as cut, the second is found. */
	dissect_gap(x, DIR_UP, 11);
	dissect_feed(x, DIR_UP, span_after(BYTES(framed), 31), false);
	assert_says(x, "id=1234");
	assert_says(x, "flaws=1 ");
	assert_says(x, "id=5678");
	/* A loss of unknown extent: goes on at the next segment that looks like a message. */
	dissect_gap(x, DIR_UP, 1000);
	dissect_feed(x, DIR_UP, BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), false);
	dissect_feed(x, DIR_UP, BYTES(framed), false);
	assert_int_equal(dissect_count(x, EV_DNS_MESSAGE), 4);
	dissect_free(x);
}

static void test_tcp_gives_up(void **state)
{
	(void)state;
	struct dissect *x = dissect_new(&dissector_dns_tcp, 40000, 53);
	dissect_feed(x, DIR_UP, BYTES(framed), false);
	dissect_feed(x, DIR_UP, BYTES("\0\3abc"), false);
	check_says(x, "GIVEN UP");
	x = dissect_new(&dissector_dns_tcp, 40000, 80);
	dissect_feed(x, DIR_UP, BYTES("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), false);
	assert_string_equal(dissect_transcript(x), "");
	dissect_free(x);
}

int main(void)
{
	const struct CMUnitTest dns[] = {
	    cmocka_unit_test(test_query),           cmocka_unit_test(test_answer),
	    cmocka_unit_test(test_name_escapes),    cmocka_unit_test(test_longest_name),
	    cmocka_unit_test(test_pointers),        cmocka_unit_test(test_pointer_ladder),
	    cmocka_unit_test(test_trailing),        cmocka_unit_test(test_counts_lie),
	    cmocka_unit_test(test_many_records),    cmocka_unit_test(test_broken_target),
	    cmocka_unit_test(test_datagram_prefix), cmocka_unit_test(test_probe),
	    cmocka_unit_test(test_tcp_properties),  cmocka_unit_test(test_tcp_largest),
	    cmocka_unit_test(test_tcp_gap),         cmocka_unit_test(test_tcp_gives_up),
	};
	return cmocka_run_group_tests(dns, NULL, NULL);
}
