/*
 * The rules of injectors: what a row of location `rule` says about a burst (burst.h). A rule is a list of conditions that
 * must all hold; the language is described in README.md. A rule is read once, when its file is loaded, into a value of
 * fixed size; evaluating it allocates nothing and takes a bounded number of steps. A fact that is not known makes every
 * condition about it false.
 */
#pragma once

#include "analyzer/base/arena.h"
#include "analyzer/base/err.h"
#include "analyzer/base/text.h"
#include "signatures/burst.h"

enum {
	RULE_CONDITIONS_MAX = 24,
	RULE_ITEMS_MAX = 8, /* values of one condition */
};

enum rule_kind { RULE_RST, RULE_DNS, RULE_HTTP };

/* Which dependence groups of evidence (docs/rules.md, "Terms and labels") the conditions on the packets themselves touch. */
enum rule_group { RULE_GROUP_SEQ = 1 << 0, RULE_GROUP_TTL = 1 << 1, RULE_GROUP_IPID = 1 << 2, RULE_GROUP_WIN = 1 << 3 };

struct rule_item {
	int64_t low, high;
	uint8_t base; /* enum rule_base of rule_parts.h: what the values count from */
};

struct rule_condition {
	uint8_t which, fact, aspect; /* enums of rule_parts.h */
	bool unlike;                 /* written with != */
	bool ordered;                /* the items belong to the packets, or steps, one by one */
	uint8_t item_count;
	struct rule_item items[RULE_ITEMS_MAX];
	uint8_t bytes_len;
	uint8_t bytes[BURST_PAYLOAD_MAX];
};

struct packet_rule {
	enum rule_kind kind;
	uint32_t groups; /* enum rule_group */
	size_t condition_count;
	const struct rule_condition *conditions;
};

/* Conditions live in the arena. ERR_FORMAT: *at is the byte of the text, from 0, where it stops making sense, and the text says what to do. ERR_NOMEM. */
int rule_parse(struct packet_rule *rule, enum rule_kind kind, struct span text, struct arena *arena, size_t *at,
               struct err *e);

bool rule_holds(const struct packet_rule *rule, const struct burst_facts *b);

/* The rule in plain words, conditions with "; " between. */
void rule_describe(const struct packet_rule *rule, struct text *t);
