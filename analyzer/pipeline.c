/*
 * One capture, in reading order: frames from capture/, packets from net/decode, each to the logical shard of its address pair,
 * and after the last packet the capture pass over what the shards found.
 */
#include "analyzer/pipeline.h"

#include "analyzer/capture_pass.h"
#include "analyzer/net/decode.h"
#include "analyzer/net/icmp_error.h"

#include <stdlib.h>

#define CLOCK_JUMP_NS (INT64_C(3600) * 1000000000) /* one bogus date must not expire every flow */

enum { PROGRESS_FRAMES = 4096, FRAGMENT_PACKETS = 4096, SHARE_FRAGMENT_PERCENT = 10 };

struct pipeline {
	const struct pipeline_config *config;
	const struct sink *sink;
	struct capture *capture;
	struct decoder *decoder;
	struct shard *shards[PIPELINE_SHARDS];
	struct capture_summary summary;
	struct tested *tested;
	int64_t clock_ns; /* running maximum of the timestamps; FRAME_NO_TIME before the first */
	int64_t jump_ns;  /* of the frame before, when it lay too far from the clock; else FRAME_NO_TIME */
	bool raw_ip;
	uint64_t nested_too_deep;
};

static bool is_jump(int64_t from_ns, int64_t to_ns)
{
	return to_ns - from_ns > CLOCK_JUMP_NS || from_ns - to_ns > CLOCK_JUMP_NS;
}

/*
 * The capture clock: the running maximum, except that a jump of more than an hour either way starts anew, once a second frame
 * in a row agrees with it: the clock of a single bogus date would expire every flow, and then come back.
 */
static void clock_advance(struct pipeline *p, int64_t ts_ns)
{
	if (ts_ns == FRAME_NO_TIME)
		return;
	if (p->summary.first_ns == FRAME_NO_TIME || ts_ns < p->summary.first_ns)
		p->summary.first_ns = ts_ns;
	if (p->summary.last_ns == FRAME_NO_TIME || ts_ns > p->summary.last_ns)
		p->summary.last_ns = ts_ns;
	bool first = p->clock_ns == FRAME_NO_TIME;
	bool jump = !first && is_jump(p->clock_ns, ts_ns);
	bool agreed = jump && p->jump_ns != FRAME_NO_TIME && !is_jump(p->jump_ns, ts_ns);
	p->summary.time_jumps += jump && !agreed;
	p->jump_ns = jump && !agreed ? ts_ns : FRAME_NO_TIME;
	if (first || agreed || (!jump && ts_ns > p->clock_ns))
		p->clock_ns = ts_ns;
}

/* A fixed key: which shard a pair goes to must be the same in every run. An ICMP error goes where the pair goes that it quotes. */
static unsigned shard_of(const struct packet *p)
{
	static const struct hash_key key = {.k0 = UINT64_C(0x77616c6c7072696e), .k1 = UINT64_C(0x7420736861726473)};
	struct {
		struct addr low, high;
	} pair;
	bool error = is_icmp_error(p);
	const struct addr *src = error ? &p->quote.src : &p->src, *dst = error ? &p->quote.dst : &p->dst;
	bool ordered = addr_compare(src, dst) <= 0;
	memset(&pair, 0, sizeof pair);
	pair.low = ordered ? *src : *dst;
	pair.high = ordered ? *dst : *src;
	return (unsigned)(hash_bytes(key, &pair, sizeof pair) % PIPELINE_SHARDS);
}

static bool is_raw_ip(uint16_t linktype)
{
	return linktype == LINKTYPE_RAW || linktype == LINKTYPE_IPV4 || linktype == LINKTYPE_IPV6;
}

static void frame_take(struct pipeline *p, const struct frame *f)
{
	struct packet packet;
	clock_advance(p, f->ts_ns);
	p->summary.packets++;
	p->raw_ip = p->raw_ip && is_raw_ip(f->linktype);
	int64_t clock = p->clock_ns == FRAME_NO_TIME ? 0 : p->clock_ns;
	enum decode_result result = decoder_packet(p->decoder, f, clock, &packet);
	p->summary.cut_packets += f->bytes.len < f->wire_len;
	if (result == DECODE_MALFORMED || (result == DECODE_IP && (packet.anomalies & PKT_MALFORMED)))
		p->summary.malformed_packets++;
	p->nested_too_deep += result == DECODE_IP && (packet.anomalies & PKT_NESTED_TOO_DEEP) != 0;
	if (result != DECODE_IP || !packet.has_l4)
		return;
	packet.clock_ns = clock;
	shard_packet(p->shards[shard_of(&packet)], &packet);
}

static int read_all(struct pipeline *p, struct err *e)
{
	struct frame f;
	int got;
	while ((got = capture_next(p->capture, &f, e)) > 0) {
		frame_take(p, &f);
		if (p->sink->progress && f.number % PROGRESS_FRAMES == 0)
			p->sink->progress(p->sink->context, capture_facts(p->capture)->file_bytes, f.number, 0);
	}
	return got;
}

static int push_findings(struct pipeline *p, const struct capture_result *found, struct err *e)
{
	int failed = 0;
	for (size_t i = 0; i < found->count && !failed; i++) {
		failed = p->sink->finding(p->sink->context, found->findings[i], e);
		if (p->sink->progress && i % PROGRESS_FRAMES == 0)
			p->sink->progress(p->sink->context, capture_facts(p->capture)->file_bytes, p->summary.packets,
			                  i + 1);
	}
	p->summary.findings = found->count;
	return failed;
}

static void sum_shard(struct capture_summary *s, const struct shard *shard)
{
	const struct shard_counts *counts = shard_counts(shard);
	const struct flow_counts *flows = shard_flow_counts(shard);
	const struct track_counts *track = shard_track_counts(shard);
	s->packets_analysed += counts->analysed;
	s->dns_queries += counts->dns_queries;
	s->http_requests += counts->http_requests;
	s->client_hellos += counts->client_hellos;
	s->quic_initials += counts->quic_initials;
	s->flows += flows->opened;
	s->evicted_flows += flows->evicted;
	s->duplicate_packets += shard_duplicates(shard)->copies;
	s->disordered_packets += flows->disordered;
	s->lost_bytes += track->lost_bytes;
	s->dropped_by_limit += shard_dropped(shard);
}

static void sum_tested(struct pipeline *p, const struct capture_result *found)
{
	for (size_t m = 0; m < mechanism_count; m++) {
		uint64_t flows = found->tested[m];
		for (int i = 0; i < PIPELINE_SHARDS; i++)
			flows += shard_tested(p->shards[i])[m];
		if (flows)
			p->tested[p->summary.tested_count++] =
			    (struct tested){.mechanism = mechanisms[m].id, .flows = flows};
	}
}

static int conclude(struct pipeline *p, struct err *e)
{
	const struct names *names[PIPELINE_SHARDS];
	struct capture_result *found;
	struct capture_pass pass = {
	    .shards = p->shards,
	    .shard_count = PIPELINE_SHARDS,
	    .config = p->config,
	    .first_ns = p->summary.first_ns,
	    .last_ns = p->clock_ns,
	    .raw_ip = p->raw_ip,
	    .sink = p->sink,
	    .interface_drops = capture_facts(p->capture)->interface_drops,
	};
	for (int i = 0; i < PIPELINE_SHARDS; i++) {
		shard_finish(p->shards[i], p->clock_ns == FRAME_NO_TIME ? 0 : p->clock_ns);
		sum_shard(&p->summary, p->shards[i]);
		names[i] = shard_names(p->shards[i]);
	}
	int failed = capture_pass_run(&pass, &found, e);
	if (failed)
		return failed;
	sum_tested(p, found);
	p->summary.dropped_by_limit +=
	    decoder_counts(p->decoder)->fragments_dropped + p->nested_too_deep + found->dropped;
	p->summary.names = names_distinct(names, PIPELINE_SHARDS);
	p->summary.vantage = found->vantage;
	p->summary.input = capture_facts(p->capture);
	failed = push_findings(p, found, e);
	capture_pass_free(found);
	return failed ? failed : p->sink->summary(p->sink->context, &p->summary, e);
}

static int pipeline_open(struct pipeline *p, int fd, struct err *e)
{
	struct capture_limits limits = {.max_inflated = p->config->max_inflated, .hash = p->config->hash};
	struct decoder_limits fragments = {.fragment_bytes = p->config->max_memory / 100 * SHARE_FRAGMENT_PERCENT,
	                                   .fragment_packets = FRAGMENT_PACKETS};
	p->tested = calloc(mechanism_count, sizeof *p->tested);
	p->summary.tested = p->tested;
	p->decoder = decoder_new(&fragments);
	if (!p->tested || !p->decoder)
		return err_set(e, ERR_NOMEM, "out of memory");
	for (int i = 0; i < PIPELINE_SHARDS; i++)
		if (!(p->shards[i] = shard_new(p->config, e)))
			return e->code;
	return capture_open(&p->capture, fd, &limits, e);
}

int pipeline_run(int fd, const struct pipeline_config *config, const struct sink *sink, struct err *e)
{
	struct pipeline p = {
	    .config = config,
	    .sink = sink,
	    .clock_ns = FRAME_NO_TIME,
	    .jump_ns = FRAME_NO_TIME,
	    .raw_ip = true,
	    .summary = {.first_ns = FRAME_NO_TIME, .last_ns = FRAME_NO_TIME},
	};
	int failed = pipeline_open(&p, fd, e);
	if (!failed)
		failed = read_all(&p, e);
	if (!failed)
		failed = conclude(&p, e);
	for (int i = 0; i < PIPELINE_SHARDS; i++)
		shard_free(p.shards[i]);
	capture_close(p.capture);
	decoder_free(p.decoder);
	free(p.tested);
	return failed;
}
