/*
 * The bus: hands an event to those who asked for its type, at once, in list order. It is filled at start and constant
 * afterwards; a handler may not emit the type it is handling.
 */
#pragma once

#include "analyzer/event/event.h"

typedef void event_handler(void *context, const struct event *ev);

enum { BUS_HANDLERS_MAX = 64 }; /* a type */

struct bus {
	struct {
		event_handler *handle;
		void *context;
	} handlers[EV_COUNT][BUS_HANDLERS_MAX];
	uint8_t count[EV_COUNT];
};

/* False when BUS_HANDLERS_MAX handlers want the type already. */
bool bus_subscribe(struct bus *b, enum event_type type, event_handler *handle, void *context);

/* True when somebody wants the type: lets an emitter skip work that only the event's body needs. */
bool bus_wanted(const struct bus *b, enum event_type type);

void bus_emit(struct bus *b, const struct event *ev);
