/*
 * The input is a signature file: loading, checking, compiling and a look with it at its own bytes. Also that what loads
 * once loads again beside itself, every row taking the place of its twin.
 */
#include "signatures/match.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct sigdb *db, struct span bytes)
{
	struct sig_hits hits = {0};
	struct sigscan *sc = malloc(sigscan_size());
	if (!sc)
		abort();
	sigscan_start(sc);
	sigscan_body(db, sc, bytes, &hits);
	sigscan_finish(db, sc, &hits);
	free(sc);
	for (int location = 0; location < SIG_LOCATION_COUNT; location++)
		sigdb_match(db, (enum sig_location)location, span_text("location"), bytes, &hits);
	sigdb_match_address(db, span_first(bytes, 4), span_first(bytes, 20), &hits);
	sigdb_match_address(db, span_first(bytes, 16), span_first(bytes, 20), &hits);
	(void)sig_hits_best(&hits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	struct sigdb *db = NULL;
	struct err e = {0};
	int fd = memfd_create("signatures", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (sigdb_load(&db, path, &e) == 0) {
		size_t rows = sigdb_count(db);
		if (sigdb_load(&db, path, &e) < 0 || sigdb_count(db) != rows)
			abort();
		if (sigdb_compile(db, &e) == 0)
			look(db, span_of(data, size));
	} else if (db || !e.text[0]) {
		abort();
	}
	close(fd);
	sigdb_free(db);
	return 0;
}
