/* Edit distance, for short words. */
#include "analyzer/word.h"

#include <string.h>

enum { WORD_MAX = 40, WORD_FAR = 3 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edit distance (Levenshtein), or WORD_FAR at the least for words that are long. */
static size_t word_distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b), row[WORD_MAX + 1];
	if (n > WORD_MAX || m > WORD_MAX)
		return WORD_FAR;
	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t corner = row[0];
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t change = corner + (a[i - 1] != b[j - 1]);
			corner = row[j];
			row[j] = least(change, least(row[j], row[j - 1]) + 1);
		}
	}
	return row[m];
}

const char *word_nearest(const char *word, const char *const *words, size_t count)
{
	const char *nearest = NULL;
	size_t best = least(WORD_FAR, strlen(word) / 2);
	for (size_t i = 0; i < count; i++) {
		size_t distance = word_distance(word, words[i]);
		if (distance < best) {
			best = distance;
			nearest = words[i];
		}
	}
	return nearest;
}
