/* Filling in findings: ordered frame lists, words, the id. */
#include "analyzer/evidence/finding.h"

#include <nettle/sha2.h>

#include <stdarg.h>
#include <stdio.h>

static const char *const alternative_names[ALTERNATIVE_COUNT] = {
    [ALT_AD_BLOCKER] = "ad_blocker",         [ALT_SPLIT_DNS] = "split_dns",
    [ALT_LOAD_BALANCER] = "load_balancer",   [ALT_CDN_ROTATION] = "cdn_rotation",
    [ALT_LOST_RETRY] = "lost_retry",         [ALT_CORPORATE_FILTER] = "corporate_filter",
    [ALT_SERVER_REFUSES] = "server_refuses", [ALT_SERVER_LIMITS] = "server_limits_rate",
    [ALT_OTHER_CLOSE] = "other_close",       [ALT_REAL_HOST] = "real_host",
    [ALT_PMTU] = "pmtu_blackhole",
};

static const char *const kind_names[] = {"contradiction", "match", "symptom", "informational"};
static const char *const label_names[LABEL_COUNT] = {"none",   "weak",       "moderate", "moderately_strong",
                                                     "strong", "very_strong"};
static const char *const selectivity_names[] = {"unknown", "name", "address", "port", "protocol", "everything"};
static const char *const vantage_names[] = {"unknown", "client", "server", "middle"};
static const char *const name_source_names[] = {"", "dns", "host", "sni"};
static const char *const ipid_class_names[] = {"unknown", "zero", "local", "global", "random", "const"};

static const char *word(const char *const *words, size_t count, size_t i)
{
	return i < count && words[i] ? words[i] : "";
}

#define WORD(words, i) word(words, sizeof(words) / sizeof((words)[0]), (size_t)(i))

const char *alternative_name(enum alternative a)
{
	return WORD(alternative_names, a);
}

const char *finding_kind_name(enum finding_kind k)
{
	return WORD(kind_names, k);
}

const char *label_name(enum label l)
{
	return WORD(label_names, l);
}

bool label_parse(const char *text, enum label *out)
{
	for (size_t i = 0; i < LABEL_COUNT; i++) {
		if (strcmp(text, label_names[i]) == 0) {
			*out = (enum label)i;
			return true;
		}
	}
	return false;
}

const char *selectivity_name(enum selectivity s)
{
	return WORD(selectivity_names, s);
}

const char *vantage_name(enum vantage v)
{
	return WORD(vantage_names, v);
}

const char *name_source_name(enum name_source s)
{
	return WORD(name_source_names, s);
}

const char *ipid_class_name(enum ipid_class c)
{
	return WORD(ipid_class_names, c);
}

/* Keeps the first FINDING_FRAMES_MAX by number. */
static void frame_insert(struct frame_ref *list, size_t *count, struct frame_ref frame)
{
	size_t at = *count;
	while (at > 0 && list[at - 1].number >= frame.number)
		at--;
	if (at == FINDING_FRAMES_MAX || (at < *count && list[at].number == frame.number))
		return;
	size_t kept = *count < FINDING_FRAMES_MAX ? *count : FINDING_FRAMES_MAX - 1;
	memmove(list + at + 1, list + at, (kept - at) * sizeof *list);
	list[at] = frame;
	*count = kept + 1;
}

static size_t frame_find(const struct frame_ref *list, size_t count, uint64_t number)
{
	size_t i = 0;
	while (i < count && list[i].number != number)
		i++;
	return i;
}

void finding_suspect(struct finding *f, struct frame_ref frame)
{
	if (frame.number == 0)
		return;
	size_t i = frame_find(f->evidence, f->evidence_count, frame.number);
	if (i < f->evidence_count) {
		f->evidence_count--;
		memmove(f->evidence + i, f->evidence + i + 1, (f->evidence_count - i) * sizeof *f->evidence);
	}
	frame_insert(f->suspects, &f->suspect_count, frame);
}

void finding_evidence(struct finding *f, struct frame_ref frame)
{
	if (frame.number == 0 || frame_find(f->suspects, f->suspect_count, frame.number) < f->suspect_count)
		return;
	frame_insert(f->evidence, &f->evidence_count, frame);
}

const struct frame_ref *finding_frame(const struct finding *f)
{
	if (f->suspect_count)
		return &f->suspects[0];
	if (f->last_heard.number)
		return &f->last_heard;
	if (f->evidence_count)
		return &f->evidence[f->evidence_count - 1];
	return &f->trigger;
}

void finding_detail(struct finding *f, const char *key, const char *value)
{
	for (size_t i = 0; i < f->detail_count; i++) {
		if (strcmp(f->details[i].key, key) == 0) {
			f->details[i].value = value;
			return;
		}
	}
	if (f->detail_count < FINDING_DETAILS_MAX)
		f->details[f->detail_count++] = (struct detail){.key = key, .value = value};
}

void finding_number(struct finding *f, char buffer[FINDING_NUMBER_SIZE], const char *key, long long value)
{
	struct text t = text_over(buffer, FINDING_NUMBER_SIZE);
	text_printf(&t, "%lld", value);
	finding_detail(f, key, buffer);
}

static void keep_detail(struct finding *f, struct arena *a, const char *key, const char *value)
{
	const char *kept = arena_string(a, span_text(value));
	if (kept)
		finding_detail(f, key, kept);
}

void finding_print(struct finding *f, struct arena *a, const char *key, const char *fmt, ...)
{
	char room[TEXT_OUTSIDE_MAX];
	va_list args;
	va_start(args, fmt);
	if (vsnprintf(room, sizeof room, fmt, args) >= 0)
		keep_detail(f, a, key, room);
	va_end(args);
}

void finding_outside(struct finding *f, struct arena *a, const char *key, struct span outside)
{
	char room[4 * TEXT_OUTSIDE_MAX + sizeof "..."];
	struct text t = text_over(room, sizeof room);
	text_escape(&t, outside, TEXT_LIST);
	keep_detail(f, a, key, room);
}

const char *finding_value(const struct finding *f, const char *key)
{
	for (size_t i = 0; i < f->detail_count; i++)
		if (strcmp(f->details[i].key, key) == 0)
			return f->details[i].value;
	return NULL;
}

bool finding_has_term(const struct finding *f, const char *id)
{
	for (size_t i = 0; i < f->term_count; i++)
		if (strcmp(f->terms[i].id, id) == 0)
			return true;
	return false;
}

int finding_compare_place(const struct finding *f, const struct finding *g)
{
	int order = addr_compare(&f->client, &g->client);
	if (!order)
		order = addr_compare(&f->server, &g->server);
	if (!order)
		order = f->l4_proto - g->l4_proto;
	return order ? order : f->server_port - g->server_port;
}

static enum name_source trigger_name_source(enum trigger_kind kind)
{
	switch (kind) {
	case TRIGGER_DNS:
		return NAME_DNS;
	case TRIGGER_HTTP:
		return NAME_HOST;
	case TRIGGER_TLS:
	case TRIGGER_QUIC:
		return NAME_SNI;
	case TRIGGER_NONE:
	case TRIGGER_SMTP:
	case TRIGGER_FTP:
		break;
	}
	return NAME_NONE;
}

void finding_flow(struct finding *f, const struct flow *flow)
{
	f->client = flow->client;
	f->server = flow->server;
	f->client_port = flow->client_port;
	f->server_port = flow->server_port;
	f->l4_proto = flow->l4_proto;
	f->flow_id = flow->id;
	if (!f->name && flow->trigger.name) {
		f->name = flow->trigger.name;
		f->name_source = trigger_name_source(flow->trigger.kind);
	}
	if (f->trigger.number == 0)
		f->trigger = flow->trigger.sample.frame;
}

static void digest_big_endian(struct sha256_ctx *sha, uint64_t value, size_t bytes)
{
	uint8_t out[8];
	for (size_t i = 0; i < bytes; i++)
		out[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
	sha256_update(sha, bytes, out);
}

static void digest_frames(struct sha256_ctx *sha, const struct frame_ref *list, size_t count)
{
	digest_big_endian(sha, count, 8);
	for (size_t i = 0; i < count; i++) {
		digest_big_endian(sha, list[i].number, 8);
		digest_big_endian(sha, (uint64_t)list[i].ts_ns, 8);
		digest_big_endian(sha, list[i].wire_len, 4);
	}
}

static void identify(struct finding *f, uint64_t ordinal)
{
	struct sha256_ctx sha;
	uint8_t digest[SHA256_DIGEST_SIZE];
	sha256_init(&sha);
	sha256_update(&sha, strlen(f->mechanism->id) + 1, (const uint8_t *)f->mechanism->id);
	digest_frames(&sha, f->suspects, f->suspect_count);
	digest_frames(&sha, f->evidence, f->evidence_count);
	if (ordinal)
		digest_big_endian(&sha, ordinal, 8);
	sha256_digest(&sha, sizeof digest, digest);
	struct text id = text_over(f->id, sizeof f->id);
	text_hex(&id, span_of(digest, (sizeof f->id - 1) / 2));
}

void finding_identify(struct finding *f)
{
	identify(f, 0);
}

void finding_identify_twin(struct finding *f, uint64_t ordinal)
{
	identify(f, ordinal);
}
