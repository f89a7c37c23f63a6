/*
 * libtrace 3 trusts record lengths and crashes on record types it does not know, opens files by name and starts threads
 * to read them. So it gets none of that: a record is copied into a buffer of its own and shown to a trace that has no
 * file ("dead" in its words, made for records that come another way), which needs no descriptor and no thread.
 */
#include "analyzer/capture/trace.h"

#include <libtrace.h>
#include <stdlib.h>

enum {
	ETHERNET_FCS = 4,        /* DAG cards count it in the wire length */
	HDLC_PPP_ADDRESS = 0xff, /* first byte of PPP in HDLC framing (RFC 1662); Cisco's HDLC has 0x0f or 0x8f */
};

struct tracing {
	libtrace_t *trace;
	libtrace_packet_t *packet;
	libtrace_packet_t blank; /* what *packet is set to before every record, so that nothing cached is left */
	uint8_t record[TRACING_RECORD_MAX];
};

static const struct {
	const char *uri;
	libtrace_rt_types_t type;
} formats[] = {
    [TRACING_ERF] = {.uri = "erf:-", .type = TRACE_RT_DATA_ERF},
    [TRACING_TSH] = {.uri = "tsh:-", .type = TRACE_RT_DATA_TSH},
};

int tracing_open(struct tracing **out, enum tracing_format format, struct err *e)
{
	struct tracing *t = *out = calloc(1, sizeof *t);
	if (!t)
		return err_set(e, ERR_NOMEM, "out of memory");
	t->trace = trace_create_dead(formats[format].uri);
	t->packet = t->trace ? trace_create_packet() : NULL;
	if (!t->packet) {
		tracing_close(t);
		*out = NULL;
		return err_set(e, ERR_NOMEM, "libtrace gives no packet");
	}
	t->blank = *t->packet;
	t->blank.trace = t->trace;
	t->blank.type = formats[format].type;
	t->blank.buf_control = TRACE_CTRL_EXTERNAL;
	t->blank.buffer = t->blank.header = t->record;
	return 0;
}

static uint16_t linktype_of(libtrace_linktype_t type, struct span bytes)
{
	switch (type) {
	case TRACE_TYPE_ETH:
		return LINKTYPE_ETHERNET;
	case TRACE_TYPE_NONE:
		return LINKTYPE_RAW;
	case TRACE_TYPE_HDLC_POS:
		return bytes.len > 0 && bytes.ptr[0] == HDLC_PPP_ADDRESS ? LINKTYPE_PPP_HDLC : LINKTYPE_C_HDLC;
	default:
		return LINKTYPE_ERF;
	}
}

bool tracing_show(struct tracing *t, struct span header, struct span rest, struct frame *f)
{
	if (header.len > sizeof t->record || rest.len > sizeof t->record - header.len)
		return false;
	memcpy(t->record, header.ptr, header.len);
	if (rest.len > 0)
		memcpy(&t->record[header.len], rest.ptr, rest.len);
	*t->packet = t->blank;
	t->packet->payload = &t->record[trace_get_framing_length(t->packet)];

	libtrace_linktype_t type;
	uint32_t left = 0;
	const void *bytes = trace_get_packet_buffer(t->packet, &type, &left);
	size_t wire = trace_get_wire_length(t->packet);
	struct timespec time = trace_get_timespec(t->packet);
	f->ts_ns = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
	/* Records are padded, and the padding is no part of the packet. */
	f->bytes = span_first(span_of(bytes, bytes ? left : 0), wire);
	f->wire_len = (uint32_t)wire;
	f->linktype = linktype_of(type, f->bytes);
	f->fcs_len = type == TRACE_TYPE_ETH ? ETHERNET_FCS : 0;
	return true;
}

void tracing_close(struct tracing *t)
{
	if (!t)
		return;
	if (t->packet) {
		t->packet->buffer = NULL;
		t->packet->buf_control = TRACE_CTRL_EXTERNAL;
		trace_destroy_packet(t->packet);
	}
	if (t->trace)
		trace_destroy_dead(t->trace);
	free(t);
}
