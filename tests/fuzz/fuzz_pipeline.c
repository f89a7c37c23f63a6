/*
 * Any bytes as a capture file through the whole pipeline, with the shipped signatures and weights (the program is to be run
 * from the top of the tree). Whatever the file, the run ends without an error and its numbers add up.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "analyzer/pipeline.h"
#include "signatures/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct result {
	uint64_t findings, frame;
	bool summarised;
};

static int take_finding(void *context, const struct finding *f, struct err *e)
{
	struct result *r = context;
	(void)e;
	uint64_t frame = finding_frame(f)->number;
	if (frame < r->frame || f->label >= LABEL_COUNT || strlen(f->id) != 16 || r->summarised)
		abort();
	r->frame = frame;
	r->findings++;
	return 0;
}

static int take_summary(void *context, const struct capture_summary *s, struct err *e)
{
	struct result *r = context;
	(void)e;
	if (r->summarised || s->findings != r->findings || s->packets != s->input->frames ||
	    s->packets_analysed > s->packets || r->frame > s->packets || s->last_ns < s->first_ns)
		abort();
	r->summarised = true;
	return 0;
}

/* Loaded once: it takes longer than a run. */
static const struct pipeline_config *config_of(bool small)
{
	static struct pipeline_config configs[2];
	if (!configs[0].weights) {
		struct sigdb *db = NULL;
		struct weights *w = NULL;
		struct err e;
		if (sigdb_load(&db, "signatures", &e) != 0 || sigdb_compile(db, &e) != 0 ||
		    weights_load(&w, "signatures/weights.csv", &e) != 0) {
			fprintf(stderr, "%s\n", e.text);
			exit(1);
		}
		for (int i = 0; i < 2; i++)
			configs[i] = (struct pipeline_config){.signatures = db,
			                                      .weights = w,
			                                      .max_flows = i ? 16 : 65536,
			                                      .max_memory = UINT64_C(1) << (i ? 20 : 26),
			                                      .max_inflated = 4 << 20,
			                                      .max_findings = i ? 1 : 10000};
	}
	return &configs[small];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct result result = {0};
	struct sink sink = {.context = &result, .finding = take_finding, .summary = take_summary};
	struct err e;
	int fd = memfd_create("capture", MFD_CLOEXEC);
	if (fd < 0 || (size && write(fd, data, size) != (ssize_t)size) || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	if (pipeline_run(fd, config_of(size % 2), &sink, &e) != 0 || !result.summarised)
		abort();
	close(fd);
	return 0;
}
