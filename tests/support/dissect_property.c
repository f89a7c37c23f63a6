/* The two properties that every dissector must have, over transcripts. */
#include "tests/support/dissect.h"

#include "dissectors/dns.h"
#include "dissectors/http.h"

#include <stdio.h>
#include <stdlib.h>

static size_t total_len(const struct dissect_step *steps, size_t count)
{
	size_t total = 0;
	for (size_t i = 0; i < count; i++)
		total += steps[i].bytes.len;
	return total;
}

static bool same(const char *whole, const char *other, const char *how, size_t n)
{
	bool equal = strcmp(whole, other) == 0;
	if (!equal)
		fprintf(stderr, "%s %zu:\n--- whole\n%s--- split\n%s", how, n, whole, other);
	return equal;
}

/* The transcript with the i-th step cut in two at `at`. */
static const char *replay_cut(struct dissect *x, const struct dissect_step *steps, size_t count, size_t i, size_t at)
{
	struct dissect_step *cut = calloc(count + 1, sizeof(*cut));
	if (cut == NULL)
		abort();
	memcpy(cut, steps, (i + 1) * sizeof(*cut));
	memcpy(cut + i + 1, steps + i, (count - i) * sizeof(*cut));
	cut[i].bytes = span_first(steps[i].bytes, at);
	cut[i].fin = false;
	cut[i].gap = 0;
	cut[i + 1].bytes = span_after(steps[i].bytes, at);
	const char *transcript = dissect_replay(x, cut, count + 1, 0, 0, SIZE_MAX);
	free(cut);
	return transcript;
}

static bool pieces_hold(struct dissect *x, const char *whole, const struct dissect_step *steps, size_t count)
{
	static const size_t pieces[] = {1, 2, 3, 7, 64};
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		for (uint32_t seed = 1; seed <= 4; seed++) {
			if (!same(whole, dissect_replay(x, steps, count, pieces[i], seed, SIZE_MAX), "pieces of",
			          pieces[i]))
				return false;
		}
	}
	return true;
}

static bool cuts_hold(struct dissect *x, const char *whole, const struct dissect_step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t stride = steps[i].bytes.len > 1500 ? 37 : 1;
		for (size_t at = 1; at < steps[i].bytes.len; at += stride) {
			if (!same(whole, replay_cut(x, steps, count, i, at), "cut at", at))
				return false;
		}
	}
	return true;
}

bool dissect_split_holds(const struct dissector *dissector, uint16_t server_port, const struct dissect_step *steps,
                         size_t count)
{
	char *whole = dissect_play(dissector, server_port, steps, count, 0, 0, SIZE_MAX);
	struct dissect *x = dissect_new(dissector, 40000, server_port);
	bool holds = pieces_hold(x, whole, steps, count) && cuts_hold(x, whole, steps, count);
	dissect_free(x);
	free(whole);
	return holds;
}

/* The line says of itself that it is not the whole story: see the flaws in dissectors/{dns,http}.h. */
static bool admits_cut(const char *line)
{
	const char *flaws = strstr(line, "flaws=");
	unsigned long bits = flaws != NULL ? strtoul(flaws + strlen("flaws="), NULL, 16) : 0;
	if (strncmp(line, "HTTP_", 5) == 0 && (bits & HTTP_HEAD_CUT))
		return true;
	if (strncmp(line, "DNS_", 4) == 0 && (bits & DNS_CUT))
		return true;
	return strstr(line, "partial=1") != NULL || strstr(line, "complete=0") != NULL || strcmp(line, "LARGE 0") == 0;
}

static bool lines_within(const char *whole, const char *part, size_t limit)
{
	char *copy = strdup(part), *save = NULL;
	bool holds = true;
	for (char *line = strtok_r(copy, "\n", &save); line != NULL && holds; line = strtok_r(NULL, "\n", &save)) {
		holds = admits_cut(line) || strstr(whole, line) != NULL;
		if (!holds)
			fprintf(stderr, "prefix of %zu bytes says:\n%s\nthe whole:\n%s", limit, line, whole);
	}
	free(copy);
	return holds;
}

bool dissect_prefix_holds(const struct dissector *dissector, uint16_t server_port, const struct dissect_step *steps,
                          size_t count)
{
	char *whole = dissect_play(dissector, server_port, steps, count, 0, 0, SIZE_MAX);
	struct dissect *x = dissect_new(dissector, 40000, server_port);
	size_t total = total_len(steps, count), stride = total > 3000 ? 31 : 1;
	bool holds = true;

	for (size_t limit = 0; limit < total && holds; limit += stride)
		holds = lines_within(whole, dissect_replay(x, steps, count, 0, 0, limit), limit);
	dissect_free(x);
	free(whole);
	return holds;
}
