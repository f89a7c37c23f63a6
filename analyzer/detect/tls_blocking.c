/*
 * D1, D2: a connection falls silent at its ClientHello. What in-path filters do that drop by the name in it (Xue et al., TSPU,
 * IMC 2022; gfw.report 2020 for ESNI; net4people 417 for ECH):
 *   tls_sni_drop   the hello is sent again and again and never acknowledged
 *   tls_sni_stall  it is acknowledged, at most a few more packets pass, then nothing does
 *   tls_esni_drop, tls_ech_drop  the same with the draft's encrypted name, or with ECH behind the outer name of its largest user
 * Nobody sees a packet being dropped: all of these are symptoms, and a dead server, a path that loses large packets, a radio hole and a NAT
 * that forgot the connection look alike. Other names at the same address tell (contrast.h), a network that is down for
 * everything (guard.h), and large hellos that fail for all names (conclude, pmtu_blackhole).
 *
 * At a server the hello arrives, and what it answers is sent again and again: the mirror image of the stall. That a server does not
 * acknowledge or answer is its own business there.
 */
#include "analyzer/detect/census.h"
#include "analyzer/detect/detector.h"
#include "analyzer/net/icmp_error.h"
#include "dissectors/ja4.h"

#include <string.h>
#include <strings.h>

enum {
	HELLOS_CAP = 65536, /* flows of a shard with a hello; of others nothing is said */
	DROP_TRANSMISSIONS = 3,
	STALL_TRANSMISSIONS = 4, /* the first and three more */
	PASSED_PACKETS = 8,      /* of the server, after the hello */
	FULL_SEGMENT = 1460,
	TSPU_PASS_LEAST = 5, /* Xue et al.: 5 to 8 packets pass, then both directions end */
	RECORD_AND_MESSAGE_HEADER = 5 + 4,
	LARGE_FRAME = 1280,   /* IPv6 promises that much: smaller ones meet no MTU black hole */
	SIZE_SLACK = 64,      /* hellos of one client differ by their names */
	PMTU_NAMES_LEAST = 2, /* that fail with large hellos */
};

#define DROP_NS      (INT64_C(6) * 1000000000)    /* after the first transmission; clients give up after 4 to 7 s */
#define NO_REPLY_NS  (INT64_C(12) * 1000000000)   /* an acknowledged hello without any answer */
#define WAITED_NS    (INT64_C(10) * 1000000000)   /* that the client waited before it closed */
#define UNWATCHED_NS (INT64_C(1200) * 1000000000) /* shard.c closes idle flows before */
#define NAT_IDLE_NS  (INT64_C(60) * 1000000000)   /* G19 */

/* What the hello said, beyond what the flow keeps of it; from a pool, since most flows have none. */
struct hello {
	uint32_t end; /* sequence number behind it */
	uint16_t len;
	bool ech, esni;
	struct ja4 ja4;
	struct frame_ref too_big; /* a router's word that a packet of the client is too large; number 0: none */
};

/* How a flow fell silent. */
enum silence { SILENCE_NONE, SILENCE_DROP, SILENCE_STALL, SILENCE_NO_REPLY, SILENCE_AT_SERVER };

struct run {
	struct pool hellos;
};

struct state {
	struct hello *hello; /* NULL: none, or no room */
};

static int start(struct detection *d, struct err *e)
{
	struct run *run = d->run;
	(void)e;
	pool_init(&run->hellos, sizeof(struct hello), HELLOS_CAP);
	return 0;
}

static void finish(struct detection *d)
{
	pool_free(&((struct run *)d->run)->hellos);
}

/* The flow's own, or a new one. */
static struct hello *hello_of(struct detection *d)
{
	struct state *state = d->state;
	if (!state->hello)
		state->hello = pool_get(&((struct run *)d->run)->hellos);
	if (!state->hello)
		d->candidates->dropped++;
	return state->hello;
}

static void on_client_hello(struct detection *d, const struct event *ev)
{
	const struct tls_client_hello *hello = event_tls_client_hello(ev);
	if (!ev->flow->tcp || ev->dir != DIR_UP || ev->version != 0 || !ev->pkt)
		return;
	const struct side *client = &ev->flow->tcp->side[DIR_UP];
	struct sample s = sample_of(ev->pkt);
	struct hello *kept = hello_of(d);
	if (!kept)
		return;
	*kept = (struct hello){
	    .too_big = kept->too_big,
	    .end = sample_seq_end(&s),
	    .len = (uint16_t)(hello->body.len < UINT16_MAX ? hello->body.len : UINT16_MAX),
	    .ech = hello->has_ech,
	    .esni = hello->has_esni,
	};
	/* The packet that completes it need not be the one with its last bytes. */
	uint32_t end = client->isn + 1 + (uint32_t)hello->offset + RECORD_AND_MESSAGE_HEADER + kept->len;
	if (client->have_syn && seq_diff(end, kept->end) > 0)
		kept->end = end;
	(void)ja4_of(&kept->ja4, hello, JA4_TCP);
}

/* RFC 792 (unreachable, fragmentation needed) and RFC 4443, section 3.2. */
static bool says_too_big(const struct icmp_error *e)
{
	enum { UNREACHABLE = 3, FRAGMENTATION_NEEDED = 4, PACKET_TOO_BIG = 2 };
	return e->source.version == 4 ? e->type == UNREACHABLE && e->code == FRAGMENTATION_NEEDED
	                              : e->type == PACKET_TOO_BIG;
}

static void on_icmp_error(struct detection *d, const struct event *ev)
{
	const struct icmp_error *e = event_icmp_error(ev);
	struct state *state = d->state;
	if (state->hello && e->quoted == DIR_UP && e->fits && says_too_big(e))
		state->hello->too_big = e->frame;
}

/*
 * How long the capture went on after this frame of the flow. Merged files have gaps of months, across which nobody watched: an idle
 * flow would have been closed long before.
 */
static int64_t since(const struct detection *d, const struct flow *flow, const struct frame_ref *frame)
{
	if (!frame->number || frame->ts_ns == FRAME_NO_TIME)
		return -1;
	int64_t ns = d->now_ns - frame->ts_ns;
	return ns < UNWATCHED_NS ? ns : flow->last_ns - frame->ts_ns;
}

static bool reset_by(const struct flow *flow, enum dir dir)
{
	return flow->tcp->resets && flow->tcp->resets->side[dir].rst_count > 0;
}

/* Bytes that the server has shown since the client sent the hello. */
static uint32_t passed_bytes(const struct flow *flow)
{
	const struct side *server = &flow->tcp->side[DIR_DOWN];
	int32_t n = server->have_seq ? seq_diff(server->max_seq_end, flow->trigger.sample.ack) : 0;
	return n > 0 ? (uint32_t)n : 0;
}

/* G19: did the silence begin with a pause that a NAT or firewall may have used to forget the connection? */
static bool forgotten_by_nat(const struct flow *flow, enum dir silent, const struct frame_ref *unanswered)
{
	return frame_span_ns(&flow->last[silent], unanswered) >= NAT_IDLE_NS;
}

/* As a client, or somebody on the way, sees it. */
static enum silence silence_of_server(const struct detection *d, const struct flow *flow, const struct hello *hello)
{
	const struct side *server = &flow->tcp->side[DIR_DOWN];
	const struct unacked *u = &flow->tcp->unacked[DIR_UP];
	bool acknowledged = server->have_ack && seq_diff(server->max_ack, hello->end) >= 0;
	bool replied = server->data_packets > flow->trigger.server_packets;
	if (reset_by(flow, DIR_DOWN) || (flow->flags & FLOW_FIN_DOWN) || forgotten_by_nat(flow, DIR_DOWN, &u->first))
		return SILENCE_NONE;
	if (!acknowledged)
		return !replied && u->transmissions >= DROP_TRANSMISSIONS && since(d, flow, &u->first) >= DROP_NS
		           ? SILENCE_DROP
		           : SILENCE_NONE;
	bool few = passed_bytes(flow) <= PASSED_PACKETS * FULL_SEGMENT;
	if (few && u->transmissions >= STALL_TRANSMISSIONS && since(d, flow, &u->first) >= DROP_NS)
		return SILENCE_STALL;
	if (replied)
		return SILENCE_NONE;
	/* A client that gives up says goodbye to nobody. */
	if (u->transmissions >= DROP_TRANSMISSIONS && since(d, flow, &flow->last[DIR_DOWN]) >= DROP_NS)
		return SILENCE_STALL;
	bool closed = (flow->flags & FLOW_FIN_UP) || reset_by(flow, DIR_UP);
	bool waited = !closed || frame_span_ns(&flow->trigger.sample.frame, &flow->last[DIR_UP]) >= WAITED_NS;
	return waited && since(d, flow, &flow->trigger.sample.frame) >= NO_REPLY_NS ? SILENCE_NO_REPLY : SILENCE_NONE;
}

/* As the server sees it: it answers, and nobody takes the answer. */
static enum silence silence_of_client(const struct detection *d, const struct flow *flow)
{
	const struct side *client = &flow->tcp->side[DIR_UP];
	const struct unacked *u = &flow->tcp->unacked[DIR_DOWN];
	bool closed =
	    (flow->flags & (FLOW_FIN_UP | FLOW_FIN_DOWN)) || reset_by(flow, DIR_UP) || reset_by(flow, DIR_DOWN);
	int32_t taken = client->have_ack ? seq_diff(client->max_ack, flow->trigger.sample.ack) : 0;
	bool few = taken <= PASSED_PACKETS * FULL_SEGMENT;
	if (closed || !few || forgotten_by_nat(flow, DIR_UP, &u->first))
		return SILENCE_NONE;
	return u->transmissions >= STALL_TRANSMISSIONS && since(d, flow, &u->first) >= DROP_NS ? SILENCE_AT_SERVER
	                                                                                       : SILENCE_NONE;
}

static enum silence silence_of(const struct detection *d, const struct flow *flow, const struct hello *hello)
{
	enum vantage vantage = census_vantage(flow);
	enum silence silence = vantage == VANTAGE_SERVER ? SILENCE_NONE : silence_of_server(d, flow, hello);
	if (silence == SILENCE_NONE && vantage != VANTAGE_CLIENT)
		silence = silence_of_client(d, flow);
	return silence;
}

static bool is_outer_name_of_ech(const char *name)
{
	return name && strcasecmp(name, "cloudflare-ech.com") == 0;
}

static const char *mechanism_of(const struct hello *hello, const char *name, enum silence silence)
{
	if (hello->esni)
		return "tls_esni_drop";
	if (hello->ech && is_outer_name_of_ech(name))
		return "tls_ech_drop";
	return silence == SILENCE_DROP ? "tls_sni_drop" : "tls_sni_stall";
}

/* The published behaviour of one kind of box that the packets agree with. */
static const char *likeness(enum silence silence, uint32_t passed)
{
	if (silence == SILENCE_DROP)
		return "tspu_sni4";
	return silence == SILENCE_STALL && passed >= TSPU_PASS_LEAST && passed <= PASSED_PACKETS ? "tspu_sni2" : NULL;
}

struct numbers {
	char ch_len[FINDING_NUMBER_SIZE], ch_tx[FINDING_NUMBER_SIZE], server_pkts[FINDING_NUMBER_SIZE];
	char stall_s[FINDING_NUMBER_SIZE], ja4[JA4_TEXT_SIZE];
};

static void describe(struct finding *f, const struct flow *flow, const struct hello *hello, const struct unacked *u,
                     int64_t silent_ns, struct numbers *n)
{
	uint32_t passed = flow->tcp->side[DIR_DOWN].data_packets - flow->trigger.server_packets;
	finding_number(f, n->ch_len, "ch_len", hello->len);
	finding_number(f, n->ch_tx, "ch_tx", u->transmissions);
	finding_number(f, n->server_pkts, "last_server_pkts", passed);
	finding_number(f, n->stall_s, "stall_s", silent_ns / 1000000000);
	if (hello->ja4.summary[0])
		finding_detail(f, "ja4", ja4_text(&hello->ja4, n->ja4));
	if (hello->ech)
		finding_detail(f, "ech", "1");
}

/*
 * Of a drop the first transmission is the suspect. Of a stall the latest: of the first nobody knows whether it or its answer
 * was lost.
 */
static void name_frames(struct finding *f, const struct flow *flow, const struct unacked *u, enum silence silence)
{
	const struct frame_ref *hello = &flow->trigger.sample.frame;
	if (u->transmissions == 0) {
		const struct waiting *w = &flow->waiting[DIR_UP];
		finding_suspect(f, w->sent ? w->last : *hello);
	} else {
		finding_suspect(f, silence == SILENCE_DROP ? u->first : u->last);
		finding_evidence(f, u->first);
		finding_evidence(f, u->last);
	}
	finding_evidence(f, *hello);
	finding_evidence(f, flow->last[silence == SILENCE_AT_SERVER ? DIR_UP : DIR_DOWN]);
}

static void judge(struct detection *d, struct flow *flow, const struct hello *hello, enum silence silence)
{
	enum dir sender = silence == SILENCE_AT_SERVER ? DIR_DOWN : DIR_UP;
	const struct unacked *u = &flow->tcp->unacked[sender];
	const struct frame_ref *first = u->transmissions ? &u->first : &flow->trigger.sample.frame;
	struct numbers numbers;
	struct finding f = {.mechanism = mechanism_find(mechanism_of(hello, flow->trigger.name, silence)),
	                    .kind = KIND_SYMPTOM,
	                    .to_client = sender == DIR_DOWN};
	bool replied = flow->tcp->side[DIR_DOWN].data_packets > flow->trigger.server_packets;
	f.contrast = silence == SILENCE_DROP ? 1U << ATTEMPT_UNACKED : 1U << ATTEMPT_STALLED;
	if (replied)
		f.contrast |= 1U << ATTEMPT_ANSWERED;
	else if (u->transmissions)
		f.contrast |= 1U << ATTEMPT_UNACKED;
	finding_term(&f, d->weights, "E11", false);
	name_frames(&f, flow, u, silence);
	describe(&f, flow, hello, u, since(d, flow, first), &numbers);
	/* The path says it itself. */
	if (hello->too_big.number) {
		f.mechanism = mechanism_find("pmtu_blackhole");
		f.kind = KIND_INFORMATIONAL;
		f.contrast = 0;
		finding_evidence(&f, hello->too_big);
	}
	const char *like = likeness(silence, flow->tcp->side[DIR_DOWN].data_packets - flow->trigger.server_packets);
	if (like && !hello->too_big.number)
		finding_detail(&f, "like", like);
	if (u->transmissions && u->first.wire_len >= LARGE_FRAME)
		f.alternatives |= 1U << ALT_PMTU;
	if (silence == SILENCE_NO_REPLY)
		f.alternatives |= 1U << ALT_SERVER_REFUSES;
	if (flow->flags & FLOW_TS_DISORDER)
		f.guards_named |= 1U << GUARD_TS_DISORDER;
	(void)detection_propose(d, flow, &f);
}

static void tested(struct detection *d, const struct hello *hello)
{
	static const char *const always[] = {"tls_sni_drop", "tls_sni_stall", "pmtu_blackhole"};
	for (size_t i = 0; i < sizeof always / sizeof *always; i++)
		detection_tested(d, mechanism_find(always[i]));
	if (hello->esni)
		detection_tested(d, mechanism_find("tls_esni_drop"));
	if (hello->ech)
		detection_tested(d, mechanism_find("tls_ech_drop"));
}

static void on_close(struct detection *d, const struct event *ev)
{
	struct state *state = d->state;
	struct flow *flow = ev->flow;
	struct hello *hello = state->hello;
	if (!hello)
		return;
	if (flow->trigger.kind == TRIGGER_TLS && (flow->flags & FLOW_HANDSHAKE) &&
	    !(flow->flags & (FLOW_MIDSTREAM | FLOW_LOSS))) {
		enum silence silence = silence_of(d, flow, hello);
		tested(d, hello);
		if (silence != SILENCE_NONE)
			judge(d, flow, hello, silence);
	}
	pool_put(&((struct run *)d->run)->hellos, hello);
	state->hello = NULL;
}

/* What became of hellos of this size at the place. */
struct large_hellos {
	bool large_passed, small_passed;
	unsigned names_failed; /* other than the finding's own */
};

static struct large_hellos large_hellos_at(struct attempt_range range, const struct attempt *own)
{
	struct large_hellos l = {0};
	const char *last = NULL;
	for (size_t i = 0; i < range.count; i++) {
		const struct attempt *a = range.at[i];
		bool large = a->first_payload + SIZE_SLACK >= own->first_payload;
		bool passed = a->first_payload && a->acknowledged >= a->first_payload;
		l.large_passed |= large && passed;
		l.small_passed |= !large && passed;
		bool other = a->name && !same_name(a->name, own->name) && !same_name(a->name, last);
		if (large && other && a->outcome == ATTEMPT_UNACKED) {
			l.names_failed++;
			last = a->name;
		}
	}
	return l;
}

/*
 * A path that loses large packets reads no names: here hellos of this size failed under other names too, none passed, and
 * something smaller did.
 */
static void conclude(struct conclusion *c)
{
	for (size_t i = 0; i < c->finding_count; i++) {
		struct finding *f = c->findings[i];
		if (!(f->alternatives >> ALT_PMTU & 1) || f->kind == KIND_INFORMATIONAL)
			continue;
		struct attempt_range range =
		    attempts_at(c->attempts, &f->client, &f->server, f->l4_proto, f->server_port);
		const struct attempt *own = attempt_of_finding(c->attempts, f);
		if (!own)
			continue;
		struct large_hellos l = large_hellos_at(range, own);
		if (l.large_passed) {
			f->alternatives &= ~(1U << ALT_PMTU);
		} else if (l.small_passed && l.names_failed + 1 >= PMTU_NAMES_LEAST) {
			f->mechanism = mechanism_find("pmtu_blackhole");
			f->kind = KIND_INFORMATIONAL;
			f->contrast = 0;
		}
	}
}

const struct detector detector_tls_blocking = {
    .name = "tls_blocking",
    .summary = "connections that fall silent at their TLS hello",
    .run_size = sizeof(struct run),
    .flow_size = sizeof(struct state),
    .on = {[EV_TLS_CLIENT_HELLO] = on_client_hello, [EV_ICMP_ERROR] = on_icmp_error, [EV_FLOW_CLOSE] = on_close},
    .start = start,
    .conclude = conclude,
    .finish = finish,
};
