/*
 * gzip (RFC 1952) by zlib and zstd (RFC 8878) by libzstd, both with any number of members or frames one after another.
 * Zero bytes after a member are padding, as tapes and disk images leave it. Owns the decoders and nothing else.
 */
#include "analyzer/capture/unpack.h"

#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum {
	GZIP_WINDOW_BITS = 15 + 16, /* largest window; + 16: gzip header and trailer */
	ZSTD_WINDOW_LOG_MAX = 27,   /* 128 MiB, what zstd itself allows without --long */
	ZSTD_SKIPPABLE_LOW = 0x50,  /* 50 2a 4d 18 to 5f 2a 4d 18 */
	ZSTD_SKIPPABLE_MASK = 0xf0,
};

struct unpack {
	enum unpack_format format;
	z_stream gzip;
	ZSTD_DCtx *zstd;
	bool inside; /* a member or frame has begun and not ended */
	uint64_t members;
	bool fresh; /* the present member has made and ended nothing yet */
	const char *reason;
};

enum unpack_format unpack_recognise(struct span head)
{
	static const uint8_t gzip[] = {0x1f, 0x8b}, zstd[] = {0x28, 0xb5, 0x2f, 0xfd}, skippable[] = {0x2a, 0x4d, 0x18};
	if (span_starts(head, span_of(gzip, sizeof gzip)))
		return UNPACK_GZIP;
	if (span_starts(head, span_of(zstd, sizeof zstd)))
		return UNPACK_ZSTD;
	if (head.len >= 4 && (head.ptr[0] & ZSTD_SKIPPABLE_MASK) == ZSTD_SKIPPABLE_LOW &&
	    span_starts(span_after(head, 1), span_of(skippable, sizeof skippable)))
		return UNPACK_ZSTD;
	return UNPACK_NONE;
}

int unpack_open(struct unpack **out, enum unpack_format format, struct err *e)
{
	struct unpack *u = calloc(1, sizeof *u);
	if (!u)
		return err_set(e, ERR_NOMEM, "out of memory");
	u->format = format;
	u->reason = "";
	bool ready;
	if (format == UNPACK_GZIP) {
		ready = inflateInit2(&u->gzip, GZIP_WINDOW_BITS) == Z_OK;
	} else {
		u->zstd = ZSTD_createDCtx();
		ready =
		    u->zstd && !ZSTD_isError(ZSTD_DCtx_setParameter(u->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX));
	}
	if (!ready) {
		unpack_close(u);
		return err_set(e, ERR_NOMEM, "out of memory for a decompressor");
	}
	*out = u;
	return 0;
}

static enum unpack_result step_failed(struct unpack *u, const char *reason, bool not_a_member)
{
	u->reason = reason;
	if (not_a_member && u->members > 0 && u->fresh)
		return UNPACK_TRAILER;
	return UNPACK_BROKEN;
}

static const char *gzip_reason(const struct unpack *u, int result)
{
	if (u->gzip.msg)
		return u->gzip.msg;
	return result == Z_MEM_ERROR ? "out of memory in inflate" : "stream cannot be inflated";
}

static enum unpack_result step_gzip(struct unpack *u, struct span *in, uint8_t *out, size_t size, size_t *made)
{
	uInt in_len = (uInt)(in->len < UINT32_MAX ? in->len : UINT32_MAX);
	u->gzip.next_in = in->ptr;
	u->gzip.avail_in = in_len;
	u->gzip.next_out = out;
	u->gzip.avail_out = (uInt)(size < UINT32_MAX ? size : UINT32_MAX);
	int result = inflate(&u->gzip, Z_SYNC_FLUSH);
	*made = (size_t)(u->gzip.next_out - out);
	*in = span_after(*in, in_len - u->gzip.avail_in);
	if (*made > 0)
		u->fresh = false;
	if (result == Z_STREAM_END) {
		u->inside = false;
		u->members++;
		inflateReset(&u->gzip);
		return UNPACK_GOING;
	}
	if (result == Z_OK || result == Z_BUF_ERROR)
		return UNPACK_GOING;
	/* A header that is none fails before inflate knows of any data: total_out alone cannot tell, but `fresh` can. */
	return step_failed(u, gzip_reason(u, result), result == Z_DATA_ERROR);
}

static enum unpack_result step_zstd(struct unpack *u, struct span *in, uint8_t *out, size_t size, size_t *made)
{
	ZSTD_inBuffer packed = {.src = in->ptr, .size = in->len};
	ZSTD_outBuffer plain = {.dst = out, .size = size};
	size_t result = ZSTD_decompressStream(u->zstd, &plain, &packed);
	*made = plain.pos;
	*in = span_after(*in, packed.pos);
	if (*made > 0)
		u->fresh = false;
	if (ZSTD_isError(result))
		return step_failed(u, ZSTD_getErrorName(result),
		                   ZSTD_getErrorCode(result) == ZSTD_error_prefix_unknown);
	if (result == 0) {
		u->inside = false;
		u->members++;
	}
	return UNPACK_GOING;
}

enum unpack_result unpack_step(struct unpack *u, struct span *in, uint8_t *out, size_t size, size_t *made)
{
	*made = 0;
	if (!u->inside) {
		while (u->members > 0 && in->len > 0 && in->ptr[0] == 0)
			*in = span_after(*in, 1);
		if (in->len == 0)
			return UNPACK_GOING;
		u->inside = true;
		u->fresh = true;
	}
	return u->format == UNPACK_GZIP ? step_gzip(u, in, out, size, made) : step_zstd(u, in, out, size, made);
}

bool unpack_complete(const struct unpack *u)
{
	return !u->inside;
}

const char *unpack_reason(const struct unpack *u)
{
	return u->reason;
}

void unpack_close(struct unpack *u)
{
	if (!u)
		return;
	if (u->format == UNPACK_GZIP)
		inflateEnd(&u->gzip);
	ZSTD_freeDCtx(u->zstd);
	free(u);
}
