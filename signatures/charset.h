/*
 * The charsets that pages of a country travel in. Signatures are written in UTF-8; the lists here are fixed, so what a
 * capture says about its own charset is never used.
 */
#pragma once

#include "analyzer/base/arena.h"
#include "analyzer/base/err.h"

enum { CHARSET_VARIANTS_MAX = 16, CHARSETS_MAX = 48 };

/* Converters that were opened, kept because opening one costs as much as reading hundreds of rows. Zero it to begin. */
struct charset_cache {
	const char *name[CHARSETS_MAX];
	void *handle[CHARSETS_MAX];
	size_t count;
};

/* Legal on a zeroed cache and twice. */
void charset_cache_close(struct charset_cache *cache);

/*
 * The forms other than UTF-8 of a UTF-8 text in the charsets of the countries (ISO 3166 codes, `;`-separated),
 * distinct, in the order of the list, in the arena. Charsets that cannot express the text, not even with the letters that a country uses instead, are left out; none for
 * ASCII text. Returns how many were written to variants, at most CHARSET_VARIANTS_MAX, or ERR_NOMEM; ERR_IO when the
 * system's iconv does not know a charset of the list.
 */
int charset_variants(struct charset_cache *cache, struct arena *arena, struct span utf8, const char *countries,
                     struct span variants[CHARSET_VARIANTS_MAX], struct err *e);
