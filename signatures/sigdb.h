/*
 * The signature database: known blockpages, forged DNS answers and interception certificates, read from CSV files
 * (the format is in signatures/README.md), checked row by row, and compiled for match.h. Read-only after loading, so
 * it may be shared by every worker.
 */
#pragma once

#include "analyzer/base/err.h"
#include "analyzer/base/text.h"

enum sig_location {
	SIG_BODY,
	SIG_TITLE,
	SIG_STATUS_LINE,
	SIG_HEADER, /* with the lower-case header name in `header` */
	SIG_DNS_ANSWER,
	SIG_DNS_CNAME,
	SIG_TLS_ISSUER,
	SIG_TLS_SUBJECT,
	SIG_TLS_SPKI_SHA256,
	SIG_TLS_CERT_SHA256,
	SIG_TLS_JA4,
	SIG_RST_RULE, /* rules about packets: rule.h */
	SIG_DNS_RULE,
	SIG_HTTP_RULE,
	SIG_LOCATION_COUNT
};

enum sig_kind { SIG_HTTP, SIG_DNS, SIG_TLS, SIG_RST, SIG_QUIC, SIG_KIND_COUNT };

enum sig_match { SIG_FULL, SIG_PREFIX, SIG_CONTAINS, SIG_REGEXP, SIG_CIDR, SIG_EQ, SIG_MATCH_COUNT };

/* Best first: the order in which several hits are listed. */
enum sig_scope {
	SIG_NATIONAL,
	SIG_ISP,
	SIG_INJECTED,
	SIG_PRODUCT,
	SIG_INSTITUTION,
	SIG_UNCLEAR,
	SIG_BENIGN,
	SIG_SCOPE_COUNT
};

enum sig_action { SIG_ACTION_HIT, SIG_ACTION_HINT, SIG_ACTION_FP, SIG_ACTION_OFF, SIG_ACTION_COUNT };

struct signature {
	const char *id;
	enum sig_kind kind;
	enum sig_location location;
	const char *header; /* lower case; NULL unless location is SIG_HEADER */
	enum sig_match match;
	struct span pattern; /* unescaped */
	enum sig_scope scope;
	enum sig_action action;
	uint8_t confidence;                                           /* 0 to 10 */
	const char *country, *vendor, *except, *source, *url, *notes; /* never NULL; escaped as in the file */
	const char *aliases, *origin_id, *origin;                     /* of imported rows; likewise */
	uint32_t line;                                                /* of the file it came from, for error texts */
	uint32_t order; /* position over all files in load order: the stable order of equal hits */
};

/* A file that was loaded, for the manifest. */
struct sigset {
	const char *path; /* as given; of a directory, the file's name in it */
	size_t rows;      /* data rows, off ones included */
	uint8_t sha256[32];
};

struct sigdb;

/*
 * Adds every *.csv of a directory (in byte order of names), or one file, to a database; creates *db when it is NULL.
 * A file whose header is not that of the format (weights.csv) is skipped in a directory and an error by itself. On
 * error *db is freed and NULL, and the text names file, line and column: ERR_FORMAT for a broken set, ERR_IO for an
 * unreadable one. A row whose id is already there from an earlier call takes its place, in the order too; within one
 * call an id twice, or (location, match, pattern) twice among rows in use, is an error.
 */
int sigdb_load(struct sigdb **db, const char *path, struct err *e);

/* Compiles what was loaded; call once, after the last sigdb_load and before any matching. */
int sigdb_compile(struct sigdb *db, struct err *e);

/* NULL is legal. */
void sigdb_free(struct sigdb *db);

size_t sigdb_count(const struct sigdb *db);                         /* rows, off ones included */
const struct signature *sigdb_at(const struct sigdb *db, size_t i); /* in load order; valid until the next sigdb_load */
size_t sigdb_sets(const struct sigdb *db);                          /* files */
const struct sigset *sigdb_set(const struct sigdb *db, size_t i);
const char *sigdb_path(const struct sigdb *db, const struct signature *s); /* of the file that a row came from */
/* The row with this id, or NULL. */
const struct signature *sigdb_find(const struct sigdb *db, const char *id);

/* The words of the files, by the enums above. */
extern const char *const sig_kind_names[SIG_KIND_COUNT];
extern const char *const sig_match_names[SIG_MATCH_COUNT];
extern const char *const sig_scope_names[SIG_SCOPE_COUNT];
extern const char *const sig_action_names[SIG_ACTION_COUNT];

/* A row about packets: its pattern is a rule (rule.h). */
bool sig_is_rule(enum sig_location location);

const char *sig_scope_name(enum sig_scope scope);

/* The location as it is written in the files: "body", "header.server". */
void sig_location_add(struct text *t, const struct signature *s);

/* Orders signatures by what they match, in no particular order; 0: where both are in use, one of them is in vain. */
int signature_compare(const struct signature *a, const struct signature *b);

/* True when the name is one of the row's `except` domains or below one. Case does not matter; a final dot is ignored.
 * */
bool signature_excepts(const struct signature *s, struct span name);
