/*
 * Opens what is given: finds the reader by content, keeps the facts, and says why when there is none. The formats
 * themselves are in the readers, bytes and compression in bytes.c.
 */
#include "analyzer/capture/capture.h"

#include <pcap/pcap.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "analyzer/capture/memory.h"
#include "analyzer/capture/reader.h"
#include "analyzer/capture/unpack.h"

_Static_assert((int)CAPTURE_SHA256_SIZE == (int)BYTES_SHA256_SIZE, "one size of digest");

/* In order of certainty: what has no magic number comes last. */
static const struct reader *const readers[] = {&reader_pcap, &reader_pcapng, &reader_snoop, &reader_erf, &reader_tsh};

struct foreign {
	const char *name;
	size_t offset;
	size_t len;
	const char *magic;
};

/* What else people hand in, so that the message can name it. */
static const struct foreign foreigners[] = {
    {.name = "gzip", .len = 2, .magic = "\x1f\x8b"},
    {.name = "zstd", .len = 4, .magic = "\x28\xb5\x2f\xfd"},
    {.name = "bzip2", .len = 3, .magic = "BZh"},
    {.name = "xz",
     .len = 6,
     .magic = "\xfd"
              "7zXZ\0"},
    {.name = "lz4", .len = 4, .magic = "\x04\x22\x4d\x18"},
    {.name = "lzip", .len = 4, .magic = "LZIP"},
    {.name = "lzop", .len = 4, .magic = "\x89LZO"},
    {.name = "lzma", .len = 5, .magic = "\x5d\0\0\x80\0"},
    {.name = "compress", .len = 2, .magic = "\x1f\x9d"},
    {.name = "zip", .len = 4, .magic = "PK\3\4"},
    {.name = "7z", .len = 6, .magic = "7z\xbc\xaf\x27\x1c"},
    {.name = "rar", .len = 4, .magic = "Rar!"},
    {.name = "tar", .offset = 257, .len = 5, .magic = "ustar"},
    {.name = "Network Monitor 1", .len = 4, .magic = "RTSS"},
    {.name = "Network Monitor 2", .len = 4, .magic = "GMBU"},
    {.name = "Sniffer", .len = 16, .magic = "TRSNIFF data    "},
    {.name = "NetXray", .len = 4, .magic = "XCP\0"},
    {.name = "iptrace", .len = 8, .magic = "iptrace "},
};

static const char *const status_names[] = {
    [CAPTURE_OK] = "ok",
    [CAPTURE_TRUNCATED] = "truncated",
    [CAPTURE_DAMAGED] = "damaged",
    [CAPTURE_UNREADABLE] = "unreadable",
    [CAPTURE_UNSUPPORTED] = "unsupported",
    [CAPTURE_LIMITED] = "limited",
};

const char *capture_status_name(enum capture_status status)
{
	return status_names[status];
}

static bool note_begin(struct capture *c, enum capture_status status)
{
	if (c->facts.status != CAPTURE_OK)
		return false;
	c->facts.status = status;
	c->facts.last_good_frame = c->facts.frames;
	return true;
}

void capture_note(struct capture *c, enum capture_status status, uint64_t offset, const char *fmt, ...)
{
	if (!note_begin(c, status))
		return;
	struct capture_facts *f = &c->facts;
	int len = snprintf(f->error, sizeof f->error, "offset %llu: ", (unsigned long long)offset);
	va_list args;
	va_start(args, fmt);
	vsnprintf(&f->error[len], sizeof f->error - (size_t)len, fmt, args);
	va_end(args);
}

static enum capture_status status_of_end(const struct capture *c)
{
	switch (c->bytes.end) {
	case BYTES_CUT:
		return CAPTURE_TRUNCATED;
	case BYTES_DAMAGED:
		return CAPTURE_DAMAGED;
	case BYTES_LIMITED:
		return CAPTURE_LIMITED;
	case BYTES_FAILED:
		return c->facts.frames > 0 ? CAPTURE_DAMAGED : CAPTURE_UNREADABLE;
	case BYTES_GOING:
	case BYTES_DONE:
		break;
	}
	return CAPTURE_OK;
}

/* Notes what the byte source has to say of its end, if anything. */
static void note_source(struct capture *c)
{
	enum capture_status status = status_of_end(c);
	if (status != CAPTURE_OK && note_begin(c, status))
		snprintf(c->facts.error, sizeof c->facts.error, "%s", c->bytes.reason);
}

void capture_note_cut(struct capture *c, uint64_t offset, const char *what)
{
	note_source(c);
	capture_note(c, CAPTURE_TRUNCATED, offset, "the file ends inside %s", what);
}

static const struct reader *reader_find(struct span head, bool whole)
{
	for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++)
		if (readers[i]->yours(head, whole))
			return readers[i];
	return NULL;
}

static const struct foreign *foreign_find(struct span head)
{
	for (size_t i = 0; i < sizeof foreigners / sizeof foreigners[0]; i++) {
		const struct foreign *f = &foreigners[i];
		if (span_starts(span_after(head, f->offset), span_of(f->magic, f->len)))
			return f;
	}
	return NULL;
}

/* Without a reader: why? */
static void note_foreign(struct capture *c, struct span head)
{
	const char *packed = c->bytes.compression;
	const struct foreign *f = foreign_find(head);
	if (head.len == 0) {
		note_source(c);
		capture_note(c, CAPTURE_UNREADABLE, 0, packed[0] ? "nothing inside the %s data" : "the file is empty%s",
		             packed);
		return;
	}
	if (f && packed[0])
		capture_note(c, CAPTURE_UNSUPPORTED, 0, "%s in %s is not read", f->name, packed);
	else if (f)
		capture_note(c, CAPTURE_UNSUPPORTED, 0, "%s is not read", f->name);
	else
		note_source(c);
	capture_note(c, CAPTURE_UNSUPPORTED, 0, "no capture format that is known");
}

static int reader_choose(struct capture *c, struct err *e)
{
	struct span head;
	bool whole = !bytes_want(&c->bytes, READER_HEAD_MAX, &head);
	if (head.len > 0 && !foreign_find(head))
		c->reader = reader_find(head, whole);
	if (!c->reader) {
		note_foreign(c, head);
		return 0;
	}
	c->facts.format = c->reader->format;
	return c->reader->open(c, e);
}

int capture_open_input(struct capture **out, struct bytes_input input, const struct capture_limits *limits,
                       struct err *e)
{
	struct capture *c = *out;
	const struct bytes_options options = {.max_inflated = limits->max_inflated, .hash = limits->hash};
	int failed = bytes_open(&c->bytes, input, &options, e);
	if (!failed) {
		c->linktype = -1;
		c->facts.format = "";
		c->facts.compression = c->bytes.compression;
		failed = reader_choose(c, e);
	}
	if (failed) {
		capture_close(c);
		*out = NULL;
	}
	return failed;
}

int capture_open(struct capture **out, int fd, const struct capture_limits *limits, struct err *e)
{
	struct capture *c = *out = calloc(1, sizeof *c);
	if (!c)
		return err_set(e, ERR_NOMEM, "out of memory");
	c->fd = fd;
	return capture_open_input(out, bytes_input_fd(&c->fd), limits, e);
}

static void linktype_note(struct capture *c, uint16_t linktype)
{
	struct capture_facts *f = &c->facts;
	c->linktype = linktype;
	for (size_t i = 0; i < f->linktype_count; i++)
		if (f->linktypes[i] == linktype)
			return;
	if (f->linktype_count < CAPTURE_LINKTYPES_MAX)
		f->linktypes[f->linktype_count++] = linktype;
}

static void capture_end(struct capture *c)
{
	struct capture_facts *f = &c->facts;
	c->ended = true;
	/* The reader saw the end at a record's end; the source may know that it was not the true one. */
	note_source(c);
	if (f->status == CAPTURE_OK)
		f->last_good_frame = f->frames;
	f->hashed = bytes_finish(&c->bytes, f->sha256, f->stream_sha256);
	f->file_bytes = bytes_file_bytes(&c->bytes);
}

int capture_next(struct capture *c, struct frame *f, struct err *e)
{
	if (c->ended)
		return 0;
	int got = c->state ? c->reader->next(c, f, e) : 0;
	if (got > 0) {
		f->number = ++c->facts.frames;
		if (f->linktype != c->linktype)
			linktype_note(c, f->linktype);
	} else if (got == 0) {
		capture_end(c);
	}
	return got;
}

const struct capture_facts *capture_facts(const struct capture *c)
{
	return &c->facts;
}

static bool known_head(struct span head, bool *compressed)
{
	struct capture *c;
	struct err e;
	const struct capture_limits limits = {.max_inflated = CAPTURE_MAX_INFLATED_DEFAULT};
	if (capture_open_memory(&c, head, &limits, &e) < 0)
		return false;
	bool known = c->reader != NULL;
	*compressed = c->facts.compression[0] != '\0';
	capture_close(c);
	return known;
}

/* A compressed block gives nothing before it is whole, and may be longer than a head. */
static bool known_stream(int fd)
{
	struct capture *c = NULL;
	struct err e;
	const struct capture_limits limits = {.max_inflated = CAPTURE_MAX_INFLATED_DEFAULT};
	if (lseek(fd, 0, SEEK_SET) != 0 || capture_open(&c, fd, &limits, &e) < 0 || !c)
		return false;
	bool known = c->reader != NULL;
	capture_close(c);
	return lseek(fd, 0, SEEK_SET) == 0 && known;
}

bool capture_recognised(int fd)
{
	uint8_t head[READER_HEAD_MAX];
	bool compressed = false;
	ssize_t got = pread(fd, head, sizeof head, 0);
	if (got <= 0)
		return false;
	return known_head(span_of(head, (size_t)got), &compressed) || (compressed && known_stream(fd));
}

void capture_close(struct capture *c)
{
	if (!c)
		return;
	if (c->reader)
		c->reader->close(c);
	bytes_close(&c->bytes);
	free(c);
}

uint16_t linktype_canonical(uint32_t linktype)
{
	/* DLT_RAW of most systems and of OpenBSD, which some writers put into files as they are. */
	enum { RAW = 12, RAW_OPENBSD = 14 };
	return linktype == RAW || linktype == RAW_OPENBSD ? LINKTYPE_RAW : (uint16_t)linktype;
}

const char *capture_linktype_name(uint16_t linktype, char *buf, size_t size)
{
	/* libpcap names the numbers of its programming interface, which differ from those in files where systems once
	 * disagreed. */
	static const struct {
		uint16_t linktype;
		int dlt;
	} different[] = {
	    {.linktype = 100, .dlt = DLT_ATM_RFC1483}, {.linktype = LINKTYPE_RAW, .dlt = DLT_RAW},
	    {.linktype = 102, .dlt = DLT_SLIP_BSDOS},  {.linktype = 103, .dlt = DLT_PPP_BSDOS},
	    {.linktype = 106, .dlt = DLT_ATM_CLIP},
	};
	int dlt = linktype;
	for (size_t i = 0; i < sizeof different / sizeof different[0]; i++)
		if (different[i].linktype == linktype)
			dlt = different[i].dlt;
	const char *name = pcap_datalink_val_to_name(dlt);
	if (name)
		return name;
	snprintf(buf, size, "LINKTYPE_%u", linktype);
	return buf;
}
