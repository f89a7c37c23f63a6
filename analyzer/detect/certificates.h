/*
 * The certificates that servers showed, by who signed them: an interceptor signs for everybody. Kept a logical shard at a
 * time, bounded; judged when the capture is over.
 */
#pragma once

#include "analyzer/detect/conclusion.h"
#include "dissectors/tls.h"
#include "signatures/match.h"

enum {
	CERTIFICATES_MAX = 1024, /* a shard; later ones are not kept */
	CERTIFICATE_DIGEST = 16, /* bytes kept of a SHA-256 */
};

/* One leaf under one name. */
struct certificate {
	uint8_t issuer[CERTIFICATE_DIGEST], key[CERTIFICATE_DIGEST], leaf[CERTIFICATE_DIGEST];
	int64_t not_before, not_after; /* as in struct tls_certificate */
	const char *name;              /* that was asked for; owned by the shard's names */
	const char *issuer_text;       /* escaped, in the table's arena; NULL: no room */
	struct addr client, server;
	uint16_t client_port, server_port;
	uint64_t flow_id;
	struct frame_ref frame, trigger;
};

struct certificates {
	struct certificate *items;
	size_t count, room;
	struct arena texts;
};

/* One issuer and name is kept once. The flow has a name. False: no room. */
bool certificates_note(struct certificates *t, const struct flow *flow, const struct tls_certificate *c,
                       struct frame_ref frame);
void certificates_free(struct certificates *t);

/*
 * An issuer that signed leaves of three or more unrelated names at three or more addresses, all with one public key or with one validity to
 * the second, where another issuer signed for one of the names too: for each such name, once.
 * `names`: how many unrelated names the issuer signed for so; `other`: the certificate of the other issuer.
 */
typedef void certificates_found(struct conclusion *c, const struct certificate *suspect,
                                const struct certificate *other, unsigned names);
void certificates_search(struct conclusion *c, const struct certificates *const *tables, size_t count,
                         certificates_found *found);

/* Rows about issuer, subject and key of the leaf, and about any certificate of the chain as a whole. */
void certificate_match(const struct sigdb *db, const struct tls_certificate *c, struct sig_hits *hits);

/* Issued within a day before the frame that showed it: made for the occasion, or simply new. */
bool certificate_is_fresh(int64_t not_before, struct frame_ref frame);
