/* Dispatch by a table of handlers a type. */
#include "analyzer/event/bus.h"

bool bus_subscribe(struct bus *b, enum event_type type, event_handler *handle, void *context)
{
	uint8_t n = b->count[type];
	if (n == BUS_HANDLERS_MAX)
		return false;
	b->handlers[type][n].handle = handle;
	b->handlers[type][n].context = context;
	b->count[type]++;
	return true;
}

bool bus_wanted(const struct bus *b, enum event_type type)
{
	return b->count[type] > 0;
}

void bus_emit(struct bus *b, const struct event *ev)
{
	for (uint8_t i = 0; i < b->count[ev->type]; i++)
		b->handlers[ev->type][i].handle(b->handlers[ev->type][i].context, ev);
}
