/* All names are ours and all calls go through the one descriptor of the folder. */
#include "analyzer/report/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_SIZE = 64 };

struct folder_file {
	char name[NAME_SIZE];
	int fd;
	bool renamed;
};

struct folder {
	char *path; /* without slashes at the end, which would follow a link */
	int fd;
	bool made, committed;
	size_t count;
	struct folder_file file[FOLDER_FILES_MAX];
};

static void temporary_name(char out[NAME_SIZE + 8], const char *name)
{
	snprintf(out, NAME_SIZE + 8, ".%s.tmp", name);
}

static int folder_is_empty(const struct folder *f, struct err *e)
{
	int fd = openat(f->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		int why = errno;
		if (fd >= 0)
			close(fd);
		return err_set(e, ERR_IO, "%s: %s", f->path, strerror(why));
	}
	int status = 0;
	for (struct dirent *entry; status == 0 && (entry = readdir(dir));) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			status = err_set(e, ERR_USAGE, "%s is not empty: name a new or an empty folder", f->path);
	}
	closedir(dir);
	return status;
}

static int folder_enter(struct folder *f, struct err *e)
{
	f->made = mkdir(f->path, 0777) == 0;
	if (!f->made && errno != EEXIST)
		return err_set(e, ERR_IO, "cannot make the folder %s: %s", f->path, strerror(errno));
	f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (f->fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return err_set(e, ERR_USAGE, "%s is not a folder (links are not followed): name a new one", f->path);
	if (f->fd < 0)
		return err_set(e, ERR_IO, "%s: %s", f->path, strerror(errno));
	return f->made ? 0 : folder_is_empty(f, e);
}

int folder_open(struct folder **out, const char *path, struct err *e)
{
	*out = NULL;
	struct folder *f = calloc(1, sizeof *f);
	char *copy = f ? strdup(path) : NULL;
	if (!copy) {
		free(f);
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	for (size_t len = strlen(copy); len > 1 && copy[len - 1] == '/'; len--)
		copy[len - 1] = '\0';
	f->path = copy;
	f->fd = -1;
	int status = folder_enter(f, e);
	if (status < 0)
		folder_close(f);
	else
		*out = f;
	return status;
}

int folder_create(struct folder *f, const char *name, struct err *e)
{
	if (f->count == FOLDER_FILES_MAX || strlen(name) >= NAME_SIZE)
		return err_set(e, ERR_LIMIT, "%s/%s: no room for another file", f->path, name);
	char temporary[NAME_SIZE + 8];
	temporary_name(temporary, name);
	int fd = openat(f->fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd < 0)
		return err_set(e, ERR_IO, "%s/%s: %s", f->path, name, strerror(errno));
	struct folder_file *file = &f->file[f->count++];
	*file = (struct folder_file){.fd = fd};
	memcpy(file->name, name, strlen(name) + 1);
	return fd;
}

static int file_settle(struct folder *f, struct folder_file *file, struct err *e)
{
	/* A file system without fsync has said so with EINVAL; close reports what a network file system kept back. */
	bool failed = fsync(file->fd) < 0 && errno != EINVAL;
	int why = errno, fd = file->fd;
	file->fd = -1;
	if (close(fd) < 0 && !failed) {
		failed = true;
		why = errno;
	}
	return failed ? err_set(e, ERR_IO, "%s/%s: %s", f->path, file->name, strerror(why)) : 0;
}

int folder_commit(struct folder *f, struct err *e)
{
	for (size_t i = 0; i < f->count; i++) {
		int status = file_settle(f, &f->file[i], e);
		if (status < 0)
			return status;
	}
	for (size_t i = 0; i < f->count; i++) {
		char temporary[NAME_SIZE + 8];
		temporary_name(temporary, f->file[i].name);
		if (renameat(f->fd, temporary, f->fd, f->file[i].name) < 0)
			return err_set(e, ERR_IO, "%s/%s: %s", f->path, f->file[i].name, strerror(errno));
		f->file[i].renamed = true;
	}
	if (fsync(f->fd) < 0 && errno != EINVAL)
		return err_set(e, ERR_IO, "%s: %s", f->path, strerror(errno));
	f->committed = true;
	return 0;
}

static void file_remove(struct folder *f, struct folder_file *file)
{
	char temporary[NAME_SIZE + 8];
	temporary_name(temporary, file->name);
	unlinkat(f->fd, file->renamed ? file->name : temporary, 0);
}

void folder_close(struct folder *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->count; i++) {
		if (f->file[i].fd >= 0)
			close(f->file[i].fd);
		if (!f->committed)
			file_remove(f, &f->file[i]);
	}
	if (f->fd >= 0)
		close(f->fd);
	if (f->made && !f->committed)
		rmdir(f->path);
	free(f->path);
	free(f);
}
