/* The page behind the bytes is mapped without any right. */
#include "tests/support/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void give_up(const char *what)
{
	perror(what);
	abort();
}

struct guard guard_new(size_t max)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = (max + page) / page * page;
	uint8_t *pages = mmap(NULL, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED)
		give_up("mmap");
	if (mprotect(pages + size, page, PROT_NONE) != 0)
		give_up("mprotect");
	return (struct guard){.pages = pages, .size = size};
}

struct span guard_place(struct guard *g, struct span s)
{
	if (s.len > g->size) {
		fprintf(stderr, "guard: %zu bytes do not fit\n", s.len);
		abort();
	}
	uint8_t *at = g->pages + g->size - s.len;
	if (s.len)
		memcpy(at, s.ptr, s.len);
	return span_of(at, s.len);
}

void guard_free(struct guard *g)
{
	munmap(g->pages, g->size + (size_t)sysconf(_SC_PAGESIZE));
	*g = (struct guard){0};
}
