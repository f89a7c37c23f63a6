/* A folder of signatures is recognised by its weights.csv. */
#include "analyzer/knowledge.h"

#include "signatures/sigdb.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define INSTALLED_FOLDER WALLPRINT_DATADIR "/signatures"

static bool has_weights(const char *folder)
{
	char path[PATH_MAX];
	int len = snprintf(path, sizeof path, "%s/weights.csv", folder);
	return len > 0 && (size_t)len < sizeof path && access(path, R_OK) == 0;
}

/* Relative to the program: build/wallprint, build/MODE/wallprint, PREFIX/bin/wallprint. */
static bool beside_program(char *path, size_t size, const char *where)
{
	char program[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
	if (len <= 0)
		return false;
	program[len] = '\0';
	char *slash = strrchr(program, '/');
	if (!slash)
		return false;
	*slash = '\0';
	char joined[2 * PATH_MAX];
	snprintf(joined, sizeof joined, "%s/%s", program, where);
	char *real = realpath(joined, NULL);
	bool found = real && strlen(real) < size && has_weights(real);
	if (found)
		memcpy(path, real, strlen(real) + 1);
	free(real);
	return found;
}

int knowledge_folder(char *path, size_t size, struct err *e)
{
	static const char *const places[] = {"../signatures", "../../signatures", "../share/wallprint/signatures"};
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		if (beside_program(path, size, places[i]))
			return 0;
	}
	if (strlen(INSTALLED_FOLDER) < size && has_weights(INSTALLED_FOLDER)) {
		memcpy(path, INSTALLED_FOLDER, sizeof INSTALLED_FOLDER);
		return 0;
	}
	return err_set(e, ERR_USAGE,
	               "no weights.csv in %s nor beside the program: install wallprint, or name a folder "
	               "that has one with --signatures",
	               INSTALLED_FOLDER);
}

static int weights_of_folder(struct weights **w, const char *folder, struct err *e)
{
	char path[PATH_MAX];
	int len = snprintf(path, sizeof path, "%s/weights.csv", folder);
	if (len < 0 || (size_t)len >= sizeof path)
		return err_set(e, ERR_USAGE, "%s: the path is too long", folder);
	return weights_load(w, path, e);
}

int weights_default(struct weights **w, struct err *e)
{
	char folder[PATH_MAX];
	int status = knowledge_folder(folder, sizeof folder, e);
	return status == 0 ? weights_of_folder(w, folder, e) : status;
}

/* Where the weights come from: the last folder named that has some, or the default one. */
static int weights_choose(struct knowledge *k, const char *const *paths, size_t count, const char *fallback,
                          struct err *e)
{
	for (size_t i = count; i-- > 0;) {
		if (has_weights(paths[i]))
			return weights_of_folder(&k->weights, paths[i], e);
	}
	char folder[PATH_MAX];
	if (!fallback && knowledge_folder(folder, sizeof folder, e) < 0)
		return e->code;
	return weights_of_folder(&k->weights, fallback ? fallback : folder, e);
}

static int knowledge_read(struct knowledge *k, bool defaults, const char *const *paths, size_t count, struct err *e)
{
	char folder[PATH_MAX];
	int status = defaults ? knowledge_folder(folder, sizeof folder, e) : 0;
	if (status == 0 && !defaults && count == 0)
		status =
		    err_set(e, ERR_USAGE, "--no-default-signatures leaves none: name a set with --signatures PATH");
	if (status == 0 && defaults)
		status = sigdb_load(&k->signatures, folder, e);
	for (size_t i = 0; status == 0 && i < count; i++)
		status = sigdb_load(&k->signatures, paths[i], e);
	if (status == 0)
		status = sigdb_compile(k->signatures, e);
	if (status == 0)
		status = weights_choose(k, paths, count, defaults ? folder : NULL, e);
	return status;
}

int knowledge_load(struct knowledge *k, bool defaults, const char *const *paths, size_t count, struct err *e)
{
	*k = (struct knowledge){0};
	int status = knowledge_read(k, defaults, paths, count, e);
	if (status < 0)
		knowledge_free(k);
	return status;
}

void knowledge_free(struct knowledge *k)
{
	sigdb_free(k->signatures);
	weights_free(k->weights);
	*k = (struct knowledge){0};
}
