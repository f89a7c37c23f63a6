/*
 * libtrace, behind a wall: takes records apart that a reader (erf.c, tsh.c) has found and checked. No type of libtrace
 * leaves trace.c, and no file, length or descriptor of ours reaches libtrace.
 */
#pragma once

#include "analyzer/base/err.h"
#include "analyzer/capture/capture.h"

struct tracing;

enum tracing_format { TRACING_ERF, TRACING_TSH };

/* A longer record overruns a buffer of libtrace 3.0.22: it must not be shown. */
enum { TRACING_RECORD_MAX = 65520 };

int tracing_open(struct tracing **out, enum tracing_format format, struct err *e);

/*
 * Shows libtrace a record, its header and what follows that, and fills time, bytes, wire length, link type and check
 * sequence length of the frame; the bytes are valid until the next call. False: the record is too long, and *f is as it
 * was. The caller has checked that the header is whole and its type one that libtrace knows.
 */
bool tracing_show(struct tracing *t, struct span header, struct span rest, struct frame *f);

/* NULL is legal. */
void tracing_close(struct tracing *t);
