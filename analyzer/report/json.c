/* Bytes that are not valid UTF-8 cannot stand in JSON: callers escape text from outside first (base/text.h). */
#include "analyzer/report/json.h"

#include <inttypes.h>

static void put_string(struct json *j, const char *value)
{
	fputc('"', j->file);
	for (const char *c = value; *c; c++) {
		if (*c == '"' || *c == '\\')
			fprintf(j->file, "\\%c", *c);
		else if ((unsigned char)*c < 0x20 || *c == 0x7f)
			fprintf(j->file, "\\u%04x", (unsigned)*c);
		else
			fputc(*c, j->file);
	}
	fputc('"', j->file);
}

static void put_line(struct json *j)
{
	fputc('\n', j->file);
	for (unsigned i = 0; i < j->depth; i++)
		fputs("  ", j->file);
}

/* What stands before a value: comma, line, key. */
static void put_place(struct json *j, const char *key)
{
	if (j->depth) {
		if (j->filled[j->depth])
			fputc(',', j->file);
		j->filled[j->depth] = true;
		put_line(j);
	}
	if (key) {
		put_string(j, key);
		fputs(": ", j->file);
	}
}

void json_open(struct json *j, const char *key, char bracket)
{
	put_place(j, key);
	fputc(bracket, j->file);
	j->filled[++j->depth] = false;
}

void json_close(struct json *j, char bracket)
{
	bool filled = j->filled[j->depth--];
	if (filled)
		put_line(j);
	fputc(bracket, j->file);
	if (j->depth == 0)
		fputc('\n', j->file);
}

void json_text(struct json *j, const char *key, const char *value)
{
	put_place(j, key);
	put_string(j, value);
}

void json_number(struct json *j, const char *key, uint64_t value)
{
	put_place(j, key);
	fprintf(j->file, "%" PRIu64, value);
}
