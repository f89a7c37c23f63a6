/* Walking is in walk.c. */
#include "analyzer/inputs.h"

#include "analyzer/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void inputs_free(struct inputs *in)
{
	for (size_t i = 0; i < in->count; i++)
		free(in->items[i].name);
	free(in->items);
	*in = (struct inputs){0};
}

static int inputs_append(struct inputs *in, const char *name, bool standard_input, struct err *e)
{
	if (in->count == in->room) {
		size_t room = in->room ? in->room * 2 : 64;
		struct input *grown = reallocarray(in->items, room, sizeof *grown);
		if (!grown)
			return err_set(e, ERR_NOMEM, "out of memory for the names of captures");
		in->items = grown;
		in->room = room;
	}
	char *copy = strdup(name);
	if (!copy)
		return err_set(e, ERR_NOMEM, "out of memory for the names of captures");
	in->items[in->count++] = (struct input){.name = copy, .standard_input = standard_input};
	return 0;
}

static int take_walked(void *context, const char *path, struct err *e)
{
	return inputs_append(context, path, false, e);
}

static int inputs_add_path(struct inputs *in, const char *name, bool walk, struct err *e)
{
	struct stat st;
	if (!walk || stat(name, &st) < 0 || !S_ISDIR(st.st_mode))
		return inputs_append(in, name, false, e);
	struct walk w = {.take = take_walked, .context = in};
	int status = walk_folder(&w, name, e);
	in->other_files += w.other_files;
	in->result_folders += w.result_folders;
	return status;
}

static int inputs_use_stdin(struct inputs *in, struct err *e)
{
	if (in->standard_input)
		return err_set(e, ERR_USAGE, "'-' is given twice: standard input can be read once");
	in->standard_input = true;
	return 0;
}

int inputs_add(struct inputs *in, const char *name, bool walk, struct err *e)
{
	if (strcmp(name, "-") != 0)
		return inputs_add_path(in, name, walk, e);
	return inputs_use_stdin(in, e) < 0 ? e->code : inputs_append(in, name, true, e);
}

/* 1: a name; 0: the end. */
static int list_next(FILE *file, char *name, bool nul_ended, const char *list, struct err *e)
{
	size_t len = 0;
	int c;
	while ((c = getc(file)) != EOF && c != (nul_ended ? '\0' : '\n')) {
		if (c == '\0')
			return err_set(e, ERR_USAGE, "%s holds NUL bytes: give -0 as well if its names end in NUL",
			               list);
		if (len == PATH_MAX - 1)
			return err_set(e, ERR_USAGE, "%s: a name that is longer than a path can be (%s)", list,
			               nul_ended ? "with -0 names end in NUL" : "give one name a line");
		name[len++] = (char)c;
	}
	name[len] = '\0';
	if (ferror(file))
		return err_set(e, ERR_USAGE, "%s: %s", list, strerror(errno));
	return c != EOF || len;
}

int inputs_add_list(struct inputs *in, const char *list, bool nul_ended, bool walk, struct err *e)
{
	bool from_stdin = strcmp(list, "-") == 0;
	if (from_stdin && inputs_use_stdin(in, e) < 0)
		return e->code;
	FILE *file = from_stdin ? stdin : fopen(list, "re");
	if (!file)
		return err_set(e, ERR_USAGE, "cannot read the list %s: %s", list, strerror(errno));
	char name[PATH_MAX] = "";
	int status;
	while ((status = list_next(file, name, nul_ended, list, e)) > 0) {
		if (name[0] && (status = inputs_add_path(in, name, walk, e)) < 0)
			break;
	}
	if (!from_stdin)
		fclose(file);
	return status < 0 ? status : 0;
}

static int file_kind(const struct stat *st, bool sockets, struct err *e)
{
	if (S_ISREG(st->st_mode) || S_ISFIFO(st->st_mode) || (sockets && S_ISSOCK(st->st_mode)))
		return 0;
	if (S_ISDIR(st->st_mode))
		return err_set(e, ERR_IO, "it is a folder (-r reads the captures below one)");
	return err_set(e, ERR_IO, "it is neither a regular file nor a pipe");
}

static int standard_input_open(struct err *e)
{
	struct stat st;
	if (fstat(STDIN_FILENO, &st) < 0)
		return err_set(e, ERR_IO, "%s", strerror(errno)), -1;
	if (file_kind(&st, true, e) < 0)
		return -1;
	int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		err_set(e, ERR_IO, "%s", strerror(errno));
	return fd;
}

int input_open(const struct input *input, struct err *e)
{
	if (input->standard_input)
		return standard_input_open(e);
	struct stat st;
	/* Looked at before it is opened, since opening a device can do things, and after, since names can change. */
	if (stat(input->name, &st) < 0)
		return err_set(e, ERR_IO, "%s", strerror(errno)), -1;
	if (file_kind(&st, false, e) < 0)
		return -1;
	int fd = open(input->name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, ERR_IO, "%s", strerror(errno)), -1;
	if (fstat(fd, &st) < 0 || file_kind(&st, false, e) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}
