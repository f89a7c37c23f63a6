/* Published sets become rows of ours, every one accounted for; those of OONI come back as they were. */
#include "signatures/import.h"

#include "signatures/export.h"
#include "signatures/published.h"
#include "tests/support/temporary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
/* cmocka wants the above */
#include <cmocka.h>

#define OONI_HEADER                                                                                                    \
	"name,scope,other_names,location_found,pattern_type,pattern,confidence_no_fp,expected_countries,source,exp_"   \
	"url,"                                                                                                         \
	"notes\r\n"

/* What an import of some files gave. */
struct result {
	struct temporary set; /* in our format */
	struct import_sums sums;
	char remarks[4096];
};

static void run_import(struct result *out, enum import_format format, const char *const *paths, size_t n)
{
	struct err e = {0};
	struct import *im = import_new(format);
	out->set = temporary_make(span_of(NULL, 0));
	FILE *file = fdopen(dup(out->set.fd), "w");
	for (size_t i = 0; i < n; i++)
		if (import_file(im, paths[i], &e) < 0)
			fail_msg("%s", e.text);
	assert_int_equal(import_finish(im, &out->sums, &e), 0);
	assert_true(import_write(im, file));
	assert_int_equal(fclose(file), 0);
	struct text t = text_over(out->remarks, sizeof out->remarks);
	char line[1024];
	for (size_t i = 0; i < out->sums.read; i++) {
		struct text one = text_over(line, sizeof line);
		if (import_remark(im, i, &one))
			text_printf(&t, "%s\n", strrchr(line, '/') + 1);
	}
	import_free(im);
	const struct import_sums *s = &out->sums;
	assert_int_equal(s->read, s->imported + s->merged + s->quarantined + s->left_out);
}

static struct sigdb *load(const struct result *r)
{
	struct err e = {0};
	struct sigdb *db = NULL;
	if (sigdb_load(&db, r->set.path, &e) < 0 || sigdb_compile(db, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(sigdb_count(db), r->sums.read - r->sums.left_out);
	return db;
}

static struct sigdb *import_text(struct result *r, enum import_format format, const char *text)
{
	struct temporary file = temporary_make(span_text(text));
	const char *path = file.path;
	run_import(r, format, &path, 1);
	temporary_close(&file);
	return load(r);
}

static uint8_t *export_bytes(const struct sigdb *db, enum sig_kind kind, size_t *len)
{
	struct err e = {0};
	struct export_sums sums;
	struct temporary t = temporary_make(span_of(NULL, 0));
	FILE *file = fdopen(dup(t.fd), "w");
	if (export_ooni(db, kind, file, &sums, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(fclose(file), 0);
	uint8_t *bytes = temporary_bytes(&t, len);
	temporary_close(&t);
	return bytes;
}

static void assert_round_trip(const char *text)
{
	struct result r;
	size_t len;
	struct sigdb *db = import_text(&r, IMPORT_OONI, text);
	uint8_t *back = export_bytes(db, SIG_KIND_COUNT, &len);
	assert_int_equal(len, strlen(text));
	assert_memory_equal(back, text, len);
	free(back);
	sigdb_free(db);
	temporary_close(&r.set);
}

/* The traps of the real files, and some more, a row each. */
static const char traps[] = OONI_HEADER
    "ooni.by_4,isp,cl.a,dns,full,134.17.0.7,5,BY,ooni,,note\r\n"
    "ooni.name,isp,\"cl.a,cl.b\",dns,full,block.example.net,5,\"AE,SA\",,http://example.org/,\r\n"
    "ooni.edge,nat,,body,contains, blanks at both edges ,5,DE,ooni,,\r\n"
    "ooni.crlf,nat,,body,contains,\"<title>Page</title>\r\nrestricted\",5,DE,ooni,,\r\n"
    "cp.fp_x_\xef\xbf\xbd\x1a,fp,,body,contains,an innocent page,5,,censored planet,,\r\n"
    "ooni.lost,isp,,body,contains,here a charset \xef\xbf\xbd was lost,5,,ooni,,\r\n"
    "ooni.by_4,isp,,header.location,prefix,http://same.id/,5,,ooni,,the same name\r\n"
    "ooni.same,nat,,dns,full,134.17.0.7,5,,ooni,,the same pattern\r\n"
    "ooni.short,isp,,body,contains,tiny,5,,ooni,,\r\n"
    "ooni.zz,prod,,header.server,contains,a filter,5,ZZ,ooni,,\r\n"
    "ooni.injb,injb,,body,contains,router update,10,,ooni,no address,\r\n"
    "ooni.prov,prov,,body,contains,the service refuses,10,,ooni,,\r\n"
    "ooni.scope,new,,body,contains,a scope nobody knows,10,,ooni,,\r\n"
    "ooni.type,isp,,body,glob,a type nobody knows,10,,ooni,,\r\n"
    "ooni.place,isp,,trailer,contains,a place nobody knows,10,,ooni,,\r\n"
    "ooni.number,isp,,body,contains,confidence out of range,11,,ooni,,\r\n"
    "ooni.mark,isp,,body,contains,tin2,5,,ooni,,said before [off: by them]\r\n"
    "ooni.marked,isp,,body,contains,a longer pattern,5,,ooni,,said before [off: by them]\r\n"
    "ooni.slash,isp,,body,regexp,a\\.b[^x]+\\\\end,5,,ooni,,c:\\new\\x41\r\n"
    "ooni.list,isp,a;b,body,contains,semicolons; and = signs,5,RU;BY,a;b=c,http://example.org/?a=1;b=2,d;e=f\r\n"
    "ooni.lines,isp,,body,contains,\"quotes \"\"inside\"\"\",5,,\"two\nlines\",,\"cr\rhere\"\r\n"
    "Ooni Upper,isp,,body,contains,a name with capitals,5,us,ooni,,\r\n"
    ",isp,,body,contains,a row without a name,5,,,,\r\n"
    "ooni.default,isp,,body,contains,defaults written out,5,,OONI blocking-fingerprints,"
    "https://github.com/ooni/blocking-fingerprints,\r\n"
    "ooni.header,isp,,header.X-Upper,contains,header with capitals,5,,ooni,,\r\n"
    "ooni.empty,isp,,body,contains,,5,,ooni,,\r\n";

static void ooni_round_trip(void **unused)
{
	(void)unused;
	assert_round_trip(traps);
}

static void ooni_accounts(void **unused)
{
	(void)unused;
	struct result r;
	struct sigdb *db = import_text(&r, IMPORT_OONI, traps);
	assert_int_equal(r.sums.read, 26);
	assert_int_equal(r.sums.merged, 1);
	assert_int_equal(r.sums.quarantined, 8);
	assert_int_equal(r.sums.left_out, 0);
	assert_non_null(strstr(r.remarks, ":10: ooni.same: off, merged with ooni.by_4\n"));
	assert_non_null(strstr(r.remarks, ":11: ooni.short: off, pattern: fewer than 8 bytes"));
	assert_non_null(strstr(r.remarks, ":15: ooni.scope: off, the scope is none"));
	assert_non_null(strstr(r.remarks, ":8: ooni.lost: off, pattern: U+FFFD"));
	const struct signature *s = sigdb_find(db, "ooni.by_4@2");
	assert_non_null(s);
	assert_string_equal(s->origin_id, "ooni.by_4");
	s = sigdb_find(db, "ooni.edge");
	assert_true(span_equal(s->pattern, span_text(" blanks at both edges ")));
	assert_int_equal(s->action, SIG_ACTION_HIT);
	assert_string_equal(s->country, "DE");
	s = sigdb_find(db, "ooni.short");
	assert_int_equal(s->action, SIG_ACTION_OFF);
	assert_non_null(strstr(s->notes, "[off: pattern: fewer than 8"));
	assert_int_equal(sigdb_find(db, "ooni.injb")->action, SIG_ACTION_FP);
	assert_int_equal(sigdb_find(db, "ooni.prov")->action, SIG_ACTION_HINT);
	assert_int_equal(sigdb_find(db, "ooni.name")->location, SIG_DNS_CNAME);
	assert_string_equal(sigdb_find(db, "ooni.name")->aliases, "cl.a;cl.b");
	sigdb_free(db);
	temporary_close(&r.set);
}

/* Of rows that match the same, the one that is known not to be blocking stays. */
static void innocent_stays(void **unused)
{
	(void)unused;
	struct result r;
	struct sigdb *db = import_text(&r, IMPORT_OONI,
	                               OONI_HEADER "a,isp,,body,contains,the same words,5,,ooni,,\r\n"
	                                           "b,fp,,body,contains,the same words,5,,ooni,,\r\n");
	assert_int_equal(sigdb_find(db, "ooni.a")->action, SIG_ACTION_OFF);
	assert_int_equal(sigdb_find(db, "ooni.b")->action, SIG_ACTION_FP);
	sigdb_free(db);
	temporary_close(&r.set);
}

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return *seed >> 16;
}

/* A field as Python writes it: in quotes when it must be. */
static void add_field(struct text *t, const char *value, const char *behind)
{
	bool quotes = strpbrk(value, ",\"\r\n") != NULL;
	text_printf(t, "%s", quotes ? "\"" : "");
	for (; *value; value++)
		text_printf(t, *value == '"' ? "\"\"" : "%c", *value);
	text_printf(t, "%s%s", quotes ? "\"" : "", behind);
}

/* Rows of pieces that are likely to hurt, in every field. */
static void ooni_random_round_trip(void **unused)
{
	(void)unused;
	static const char *const pieces[] = {
	    "",   "a",    " ",    "\\",           "\\x3b",    ";",        ",",   "\"", "\n",
	    "\r", "\x01", "\xff", "\xef\xbf\xbd", "\xd0\xb6", "[off: ",   "]",   "=",  "10.0.0.1",
	    "@2", "DE",   "dns",  "body",         "full",     "contains", "isp", "fp", "http://e.org/"};
	static char text[64 * 1024];
	uint32_t seed = 7;
	for (int round = 0; round < 40; round++) {
		struct text t = text_over(text, sizeof text);
		text_printf(&t, OONI_HEADER);
		for (int row = 0; row < 30; row++) {
			for (int field = 0; field < 11; field++) {
				static const char *const usual[] = {"id",       "isp",           "",  "body",
				                                    "contains", "pattern words", "5", "DE"};
				char value[128] = "";
				struct text v = text_over(value, sizeof value);
				if (field < 8 && next(&seed) % 2)
					text_printf(&v, "%s", usual[field]);
				for (uint32_t n = next(&seed) % 4; n && (v.len == 0 || n == 3); n--)
					text_printf(&v, "%s", pieces[next(&seed) % (sizeof pieces / sizeof pieces[0])]);
				add_field(&t, value, field == 10 ? "\r\n" : ",");
			}
		}
		assert_false(t.cut);
		assert_round_trip(text);
	}
}

static void ooni_of_one_kind(void **unused)
{
	(void)unused;
	struct result r;
	size_t len;
	static const char dns[] = "d,isp,,dns,full,192.0.2.1,5,BY,ooni,,\r\n",
	                  http[] = "h,isp,,body,contains,some words,5,,ooni,,\r\n";
	char both[1024], wanted[1024];
	struct text t = text_over(both, sizeof both), w = text_over(wanted, sizeof wanted);
	text_printf(&t, OONI_HEADER "%s%s", http, dns);
	text_printf(&w, OONI_HEADER "%s", dns);
	struct sigdb *db = import_text(&r, IMPORT_OONI, both);
	uint8_t *back = export_bytes(db, SIG_DNS, &len);
	assert_int_equal(len, w.len);
	assert_memory_equal(back, wanted, len);
	free(back);
	sigdb_free(db);
	temporary_close(&r.set);
}

static void ooni_refuses_origin(void **unused)
{
	(void)unused;
	static const char *const origins[] = {"ooni;nonsense=1", "ooni;scope", "ooni;scope=\\q"};
	for (size_t i = 0; i < 3; i++) {
		struct err e = {0};
		struct sigdb *db = NULL;
		struct export_sums sums;
		char text[1024];
		struct text t = text_over(text, sizeof text);
		text_printf(
		    &t,
		    "id,kind,location,match,pattern,encoding,except,scope,country,vendor,confidence,action,source,url,"
		    "notes,aliases,origin_id,origin\n"
		    "a,http,body,contains,some words,plain,,isp,,,5,hit,ooni,https://example.org/,,,a,%s\n",
		    origins[i]);
		struct temporary file = temporary_make(span_text(text));
		assert_int_equal(sigdb_load(&db, file.path, &e), 0);
		FILE *null = fopen("/dev/null", "w");
		assert_int_equal(export_ooni(db, SIG_KIND_COUNT, null, &sums, &e), ERR_FORMAT);
		assert_non_null(strstr(e.text, ":2: origin: cannot be read"));
		fclose(null);
		sigdb_free(db);
		temporary_close(&file);
	}
}

static void assert_row(const struct sigdb *db, const char *id, const char *location, enum sig_match match,
                       const char *pattern, enum sig_action action, enum sig_scope scope, const char *country)
{
	const struct signature *s = sigdb_find(db, id);
	char where[64];
	struct text t = text_over(where, sizeof where);
	if (!s)
		fail_msg("no row %s", id);
	sig_location_add(&t, s);
	assert_string_equal(where, location);
	assert_int_equal(s->match, match);
	if (!span_equal(s->pattern, span_text(pattern)))
		fail_msg("%s: pattern %.*s", id, (int)s->pattern.len, (const char *)s->pattern.ptr);
	assert_int_equal(s->action, action);
	assert_int_equal(s->scope, scope);
	assert_string_equal(s->country, country);
}

static void check_citizenlab(const struct sigdb *db)
{
	assert_row(db, "citizenlab.dns_br_1234", "answer", SIG_EQ, "1.2.3.4", SIG_ACTION_HINT, SIG_UNCLEAR, "");
	assert_row(db, "citizenlab.dns_isp_id", "cname", SIG_FULL, "block.example.id", SIG_ACTION_HIT, SIG_ISP, "ID");
	assert_string_equal(sigdb_find(db, "citizenlab.dns_isp_id")->url,
	                    "https://github.com/citizenlab/filtering-annotations");
	assert_string_equal(sigdb_find(db, "citizenlab.dns_isp_id")->notes,
	                    "it's noted; sources: https://one.example/ https://two.example/");
}

static void citizenlab_dns(void **unused)
{
	(void)unused;
	struct result r;
	struct sigdb *db =
	    import_text(&r, IMPORT_CITIZENLAB,
	                "name,response,confidence_no_fp,exp_url,source,scope,expected_countries,notes\r\n"
	                "dns_br_1234,1.2.3.4,10,https://example.org/1,[],br,[],\r\n"
	                "dns_isp_id,block.example.id,10,,\"['https://one.example/', "
	                "\"\"https://two.example/\"\"]\",isp,['ID'],it's noted\r\n"
	                "dns_list,192.0.2.5,10,,['open,isp,['DE'],\r\n");
	check_citizenlab(db);
	assert_int_equal(sigdb_find(db, "citizenlab.dns_list")->action, SIG_ACTION_OFF);
	assert_non_null(strstr(r.remarks, ":4: citizenlab.dns_list: off, a list that cannot be read"));
	sigdb_free(db);
	temporary_close(&r.set);
	db = import_text(
	    &r, IMPORT_CITIZENLAB,
	    "[\n{\"name\": \"dns_br_1234\", \"response\": \"1.2.3.4\", \"confidence_no_fp\": 10, \"exp_url\": "
	    "\"https://example.org/1\", \"source\": [], \"scope\": \"br\", \"expected_countries\": [], \"notes\": "
	    "null},\n"
	    "{\"name\": \"dns_isp_id\", \"response\": \"block.example.id\", \"confidence_no_fp\": 10, \"exp_url\": "
	    "\"\", "
	    "\"source\": [\"https://one.example/\", \"https://two.example/\"], \"scope\": \"isp\", "
	    "\"expected_countries\": [\"ID\"], \"notes\": \"it's noted\"}\n]\n");
	check_citizenlab(db);
	sigdb_free(db);
	temporary_close(&r.set);
}

static void citizenlab_http(void **unused)
{
	(void)unused;
	struct result r;
	struct sigdb *db = import_text(
	    &r, IMPORT_CITIZENLAB,
	    "name,common_name,pattern,location_found,exp_url,confidence_no_fp,source,scope,expected_countries,notes\n"
	    "one,Some ISP,blocked by us,body,,9,[''],isp,\"['RU', 'UA']\",\n"
	    "two,,block.example.ru,header,,9,[],isp,['RU'],\n"
	    "three,,Server: Filter,header,,9,[],prod,[],\n"
	    "four,,Dear user of ours,header,,9,[],isp,['RU'],\n"
	    "five,,/block.php?url=,header,,9,[],prod,[],\n"
	    "six,,router update,body,,9,[],injb,[],\n"
	    "seven,,blocked by us,body,,9,[],isp,[],\n");
	assert_row(db, "citizenlab.one", "body", SIG_CONTAINS, "blocked by us", SIG_ACTION_HIT, SIG_ISP, "RU;UA");
	assert_string_equal(sigdb_find(db, "citizenlab.one")->vendor, "Some ISP");
	assert_row(db, "citizenlab.two", "header.location", SIG_CONTAINS, "block.example.ru", SIG_ACTION_HIT, SIG_ISP,
	           "RU");
	assert_row(db, "citizenlab.three", "header.server", SIG_PREFIX, "Filter", SIG_ACTION_HIT, SIG_PRODUCT, "");
	assert_int_equal(sigdb_find(db, "citizenlab.four")->action, SIG_ACTION_OFF);
	assert_int_equal(sigdb_find(db, "citizenlab.five")->action, SIG_ACTION_HINT);
	assert_int_equal(sigdb_find(db, "citizenlab.six")->action, SIG_ACTION_FP);
	assert_int_equal(r.sums.merged, 1);
	assert_int_equal(r.sums.quarantined, 1);
	sigdb_free(db);
	temporary_close(&r.set);
}

static void censoredplanet(void **unused)
{
	(void)unused;
	struct result r;
	struct sigdb *db =
	    import_text(&r, IMPORT_CENSOREDPLANET,
	                "{\"fingerprint\":\"a_prod_box\",\"pattern\":\"filtered by box\\\\.example\\\\.\"}\n"
	                "{\"fingerprint\":\"b_nat_uk_order\",\"pattern\":\"Location: http://court\\\\.example/\"}\n"
	                "{\"fingerprint\":\"c_isp_re_x\",\"pattern\":\"Server: Filter/1.0\"}\n"
	                "{\"fingerprint\":\"f_gen_it\",\"pattern\":\"You don.t have access\"}\n"
	                "{\"fingerprint\":\"x_fp_page\",\"pattern\":\"<h1>Welcome</h1>\"}\n"
	                "{\"fingerprint\":\"x_any\",\"pattern\":\"a.*b\"}\n"
	                "{\"fingerprint\":\"e_unk_blk\",\"pattern\":\"one|two words\"}\n");
	assert_row(db, "censoredplanet.a_prod_box", "body", SIG_CONTAINS, "filtered by box.example.", SIG_ACTION_HIT,
	           SIG_PRODUCT, "");
	assert_row(db, "censoredplanet.b_nat_uk_order", "header.location", SIG_PREFIX, "http://court.example/",
	           SIG_ACTION_HIT, SIG_NATIONAL, "GB");
	assert_row(db, "censoredplanet.c_isp_re_x", "header.server", SIG_REGEXP, "Filter/1.0", SIG_ACTION_HIT, SIG_ISP,
	           "RE");
	assert_row(db, "censoredplanet.f_gen_it", "body", SIG_REGEXP, "You don.t have access", SIG_ACTION_HINT,
	           SIG_UNCLEAR, "");
	assert_row(db, "censoredplanet.x_fp_page", "body", SIG_CONTAINS, "<h1>Welcome</h1>", SIG_ACTION_FP, SIG_BENIGN,
	           "");
	assert_int_equal(r.sums.quarantined, 2);
	sigdb_free(db);
	temporary_close(&r.set);
}

static void wallbleed(void **unused)
{
	(void)unused;
	struct result r;
	struct sigdb *db = import_text(
	    &r, IMPORT_WALLBLEED,
	    "208.77.47.172\n\n# a remark\n173.252.88.133\r\n2a03:2880:f130:83:face:b00c:0:25de\n208.77.47.172");
	assert_row(db, "wallbleed.208.77.47.172", "answer", SIG_EQ, "208.77.47.172", SIG_ACTION_HIT, SIG_NATIONAL,
	           "CN");
	assert_non_null(strstr(sigdb_find(db, "wallbleed.173.252.88.133")->except, "facebook.com;"));
	assert_int_equal(r.sums.read, 4);
	assert_int_equal(r.sums.merged, 1);
	sigdb_free(db);
	temporary_close(&r.set);
}

static void refused_files(void **unused)
{
	(void)unused;
	static const struct {
		enum import_format format;
		const char *text, *why;
	} cases[] = {
	    {IMPORT_OONI, "name,scope\r\n", NULL},
	    {IMPORT_OONI, "name,scope\r\na,b\r\n", "not a file of OONI's fingerprints"},
	    {IMPORT_OONI, OONI_HEADER "a,b\r\n", ":2: 2 columns, but the header has 11"},
	    {IMPORT_OONI, OONI_HEADER "a\"b\r\n", ":2: a quote in the wrong place"},
	    {IMPORT_OONI, OONI_HEADER "a,\"b\r\n\r\n", "that begins on line 2"},
	    {IMPORT_CITIZENLAB, "name,notes\na,b\n", "not a file of Citizen Lab"},
	    {IMPORT_CITIZENLAB,
	     "[{\"name\": \"a\", \"scope\": \"isp\", \"response\": \"192.0.2.1\", \"confidence_no_fp\": 5},\n",
	     ":2: an object of JSON must begin here"},
	    {IMPORT_CENSOREDPLANET, "{\"fingerprint\":\"a\"}\n", "no fingerprint or no pattern"},
	    {IMPORT_CENSOREDPLANET, "{\"fingerprint\":\"a\",\"pattern\":[[1]]}\n", "no text, number or list of texts"},
	    {IMPORT_CENSOREDPLANET, "{\"fingerprint\":\"a\",\"pattern\":\"b\"}\n\n{\"fingerprint\"", ":3: not JSON"},
	    {IMPORT_CENSOREDPLANET, "{\"fingerprint\":\"a\",\"pattern\":\"\xff\"}\n", ":1: not JSON"},
	    {IMPORT_CENSOREDPLANET, "[{\"fingerprint\":\"a\",\"pattern\":\"bbbbbbbbb\"}", "a comma or ] is missing"},
	    {IMPORT_CENSOREDPLANET, "[{\"fingerprint\":\"a\",\"pattern\":\"bbbbbbbbb\"}] 1", "behind the end"},
	    {IMPORT_CENSOREDPLANET, "[1]", "must begin here"},
	    {IMPORT_WALLBLEED, "192.0.2.1\nexample.org\n", ":2: not an address"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct err e = {0};
		struct temporary file = temporary_make(span_text(cases[i].text));
		struct import *im = import_new(cases[i].format);
		int code = import_file(im, file.path, &e);
		if ((code == 0) != !cases[i].why || (code && (code != ERR_FORMAT || !strstr(e.text, cases[i].why))))
			fail_msg("case %zu: %d %s", i, code, e.text);
		import_free(im);
		temporary_close(&file);
	}
}

/* A row whose fields are longer than ours may be is left out and counted; a file beyond all measure is refused unread. */
static void too_long(void **unused)
{
	(void)unused;
	struct result r;
	static char text[16 * 1024];
	struct text t = text_over(text, sizeof text);
	text_printf(&t,
	            OONI_HEADER
	            "a,isp,,body,contains,%04096d%d,5,,ooni,,\r\nb,isp,,body,contains,some words,5,,ooni,,\r\n",
	            1, 1);
	struct sigdb *db = import_text(&r, IMPORT_OONI, text);
	assert_int_equal(r.sums.left_out, 1);
	assert_int_equal(r.sums.imported, 1);
	assert_non_null(strstr(r.remarks, ":2: ooni.a: left out, pattern: 4097 bytes"));
	sigdb_free(db);
	temporary_close(&r.set);

	struct err e = {0};
	struct temporary file = temporary_make(span_of(NULL, 0));
	assert_int_equal(ftruncate(file.fd, 100 * 1024 * 1024), 0);
	for (int format = 0; format < IMPORT_FORMAT_COUNT; format++) {
		struct import *im = import_new((enum import_format)format);
		assert_int_equal(import_file(im, file.path, &e), ERR_FORMAT);
		assert_non_null(strstr(e.text, "larger than 8 MiB"));
		import_free(im);
	}
	temporary_close(&file);
}

/* Deep or endless JSON costs no more memory than one object may have. */
static void hostile_json(void **unused)
{
	(void)unused;
	static char text[1024 * 1024];
	static const char *const fillings[] = {"[", "{\"a\":", " ", "\"", "\0"};
	for (size_t i = 0; i < 5; i++) {
		struct err e = {0};
		size_t len = i == 4 ? 1 : strlen(fillings[i]);
		for (size_t at = 0; at + len <= sizeof text; at += len)
			memcpy(text + at, fillings[i], len);
		memcpy(text, "{\"fingerprint\":", 15);
		struct temporary file = temporary_make(span_of(text, sizeof text));
		struct import *im = import_new(IMPORT_CENSOREDPLANET);
		assert_int_equal(import_file(im, file.path, &e), ERR_FORMAT);
		assert_non_null(strstr(e.text, ":1: not JSON, or an object of more than 65536 bytes"));
		import_free(im);
		temporary_close(&file);
	}
}

/* ---- the published files, where they are */

static const char *shared(const char *name)
{
	static char path[1024];
	const char *folder = getenv("WALLPRINT_SHARED");
	struct text t = text_over(path, sizeof path);
	text_printf(&t, "%s/signatures/%s", folder ? folder : "../shared", name);
	if (access(path, R_OK) == 0)
		return path;
	print_message("%s is not there, skipped\n", path);
	return NULL;
}

/* Rows of two files in step. */
struct rows {
	struct span *fields;
	size_t count, room;
};

static int keep_row(void *arg, const struct published *row, struct err *e)
{
	struct rows *rows = arg;
	(void)e;
	for (size_t i = 0; i < row->count; i++) {
		if (rows->count == rows->room) {
			rows->room = rows->room ? 2 * rows->room : 1024;
			rows->fields = realloc(rows->fields, rows->room * sizeof *rows->fields);
		}
		uint8_t *copy = malloc(row->value[i].len + 1);
		memcpy(copy, row->value[i].ptr ? row->value[i].ptr : (const uint8_t *)"", row->value[i].len);
		rows->fields[rows->count++] = span_of(copy, row->value[i].len);
	}
	return 0;
}

static void rows_free(struct rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		free((void *)(uintptr_t)rows->fields[i].ptr);
	free(rows->fields);
}

static void published_ooni(void **unused)
{
	(void)unused;
	static const char *const names[] = {"ooni/fingerprints_dns.csv", "ooni/fingerprints_http.csv"};
	char paths[2][1024];
	const char *both[] = {paths[0], paths[1]};
	struct rows original = {0}, back = {0};
	struct err e = {0};
	for (size_t i = 0; i < 2; i++) {
		const char *path = shared(names[i]);
		if (!path)
			skip();
		memcpy(paths[i], path, strlen(path) + 1);
		assert_int_equal(published_read(path, keep_row, &original, &e), 0);
	}
	struct result r;
	size_t len;
	run_import(&r, IMPORT_OONI, both, 2);
	struct sigdb *db = load(&r);
	uint8_t *bytes = export_bytes(db, SIG_KIND_COUNT, &len);
	assert_int_equal(published_text("export", span_of(bytes, len), keep_row, &back, &e), 0);
	assert_int_equal(original.count, 1955 * 11);
	assert_int_equal(back.count, original.count);
	for (size_t i = 0; i < back.count; i++)
		if (!span_equal(back.fields[i], original.fields[i]))
			fail_msg("row %zu, column %zu differs", i / 11 + 1, i % 11 + 1);
	rows_free(&original);
	rows_free(&back);
	free(bytes);
	sigdb_free(db);
	temporary_close(&r.set);
}

static void published_sums(enum import_format format, const char *const *names, size_t n, size_t rows, size_t off_most)
{
	char paths[2][1024];
	const char *both[] = {paths[0], paths[1]};
	for (size_t i = 0; i < n; i++) {
		const char *path = shared(names[i]);
		if (!path)
			skip();
		memcpy(paths[i], path, strlen(path) + 1);
	}
	struct result r;
	run_import(&r, format, both, n);
	assert_int_equal(r.sums.read, rows);
	assert_int_equal(r.sums.left_out, 0);
	assert_in_range(r.sums.quarantined, 0, off_most);
	sigdb_free(load(&r));
	temporary_close(&r.set);
}

static void published_others(void **unused)
{
	(void)unused;
	static const char *const citizenlab_csv[] = {"citizenlab/dns.csv", "citizenlab/http.csv"};
	static const char *const citizenlab_json[] = {"citizenlab/dns.json", "citizenlab/http.json"};
	static const char *const planet[] = {"censoredplanet/blockpage_signatures.json",
	                                     "censoredplanet/false_positive_signatures.json"};
	static const char *const pools[] = {"wallbleed/ordered-ip-pool-injector-3-a.txt",
	                                    "wallbleed/ordered-ip-pool-injector-3-aaaa.txt"};
	published_sums(IMPORT_CITIZENLAB, citizenlab_csv, 2, 473, 5);
	published_sums(IMPORT_CITIZENLAB, citizenlab_json, 2, 473, 5);
	published_sums(IMPORT_CENSOREDPLANET, planet, 2, 1082, 20);
	published_sums(IMPORT_WALLBLEED, pools, 2, 622, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ooni_round_trip),  cmocka_unit_test(ooni_accounts),
	    cmocka_unit_test(innocent_stays),   cmocka_unit_test(ooni_random_round_trip),
	    cmocka_unit_test(ooni_of_one_kind), cmocka_unit_test(ooni_refuses_origin),
	    cmocka_unit_test(citizenlab_dns),   cmocka_unit_test(citizenlab_http),
	    cmocka_unit_test(censoredplanet),   cmocka_unit_test(wallbleed),
	    cmocka_unit_test(refused_files),    cmocka_unit_test(too_long),
	    cmocka_unit_test(hostile_json),     cmocka_unit_test(published_ooni),
	    cmocka_unit_test(published_others),
	};
	return cmocka_run_group_tests_name("test_import", tests, NULL, NULL);
}
