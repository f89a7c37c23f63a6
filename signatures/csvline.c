/* See csvline.h. */
#include "signatures/csvline.h"

static bool needs_quotes(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] == ',' || s.ptr[i] == '"' || s.ptr[i] == '\r' || s.ptr[i] == '\n')
			return true;
	return false;
}

static void write_quoted(FILE *out, struct span s)
{
	putc('"', out);
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"')
			putc('"', out);
		putc(s.ptr[i], out);
	}
	putc('"', out);
}

bool csvline_write(FILE *out, const struct span *fields, size_t n, const char *line_end)
{
	for (size_t i = 0; i < n; i++) {
		if (i)
			putc(',', out);
		if (needs_quotes(fields[i]))
			write_quoted(out, fields[i]);
		else if (fields[i].len)
			fwrite(fields[i].ptr, 1, fields[i].len, out);
	}
	fputs(line_end, out);
	return !ferror(out);
}
