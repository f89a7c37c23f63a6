/* Reading rules: see rule.h. A condition is read as subject, operator and values, in the order of the text. */
#include "signatures/rule_parts.h"

#include <stdarg.h>
#include <stdio.h>

#define NUMBER_MAX INT64_C(4294967295)
#define TIME_MAX   INT64_C(10000000000) /* nanoseconds: a burst is over after two seconds */

/* A rule while it is read; `error` is set once, at the first thing that is wrong. */
struct reader {
	struct span text;
	enum rule_kind kind;
	struct rule_condition *c;
	const struct rule_fact_info *fact;
	size_t *at;
	struct err *e;
	int code;
};

static bool refuse(struct reader *r, struct span where, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Always false. */
static bool refuse(struct reader *r, struct span where, const char *fmt, ...)
{
	char why[160];
	va_list args;
	if (r->code)
		return false;
	va_start(args, fmt);
	vsnprintf(why, sizeof why, fmt, args);
	va_end(args);
	*r->at = where.ptr ? (size_t)(where.ptr - r->text.ptr) : r->text.len;
	r->code = err_set(r->e, ERR_FORMAT, "%s", why);
	return false;
}

static bool is_one_of(uint8_t byte, const char *bytes)
{
	return memchr(bytes, byte, strlen(bytes)) != NULL;
}

/* Up to the first of the bytes `ends`, trimmed; *rest begins behind that byte, and is NULL when there was none. */
static struct span part(struct span s, const char *ends, struct span *rest)
{
	size_t n = 0;
	while (n < s.len && !is_one_of(s.ptr[n], ends))
		n++;
	*rest = n < s.len ? span_of(s.ptr + n + 1, s.len - n - 1) : span_of(NULL, 0);
	struct span got = span_trim(span_first(s, n));
	return got.len ? got : span_of(s.ptr, 0);
}

static bool is_name(struct span s, const char *name)
{
	return span_equal(s, span_text(name));
}

static bool is_burst_packet(enum rule_which which)
{
	return which == WHICH_ALL || which == WHICH_BARE || which == WHICH_WITH_ACK;
}

/* May this fact be asked of these packets? */
static bool which_fits(const struct reader *r)
{
	enum rule_which which = (enum rule_which)r->c->which;
	enum rule_fact fact = (enum rule_fact)r->c->fact;
	if (which == WHICH_ALL)
		return true;
	if (is_burst_packet(which))
		return r->kind == RULE_RST && (r->fact->of_packet || fact == ABOUT_COUNT || fact == ABOUT_GAP);
	return (r->fact->of_packet && fact != ABOUT_ANSWERS) || (fact == ABOUT_COUNTER && which == WHICH_OTHER);
}

static bool aspect_fits(const struct reader *r)
{
	bool differs = r->fact->type == TYPE_NUMBER;
	return r->c->aspect == ASPECT_VALUE ||
	       (r->kind != RULE_DNS && r->fact->of_packet && differs && is_burst_packet((enum rule_which)r->c->which));
}

static bool find_fact(struct reader *r, struct span name)
{
	for (int i = 0; i < RULE_FACT_COUNT; i++) {
		if (is_name(name, rule_facts[i].name) && (rule_facts[i].kinds & 1U << r->kind)) {
			r->c->fact = (uint8_t)i;
			r->fact = &rule_facts[i];
			return true;
		}
	}
	return refuse(r, name, "no such fact for this kind of row; README.md, \"Rules\", lists them");
}

/* [which.]fact[.aspect] */
static bool read_subject(struct reader *r, struct span subject)
{
	struct span rest, first = part(subject, ".", &rest), name = first;
	for (int i = 1; i < WHICH_COUNT; i++)
		if (rest.ptr && is_name(first, rule_which_names[i]))
			r->c->which = (uint8_t)i;
	if (r->c->which)
		name = part(rest, ".", &rest);
	if (!find_fact(r, name))
		return false;
	if (!which_fits(r))
		return refuse(r, first, "\"%s\" says nothing of these packets; leave out what stands before the dot",
		              r->fact->name);
	if (!rest.ptr)
		return true;
	if (is_name(span_trim(rest), "step"))
		r->c->aspect = ASPECT_STEP;
	else if (is_name(span_trim(rest), "values"))
		r->c->aspect = ASPECT_VALUES;
	else
		return refuse(r, rest, "after the dot only step and values make sense");
	return aspect_fits(r) ? true : refuse(r, rest, "\"%s\" has neither steps nor values", r->fact->name);
}

/* A whole number, decimal or 0x, with a sign if it likes. */
static bool read_number(struct reader *r, struct span s, int64_t most, int64_t *out)
{
	struct span digits = span_trim(s);
	bool minus = digits.len && digits.ptr[0] == '-';
	if (minus || (digits.len && digits.ptr[0] == '+'))
		digits = span_after(digits, 1);
	bool hex = span_starts(digits, span_text("0x"));
	digits = hex ? span_after(digits, 2) : digits;
	int64_t n = 0;
	bool fine = digits.len > 0;
	for (size_t i = 0; i < digits.len && fine; i++) {
		uint8_t c = digits.ptr[i];
		int digit = c >= '0' && c <= '9' ? c - '0' : hex && c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
		n = n * (hex ? 16 : 10) + digit;
		fine = digit >= 0 && n <= most;
	}
	if (!fine)
		return refuse(r, s, "not a number from 0 to %lld (decimal, or 0x and small hexadecimal digits)",
		              (long long)most);
	*out = minus ? -n : n;
	return true;
}

/* Cuts a word of `names` off the front of *s. */
static enum rule_base take_base(struct span *s)
{
	static const struct rule_word bases[] = {
	    {"own", BASE_OWN}, {"other", BASE_OTHER}, {"request", BASE_REQUEST}, {"next", BASE_NEXT}, {NULL, 0}};
	for (size_t i = 0; bases[i].name; i++) {
		if (span_starts(*s, span_text(bases[i].name))) {
			*s = span_of(s->ptr + strlen(bases[i].name), s->len - strlen(bases[i].name));
			return (enum rule_base)bases[i].value;
		}
	}
	return BASE_NONE;
}

static bool base_fits(const struct reader *r, enum rule_base base)
{
	bool seq = r->c->fact == ABOUT_SEQ, value = r->c->aspect == ASPECT_VALUE;
	if (base == BASE_NEXT || base == BASE_NONE)
		return base == BASE_NEXT ? seq && value : !(seq && value);
	return value && r->fact->of_packet && !r->fact->choices && !seq && r->c->fact != ABOUT_ACK;
}

/* N, N..M, or one of them behind a base: other+1, own-1..1. */
static bool read_number_item(struct reader *r, struct span s, struct rule_item *item)
{
	struct span numbers = s;
	item->base = (uint8_t)take_base(&numbers);
	if (!base_fits(r, (enum rule_base)item->base))
		return refuse(r, s,
		              r->c->fact == ABOUT_SEQ ? "a sequence number counts from next: write next or next+N"
		                                      : "own, other, request and next give no value for this");
	if (item->base != BASE_NONE && numbers.len == 0)
		return true;
	size_t dots = span_find(numbers, span_text(".."));
	if (!read_number(r, span_first(numbers, dots), NUMBER_MAX, &item->low))
		return false;
	item->high = item->low;
	if (dots == SIZE_MAX)
		return true;
	if (!read_number(r, span_of(numbers.ptr + dots + 2, numbers.len - dots - 2), NUMBER_MAX, &item->high))
		return false;
	return item->low <= item->high ? true : refuse(r, s, "the range runs backwards");
}

static bool read_time_item(struct reader *r, struct span s, struct rule_item *item)
{
	static const struct rule_word units[] = {{"us", 1000}, {"ms", 1000000}, {NULL, 0}};
	for (size_t i = 0; units[i].name; i++) {
		size_t len = strlen(units[i].name);
		if (s.len <= len || memcmp(s.ptr + s.len - len, units[i].name, len) != 0)
			continue;
		if (!read_number(r, span_first(s, s.len - len), TIME_MAX / units[i].value, &item->low))
			return false;
		item->low *= units[i].value;
		item->high = item->low;
		return true;
	}
	return refuse(r, s, "a time ends in us or ms");
}

static bool read_flags_item(struct reader *r, struct span s, struct rule_item *item)
{
	for (size_t i = 0; i < s.len; i++) {
		int bit = 0;
		for (size_t k = 0; rule_flag_letters[k].name; k++)
			bit |= s.ptr[i] == (uint8_t)rule_flag_letters[k].name[0] ? rule_flag_letters[k].value : 0;
		if (!bit || (item->low & bit))
			return refuse(r, s, "flags are the letters F S R P A U E C N, each once");
		item->low |= bit;
	}
	item->high = item->low;
	return s.len ? true : refuse(r, s, "flags are missing");
}

static bool read_word_item(struct reader *r, struct span s, struct rule_item *item)
{
	for (const struct rule_word *w = r->fact->choices; w->name; w++) {
		if (is_name(s, w->name)) {
			item->low = item->high = w->value;
			return true;
		}
	}
	char list[96];
	struct text t = text_over(list, sizeof list);
	for (const struct rule_word *w = r->fact->choices; w->name; w++)
		text_printf(&t, "%s%s", t.len ? ", " : "", w->name);
	return refuse(r, s, "\"%s\" is one of: %s", r->fact->name, list);
}

static int hex_digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_bytes(struct reader *r, struct span s)
{
	bool fine = s.len > 0 && s.len % 2 == 0 && s.len / 2 <= BURST_PAYLOAD_MAX;
	for (size_t i = 0; fine && i < s.len; i += 2) {
		int high = hex_digit(s.ptr[i]), low = hex_digit(s.ptr[i + 1]);
		fine = high >= 0 && low >= 0;
		r->c->bytes[i / 2] = (uint8_t)((high & 15) << 4 | (low & 15));
	}
	r->c->bytes_len = fine ? (uint8_t)(s.len / 2) : 0;
	return fine ? true
	            : refuse(r, s, "bytes are 1 to %d pairs of small hexadecimal digits", (int)BURST_PAYLOAD_MAX);
}

static bool read_item(struct reader *r, struct span s)
{
	if (r->c->item_count == RULE_ITEMS_MAX)
		return refuse(r, s, "more than %d values; make two rows of it", (int)RULE_ITEMS_MAX);
	struct rule_item *item = &r->c->items[r->c->item_count++];
	switch (r->fact->type) {
	case TYPE_NUMBER:
		return read_number_item(r, s, item);
	case TYPE_TIME:
		return read_time_item(r, s, item);
	case TYPE_FLAGS:
		return read_flags_item(r, s, item);
	case TYPE_WORD:
		return read_word_item(r, s, item);
	case TYPE_BYTES:
		return read_bytes(r, s);
	}
	return false;
}

static bool order_fits(const struct reader *r)
{
	bool many = r->fact->of_packet || r->c->fact == ABOUT_GAP;
	return many && is_burst_packet((enum rule_which)r->c->which) && r->c->aspect != ASPECT_VALUES && !r->c->unlike;
}

static bool read_items(struct reader *r, struct span values)
{
	struct span rest = values;
	bool more = true;
	while (more) {
		struct span item = part(rest, ",|", &rest), behind = rest;
		char separator = behind.ptr ? (char)behind.ptr[-1] : '\0';
		if (separator && r->c->item_count > 0 && r->c->ordered != (separator == ','))
			return refuse(r, span_of(behind.ptr - 1, 1), "either , or | between the values, not both");
		if (separator == ',')
			r->c->ordered = true;
		if (!read_item(r, item))
			return false;
		more = behind.ptr != NULL;
	}
	if (r->c->fact == ABOUT_BYTES && r->c->item_count != 1)
		return refuse(r, values, "bytes take a single value");
	return !r->c->ordered || order_fits(r)
	           ? true
	           : refuse(r, values, "values one by one (,) need packets or steps, and no !=; use | for a choice");
}

enum operator_kind { OP_EQUAL, OP_UNEQUAL, OP_LESS, OP_AT_MOST, OP_MORE, OP_AT_LEAST };

/* Where the operator of a condition begins. */
static struct span find_operator(struct span condition, enum operator_kind *op, size_t *len)
{
	struct span rest;
	struct span subject = part(condition, "=!<>", &rest);
	if (!rest.ptr)
		return span_of(NULL, 0);
	char first = (char)rest.ptr[-1], second = rest.len ? (char)rest.ptr[0] : '\0';
	*len = first != '=' && second == '=' ? 2 : 1;
	*op = first == '='   ? OP_EQUAL
	      : first == '!' ? OP_UNEQUAL
	      : first == '<' ? (*len == 2 ? OP_AT_MOST : OP_LESS)
	                     : (*len == 2 ? OP_AT_LEAST : OP_MORE);
	if (first == '!' && *len == 1)
		return span_of(NULL, 0);
	return subject;
}

static bool apply_operator(struct reader *r, enum operator_kind op, struct span values)
{
	struct rule_item *item = &r->c->items[0];
	bool number = r->fact->type == TYPE_NUMBER || r->fact->type == TYPE_TIME;
	if (op == OP_EQUAL || op == OP_UNEQUAL)
		return true;
	if (!number || r->c->item_count != 1 || item->low != item->high)
		return refuse(r, values, "< and > compare with one number or time");
	if (op == OP_LESS || op == OP_AT_MOST) {
		item->high -= op == OP_LESS;
		item->low = INT64_MIN;
	} else {
		item->low += op == OP_MORE;
		item->high = INT64_MAX;
	}
	return true;
}

static bool read_condition(struct reader *r, struct span condition)
{
	enum operator_kind op = OP_EQUAL;
	size_t len = 0;
	struct span subject = find_operator(condition, &op, &len);
	if (!subject.ptr)
		return refuse(r, condition, "a condition is: fact, one of = != < <= > >=, value");
	if (!read_subject(r, subject))
		return false;
	r->c->unlike = op == OP_UNEQUAL;
	size_t at = 0;
	while (!is_one_of(condition.ptr[at], "=!<>"))
		at++;
	struct span values = span_of(condition.ptr + at + len, condition.len - at - len);
	values = span_trim(values).len ? span_trim(values) : values;
	return read_items(r, values) && apply_operator(r, op, values);
}

/* Reads all conditions into `found`; how many. */
static size_t read_rule(struct reader *r, struct rule_condition *found)
{
	size_t n = 0;
	for (struct span rest = r->text; rest.ptr && r->code == 0;) {
		struct span condition = part(rest, ";", &rest);
		if (condition.len == 0)
			refuse(r, condition, "a condition is missing here");
		else if (n == RULE_CONDITIONS_MAX)
			refuse(r, condition, "more than %d conditions", (int)RULE_CONDITIONS_MAX);
		if (r->code)
			break;
		r->c = &found[n++];
		read_condition(r, condition);
	}
	if (r->code == 0 && n == 0)
		refuse(r, r->text, "an empty rule holds for everything");
	return n;
}

int rule_parse(struct packet_rule *rule, enum rule_kind kind, struct span text, struct arena *arena, size_t *at,
               struct err *e)
{
	struct rule_condition found[RULE_CONDITIONS_MAX] = {0};
	struct reader r = {.text = text, .kind = kind, .at = at, .e = e};
	*rule = (struct packet_rule){.kind = kind};
	*at = 0;
	size_t n = read_rule(&r, found);
	if (r.code)
		return r.code;
	struct span kept = arena_copy(arena, span_of(found, n * sizeof found[0]));
	if (kept.len == 0)
		return err_set(e, ERR_NOMEM, "no memory for the rules");
	rule->conditions = (const struct rule_condition *)(const void *)kept.ptr;
	rule->condition_count = n;
	for (size_t i = 0; i < n; i++)
		if (is_burst_packet((enum rule_which)found[i].which) && !found[i].unlike)
			rule->groups |= rule_facts[found[i].fact].groups;
	return 0;
}
