/*
 * A finding: what a detector claims, with the frames, the numbers, the terms of its weight and the innocent
 * explanations that remain. A detector fills one in on its stack and hands it to candidate_add, which copies it; it is
 * a candidate until the capture pass has set guards and label. The columns of findings.csv are these fields
 * (report/columns.h).
 */
#pragma once

#include "analyzer/base/arena.h"
#include "analyzer/base/text.h"
#include "analyzer/evidence/mechanism.h"
#include "analyzer/net/flow.h"
#include "signatures/match.h"

enum {
	FINDING_FRAMES_MAX = 16, /* suspect frames, and evidence frames; more are counted in details */
	FINDING_TERMS_MAX = 16,
	FINDING_DETAILS_MAX = 24,
	FINDING_SIGNATURES_MAX = 4,
	FINDING_NUMBER_SIZE = 24, /* digits and sign of any number, and NUL */
};

enum finding_kind { KIND_CONTRADICTION, KIND_MATCH, KIND_SYMPTOM, KIND_INFORMATIONAL };
enum label {
	LABEL_NONE,
	LABEL_WEAK,
	LABEL_MODERATE,
	LABEL_MODERATELY_STRONG,
	LABEL_STRONG,
	LABEL_VERY_STRONG,
	LABEL_COUNT
};
enum selectivity { SELECT_UNKNOWN, SELECT_NAME, SELECT_ADDRESS, SELECT_PORT, SELECT_PROTOCOL, SELECT_EVERYTHING };
enum vantage { VANTAGE_UNKNOWN, VANTAGE_CLIENT, VANTAGE_SERVER, VANTAGE_MIDDLE };
enum name_source { NAME_NONE, NAME_DNS, NAME_HOST, NAME_SNI };
enum ipid_class { IPID_UNKNOWN, IPID_ZERO, IPID_LOCAL, IPID_GLOBAL, IPID_RANDOM, IPID_CONST };

/* Alternatives beyond the guards: bit 1 << n of a set. */
enum alternative {
	ALT_AD_BLOCKER,    /* a filtering resolver that the client chose */
	ALT_SPLIT_DNS,     /* a name with a private address on purpose */
	ALT_LOAD_BALANCER, /* several hosts behind one address */
	ALT_CDN_ROTATION,  /* a content network answers differently each time */
	ALT_LOST_RETRY,    /* the capture lost a repeated query */
	ALT_CORPORATE_FILTER,
	ALT_SERVER_REFUSES, /* the genuine server's own page */
	ALT_OTHER_CLOSE,    /* an ordinary close that looks so */
	ALT_SERVER_LIMITS,  /* the server gives each connection no more than that */
	ALT_REAL_HOST,      /* the name may really be served from there */
	ALT_PMTU,           /* a path that loses large packets */
	ALTERNATIVE_COUNT
};
const char *alternative_name(enum alternative a);

struct term {
	const char *id;    /* "E04" */
	const char *group; /* "seq"; owned by the weights */
	int16_t db;        /* after halving */
};

struct detail {
	const char *key;   /* a constant */
	const char *value; /* already escaped with TEXT_LIST where it holds outside text */
};

/* Header facts of the suspect beside the baseline of its purported sender. A field is printed when its bit is set. */
enum fact {
	FACT_TTL = 1 << 0,
	FACT_TTL_BASELINE = 1 << 1, /* and hop_delta */
	FACT_IP_ID = 1 << 2,
	FACT_IP_ID_PREVIOUS = 1 << 3,
	FACT_IP_ID_CLASS = 1 << 4,
	FACT_DF = 1 << 5,
	FACT_TCP = 1 << 6, /* tcp_flags, window, payload_length */
	FACT_OPTIONS = 1 << 7,
	FACT_OPTIONS_BASELINE = 1 << 8,
	FACT_SEQ_RELATIVE = 1 << 9,
	FACT_ACK_RELATIVE = 1 << 10,
	FACT_DELTA = 1 << 11,
	FACT_RTT = 1 << 12, /* rtt_min_us, rtt_samples */
	FACT_PAYLOAD_LENGTH = 1 << 13,
};

struct facts {
	uint32_t known; /* enum fact */
	uint8_t ttl, ttl_baseline;
	int16_t hop_delta;
	uint16_t ip_id, ip_id_previous;
	enum ipid_class ip_id_class;
	bool df;
	uint16_t tcp_flags, window, options_seen, options_seen_baseline;
	int64_t seq_relative, ack_relative;
	uint32_t payload_length;
	int64_t delta_us, rtt_min_us;
	uint32_t rtt_samples;
};

struct finding {
	const struct mechanism *mechanism;
	enum finding_kind kind;
	const char *stage, *protocol;                                                /* NULL: the mechanism's */
	struct frame_ref suspects[FINDING_FRAMES_MAX], evidence[FINDING_FRAMES_MAX]; /* ascending by frame, distinct */
	size_t suspect_count, evidence_count;
	/* All packets of the suspect's side as far as they are known: suspects too, if the whole side proves another machine's. */
	struct frame_ref party[FINDING_FRAMES_MAX];
	size_t party_count;

	struct addr client, server;
	uint16_t client_port, server_port;
	uint8_t l4_proto;
	uint64_t flow_id;
	bool to_client;   /* direction of the suspect */
	const char *name; /* raw, NUL-ended, or NULL */
	enum name_source name_source;
	struct frame_ref trigger;
	struct frame_ref last_heard; /* of silence without a suspect: the last frame before it; number 0: none */

	struct facts facts;
	uint32_t copies;                                            /* 0: not applicable */
	const struct signature *signatures[FINDING_SIGNATURES_MAX]; /* best first */
	size_t signature_count;
	size_t detail_count;

	struct term terms[FINDING_TERMS_MAX];
	size_t term_count;
	uint32_t guards_failed;   /* bits 1 << enum guard; found not to hold: lowers the label */
	uint32_t guards_untested; /* could not be tested */
	uint32_t alternatives;    /* bits 1 << enum alternative: not ruled out */
	uint32_t guards_named;    /* bits 1 << enum guard: named in `alternatives` without lowering the label */
	bool rests_on_copies;     /* G4: without resets that may be copies there would be nothing to find */
	enum label least;         /* least label when the rule's own condition holds; LABEL_NONE: no such bonus */
	enum selectivity selectivity;
	enum vantage vantage;
	/*
	 * Which outcomes of attempts are the failure that this finding claims, as bits 1 << enum attempt_outcome
	 * (detect/attempt.h): the capture pass sets them beside the outcomes of other names (detect/contrast.h). 0: no contrast.
	 */
	uint32_t contrast;

	/* Set by the capture pass. */
	int32_t score_db;
	enum label label;
	char id[17], incident[17]; /* hex digits, NUL-ended */

	struct detail details[FINDING_DETAILS_MAX]; /* last: a candidate has room only for those it has */
};

const char *finding_kind_name(enum finding_kind k);
const char *label_name(enum label l);
bool label_parse(const char *word, enum label *out);
const char *selectivity_name(enum selectivity s);
const char *vantage_name(enum vantage v);
const char *name_source_name(enum name_source s);
const char *ipid_class_name(enum ipid_class c);

/* Both keep order and drop repeats; the first FINDING_FRAMES_MAX by number stay. number 0 is ignored. A frame is
 * never in both lists: a suspect is not named as evidence. */
void finding_suspect(struct finding *f, struct frame_ref frame);
void finding_evidence(struct finding *f, struct frame_ref frame);

/* The frame that a row is about: the first suspect, or the last frame before silence, or the last of the evidence, or the one
 * that asked. A symptom of what never came has no suspects. */
const struct frame_ref *finding_frame(const struct finding *f);

/* Adds key=value, or gives the key a new value; text lives in a buffer that the caller keeps until candidate_add.
 * Silently dropped when full. */
void finding_detail(struct finding *f, const char *key, const char *value);

/* As finding_detail, with a number. */
void finding_number(struct finding *f, char buffer[FINDING_NUMBER_SIZE], const char *key, long long value);

/* As finding_detail, with the text in an arena that lives until candidate_add; dropped too when the arena is out of memory. */
void finding_print(struct finding *f, struct arena *a, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* The same for text from outside: escaped, and cut as TEXT_OUTSIDE_MAX says. */
void finding_outside(struct finding *f, struct arena *a, const char *key, struct span outside);

/* The value of a detail; NULL: there is none of this key. */
const char *finding_value(const struct finding *f, const char *key);

bool finding_has_term(const struct finding *f, const char *id);

/* An order by client, server, protocol and server port; 0: the same place. */
int finding_compare_place(const struct finding *f, const struct finding *g);

/* Client, server and ports of the flow; its name and trigger where the finding has none yet. */
void finding_flow(struct finding *f, const struct flow *flow);

/*
 * The id: first 16 hex digits of SHA-256 over the mechanism's id with its NUL, then the suspect frames, then the
 * evidence frames; a list is its count (8 bytes), then number (8), time in nanoseconds (8, two's complement) and wire
 * length (4) of each, all big-endian. Nothing that redaction touches is in it.
 */
void finding_identify(struct finding *f);

/* The id of a finding whose mechanism and frames equal another's (two answers in one packet): the same with the ordinal
 * (1, 2.., 8 bytes) at the end. In the order of trigger frame, name and details the first has no ordinal. */
void finding_identify_twin(struct finding *f, uint64_t ordinal);
