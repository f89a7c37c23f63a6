/*
 * A byte source: a file, a pipe or memory, opened through gzip (RFC 1952, several members) or zstd (RFC 8878, several
 * frames) where the first bytes say so. Shows the readers runs of contiguous bytes without a copy a record: what was
 * read stands in a 1 MiB block, and only the unread tail of a block is moved when the next one is fetched.
 *
 * A source never fails: that a file is cut, damaged or unreadable is a way to end, told by `end` and `reason`.
 */
#pragma once

#include "analyzer/base/cursor.h"
#include "analyzer/base/err.h"

enum {
	BYTES_AHEAD_MAX = 1024 * 1024, /* most that bytes_want can be asked for */
	BYTES_SHA256_SIZE = 32,
};

/* Where bytes come from. */
struct bytes_input {
	/* Stores up to size bytes and returns how many, 0 at the end, or -errno. */
	ptrdiff_t (*read)(void *arg, uint8_t *to, size_t size);
	void *arg;
	/* How many bytes there are in all, when that is certain; 0: unknown. A plain input that fits into a block then
	 * gets a buffer of just that size, so that tools which watch memory see a read behind its end. */
	size_t exact;
};

/* Input from an open descriptor, which stays the caller's; *fd must outlive the source. */
struct bytes_input bytes_input_fd(int *fd);

enum bytes_end {
	BYTES_GOING,   /* the end has not been reached */
	BYTES_DONE,    /* the end, as it should be */
	BYTES_CUT,     /* a compressed stream is not complete */
	BYTES_DAMAGED, /* a compressed stream is broken, or followed by something else */
	BYTES_LIMITED, /* max_inflated was reached */
	BYTES_FAILED,  /* the input could not be read */
};

struct bytes_store;

struct bytes {
	struct cursor ahead;     /* fetched and not yet consumed */
	uint64_t fetched;        /* bytes of the (decompressed) stream up to the end of `ahead` */
	enum bytes_end end;      /* set when the last byte has been fetched, so bytes may still be ahead */
	char reason[200];        /* for every end but BYTES_DONE: where and why */
	const char *compression; /* "", "gzip" or "zstd" */
	struct bytes_store *store;
};

struct bytes_options {
	uint64_t max_inflated; /* bytes that a compressed stream may grow to */
	bool hash;             /* compute the digests */
};

/* Reads the first block and looks for compression. ERR_NOMEM is the only failure; *b needs no bytes_close then. */
int bytes_open(struct bytes *b, struct bytes_input input, const struct bytes_options *options, struct err *e);

/* Fetches until n bytes (at most BYTES_AHEAD_MAX) are ahead or the end is reached. True: they are ahead. */
bool bytes_fetch(struct bytes *b, size_t n);

/* Shows the next n bytes without consuming them; false: fewer are left, and *out is all of them. *out is valid until
 * the next call that may fetch. */
static inline bool bytes_want(struct bytes *b, size_t n, struct span *out)
{
	if (cursor_left(&b->ahead) < n && !bytes_fetch(b, n)) {
		*out = span_of(b->ahead.pos, cursor_left(&b->ahead));
		return false;
	}
	*out = span_of(b->ahead.pos, n);
	return true;
}

/* Consumes n bytes that bytes_want has shown. What was shown stays valid. */
static inline void bytes_advance(struct bytes *b, size_t n)
{
	cursor_skip(&b->ahead, n);
}

/* Consumes n bytes, however many; false: the stream ended before. */
bool bytes_skip(struct bytes *b, uint64_t n);

/* Offset of the next byte in the (decompressed) stream. */
static inline uint64_t bytes_offset(const struct bytes *b)
{
	return b->fetched - cursor_left(&b->ahead);
}

/* Bytes taken from the input so far. */
uint64_t bytes_file_bytes(const struct bytes *b);

/* Reads the input to its very end, whatever became of the stream, and gives the digests of the input and of the stream
 * when they were asked for (false: they were not). Nothing can be wanted afterwards. */
bool bytes_finish(struct bytes *b, uint8_t file[BYTES_SHA256_SIZE], uint8_t stream[BYTES_SHA256_SIZE]);

/* Legal on a zeroed source and twice. */
void bytes_close(struct bytes *b);
