/*
 * One logical shard: a world of its own, keyed by the unordered address pair: flows, streams, dissectors, detectors,
 * candidates. There are always PIPELINE_SHARDS of them, whoever serves them, so that hitting a cap never depends on threads.
 */
#pragma once

#include "analyzer/detect/detector.h"
#include "analyzer/net/names.h"
#include "analyzer/net/track.h"
#include "analyzer/pipeline.h"
#include "dissectors/command.h"
#include "dissectors/dispatch.h"
#include "dissectors/dns.h"
#include "dissectors/http.h"
#include "dissectors/quic.h"
#include "dissectors/tls.h"

struct shard_counts {
	uint64_t dns_queries, http_requests, client_hellos, quic_initials;
	uint64_t quic_limited; /* QUIC flows with Initials that a limit left unread */
	uint64_t analysed;     /* packets with a transport header, copies apart */
	uint64_t no_memory;    /* packets not followed because memory ran out */
};

struct shard;

/* NULL with the reason in *e. */
struct shard *shard_new(const struct pipeline_config *config, struct err *e);
/* NULL is legal. */
void shard_free(struct shard *s);

/* A decoded packet with a transport header. */
void shard_packet(struct shard *s, const struct packet *p);

/* End of capture, at this time of the capture clock: closes every flow. */
void shard_finish(struct shard *s, int64_t now_ns);

/* What it found; valid until shard_free. */
const struct shard_counts *shard_counts(const struct shard *s);
struct candidates *shard_candidates(struct shard *s);
const struct census *shard_census(const struct shard *s);
const struct attempts *shard_attempts(const struct shard *s);
void *shard_run(const struct shard *s, size_t detector); /* struct detection.run, by index into detectors[] */
const bool *shard_wanted(const struct shard *s);         /* by index into mechanisms[]; NULL: all */
const struct names *shard_names(const struct shard *s);
const struct flow_counts *shard_flow_counts(const struct shard *s);
const struct track_counts *shard_track_counts(const struct shard *s);
const struct duplicate_filter *shard_duplicates(const struct shard *s);
const uint64_t *shard_tested(const struct shard *s); /* by index into mechanisms[] */
uint64_t shard_dropped(const struct shard *s);       /* everything that a limit cost */
