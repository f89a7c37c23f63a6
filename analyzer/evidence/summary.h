/* What captures.csv says of one capture: filled in by the pipeline, written by the report. */
#pragma once

#include "analyzer/capture/capture.h"
#include "analyzer/evidence/finding.h"

struct tested {
	const char *mechanism;
	uint64_t flows; /* how many flows (or queries) the rule was able to judge */
};

struct capture_summary {
	const struct capture_facts *input;
	int64_t first_ns, last_ns; /* FRAME_NO_TIME: no frame has a time */
	uint64_t packets;          /* frames */
	uint64_t packets_analysed; /* decoded to a transport header, copies apart */
	uint64_t flows, dns_queries, http_requests, client_hellos, quic_initials, names;
	enum vantage vantage;
	uint64_t cut_packets, malformed_packets, duplicate_packets, disordered_packets;
	uint64_t lost_bytes; /* acknowledged, never captured */
	uint64_t evicted_flows, time_jumps, dropped_by_limit;
	const struct tested *tested;
	size_t tested_count;
	uint64_t findings; /* rows at or above the least label */
};
