/* The columns against the contract: names and order, escaping, what is empty. */
#include "analyzer/report/columns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* The contract, word for word. */
static const char finding_names[] =
    "finding_id incident capture capture_sha256 frame time suspect_frames evidence_frames mechanism kind stage "
    "protocol "
    "label score_db terms selectivity vantage client client_port server server_port direction name name_source "
    "trigger_frame signature signature_scope country ttl ttl_baseline hop_delta ip_id ip_id_previous ip_id_class df "
    "tcp_flags window options options_baseline seq_relative ack_relative payload_length delta_us rtt_min_us "
    "rtt_samples "
    "copies details guards_failed alternatives filter client_asn client_country server_asn server_country note ";
static const char capture_names[] =
    "capture sha256 stream_sha256 bytes format compression link_types snaplen first_time last_time packets "
    "packets_analysed flows dns_queries http_requests client_hellos quic_initials names vantage frame_offset "
    "cut_packets "
    "malformed_packets duplicate_packets disordered_packets lost_bytes evicted_flows time_jumps dropped_by_limit "
    "tested "
    "findings status error last_good_frame ";

static const struct mechanism mechanism = {
    .id = "rst_seq_data", .stage = "any", .protocol = "tcp", .note = "a note.", .source = "a paper"};

struct written {
	struct row_room *room;
	struct row_fields row;
	char text[8192];
};

static int setup(void **state)
{
	struct written *w = calloc(1, sizeof *w);
	w->room = calloc(1, sizeof *w->room);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct written *w = *state;
	free(w->room);
	free(w);
	return 0;
}

static const char *field(struct written *w, enum row_kind kind, const char *column)
{
	size_t i = column_find(kind, column);
	assert_true(i < w->row.count);
	assert_true(w->row.field[i].len < sizeof w->text);
	memcpy(w->text, w->row.field[i].ptr, w->row.field[i].len);
	w->text[w->row.field[i].len] = '\0';
	return w->text;
}

static const char *of_finding(struct written *w, const struct finding *f, const char *column)
{
	finding_row(&w->row, w->room, f);
	return field(w, ROW_FINDING, column);
}

static const char *of_capture(struct written *w, const struct capture_summary *s, const char *column)
{
	capture_row(&w->row, w->room, s);
	return field(w, ROW_CAPTURE, column);
}

static void names_are(enum row_kind kind, const char *expected)
{
	for (size_t i = 0; i < column_count(kind); i++) {
		const char *name = column_at(kind, i)->name;
		size_t len = strlen(name);
		assert_int_equal(strncmp(expected, name, len), 0);
		assert_int_equal(expected[len], ' ');
		assert_int_equal(column_find(kind, name), i);
		expected += len + 1;
	}
	assert_string_equal(expected, "");
	assert_int_equal(column_find(kind, "no_such_column"), column_count(kind));
}

static void columns_are_those_of_the_contract(void **state)
{
	(void)state;
	names_are(ROW_FINDING, finding_names);
	names_are(ROW_CAPTURE, capture_names);
	assert_true(column_count(ROW_FINDING) <= ROW_FIELDS_MAX);
}

static struct frame_ref frame(uint64_t number)
{
	return (struct frame_ref){.number = number, .ts_ns = (int64_t)number * 1000000000, .wire_len = 60};
}

static struct finding plain_finding(void)
{
	return (struct finding){
	    .mechanism = &mechanism,
	    .client = {.version = 4, .bytes = {10, 0, 0, 1}},
	    .server = {.version = 4, .bytes = {203, 0, 113, 7}},
	    .client_port = 1234,
	    .server_port = 443,
	    .l4_proto = IPPROTO_TCP,
	};
}

static void what_is_not_known_is_empty(void **state)
{
	static const char *const empty[] = {
	    "capture",         "capture_sha256",
	    "frame",           "time",
	    "suspect_frames",  "evidence_frames",
	    "terms",           "name",
	    "name_source",     "signature",
	    "country",         "trigger_frame",
	    "signature_scope", "ttl",
	    "ttl_baseline",    "hop_delta",
	    "ip_id",           "df",
	    "ip_id_previous",  "ip_id_class",
	    "window",          "tcp_flags",
	    "options",         "delta_us",
	    "copies",          "options_baseline",
	    "seq_relative",    "ack_relative",
	    "payload_length",  "rtt_min_us",
	    "details",         "rtt_samples",
	    "guards_failed",   "alternatives",
	    "client_asn",      "client_country",
	    "server_asn",      "server_country",
	};
	struct finding f = plain_finding();
	for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++)
		assert_string_equal(of_finding(*state, &f, empty[i]), "");
	assert_string_equal(of_finding(*state, &f, "selectivity"), "unknown");
	assert_string_equal(of_finding(*state, &f, "vantage"), "unknown");
	assert_string_equal(of_finding(*state, &f, "score_db"), "0");
	assert_string_equal(of_finding(*state, &f, "note"), "a note.");
}

static void frames_are_listed_and_the_first_is_the_row_s(void **state)
{
	struct finding f = plain_finding();
	f.suspects[0] = frame(5);
	f.suspects[1] = frame(9);
	f.suspect_count = 2;
	f.evidence[0] = frame(3);
	f.evidence[1] = frame(7);
	f.evidence_count = 2;
	assert_string_equal(of_finding(*state, &f, "frame"), "5");
	assert_string_equal(of_finding(*state, &f, "time"), "1970-01-01T00:00:05.000000000Z");
	assert_string_equal(of_finding(*state, &f, "suspect_frames"), "5;9");
	assert_string_equal(of_finding(*state, &f, "evidence_frames"), "3;7");
	assert_string_equal(of_finding(*state, &f, "filter"),
	                    "ip.addr==10.0.0.1 && ip.addr==203.0.113.7 && tcp.port==1234 && tcp.port==443 && "
	                    "(frame.number==3 || frame.number==5 || frame.number==7 || frame.number==9)");
	f.suspect_count = 0;
	assert_string_equal(of_finding(*state, &f, "frame"), "7");
}

static void the_filter_knows_ipv6_and_udp(void **state)
{
	struct finding f = plain_finding();
	f.client = (struct addr){.version = 6, .bytes = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}};
	f.server = (struct addr){.version = 6, .bytes = {0x20, 0x01, 0x0d, 0xb8, [15] = 2}};
	f.l4_proto = IPPROTO_UDP;
	assert_string_equal(of_finding(*state, &f, "filter"),
	                    "ipv6.addr==2001:db8::1 && ipv6.addr==2001:db8::2 && udp.port==1234 && udp.port==443");
}

static void names_are_escaped(void **state)
{
	static const struct {
		const char *raw, *written;
	} cases[] = {
	    {"example.com", "example.com"},
	    {"=cmd|' /C calc'!A0", "\\x3dcmd|' /C calc'!A0"},
	    {"@x", "\\x40x"},
	    {"a\"b", "a\"b"},
	    {"a\r\nb", "a\\x0d\\x0ab"},
	    {"back\\slash", "back\\\\slash"},
	    {"\xc3\xa9", "\\xc3\\xa9"},
	};
	struct finding f = plain_finding();
	f.name_source = NAME_SNI;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		f.name = cases[i].raw;
		assert_string_equal(of_finding(*state, &f, "name"), cases[i].written);
	}
	assert_string_equal(of_finding(*state, &f, "name_source"), "sni");
	char longer[400];
	memset(longer, 'a', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	f.name = longer;
	assert_int_equal(strlen(of_finding(*state, &f, "name")), TEXT_OUTSIDE_MAX + 3);
}

static void details_are_sorted_by_key(void **state)
{
	struct finding f = plain_finding();
	f.details[0] = (struct detail){"zeta", "1"};
	f.details[1] = (struct detail){"alpha", "2"};
	f.details[2] = (struct detail){"middle", "3"};
	f.detail_count = 3;
	assert_string_equal(of_finding(*state, &f, "details"), "alpha=2;middle=3;zeta=1");
	assert_string_equal(f.details[0].key, "zeta");
}

static void terms_carry_their_sign(void **state)
{
	struct finding f = plain_finding();
	f.terms[0] = (struct term){"E04", "seq", 27};
	f.terms[1] = (struct term){"N18", "none", -20};
	f.term_count = 2;
	f.score_db = -7;
	assert_string_equal(of_finding(*state, &f, "terms"), "E04:+27;N18:-20");
	assert_string_equal(of_finding(*state, &f, "score_db"), "-7");
}

static void facts_are_printed_when_they_are_known(void **state)
{
	struct finding f = plain_finding();
	f.facts = (struct facts){
	    .known =
	        FACT_TTL | FACT_TTL_BASELINE | FACT_IP_ID | FACT_TCP | FACT_OPTIONS | FACT_OPTIONS_BASELINE | FACT_DF,
	    .ttl_baseline = 44,
	    .hop_delta = -44,
	    .tcp_flags = TCP_RST | TCP_ACK,
	    .options_seen_baseline = TCPOPT_SEEN_MSS | TCPOPT_SEEN_TIMESTAMPS,
	};
	assert_string_equal(of_finding(*state, &f, "ttl"), "0");
	assert_string_equal(of_finding(*state, &f, "hop_delta"), "-44");
	assert_string_equal(of_finding(*state, &f, "ip_id"), "0");
	assert_string_equal(of_finding(*state, &f, "df"), "0");
	assert_string_equal(of_finding(*state, &f, "tcp_flags"), "rst;ack");
	assert_string_equal(of_finding(*state, &f, "payload_length"), "0");
	assert_string_equal(of_finding(*state, &f, "options"), "none");
	assert_string_equal(of_finding(*state, &f, "options_baseline"), "mss;ts");
}

static void explanations_stand_in_the_order_of_their_numbers(void **state)
{
	struct finding f = plain_finding();
	f.guards_failed = UINT32_C(1) << GUARD_CAPTURE_LOSS;
	f.guards_untested = UINT32_C(1) << GUARD_ONE_WAY | UINT32_C(1) << GUARD_MIDSTREAM;
	f.alternatives = UINT32_C(1) << ALT_OTHER_CLOSE | UINT32_C(1) << ALT_SPLIT_DNS;
	assert_string_equal(of_finding(*state, &f, "guards_failed"), "capture_loss");
	assert_string_equal(of_finding(*state, &f, "alternatives"), "midstream;one_way;split_dns;other_close");
}

static void signatures_are_listed_with_each_country_once(void **state)
{
	static const struct signature first = {.id = "a-1", .scope = SIG_NATIONAL, .country = "IR;RU"};
	static const struct signature second = {.id = "b-2", .scope = SIG_ISP, .country = "RU"};
	struct finding f = plain_finding();
	f.signatures[0] = &first;
	f.signatures[1] = &second;
	f.signature_count = 2;
	assert_string_equal(of_finding(*state, &f, "signature"), "a-1;b-2");
	assert_string_equal(of_finding(*state, &f, "signature_scope"), "national;isp");
	assert_string_equal(of_finding(*state, &f, "country"), "IR;RU");
}

/* A row at the bounds of everything still fits and passes the check of the reader. */
static void the_fullest_row_is_whole(void **state)
{
	struct written *w = *state;
	struct finding f = plain_finding();
	char value[TEXT_OUTSIDE_MAX * 4 + 1];
	memset(value, 'v', sizeof value - 1);
	value[sizeof value - 1] = '\0';
	for (size_t i = 0; i < FINDING_FRAMES_MAX; i++)
		f.suspects[i] = f.evidence[i] = frame(UINT64_MAX / 1000000000000000 + i);
	f.suspect_count = f.evidence_count = FINDING_FRAMES_MAX;
	for (size_t i = 0; i < FINDING_DETAILS_MAX; i++)
		f.details[i] = (struct detail){"a_rather_long_key_of_a_detail", value};
	f.detail_count = FINDING_DETAILS_MAX;
	f.guards_untested = f.alternatives = UINT32_MAX;
	finding_row(&w->row, w->room, &f);
	size_t bytes = 0;
	for (size_t i = 0; i < w->row.count; i++)
		bytes += w->row.field[i].len;
	assert_int_equal(w->row.count, column_count(ROW_FINDING));
	assert_true(bytes < ROW_BYTES_MAX);
	assert_string_equal(field(w, ROW_FINDING, "note"), "a note.");
}

static void a_capture_that_could_not_be_read_has_no_counts(void **state)
{
	struct capture_facts facts = {.status = CAPTURE_UNREADABLE, .error = "offset 0: empty"};
	struct capture_summary s = {.input = &facts, .first_ns = FRAME_NO_TIME, .last_ns = FRAME_NO_TIME};
	static const char *const empty[] = {"packets",    "flows",  "findings", "vantage",
	                                    "first_time", "sha256", "snaplen"};
	for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++)
		assert_string_equal(of_capture(*state, &s, empty[i]), "");
	assert_string_equal(of_capture(*state, &s, "status"), "unreadable");
	assert_string_equal(of_capture(*state, &s, "error"), "offset 0: empty");
}

static void a_capture_without_packets_has_counts_of_0(void **state)
{
	static const struct tested tested[] = {{"rst_seq_data", 3}, {"dns_dual_answer", 0}};
	struct capture_facts facts = {.status = CAPTURE_OK,
	                              .format = "pcap",
	                              .compression = "",
	                              .linktypes = {LINKTYPE_ETHERNET, LINKTYPE_RAW},
	                              .linktype_count = 2,
	                              .hashed = true,
	                              .sha256 = {0xab}};
	struct capture_summary s = {
	    .input = &facts, .first_ns = FRAME_NO_TIME, .last_ns = FRAME_NO_TIME, .tested = tested, .tested_count = 2};
	assert_string_equal(of_capture(*state, &s, "packets"), "0");
	assert_string_equal(of_capture(*state, &s, "findings"), "0");
	assert_string_equal(of_capture(*state, &s, "first_time"), "");
	assert_string_equal(of_capture(*state, &s, "quic_initials"), "0");
	assert_string_equal(of_capture(*state, &s, "link_types"), "EN10MB;RAW");
	assert_string_equal(of_capture(*state, &s, "tested"), "rst_seq_data:3;dns_dual_answer:0");
	assert_string_equal(of_capture(*state, &s, "sha256"),
	                    "ab00000000000000000000000000000000000000000000000000000000000000");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(columns_are_those_of_the_contract),
	    TEST(what_is_not_known_is_empty),
	    TEST(frames_are_listed_and_the_first_is_the_row_s),
	    TEST(the_filter_knows_ipv6_and_udp),
	    TEST(names_are_escaped),
	    TEST(details_are_sorted_by_key),
	    TEST(terms_carry_their_sign),
	    TEST(facts_are_printed_when_they_are_known),
	    TEST(explanations_stand_in_the_order_of_their_numbers),
	    TEST(signatures_are_listed_with_each_country_once),
	    TEST(the_fullest_row_is_whole),
	    TEST(a_capture_that_could_not_be_read_has_no_counts),
	    TEST(a_capture_without_packets_has_counts_of_0),
	};
	return cmocka_run_group_tests_name("columns", tests, NULL, NULL);
}
