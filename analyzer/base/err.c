/* Writing an error into the caller's struct err. */
#include "analyzer/base/err.h"

#include <stdarg.h>
#include <stdio.h>

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	e->code = code;
	(void)vsnprintf(e->text, sizeof e->text, fmt, args);
	va_end(args);
	return code;
}
