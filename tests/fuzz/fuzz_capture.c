/* The readers on any bytes: pcap, pcapng, snoop, ERF, gzip and zstd, with the search after damage. */
#include <stdlib.h>

#include "analyzer/capture/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Small, so that a bomb does not eat the fuzzer's time. */
	const struct capture_limits limits = {.max_inflated = 4 * 1024 * 1024, .hash = size % 2};
	struct capture *c;
	struct frame f;
	struct err e;
	uint64_t frames = 0, sum = 0;
	if (capture_open_memory(&c, span_of(data, size), &limits, &e) < 0)
		return 0;
	while (capture_next(c, &f, &e) > 0) {
		frames++;
		for (size_t i = 0; i < f.bytes.len; i++)
			sum += f.bytes.ptr[i];
		if (f.number != frames || f.wire_len < f.bytes.len || f.bytes.len > CAPTURE_RECORD_MAX ||
		    (f.ts_ns < 0 && f.ts_ns != FRAME_NO_TIME))
			abort();
	}
	const struct capture_facts *facts = capture_facts(c);
	if (facts->frames != frames || facts->file_bytes != size || facts->last_good_frame > frames ||
	    (facts->status == CAPTURE_OK) != (facts->error[0] == '\0') || sum == UINT64_MAX)
		abort();
	capture_close(c);
	return 0;
}
