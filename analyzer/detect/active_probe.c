/*
 * active_probe (Beznazwy, Houmansadr et al., How China Detects and Blocks Shadowsocks, IMC 2020): after a client's connection to a server,
 * another address sends the server the very bytes that the client began with. As the server sees it, in the capture pass. Evidence of
 * surveillance, not of blocking.
 *
 * Remembered are openings that look random and are long enough not to repeat by chance: text (HTTP and alike), TLS hellos, and short
 * payloads repeat everywhere, health checks too, and so do binary greetings without a nonce (DCE/RPC, SMB), which the share of set bits tells
 * from noise. A router that translates addresses shows one packet twice, at once. A client that comes back under a new address with the same bytes would
 * have had to keep a nonce, which no protocol of this kind does; retransmissions are of the same connection.
 */
#include "analyzer/detect/detector.h"
#include "analyzer/net/shape.h"
#include "analyzer/net/stream.h"

#include <nettle/sha2.h>
#include <stdlib.h>

enum {
	OPENING_LEAST = 32,  /* bytes */
	OPENINGS_MAX = 4096, /* of a shard; the rest is counted */
	DIGEST_LEN = 16,
	PRINTABLE_PERCENT = 50,
	TLS_HANDSHAKE = 0x16,
	TLS_MAJOR = 3,
};

/* When a repetition is a replay: the shortest delay seen was 0.28 s. */
#define REPLAY_LEAST_NS (INT64_C(100) * 1000000)
#define REPLAY_NS       (INT64_C(3600) * 1000000000)

struct first_bytes {
	uint8_t digest[DIGEST_LEN];
	struct addr client, server;
	uint16_t client_port, server_port;
	uint64_t flow_id;
	uint32_t length;
	struct frame_ref frame;
};

struct probe_run {
	struct first_bytes *openings;
	size_t count, room;
};

static void finish(struct detection *d)
{
	struct probe_run *run = d->run;
	free(run->openings);
}

static bool looks_random(struct span s)
{
	const struct shape shape = shape_of(s, (uint32_t)s.len);
	size_t printable = 0;
	for (size_t i = 0; i < s.len; i++)
		printable += s.ptr[i] >= 0x20 && s.ptr[i] <= 0x7e;
	bool tls = s.ptr[0] == TLS_HANDSHAKE && s.ptr[1] == TLS_MAJOR;
	return printable * 100 <= s.len * PRINTABLE_PERCENT && !tls && !shape_is_uneven(&shape);
}

static struct first_bytes *room(struct probe_run *run)
{
	if (run->count == OPENINGS_MAX)
		return NULL;
	if (run->count == run->room) {
		size_t more = run->room ? run->room * 2 : 64;
		struct first_bytes *openings = reallocarray(run->openings, more, sizeof *openings);
		if (!openings)
			return NULL;
		run->openings = openings;
		run->room = more;
	}
	return &run->openings[run->count++];
}

static void on_opening(struct detection *d, const struct event *ev)
{
	struct probe_run *run = d->run;
	const struct stream_opening *o = event_stream_opening(ev);
	if (o->payload.len < OPENING_LEAST || !looks_random(o->payload))
		return;
	detection_tested(d, mechanism_find("active_probe"));
	struct first_bytes *keep = room(run);
	if (!keep) {
		d->candidates->dropped++;
		return;
	}
	struct sha256_ctx sha;
	*keep = (struct first_bytes){.client = ev->flow->client,
	                             .server = ev->flow->server,
	                             .client_port = ev->flow->client_port,
	                             .server_port = ev->flow->server_port,
	                             .flow_id = ev->flow->id,
	                             .length = (uint32_t)o->payload.len,
	                             .frame = frame_ref_of(ev->pkt)};
	sha256_init(&sha);
	sha256_update(&sha, o->payload.len, o->payload.ptr);
	sha256_digest(&sha, DIGEST_LEN, keep->digest);
}

static int compare_openings(const struct first_bytes *a, const struct first_bytes *b)
{
	int order = addr_compare(&a->server, &b->server);
	if (!order)
		order = a->server_port - b->server_port;
	return order ? order : memcmp(a->digest, b->digest, DIGEST_LEN);
}

static int by_opening_then_frame(const void *a, const void *b)
{
	const struct first_bytes *x = *(const struct first_bytes *const *)a, *y = *(const struct first_bytes *const *)b;
	int order = compare_openings(x, y);
	return order ? order : (x->frame.number > y->frame.number) - (x->frame.number < y->frame.number);
}

static void propose(struct conclusion *c, const struct first_bytes *replay, const struct first_bytes *original)
{
	char text[2][FINDING_NUMBER_SIZE];
	struct finding f = {.mechanism = mechanism_find("active_probe"), .kind = KIND_CONTRADICTION};
	f.client = replay->client;
	f.server = replay->server;
	f.client_port = replay->client_port;
	f.server_port = replay->server_port;
	f.l4_proto = IPPROTO_TCP;
	f.flow_id = replay->flow_id;
	f.vantage = c->vantage;
	f.trigger = original->frame;
	finding_suspect(&f, replay->frame);
	finding_evidence(&f, original->frame);
	finding_term(&f, c->weights, "E16", false);
	finding_number(&f, text[0], "delay_us", (replay->frame.ts_ns - original->frame.ts_ns) / 1000);
	finding_number(&f, text[1], "replayed_bytes", replay->length);
	conclusion_propose(c, &f);
}

/* at[0..count): the same bytes to the same place, by frame. */
static void judge_group(struct conclusion *c, const struct first_bytes **at, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		int64_t delay = at[i]->frame.ts_ns - at[0]->frame.ts_ns;
		bool timed = at[i]->frame.ts_ns != FRAME_NO_TIME && at[0]->frame.ts_ns != FRAME_NO_TIME;
		if (!addr_equal(&at[i]->client, &at[0]->client) && timed && delay >= REPLAY_LEAST_NS &&
		    delay <= REPLAY_NS)
			propose(c, at[i], at[0]);
	}
}

static void conclude(struct conclusion *c)
{
	size_t total = 0, count = 0;
	for (size_t i = 0; i < c->run_count; i++)
		total += ((const struct probe_run *)c->runs[i])->count;
	const struct first_bytes **all = malloc((total + 1) * sizeof *all);
	for (size_t i = 0; all && i < c->run_count; i++) {
		const struct probe_run *run = c->runs[i];
		for (size_t k = 0; k < run->count; k++)
			all[count++] = &run->openings[k];
	}
	if (count)
		qsort(all, count, sizeof *all, by_opening_then_frame);
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && compare_openings(all[i], all[end]) == 0; end++)
			;
		judge_group(c, all + i, end - i);
	}
	free(all);
}

const struct detector detector_active_probe = {
    .name = "active_probe",
    .summary = "replays of a client's first bytes from another address",
    .run_size = sizeof(struct probe_run),
    .on = {[EV_STREAM_OPENING] = on_opening},
    .conclude = conclude,
    .finish = finish,
};
