/* Rules in plain words: see rule.h. */
#include "signatures/rule_parts.h"

#include <inttypes.h>

static const char *which_words(enum rule_kind kind, enum rule_which which)
{
	static const char *const words[WHICH_COUNT] = {
	    [WHICH_BARE] = "reset without ACK",
	    [WHICH_WITH_ACK] = "reset with ACK",
	    [WHICH_OWN] = "the sender's packet before",
	    [WHICH_OTHER] = "the other side's last packet",
	    [WHICH_REQUEST] = "the request",
	};
	static const char *const subjects[] = {[RULE_RST] = "reset", [RULE_DNS] = "the answer", [RULE_HTTP] = "packet"};
	return which == WHICH_ALL ? subjects[kind] : words[which];
}

static bool is_single(enum rule_kind kind, enum rule_which which)
{
	return which >= WHICH_OWN || kind == RULE_DNS;
}

static void flags_words(struct text *t, int64_t flags)
{
	static const char *const names[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "NS"};
	bool first = true;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (!(flags & rule_flag_letters[i].value))
			continue;
		text_printf(t, "%s%s", first ? "" : "+", names[i]);
		first = false;
	}
}

static void time_words(struct text *t, int64_t ns)
{
	if (ns % 1000000 == 0)
		text_printf(t, "%" PRId64 " ms", ns / 1000000);
	else
		text_printf(t, "%" PRId64 " us", ns / 1000);
}

static void number_words(struct text *t, const struct rule_condition *c, int64_t n)
{
	if (rule_facts[c->fact].type == TYPE_TIME)
		time_words(t, n);
	else if (c->fact == ABOUT_IPID && c->aspect == ASPECT_VALUE && n >= 0)
		text_printf(t, "0x%04" PRIx64, (uint64_t)n);
	else
		text_printf(t, c->aspect == ASPECT_STEP ? "%+" PRId64 : "%" PRId64, n);
}

static const char *base_words(enum rule_base base)
{
	static const char *const words[] = {
	    [BASE_NONE] = "",
	    [BASE_OWN] = "that of the sender's packet before",
	    [BASE_OTHER] = "that of the other side's last packet",
	    [BASE_REQUEST] = "that of the request",
	    [BASE_NEXT] = "what the sender had come to",
	};
	return words[base];
}

static void offset_words(struct text *t, const struct rule_item *item)
{
	text_printf(t, "%s", base_words((enum rule_base)item->base));
	if (item->low == item->high && item->low != 0)
		text_printf(t, " %s %" PRId64, item->low > 0 ? "plus" : "minus",
		            item->low > 0 ? item->low : -item->low);
	else if (item->low == INT64_MIN)
		text_printf(t, " plus at most %" PRId64, item->high);
	else if (item->high == INT64_MAX)
		text_printf(t, " plus at least %" PRId64, item->low);
	else if (item->low != item->high)
		text_printf(t, " plus %" PRId64 " to %" PRId64, item->low, item->high);
}

static void item_words(struct text *t, const struct rule_condition *c, const struct rule_item *item)
{
	const struct rule_fact_info *fact = &rule_facts[c->fact];
	if (fact->type == TYPE_FLAGS) {
		flags_words(t, item->low);
	} else if (fact->type == TYPE_BYTES) {
		text_printf(t, "bytes ");
		text_hex(t, span_of(c->bytes, c->bytes_len));
	} else if (fact->type == TYPE_WORD) {
		for (const struct rule_word *w = fact->choices; w->name; w++)
			if (w->value == item->low)
				text_printf(t, "%s", w->name);
	} else if (item->base != BASE_NONE) {
		offset_words(t, item);
	} else if (item->low == INT64_MIN) {
		text_printf(t, "at most ");
		number_words(t, c, item->high);
	} else if (item->high == INT64_MAX) {
		text_printf(t, "at least ");
		number_words(t, c, item->low);
	} else {
		number_words(t, c, item->low);
		if (item->low != item->high) {
			text_printf(t, " to ");
			number_words(t, c, item->high);
		}
	}
}

static void values_words(struct text *t, const struct rule_condition *c)
{
	for (size_t i = 0; i < c->item_count; i++) {
		if (i > 0)
			text_printf(t, c->ordered ? ", then " : i + 1U == c->item_count ? " or " : ", ");
		item_words(t, c, &c->items[i]);
	}
}

/* "resets with ACK" */
static void plural_words(struct text *t, const char *what)
{
	size_t noun = strcspn(what, " ");
	text_add(t, span_of(what, noun));
	text_printf(t, "s%s", what + noun);
}

/* "3 resets with ACK" */
static void count_words(struct text *t, const struct packet_rule *rule, const struct rule_condition *c)
{
	const char *what = which_words(rule->kind, (enum rule_which)c->which);
	text_printf(t, "%s", c->unlike ? "not " : "");
	values_words(t, c);
	text_printf(t, " ");
	plural_words(t, what);
}

/* Everything up to the values. */
static void subject_words(struct text *t, const struct packet_rule *rule, const struct rule_condition *c)
{
	const struct rule_fact_info *fact = &rule_facts[c->fact];
	enum rule_which which = (enum rule_which)c->which;
	const char *what = which_words(rule->kind, which), *every = is_single(rule->kind, which) ? "" : "every ";
	const char *is = c->unlike ? "is not" : "is";
	if (c->fact == ABOUT_GAP)
		text_printf(t, "the time from one %s to the next %s ", what, is);
	else if (c->aspect == ASPECT_STEP)
		text_printf(t, "the %s changes from one %s to the next%s by ", fact->words, what,
		            c->unlike ? ", not" : "");
	else if (c->aspect == ASPECT_VALUES) {
		text_printf(t, "the number of different values of the %s among the ", fact->words);
		plural_words(t, what);
		text_printf(t, " %s ", is);
	} else if (c->fact == ABOUT_BYTES)
		text_printf(t, "the payload of %s%s %s ", every, what,
		            c->unlike ? "does not begin with" : "begins with");
	else if (fact->of_packet)
		text_printf(t, "the %s of %s%s %s ", fact->words, every, what, is);
	else if (which == WHICH_OTHER)
		text_printf(t, "the other side's %s %s ", fact->words, is);
	else
		text_printf(t, "%s: %s", fact->words, c->unlike ? "not " : "");
}

void rule_describe(const struct packet_rule *rule, struct text *t)
{
	for (size_t i = 0; i < rule->condition_count; i++) {
		const struct rule_condition *c = &rule->conditions[i];
		if (i > 0)
			text_printf(t, "; ");
		if (c->fact == ABOUT_COUNT) {
			count_words(t, rule, c);
			continue;
		}
		subject_words(t, rule, c);
		values_words(t, c);
	}
}
