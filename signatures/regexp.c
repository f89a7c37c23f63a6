/* See regexp.h. The reader below walks the expression once: it refuses what is not allowed and collects the longest run
 * of plain bytes that stand outside groups, classes and quantifiers, which every match must then contain. */
#include "signatures/regexp.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

enum {
	MATCH_LIMIT = 5000,    /* backtracking points for one window: a millisecond or two */
	DEPTH_LIMIT = 500,     /* nested backtracking points */
	HEAP_LIMIT_KIB = 256,  /* for those points */
	REPEAT_MAX = 1000,     /* in {n,m} */
	GROUPS_MAX = 32,       /* nested */
	LITERAL_MAX = 4 * 1024 /* no longer than a field can be */
};

struct regexp {
	pcre2_code *code;
	pcre2_match_context *limits;
	size_t literal_len;
	uint8_t literal[];
};

struct reader {
	struct span s;
	size_t at;
	const char *wrong; /* why the expression is refused; NULL: it is fine so far */
	uint8_t run[LITERAL_MAX], best[LITERAL_MAX];
	size_t run_len, best_len;
	bool repeats[GROUPS_MAX + 1]; /* the open group at this depth holds a quantifier */
	size_t depth;
	bool alternatives; /* a | outside every group */
};

static void run_end(struct reader *r)
{
	if (r->run_len > r->best_len) {
		memcpy(r->best, r->run, r->run_len);
		r->best_len = r->run_len;
	}
	r->run_len = 0;
}

static void run_add(struct reader *r, uint8_t byte)
{
	if (r->depth == 0 && r->run_len < LITERAL_MAX)
		r->run[r->run_len++] = byte;
}

static uint8_t peek(const struct reader *r, size_t ahead)
{
	return ahead < r->s.len - r->at ? r->s.ptr[r->at + ahead] : 0;
}

/* A number at r->at, or -1. */
static int number(struct reader *r)
{
	int n = -1;
	while (peek(r, 0) >= '0' && peek(r, 0) <= '9') {
		n = (n < 0 ? 0 : n) * 10 + (peek(r, 0) - '0');
		r->at++;
		if (n > REPEAT_MAX)
			return REPEAT_MAX + 1;
	}
	return n;
}

/* {n} {n,} {n,m} at r->at. *repeats: more than once is possible; *optional: none is. False: a brace that is literal. */
static bool braces(struct reader *r, bool *repeats, bool *optional)
{
	size_t start = r->at++;
	int low = number(r), high = low;
	if (low >= 0 && peek(r, 0) == ',') {
		r->at++;
		high = number(r);
	}
	if (low < 0 || peek(r, 0) != '}') {
		r->at = start;
		return false;
	}
	r->at++;
	if (low > REPEAT_MAX || high > REPEAT_MAX)
		r->wrong = "repeats more than 1000 times; use fewer";
	*repeats = high != 0 && high != 1;
	*optional = low == 0;
	return true;
}

/* A quantifier, if one stands at r->at, behind an item that is a group with (inner) or without quantifiers in it. */
static void quantifier(struct reader *r, bool inner)
{
	bool repeats = true, optional = true;
	uint8_t c = peek(r, 0);
	if (r->at >= r->s.len)
		return;
	if (c == '{') {
		if (!braces(r, &repeats, &optional))
			return;
	} else if (c == '*' || c == '+' || c == '?') {
		repeats = c != '?';
		optional = c != '+';
		r->at++;
	} else {
		return;
	}
	if (inner && repeats)
		r->wrong = "repeats a group that repeats inside; write it without the nesting";
	if (peek(r, 0) == '?' || peek(r, 0) == '+')
		r->at++;
	if (optional && r->run_len)
		r->run_len--;
	run_end(r);
	r->repeats[r->depth] = true;
}

/* After a byte that stands for itself. */
static void literal(struct reader *r, uint8_t byte)
{
	run_add(r, byte);
	quantifier(r, false);
}

static void escape(struct reader *r)
{
	uint8_t c = peek(r, 1);
	static const char controls[] = "nrt", bytes[] = "\n\r\t", sets[] = "dDsSwW";
	const char *control = c ? strchr(controls, c) : NULL;
	r->at += 2;
	if (control) {
		literal(r, (uint8_t)bytes[control - controls]);
	} else if (c && strchr(sets, c)) {
		run_end(r);
		quantifier(r, false);
	} else if (c == 'b' || c == 'B') {
		run_end(r);
	} else if (c == 'x') {
		char hex[3] = {(char)peek(r, 0), (char)peek(r, 1), '\0'};
		char *end;
		unsigned long byte = strtoul(hex, &end, 16);
		if (end != hex + 2 || hex[0] == '+' || hex[0] == '-' || hex[0] == ' ')
			r->wrong = "has a \\x without two hexadecimal digits";
		r->at += 2;
		literal(r, (uint8_t)byte);
	} else if (c >= '1' && c <= '9') {
		r->wrong = "has a backreference; write the text out";
	} else if (c > 0x20 && c < 0x7f && c != '0' && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z')) {
		literal(r, c);
	} else {
		r->wrong = "has an escape other than \\d \\s \\w \\b \\n \\r \\t \\xHH or \\ before a sign";
	}
}

/* A class in brackets; what is inside cannot hurt and is left to PCRE2. */
static void class(struct reader *r)
{
	run_end(r);
	r->at++;
	if (peek(r, 0) == '^')
		r->at++;
	if (peek(r, 0) == ']')
		r->at++;
	while (r->at < r->s.len && peek(r, 0) != ']')
		r->at += peek(r, 0) == '\\' ? 2 : 1;
	if (r->at >= r->s.len) {
		r->wrong = "has a class without its closing bracket";
		return;
	}
	r->at++;
	quantifier(r, false);
}

static void group_open(struct reader *r)
{
	if (peek(r, 1) == '*' || (peek(r, 1) == '?' && peek(r, 2) != ':')) {
		r->wrong = "has lookaround, options or another special group; only ( ) and (?: ) may be used";
		return;
	}
	if (r->depth == GROUPS_MAX) {
		r->wrong = "nests groups too deeply";
		return;
	}
	run_end(r);
	r->at += peek(r, 1) == '?' ? 3 : 1;
	r->repeats[++r->depth] = false;
}

static void group_close(struct reader *r)
{
	if (r->depth == 0) {
		r->wrong = "has a closing parenthesis too many";
		return;
	}
	bool inner = r->repeats[r->depth--];
	r->repeats[r->depth] |= inner;
	r->at++;
	quantifier(r, inner);
}

static void item(struct reader *r)
{
	uint8_t c = peek(r, 0);
	switch (c) {
	case '\\':
		escape(r);
		return;
	case '[':
		class(r);
		return;
	case '(':
		group_open(r);
		return;
	case ')':
		group_close(r);
		return;
	case '|':
		r->alternatives |= r->depth == 0;
		break;
	case '^':
	case '$':
		break;
	case '.':
		run_end(r);
		r->at++;
		quantifier(r, false);
		return;
	case '*':
	case '+':
	case '?':
		r->wrong = "has a quantifier with nothing to repeat before it";
		return;
	default:
		r->at++;
		literal(r, c);
		return;
	}
	run_end(r);
	r->at++;
}

/* Everything but the two buffers, which are large and written before they are read. */
static void reader_start(struct reader *r, struct span pattern)
{
	r->s = pattern;
	r->at = r->run_len = r->best_len = r->depth = 0;
	r->wrong = NULL;
	r->alternatives = r->repeats[0] = false;
}

/* NULL, or what is wrong. */
static const char *read_expression(struct reader *r)
{
	while (!r->wrong && r->at < r->s.len)
		item(r);
	run_end(r);
	if (!r->wrong && r->depth)
		r->wrong = "has a group that is not closed";
	if (!r->wrong && (r->alternatives || r->best_len < REGEXP_LITERAL_MIN))
		r->wrong = "has no literal of 4 bytes that every match contains; add one, or split the alternatives";
	return r->wrong;
}

static int compile_code(struct regexp *re, struct span pattern, struct err *e)
{
	int code;
	PCRE2_SIZE at;
	uint32_t options = PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP |
	                   PCRE2_NEVER_BACKSLASH_C | PCRE2_NO_AUTO_CAPTURE;
	re->limits = pcre2_match_context_create(NULL);
	re->code = pcre2_compile(pattern.ptr, pattern.len, options, &code, &at, NULL);
	if (!re->limits)
		return err_set(e, ERR_NOMEM, "no memory for the signatures");
	if (!re->code) {
		char why[120] = "";
		(void)pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof(why));
		return err_set(e, ERR_FORMAT, "does not compile: %s (at byte %zu)", why, (size_t)at);
	}
	(void)pcre2_set_match_limit(re->limits, MATCH_LIMIT);
	(void)pcre2_set_depth_limit(re->limits, DEPTH_LIMIT);
	(void)pcre2_set_heap_limit(re->limits, HEAP_LIMIT_KIB);
	return 0;
}

int regexp_compile(struct regexp **out, struct span pattern, struct err *e)
{
	*out = NULL;
	struct reader *r = malloc(sizeof(*r));
	if (!r)
		return err_set(e, ERR_NOMEM, "no memory for the signatures");
	reader_start(r, pattern);
	const char *wrong = pattern.len > LITERAL_MAX ? "is longer than 4096 bytes" : read_expression(r);
	struct regexp *re = wrong ? NULL : calloc(1, sizeof(*re) + r->best_len);
	if (re) {
		re->literal_len = r->best_len;
		memcpy(re->literal, r->best, r->best_len);
	}
	free(r);
	if (wrong)
		return err_set(e, ERR_FORMAT, "%s", wrong);
	if (!re)
		return err_set(e, ERR_NOMEM, "no memory for the signatures");
	int code = compile_code(re, pattern, e);
	if (code < 0) {
		regexp_free(re);
		return code;
	}
	*out = re;
	return 0;
}

void regexp_free(struct regexp *re)
{
	if (!re)
		return;
	pcre2_code_free(re->code);
	pcre2_match_context_free(re->limits);
	free(re);
}

struct span regexp_literal(const struct regexp *re)
{
	return span_of(re->literal, re->literal_len);
}

bool regexp_matches(const struct regexp *re, struct span subject, bool starts, bool ends)
{
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	if (!data)
		return false;
	uint32_t options = (starts ? 0 : PCRE2_NOTBOL) | (ends ? 0 : PCRE2_NOTEOL);
	const uint8_t *text = subject.len ? subject.ptr : (const uint8_t *)"";
	int found = pcre2_match(re->code, text, subject.len, 0, options, data, re->limits);
	pcre2_match_data_free(data);
	return found >= 0;
}
