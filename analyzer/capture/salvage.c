/* Search after damage (salvage.h). Byte by byte, since damage need not respect any alignment. */
#include "analyzer/capture/salvage.h"

void salvage_lost(struct capture *c, uint64_t n)
{
	c->facts.damage_count++;
	c->facts.lost_bytes += n;
}

bool salvage_search(struct capture *c, size_t reach, salvage_probe *probe, const void *arg)
{
	struct bytes *b = &c->bytes;
	uint64_t start = bytes_offset(b);
	struct span window;
	if (bytes_want(b, 1, &window))
		bytes_advance(b, 1);
	bool found = false, more = true;
	while (more && !found) {
		more = bytes_want(b, BYTES_AHEAD_MAX, &window);
		size_t tries = more ? window.len - reach : window.len;
		size_t at = 0;
		while (at < tries && !found) {
			found = probe(arg, span_after(window, at), !more);
			at += !found;
		}
		bytes_advance(b, at);
	}
	salvage_lost(c, bytes_offset(b) - start);
	return found;
}
