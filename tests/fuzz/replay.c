/*
 * A plain main for a fuzz target: hands every file named, and every file of every folder named, to the target once. No
 * fuzzer and no sanitizer is needed, so that each crash ever found stays a test.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An allocation of the exact size, so that a sanitizer sees one byte too many. */
static int replay_file(const char *path)
{
	FILE *in = fopen(path, "rb");
	if (!in) {
		perror(path);
		return -1;
	}
	struct stat st;
	uint8_t *bytes = NULL;
	int result = -1;
	if (fstat(fileno(in), &st) == 0 && (bytes = malloc(st.st_size > 0 ? (size_t)st.st_size : 1))) {
		size_t size = fread(bytes, 1, (size_t)st.st_size, in);
		LLVMFuzzerTestOneInput(bytes, size);
		result = 1;
	}
	free(bytes);
	fclose(in);
	return result;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* How many inputs were replayed, or -1. */
static int replay_path(const char *path)
{
	struct stat st;
	if (stat(path, &st) < 0) {
		perror(path);
		return -1;
	}
	if (!S_ISDIR(st.st_mode))
		return replay_file(path);

	struct dirent **entries;
	int count = scandir(path, &entries, is_visible, alphasort);
	if (count < 0) {
		perror(path);
		return -1;
	}
	int replayed = 0;
	for (int i = 0; i < count; i++) {
		char child[4096];
		snprintf(child, sizeof(child), "%s/%s", path, entries[i]->d_name);
		if (replayed >= 0)
			replayed = replay_file(child) < 0 ? -1 : replayed + 1;
		free(entries[i]);
	}
	free(entries);
	return replayed;
}

int main(int argc, char **argv)
{
	int total = 0;
	for (int i = 1; i < argc; i++) {
		int replayed = replay_path(argv[i]);
		if (replayed < 0)
			return 1;
		total += replayed;
	}
	printf("%s: %d inputs\n", argv[0], total);
	return total > 0 ? 0 : 1;
}
