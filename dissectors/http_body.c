/*
 * HTTP bodies: the chunked framing (RFC 9112, section 7.1) and the gzip and deflate codings (RFC 1950 to 1952). Chunks are
 * a state machine over single bytes, so that nothing is held back. Inflating needs about 40 KiB: they come from a capped pool,
 * zlib allocates inside the object, and it goes back as soon as the body is over or HTTP_BODY_MAX is reached.
 */
#include "dissectors/http_body.h"

#include "analyzer/base/cursor.h"

#define ZLIB_CONST
#include <zlib.h>

enum {
	CHUNK_DIGITS_MAX = 15, /* a size that fits 60 bits */
	PIECE_MAX = 8 * 1024,  /* inflated at a time */
	GZIP_MAGIC = 0x1f,
	WINDOW_BITS = 15,
	WINDOW_GZIP = 16, /* zlib: added to the window bits, expect a gzip wrapper */
};

/* One step of the size line; false when the byte cannot stand there. */
static bool chunk_size_byte(struct http_chunks *k, uint8_t b)
{
	uint8_t low = b | 0x20;
	int digit = b >= '0' && b <= '9' ? b - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
	if (digit >= 0) {
		k->size = k->size << 4 | (uint64_t)digit;
		return ++k->digits <= CHUNK_DIGITS_MAX;
	}
	if (k->digits == 0)
		return false;
	if (b == '\n')
		k->step = k->size > 0 ? HTTP_CHUNK_DATA : HTTP_CHUNK_TRAILER;
	else if (b == ';' || b == ' ' || b == '\t' || b == '\r')
		k->step = HTTP_CHUNK_EXTENSION;
	return b == '\n' || k->step == HTTP_CHUNK_EXTENSION;
}

static bool chunk_data_end_byte(struct http_chunks *k, uint8_t b)
{
	if (b == '\n')
		*k = (struct http_chunks){.step = HTTP_CHUNK_SIZE};
	return b == '\n' || b == '\r';
}

static void trailer_byte(struct http_chunks *k, uint8_t b)
{
	if (b == '\n' && !k->line_used)
		k->step = HTTP_CHUNK_DONE;
	k->line_used = b == '\n' ? false : k->line_used || b != '\r';
}

/* A byte of framing; false when it cannot stand there. */
static bool chunk_byte(struct http_chunks *k, uint8_t b)
{
	switch (k->step) {
	case HTTP_CHUNK_SIZE:
		return chunk_size_byte(k, b);
	case HTTP_CHUNK_EXTENSION:
		if (b == '\n')
			k->step = k->size > 0 ? HTTP_CHUNK_DATA : HTTP_CHUNK_TRAILER;
		return true;
	case HTTP_CHUNK_DATA_END:
		return chunk_data_end_byte(k, b);
	case HTTP_CHUNK_TRAILER:
		trailer_byte(k, b);
		return true;
	default:
		return false;
	}
}

size_t http_chunks_next(struct http_chunks *chunks, struct span data, struct span *piece)
{
	struct cursor c = cursor_over(data);

	*piece = span_of(NULL, 0);
	while (cursor_left(&c) > 0 && chunks->step != HTTP_CHUNK_DONE && chunks->step != HTTP_CHUNK_BROKEN) {
		if (chunks->step == HTTP_CHUNK_DATA) {
			size_t n = chunks->size < cursor_left(&c) ? (size_t)chunks->size : cursor_left(&c);
			*piece = cursor_take(&c, n);
			chunks->size -= n;
			if (chunks->size == 0)
				chunks->step = HTTP_CHUNK_DATA_END;
			return cursor_offset(&c);
		}
		struct cursor before = c;
		if (!chunk_byte(chunks, cursor_u8(&c))) {
			chunks->step = HTTP_CHUNK_BROKEN;
			return cursor_offset(&before);
		}
	}
	return cursor_offset(&c);
}

struct inflater {
	z_stream z;
	size_t used;
	uint8_t lead[2]; /* the first bytes, until both are there: they tell the wrapper */
	uint8_t lead_len;
	bool running;
	bool ended; /* a gzip member is over; another may follow */
	uint8_t out[PIECE_MAX];
	_Alignas(16) uint8_t memory[48 * 1024];
};

_Static_assert(sizeof(struct inflater) <= HTTP_INFLATER_SIZE, "the pool's objects are too small");

static void *inflater_alloc(void *opaque, unsigned items, unsigned size)
{
	struct inflater *in = opaque;
	size_t bytes = ((size_t)items * size + 15) & ~(size_t)15;
	if (bytes > sizeof(in->memory) - in->used)
		return NULL;
	void *p = in->memory + in->used;
	in->used += bytes;
	return p;
}

/* Everything goes back at once with the object. */
static void inflater_free(void *opaque, void *p)
{
	(void)opaque;
	(void)p;
}

/* "deflate" means zlib, but some send it bare. */
static int window_bits(const struct http_body_out *body, const struct inflater *in)
{
	if (body->coding == HTTP_CODING_GZIP)
		return WINDOW_BITS + WINDOW_GZIP;
	bool zlib = (in->lead[0] & 0xf) == Z_DEFLATED && (in->lead[0] << 8 | in->lead[1]) % 31 == 0;
	return zlib ? WINDOW_BITS : -WINDOW_BITS;
}

static void piece_emit(struct dissection *d, struct http_body_out *body, struct span piece)
{
	if (piece.len == 0)
		return;
	struct http_body event = {.index = body->index, .offset = body->offset, .piece = piece, .flaws = body->flaws};
	dissection_emit(d, EV_HTTP_BODY, &event);
	body->offset += piece.len;
}

/* Nothing more will be decoded. */
static void body_finish(struct dissection *d, struct http_body_out *body, uint32_t flaw)
{
	body->flaws |= flaw;
	body->full = true;
	if (body->inflater != NULL)
		pool_put(d->large, body->inflater);
	body->inflater = NULL;
}

static void identity_feed(struct dissection *d, struct http_body_out *body, struct span bytes)
{
	piece_emit(d, body, span_first(bytes, HTTP_BODY_MAX - (size_t)body->offset));
	if (body->offset == HTTP_BODY_MAX)
		body->full = true;
}

/* One call of zlib. False when the body needs no more of this input. */
static bool inflater_step(struct dissection *d, struct http_body_out *body)
{
	struct inflater *in = body->inflater;
	size_t room = HTTP_BODY_MAX - (size_t)body->offset;

	if (in->ended) {
		if (in->z.avail_in == 0 || body->coding != HTTP_CODING_GZIP || in->z.next_in[0] != GZIP_MAGIC)
			return false;
		(void)inflateReset(&in->z);
		in->ended = false;
	}
	in->z.next_out = in->out;
	in->z.avail_out = (uInt)(room < PIECE_MAX ? room : PIECE_MAX);
	size_t size = in->z.avail_out;
	int result = inflate(&in->z, Z_NO_FLUSH);
	piece_emit(d, body, span_of(in->out, size - in->z.avail_out));
	if (body->offset == HTTP_BODY_MAX) {
		uint64_t taken = body->encoded - in->z.avail_in;
		body_finish(d, body, body->offset / HTTP_INFLATE_RATIO_MAX > taken ? HTTP_CODING_LIMIT : 0);
		return false;
	}
	in->ended = result == Z_STREAM_END;
	if (result == Z_MEM_ERROR)
		body_finish(d, body, HTTP_CODING_LIMIT);
	else if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
		body_finish(d, body, HTTP_CODING_BROKEN);
	return !body->full && result != Z_BUF_ERROR && (in->z.avail_in > 0 || in->z.avail_out == 0);
}

static void inflater_feed(struct dissection *d, struct http_body_out *body, struct span bytes)
{
	struct inflater *in = body->inflater;
	in->z.next_in = bytes.ptr;
	in->z.avail_in = (uInt)bytes.len;
	while (inflater_step(d, body))
		;
}

/* The first two bytes are together: chooses the wrapper and feeds them. */
static void inflater_start(struct dissection *d, struct http_body_out *body)
{
	struct inflater *in = body->inflater;
	if (body->coding == HTTP_CODING_GZIP && in->lead[0] != GZIP_MAGIC) {
		/* It says gzip and is not: the bytes as they are may still be the page. */
		struct span lead = arena_copy(d->scratch, span_of(in->lead, in->lead_len));
		body_finish(d, body, HTTP_CODING_BROKEN);
		body->coding = HTTP_CODING_IDENTITY;
		body->full = false;
		identity_feed(d, body, lead);
		return;
	}
	in->z.zalloc = inflater_alloc;
	in->z.zfree = inflater_free;
	in->z.opaque = in;
	if (inflateInit2(&in->z, window_bits(body, in)) != Z_OK) {
		body_finish(d, body, HTTP_CODING_LIMIT);
		return;
	}
	in->running = true;
	inflater_feed(d, body, span_of(in->lead, in->lead_len));
}

static void coded_feed(struct dissection *d, struct http_body_out *body, struct span bytes)
{
	if (!body->started) {
		body->started = true;
		body->inflater = d->large != NULL ? pool_get(d->large) : NULL;
		if (body->inflater == NULL)
			body_finish(d, body, HTTP_CODING_LIMIT);
	}
	if (body->full)
		return;
	struct inflater *in = body->inflater;
	while (!in->running && in->lead_len < sizeof(in->lead) && bytes.len > 0) {
		in->lead[in->lead_len++] = bytes.ptr[0];
		bytes = span_after(bytes, 1);
		if (in->lead_len == sizeof(in->lead))
			inflater_start(d, body);
		if (body->full || body->coding == HTTP_CODING_IDENTITY)
			break;
	}
	if (body->full || bytes.len == 0)
		return;
	if (body->coding == HTTP_CODING_IDENTITY)
		identity_feed(d, body, bytes);
	else
		inflater_feed(d, body, bytes);
}

void http_body_open(struct http_body_out *body, uint64_t index, enum http_coding coding, uint32_t flaws)
{
	*body = (struct http_body_out){.index = index, .coding = coding, .flaws = flaws, .open = true};
	if (coding == HTTP_CODING_OTHER) {
		body->flaws |= HTTP_CODING_BROKEN;
		body->full = true;
	}
}

void http_body_feed(struct dissection *d, struct http_body_out *body, struct span bytes)
{
	if (!body->open || body->full || bytes.len == 0)
		return;
	body->encoded += bytes.len;
	if (body->coding == HTTP_CODING_IDENTITY)
		identity_feed(d, body, bytes);
	else
		coded_feed(d, body, bytes);
}

void http_body_end(struct dissection *d, struct http_body_out *body, bool complete)
{
	if (!body->open)
		return;
	const struct inflater *in = body->inflater;
	bool unfinished = complete && in != NULL && !in->ended;
	body_finish(d, body, unfinished ? HTTP_CODING_BROKEN : 0);
	body->open = false;
	struct http_body event = {
	    .index = body->index, .offset = body->offset, .end = true, .complete = complete, .flaws = body->flaws};
	dissection_emit(d, EV_HTTP_BODY, &event);
}
