/* A weights file with numbers of its own, written to a temporary file for every call. */
#include "tests/support/weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct {
	const char *id, *group;
	int db;
} rows[] = {
    {"E01", "time", 25},
    {"E01b", "time", 8},
    {"E02", "ttl", 6},
    {"E02b", "ttl", 13},
    {"E02c", "ttl", 20},
    {"E02d", "ttl", -3},
    {"E03", "ipid", 10},
    {"E03b", "ipid", 25},
    {"E03c", "ipid", -13},
    {"E04", "seq", 27},
    {"E04b", "seq", 15},
    {"E04c", "seq", 15},
    {"E04d", "seq", 20},
    {"E05", "after", 20},
    {"E05b", "after", 20},
    {"E06", "content", 25},
    {"E06b", "content", 12},
    {"E07", "opts", 9},
    {"E07b", "opts", 0},
    {"E08", "win", 3},
    {"E08b", "win", 10},
    {"E09", "db", 25},
    {"E09b", "db", 10},
    {"E09_seq", "seq", 25},
    {"E09_ttl", "ttl", 25},
    {"E09_ipid", "ipid", 25},
    {"E09_win", "win", 25},
    {"E09b_seq", "seq", 10},
    {"E09b_ttl", "ttl", 10},
    {"E09b_ipid", "ipid", 10},
    {"E09b_win", "win", 10},
    {"E10", "name", 20},
    {"E10b", "name", 10},
    {"E10c", "name", 10},
    {"E11", "sym", 3},
    {"E12", "dns", 35},
    {"E12b", "dns", 10},
    {"E12c", "dns", 15},
    {"E12d", "dns", 10},
    {"E12b_sink", "dns", 3},
    {"E12e", "df", 6},
    {"E12f", "message", 3},
    {"E09_hint", "db", 3},
    {"E10_1", "name", 20},
    {"E10_2", "name", 17},
    {"E10_3", "name", 9},
    {"E10_4", "name", 4},
    {"E02e", "ttl", 6},
    {"E09_private", "db", 3},
    {"N15", "guard", -20},
    {"N16", "guard", -20},
    {"N17", "guard", -20},
    {"N22", "guard", -20},
    {"E16", "replay", 30},
    {"E13", "rep", 6},
    {"E14", "two", 40},
    {"E15", "rate", 3},
    {"E15b", "rate", 6},
    {"E15c", "rate", 3},
    {"N18", "guard", -20},
    {"label_weak", "label", 1},
    {"label_moderate", "label", 10},
    {"label_moderately_strong", "label", 20},
    {"label_strong", "label", 30},
    {"label_very_strong", "label", 40},
    {"score_most", "limit", 60},
    {"group_rest", "limit", 3},
};

void temporary_file(char *path, size_t size, const char *text)
{
	const char *dir = getenv("TMPDIR");
	snprintf(path, size, "%s/wallprint-test-XXXXXX", dir ? dir : "/tmp");
	int fd = mkstemp(path);
	size_t len = strlen(text);
	if (fd < 0 || write(fd, text, len) != (ssize_t)len || close(fd) != 0) {
		perror(path);
		exit(1);
	}
}

struct weights *weights_fixture(void)
{
	char csv[4096], path[256];
	struct text t = text_over(csv, sizeof csv);
	text_printf(&t, "id,group,decibans,description,basis,source\n");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		text_printf(&t, "%s,%s,%d,f,b,s\n", rows[i].id, rows[i].group, rows[i].db);
	temporary_file(path, sizeof path, csv);
	struct weights *w;
	struct err e;
	int code = weights_load(&w, path, &e);
	unlink(path);
	if (code != 0) {
		fprintf(stderr, "%s\n", e.text);
		exit(1);
	}
	return w;
}
