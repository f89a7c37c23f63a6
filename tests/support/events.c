/* The small world: see events.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/events.h"
#include "tests/support/weights.h"

#define FIRST_NS INT64_C(1700000000000000000)

static const char signature_header[] =
    "id,kind,location,match,pattern,encoding,except,scope,country,vendor,confidence,action,source,url,notes,aliases,"
    "origin_id,origin\n";

static void must(int code, const struct err *e)
{
	if (code == 0)
		return;
	fprintf(stderr, "%s\n", e->text);
	exit(1);
}

static struct sigdb *signatures_from(const char *rows)
{
	struct sigdb *db = NULL;
	struct err e;
	char path[256], *text = NULL;
	if (asprintf(&text, "%s%s", signature_header, rows) < 0)
		exit(1);
	temporary_file(path, sizeof path, text);
	free(text);
	must(sigdb_load(&db, path, &e), &e);
	must(sigdb_compile(db, &e), &e);
	unlink(path);
	return db;
}

void world_open(struct world *w, const struct detector *detector, const char *sigdb_rows)
{
	struct err e;
	*w = (struct world){.detector = detector, .now_ns = FIRST_NS};
	arena_init(&w->scratch, 0);
	arena_init(&w->texts, 0);
	must(names_init(&w->names, 0, &e), &e);
	must(candidates_init(&w->candidates, 100, 0, &e), &e);
	w->weights = weights_fixture();
	w->signatures = sigdb_rows ? signatures_from(sigdb_rows) : NULL;
	w->tested = calloc(mechanism_count, sizeof *w->tested);
	w->d = (struct detection){
	    .signatures = w->signatures,
	    .weights = w->weights,
	    .run = calloc(1, detector->run_size ? detector->run_size : 1),
	    .candidates = &w->candidates,
	    .tested = w->tested,
	    .scratch = &w->scratch,
	    .attempts = &w->attempts,
	    .names = &w->names,
	    .now_ns = w->now_ns,
	};
	if (detector->start)
		must(detector->start(&w->d, &e), &e);
}

void world_close(struct world *w)
{
	world_finish(w);
	for (size_t i = 0; i < w->flow_count; i++) {
		free(w->flows[i]);
		free(w->tcp[i]);
	}
	candidates_free(&w->candidates);
	arena_free(&w->scratch);
	arena_free(&w->texts);
	names_free(&w->names);
	attempts_free(&w->attempts);
	weights_free(w->weights);
	sigdb_free(w->signatures);
	free(w->tested);
	free(w->d.run);
}

struct addr addr_parse(const char *text)
{
	struct addr a = {0};
	if (inet_pton(AF_INET, text, a.bytes) == 1)
		a.version = 4;
	else if (inet_pton(AF_INET6, text, a.bytes) == 1)
		a.version = 6;
	return a;
}

struct flow *world_flow(struct world *w, uint8_t l4_proto, const char *client, uint16_t client_port, const char *server,
                        uint16_t server_port)
{
	if (w->flow_count == WORLD_FLOWS)
		exit(1);
	size_t i = w->flow_count++;
	w->flows[i] = aligned_alloc(16, (sizeof(struct flow) + w->detector->flow_size + 15) / 16 * 16);
	memset(w->flows[i], 0, sizeof(struct flow) + w->detector->flow_size);
	*w->flows[i] = (struct flow){
	    .id = i + 1,
	    .client = addr_parse(client),
	    .server = addr_parse(server),
	    .client_port = client_port,
	    .server_port = server_port,
	    .l4_proto = l4_proto,
	};
	if (l4_proto == IPPROTO_TCP)
		w->flows[i]->tcp = w->tcp[i] = calloc(1, sizeof(struct tcp_flow));
	return w->flows[i];
}

struct packet *world_packet(struct world *w, struct flow *f, enum dir dir, int64_t after_us)
{
	bool up = dir == DIR_UP;
	w->now_ns += after_us * 1000;
	w->d.now_ns = w->now_ns;
	w->frame = (struct frame){.number = ++w->frames, .ts_ns = w->now_ns, .wire_len = 100};
	w->packet = (struct packet){
	    .frame = &w->frame,
	    .clock_ns = w->now_ns,
	    .src = up ? f->client : f->server,
	    .dst = up ? f->server : f->client,
	    .sport = up ? f->client_port : f->server_port,
	    .dport = up ? f->server_port : f->client_port,
	    .l4_proto = f->l4_proto,
	    .has_l4 = true,
	    .ttl = up ? 64 : 52,
	    .ip_df = true,
	    .ip_id = (uint16_t)(f->client.version == 4 ? (up ? 7000 : 40000) + w->frames : 0),
	};
	w->dir = dir;
	w->flow = f;
	f->packets[dir]++;
	return &w->packet;
}

static void emit(struct world *w, const struct event *ev)
{
	if (!w->detector->on[ev->type])
		return;
	w->d.state = ev->flow->slots;
	w->detector->on[ev->type](&w->d, ev);
	w->d.state = NULL;
	arena_reset(&w->scratch);
}

void world_emit(struct world *w, enum event_type type, const void *body, uint8_t version)
{
	struct event ev = {
	    .type = type, .dir = w->dir, .pkt = &w->packet, .flow = w->flow, .body = body, .version = version};
	emit(w, &ev);
}

static void close_flow(struct world *w, size_t i, enum flow_end why)
{
	struct flow_change change = {.end = why};
	struct event ev = {.type = EV_FLOW_CLOSE, .flow = w->flows[i], .body = &change};
	emit(w, &ev);
	free(w->flows[i]);
	free(w->tcp[i]);
	w->flows[i] = NULL;
	w->tcp[i] = NULL;
}

void world_close_flow(struct world *w, struct flow *f)
{
	for (size_t i = 0; i < w->flow_count; i++)
		if (w->flows[i] == f)
			close_flow(w, i, FLOW_END_IDLE);
}

static void conclude(struct world *w)
{
	const struct attempts *logs[] = {&w->attempts};
	struct attempt_table attempts;
	struct err e;
	void *runs[] = {w->d.run};
	must(attempt_table_init(&attempts, logs, 1, &e), &e);
	struct conclusion c = {
	    .signatures = w->signatures,
	    .weights = w->weights,
	    .runs = runs,
	    .run_count = 1,
	    .attempts = &attempts,
	    .first_ns = FIRST_NS,
	    .last_ns = w->now_ns,
	    .candidates = &w->candidates,
	    .arena = &w->texts,
	    .tested = w->tested,
	};
	w->detector->conclude(&c);
	attempt_table_free(&attempts);
}

void world_finish(struct world *w)
{
	if (w->finished)
		return;
	w->finished = true;
	for (size_t i = 0; i < w->flow_count; i++)
		if (w->flows[i])
			close_flow(w, i, FLOW_END_CAPTURE);
	if (w->detector->conclude)
		conclude(w);
	if (w->detector->finish)
		w->detector->finish(&w->d);
	for (size_t i = 0; i < w->candidates.count; i++) {
		finding_weigh(w->candidates.items[i], w->weights);
		finding_identify(w->candidates.items[i]);
	}
}

const struct finding *world_finding(struct world *w, const char *mechanism)
{
	const struct finding *found = NULL;
	world_finish(w);
	for (size_t i = 0; i < w->candidates.count; i++) {
		if (strcmp(w->candidates.items[i]->mechanism->id, mechanism) != 0)
			continue;
		assert_null(found);
		found = w->candidates.items[i];
	}
	return found;
}

size_t world_findings(struct world *w)
{
	world_finish(w);
	return w->candidates.count;
}

uint64_t world_tested(struct world *w, const char *mechanism)
{
	world_finish(w);
	return w->tested[mechanism_find(mechanism) - mechanisms];
}

const char *finding_detail_value(const struct finding *f, const char *key)
{
	for (size_t i = 0; i < f->detail_count; i++)
		if (strcmp(f->details[i].key, key) == 0)
			return f->details[i].value;
	return "";
}

int finding_term_db(const struct finding *f, const char *id)
{
	for (size_t i = 0; i < f->term_count; i++)
		if (strcmp(f->terms[i].id, id) == 0)
			return f->terms[i].db;
	return 0;
}
