/*
 * Bounded text building, and the one escaper for text from outside (wire, file names, signature files). What it writes
 * is printable ASCII, so that neither a terminal nor a spreadsheet acts on it.
 */
#pragma once

#include "analyzer/base/span.h"

/* A writer over a caller's buffer; always NUL-ended; what does not fit is dropped and `cut` is set. */
struct text {
	char *ptr;
	size_t len, size;
	bool cut;
};

/* size must be at least 1. */
struct text text_over(char *buffer, size_t size);

void text_add(struct text *t, struct span s);
void text_printf(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Most bytes of outside text that a field shows; what is longer ends in "...". */
enum { TEXT_OUTSIDE_MAX = 256 };

enum text_place {
	TEXT_FIELD,     /* a whole field: a first byte = + - @ is escaped too, since quotes stop no spreadsheet */
	TEXT_LIST,      /* inside a list or `details`: ; and = are escaped too */
	TEXT_FILE_NAME, /* as TEXT_FIELD, but valid UTF-8 letters above ASCII stay; not bounded by TEXT_OUTSIDE_MAX */
};

/* Appends outside text: bytes other than printable ASCII as \xNN, backslash as \\. */
void text_escape(struct text *t, struct span s, enum text_place place);

/* Lower-case hex digits of the bytes. */
void text_hex(struct text *t, struct span s);

/* UTC, RFC 3339 with nanoseconds, from nanoseconds since 1970; nothing for a time before 1970. */
void text_time(struct text *t, int64_t ns);
