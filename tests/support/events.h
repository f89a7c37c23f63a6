/*
 * A small world for tests of detectors: flows, packets and events made by hand, one detector that sees them, and the
 * findings that it proposes, weighed with the numbers of support/weights.c. Nothing here decodes or reassembles.
 */
#pragma once

#include "analyzer/detect/detector.h"
#include "signatures/sigdb.h"

enum { WORLD_FLOWS = 128 };

struct world {
	const struct detector *detector;
	struct detection d;
	struct arena scratch;
	struct candidates candidates;
	struct weights *weights;
	struct sigdb *signatures;
	uint64_t *tested;
	struct names names;
	struct attempts attempts;
	struct arena texts;
	struct flow *flows[WORLD_FLOWS];
	struct tcp_flow *tcp[WORLD_FLOWS];
	size_t flow_count;
	uint64_t frames;
	int64_t now_ns;
	bool finished;

	/* The packet made last, to be changed before it is emitted. */
	struct frame frame;
	struct packet packet;
	enum dir dir;
	struct flow *flow;
};

/* sigdb_rows: lines of a signature file without its header, or NULL for no signatures. Ends the program on failure. */
void world_open(struct world *w, const struct detector *detector, const char *sigdb_rows);
void world_close(struct world *w);

/* A row of a signature file: id, location, match, pattern (quoted here), scope, country, action; confidence 9. */
#define SIGNATURE_ROW(id, kind, location, match, pattern, except, scope, country, action)                              \
	id "," kind "," location "," match ",\"" pattern "\",plain," except "," scope "," country ",,9," action        \
	   ",test,https://example.org/,,,,\n"

/* A new flow; addresses in text form. */
struct flow *world_flow(struct world *w, uint8_t l4_proto, const char *client, uint16_t client_port, const char *server,
                        uint16_t server_port);

/* The next packet, after_us microseconds behind the last one: TTL 64 up and 52 down, a counting IP-ID, DF set. */
struct packet *world_packet(struct world *w, struct flow *f, enum dir dir, int64_t after_us);

/* Emits an event with that packet, if the detector wants the type. */
void world_emit(struct world *w, enum event_type type, const void *body, uint8_t version);

void world_close_flow(struct world *w, struct flow *f);

/* Closes all flows and ends the capture, lets the detector conclude, then weighs and identifies what was proposed. */
void world_finish(struct world *w);

/* The only finding of the mechanism, NULL when there is none; fails the test when there are several. Finishes the
 * world. */
const struct finding *world_finding(struct world *w, const char *mechanism);
size_t world_findings(struct world *w); /* of all mechanisms. Finishes the world. */
uint64_t world_tested(struct world *w, const char *mechanism);

/* The value of a detail, or "". */
const char *finding_detail_value(const struct finding *f, const char *key);
/* The decibans of a term; 0 when the finding has no such term. */
int finding_term_db(const struct finding *f, const char *id);

struct addr addr_parse(const char *text);
