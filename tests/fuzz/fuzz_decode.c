/*
 * The decoder: a link type, then frames one after another, so that fragments meet. Each frame has a head of four bytes:
 * its length (two), how much of the wire's the capture lacks, and flags: seconds that pass, a check sequence. Spans of
 * the result are read to their ends.
 */
#include "analyzer/base/cursor.h"
#include "analyzer/net/decode.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FLAG_FCS = 0x80, FLAG_SECONDS = 0x7f };

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void read_all(struct span s)
{
	uint8_t sum = 0;
	for (size_t i = 0; i < s.len; i++)
		sum ^= s.ptr[i];
	volatile uint8_t sink = sum;
	(void)sink;
}

static void check_packet(enum decode_result result, const struct packet *p)
{
	char text[ADDR_TEXT_SIZE];
	require(result < DECODE_RESULT_COUNT);
	bool found = result == DECODE_IP || result == DECODE_FRAGMENT;
	require(found == (p->src.version != 0) && p->src.version == p->dst.version);
	if (!found)
		return;
	require(result == DECODE_IP || !p->has_l4);
	read_all(p->l4);
	read_all(p->payload);
	require(p->payload.len <= p->payload_len && p->payload.len <= p->l4.len);
	require(p->payload.len == p->payload_len || p->anomalies & (PKT_SNAPPED | PKT_MALFORMED));
	(void)addr_text(&p->src, text);
	(void)addr_is_private(&p->dst);
	(void)packet_checksum(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct decoder_limits limits = {.fragment_bytes = 4096, .fragment_packets = 4};
	struct cursor c = cursor_over(span_of(data, size));
	uint16_t linktype = cursor_be16(&c);
	struct decoder *d = decoder_new(&limits);
	if (!d)
		return 0;
	int64_t clock_ns = 0;
	uint64_t frames = 0;
	while (cursor_left(&c) > 0) {
		size_t len = cursor_be16(&c);
		uint8_t cut = cursor_u8(&c), flags = cursor_u8(&c);
		size_t left = cursor_left(&c);
		struct span bytes = cursor_take(&c, len < left ? len : left);
		/* A copy of its own, so that a sanitizer sees one byte too many. */
		uint8_t *copy = malloc(bytes.len ? bytes.len : 1);
		if (!copy)
			break;
		if (bytes.len)
			memcpy(copy, bytes.ptr, bytes.len);
		clock_ns += (flags & FLAG_SECONDS) * INT64_C(1000000000);
		struct frame f = {.number = ++frames,
		                  .linktype = linktype,
		                  .wire_len = (uint32_t)(bytes.len + cut),
		                  .fcs_len = flags & FLAG_FCS ? 4 : 0,
		                  .bytes = span_of(copy, bytes.len)};
		struct packet p;
		check_packet(decoder_packet(d, &f, clock_ns, &p), &p);
		free(copy);
	}
	uint64_t sum = 0;
	for (size_t i = 0; i < DECODE_RESULT_COUNT; i++)
		sum += decoder_counts(d)->results[i];
	require(sum == frames);
	decoder_free(d);
	return 0;
}
