/* A JSON writer (RFC 8259): two blanks a level, keys in the order given. Errors stay in the stream: test ferror at the end. */
#pragma once

#include "analyzer/base/span.h"

#include <stdio.h>

enum { JSON_DEPTH_MAX = 8 };

/* Start from {.file = f}. */
struct json {
	FILE *file;
	unsigned depth;
	bool filled[JSON_DEPTH_MAX]; /* the open object or array has a member already */
};

/* key: NULL inside an array and for the outermost value. At most JSON_DEPTH_MAX - 1 levels. */
void json_open(struct json *j, const char *key, char bracket); /* '{' or '[' */
void json_close(struct json *j, char bracket);                 /* '}' or ']' */
void json_text(struct json *j, const char *key, const char *value);
void json_number(struct json *j, const char *key, uint64_t value);
