/* What rules are made of: the tables that rule.c (reading), rule_eval.c (evaluating) and rule_words.c (describing) share. */
#pragma once

#include "signatures/rule.h"

/* Which packets a condition is about. */
enum rule_which { WHICH_ALL, WHICH_BARE, WHICH_WITH_ACK, WHICH_OWN, WHICH_OTHER, WHICH_REQUEST, WHICH_COUNT };

enum rule_aspect {
	ASPECT_VALUE, /* of each packet */
	ASPECT_STEP,  /* from each packet to the next */
	ASPECT_VALUES /* how many different ones there are */
};

/* What a value counts from. */
enum rule_base { BASE_NONE, BASE_OWN, BASE_OTHER, BASE_REQUEST, BASE_NEXT };

enum rule_fact {
	ABOUT_COUNT,
	ABOUT_FLAGS,
	ABOUT_TTL,
	ABOUT_WINDOW,
	ABOUT_WINDOW_TTL,
	ABOUT_IPID,
	ABOUT_DF,
	ABOUT_SEQ,
	ABOUT_ACK,
	ABOUT_PAYLOAD,
	ABOUT_BYTES,
	ABOUT_OPTIONS,
	ABOUT_ANSWERS,
	ABOUT_GAP,
	ABOUT_COUNTER,
	ABOUT_FRONT_END,
	ABOUT_STAGE,
	ABOUT_ASKED,
	ABOUT_WAY,
	ABOUT_PORT,
	ABOUT_DNS_AA,
	ABOUT_DNS_RA,
	ABOUT_DNS_RD,
	ABOUT_DNS_OPT,
	ABOUT_DNS_QUERY_OPT,
	ABOUT_DNS_POINTER,
	ABOUT_DNS_TTL,
	ABOUT_DNS_ANSWERS,
	ABOUT_DNS_RCODE,
	ABOUT_DNS_TRAILING,
	ABOUT_HTTP_STATUS,
	RULE_FACT_COUNT
};

enum rule_type { TYPE_NUMBER, TYPE_TIME, TYPE_FLAGS, TYPE_BYTES, TYPE_WORD };

struct rule_word {
	const char *name;
	int value;
};

struct rule_fact_info {
	const char *name;  /* as written */
	const char *words; /* as described */
	enum rule_type type;
	bool of_packet;                  /* each packet has it; else the burst as a whole */
	uint8_t wraps;                   /* 16 or 32: differences are modulo 2^wraps; 0: they are not */
	uint32_t groups;                 /* enum rule_group */
	uint32_t kinds;                  /* bits 1 << enum rule_kind */
	const struct rule_word *choices; /* of TYPE_WORD, ended by a NULL name */
};

extern const struct rule_fact_info rule_facts[RULE_FACT_COUNT];

/* As written before the dot; "" for WHICH_ALL. */
extern const char *const rule_which_names[WHICH_COUNT];

/* Letters of flags in the order in which they are written. */
extern const struct rule_word rule_flag_letters[];
