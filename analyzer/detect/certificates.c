/* A bounded log of leaves, and a search over the sorted whole. */
#include "analyzer/detect/certificates.h"

#include "analyzer/detect/dns_log.h"

#include <nettle/sha2.h>
#include <stdlib.h>
#include <strings.h>

enum {
	FIRST_ROOM = 32,
	NAMES_LEAST = 3,   /* unrelated */
	SERVERS_LEAST = 3, /* one machine may serve many names with one key */
	NAMES_COUNTED = 32,
	TEXTS_BUDGET = 256 * 1024,
	FRESH_S = 24 * 3600,
};

static void digest(struct span s, uint8_t out[CERTIFICATE_DIGEST])
{
	struct sha256_ctx ctx;
	sha256_init(&ctx);
	sha256_update(&ctx, s.len, s.ptr);
	sha256_digest(&ctx, CERTIFICATE_DIGEST, out);
}

static struct certificate *room_for_one(struct certificates *t)
{
	if (t->count == CERTIFICATES_MAX)
		return NULL;
	if (t->count == t->room) {
		size_t room = t->room ? 2 * t->room : FIRST_ROOM;
		struct certificate *items = realloc(t->items, room * sizeof *items);
		if (!items)
			return NULL;
		t->items = items;
		t->room = room;
	}
	return &t->items[t->count++];
}

static const char *text_of(struct certificates *t, struct span issuer)
{
	char room[4 * TEXT_OUTSIDE_MAX + 4];
	struct text text = text_over(room, sizeof room);
	if (t->texts.budget == 0)
		arena_init(&t->texts, TEXTS_BUDGET);
	text_escape(&text, issuer, TEXT_LIST);
	return arena_string(&t->texts, span_of(room, text.len));
}

bool certificates_note(struct certificates *t, const struct flow *flow, const struct tls_certificate *c,
                       struct frame_ref frame)
{
	struct certificate item = {
	    .not_before = c->not_before,
	    .not_after = c->not_after,
	    .name = flow->trigger.name,
	    .client = flow->client,
	    .server = flow->server,
	    .client_port = flow->client_port,
	    .server_port = flow->server_port,
	    .flow_id = flow->id,
	    .frame = frame,
	    .trigger = flow->trigger.sample.frame,
	};
	digest(c->issuer, item.issuer);
	memcpy(item.key, c->spki_sha256, sizeof item.key);
	memcpy(item.leaf, c->leaf_sha256, sizeof item.leaf);
	for (size_t i = 0; i < t->count; i++) {
		const struct certificate *k = &t->items[i];
		if (k->name == item.name && memcmp(k->issuer, item.issuer, sizeof k->issuer) == 0)
			return true;
	}
	struct certificate *place = room_for_one(t);
	if (!place)
		return false;
	item.issuer_text = text_of(t, c->issuer);
	*place = item;
	return true;
}

void certificates_free(struct certificates *t)
{
	free(t->items);
	arena_free(&t->texts);
	*t = (struct certificates){0};
}

static void hash_match(const struct sigdb *db, enum sig_location location, const uint8_t hash[SHA256_DIGEST_SIZE],
                       struct sig_hits *hits)
{
	char hex[2 * SHA256_DIGEST_SIZE + 1];
	struct text text = text_over(hex, sizeof hex);
	text_hex(&text, span_of(hash, SHA256_DIGEST_SIZE));
	sigdb_match(db, location, span_of(NULL, 0), span_of(hex, text.len), hits);
}

void certificate_match(const struct sigdb *db, const struct tls_certificate *c, struct sig_hits *hits)
{
	sigdb_match(db, SIG_TLS_ISSUER, span_of(NULL, 0), c->issuer, hits);
	sigdb_match(db, SIG_TLS_SUBJECT, span_of(NULL, 0), c->subject, hits);
	hash_match(db, SIG_TLS_SPKI_SHA256, c->spki_sha256, hits);
	hash_match(db, SIG_TLS_CERT_SHA256, c->leaf_sha256, hits);
	for (size_t i = 1; i < TLS_CHAIN_KEPT && i < c->chain_count; i++) {
		uint8_t hash[SHA256_DIGEST_SIZE];
		struct sha256_ctx ctx;
		sha256_init(&ctx);
		sha256_update(&ctx, c->chain[i].len, c->chain[i].ptr);
		sha256_digest(&ctx, sizeof hash, hash);
		hash_match(db, SIG_TLS_CERT_SHA256, hash, hits);
	}
}

bool certificate_is_fresh(int64_t not_before, struct frame_ref frame)
{
	if (not_before == INT64_MIN || frame.ts_ns == FRAME_NO_TIME)
		return false;
	int64_t age = frame.ts_ns / 1000000000 - not_before;
	return age >= 0 && age < FRESH_S;
}

static int by_issuer(const struct certificate *x, const struct certificate *y)
{
	return memcmp(x->issuer, y->issuer, sizeof x->issuer);
}

static int by_frame(const struct certificate *x, const struct certificate *y)
{
	return (x->frame.number > y->frame.number) - (x->frame.number < y->frame.number);
}

static int by_issuer_and_frame(const void *a, const void *b)
{
	const struct certificate *x = *(const struct certificate *const *)a, *y = *(const struct certificate *const *)b;
	int order = by_issuer(x, y);
	return order ? order : by_frame(x, y);
}

static int by_name_and_frame(const void *a, const void *b)
{
	const struct certificate *x = *(const struct certificate *const *)a, *y = *(const struct certificate *const *)b;
	int order = strcasecmp(x->name, y->name);
	return order ? order : by_frame(x, y);
}

static bool made_alike(const struct certificate *x, const struct certificate *y)
{
	bool key = memcmp(x->key, y->key, sizeof x->key) == 0;
	bool validity = x->not_before == y->not_before && x->not_after == y->not_after && x->not_before != INT64_MIN;
	return (key || validity) && memcmp(x->leaf, y->leaf, sizeof x->leaf) != 0;
}

/* Unrelated names, and addresses, of the certificates of one issuer that are made like this one, itself among them. */
static unsigned names_alike(const struct certificate *const *group, size_t count, const struct certificate *own)
{
	const char *names[NAMES_COUNTED];
	const struct addr *servers[SERVERS_LEAST];
	unsigned name_count = 0, server_count = 0;
	for (size_t i = 0; i < count && name_count < NAMES_COUNTED; i++) {
		const struct certificate *k = group[i];
		const char *name = dns_registrable(k->name);
		unsigned n = 0, s = 0;
		if (k != own && !made_alike(k, own))
			continue;
		while (n < name_count && strcasecmp(names[n], name) != 0)
			n++;
		if (n == name_count)
			names[name_count++] = name;
		while (s < server_count && !addr_equal(servers[s], &k->server))
			s++;
		if (s == server_count && server_count < SERVERS_LEAST)
			servers[server_count++] = &k->server;
	}
	return server_count < SERVERS_LEAST ? 0 : name_count;
}

/* The first certificate for the same name that another issuer signed. */
static const struct certificate *other_issuer(const struct certificate *const *named, size_t count,
                                              const struct certificate *own)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcasecmp(named[middle]->name, own->name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < count && strcasecmp(named[low]->name, own->name) == 0; low++)
		if (by_issuer(named[low], own) != 0)
			return named[low];
	return NULL;
}

struct all_certificates {
	const struct certificate **issued, **named; /* in the order of issuers, and of names */
	size_t count;
};

static void search(struct conclusion *c, const struct all_certificates *all, certificates_found *found)
{
	for (size_t i = 0, end; i < all->count; i = end) {
		for (end = i + 1; end < all->count && by_issuer(all->issued[i], all->issued[end]) == 0; end++)
			;
		for (size_t k = i; k < end && end - i >= NAMES_LEAST; k++) {
			const struct certificate *own = all->issued[k];
			const struct certificate *other = other_issuer(all->named, all->count, own);
			unsigned names = other ? names_alike(all->issued + i, end - i, own) : 0;
			if (names >= NAMES_LEAST)
				found(c, own, other, names);
		}
	}
}

void certificates_search(struct conclusion *c, const struct certificates *const *tables, size_t count,
                         certificates_found *found)
{
	size_t total = 0;
	for (size_t i = 0; i < count; i++)
		total += tables[i]->count;
	struct all_certificates all = {.issued = malloc((total + 1) * sizeof *all.issued),
	                               .named = malloc((total + 1) * sizeof *all.named)};
	for (size_t i = 0; all.issued && all.named && i < count; i++)
		for (size_t k = 0; k < tables[i]->count; k++) {
			all.issued[all.count] = &tables[i]->items[k];
			all.named[all.count++] = &tables[i]->items[k];
		}
	if (all.count) {
		qsort(all.issued, all.count, sizeof *all.issued, by_issuer_and_frame);
		qsort(all.named, all.count, sizeof *all.named, by_name_and_frame);
		search(c, &all, found);
	}
	free(all.issued);
	free(all.named);
}
