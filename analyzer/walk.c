/* Everything below the first folder is opened relative to its parent, so that no name is resolved twice. */
#include "analyzer/walk.h"

#include "analyzer/capture/capture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct entries {
	char **names;
	size_t count, room;
};

static void entries_free(struct entries *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->names[i]);
	free(list->names);
}

static bool entries_add(struct entries *list, const char *name)
{
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 64;
		char **grown = reallocarray(list->names, room, sizeof *grown);
		if (!grown)
			return false;
		list->names = grown;
		list->room = room;
	}
	list->names[list->count] = strdup(name);
	return list->names[list->count] && ++list->count;
}

static int name_order(const void *a, const void *b)
{
	char *const *x = a, *const *y = b;
	return strcmp(*x, *y);
}

/* Takes over fd. */
static int entries_read(struct entries *list, int fd, struct err *e)
{
	DIR *dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return err_set(e, ERR_NOMEM, "out of memory while walking folders");
	}
	int status = 0;
	for (struct dirent *entry; status == 0 && (entry = readdir(dir));) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    !entries_add(list, entry->d_name))
			status = err_set(e, ERR_NOMEM, "out of memory while walking folders");
	}
	closedir(dir);
	if (list->count)
		qsort(list->names, list->count, sizeof *list->names, name_order);
	return status;
}

/* The first bytes of the manifest that a result folder holds (report/manifest.c). */
static bool is_result_folder(int folder)
{
	static const char start[] = "{\n  \"wallprint\": ";
	char head[sizeof start - 1];
	int fd = openat(folder, "manifest.json", O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool ours = read(fd, head, sizeof head) == (ssize_t)sizeof head && memcmp(head, start, sizeof head) == 0;
	close(fd);
	return ours;
}

static int walk_file(struct walk *w, int folder, const char *name, const char *path, struct err *e)
{
	int fd = openat(folder, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return w->take(w->context, path, e);
	struct stat st;
	bool wanted = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && capture_recognised(fd);
	close(fd);
	if (wanted)
		return w->take(w->context, path, e);
	w->other_files++;
	return 0;
}

static int walk_entries(struct walk *w, int folder, const char *path, unsigned depth, struct err *e);

static int walk_entry(struct walk *w, int folder, const char *name, const char *path, unsigned depth, struct err *e)
{
	struct stat st;
	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return w->take(w->context, path, e);
	if (S_ISREG(st.st_mode))
		return walk_file(w, folder, name, path, e);
	if (!S_ISDIR(st.st_mode)) {
		w->other_files++;
		return 0;
	}
	int fd = depth < WALK_DEPTH_MAX ? openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
	return fd < 0 ? w->take(w->context, path, e) : walk_entries(w, fd, path, depth, e);
}

/* Takes over the descriptor. */
static int walk_entries(struct walk *w, int folder, const char *path, unsigned depth, struct err *e)
{
	if (is_result_folder(folder)) {
		w->result_folders++;
		close(folder);
		return 0;
	}
	struct entries list = {0};
	int again = fcntl(folder, F_DUPFD_CLOEXEC, 3);
	int status = again < 0 ? err_set(e, ERR_IO, "%s: %s", path, strerror(errno)) : entries_read(&list, again, e);
	size_t len = strlen(path);
	const char *slash = len && path[len - 1] == '/' ? "" : "/";
	for (size_t i = 0; status == 0 && i < list.count; i++) {
		char *below;
		if (asprintf(&below, "%s%s%s", path, slash, list.names[i]) < 0) {
			status = err_set(e, ERR_NOMEM, "out of memory while walking folders");
			break;
		}
		status = walk_entry(w, folder, list.names[i], below, depth + 1, e);
		free(below);
	}
	entries_free(&list);
	close(folder);
	return status;
}

int walk_folder(struct walk *w, const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? w->take(w->context, path, e) : walk_entries(w, fd, path, 0, e);
}
