/* See lint.h. This file judges the fields of a row one by one; lint_pattern.c judges the pattern. */
#include "signatures/lint.h"

#include "signatures/country.h"
#include "signatures/pattern.h"

/* The value of a word, or -1. */
static int choose(struct span word, const char *const *names, int n)
{
	for (int i = 0; i < n; i++)
		if (span_equal(word, span_text(names[i])))
			return i;
	return -1;
}

static bool is_control(struct span s, size_t i)
{
	uint8_t c = s.ptr[i];
	return c < 0x20 || c == 0x7f || (c == 0xc2 && i + 1 < s.len && s.ptr[i + 1] >= 0x80 && s.ptr[i + 1] < 0xa0);
}

/* Length, UTF-8, control bytes. The pattern of an unused row only has to fit and to be text. */
static int check_text(const struct row *row, enum column column, bool unused, struct err *e)
{
	struct span s = row->field[column];
	if (s.len > FIELD_MAX)
		return row_error(row, column, e, "%zu bytes; a field holds at most %d", s.len, FIELD_MAX);
	if (unused && column == COL_PATTERN && !(s.len && memchr(s.ptr, '\0', s.len)))
		return 0;
	for (size_t i = 0; i < s.len;) {
		if (s.ptr[i] >= 0x20 && s.ptr[i] < 0x7f) {
			i++;
			continue;
		}
		size_t n = utf8_sequence(span_after(s, i));
		if (n == 0)
			return row_error(row, column, e,
			                 "not UTF-8 at byte %zu; write such bytes as \\xHH with encoding esc", i);
		if (is_control(s, i))
			return row_error(row, column, e, "control byte 0x%02x; write it as \\x%02x with encoding esc",
			                 s.ptr[i], s.ptr[i]);
		if (n == 3 && memcmp(s.ptr + i, "\xef\xbf\xbd", 3) == 0)
			return row_error(row, column, e,
			                 "U+FFFD: a charset was lost here; take the bytes from the source again");
		i += n;
	}
	return 0;
}

static int check_id(const struct row *row, struct err *e)
{
	struct span id = row->field[COL_ID];
	if (id.len == 0)
		return row_error(row, COL_ID, e, "empty; give every row an id of its own");
	for (size_t i = 0; i < id.len; i++) {
		uint8_t c = id.ptr[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '@' && c != '-')
			return row_error(row, COL_ID, e, "byte 0x%02x; use only a-z 0-9 . _ @ -", c);
	}
	return 0;
}

struct place {
	const char *name;
	enum sig_kind kind;
	enum sig_location location;
	unsigned matches; /* the ways of matching that make sense there, as bits of enum sig_match */
};

enum {
	TEXT_MATCHES = 1 << SIG_FULL | 1 << SIG_PREFIX | 1 << SIG_CONTAINS | 1 << SIG_REGEXP,
	ADDRESS_MATCHES = 1 << SIG_CIDR | 1 << SIG_EQ,
	WORD_MATCHES = 1 << SIG_FULL | 1 << SIG_EQ,
};

static const struct place places[] = {
    {"body", SIG_HTTP, SIG_BODY, TEXT_MATCHES},
    {"title", SIG_HTTP, SIG_TITLE, TEXT_MATCHES},
    {"status_line", SIG_HTTP, SIG_STATUS_LINE, TEXT_MATCHES},
    {"answer", SIG_DNS, SIG_DNS_ANSWER, ADDRESS_MATCHES},
    {"cname", SIG_DNS, SIG_DNS_CNAME, TEXT_MATCHES},
    {"issuer", SIG_TLS, SIG_TLS_ISSUER, TEXT_MATCHES},
    {"subject", SIG_TLS, SIG_TLS_SUBJECT, TEXT_MATCHES},
    {"spki_sha256", SIG_TLS, SIG_TLS_SPKI_SHA256, WORD_MATCHES},
    {"cert_sha256", SIG_TLS, SIG_TLS_CERT_SHA256, WORD_MATCHES},
    {"ja4", SIG_TLS, SIG_TLS_JA4, WORD_MATCHES | 1 << SIG_PREFIX},
    {"ja4", SIG_QUIC, SIG_TLS_JA4, WORD_MATCHES | 1 << SIG_PREFIX},
    {"rule", SIG_RST, SIG_RST_RULE, 1 << SIG_EQ},
    {"rule", SIG_DNS, SIG_DNS_RULE, 1 << SIG_EQ},
    {"rule", SIG_HTTP, SIG_HTTP_RULE, 1 << SIG_EQ},
};

static const struct place header_place = {"header", SIG_HTTP, SIG_HEADER, TEXT_MATCHES};

bool lint_header_name(struct span name)
{
	static const char marks[] = "!#$%&'*+-.^_`|~0123456789";
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.ptr[i], lower = c | 0x20;
		if (!(lower >= 'a' && lower <= 'z') && !(c && strchr(marks, c)))
			return false;
	}
	return name.len > 0;
}

static int check_header(const struct row *row, struct arena *arena, struct signature *s, struct err *e)
{
	struct span name = span_after(row->field[COL_LOCATION], strlen("header."));
	if (name.len == 0)
		return row_error(row, COL_LOCATION, e, "no header name after \"header.\"");
	if (!lint_header_name(name))
		return row_error(row, COL_LOCATION, e, "not a header name after \"header.\"");
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] >= 'A' && name.ptr[i] <= 'Z')
			return row_error(row, COL_LOCATION, e, "a header name with capitals; write it in lower case");
	s->header = arena_string(arena, name);
	return s->header ? 0 : err_set(e, ERR_NOMEM, "no memory for the signatures");
}

static int check_place(const struct row *row, struct arena *arena, struct signature *s, struct err *e)
{
	struct span location = row->field[COL_LOCATION];
	int kind = choose(row->field[COL_KIND], sig_kind_names, SIG_KIND_COUNT);
	int match = choose(row->field[COL_MATCH], sig_match_names, SIG_MATCH_COUNT);
	if (kind < 0)
		return row_error(row, COL_KIND, e, "must be http, dns, tls, rst or quic");
	const struct place *place = NULL;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if ((int)places[i].kind == kind && span_equal(location, span_text(places[i].name)))
			place = &places[i];
	if (kind == SIG_HTTP && span_starts(location, span_text("header.")))
		place = &header_place;
	if (!place)
		return row_error(
		    row, COL_LOCATION, e,
		    "no such place for this kind (http: body, title, status_line, header.NAME, rule; "
		    "dns: answer, cname, rule; tls: issuer, subject, spki_sha256, cert_sha256, ja4; quic: ja4; "
		    "rst: rule)");
	if (match < 0)
		return row_error(row, COL_MATCH, e, "must be full, prefix, contains, regexp, cidr or eq");
	if (!(place->matches & 1U << match))
		return row_error(row, COL_MATCH, e,
		                 "makes no sense at this location (an answer takes eq or cidr; a hash or rule "
		                 "eq; text full, prefix, contains or regexp)");
	s->kind = place->kind;
	s->location = place->location;
	s->match = (enum sig_match)match;
	return place->location == SIG_HEADER ? check_header(row, arena, s, e) : 0;
}

static int check_judgement(const struct row *row, struct signature *s, struct err *e)
{
	int scope = choose(row->field[COL_SCOPE], sig_scope_names, SIG_SCOPE_COUNT);
	int action = choose(row->field[COL_ACTION], sig_action_names, SIG_ACTION_COUNT);
	uint64_t confidence;
	if (scope < 0)
		return row_error(row, COL_SCOPE, e,
		                 "must be national, isp, injected, product, institution, unclear or benign");
	if (!span_decimal(row->field[COL_CONFIDENCE], &confidence) || confidence > 10)
		return row_error(row, COL_CONFIDENCE, e, "must be a whole number from 0 to 10");
	if (action < 0)
		return row_error(row, COL_ACTION, e, "must be hit, hint, fp or off");
	s->scope = (enum sig_scope)scope;
	s->action = (enum sig_action)action;
	s->confidence = (uint8_t)confidence;
	return 0;
}

static int check_country(const struct row *row, struct err *e)
{
	struct span s = row->field[COL_COUNTRY];
	bool fine = s.len == 0 || s.len % 3 == 2;
	for (size_t i = 0; i < s.len && fine; i += 3)
		fine = country_known(span_of(s.ptr + i, 2)) && (i + 2 == s.len || s.ptr[i + 2] == ';');
	return fine ? 0
	            : row_error(row, COL_COUNTRY, e,
	                        "must be two-letter ISO 3166 codes in capitals, with ; between, or empty");
}

/* One domain of the list. */
static bool is_domain(struct span s)
{
	bool label = false;
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.ptr[i];
		if (c == '.' && !label)
			return false;
		label = c != '.';
		if (label && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_')
			return false;
	}
	return label;
}

static int check_except(const struct row *row, const struct signature *s, struct err *e)
{
	struct span list = row->field[COL_EXCEPT];
	if (list.len && s->location != SIG_DNS_ANSWER)
		return row_error(row, COL_EXCEPT, e, "only dns answers have exceptions; leave it empty");
	for (struct span rest = list; list.len;) {
		size_t end = span_find(rest, span_text(";"));
		if (!is_domain(span_first(rest, end)))
			return row_error(row, COL_EXCEPT, e,
			                 "must be domains in lower case with ; between, without dots at the ends");
		if (end == SIZE_MAX)
			break;
		rest = span_after(rest, end + 1);
	}
	return 0;
}

static int check_source(const struct row *row, struct err *e)
{
	struct span url = row->field[COL_URL];
	if (span_trim(row->field[COL_SOURCE]).len == 0)
		return row_error(row, COL_SOURCE, e, "missing; say who published this");
	if (!span_starts(url, span_text("https://")) && !span_starts(url, span_text("http://")))
		return row_error(row, COL_URL, e, "missing or not a web address; say where this was published");
	return 0;
}

/* The columns that are kept as text. */
static const struct {
	enum column column;
	size_t at; /* of its pointer in struct signature */
} kept[] = {
    {COL_ID, offsetof(struct signature, id)},
    {COL_COUNTRY, offsetof(struct signature, country)},
    {COL_VENDOR, offsetof(struct signature, vendor)},
    {COL_EXCEPT, offsetof(struct signature, except)},
    {COL_SOURCE, offsetof(struct signature, source)},
    {COL_URL, offsetof(struct signature, url)},
    {COL_NOTES, offsetof(struct signature, notes)},
    {COL_ALIASES, offsetof(struct signature, aliases)},
    {COL_ORIGIN_ID, offsetof(struct signature, origin_id)},
    {COL_ORIGIN, offsetof(struct signature, origin)},
};

static int keep_strings(const struct row *row, const struct signature *before, struct arena *arena, struct signature *s,
                        struct err *e)
{
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		struct span text = row->field[kept[i].column];
		const char *there = "";
		if (before && text.len)
			memcpy(&there, (const char *)before + kept[i].at, sizeof(there));
		bool same = strlen(there) == text.len && (text.len == 0 || memcmp(there, text.ptr, text.len) == 0);
		const char *string = same ? there : arena_string(arena, text);
		if (!string)
			return err_set(e, ERR_NOMEM, "no memory for the signatures");
		memcpy((char *)s + kept[i].at, &string, sizeof(string));
	}
	return 0;
}

int lint_row(const struct row *row, const struct signature *before, struct arena *arena, struct rule *out,
             struct err *e)
{
	*out = (struct rule){.s = {.line = row->line}};
	struct signature *s = &out->s;
	bool unused = span_equal(row->field[COL_ACTION], span_text("off"));
	for (size_t i = 0; i < COL_COUNT; i++)
		if (check_text(row, (enum column)i, unused, e) < 0)
			return e->code;
	if (check_id(row, e) < 0 || check_place(row, arena, s, e) < 0 || check_judgement(row, s, e) < 0 ||
	    check_country(row, e) < 0 || check_except(row, s, e) < 0 || check_source(row, e) < 0 ||
	    keep_strings(row, before, arena, s, e) < 0)
		return e->code;
	return lint_pattern(row, arena, out, e);
}
