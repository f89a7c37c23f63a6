/* Captures in memory: a byte input over a span (memory.h). */
#include "analyzer/capture/memory.h"

#include <stdlib.h>

#include "analyzer/capture/reader.h"

static ptrdiff_t memory_read(void *arg, uint8_t *to, size_t size)
{
	struct capture_memory *m = arg;
	size_t take = m->piece && m->piece < size ? m->piece : size;
	struct span run = span_first(m->left, take);
	if (run.len == 0)
		return -m->failure;
	memcpy(to, run.ptr, run.len);
	m->left = span_after(m->left, run.len);
	return (ptrdiff_t)run.len;
}

int capture_open_failing(struct capture **out, struct span file, size_t piece, int failure,
                         const struct capture_limits *limits, struct err *e)
{
	struct capture *c = *out = calloc(1, sizeof *c);
	if (!c)
		return err_set(e, ERR_NOMEM, "out of memory");
	c->memory = (struct capture_memory){.left = file, .piece = piece, .failure = failure};
	const struct bytes_input input = {.read = memory_read, .arg = &c->memory, .exact = file.len};
	return capture_open_input(out, input, limits, e);
}

int capture_open_memory(struct capture **out, struct span file, const struct capture_limits *limits, struct err *e)
{
	return capture_open_failing(out, file, 0, 0, limits, e);
}
