/* A response played to the watch shows every row that matches, where it matches. */
#include "analyzer/signature_watch.h"

#include "tests/support/signature_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants the above */
#include <cmocka.h>

struct seen {
	char ids[512];
	struct text text;
};

static void note(void *context, const struct watched *message)
{
	struct seen *seen = context;
	assert_int_equal(message->kind, SIG_HTTP);
	assert_int_equal(message->frame, 0);
	for (size_t i = 0; i < message->hits->count; i++)
		text_printf(&seen->text, "%s ", message->hits->hit[i]->id);
}

static void assert_seen(const struct sigdb *db, const char *response, const char *ids)
{
	struct seen seen;
	struct err e = {0};
	seen.text = text_over(seen.ids, sizeof seen.ids);
	struct signature_watch watch = {.signatures = db, .report = note, .context = &seen};
	assert_int_equal(signature_watch_response(&watch, span_text(response), &e), 0);
	signature_watch_close(&watch);
	assert_string_equal(seen.ids, ids);
	assert_int_equal(watch.messages, 1);
	assert_null(watch.open);
}

static void responses(void **unused)
{
	(void)unused;
	struct sigdb *db = signature_set(
	    "body,http,body,contains,these words,plain,,isp,RU,,8,hit" SIGNATURE_SOURCE
	    "title,http,title,full,Blocked,plain,,national,RU,,8,hit" SIGNATURE_SOURCE
	    "lead,http,header.location,prefix,http://block.example/,plain,,isp,RU,,8,hint" SIGNATURE_SOURCE
	    "ok,http,header.server,full,Innocent,plain,,benign,,,8,fp" SIGNATURE_SOURCE);
	assert_seen(db, "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nthese words", "body ");
	assert_seen(db, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nthese\r\n6\r\n words\r\n0\r\n\r\n",
	            "body ");
	assert_seen(db, "HTTP/1.1 200 OK\r\n\r\n<title> Blocked </title>these words", "title body ");
	assert_seen(db, "HTTP/1.1 200 OK\r\nServer: Innocent\r\n\r\nthese words", "body ok ");
	assert_seen(db, "HTTP/1.1 302 Found\r\nLocation: http://block.example/x\r\n\r\n", "lead ");
	assert_seen(db, "HTTP/1.1 200 OK\r\n\r\n<iframe src=\"http://block.example/y\">", "lead ");
	assert_seen(db, "HTTP/1.1 200 OK\r\n\r\nnothing", "");
	assert_seen(db, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nthese words", "body ");
	sigdb_free(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(responses)};
	return cmocka_run_group_tests_name("test_signature_watch", tests, NULL, NULL);
}
