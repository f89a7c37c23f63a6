/*
 * What a reader of one capture format is (pcap.c, pcapng.c, ...), and what it finds in capture.c: the byte source, and
 * the notes of what went wrong. Private to this folder; capture.h is the face.
 */
#pragma once

#include "analyzer/capture/bytes.h"
#include "analyzer/capture/capture.h"

/* The most of a stream that recognition looks at. */
enum { READER_HEAD_MAX = 72 * 1024 };

struct reader {
	const char *format; /* the word of captures.csv */

	/* Are these the first bytes of such a file? `whole`: there are no more. Strict where there is no magic number. */
	bool (*yours)(struct span head, bool whole);

	/* The stream stands at its start. Fills c->state, or leaves it NULL and has noted why there is nothing to read. */
	int (*open)(struct capture *c, struct err *e);

	/* As capture_next, which fills number and counts. Leaves everything else of *f set. */
	int (*next)(struct capture *c, struct frame *f, struct err *e);

	/* Frees c->state, which may be NULL. */
	void (*close)(struct capture *c);
};

extern const struct reader reader_pcap, reader_pcapng, reader_snoop, reader_erf, reader_tsh;

/* What memory.c reads. */
struct capture_memory {
	struct span left;
	size_t piece; /* most bytes a read; 0: any */
	int failure;  /* errno after the last byte; 0: just the end */
};

struct capture {
	struct bytes bytes;
	const struct reader *reader; /* NULL: nothing to read */
	void *state;
	struct capture_facts facts;
	int fd; /* what the byte source reads: a descriptor, or */
	struct capture_memory memory;
	int linktype; /* of the last frame, already in the facts; -1: none */
	bool ended;
};

/* What capture_open does, over any input. *out is the zeroed capture to open; freed and NULL on failure. */
int capture_open_input(struct capture **out, struct bytes_input input, const struct capture_limits *limits,
                       struct err *e);

/* Notes that something is wrong at an offset of the stream. Only the first note is kept. */
void capture_note(struct capture *c, enum capture_status status, uint64_t offset, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Notes that the stream ended at an offset inside `what` ("a record"): either the file is cut, or the source has its
 * own reason to end. */
void capture_note_cut(struct capture *c, uint64_t offset, const char *what);

/* The number that this program uses for a link type: the several numbers of raw IP are one. */
uint16_t linktype_canonical(uint32_t linktype);
