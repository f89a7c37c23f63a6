/* captures.csv, column by column. */
#include "analyzer/report/columns.h"

#include <inttypes.h>

/* Nothing could be read, so that nothing was counted: a 0 would be a lie. */
static bool counted(const struct capture_summary *s)
{
	return s->packets || (s->input->status != CAPTURE_UNREADABLE && s->input->status != CAPTURE_UNSUPPORTED);
}

static void put_gap(struct text *t)
{
	if (t->len)
		text_add(t, span_text(";"));
}

static void put_number(struct text *t, uint64_t n)
{
	text_printf(t, "%" PRIu64, n);
}

static void put_sha256(struct text *t, const struct capture_summary *s)
{
	if (s->input->hashed)
		text_hex(t, span_of(s->input->sha256, sizeof s->input->sha256));
}

static void put_stream_sha256(struct text *t, const struct capture_summary *s)
{
	if (s->input->hashed)
		text_hex(t, span_of(s->input->stream_sha256, sizeof s->input->stream_sha256));
}

static void put_bytes(struct text *t, const struct capture_summary *s)
{
	put_number(t, s->input->file_bytes);
}

static void put_format(struct text *t, const struct capture_summary *s)
{
	if (s->input->format)
		text_add(t, span_text(s->input->format));
}

static void put_compression(struct text *t, const struct capture_summary *s)
{
	if (s->input->compression)
		text_add(t, span_text(s->input->compression));
}

static void put_link_types(struct text *t, const struct capture_summary *s)
{
	for (size_t i = 0; i < s->input->linktype_count; i++) {
		char buffer[32];
		put_gap(t);
		text_add(t, span_text(capture_linktype_name(s->input->linktypes[i], buffer, sizeof buffer)));
	}
}

static void put_snaplen(struct text *t, const struct capture_summary *s)
{
	if (s->input->snaplen)
		put_number(t, s->input->snaplen);
}

static void put_first_time(struct text *t, const struct capture_summary *s)
{
	if (s->packets)
		text_time(t, s->first_ns);
}

static void put_last_time(struct text *t, const struct capture_summary *s)
{
	if (s->packets)
		text_time(t, s->last_ns);
}

#define COUNT_COLUMN(member)                                                                                           \
	static void put_##member(struct text *t, const struct capture_summary *s)                                      \
	{                                                                                                              \
		if (counted(s))                                                                                        \
			put_number(t, s->member);                                                                      \
	}
COUNT_COLUMN(packets)
COUNT_COLUMN(packets_analysed)
COUNT_COLUMN(flows)
COUNT_COLUMN(dns_queries)
COUNT_COLUMN(http_requests)
COUNT_COLUMN(client_hellos)
COUNT_COLUMN(quic_initials)
COUNT_COLUMN(names)
COUNT_COLUMN(cut_packets)
COUNT_COLUMN(malformed_packets)
COUNT_COLUMN(duplicate_packets)
COUNT_COLUMN(disordered_packets)
COUNT_COLUMN(lost_bytes)
COUNT_COLUMN(evicted_flows)
COUNT_COLUMN(time_jumps)
COUNT_COLUMN(dropped_by_limit)
COUNT_COLUMN(findings)
#undef COUNT_COLUMN

static void put_vantage(struct text *t, const struct capture_summary *s)
{
	if (counted(s))
		text_add(t, span_text(vantage_name(s->vantage)));
}

/* Frames of a capture that stands alone count from its first. */
static void put_frame_offset(struct text *t, const struct capture_summary *s)
{
	if (counted(s))
		put_number(t, 0);
}

static void put_tested(struct text *t, const struct capture_summary *s)
{
	for (size_t i = 0; i < s->tested_count; i++) {
		put_gap(t);
		text_printf(t, "%s:%" PRIu64, s->tested[i].mechanism, s->tested[i].flows);
	}
}

static void put_status(struct text *t, const struct capture_summary *s)
{
	text_add(t, span_text(capture_status_name(s->input->status)));
}

static void put_error(struct text *t, const struct capture_summary *s)
{
	text_escape(t, span_text(s->input->error), TEXT_FIELD);
}

static void put_last_good_frame(struct text *t, const struct capture_summary *s)
{
	if (s->input->last_good_frame)
		put_number(t, s->input->last_good_frame);
}

const struct capture_column capture_columns[] = {
    {{"capture", COLUMN_OUTSIDE, "the capture file, as it was named"}, NULL},
    {{"sha256", COLUMN_WORD, "SHA-256 of the file as it is"}, put_sha256},
    {{"stream_sha256", COLUMN_WORD, "SHA-256 of the decompressed bytes"}, put_stream_sha256},
    {{"bytes", COLUMN_NUMBER, "size of the file"}, put_bytes},
    {{"format", COLUMN_WORD, "capture format"}, put_format},
    {{"compression", COLUMN_WORD, "gzip, zstd or none"}, put_compression},
    {{"link_types", COLUMN_LIST, "link types of the frames"}, put_link_types},
    {{"snaplen", COLUMN_NUMBER, "largest snap length stated"}, put_snaplen},
    {{"first_time", COLUMN_TIME, "earliest time of a frame"}, put_first_time},
    {{"last_time", COLUMN_TIME, "latest time of a frame"}, put_last_time},
    {{"packets", COLUMN_NUMBER, "frames"}, put_packets},
    {{"packets_analysed", COLUMN_NUMBER, "frames decoded to a transport header, copies apart"}, put_packets_analysed},
    {{"flows", COLUMN_NUMBER, "flows"}, put_flows},
    {{"dns_queries", COLUMN_NUMBER, "DNS queries"}, put_dns_queries},
    {{"http_requests", COLUMN_NUMBER, "HTTP requests"}, put_http_requests},
    {{"client_hellos", COLUMN_NUMBER, "TLS ClientHellos"}, put_client_hellos},
    {{"quic_initials", COLUMN_NUMBER, "ClientHellos decrypted from QUIC Initials"}, put_quic_initials},
    {{"names", COLUMN_NUMBER, "distinct names asked for"}, put_names},
    {{"vantage", COLUMN_WORD, "where the capture was taken"}, put_vantage},
    {{"frame_offset", COLUMN_NUMBER, "frames before this file's first"}, put_frame_offset},
    {{"cut_packets", COLUMN_NUMBER, "packets cut by the snap length"}, put_cut_packets},
    {{"malformed_packets", COLUMN_NUMBER, "packets whose headers contradict themselves"}, put_malformed_packets},
    {{"duplicate_packets", COLUMN_NUMBER, "copies that the capture made"}, put_duplicate_packets},
    {{"disordered_packets", COLUMN_NUMBER, "frames whose time is before that of an earlier one"},
     put_disordered_packets},
    {{"lost_bytes", COLUMN_NUMBER, "bytes acknowledged, never captured"}, put_lost_bytes},
    {{"evicted_flows", COLUMN_NUMBER, "flows that left early for lack of room"}, put_evicted_flows},
    {{"time_jumps", COLUMN_NUMBER, "jumps of the clock by more than an hour"}, put_time_jumps},
    {{"dropped_by_limit", COLUMN_NUMBER, "things not looked at because a limit was reached"}, put_dropped_by_limit},
    {{"tested", COLUMN_LIST, "mechanism:flows that the rule was able to judge"}, put_tested},
    {{"findings", COLUMN_NUMBER, "rows in findings.csv"}, put_findings},
    {{"status", COLUMN_WORD, "ok, or what went wrong"}, put_status},
    {{"error", COLUMN_OUTSIDE, "offset and reason of the first thing that went wrong"}, put_error},
    {{"last_good_frame", COLUMN_NUMBER, "last frame before it"}, put_last_good_frame},
};
const size_t capture_column_count = sizeof capture_columns / sizeof capture_columns[0];
