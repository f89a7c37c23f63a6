/* Lines of CSV (RFC 4180) with quotes only where they are needed, as people write signature files and OONI theirs. */
#pragma once

#include "analyzer/base/span.h"

#include <stdio.h>

/* False: it could not be written. */
bool csvline_write(FILE *out, const struct span *fields, size_t n, const char *line_end);
