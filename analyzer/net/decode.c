/* The decoder object and the loop that walks the layers of a frame. */
#include "analyzer/net/fragment.h"
#include "analyzer/net/link.h"
#include "analyzer/net/walk.h"

#include <stdlib.h>

struct decoder {
	struct decoder_counts counts;
	struct fragment_table *fragments;
};

static layer_fn *const layer_functions[LAYER_COUNT] = {
#define LAYER(name, function) [LAYER_##name] = function,
    LAYERS(LAYER)
#undef LAYER
};

struct decoder *decoder_new(const struct decoder_limits *limits)
{
	struct decoder *d = calloc(1, sizeof *d);
	if (!d)
		return NULL;
	d->fragments = fragment_table_new(limits, &d->counts);
	if (!d->fragments) {
		free(d);
		return NULL;
	}
	return d;
}

void decoder_free(struct decoder *d)
{
	if (!d)
		return;
	fragment_table_free(d->fragments);
	free(d);
}

/* The quote is not cleared, since it is large and rare, but marked as empty. */
void walk_clear(struct packet *p, const struct frame *f, int64_t clock_ns)
{
	memset(p, 0, offsetof(struct packet, quote));
	p->quote.src.version = 0;
	p->frame = f;
	p->clock_ns = clock_ns;
}

static void walk_layers(struct walk *w, enum layer layer)
{
	while (layer != LAYER_STOP) {
		if (w->layers++ == DECODE_DEPTH_MAX) {
			w->p->anomalies |= PKT_NESTED_TOO_DEEP;
			walk_stop(w, DECODE_MALFORMED);
			return;
		}
		layer = layer_functions[layer](w);
	}
}

enum decode_result decoder_packet(struct decoder *d, const struct frame *f, int64_t clock_ns, struct packet *p)
{
	struct walk w = {.fragments = d->fragments, .p = p, .result = DECODE_NOT_IP};
	size_t wire = f->wire_len > f->fcs_len ? f->wire_len - f->fcs_len : 0;
	struct span bytes = span_first(f->bytes, wire);
	w.c = cursor_over(bytes);
	w.cut = wire - bytes.len;
	walk_clear(p, f, clock_ns);
	enum layer layer = link_layer(f->linktype);
	if (layer == LAYER_COUNT)
		w.result = DECODE_UNKNOWN_LINK;
	else
		walk_layers(&w, layer);
	d->counts.results[w.result]++;
	return w.result;
}

const struct decoder_counts *decoder_counts(const struct decoder *d)
{
	return &d->counts;
}
