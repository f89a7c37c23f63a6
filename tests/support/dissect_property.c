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

static bool same(const char *whole, char *other, const char *how, size_t n)
{
	bool equal = strcmp(whole, other) == 0;
	if (!equal)
		fprintf(stderr, "%s %zu:\n--- whole\n%s--- split\n%s", how, n, whole, other);
	free(other);
	return equal;
}

/* The steps with the i-th cut in two at `at`. */
static char *play_cut(const struct dissector *dissector, uint16_t server_port, const struct dissect_step *steps,
                      size_t count, size_t i, size_t at)
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
	char *transcript = dissect_play(dissector, server_port, cut, count + 1, 0, 0, SIZE_MAX);
	free(cut);
	return transcript;
}

bool dissect_split_holds(const struct dissector *dissector, uint16_t server_port, const struct dissect_step *steps,
                         size_t count)
{
	static const size_t pieces[] = {1, 2, 3, 7, 64};
	char *whole = dissect_play(dissector, server_port, steps, count, 0, 0, SIZE_MAX);
	bool holds = true;

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]) && holds; i++) {
		for (uint32_t seed = 1; seed <= 4 && holds; seed++)
			holds =
			    same(whole, dissect_play(dissector, server_port, steps, count, pieces[i], seed, SIZE_MAX),
			         "pieces of", pieces[i]);
	}
	for (size_t i = 0; i < count && holds; i++) {
		size_t stride = steps[i].bytes.len > 1500 ? 37 : 1;
		for (size_t at = 1; at < steps[i].bytes.len && holds; at += stride)
			holds = same(whole, play_cut(dissector, server_port, steps, count, i, at), "cut at", at);
	}
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

static bool lines_within(const char *whole, char *part, size_t limit)
{
	char *save = NULL;
	bool holds = true;
	for (char *line = strtok_r(part, "\n", &save); line != NULL && holds; line = strtok_r(NULL, "\n", &save)) {
		holds = admits_cut(line) || strstr(whole, line) != NULL;
		if (!holds)
			fprintf(stderr, "prefix of %zu bytes says:\n%s\nthe whole:\n%s", limit, line, whole);
	}
	free(part);
	return holds;
}

bool dissect_prefix_holds(const struct dissector *dissector, uint16_t server_port, const struct dissect_step *steps,
                          size_t count)
{
	char *whole = dissect_play(dissector, server_port, steps, count, 0, 0, SIZE_MAX);
	size_t total = total_len(steps, count), stride = total > 3000 ? 31 : 1;
	bool holds = true;

	for (size_t limit = 0; limit < total && holds; limit += stride)
		holds = lines_within(whole, dissect_play(dissector, server_port, steps, count, 0, 0, limit), limit);
	free(whole);
	return holds;
}
