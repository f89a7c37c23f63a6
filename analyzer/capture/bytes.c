/*
 * The byte source of bytes.h: blocks, digests and the ways to end. Decompression itself is unpack.c's.
 *
 * The buffer is BYTES_AHEAD_MAX bytes for the unread tail, then the block that the input is read into:
 *
 *	|<- BYTES_AHEAD_MAX ->|<- BLOCK_SIZE ->|
 *	           [tail moved][next block     ]
 */
#include "analyzer/capture/bytes.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "analyzer/capture/unpack.h"

enum {
	BLOCK_SIZE = 1024 * 1024,
	PACKED_SIZE = 256 * 1024,
	RECOGNISE_SIZE = 4, /* bytes that unpack_recognise wants to see */
};

_Static_assert(BYTES_SHA256_SIZE == SHA256_DIGEST_SIZE, "one size of digest");

struct bytes_store {
	struct bytes_input input;
	struct bytes_options options;
	uint8_t *buffer;
	size_t size;           /* of the buffer */
	size_t filled;         /* end of the fetched bytes in it */
	struct unpack *unpack; /* NULL when the input is not compressed */
	uint8_t *packed;       /* PACKED_SIZE, only with unpack */
	struct span packed_left;
	bool input_ended;
	uint64_t file_bytes;
	struct sha256_ctx file_hash, stream_hash;
};

static ptrdiff_t input_read_fd(void *arg, uint8_t *to, size_t size)
{
	const int *fd = arg;
	ssize_t got;
	do
		got = read(*fd, to, size);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

struct bytes_input bytes_input_fd(int *fd)
{
	return (struct bytes_input){.read = input_read_fd, .arg = fd};
}

static void end_with(struct bytes *b, enum bytes_end end, const char *reason)
{
	if (b->end != BYTES_GOING)
		return;
	b->end = end;
	if (end == BYTES_DONE)
		return;
	const struct bytes_store *s = b->store;
	const char *of = s->unpack ? " of the compressed file" : "";
	snprintf(b->reason, sizeof b->reason, "offset %llu%s: %s",
	         (unsigned long long)(s->file_bytes - s->packed_left.len), of, reason);
}

/* Bytes of the input into `to`; 0: the input has ended. */
static size_t store_read(struct bytes *b, uint8_t *to, size_t size)
{
	struct bytes_store *s = b->store;
	if (s->input_ended)
		return 0;
	ptrdiff_t got = s->input.read(s->input.arg, to, size);
	if (got <= 0) {
		s->input_ended = true;
		if (got < 0) {
			char text[100];
			const char *why = strerror_r((int)-got, text, sizeof text);
			char reason[128];
			snprintf(reason, sizeof reason, "cannot be read: %s", why);
			end_with(b, BYTES_FAILED, reason);
		}
		return 0;
	}
	s->file_bytes += (uint64_t)got;
	if (s->options.hash)
		sha256_update(&s->file_hash, (size_t)got, to);
	return (size_t)got;
}

/* Plain bytes of the compressed input into `to`; 0: the stream has ended, and b->end says how. */
static size_t store_unpack(struct bytes *b, uint8_t *to, size_t size)
{
	struct bytes_store *s = b->store;
	uint64_t room = s->options.max_inflated > b->fetched ? s->options.max_inflated - b->fetched : 0;
	bool full = room == 0;
	size_t take = full ? 1 : (size_t)(room < size ? room : size);
	size_t made = 0;
	while (made == 0 && b->end == BYTES_GOING) {
		if (s->packed_left.len == 0)
			s->packed_left = span_of(s->packed, store_read(b, s->packed, PACKED_SIZE));
		bool starved = s->packed_left.len == 0;
		enum unpack_result result = unpack_step(s->unpack, &s->packed_left, to, take, &made);
		if (result == UNPACK_BROKEN)
			end_with(b, BYTES_DAMAGED, unpack_reason(s->unpack));
		else if (result == UNPACK_TRAILER)
			end_with(b, BYTES_DAMAGED, "what follows the compressed data is something else");
		else if (starved && made == 0 && unpack_complete(s->unpack))
			end_with(b, BYTES_DONE, "");
		else if (starved && made == 0)
			end_with(b, BYTES_CUT, "the file ends inside its compressed data");
	}
	if (full && made > 0) {
		end_with(b, BYTES_LIMITED, "the compressed data grows beyond the limit of inflated bytes");
		return 0;
	}
	if (s->options.hash)
		sha256_update(&s->stream_hash, made, to);
	return made;
}

bool bytes_fetch(struct bytes *b, size_t n)
{
	struct bytes_store *s = b->store;
	while (cursor_left(&b->ahead) < n && b->end == BYTES_GOING) {
		size_t left = cursor_left(&b->ahead);
		if (s->filled == s->size && s->size > BYTES_AHEAD_MAX) {
			memmove(&s->buffer[BYTES_AHEAD_MAX - left], &s->buffer[s->size - left], left);
			s->filled = BYTES_AHEAD_MAX;
		}
		/* A buffer of exact size is full at the end of the input, which reading has to meet all the same. */
		uint8_t beyond[1];
		bool full = s->filled == s->size;
		uint8_t *to = full ? beyond : &s->buffer[s->filled];
		size_t room = full ? sizeof beyond : s->size - s->filled;
		size_t got = s->unpack ? store_unpack(b, to, room) : store_read(b, to, room);
		if (got == 0 || full) {
			end_with(b, BYTES_DONE, "");
			return false;
		}
		s->filled += got;
		b->fetched += got;
		b->ahead = cursor_over(span_of(&s->buffer[s->filled - left - got], left + got));
	}
	return cursor_left(&b->ahead) >= n;
}

/* A buffer for a stream of any size, or for an input that is certain to be small. Nothing is in it. */
static int store_buffer(struct bytes *b, size_t exact, struct err *e)
{
	struct bytes_store *s = b->store;
	bool small = exact > 0 && exact <= BLOCK_SIZE;
	s->size = small ? exact : BYTES_AHEAD_MAX + BLOCK_SIZE;
	s->filled = small ? 0 : BYTES_AHEAD_MAX;
	free(s->buffer);
	s->buffer = malloc(s->size);
	b->ahead = cursor_over(span_of(s->buffer, 0));
	return s->buffer ? 0 : err_set(e, ERR_NOMEM, "out of memory");
}

/* Turns the plain source that has read its first block into one that unpacks, that block first. */
static int store_unpacks(struct bytes *b, enum unpack_format format, struct err *e)
{
	struct bytes_store *s = b->store;
	size_t first = cursor_left(&b->ahead);
	size_t size = first > PACKED_SIZE ? first : PACKED_SIZE;
	s->packed = malloc(size);
	if (!s->packed)
		return err_set(e, ERR_NOMEM, "out of memory");
	int failed = unpack_open(&s->unpack, format, e);
	if (failed)
		return failed;
	if (first)
		memcpy(s->packed, b->ahead.pos, first);
	s->packed_left = span_of(s->packed, first);
	b->fetched = 0;
	b->compression = format == UNPACK_GZIP ? "gzip" : "zstd";
	/* What ended was the input, before one byte of the stream was made. */
	if (b->end == BYTES_DONE)
		b->end = BYTES_GOING;
	return store_buffer(b, 0, e);
}

int bytes_open(struct bytes *b, struct bytes_input input, const struct bytes_options *options, struct err *e)
{
	*b = (struct bytes){.compression = ""};
	struct bytes_store *s = b->store = calloc(1, sizeof *s);
	if (!s)
		return err_set(e, ERR_NOMEM, "out of memory");
	s->input = input;
	s->options = *options;
	sha256_init(&s->file_hash);
	sha256_init(&s->stream_hash);
	int failed = store_buffer(b, input.exact, e);
	if (!failed) {
		struct span head;
		bytes_want(b, RECOGNISE_SIZE, &head);
		enum unpack_format format = unpack_recognise(head);
		failed = format == UNPACK_NONE ? 0 : store_unpacks(b, format, e);
	}
	if (failed)
		bytes_close(b);
	return failed;
}

bool bytes_skip(struct bytes *b, uint64_t n)
{
	while (n > 0) {
		struct span run;
		size_t step = n < BLOCK_SIZE ? (size_t)n : BLOCK_SIZE;
		bool whole = bytes_want(b, step, &run);
		bytes_advance(b, run.len);
		n -= run.len;
		if (!whole)
			return false;
	}
	return true;
}

uint64_t bytes_file_bytes(const struct bytes *b)
{
	return b->store->file_bytes;
}

bool bytes_finish(struct bytes *b, uint8_t file[BYTES_SHA256_SIZE], uint8_t stream[BYTES_SHA256_SIZE])
{
	struct bytes_store *s = b->store;
	bytes_skip(b, UINT64_MAX);
	while (store_read(b, s->buffer, s->size) > 0)
		continue;
	if (!s->options.hash)
		return false;
	sha256_digest(&s->file_hash, BYTES_SHA256_SIZE, file);
	if (s->unpack)
		sha256_digest(&s->stream_hash, BYTES_SHA256_SIZE, stream);
	else
		memcpy(stream, file, BYTES_SHA256_SIZE);
	return true;
}

void bytes_close(struct bytes *b)
{
	struct bytes_store *s = b->store;
	if (!s)
		return;
	unpack_close(s->unpack);
	free(s->packed);
	free(s->buffer);
	free(s);
	b->store = NULL;
}
