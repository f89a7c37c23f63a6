/*
 * The shipped set, matched by automata, windows and carried states, finds what a plain search for every row finds: in pages made of
 * pieces of patterns, and in the bytes of real captures (under $WALLPRINT_SHARED, ../shared when it is not set; skipped with a
 * message when there are none). Pages are cut at random. Run from the root of the project.
 */
#include "signatures/charset.h"
#include "signatures/database.h"
#include "signatures/match.h"

#include "analyzer/base/text.h"

#include <fts.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
/* cmocka wants the above */
#include <cmocka.h>

enum { PAGES = 400, PAGE_MAX = SIG_BODY_MAX, FILES_MAX = 700, CHUNKS_OF_FILE = 3 };

static struct sigdb *shipped;
static struct arena arena;

/* The forms in which a row's pattern may stand in a page. */
struct forms {
	struct span form[1 + CHARSET_VARIANTS_MAX];
	size_t count;
};

static struct forms *forms;

static uint32_t random_next(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return *seed >> 8;
}

static bool is_body(const struct signature *s)
{
	return s->location == SIG_BODY && s->action != SIG_ACTION_OFF;
}

static int load(void **unused)
{
	(void)unused;
	struct err e;
	struct charset_cache cache = {0};
	if (sigdb_load(&shipped, "signatures", &e) < 0 || sigdb_compile(shipped, &e) < 0) {
		print_error("%s\n", e.text);
		return -1;
	}
	forms = calloc(sigdb_count(shipped), sizeof *forms);
	for (size_t i = 0; i < sigdb_count(shipped); i++) {
		const struct signature *s = sigdb_at(shipped, i);
		if (!is_body(s) || s->match == SIG_REGEXP)
			continue;
		forms[i].form[0] = s->pattern;
		int n = charset_variants(&cache, &arena, s->pattern, s->country, forms[i].form + 1, &e);
		assert_true(n >= 0);
		forms[i].count = 1 + (size_t)n;
	}
	charset_cache_close(&cache);
	return 0;
}

static int unload(void **unused)
{
	(void)unused;
	free(forms);
	arena_free(&arena);
	sigdb_free(shipped);
	return 0;
}

static bool form_fits(const struct signature *s, struct span form, struct span page)
{
	if (s->match == SIG_CONTAINS)
		return span_find(page, form) != SIZE_MAX;
	return s->match == SIG_PREFIX ? span_starts(page, form) : span_equal(page, form);
}

static bool plain_search(size_t row, struct span page)
{
	const struct signature *s = sigdb_at(shipped, row);
	for (size_t k = 0; k < forms[row].count; k++)
		if ((k == 0 || forms[row].form[k].len >= 4) && form_fits(s, forms[row].form[k], page))
			return true;
	return s->match == SIG_REGEXP && regexp_matches(shipped->rules[row].regexp, page, true, true);
}

static void scan(struct span page, uint32_t *seed, struct sig_hits *hits)
{
	struct sigscan *sc = malloc(sigscan_size());
	sigscan_start(sc);
	while (page.len) {
		size_t cut = 1 + random_next(seed) % (random_next(seed) % 4 ? 40 : 3000);
		sigscan_body(shipped, sc, span_first(page, cut), hits);
		page = span_after(page, cut);
	}
	sigscan_finish(shipped, sc, hits);
	free(sc);
}

/* How many rows matched; a page with more than fit a list of hits is left out. */
static size_t compare(struct span page, uint32_t *seed, const char *where)
{
	struct sig_hits hits = {0};
	size_t matched = 0;
	scan(page, seed, &hits);
	for (size_t i = 0; i < sigdb_count(shipped) && hits.dropped == 0; i++) {
		const struct signature *s = sigdb_at(shipped, i);
		if (!is_body(s))
			continue;
		bool expected = plain_search(i, page), found = sig_hits_hold(&hits, s);
		if (expected != found)
			fail_msg("%s: %s %s", where, s->id,
			         found ? "is found and not there" : "is there and not found");
		matched += found;
	}
	return matched;
}

/* A page of pieces: whole patterns, patterns that lack their end or begin, and noise made of their bytes. */
static size_t make_page(char *page, uint32_t *seed)
{
	struct text t = text_over(page, PAGE_MAX);
	size_t pieces = 1 + random_next(seed) % 24, whole = 0;
	for (size_t i = 0; i < pieces; i++) {
		size_t row = random_next(seed) % sigdb_count(shipped);
		while (forms[row].count == 0)
			row = (row + 1) % sigdb_count(shipped);
		struct span form = forms[row].form[random_next(seed) % forms[row].count];
		uint32_t kind = random_next(seed) % 4;
		if (kind == 0 && whole < 10) {
			text_add(&t, form);
			whole++;
		} else if (kind == 1) {
			text_add(&t, span_first(form, form.len - 1));
		} else if (kind == 2) {
			text_add(&t, span_after(form, 1));
		} else {
			size_t n = random_next(seed) % 600;
			for (size_t k = 0; k < n; k++)
				text_add(&t, span_of(form.ptr + random_next(seed) % form.len, 1));
		}
	}
	return t.len;
}

static void pages_of_pieces(void **unused)
{
	(void)unused;
	uint32_t seed = 7;
	size_t matched = 0;
	char *page = malloc(PAGE_MAX);
	for (int i = 0; i < PAGES; i++) {
		char where[32];
		snprintf(where, sizeof where, "page %d", i);
		matched += compare(span_of(page, make_page(page, &seed)), &seed, where);
	}
	free(page);
	print_message("%zu matches in %d pages\n", matched, PAGES);
	assert_true(matched > PAGES / 2);
}

/* Pages, programs, traffic: all a body scan could meet. */
static size_t compare_file(const char *path, uint32_t *seed, size_t *chunks)
{
	FILE *file = fopen(path, "re");
	uint8_t *bytes = malloc(PAGE_MAX);
	size_t matched = 0, n;
	for (int i = 0; file && i < CHUNKS_OF_FILE && (n = fread(bytes, 1, PAGE_MAX, file)) > 0; i++, ++*chunks)
		matched += compare(span_of(bytes, n), seed, path);
	if (file)
		fclose(file);
	free(bytes);
	return matched;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void bytes_of_real_captures(void **unused)
{
	(void)unused;
	char path[4096];
	const char *shared = getenv("WALLPRINT_SHARED");
	snprintf(path, sizeof path, "%s/corpus", shared ? shared : "../shared");
	char *roots[] = {path, NULL};
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	uint32_t seed = 11;
	size_t files = 0, chunks = 0, matched = 0;
	for (FTSENT *f; walk && (f = fts_read(walk)) != NULL;) {
		if (f->fts_info != FTS_F || f->fts_statp->st_size < 2000 || files == FILES_MAX)
			continue;
		files++;
		matched += compare_file(f->fts_path, &seed, &chunks);
	}
	if (walk)
		fts_close(walk);
	if (files == 0)
		print_message("skipped: no captures under %s\n", path);
	else
		print_message("%zu matches in %zu pieces of %zu files\n", matched, chunks, files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pages_of_pieces),
	    cmocka_unit_test(bytes_of_real_captures),
	};
	return cmocka_run_group_tests_name("match_plain", tests, load, unload);
}
