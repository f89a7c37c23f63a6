/*
 * Prints what the dissectors read from a capture, for comparison with tshark by tests/differential/run: a line each for a TCP
 * flow, a DNS question, a DNS address, a Host and a server name. The stages are wired here without detectors or shards.
 */
#include "analyzer/base/text.h"
#include "analyzer/net/decode.h"
#include "analyzer/net/track.h"
#include "dissectors/dispatch.h"
#include "dissectors/dns.h"
#include "dissectors/http.h"
#include "dissectors/quic.h"
#include "dissectors/tls.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FLOWS_CAP = 1 << 20, BUDGET = 64 << 20 };

struct stages {
	struct stream_pools *streams;
	struct tracker tracker;
	struct flow_table *flows;
	struct dispatch dispatch;
	struct bus bus;
	struct arena scratch;
	uint64_t tcp_flows;
};

static void print_line(const char *what, struct span value)
{
	char buffer[2048];
	struct text t = text_over(buffer, sizeof buffer);
	for (size_t i = 0; i < value.len; i++)
		text_printf(&t, value.ptr[i] > 0x20 && value.ptr[i] < 0x7f ? "%c" : "?", value.ptr[i]);
	if (value.len)
		printf("%s\t%s\n", what, buffer);
}

static void on_dns(void *context, const struct event *ev)
{
	const struct dns_message *m = event_dns_message(ev);
	(void)context;
	print_line("dns_name", m->qname);
	for (size_t i = 0; i < m->record_count; i++) {
		const struct dns_record *r = &m->records[i];
		struct addr a = {.version = r->type == DNS_TYPE_A ? 4 : 6};
		char text[ADDR_TEXT_SIZE];
		size_t want = r->type == DNS_TYPE_A ? 4 : r->type == DNS_TYPE_AAAA ? 16 : 0;
		if (want == 0 || r->rdata.len != want)
			continue;
		memcpy(a.bytes, r->rdata.ptr, want);
		print_line("dns_address", span_text(addr_text(&a, text)));
	}
}

static void on_http(void *context, const struct event *ev)
{
	const struct http_request *r = event_http_request(ev);
	(void)context;
	if (ev->version == 0)
		print_line("host", http_header_value(r->headers, r->header_count, "Host"));
}

static void on_hello(void *context, const struct event *ev)
{
	(void)context;
	if (ev->version == 0)
		print_line("sni", event_tls_client_hello(ev)->sni);
}

static void on_quic(void *context, const struct event *ev)
{
	(void)context;
	print_line("sni", event_quic_initial(ev)->hello.sni);
}

static void on_bytes(void *context, struct flow *f, enum dir d, uint8_t version, bool restart, struct span data,
                     bool fin, const struct packet *p)
{
	dispatch_bytes(&((struct stages *)context)->dispatch, f, d, version, restart, data, fin, p);
}

static void on_gap(void *context, struct flow *f, enum dir d, const struct stream_gap *gap, const struct packet *p)
{
	dispatch_gap(&((struct stages *)context)->dispatch, f, d, gap, p);
}

static void on_conflict(void *context, struct flow *f, enum dir d, const struct stream_conflict *c,
                        const struct packet *p)
{
	(void)context, (void)f, (void)d, (void)c, (void)p;
}

static void on_synack(void *context, struct flow *f, const struct tcp_synack *s, const struct packet *p)
{
	(void)context, (void)f, (void)s, (void)p;
}

static void on_closing(void *context, struct flow *f, enum flow_end why)
{
	struct stages *s = context;
	(void)why;
	if (f->tcp)
		stream_close(s->streams, f);
	dispatch_close(&s->dispatch, f);
	if (f->tcp)
		track_close(&s->tracker, f);
	s->tcp_flows += f->tcp != NULL;
	arena_reset(&s->scratch);
}

static void take(struct stages *s, const struct packet *p)
{
	enum dir d;
	struct flow *f = flow_touch(s->flows, p, &d);
	if (!f)
		return;
	if (f->tcp) {
		track_packet(&s->tracker, f, d, p, false);
		flow_reclass(s->flows, f);
	} else {
		dispatch_datagram(&s->dispatch, f, d, p);
	}
	arena_reset(&s->scratch);
}

static int read_capture(struct stages *s, int fd)
{
	struct err e = {0};
	struct capture *capture;
	struct capture_limits limits = {.max_inflated = CAPTURE_MAX_INFLATED_DEFAULT};
	struct decoder_limits fragments = {.fragment_bytes = BUDGET, .fragment_packets = 4096};
	struct decoder *decoder = decoder_new(&fragments);
	struct frame f;
	int got = capture_open(&capture, fd, &limits, &e);
	while (got >= 0 && (got = capture_next(capture, &f, &e)) > 0) {
		struct packet p;
		int64_t clock = f.ts_ns == FRAME_NO_TIME ? 0 : f.ts_ns;
		if (decoder_packet(decoder, &f, clock, &p) != DECODE_IP || !p.has_l4)
			continue;
		p.clock_ns = clock;
		if (p.l4_proto == IPPROTO_TCP || p.l4_proto == IPPROTO_UDP)
			take(s, &p);
	}
	flow_table_close_all(s->flows);
	capture_close(capture);
	decoder_free(decoder);
	return got < 0;
}

int main(int argc, char **argv)
{
	static struct stages s;
	struct stream_observer streams = {&s, on_bytes, on_gap, on_conflict};
	struct track_observer track = {&s, on_synack, NULL};
	struct flow_limits limits = {.flows = FLOWS_CAP,
	                             .tcp_idle_ns = INT64_MAX / 4,
	                             .closed_idle_ns = INT64_MAX / 4,
	                             .other_idle_ns = INT64_MAX / 4};
	int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
	if (fd < 0) {
		fprintf(stderr, "usage: fields CAPTURE\n");
		return 2;
	}
	s.streams = stream_pools_new(FLOWS_CAP, BUDGET, BUDGET, &streams);
	tracker_init(&s.tracker, s.streams, FLOWS_CAP, &track);
	dispatch_init(&s.dispatch, &s.bus, &s.scratch, FLOWS_CAP, BUDGET);
	s.flows = flow_table_new(&limits, 0, on_closing, &s);
	bus_subscribe(&s.bus, EV_DNS_MESSAGE, on_dns, &s);
	bus_subscribe(&s.bus, EV_HTTP_REQUEST, on_http, &s);
	bus_subscribe(&s.bus, EV_TLS_CLIENT_HELLO, on_hello, &s);
	bus_subscribe(&s.bus, EV_QUIC_INITIAL, on_quic, &s);
	int failed = read_capture(&s, fd);
	printf("tcp_flows\t%llu\n", (unsigned long long)s.tcp_flows);
	flow_table_free(s.flows);
	stream_pools_free(s.streams);
	tracker_free(&s.tracker);
	dispatch_free(&s.dispatch);
	arena_free(&s.scratch);
	close(fd);
	return failed;
}
