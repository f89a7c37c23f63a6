/*
 * QUIC datagrams of any bytes, and Initial packets whose frames are any bytes: sealed here, so that the fuzzer gets past the tag.
 *
 * Input, repeated: flags 1 | length 2 | bytes.  Flags: 1 server speaks, 2 the bytes are frames to be sealed, 4 version 2, 8 cut by
 * the capture, 0x10 sealed with another id; the upper three bits move the clock.
 */
#include "dissectors/dissector.h"
#include "dissectors/quic.h"
#include "tests/support/quic_seal.h"

#include "analyzer/base/cursor.h"

extern const struct dissector dissector_quic;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SERVER = 1, SEALED = 2, VERSION_2 = 4, CUT = 8, OTHER_ID = 0x10, DATAGRAMS_MAX = 64, BODY_MAX = 1400 };

struct seen {
	uint64_t initials, flows, sum;
};

static void span_read(struct seen *seen, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		seen->sum += s.ptr[i];
}

static void on_initial(void *context, const struct event *ev)
{
	struct seen *seen = context;
	const struct quic_initial *q = event_quic_initial(ev);
	seen->initials++;
	span_read(seen, q->hello.body);
	span_read(seen, q->hello.sni);
	if (q->hello.body.len > q->hello_len || (!q->hello.partial && q->hello.body.len != q->hello_len))
		abort();
}

static void on_flow(void *context, const struct event *ev)
{
	struct seen *seen = context;
	const struct quic_flow *f = event_quic_flow(ev);
	seen->flows++;
	if (f->hellos && !f->verified)
		abort();
	if (f->unanswered > f->side[DIR_UP].datagrams || f->answered > f->side[DIR_DOWN].one_rtt_first)
		abort();
}

/* One datagram, in an allocation of its own size. */
static void datagram(struct dissection *d, struct span bytes, size_t wire_len, struct packet *p)
{
	uint8_t *copy = malloc(bytes.len + 1);
	if (bytes.len)
		memcpy(copy + 1, bytes.ptr, bytes.len);
	p->payload = span_of(copy + 1, bytes.len);
	p->payload_len = (uint32_t)wire_len;
	d->pkt = p;
	if (bytes.len && !dissector_quic.datagram(d, p->payload))
		abort();
	arena_reset(d->scratch);
	free(copy);
}

static void play(struct dissection *d, struct span input)
{
	struct cursor c = cursor_over(input);
	struct frame frame = {0};
	struct packet p = {.frame = &frame};
	for (int i = 0; i < DATAGRAMS_MAX && cursor_left(&c) > 0; i++) {
		uint8_t flags = cursor_u8(&c);
		size_t want = cursor_be16(&c) % (BODY_MAX + 1);
		struct span bytes = cursor_take(&c, want < cursor_left(&c) ? want : cursor_left(&c));
		struct quic_seal q = {0};
		frame.number++;
		p.clock_ns += (int64_t)(flags >> 5) * 10000000;
		d->dir = flags & SERVER ? DIR_DOWN : DIR_UP;
		if (flags & SEALED) {
			struct quic_seal_initial initial = {.version = flags & VERSION_2 ? QUIC_V2 : QUIC_V1,
			                                    .dcid =
			                                        span_text(flags & OTHER_ID ? "other id" : "an id of"),
			                                    .number_len = 1 + flags % 4};
			quic_seal_initial(&q, &initial, bytes, 0);
			bytes = quic_seal_span(&q);
		}
		size_t captured = flags & CUT ? bytes.len / 2 : bytes.len;
		datagram(d, span_first(bytes, captured), bytes.len, &p);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen seen = {0};
	struct bus bus = {0};
	struct arena scratch = {0};
	struct pool large;
	struct flow *f = calloc(1, sizeof(*f));
	struct dissection d = {.flow = f, .scratch = &scratch, .bus = &bus, .large = &large};
	d.state = calloc(1, dissector_quic.flow_size);
	pool_init(&large, dissector_quic.large_size, 1);
	bus_subscribe(&bus, EV_QUIC_INITIAL, on_initial, &seen);
	bus_subscribe(&bus, EV_QUIC_FLOW, on_flow, &seen);
	(void)dissector_quic.probe(f, DIR_UP, span_of(data, size));
	play(&d, span_of(data, size));
	d.pkt = NULL;
	dissector_quic.close(&d);
	if (seen.flows != 1 || large.alive)
		abort();
	free(d.state);
	free(f);
	pool_free(&large);
	arena_free(&scratch);
	return 0;
}
