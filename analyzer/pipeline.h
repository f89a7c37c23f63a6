/*
 * One capture, first byte to last finding. Reads frames, decodes, follows flows in 16 logical shards, dissects, detects,
 * judges, and pushes the result into a sink. Owns every arena and counter of the run; pipeline.c is the file to read first.
 */
#pragma once

#include "analyzer/event/bus.h"
#include "analyzer/evidence/weight.h"
#include "analyzer/report/sink.h"

enum { PIPELINE_SHARDS = 16 };

/* What shapes the result; the same for every capture of a run. Borrowed, read-only. */
struct pipeline_config {
	const struct sigdb *signatures;
	const struct weights *weights;
	uint64_t max_flows;            /* a capture, dealt out over the shards */
	uint64_t max_memory;           /* bytes for reassembly, overlap rings and candidates, dealt out likewise */
	uint64_t max_inflated;         /* struct capture_limits */
	uint64_t max_findings;         /* a capture and mechanism */
	enum label min_label;          /* findings below are counted by nobody and not pushed; LABEL_NONE: all */
	const char *const *mechanisms; /* ids to look for, NULL-terminated; NULL: all */
	bool hash;
	/* Hears the events of every shard besides the detectors, in the order of the capture; NULL: nobody. */
	void (*listen)(void *context, struct bus *bus);
	void *listen_context;
};

#define PIPELINE_MAX_FLOWS_DEFAULT    UINT64_C(262144)
#define PIPELINE_MAX_MEMORY_DEFAULT   (UINT64_C(256) << 20)
#define PIPELINE_MAX_FINDINGS_DEFAULT UINT64_C(10000)

/* Analyses what fd gives (capture_open). 0: the sink has everything, whatever the state of the capture; negative: the
 * environment failed (memory, output). */
int pipeline_run(int fd, const struct pipeline_config *config, const struct sink *sink, struct err *e);
