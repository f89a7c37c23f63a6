/*
 * The regular expressions of signatures: a narrow, safe part of PCRE2, checked before it is compiled. Allowed are
 * literals, classes, groups, alternatives, the quantifiers, ^ and $, and simple escapes; refused is whatever makes
 * the running time hard to foresee or the meaning depend on more than the bytes at hand (backreferences, lookaround,
 * options, recursion, a repeated group that repeats inside). Every expression must hold a literal of
 * REGEXP_LITERAL_MIN bytes, because it is only run where that literal occurred. Bytes are bytes: no Unicode mode, so
 * that any charset is legal.
 */
#pragma once

#include "analyzer/base/err.h"
#include "analyzer/base/span.h"

enum { REGEXP_LITERAL_MIN = 4 };

struct regexp;

/* On failure *out is NULL, e->text says what is wrong with the expression, and the code is ERR_FORMAT or ERR_NOMEM. */
int regexp_compile(struct regexp **out, struct span pattern, struct err *e);

/* NULL is legal. */
void regexp_free(struct regexp *re);

/* The longest literal that every match contains. Owned by re. */
struct span regexp_literal(const struct regexp *re);

/* True when it matches somewhere in the subject. starts and ends: the subject begins and ends where the whole does, so
 * ^ and $ may hold there. An expression that runs into its limit counts as no match. */
bool regexp_matches(const struct regexp *re, struct span subject, bool starts, bool ends);
