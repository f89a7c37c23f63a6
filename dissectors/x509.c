/*
 * X.509 v1 to v3 certificates by a small DER reader (X.690): tags of one byte, definite lengths of up to three bytes, every
 * value a child of the cursor around it. The structure is walked by hand, so nesting is as deep as this file and no deeper.
 *
 *   Certificate = { tbs = { [0] version, serial, algorithm, issuer, validity, subject, spki, [1], [2], [3] extensions },
 *                   algorithm, signature }
 */
#include "dissectors/x509.h"

#include "analyzer/base/cursor.h"
#include "analyzer/base/text.h"

enum {
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_OID = 0x06,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_BMP_STRING = 0x1e,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
	DER_VERSION = 0xa0,    /* [0] of the certificate body */
	DER_EXTENSIONS = 0xa3, /* [3] */
	DER_DNS_NAME = 0x82,   /* [2] of GeneralName */
	DER_TAG_LONG = 0x1f,
};

/* One value: its tag and a cursor over its contents. Fails the outer cursor when it is not there or not DER. */
static struct cursor der_next(struct cursor *c, uint8_t *tag)
{
	*tag = cursor_u8(c);
	size_t len = cursor_u8(c);
	if (len == 0x81)
		len = cursor_u8(c);
	else if (len == 0x82)
		len = cursor_be16(c);
	else if (len == 0x83)
		len = cursor_be24(c);
	else if (len >= 0x80)
		c->failed = true;
	if ((*tag & DER_TAG_LONG) == DER_TAG_LONG)
		c->failed = true;
	if (c->failed)
		cursor_skip(c, cursor_left(c));
	struct cursor value = cursor_child(c, c->failed ? 0 : len);
	value.failed = c->failed;
	return value;
}

/* The same for a value that must have this tag. */
static struct cursor der_expect(struct cursor *c, uint8_t want)
{
	uint8_t tag;
	struct cursor value = der_next(c, &tag);
	if (tag == want && !c->failed)
		return value;
	c->failed = true;
	cursor_skip(c, cursor_left(c));
	return (struct cursor){.failed = true};
}

static bool der_peek(const struct cursor *c, uint8_t want)
{
	struct cursor look = *c;
	return cursor_u8(&look) == want && !look.failed;
}

/* Days since 1970-01-01 of a date of the Gregorian calendar: years are counted from March so that leap days come last. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month > 2 ? year : year - 1;
	int64_t era = y / 400, of_era = y % 400;
	int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool two_digits(struct cursor *c, int64_t *out)
{
	uint64_t value;
	bool good = span_decimal(cursor_take(c, 2), &value);
	*out = good ? (int64_t)value : 0;
	return good;
}

/* YYMMDDhhmmssZ or YYYYMMDDhhmmssZ (RFC 5280, section 4.1.2.5); the seconds may be missing. */
static int64_t time_read(struct cursor *c)
{
	uint8_t tag;
	struct cursor t = der_next(c, &tag);
	int64_t century = 0, year, month, day, hour, minute, second = 0;

	if (tag != DER_UTC_TIME && tag != DER_GENERALIZED_TIME)
		return INT64_MIN;
	if (tag == DER_GENERALIZED_TIME && !two_digits(&t, &century))
		return INT64_MIN;
	if (!two_digits(&t, &year) || !two_digits(&t, &month) || !two_digits(&t, &day) || !two_digits(&t, &hour) ||
	    !two_digits(&t, &minute))
		return INT64_MIN;
	if (cursor_left(&t) > 1 && !two_digits(&t, &second))
		return INT64_MIN;
	if (cursor_u8(&t) != 'Z' || cursor_left(&t) > 0)
		return INT64_MIN;
	if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60)
		return INT64_MIN;
	year += tag == DER_GENERALIZED_TIME ? century * 100 : year < 50 ? 2000 : 1900;
	return days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
}

static void oid_add(struct text *t, struct cursor c)
{
	uint64_t arc = 0;
	bool first = true;

	while (cursor_left(&c) > 0) {
		uint8_t b = cursor_u8(&c);
		if (arc >> 56)
			return;
		arc = arc << 7 | (b & 0x7f);
		if (b & 0x80)
			continue;
		if (first) {
			uint64_t root = arc < 80 ? arc / 40 : 2;
			text_printf(t, "%u.%llu", (unsigned)root, (unsigned long long)(arc - root * 40));
		} else {
			text_printf(t, ".%llu", (unsigned long long)arc);
		}
		first = false;
		arc = 0;
	}
}

static struct span oid_of(const char *bytes)
{
	return span_of(bytes, 3);
}

static bool is_common_name(struct span oid)
{
	return span_equal(oid, oid_of("\x55\x04\x03"));
}

static void attribute_name_add(struct text *t, struct cursor oid)
{
	static const struct {
		const char *oid, *name;
	} attributes[] = {{"\x55\x04\x03", "CN"}, {"\x55\x04\x06", "C"}, {"\x55\x04\x07", "L"},
	                  {"\x55\x04\x08", "ST"}, {"\x55\x04\x0a", "O"}, {"\x55\x04\x0b", "OU"}};
	struct cursor look = oid;
	struct span bytes = cursor_rest(&look);
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		if (span_equal(bytes, oid_of(attributes[i].oid))) {
			text_printf(t, "%s", attributes[i].name);
			return;
		}
	}
	oid_add(t, oid);
}

static void utf8_add(struct text *t, uint32_t code)
{
	uint8_t b[3];
	size_t n = 0;
	if (code < 0x80) {
		b[n++] = (uint8_t)code;
	} else if (code < 0x800) {
		b[n++] = (uint8_t)(0xc0 | code >> 6);
		b[n++] = (uint8_t)(0x80 | (code & 0x3f));
	} else {
		b[n++] = (uint8_t)(0xe0 | code >> 12);
		b[n++] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
		b[n++] = (uint8_t)(0x80 | (code & 0x3f));
	}
	text_add(t, span_of(b, n));
}

/* The value as UTF-8, or as raw bytes where its type has no sure character set. */
static struct span value_text(uint8_t tag, struct cursor value, struct arena *scratch)
{
	if (tag != DER_BMP_STRING)
		return cursor_rest(&value);
	char buffer[X509_DN_MAX];
	struct text t = text_over(buffer, sizeof(buffer));
	while (cursor_left(&value) >= 2)
		utf8_add(&t, cursor_be16(&value));
	return arena_copy(scratch, span_of(t.ptr, t.len));
}

/* One AttributeTypeAndValue, appended; its value also in *cn when it is a common name. */
static void attribute_read(struct cursor *set, struct text *t, struct span *cn, struct arena *scratch)
{
	struct cursor pair = der_expect(set, DER_SEQUENCE);
	struct cursor oid = der_expect(&pair, DER_OID);
	uint8_t tag;
	struct cursor value = der_next(&pair, &tag);
	if (pair.failed) {
		set->failed = true;
		return;
	}
	struct span text = value_text(tag, value, scratch);
	struct cursor look = oid;
	if (is_common_name(cursor_rest(&look)))
		*cn = text;
	if (t->len > 0)
		text_add(t, span_text(", "));
	attribute_name_add(t, oid);
	text_add(t, span_text("="));
	text_add(t, text);
}

/* A Name: sets of attributes. Fails the outer cursor when it is broken; the attributes before that count. */
static struct span name_read(struct cursor *c, struct span *cn, struct arena *scratch)
{
	char buffer[X509_DN_MAX];
	struct text t = text_over(buffer, sizeof(buffer));
	struct cursor sets = der_expect(c, DER_SEQUENCE);

	for (int levels = 0; cursor_left(&sets) > 0 && levels < X509_LEVELS_MAX;) {
		struct cursor set = der_expect(&sets, DER_SET);
		for (; cursor_left(&set) > 0 && levels < X509_LEVELS_MAX; levels++)
			attribute_read(&set, &t, cn, scratch);
		if (set.failed || sets.failed) {
			c->failed = true;
			break;
		}
		levels++;
	}
	return arena_copy(scratch, span_of(t.ptr, t.len));
}

static bool alt_names_read(struct x509 *out, struct cursor octets)
{
	struct cursor names = der_expect(&octets, DER_SEQUENCE);
	while (cursor_left(&names) > 0) {
		uint8_t tag;
		struct cursor name = der_next(&names, &tag);
		if (names.failed)
			return false;
		if (tag == DER_DNS_NAME && out->name_count < X509_NAMES_MAX)
			out->names[out->name_count++] = cursor_rest(&name);
	}
	return !octets.failed;
}

static bool extensions_read(struct x509 *out, struct cursor *tbs)
{
	struct cursor tagged = der_expect(tbs, DER_EXTENSIONS);
	struct cursor list = der_expect(&tagged, DER_SEQUENCE);
	bool good = !tagged.failed;

	while (cursor_left(&list) > 0) {
		struct cursor extension = der_expect(&list, DER_SEQUENCE);
		struct cursor oid = der_expect(&extension, DER_OID);
		uint8_t tag;
		struct cursor value = der_next(&extension, &tag);
		if (!extension.failed && tag != DER_OCTET_STRING)
			value = der_next(&extension, &tag); /* behind `critical` */
		if (extension.failed || tag != DER_OCTET_STRING)
			return false;
		if (span_equal(cursor_rest(&oid), oid_of("\x55\x1d\x11")))
			good = alt_names_read(out, value) && good;
	}
	return good && !list.failed;
}

static struct span spki_read(struct cursor *tbs)
{
	struct cursor start = *tbs;
	struct cursor contents = der_expect(tbs, DER_SEQUENCE);
	(void)contents;
	return tbs->failed ? span_of(NULL, 0) : cursor_take(&start, cursor_offset(tbs) - cursor_offset(&start));
}

/* The certificate body; false as soon as it stops making sense. */
static bool tbs_read(struct x509 *out, struct cursor *tbs, struct arena *scratch)
{
	if (der_peek(tbs, DER_VERSION))
		(void)der_expect(tbs, DER_VERSION);
	(void)der_expect(tbs, DER_INTEGER);
	(void)der_expect(tbs, DER_SEQUENCE);
	if (tbs->failed)
		return false;
	out->issuer = name_read(tbs, &out->issuer_cn, scratch);
	struct cursor validity = der_expect(tbs, DER_SEQUENCE);
	out->not_before = time_read(&validity);
	out->not_after = time_read(&validity);
	if (tbs->failed)
		return false;
	out->subject = name_read(tbs, &out->subject_cn, scratch);
	out->spki = spki_read(tbs);
	while (cursor_left(tbs) > 0 && !der_peek(tbs, DER_EXTENSIONS)) {
		uint8_t tag;
		(void)der_next(tbs, &tag);
	}
	bool good = cursor_left(tbs) == 0 || extensions_read(out, tbs);
	return good && !tbs->failed && cursor_left(tbs) == 0;
}

void x509_read(struct x509 *out, struct span der, struct arena *scratch)
{
	struct cursor c = cursor_over(der);

	*out = (struct x509){.not_before = INT64_MIN, .not_after = INT64_MIN};
	uint8_t tag;
	struct cursor look = c;
	struct cursor certificate = der_next(&look, &tag);
	if (look.failed || tag != DER_SEQUENCE)
		return;
	struct cursor tbs = der_expect(&certificate, DER_SEQUENCE);
	bool good = tbs_read(out, &tbs, scratch);
	(void)der_expect(&certificate, DER_SEQUENCE);
	(void)der_expect(&certificate, DER_BIT_STRING);
	out->whole = good && !certificate.failed && cursor_left(&certificate) == 0 && cursor_left(&look) == 0;
}
