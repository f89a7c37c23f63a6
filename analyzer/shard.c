/* Wiring of one logical shard: packet -> flow -> stream -> dissector -> event -> detector -> candidate. */
#include "analyzer/shard.h"

#include "analyzer/net/icmp_error.h"

#include <stdlib.h>

enum {
	DETECTORS = 0
#define DETECTOR(name) +1
#include "analyzer/detect/list.h"
#undef DETECTOR
};

/* Shares of the memory that a capture may use. */
enum {
	SHARE_OVERLAP_PERCENT = 10,
	SHARE_PENDING_PERCENT = 25,
	SHARE_HOLD_PERCENT = 25,
	SHARE_CANDIDATE_PERCENT = 25,
	SHARE_NAMES_PERCENT = 5,
	SHARE_DETECTOR_PERCENT = 10, /* each that has tables of its own */
	SHARE_TRANSFER_PERCENT = 5,
	SHARE_PACE_PERCENT = 2
};

#define SECONDS(n) (INT64_C(n) * 1000000000)

/* Idle times: long enough for a keep-alive connection and, after a close, for what the rules pair within 3 s; short enough
 * that memory follows what is open now. */
static const struct flow_limits idle_limits = {.tcp_idle_ns = SECONDS(600),
                                               .closed_idle_ns = SECONDS(10),
                                               .other_idle_ns = SECONDS(60)};

struct shard {
	const struct pipeline_config *config;
	struct flow_table *flows;
	struct stream_pools *streams;
	struct transfers transfers;
	struct paces paces;
	struct tracker tracker;
	struct duplicate_filter duplicates;
	struct dispatch dispatch;
	struct bus bus;
	struct arena scratch;
	struct names names;
	struct candidates candidates;
	struct census census;
	struct attempts attempts;
	struct shard_counts counts;
	struct detection detections[DETECTORS];
	struct slot slots[DETECTORS];
	size_t detector_count;
	bool *wanted;     /* by mechanism; NULL: all */
	uint64_t *tested; /* by mechanism */
};

static void call_detectors(void *context, const struct event *ev)
{
	struct shard *s = context;
	for (size_t i = 0; i < s->detector_count; i++) {
		if (!detectors[i]->on[ev->type])
			continue;
		s->detections[i].state = flow_slot(ev->flow, s->slots[i]);
		detectors[i]->on[ev->type](&s->detections[i], ev);
	}
}

/* The latest request of a flow: what an answer, genuine or forged, answers. */
static void keep_trigger(struct shard *s, const struct event *ev, enum trigger_kind kind, struct span name)
{
	if (!ev->pkt || ev->version != 0)
		return;
	const struct flow *f = ev->flow;
	ev->flow->trigger = (struct trigger){
	    .kind = kind,
	    .server_packets = f->tcp ? f->tcp->side[DIR_DOWN].data_packets : (uint32_t)f->packets[DIR_DOWN],
	    .sample = sample_of(ev->pkt),
	    .name = names_keep(&s->names, name),
	};
}

static void on_request(void *context, const struct event *ev)
{
	struct shard *s = context;
	const struct http_request *http = event_http_request(ev);
	const struct command *command = event_command(ev);
	const struct tls_client_hello *tls = event_tls_client_hello(ev);
	const struct quic_initial *quic = event_quic_initial(ev);
	const struct dns_message *dns = event_dns_message(ev);
	if (http) {
		s->counts.http_requests++;
		keep_trigger(s, ev, TRIGGER_HTTP, http->host);
	} else if (tls) {
		s->counts.client_hellos++;
		keep_trigger(s, ev, TRIGGER_TLS, tls->sni);
	} else if (quic) {
		s->counts.quic_initials++;
		keep_trigger(s, ev, TRIGGER_QUIC, quic->hello.sni);
	} else if (dns && !dns->response) {
		s->counts.dns_queries++;
		keep_trigger(s, ev, TRIGGER_DNS, dns->qname);
	} else if (command) {
		keep_trigger(s, ev, command->kind, span_of(NULL, 0));
	}
}

static void on_quic_flow(void *context, const struct event *ev)
{
	struct shard *s = context;
	s->counts.quic_limited += event_quic_flow(ev)->limited;
}

static void tell_opening(struct shard *s, struct flow *f, struct span data, const struct packet *p)
{
	struct stream_opening body = {.payload = data};
	if ((f->flags & (FLOW_OPENED | FLOW_MIDSTREAM)) || data.len == 0 || !p)
		return;
	f->flags |= FLOW_OPENED;
	if (side_relative(&f->tcp->side[DIR_UP], p->tcp_seq) == 1)
		bus_emit(&s->bus,
		         &(struct event){.type = EV_STREAM_OPENING, .dir = DIR_UP, .pkt = p, .flow = f, .body = &body});
}

static void on_stream_bytes(void *context, struct flow *f, enum dir d, uint8_t version, bool restart, struct span data,
                            bool fin, const struct packet *p)
{
	struct shard *s = context;
	if (d == DIR_UP && version == 0)
		tell_opening(s, f, data, p);
	dispatch_bytes(&s->dispatch, f, d, version, restart, data, fin, p);
}

static void on_stream_gap(void *context, struct flow *f, enum dir d, const struct stream_gap *gap,
                          const struct packet *p)
{
	struct shard *s = context;
	dispatch_gap(&s->dispatch, f, d, gap, p);
	bus_emit(&s->bus, &(struct event){.type = EV_STREAM_GAP, .dir = d, .pkt = p, .flow = f, .body = gap});
}

static void on_stream_conflict(void *context, struct flow *f, enum dir d, const struct stream_conflict *c,
                               const struct packet *p)
{
	struct shard *s = context;
	bus_emit(&s->bus, &(struct event){.type = EV_STREAM_CONFLICT, .dir = d, .pkt = p, .flow = f, .body = c});
}

static void on_synack(void *context, struct flow *f, const struct tcp_synack *synack, const struct packet *p)
{
	struct shard *s = context;
	bus_emit(&s->bus, &(struct event){.type = EV_TCP_SYNACK, .dir = DIR_DOWN, .pkt = p, .flow = f, .body = synack});
}

static void on_zero_window(void *context, struct flow *f, enum dir d, const struct tcp_zero_window *z,
                           const struct packet *p)
{
	struct shard *s = context;
	bus_emit(&s->bus, &(struct event){.type = EV_TCP_ZERO_WINDOW, .dir = d, .pkt = p, .flow = f, .body = z});
}

static void on_flow_closing(void *context, struct flow *f, enum flow_end why)
{
	struct shard *s = context;
	struct flow_change body = {.end = why};
	struct attempt attempt;
	if (f->tcp) {
		stream_close(s->streams, f);
		transfer_close(&s->transfers, f);
	}
	dispatch_close(&s->dispatch, f);
	bus_emit(&s->bus, &(struct event){.type = EV_FLOW_CLOSE, .dir = DIR_UP, .flow = f, .body = &body});
	census_flow(&s->census, f);
	if (attempt_of_flow(&attempt, f, why == FLOW_END_CAPTURE) &&
	    !(f->l4_proto == IPPROTO_UDP && f->trigger.kind == TRIGGER_DNS))
		attempts_add(&s->attempts, &attempt);
	if (f->tcp)
		track_close(&s->tracker, f);
	arena_reset(&s->scratch);
}

static void on_transfer(void *context, struct flow *f, enum dir d, const struct transfer_log *log)
{
	struct shard *s = context;
	bus_emit(&s->bus, &(struct event){.type = EV_TRANSFER, .dir = d, .flow = f, .body = log});
}

static int wanted_init(struct shard *s, struct err *e)
{
	if (!s->config->mechanisms)
		return 0;
	s->wanted = calloc(mechanism_count, sizeof *s->wanted);
	if (!s->wanted)
		return err_set(e, ERR_NOMEM, "out of memory");
	for (const char *const *id = s->config->mechanisms; *id; id++) {
		const struct mechanism *m = mechanism_find(*id);
		if (!m)
			return err_set(e, ERR_USAGE, "no mechanism is called '%s'", *id);
		s->wanted[m - mechanisms] = true;
	}
	return 0;
}

static int detector_init(struct shard *s, size_t i, struct slot_plan *plan, struct err *e)
{
	struct detection *d = &s->detections[i];
	*d = (struct detection){
	    .signatures = s->config->signatures,
	    .weights = s->config->weights,
	    .candidates = &s->candidates,
	    .tested = s->tested,
	    .scratch = &s->scratch,
	    .attempts = &s->attempts,
	    .names = &s->names,
	    .wanted = s->wanted,
	    .memory = s->config->max_memory / PIPELINE_SHARDS / 100 * SHARE_DETECTOR_PERCENT,
	};
	if (detectors[i]->run_size && !(d->run = calloc(1, detectors[i]->run_size)))
		return err_set(e, ERR_NOMEM, "out of memory");
	s->detector_count = i + 1;
	if (slot_reserve(plan, &s->slots[i], detectors[i]->flow_size, e) != 0)
		return e->code;
	return detectors[i]->start ? detectors[i]->start(d, e) : 0;
}

/* Requests first: detectors read the trigger that a request leaves with its flow. */
static int bus_init(struct shard *s, struct err *e)
{
	static const enum event_type requests[] = {EV_HTTP_REQUEST, EV_COMMAND, EV_TLS_CLIENT_HELLO, EV_QUIC_INITIAL,
	                                           EV_DNS_MESSAGE};
	bool ok = bus_subscribe(&s->bus, EV_QUIC_FLOW, on_quic_flow, s);
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
		ok = ok && bus_subscribe(&s->bus, requests[i], on_request, s);
	for (enum event_type t = 0; t < EV_COUNT; t++) {
		bool asked = false;
		for (size_t i = 0; i < s->detector_count; i++)
			asked |= detectors[i]->on[t] != NULL;
		ok = ok && (!asked || bus_subscribe(&s->bus, t, call_detectors, s));
	}
	return ok ? 0 : err_set(e, ERR_LIMIT, "too many handlers of one event");
}

static int shard_init(struct shard *s, struct err *e)
{
	const struct pipeline_config *config = s->config;
	size_t memory = config->max_memory / PIPELINE_SHARDS, flows = config->max_flows / PIPELINE_SHARDS;
	struct flow_limits limits = idle_limits;
	struct slot_plan plan = {0};
	struct stream_observer streams = {s, on_stream_bytes, on_stream_gap, on_stream_conflict};
	struct track_observer track = {s, on_synack, on_zero_window};
	struct transfer_observer transfers = {s, on_transfer};
	limits.flows = flows ? flows : 1;
	s->tested = calloc(mechanism_count, sizeof *s->tested);
	s->streams = stream_pools_new(limits.flows, memory / 100 * SHARE_PENDING_PERCENT,
	                              memory / 100 * SHARE_OVERLAP_PERCENT, &streams);
	if (!s->tested || !s->streams)
		return err_set(e, ERR_NOMEM, "out of memory");
	if (wanted_init(s, e) != 0 || names_init(&s->names, memory / 100 * SHARE_NAMES_PERCENT, e) != 0 ||
	    candidates_init(&s->candidates, config->max_findings, memory / 100 * SHARE_CANDIDATE_PERCENT, e) != 0)
		return e->code;
	duplicate_init(&s->duplicates);
	tracker_init(&s->tracker, s->streams, limits.flows, &track);
	transfers_init(&s->transfers, limits.flows, memory / 100 * SHARE_TRANSFER_PERCENT, &transfers);
	paces_init(&s->paces, memory / 100 * SHARE_PACE_PERCENT);
	s->tracker.transfers = &s->transfers;
	s->tracker.paces = &s->paces;
	dispatch_init(&s->dispatch, &s->bus, &s->scratch, limits.flows, memory / 100 * SHARE_HOLD_PERCENT);
	for (size_t i = 0; i < DETECTORS; i++)
		if (detector_init(s, i, &plan, e) != 0)
			return e->code;
	s->flows = flow_table_new(&limits, plan.size, on_flow_closing, s);
	if (!s->flows)
		return err_set(e, ERR_NOMEM, "out of memory");
	if (bus_init(s, e) != 0)
		return e->code;
	if (config->listen)
		config->listen(config->listen_context, &s->bus);
	return 0;
}

struct shard *shard_new(const struct pipeline_config *config, struct err *e)
{
	struct shard *s = calloc(1, sizeof *s);
	if (!s) {
		err_set(e, ERR_NOMEM, "out of memory");
		return NULL;
	}
	s->config = config;
	if (shard_init(s, e) == 0)
		return s;
	shard_free(s);
	return NULL;
}

void shard_free(struct shard *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->detector_count; i++) {
		if (detectors[i]->finish && s->detections[i].run)
			detectors[i]->finish(&s->detections[i]);
		free(s->detections[i].run);
	}
	flow_table_free(s->flows);
	stream_pools_free(s->streams);
	tracker_free(&s->tracker);
	transfers_free(&s->transfers);
	paces_free(&s->paces);
	dispatch_free(&s->dispatch);
	names_free(&s->names);
	candidates_free(&s->candidates);
	attempts_free(&s->attempts);
	arena_free(&s->scratch);
	free(s->wanted);
	free(s->tested);
	free(s);
}

static void copy_note(struct shard *s, const struct packet *p)
{
	struct flow *f = flow_peek(s->flows, p);
	if (f)
		f->flags |= FLOW_COPIES;
}

static void icmp_packet(struct shard *s, const struct packet *p)
{
	struct icmp_error body;
	struct flow *f = icmp_error_find(s->flows, p, &body);
	if (!f)
		return;
	s->counts.analysed++;
	if (body.quoted == DIR_UP && body.fits && icmp_error_is_final(&body))
		f->flags |= FLOW_UNREACHABLE;
	bus_emit(
	    &s->bus,
	    &(struct event){.type = EV_ICMP_ERROR, .dir = dir_other(body.quoted), .pkt = p, .flow = f, .body = &body});
	arena_reset(&s->scratch);
}

void shard_packet(struct shard *s, const struct packet *p)
{
	enum dir d;
	bool copy = duplicate_check(&s->duplicates, p);
	bool rst = p->l4_proto == IPPROTO_TCP && (p->tcp_flags & TCP_RST);
	if (copy && !rst) {
		copy_note(s, p);
		return;
	}
	for (size_t i = 0; i < s->detector_count; i++)
		s->detections[i].now_ns = p->clock_ns;
	if (is_icmp_error(p))
		icmp_packet(s, p);
	if (p->l4_proto != IPPROTO_TCP && p->l4_proto != IPPROTO_UDP)
		return;
	struct flow *f = flow_touch(s->flows, p, &d);
	if (!f) {
		s->counts.no_memory++;
		return;
	}
	s->counts.analysed++;
	if (f->tcp) {
		track_packet(&s->tracker, f, d, p, copy);
		flow_reclass(s->flows, f);
	} else {
		f->bytes[d] += p->payload_len;
		waiting_heard(&f->waiting[dir_other(d)]);
		waiting_datagram(&f->waiting[d], p);
		dispatch_datagram(&s->dispatch, f, d, p);
	}
	arena_reset(&s->scratch);
}

void shard_finish(struct shard *s, int64_t now_ns)
{
	for (size_t i = 0; i < s->detector_count; i++)
		s->detections[i].now_ns = now_ns;
	flow_table_close_all(s->flows);
}

const struct shard_counts *shard_counts(const struct shard *s)
{
	return &s->counts;
}

struct candidates *shard_candidates(struct shard *s)
{
	return &s->candidates;
}

const struct census *shard_census(const struct shard *s)
{
	return &s->census;
}

const struct attempts *shard_attempts(const struct shard *s)
{
	return &s->attempts;
}

void *shard_run(const struct shard *s, size_t detector)
{
	return s->detections[detector].run;
}

const bool *shard_wanted(const struct shard *s)
{
	return s->wanted;
}

const struct names *shard_names(const struct shard *s)
{
	return &s->names;
}

const struct flow_counts *shard_flow_counts(const struct shard *s)
{
	return flow_counts(s->flows);
}

const struct track_counts *shard_track_counts(const struct shard *s)
{
	return &s->tracker.counts;
}

const struct duplicate_filter *shard_duplicates(const struct shard *s)
{
	return &s->duplicates;
}

const uint64_t *shard_tested(const struct shard *s)
{
	return s->tested;
}

uint64_t shard_dropped(const struct shard *s)
{
	const struct stream_counts *streams = stream_counts(s->streams);
	return s->candidates.dropped + s->names.refused + s->counts.no_memory + s->counts.quic_limited +
	       s->tracker.counts.resets_refused + s->tracker.counts.rolls_refused + s->tracker.counts.closings_refused +
	       s->dispatch.counts.hold_refused + s->dispatch.counts.state_refused + streams->rings_evicted +
	       streams->pending_refused + streams->pairs_refused + s->transfers.refused + s->paces.refused;
}
