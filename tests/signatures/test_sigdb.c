/* Loading sets: what is wrong is named with file, line and column; rows replace rows; nothing else of a folder is read. */
#include "signatures/sigdb.h"

#include "analyzer/base/text.h"
#include "signatures/row.h"
#include "tests/support/signature_set.h"
#include "tests/support/temporary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
/* cmocka wants the above */
#include <cmocka.h>

#define ROW(id, pattern) id ",http,body,contains," pattern ",plain,,isp,RU,,8,hit" SIGNATURE_SOURCE

static void refused(const char *text, const char *expected)
{
	struct sigdb *db = NULL;
	struct err e = {0};
	if (signature_text_load(&db, text, strlen(text), &e) == 0)
		fail_msg("accepted, expected: %s", expected);
	assert_null(db);
	assert_int_equal(e.code, ERR_FORMAT);
	if (!strstr(e.text, expected))
		fail_msg("\"%s\", not \"%s\"", e.text, expected);
}

static void broken_files(void **unused)
{
	(void)unused;
	refused("id,kind,location\n", "set.csv:1: 3 columns instead of 18");
	refused("id,kind,location,match,pattern,encoding,except,scope,country,vendor,confidence,action,source,url,"
	        "notes,aliases,"
	        "origin,origin_id\n",
	        "set.csv:1: column 17 of the header must be \"origin_id\"");
	refused("\xef\xbb\xbf" SIGNATURE_HEADER, "byte order mark");
	refused(SIGNATURE_HEADER ROW("a", "fragment") "b,http\n",
	        "set.csv:3: 2 columns instead of 18; a field with a comma needs quotes");
	refused(SIGNATURE_HEADER ROW("a", "fragment") "\n" ROW("b", "fragment2"), "set.csv:3: an empty line");
	refused(SIGNATURE_HEADER "a\r\n", "set.csv:2: a carriage return");
	refused(SIGNATURE_HEADER ROW("a", "\"frag\nment\""), "set.csv:2: column 5: the quote is not closed");
	refused(SIGNATURE_HEADER ROW("a", "\"fragment"), "set.csv:2: column 5: the quote is not closed");
	refused(SIGNATURE_HEADER ROW("a", "frag\"ment"), "set.csv:2: column 5: a quote in the wrong place");
	refused(SIGNATURE_HEADER ROW("a", "\"frag\"ment"), "set.csv:2: column 5: a quote in the wrong place");
	refused(SIGNATURE_HEADER ROW("a", "abc"), "set.csv:2: pattern: fewer than 4");
	refused("source,weight\n", "no signature file");
	refused("", "no signature file");
}

static void nul_bytes(void **unused)
{
	(void)unused;
	static const char text[] = SIGNATURE_HEADER ROW("a", "frag\0ment");
	struct sigdb *db = NULL;
	struct err e = {0};
	assert_int_equal(signature_text_load(&db, text, sizeof(text) - 1, &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "control byte 0x00"));
}

static void duplicates(void **unused)
{
	(void)unused;
	refused(SIGNATURE_HEADER ROW("a", "fragment") ROW("b", "other one") ROW("a", "third one"),
	        "set.csv:4: id: the same as in set.csv:2 (a)");
	refused(SIGNATURE_HEADER ROW("a", "fragment") ROW("b", "fragment"),
	        "set.csv:3: pattern: the same as in set.csv:2 (a)");
	refused(SIGNATURE_HEADER ROW("a",
	                             "fragment") "b,http,body,contains,\\x66ragment,esc,,isp,RU,,8,fp" SIGNATURE_SOURCE,
	        "set.csv:3: pattern: the same");
	struct sigdb *db =
	    signature_set(ROW("a", "fragment") "b,http,body,contains,fragment,plain,,isp,RU,,8,off" SIGNATURE_SOURCE
	                                       "c,http,title,contains,fragment,plain,,isp,RU,,8,hit" SIGNATURE_SOURCE
	                                       "d,http,body,prefix,fragment,plain,,isp,RU,,8,hit" SIGNATURE_SOURCE
	                                       "e,http,header.a,full,fragment,plain,,isp,RU,,8,hit" SIGNATURE_SOURCE
	                                       "f,http,header.b,full,fragment,plain,,isp,RU,,8,hit" SIGNATURE_SOURCE);
	assert_int_equal(sigdb_count(db), 6);
	sigdb_free(db);
}

static void what_a_row_says(void **unused)
{
	(void)unused;
	struct sigdb *db =
	    signature_set("x.1,http,header.location,prefix,\" a, \"\"b\"\" \",plain,,national,RU;BY,Some "
	                  "ISP,9,hit,them,https://e.org/,note,al,7,"
	                  "set\n"
	                  "x.2,dns,answer,eq,198.51.100.7,plain,example.org,product,,,3,hint,us,http://e.org/,,,,\n");
	const struct signature *s = sigdb_at(db, 0);
	assert_string_equal(s->id, "x.1");
	assert_int_equal(s->location, SIG_HEADER);
	assert_string_equal(s->header, "location");
	assert_int_equal(s->match, SIG_PREFIX);
	assert_true(span_equal(s->pattern, span_text(" a, \"b\" ")));
	assert_int_equal(s->scope, SIG_NATIONAL);
	assert_string_equal(sig_scope_name(s->scope), "national");
	assert_string_equal(s->country, "RU;BY");
	assert_string_equal(s->vendor, "Some ISP");
	assert_int_equal(s->confidence, 9);
	assert_int_equal(s->action, SIG_ACTION_HIT);
	assert_string_equal(s->source, "them");
	assert_string_equal(s->url, "https://e.org/");
	assert_string_equal(s->notes, "note");
	assert_int_equal(s->line, 2);
	assert_int_equal(s->order, 0);
	s = sigdb_at(db, 1);
	assert_null(s->header);
	assert_string_equal(s->except, "example.org");
	assert_string_equal(s->notes, "");
	assert_int_equal(s->line, 3);
	assert_int_equal(s->order, 1);
	assert_int_equal(sigdb_sets(db), 1);
	assert_string_equal(sigdb_set(db, 0)->path, "set.csv");
	assert_int_equal(sigdb_set(db, 0)->rows, 2);
	sigdb_free(db);
}

static void write_file(const char *directory, const char *name, const char *text)
{
	char path[300];
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void directories(void **unused)
{
	(void)unused;
	char directory[200], command[300], path[300];
	const char *tmp = getenv("TMPDIR");
	snprintf(directory, sizeof directory, "%s/wallprint-test-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(directory));
	write_file(directory, "b.csv", SIGNATURE_HEADER ROW("b", "second file"));
	write_file(directory, "B.csv", SIGNATURE_HEADER ROW("a", "first file"));
	write_file(directory, "weights.csv", "id,group,decibans,description,basis,source\nE01,time,25,f,b,s\n");
	write_file(directory, "notes.txt", "not read");
	write_file(directory, ".hidden.csv", "id,kind,broken\n");
	struct sigdb *db = NULL;
	struct err e = {0};
	if (sigdb_load(&db, directory, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(sigdb_sets(db), 2);
	assert_string_equal(sigdb_set(db, 0)->path, "B.csv");
	assert_string_equal(sigdb_set(db, 1)->path, "b.csv");
	assert_string_equal(sigdb_at(db, 0)->id, "a");

	/* The second set gives b another pattern, and adds c. */
	snprintf(path, sizeof(path), "%s/more.csv", directory);
	write_file(directory, "more.csv", SIGNATURE_HEADER ROW("c", "third text") ROW("b", "replaced text"));
	assert_int_equal(sigdb_load(&db, path, &e), 0);
	assert_int_equal(sigdb_count(db), 3);
	assert_string_equal(sigdb_at(db, 1)->id, "b");
	assert_true(span_equal(sigdb_at(db, 1)->pattern, span_text("replaced text")));
	assert_string_equal(sigdb_at(db, 2)->id, "c");
	assert_int_equal(sigdb_at(db, 2)->order, 2);
	assert_string_equal(sigdb_set(db, 2)->path, path);

	/* By itself, a file of another kind is an error, and frees what was there. */
	snprintf(path, sizeof(path), "%s/weights.csv", directory);
	assert_int_equal(sigdb_load(&db, path, &e), ERR_FORMAT);
	assert_null(db);
	write_file(directory, "weights.csv", "id,kind,broken\n");
	assert_int_equal(sigdb_load(&db, directory, &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "weights.csv:1: 3 columns"));
	snprintf(command, sizeof(command), "rm -r %s", directory);
	assert_int_equal(system(command), 0);
	assert_int_equal(sigdb_load(&db, directory, &e), ERR_IO);
	assert_null(db);
	assert_int_equal(sigdb_load(&db, "/dev/null", &e), ERR_IO);
	sigdb_free(NULL);
}

static void sha256_of_the_file(void **unused)
{
	(void)unused;
	struct sigdb *db = NULL;
	struct err e;
	/* The header line without its line end, as sha256sum gives it. */
	static const char text[] = SIGNATURE_HEADER;
	static const char expected[] = "543a9573db6395a4a962b42f877c61d8d998fa987e984be7f657085cc34cf133";
	assert_int_equal(signature_text_load(&db, text, sizeof(text) - 2, &e), 0);
	char hex[80];
	struct text t = text_over(hex, sizeof(hex));
	text_hex(&t, span_of(sigdb_set(db, 0)->sha256, 32));
	assert_string_equal(hex, expected);
	assert_int_equal(sigdb_set(db, 0)->rows, 0);
	sigdb_free(db);
}

static void excepted_names(void **unused)
{
	(void)unused;
	struct signature s = {.except = "example.org;b.example.net"};
	assert_true(signature_excepts(&s, span_text("example.org")));
	assert_true(signature_excepts(&s, span_text("www.Example.ORG.")));
	assert_true(signature_excepts(&s, span_text("x.b.example.net")));
	assert_false(signature_excepts(&s, span_text("badexample.org")));
	assert_false(signature_excepts(&s, span_text("example.net")));
	assert_false(signature_excepts(&s, span_text("org")));
	assert_false(signature_excepts(&s, span_text("")));
	assert_false(signature_excepts(&s, span_text("example.org.evil.net")));
	s.except = "";
	assert_false(signature_excepts(&s, span_text("")));
	assert_false(signature_excepts(&s, span_text("example.org")));
}

static void too_many_rows(void **unused)
{
	(void)unused;
	enum { ROWS = 100001 };
	size_t size = ROWS * 100, len = 0;
	char *text = malloc(size);
	len += (size_t)snprintf(text, size, "%s", SIGNATURE_HEADER);
	for (int i = 0; i < ROWS; i++)
		len += (size_t)snprintf(text + len, size - len,
		                        "a%d,http,body,contains,,plain,,isp,,,1,off,a,http://b,,,,\n", i);
	struct sigdb *db = NULL;
	struct err e = {0};
	assert_int_equal(signature_text_load(&db, text, len, &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "set.csv:100002: more than 100000 rows"));
	free(text);
}

/* A line without an end is refused when it is longer than a row can be, wherever it stands, and whatever is behind it is not
 * read; a file of 100 MB is not read at all. */
static void endless(void **unused)
{
	(void)unused;
	enum { SIZE = 8 * 1024 * 1024 };
	static const char header[] = SIGNATURE_HEADER ROW("a", "fragment");
	char *text = malloc(SIZE);
	struct err e = {0};
	struct sigdb *db = NULL;
	memset(text, 'x', SIZE);
	memcpy(text, header, sizeof header - 1);
	assert_int_equal(signature_text_load(&db, text, SIZE, &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "set.csv:3: a line of more than"));
	memset(text, '\0', SIZE);
	memcpy(text, header, sizeof header - 1);
	assert_int_equal(signature_text_load(&db, text, SIZE, &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "set.csv:3: a line of more than"));
	free(text);

	struct temporary file = temporary_make(span_text(SIGNATURE_HEADER));
	assert_int_equal(ftruncate(file.fd, 100 * 1000 * 1000), 0);
	assert_int_equal(sigdb_load(&db, file.path, &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "larger than 64 MiB"));
	assert_null(db);
	temporary_close(&file);
}

/* Rows of many lengths, so that the ends of what is read at once fall everywhere. */
static void rows_across_reads(void **unused)
{
	(void)unused;
	enum { ROWS = 300, SIZE = 1024 * 1024 };
	char *text = malloc(SIZE), notes[FIELD_MAX + 1];
	size_t len = (size_t)snprintf(text, SIZE, "%s", SIGNATURE_HEADER);
	memset(notes, 'n', sizeof notes);
	for (int i = 0; i < ROWS; i++)
		len +=
		    (size_t)snprintf(text + len, SIZE - len,
		                     "a%d,http,body,contains,pattern number %d,plain,,isp,,,1,hit,a,http://b,%.*s,,,\n",
		                     i, i, i * 13, notes);
	struct sigdb *db = NULL;
	struct err e = {0};
	if (signature_text_load(&db, text, len - 1, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(sigdb_count(db), ROWS);
	for (size_t i = 0; i < ROWS; i++) {
		assert_int_equal(strlen(sigdb_at(db, i)->notes), i * 13);
		assert_int_equal(sigdb_at(db, i)->line, i + 2);
	}
	sigdb_free(db);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(broken_files),      cmocka_unit_test(nul_bytes),     cmocka_unit_test(duplicates),
	    cmocka_unit_test(what_a_row_says),   cmocka_unit_test(directories),   cmocka_unit_test(sha256_of_the_file),
	    cmocka_unit_test(excepted_names),    cmocka_unit_test(too_many_rows), cmocka_unit_test(endless),
	    cmocka_unit_test(rows_across_reads),
	};
	return cmocka_run_group_tests_name("sigdb", tests, NULL, NULL);
}
