/* Claiming of flows, unconsumed bytes, versions. */
#include "dissectors/dispatch.h"

/* What was left and what is new are shown together: a dissector may finish with them though both are large. */
enum { HOLD_CLASSES = 3, JOIN_MAX = 2 * DISSECT_HOLD_MAX };
static const uint32_t hold_sizes[HOLD_CLASSES] = {2048, 16 * 1024, JOIN_MAX};

/* Unconsumed bytes of one direction and version. */
struct hold {
	uint8_t *bytes;
	uint32_t len;
	uint8_t size_class;
	bool fin;
};

struct app_hold {
	struct hold hold[2][2]; /* by version, by direction */
};

void dispatch_init(struct dispatch *d, struct bus *bus, struct arena *scratch, size_t flows, size_t budget)
{
	*d = (struct dispatch){.bus = bus, .scratch = scratch};
	for (unsigned i = 0; i < DISPATCH_KINDS; i++) {
		pool_init(&d->state[i], dissectors[i]->flow_size, dissectors[i]->flow_size ? flows * 2 : 0);
		pool_init(&d->large[i], dissectors[i]->large_size,
		          dissectors[i]->large_size ? dissectors[i]->large_cap : 0);
	}
	pool_init(&d->holds, sizeof(struct app_hold), flows);
	for (int i = 0; i < HOLD_CLASSES; i++) {
		size_t cap = budget / HOLD_CLASSES / hold_sizes[i];
		pool_init(&d->hold_bytes[i], hold_sizes[i], cap ? cap : 1);
	}
}

void dispatch_free(struct dispatch *d)
{
	for (int i = 0; i < DISPATCH_KINDS; i++) {
		pool_free(&d->state[i]);
		pool_free(&d->large[i]);
	}
	pool_free(&d->holds);
	for (int i = 0; i < HOLD_CLASSES; i++)
		pool_free(&d->hold_bytes[i]);
}

static unsigned kind_of(const struct dissector *app)
{
	unsigned i = 0;
	while (dissectors[i] != app)
		i++;
	return i;
}

static struct dissection dissection_of(struct dispatch *d, struct flow *f, enum dir dir, uint8_t version,
                                       const struct packet *p)
{
	return (struct dissection){
	    .flow = f,
	    .dir = dir,
	    .pkt = p,
	    .state = f->app_state[version],
	    .version = version,
	    .scratch = d->scratch,
	    .large = &d->large[kind_of(f->app)],
	    .bus = d->bus,
	};
}

static void hold_drop(struct dispatch *d, struct hold *h)
{
	if (h->bytes)
		pool_put(&d->hold_bytes[h->size_class], h->bytes);
	h->bytes = NULL;
	h->len = 0;
}

/* Makes room for `size` bytes, keeping those that are there. */
static bool hold_reserve(struct dispatch *d, struct hold *h, size_t size)
{
	if (h->bytes && size <= hold_sizes[h->size_class])
		return true;
	for (unsigned i = 0; i < HOLD_CLASSES; i++) {
		uint8_t *bytes = size <= hold_sizes[i] ? pool_take(&d->hold_bytes[i]) : NULL;
		if (!bytes)
			continue;
		if (h->bytes && h->len)
			memcpy(bytes, h->bytes, h->len);
		if (h->bytes)
			pool_put(&d->hold_bytes[h->size_class], h->bytes);
		h->bytes = bytes;
		h->size_class = (uint8_t)i;
		return true;
	}
	return false;
}

static struct span hold_bytes_of(const struct flow *f, uint8_t version, enum dir dir)
{
	const struct hold *h = f->app_hold ? &f->app_hold->hold[version][dir] : NULL;
	return h ? span_of(h->bytes, h->len) : span_of(NULL, 0);
}

static void version_close(struct dispatch *d, struct flow *f, uint8_t version)
{
	if (f->app && f->app_state[version]) {
		struct dissection call = dissection_of(d, f, DIR_DOWN, version, NULL);
		for (enum dir dir = DIR_UP; dir <= DIR_DOWN; dir++)
			call.held[dir] = hold_bytes_of(f, version, dir);
		if (f->app->close)
			f->app->close(&call);
		pool_put(&d->state[kind_of(f->app)], f->app_state[version]);
	}
	f->app_state[version] = NULL;
	if (f->app_hold)
		for (int dir = 0; dir < 2; dir++) {
			hold_drop(d, &f->app_hold->hold[version][dir]);
			f->app_hold->hold[version][dir].fin = false;
		}
}

void dispatch_close(struct dispatch *d, struct flow *f)
{
	version_close(d, f, 1);
	version_close(d, f, 0);
	pool_put(&d->holds, f->app_hold);
	f->app_hold = NULL;
}

static void give_up(struct dispatch *d, struct flow *f)
{
	dispatch_close(d, f);
	f->app = NULL;
	f->app_refused = true;
}

static bool claim(struct dispatch *d, struct flow *f, const struct dissector *app)
{
	if (app->flow_size) {
		f->app_state[0] = pool_get(&d->state[kind_of(app)]);
		if (!f->app_state[0]) {
			d->counts.state_refused++;
			f->app_refused = true;
			return false;
		}
	}
	f->app = app;
	return true;
}

/* Asks everybody; a flow that nobody wants after DISPATCH_PROBE_BYTES is not asked about again. */
static bool probe_all(struct dispatch *d, struct flow *f, enum dir dir, struct span head, bool last)
{
	bool maybe = false;
	for (unsigned i = 0; dissectors[i]; i++) {
		if (dissectors[i]->l4_proto != f->l4_proto)
			continue;
		enum probe answer = dissectors[i]->probe(f, dir, head);
		if (answer == PROBE_YES)
			return claim(d, f, dissectors[i]);
		maybe |= answer == PROBE_MAYBE;
	}
	f->app_refused = !maybe || last || head.len >= DISPATCH_PROBE_BYTES;
	return false;
}

void dispatch_datagram(struct dispatch *d, struct flow *f, enum dir dir, const struct packet *p)
{
	if (f->app_refused || p->payload.len == 0)
		return;
	if (!f->app && !probe_all(d, f, dir, p->payload, false))
		return;
	struct dissection call = dissection_of(d, f, dir, 0, p);
	if (!f->app->datagram(&call, p->payload))
		give_up(d, f);
}

/* The bytes shown to the dissector: what was left, then what is new. */
static bool hold_join(struct dispatch *d, struct hold *h, struct span data, struct span *shown)
{
	if (h->len == 0) {
		*shown = data;
		return true;
	}
	if (h->len + data.len > JOIN_MAX || !hold_reserve(d, h, h->len + data.len))
		return false;
	if (data.len)
		memcpy(h->bytes + h->len, data.ptr, data.len);
	h->len += (uint32_t)data.len;
	*shown = span_of(h->bytes, h->len);
	return true;
}

/* Keeps the unconsumed tail of what was shown. */
static bool hold_tail(struct dispatch *d, struct hold *h, struct span shown, size_t consumed)
{
	struct span tail = span_after(shown, consumed);
	if (tail.len == 0) {
		hold_drop(d, h);
		return true;
	}
	if (tail.len > DISSECT_HOLD_MAX)
		return false;
	if (h->len) {
		memmove(h->bytes, tail.ptr, tail.len);
		h->len = (uint32_t)tail.len;
		return true;
	}
	if (!hold_reserve(d, h, tail.len))
		return false;
	memcpy(h->bytes, tail.ptr, tail.len);
	h->len = (uint32_t)tail.len;
	return true;
}

static struct hold *hold_of(struct dispatch *d, struct flow *f, uint8_t version, enum dir dir)
{
	if (!f->app_hold)
		f->app_hold = pool_get(&d->holds);
	return f->app_hold ? &f->app_hold->hold[version][dir] : NULL;
}

static void give_up_counted(struct dispatch *d, struct flow *f)
{
	d->counts.hold_refused++;
	give_up(d, f);
}

/* A flow that nobody claimed yet: its first bytes are kept until somebody is sure. False: nothing more to do now. */
static bool claimed(struct dispatch *d, struct flow *f, enum dir dir, struct span shown, bool fin)
{
	if (f->app)
		return true;
	return shown.len > 0 && probe_all(d, f, dir, shown, fin);
}

static void feed_stream(struct dispatch *d, struct flow *f, enum dir dir, uint8_t version, struct span data, bool fin,
                        const struct packet *p)
{
	struct hold *h = hold_of(d, f, version, dir);
	struct span shown;
	if (!h || !hold_join(d, h, data, &shown)) {
		give_up_counted(d, f);
		return;
	}
	if (!claimed(d, f, dir, shown, fin)) {
		h->fin = fin;
		if (f->app_refused)
			give_up(d, f);
		else if (!hold_tail(d, h, shown, 0))
			give_up_counted(d, f);
		return;
	}
	struct dissection call = dissection_of(d, f, dir, version, p);
	size_t consumed = f->app->stream(&call, shown, fin);
	if (consumed == DISSECT_GIVE_UP) {
		hold_drop(d, h); /* it has seen them: close() shows what it has not */
		if (version == 1)
			version_close(d, f, 1);
		else
			give_up(d, f);
		return;
	}
	if (!hold_tail(d, h, shown, consumed < shown.len ? consumed : shown.len))
		give_up_counted(d, f);
}

/* The other direction may have waited, unclaimed, for this one to be recognised. */
static void feed_waiting(struct dispatch *d, struct flow *f, enum dir dir, const struct packet *p)
{
	struct hold *h = f->app_hold ? &f->app_hold->hold[0][dir] : NULL;
	if (f->app && h && h->len > 0)
		feed_stream(d, f, dir, 0, span_of(NULL, 0), h->fin, p);
}

void dispatch_bytes(struct dispatch *d, struct flow *f, enum dir dir, uint8_t version, bool restart, struct span data,
                    bool fin, const struct packet *p)
{
	if (f->app_refused)
		return;
	bool was_claimed = f->app != NULL;
	if (version == 1) {
		if (!was_claimed || !f->app->flow_size)
			return;
		if (restart) {
			version_close(d, f, 1);
			f->app_state[1] = pool_get(&d->state[kind_of(f->app)]);
			d->counts.state_refused += !f->app_state[1];
		}
		if (!f->app_state[1])
			return;
	}
	do { /* a super-packet goes in slices */
		struct span slice = span_first(data, DISSECT_HOLD_MAX);
		data = span_after(data, slice.len);
		feed_stream(d, f, dir, version, slice, fin && data.len == 0, p);
	} while (data.len > 0 && !f->app_refused && (version == 0 || f->app_state[1]));
	if (!was_claimed && f->app)
		feed_waiting(d, f, dir_other(dir), p);
}

void dispatch_gap(struct dispatch *d, struct flow *f, enum dir dir, const struct stream_gap *gap,
                  const struct packet *p)
{
	if (f->app_refused)
		return;
	if (f->app && f->app->gap) {
		struct dissection call = dissection_of(d, f, dir, 0, p);
		call.held[dir] = hold_bytes_of(f, 0, dir);
		f->app->gap(&call, gap->missing);
	}
	if (f->app_hold)
		hold_drop(d, &f->app_hold->hold[0][dir]);
}
