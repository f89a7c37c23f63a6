/*
 * Captures in, frames out: the face of the readers. pcap and pcapng are read by our own readers over a byte source
 * (bytes.h) that opens gzip and zstd; what only libtrace knows goes through trace.c. Recognition is by content alone.
 *
 * Damage is data, not an error: a reader that meets a record which cannot be (length over CAPTURE_RECORD_MAX, a block
 * length that does not add up, a cut file) notes it in capture_facts, looks for the next plausible record and goes on.
 */
#pragma once

#include "analyzer/base/err.h"
#include "analyzer/base/span.h"

enum {
	CAPTURE_RECORD_MAX = 256 * 1024, /* a captured length above this is damage */
	CAPTURE_LINKTYPES_MAX = 16,      /* distinct link types named in the facts; further ones are still read */
	CAPTURE_SHA256_SIZE = 32,
};

/* Times outside 1970..2261 (what 63 bits of nanoseconds hold) are not known. */
#define FRAME_NO_TIME INT64_MIN

/* Link types, by their number in capture files (LINKTYPE_ of the pcap registry, which pcap and pcapng share). */
enum linktype {
	LINKTYPE_NULL = 0,
	LINKTYPE_ETHERNET = 1,
	LINKTYPE_PPP = 9,
	LINKTYPE_PPP_HDLC = 50,
	LINKTYPE_PPP_ETHER = 51,
	LINKTYPE_RAW = 101,
	LINKTYPE_C_HDLC = 104,
	LINKTYPE_IEEE802_11 = 105,
	LINKTYPE_FRELAY = 107,
	LINKTYPE_LOOP = 108,
	LINKTYPE_LINUX_SLL = 113,
	LINKTYPE_IEEE802_11_PRISM = 119,
	LINKTYPE_IEEE802_11_RADIOTAP = 127,
	LINKTYPE_IEEE802_11_AVS = 163,
	LINKTYPE_PPP_PPPD = 166,
	LINKTYPE_PPI = 192,
	LINKTYPE_ERF = 197,
	LINKTYPE_PPP_WITH_DIR = 204,
	LINKTYPE_IPV4 = 228,
	LINKTYPE_IPV6 = 229,
	LINKTYPE_NFLOG = 239,
	LINKTYPE_LINUX_SLL2 = 276,
};

enum frame_way { FRAME_WAY_UNKNOWN, FRAME_INBOUND, FRAME_OUTBOUND };

struct frame {
	uint64_t number;    /* 1, 2, 3.. in file order over all records that hold a packet, as Wireshark counts */
	int64_t ts_ns;      /* since 1970 UTC, or FRAME_NO_TIME */
	uint32_t wire_len;  /* bytes on the wire; never less than bytes.len */
	uint32_t interface; /* 0, 1.. in order of appearance over all sections; 0 in a classic pcap */
	uint16_t linktype;  /* enum linktype, or another number of the registry */
	uint8_t fcs_len; /* bytes of frame check sequence at the end of a whole frame, when the file says so; else 0 */
	uint8_t way;     /* enum frame_way: what the file says of direction */
	struct span bytes; /* captured bytes; borrowed until the next call */
};

/* Worst first is not implied: the first thing that went wrong decides. */
enum capture_status {
	CAPTURE_OK,
	CAPTURE_TRUNCATED,   /* the file ends inside a record or a compressed stream */
	CAPTURE_DAMAGED,     /* something inside could not be read; reading went on behind it where possible */
	CAPTURE_UNREADABLE,  /* no frame could be read: I/O error, empty file, a directory */
	CAPTURE_UNSUPPORTED, /* a format or compression that this build does not read */
	CAPTURE_LIMITED,     /* an input limit was reached (inflated bytes) */
};

/* "ok", "truncated", ... : the words of captures.csv. */
const char *capture_status_name(enum capture_status status);

/* What captures.csv says of the input itself. Final once capture_next has returned 0. */
struct capture_facts {
	const char *format;                         /* "pcap", "pcapng", "erf", ...; "" when not recognised */
	const char *compression;                    /* "", "gzip" or "zstd" */
	uint64_t file_bytes;                        /* of the file as it is */
	bool hashed;                                /* the two digests below are there */
	uint8_t sha256[CAPTURE_SHA256_SIZE];        /* of the file as it is, to its very end */
	uint8_t stream_sha256[CAPTURE_SHA256_SIZE]; /* of the decompressed bytes, to the point where that ended */
	uint16_t linktypes[CAPTURE_LINKTYPES_MAX];  /* of the frames read, in order of first appearance */
	size_t linktype_count;
	uint32_t snaplen; /* largest that an interface states; 0: none stated */
	uint64_t frames;
	uint64_t interface_drops; /* sum over interfaces of the last ifdrop + osdrop counters seen */
	bool has_interface_drops;
	enum capture_status status;
	uint64_t lost_bytes;      /* of the decompressed stream, skipped as damage */
	uint64_t damage_count;    /* places where reading had to search for the next record */
	uint64_t last_good_frame; /* last frame before the first thing that went wrong; all when ok */
	char error[240];          /* offset and reason of the first thing that went wrong; "" when ok */
};

struct capture_limits {
	uint64_t max_inflated; /* bytes that a compressed capture may grow to */
	bool hash;             /* compute the digests */
};

/* What `max_inflated` is when nothing else is asked for. */
#define CAPTURE_MAX_INFLATED_DEFAULT (UINT64_C(1) << 40)

struct capture;

/*
 * Reads from an open descriptor (a file, a pipe, a terminal's stdin), which stays the caller's. Never fails because of
 * the bytes: an unreadable or unknown input gives a capture without frames whose facts say why. Negative (ERR_NOMEM,
 * ERR_IO) only when the environment failed.
 */
int capture_open(struct capture **out, int fd, const struct capture_limits *limits, struct err *e);

/* 1: a frame; 0: the end, for good or for bad (see the facts); negative: the environment failed. */
int capture_next(struct capture *c, struct frame *f, struct err *e);

const struct capture_facts *capture_facts(const struct capture *c);

/* True when the first bytes of the descriptor, which must be seekable and is put back at its start, look like a capture
 * that capture_open would read. For walking folders. */
bool capture_recognised(int fd);

/* NULL is legal. */
void capture_close(struct capture *c);

/* "EN10MB", "LINUX_SLL", ...: libpcap's name of a link type number, or "LINKTYPE_n" written into buf. */
const char *capture_linktype_name(uint16_t linktype, char *buf, size_t size);
