/* The search for the next plausible record after damage, the same for every format. */
#pragma once

#include "analyzer/capture/reader.h"

/* Does a record of the format seem to start here? `whole`: the stream ends with these bytes. Must take bounded time. */
typedef bool salvage_probe(const void *arg, struct span ahead, bool whole);

/*
 * The stream stands at a record that cannot be. Moves it to the first later byte where the probe holds (true), or to its
 * end (false), and counts the damage and the bytes lost. `reach`: the most bytes that the probe needs to see, at most
 * half of BYTES_AHEAD_MAX, so that every byte is fetched, moved and probed a bounded number of times.
 */
bool salvage_search(struct capture *c, size_t reach, salvage_probe *probe, const void *arg);

/* Counts n bytes, which the caller skips, as damage. */
void salvage_lost(struct capture *c, uint64_t n);
