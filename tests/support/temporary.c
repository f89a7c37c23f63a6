/* See temporary.h. */
#include "tests/support/temporary.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct temporary temporary_make(struct span bytes)
{
	struct temporary t = {.fd = memfd_create("test", MFD_CLOEXEC)};
	if (t.fd < 0 || write(t.fd, bytes.ptr ? bytes.ptr : (const uint8_t *)"", bytes.len) != (ssize_t)bytes.len)
		abort();
	snprintf(t.path, sizeof t.path, "/proc/self/fd/%d", t.fd);
	return t;
}

void temporary_close(struct temporary *t)
{
	close(t->fd);
}

uint8_t *temporary_bytes(const struct temporary *t, size_t *len)
{
	struct stat st;
	if (fstat(t->fd, &st) < 0)
		abort();
	uint8_t *bytes = malloc((size_t)st.st_size + 1);
	if (!bytes || pread(t->fd, bytes, (size_t)st.st_size, 0) != st.st_size)
		abort();
	*len = (size_t)st.st_size;
	return bytes;
}
