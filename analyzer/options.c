/* Parsing is getopt_long's; names are not to be shortened, so that a later option cannot change what a script means. */
#include "analyzer/options.h"

#include "analyzer/capture/capture.h"
#include "analyzer/option_table.h"
#include "analyzer/pipeline.h"
#include "analyzer/word.h"

#include <getopt.h>
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>

enum { LONG_BASE = 256 };

static void *member(struct options *o, const struct option_row *row)
{
	return (char *)o + row->offset;
}

static uint64_t processors(void)
{
	cpu_set_t set;
	return sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0 ? (uint64_t)CPU_COUNT(&set) : 1;
}

static void options_defaults(struct options *o)
{
	*o = (struct options){.min_label = LABEL_WEAK};
	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *row = &option_rows[i];
		if (row->kind == OPTION_NUMBER || row->kind == OPTION_SIZE)
			*(uint64_t *)member(o, row) = row->fallback;
	}
	o->jobs = processors();
	if (o->jobs > OPTION_JOBS_MAX)
		o->jobs = OPTION_JOBS_MAX;
}

static int bad_value(struct err *e, const struct option_row *row, const char *value, const char *wanted)
{
	return err_set(e, ERR_USAGE, "--%s %s: %s", row->name, value, wanted);
}

/* 4096, 64K, 256M, 1G, 1T: powers of 1024. */
static bool parse_size(const char *value, uint64_t *out)
{
	size_t digits = strspn(value, "0123456789");
	if (!span_decimal(span_of(value, digits), out))
		return false;
	static const char units[] = "KMGT";
	const char *unit = value[digits] ? strchr(units, value[digits] & ~0x20) : NULL;
	unsigned shift = unit && *unit ? 10 * (unsigned)(unit - units + 1) : 0;
	if (value[digits] && (!shift || value[digits + 1]))
		return false;
	if (shift && *out > UINT64_MAX >> shift)
		return false;
	*out <<= shift;
	return true;
}

static int set_number(struct options *o, const struct option_row *row, const char *value, struct err *e)
{
	uint64_t n;
	bool sound = row->kind == OPTION_SIZE ? parse_size(value, &n) : span_decimal(span_text(value), &n);
	if (!sound && row->kind == OPTION_SIZE)
		return bad_value(e, row, value, "give a number of bytes, such as 64K, 256M, 2G");
	if (!sound || n < row->least || n > row->most) {
		char wanted[96];
		snprintf(wanted, sizeof wanted, "give a number from %" PRIu64 " to %" PRIu64, row->least, row->most);
		return bad_value(e, row, value, wanted);
	}
	*(uint64_t *)member(o, row) = n;
	return 0;
}

static int set_label(struct options *o, const struct option_row *row, const char *value, struct err *e)
{
	if (label_parse(value, &o->min_label))
		return 0;
	return bad_value(e, row, value, "give none, weak, moderate, moderately_strong, strong or very_strong");
}

static int set_progress(struct options *o, const struct option_row *row, const char *value, struct err *e)
{
	static const char *const words[] = {
	    [PROGRESS_AUTO] = "auto", [PROGRESS_ALWAYS] = "always", [PROGRESS_NEVER] = "never"};
	for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strcmp(value, words[i]) == 0) {
			o->progress = (enum progress_mode)i;
			return 0;
		}
	}
	return bad_value(e, row, value, "give auto, always or never");
}

static int unknown_mechanism(struct err *e, struct span word)
{
	char name[64];
	struct text t = text_over(name, sizeof name);
	text_add(&t, span_text("'")); /* so that the first byte needs no escape */
	text_escape(&t, word, TEXT_FIELD);
	const char **ids = calloc(mechanism_count + 1, sizeof *ids);
	for (size_t i = 0; ids && i < mechanism_count; i++)
		ids[i] = mechanisms[i].id;
	const char *near = ids ? word_nearest(name + 1, ids, mechanism_count) : NULL;
	free(ids);
	if (near)
		return err_set(e, ERR_USAGE, "--mechanisms: there is no %s' (did you mean %s?)", name, near);
	return err_set(e, ERR_USAGE, "--mechanisms: there is no %s': see --help for those there are", name);
}

/* Marks the mechanism of this name in a set in table order. */
static int mark_mechanism(bool *wanted, struct span word, struct err *e)
{
	for (size_t i = 0; i < mechanism_count; i++) {
		if (span_equal(word, span_text(mechanisms[i].id))) {
			wanted[i] = true;
			return 0;
		}
	}
	return unknown_mechanism(e, word);
}

static int set_mechanisms(struct options *o, const char *value, struct err *e)
{
	bool *wanted = calloc(mechanism_count + 1, sizeof *wanted);
	const char **ids = calloc(mechanism_count + 1, sizeof *ids);
	if (!wanted || !ids) {
		free(wanted);
		free(ids);
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	int status = 0;
	for (const char *word = value; status == 0 && word;) {
		size_t len = strcspn(word, ",");
		status = mark_mechanism(wanted, span_trim(span_of(word, len)), e);
		word = word[len] ? word + len + 1 : NULL;
	}
	size_t count = 0;
	for (size_t i = 0; status == 0 && i < mechanism_count; i++) {
		if (wanted[i])
			ids[count++] = mechanisms[i].id;
	}
	free(wanted);
	if (status < 0) {
		free(ids);
		return status;
	}
	free(o->mechanisms);
	o->mechanisms = ids;
	return 0;
}

static void add_operand(struct options *o, const char *text, bool list)
{
	o->operands[o->operand_count++] = (struct operand){.text = text, .list = list};
}

static int set_option(struct options *o, const struct option_row *row, const char *value, struct err *e)
{
	if (row->argument && value[0] == '\0')
		return err_set(e, ERR_USAGE, "--%s needs %s, not nothing", row->name, row->argument);
	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)member(o, row) = true;
		return 0;
	case OPTION_TEXT:
		*(const char **)member(o, row) = value;
		return 0;
	case OPTION_LIST:
		add_operand(o, value, true);
		return 0;
	case OPTION_SIGNATURES:
		if (o->signature_count == OPTIONS_SIGNATURES_MAX)
			return err_set(e, ERR_USAGE, "--signatures: at most %d of them", OPTIONS_SIGNATURES_MAX);
		o->signatures[o->signature_count++] = value;
		return 0;
	case OPTION_MECHANISMS:
		return set_mechanisms(o, value, e);
	case OPTION_LABEL:
		return set_label(o, row, value, e);
	case OPTION_PROGRESS:
		return set_progress(o, row, value, e);
	case OPTION_NUMBER:
	case OPTION_SIZE:
	default:
		return set_number(o, row, value, e);
	}
}

static const struct option_row *row_of(int val)
{
	if (val >= LONG_BASE)
		return (size_t)(val - LONG_BASE) < option_row_count ? &option_rows[val - LONG_BASE] : NULL;
	for (size_t i = 0; val && i < option_row_count; i++) {
		if (option_rows[i].letter == val)
			return &option_rows[i];
	}
	return NULL;
}

static int unknown_option(struct err *e, const char *token)
{
	char name[64];
	struct text t = text_over(name, sizeof name);
	text_add(&t, span_text("-")); /* so that the first byte needs no escape */
	text_escape(&t, span_first(span_text(token + 1), strcspn(token + 1, "=")), TEXT_FIELD);
	const char *names[OPTION_ROWS_MAX];
	for (size_t i = 0; i < option_row_count; i++)
		names[i] = option_rows[i].name;
	const char *near = name[1] == '-' ? word_nearest(name + 2, names, option_row_count) : NULL;
	if (near)
		return err_set(e, ERR_USAGE, "unknown option '%s' (did you mean --%s?)", name, near);
	return err_set(e, ERR_USAGE, "unknown option '%s': 'wallprint scan --help' lists those there are", name);
}

/* What getopt_long complained about; it keeps quiet itself. */
static int complaint(struct err *e, int code, const char *token)
{
	const struct option_row *row = row_of(optopt);
	if (code == ':' && row)
		return err_set(e, ERR_USAGE, "--%s needs %s", row->name, row->argument);
	if (row && strncmp(token, "--", 2) == 0)
		return err_set(e, ERR_USAGE, "--%s takes no value", row->name);
	char letter[] = {'-', (char)optopt, '\0'};
	return unknown_option(e, strncmp(token, "--", 2) == 0 ? token : letter);
}

static void getopt_tables(char letters[2 * OPTION_ROWS_MAX + 3], struct option longs[OPTION_ROWS_MAX + 1])
{
	size_t n = 0;
	letters[n++] = '-'; /* operands in the order given */
	letters[n++] = ':';
	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *row = &option_rows[i];
		longs[i] = (struct option){.name = row->name,
		                           .has_arg = row->argument ? required_argument : no_argument,
		                           .val = LONG_BASE + (int)i};
		if (!row->letter)
			continue;
		letters[n++] = row->letter;
		if (row->argument)
			letters[n++] = ':';
	}
	letters[n] = '\0';
	longs[option_row_count] = (struct option){0};
}

/* The word of the command line that the option just returned came from. */
static const char *option_token(char **argv)
{
	bool apart = optarg && optind >= 2 && argv[optind - 1] == optarg;
	return argv[optind - (apart ? 2 : 1)];
}

/* One word, or two. 1: go on; 0: the end of options. */
static int parse_next(struct options *o, int argc, char **argv, const char *letters, const struct option *longs,
                      struct err *e)
{
	int at = optind ? optind : 1;
	int code = getopt_long(argc, argv, letters, longs, NULL);
	if (code == -1)
		return 0;
	if (code == 1) {
		add_operand(o, optarg, false);
		return 1;
	}
	if (code == '?' || code == ':')
		return complaint(e, code, argv[at < argc ? at : argc - 1]);
	const struct option_row *row = row_of(code);
	if (code >= LONG_BASE && strcspn(option_token(argv) + 2, "=") != strlen(row->name))
		return unknown_option(e, option_token(argv));
	int status = set_option(o, row, optarg ? optarg : "", e);
	return status < 0 ? status : 1;
}

int options_parse(struct options *o, int argc, char **argv, struct err *e)
{
	char letters[2 * OPTION_ROWS_MAX + 3];
	struct option longs[OPTION_ROWS_MAX + 1];
	options_defaults(o);
	o->operands = calloc((size_t)argc + 1, sizeof *o->operands);
	if (!o->operands)
		return err_set(e, ERR_NOMEM, "out of memory");
	getopt_tables(letters, longs);
	opterr = 0;
	optind = 0; /* start anew, whatever was parsed before */
	int status;
	while ((status = parse_next(o, argc, argv, letters, longs, e)) > 0 && !o->help && !o->version)
		;
	if (status < 0 || o->help || o->version)
		return status < 0 ? status : 0;
	for (int i = optind; i < argc; i++)
		add_operand(o, argv[i], false);
	if (o->operand_count == 0)
		return err_set(e, ERR_USAGE, "no captures: name some, or '-' for standard input, or use --files-from");
	return 0;
}

void options_free(struct options *o)
{
	free(o->operands);
	free(o->mechanisms);
	*o = (struct options){0};
}

static void value_text(const struct options *o, const struct option_row *row, struct text *value)
{
	const void *at = (const char *)o + row->offset;
	switch (row->kind) {
	case OPTION_FLAG:
		text_add(value, span_text(*(const bool *)at ? "true" : "false"));
		break;
	case OPTION_NUMBER:
	case OPTION_SIZE:
		text_printf(value, "%" PRIu64, *(const uint64_t *)at);
		break;
	case OPTION_LABEL:
		text_add(value, span_text(label_name(o->min_label)));
		break;
	case OPTION_MECHANISMS:
		for (const char **id = o->mechanisms; id && *id; id++)
			text_printf(value, "%s%s", id == o->mechanisms ? "" : ",", *id);
		if (!o->mechanisms)
			text_add(value, span_text("all"));
		break;
	case OPTION_TEXT:
	case OPTION_LIST:
	case OPTION_SIGNATURES:
	case OPTION_PROGRESS:
	default:
		break;
	}
}

const char *options_shaping(const struct options *o, size_t i, struct text *value)
{
	for (size_t row = 0; row < option_row_count; row++) {
		if (!option_rows[row].shapes || i-- > 0)
			continue;
		value_text(o, &option_rows[row], value);
		return option_rows[row].name;
	}
	return NULL;
}
