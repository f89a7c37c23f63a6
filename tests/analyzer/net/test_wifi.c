/* 802.11 frames: data leads to IP, everything else stops. */
#include "tests/support/frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define ADDRESSES "020000000001 020000000002 020000000003"
#define SNAP      "aaaa03 000000 0800"
#define DATA      "0801 0000 " ADDRESSES "1000 "
#define QOS       "8801 0000 " ADDRESSES "1000 0000 "
/* The driver's 802.11-common field, 20 bytes; flags: 1, a check sequence follows. */
#define PPI_COMMON "0200 1400 0000000000000000 0100 0000 00000000 00000000 "

struct wifi_case {
	const char *name;
	uint16_t linktype;
	size_t trailer; /* bytes behind the packet */
	const char *head;
};

static const struct wifi_case cases[] = {
    {"bare data", 105, 0, DATA SNAP},
    {"from the access point", 105, 0, "0802 0000" ADDRESSES "1000" SNAP},
    {"between access points", 105, 0, "0803 0000" ADDRESSES "1000 020000000004" SNAP},
    {"qos", 105, 0, QOS SNAP},
    {"qos, between access points", 105, 0, "8803 0000" ADDRESSES "1000 020000000004 0000" SNAP},
    {"qos, with ht control", 105, 0, "8881 0000" ADDRESSES "1000 0000 00000000" SNAP},
    {"aggregate", 105, 40, "8801 0000" ADDRESSES "1000 8000 020000000001 020000000002 0035" SNAP},
    {"radiotap without fields", 127, 0, "00 00 0800 00000000" DATA SNAP},
    {"radiotap, flags", 127, 0, "00 00 0900 02000000 00" DATA SNAP},
    {"radiotap, check sequence", 127, 4, "00 00 0900 02000000 10" DATA SNAP},
    {"radiotap, time before flags", 127, 4, "00 00 1100 03000000 0000000000000000 10" DATA SNAP},
    {"radiotap, more bitmaps, aligned time", 127, 4,
     "00 00 1900 03000080 00000000 00000000 0000000000000000 10" DATA SNAP},
    {"radiotap, header padded", 127, 0, "00 00 0900 02000000 20" QOS "0000" SNAP},
    {"prism, little-endian", 119, 0, "44000000 10000000 0000000000000000" DATA SNAP},
    {"prism, big-endian", 119, 0, "00000044 00000010 0000000000000000" DATA SNAP},
    {"avs as prism", 119, 0, "80211001 00000010 0000000000000000" DATA SNAP},
    {"avs", 163, 0, "80211001 00000010 0000000000000000" DATA SNAP},
    {"ppi", 192, 0, "00 00 0800 69000000" DATA SNAP},
    {"ppi, check sequence", 192, 4, "00 00 2000 69000000" PPI_COMMON DATA SNAP},
    {"ppi, other field first", 192, 4, "00 00 2800 69000000 3075 0400 00000000" PPI_COMMON DATA SNAP},
};

static void build(struct bytes *b, const struct wifi_case *c)
{
	bytes_hello(b);
	bytes_hex(b, c->head);
	bytes_append_zeros(b, c->trailer);
}

static void leads_to_ip(void **state)
{
	(void)state;
	struct decoder *d = frames_decoder();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct bytes b;
		struct packet p;
		build(&b, &cases[i]);
		enum decode_result result = frames_decode(d, cases[i].linktype, bytes_span(&b), &p);
		if (result != DECODE_IP)
			fail_msg("%s: result %d", cases[i].name, result);
		assert_hello(&p, 4);
		/* The check sequence is no padding. */
		if (p.anomalies)
			fail_msg("%s: anomalies %x", cases[i].name, p.anomalies);
	}
	decoder_free(d);
}

static void bears_any_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct bytes b;
		build(&b, &cases[i]);
		assert_prefixes(cases[i].name, cases[i].linktype, bytes_span(&b));
	}
}

struct stop_case {
	const char *name;
	uint16_t linktype;
	enum decode_result result;
	const char *head; /* before an IP packet, which must not be found */
};

static const struct stop_case stops[] = {
    {"beacon", 105, DECODE_NOT_IP, "8000 0000" ADDRESSES "1000"},
    {"acknowledgement", 105, DECODE_NOT_IP, "d400 0000 020000000001"},
    {"null data", 105, DECODE_NOT_IP, "4801 0000" ADDRESSES "1000"},
    {"qos null", 105, DECODE_NOT_IP, "c801 0000" ADDRESSES "1000 0000"},
    {"protected", 105, DECODE_PROTECTED, "0841 0000" ADDRESSES "1000" SNAP},
    {"protected, radiotap", 127, DECODE_PROTECTED, "00 00 0800 00000000 8841 0000" ADDRESSES "1000 0000" SNAP},
    {"later fragment", 105, DECODE_NOT_IP, "0801 0000" ADDRESSES "1100" SNAP},
    {"eapol", 105, DECODE_NOT_IP, DATA "aaaa03 000000 888e"},
    {"damaged on the air", 127, DECODE_MALFORMED, "00 00 0900 02000000 50" DATA SNAP},
    {"radiotap of version 1", 127, DECODE_MALFORMED, "01 00 0800 00000000" DATA SNAP},
    {"radiotap, length under 8", 127, DECODE_MALFORMED, "00 00 0700 00000000" DATA SNAP},
    {"radiotap, length past the end", 127, DECODE_MALFORMED, "00 00 ffff 00000000" DATA SNAP},
    {"prism, length past the end", 119, DECODE_MALFORMED, "44000000 00000001" DATA SNAP},
    {"prism, length under 8", 119, DECODE_MALFORMED, "44000000 04000000" DATA SNAP},
    {"avs, length past the end", 163, DECODE_MALFORMED, "80211001 ffffffff" DATA SNAP},
    {"ppi, length under 8", 192, DECODE_MALFORMED, "00 00 0700 69000000" DATA SNAP},
    {"ppi, length past the end", 192, DECODE_MALFORMED, "00 00 ffff 69000000" DATA SNAP},
};

static void stops_where_it_must(void **state)
{
	(void)state;
	struct decoder *d = frames_decoder();
	for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
		struct bytes b;
		struct packet p;
		bytes_hello(&b);
		bytes_hex(&b, stops[i].head);
		enum decode_result result = frames_decode(d, stops[i].linktype, bytes_span(&b), &p);
		if (result != stops[i].result)
			fail_msg("%s: result %d", stops[i].name, result);
		assert_int_equal(p.src.version, 0);
	}
	assert_int_equal(decoder_counts(d)->results[DECODE_PROTECTED], 2);
	decoder_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(leads_to_ip),
	    cmocka_unit_test(bears_any_cut),
	    cmocka_unit_test(stops_where_it_must),
	};
	return cmocka_run_group_tests_name("test_wifi", tests, NULL, NULL);
}
