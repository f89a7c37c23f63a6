/* What this build is: version, commit, build mode, and the libraries it runs with. */
#pragma once

#include <stddef.h>

struct library {
	const char *name;
	char version[48];
};

enum { VERSION_LIBRARIES = 7 };

const char *version_number(void);   /* "0.1.0" */
const char *version_commit(void);   /* git describe, or "release" */
const char *version_build(void);    /* MODE of the Makefile */
const char *version_compiler(void); /* "gcc 12.2.0" */

/* In a fixed order. */
void version_libraries(struct library out[VERSION_LIBRARIES]);
