/*
 * Errors of the environment: files, disk, memory, configuration. Strange bytes from a capture are data, never an error
 * of this kind.
 */
#pragma once

enum err_code { ERR_NONE = 0, ERR_USAGE = -1, ERR_IO = -2, ERR_FORMAT = -3, ERR_NOMEM = -4, ERR_LIMIT = -5 };

/* Owned by the caller of a fallible function; the text is one line without a newline, always NUL-ended. */
struct err {
	int code;
	char text[240];
};

/* Fills *e and returns code, so that `return err_set(e, ERR_IO, "...")` is one line. A longer text is cut. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
