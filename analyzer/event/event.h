/*
 * Events: what the flow layer and the dissectors say happened. Detectors see nothing else. An event and its body live until
 * the handler returns; whoever wants to keep something copies it.
 */
#pragma once

#include "analyzer/event/list.h"
#include "analyzer/net/flow.h"

enum event_type {
#define EVENT(name, body) EV_##name,
	EVENT_LIST(EVENT)
#undef EVENT
	    EV_COUNT
};

/* Bodies: flow_change in net/flow.h, tcp_synack and tcp_zero_window in net/track.h, transfer_log in net/transfer.h, icmp_error
 * in net/icmp_error.h, stream_* in net/stream.h; the rest in the header of the dissector that the name starts with. */
#define EVENT(name, body) struct body;
EVENT_LIST(EVENT)
#undef EVENT

struct event {
	enum event_type type;
	enum dir dir;             /* of the packet: who speaks */
	const struct packet *pkt; /* the packet that completed it; NULL for FLOW_CLOSE by time or end */
	struct flow *flow;        /* never NULL */
	const void *body;         /* read it only through event_<body>() of event/bus.h */
	/*
	 * Which of the versions of the stream this was read from: 0 as delivered first come, first served; 1 from the bytes
	 * that contradict it (stream.h). A request or response of version 1 answers to the same requests as version 0.
	 */
	uint8_t version;
};

/* Typed readers; NULL when the event has another type. */
#define EVENT_BODIES(BODY)                                                                                             \
	BODY(flow_change)                                                                                              \
	BODY(tcp_synack)                                                                                               \
	BODY(tcp_zero_window)                                                                                          \
	BODY(transfer_log)                                                                                             \
	BODY(icmp_error)                                                                                               \
	BODY(stream_opening)                                                                                           \
	BODY(stream_gap)                                                                                               \
	BODY(stream_conflict)                                                                                          \
	BODY(dns_message)                                                                                              \
	BODY(http_request)                                                                                             \
	BODY(http_response)                                                                                            \
	BODY(http_body)                                                                                                \
	BODY(command)                                                                                                  \
	BODY(tunnel_message)                                                                                           \
	BODY(tls_client_hello)                                                                                         \
	BODY(tls_server_hello)                                                                                         \
	BODY(tls_certificate)                                                                                          \
	BODY(tls_alert)                                                                                                \
	BODY(quic_initial)                                                                                             \
	BODY(quic_flow)

#define BODY(body) const struct body *event_##body(const struct event *ev);
EVENT_BODIES(BODY)
#undef BODY

/* "DNS_MESSAGE": for tests and traces. */
const char *event_name(enum event_type type);
