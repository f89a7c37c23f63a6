/*
 * What of the messages of a capture, or of one page, the signatures match: every row, those of action fp and the hints included,
 * where detectors only tell what they conclude. For `wallprint signatures test`.
 */
#pragma once

#include "analyzer/event/bus.h"
#include "signatures/match.h"

enum { WATCH_PAGES_MAX = 256 /* responses whose bodies are read at the same time; others are counted */ };

/* One message that was looked at. */
struct watched {
	enum sig_kind kind; /* SIG_HTTP, SIG_DNS or SIG_TLS */
	uint64_t frame;     /* that brought its first byte; 0: it came from no capture */
	const struct sig_hits *hits;
};

/* Zero it, fill in the first three, give it to signature_watch_listen, and at the end to signature_watch_close. */
struct signature_watch {
	const struct sigdb *signatures;
	void (*report)(void *context, const struct watched *message);
	void *context;
	uint64_t messages, unread; /* looked at; of which the body was not, for want of room or memory */
	struct watched_page *open;
	size_t open_count;
};

/* Subscribes to the messages of a bus. The context is a struct signature_watch. */
void signature_watch_listen(void *context, struct bus *bus);
void signature_watch_close(struct signature_watch *w);

/* Plays the bytes of an HTTP response, status line first, to the watch. ERR_NOMEM. */
int signature_watch_response(struct signature_watch *w, struct span bytes, struct err *e);
