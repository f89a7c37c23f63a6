/* The checks of a row's pattern, and what is read from it for compiling: see lint.h. */
#include "signatures/lint.h"

#include "signatures/match.h"
#include "signatures/pattern.h"

enum {
	BODY_LITERAL_MIN = 4,
	BODY_LITERAL_ALONE = 8, /* without a country or a fixed position */
};

static bool is_digits_and_dots(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!(s.ptr[i] >= '0' && s.ptr[i] <= '9') && s.ptr[i] != '.')
			return false;
	return true;
}

static int check_body(const struct row *row, const struct signature *s, struct err *e)
{
	if (s->pattern.len < BODY_LITERAL_MIN)
		return row_error(row, COL_PATTERN, e, "fewer than 4 bytes match almost any body; take a longer piece");
	if (s->match == SIG_CONTAINS && s->pattern.len < BODY_LITERAL_ALONE && !s->country[0])
		return row_error(row, COL_PATTERN, e,
		                 "fewer than 8 bytes without a country; take a longer piece or name one");
	if (s->match == SIG_CONTAINS && is_digits_and_dots(s->pattern))
		return row_error(row, COL_PATTERN, e,
		                 "only digits and dots would match inside longer numbers; add what stands "
		                 "around it");
	return 0;
}

/* An address with its dots escaped is as bare as one that is written plain. */
static bool is_bare_number(struct span expression)
{
	for (size_t i = 0; i < expression.len; i++) {
		uint8_t c = expression.ptr[i];
		if (!(c >= '0' && c <= '9') && c != '.' && c != '\\')
			return false;
	}
	return true;
}

static int check_regexp(const struct row *row, struct rule *out, struct err *e)
{
	struct err why;
	int code = regexp_compile(&out->regexp, out->s.pattern, &why);
	if (code == ERR_NOMEM)
		return err_set(e, code, "%s", why.text);
	if (code < 0)
		return row_error(row, COL_PATTERN, e, "the expression %s", why.text);
	if (out->s.location == SIG_BODY && is_bare_number(out->s.pattern)) {
		regexp_free(out->regexp);
		out->regexp = NULL;
		return row_error(row, COL_PATTERN, e,
		                 "only digits and dots would match inside longer numbers; put \\b at both ends");
	}
	if (out->s.location == SIG_BODY && regexp_literal(out->regexp).len > SIG_WINDOW) {
		regexp_free(out->regexp);
		out->regexp = NULL;
		return row_error(row, COL_PATTERN, e,
		                 "the expression is wider than the %d bytes looked at; use contains", SIG_WINDOW);
	}
	return 0;
}

static int check_answer(const struct row *row, struct rule *out, struct err *e)
{
	const struct signature *s = &out->s;
	switch (address_read(s->pattern, s->match == SIG_CIDR, &out->address)) {
	case ADDRESS_UNREADABLE:
		return row_error(row, COL_PATTERN, e,
		                 s->match == SIG_CIDR ? "not a prefix; write it as address/length"
		                                      : "not an address; a prefix needs match cidr");
	case ADDRESS_NOT_CANONICAL:
		return row_error(row, COL_PATTERN, e, "not the canonical form of the address (RFC 5952)");
	case ADDRESS_HOST_BITS:
		return row_error(row, COL_PATTERN, e, "the prefix has bits behind its length; clear them");
	case ADDRESS_FINE:
		break;
	}
	const char *common = address_common(&out->address), *owner = address_owner(&out->address);
	if (common && s->action == SIG_ACTION_HIT && !s->country[0])
		return row_error(row, COL_PATTERN, e,
		                 "%s: resolvers answer that for many reasons; name a country or use action "
		                 "hint",
		                 common);
	if (owner && s->action != SIG_ACTION_FP && !s->except[0])
		return row_error(row, COL_EXCEPT, e, "the address is one of %s; list the domains it rightly serves",
		                 owner);
	return 0;
}

static int check_hash(const struct row *row, const struct signature *s, struct err *e)
{
	bool fine = s->pattern.len == 64;
	for (size_t i = 0; i < s->pattern.len && fine; i++)
		fine = (s->pattern.ptr[i] >= '0' && s->pattern.ptr[i] <= '9') ||
		       (s->pattern.ptr[i] >= 'a' && s->pattern.ptr[i] <= 'f');
	return fine ? 0 : row_error(row, COL_PATTERN, e, "must be 64 hexadecimal digits in lower case");
}

bool sig_is_rule(enum sig_location location)
{
	return location == SIG_RST_RULE || location == SIG_DNS_RULE || location == SIG_HTTP_RULE;
}

enum rule_kind sig_rule_kind(enum sig_location location)
{
	return location == SIG_RST_RULE ? RULE_RST : location == SIG_DNS_RULE ? RULE_DNS : RULE_HTTP;
}

static int check_rule(const struct row *row, struct arena *arena, struct rule *out, struct err *e)
{
	struct packet_rule *rule = arena_alloc(arena, sizeof *rule);
	struct err why = {0};
	size_t at = 0;
	if (!rule)
		return err_set(e, ERR_NOMEM, "no memory for the signatures");
	int code = rule_parse(rule, sig_rule_kind(out->s.location), out->s.pattern, arena, &at, &why);
	if (code == ERR_NOMEM)
		return err_set(e, code, "%s", why.text);
	if (code < 0)
		return row_error(row, COL_PATTERN, e, "character %zu of the rule: %s", at + 1, why.text);
	out->packets = rule;
	return 0;
}

/* The bytes the pattern stands for. */
static int read_pattern(const struct row *row, struct arena *arena, struct signature *s, struct err *e)
{
	struct span written = row->field[COL_PATTERN], encoding = row->field[COL_ENCODING];
	bool esc = span_equal(encoding, span_text("esc"));
	if (!esc && !span_equal(encoding, span_text("plain")))
		return row_error(row, COL_ENCODING, e, "must be plain or esc");
	if (esc && pattern_unescape(arena, written, &s->pattern))
		return 0;
	if (esc && s->action != SIG_ACTION_OFF)
		return row_error(row, COL_PATTERN, e, "bad escape; encoding esc knows \\\\ and \\xHH only");
	s->pattern = arena_copy(arena, written);
	return s->pattern.len == written.len ? 0 : err_set(e, ERR_NOMEM, "no memory for the signatures");
}

int lint_pattern(const struct row *row, struct arena *arena, struct rule *out, struct err *e)
{
	struct signature *s = &out->s;
	if (read_pattern(row, arena, s, e) < 0)
		return e->code;
	if (s->action == SIG_ACTION_OFF)
		return 0;
	if (s->pattern.len == 0)
		return row_error(row, COL_PATTERN, e, "empty; it would match everything");
	if (sig_is_rule(s->location))
		return check_rule(row, arena, out, e);
	if (span_find(s->pattern, span_text("\xef\xbf\xbd")) != SIZE_MAX)
		return row_error(row, COL_PATTERN, e,
		                 "U+FFFD: a charset was lost here; take the bytes from the source again");
	if (s->match == SIG_REGEXP)
		return check_regexp(row, out, e);
	if (s->location == SIG_BODY)
		return check_body(row, s, e);
	if (s->location == SIG_DNS_ANSWER)
		return check_answer(row, out, e);
	if (s->location == SIG_TLS_SPKI_SHA256 || s->location == SIG_TLS_CERT_SHA256)
		return check_hash(row, s, e);
	return 0;
}
