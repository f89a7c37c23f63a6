/* Counting bits and printable bytes of one payload. */
#include "analyzer/net/shape.h"

static bool is_printable(uint8_t byte)
{
	return byte >= 0x20 && byte <= 0x7e;
}

/* A TLS record (handshake or data, versions 03 00 to 03 0f), or one of four HTTP verbs with its blank. */
static enum shape_prefix prefix_of(struct span s)
{
	static const char *const verbs[] = {"GET ", "PUT ", "POST ", "HEAD "};
	if (s.len >= 3 && (s.ptr[0] == 0x16 || s.ptr[0] == 0x17) && s.ptr[1] == 3 && s.ptr[2] <= 0x0f)
		return SHAPE_TLS;
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		size_t length = strlen(verbs[i]);
		if (s.len >= length && memcmp(s.ptr, verbs[i], length) == 0)
			return SHAPE_HTTP;
	}
	return SHAPE_OTHER;
}

struct shape shape_of(struct span payload, uint32_t payload_len)
{
	struct shape o = {.kind = (uint8_t)prefix_of(payload), .whole = payload.len == payload_len};
	uint16_t row = 0;
	size_t length = payload.len < UINT16_MAX ? payload.len : UINT16_MAX;
	for (size_t i = 0; i < length; i++) {
		bool printable = is_printable(payload.ptr[i]);
		row = printable ? (uint16_t)(row + 1) : 0;
		o.run = row > o.run ? row : o.run;
		o.printable = (uint16_t)(o.printable + printable);
		o.prefix = row == i + 1 ? row : o.prefix;
		o.ones += (uint32_t)__builtin_popcount(payload.ptr[i]);
	}
	o.length = (uint16_t)length;
	return o;
}

bool shape_is_uneven(const struct shape *o)
{
	enum { ONES_LOW = 34, ONES_HIGH = 46 /* set bits in ten bytes */ };
	uint32_t tenfold = o->ones * 10, length = o->length;
	return tenfold <= ONES_LOW * length || tenfold >= ONES_HIGH * length;
}

unsigned shape_exemptions(const struct shape *o)
{
	enum { PREFIX = 6, RUN = 20 };
	unsigned bits = shape_is_uneven(o);
	bits |= (unsigned)(o->prefix >= PREFIX) << 1;
	bits |= (unsigned)(o->printable * 2 > o->length) << 2;
	bits |= (unsigned)(o->run > RUN) << 3;
	bits |= (unsigned)(o->kind != SHAPE_OTHER) << 4;
	return bits;
}

bool shape_looks_encrypted(const struct shape *o)
{
	return o->length > 0 && o->whole && shape_exemptions(o) == 0;
}
