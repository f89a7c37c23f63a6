/*
 * The input is a body: its first byte says how it is cut, and whatever the cutting the hits must be those of the whole.
 * The same bytes are then header values, names and addresses.
 */
#include "signatures/match.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TAIL ",test,https://example.org/,,,,\n"

static const char rows[] =
    "id,kind,location,match,pattern,encoding,except,scope,country,vendor,confidence,action,source,url,notes,aliases,"
    "origin_id,origin\n"
    "b1,http,body,contains,denied,plain,,isp,RU,,8,hit" TAIL "b2,http,body,prefix,<html>,plain,,isp,RU,,8,hit" TAIL
    "b3,http,body,full,<html>denied,plain,,national,RU,,8,hit" TAIL
    "b4,http,body,regexp,ht.*den[i-k]*html,plain,,isp,RU,,8,hit" TAIL
    "b5,http,body,regexp,deni[e-k]d.*html$,plain,,isp,RU,,8,hit" TAIL
    "b6,http,body,regexp,^<html>.*denied,plain,,isp,RU,,8,hit" TAIL
    "b7,http,body,regexp,html.*denied$,plain,,isp,RU,,8,hit" TAIL
    "b8,http,body,regexp,title[^a]{3}.*aaaa,plain,,isp,RU,,8,hit" TAIL
    "b9,http,body,contains,закрыт,plain,,isp,RU,,8,hit" TAIL
    "b10,http,body,contains,cdn error,plain,,benign,,,8,fp" TAIL "t1,http,title,full,denied,plain,,product,,,8,hit" TAIL
    "t2,http,title,regexp,^deni.*x$,plain,,product,,,8,hit" TAIL
    "h1,http,header.location,prefix,http://a,plain,,isp,,,8,hit" TAIL
    "h2,http,header.location,regexp,http.*denied,plain,,isp,,,8,hit" TAIL
    "n1,dns,cname,contains,block.example,plain,,isp,,,8,hit" TAIL
    "a1,dns,answer,cidr,10.0.0.0/9,plain,,isp,IR,,8,hit" TAIL
    "a2,dns,answer,eq,2001:db8::1,plain,example.org,isp,,,8,hit" TAIL
    "i1,tls,issuer,contains,Trust,plain,,isp,,,8,hit" TAIL;

static struct sigdb *database(void)
{
	char path[64];
	struct sigdb *db = NULL;
	struct err e = {0};
	int fd = memfd_create("signatures", MFD_CLOEXEC);
	if (fd < 0 || write(fd, rows, sizeof(rows) - 1) != (ssize_t)sizeof(rows) - 1)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (sigdb_load(&db, path, &e) < 0 || sigdb_compile(db, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		abort();
	}
	close(fd);
	return db;
}

static void scan(const struct sigdb *db, struct span body, uint32_t seed, struct sig_hits *hits)
{
	struct sigscan *sc = malloc(sigscan_size());
	if (!sc)
		abort();
	sigscan_start(sc);
	while (body.len) {
		size_t piece = seed ? 1 + seed % 1500 : body.len;
		seed = seed ? (seed * 1664525U + 1013904223U) | 1U : 0;
		sigscan_body(db, sc, span_first(body, piece), hits);
		body = span_after(body, piece);
	}
	sigscan_finish(db, sc, hits);
	free(sc);
}

static void values(const struct sigdb *db, struct span value)
{
	struct sig_hits hits = {0};
	for (int location = 0; location < SIG_LOCATION_COUNT; location++)
		sigdb_match(db, (enum sig_location)location, span_text("Location"), value, &hits);
	sigdb_match_address(db, span_first(value, 4), span_after(value, 4), &hits);
	sigdb_match_address(db, span_first(value, 16), span_after(value, 16), &hits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sigdb *db;
	if (!db)
		db = database();
	if (size == 0)
		return 0;
	struct sig_hits whole = {0}, cut = {0};
	struct span body = span_of(data + 1, size - 1);
	scan(db, body, 0, &whole);
	scan(db, body, data[0] | 1U, &cut);
	if (memcmp(&whole, &cut, sizeof(whole)) != 0)
		abort();
	values(db, body);
	return 0;
}
