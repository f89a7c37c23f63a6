/* Typed access to event bodies: the pairing of event and body is read from the list. */
#include "analyzer/event/event.h"

/* A body's identity is its name in the list: two names of one body share one string only by comparison, so compare text. */
static const char *const body_names[] = {
#define EVENT(name, body) #body,
    EVENT_LIST(EVENT)
#undef EVENT
};

static const char *const event_names[] = {
#define EVENT(name, body) #name,
    EVENT_LIST(EVENT)
#undef EVENT
};

static const void *body_of(const struct event *ev, const char *body)
{
	return strcmp(body_names[ev->type], body) == 0 ? ev->body : NULL;
}

#define BODY(body)                                                                                                     \
	const struct body *event_##body(const struct event *ev)                                                        \
	{                                                                                                              \
		return body_of(ev, #body);                                                                             \
	}
EVENT_BODIES(BODY)
#undef BODY

const char *event_name(enum event_type type)
{
	return event_names[type];
}
