/* The weights that tests of rules use: numbers of their own, so that a recalibration of the shipped table changes no
 * test. */
#pragma once

#include "analyzer/evidence/weight.h"

/* Never NULL; ends the program when it cannot. */
struct weights *weights_fixture(void);

/* Writes the text to a new temporary file whose name it returns in path (at least 64 bytes). */
void temporary_file(char *path, size_t size, const char *text);
