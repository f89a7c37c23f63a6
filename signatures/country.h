/* The two-letter codes of ISO 3166-1, and XK, which is in use for Kosovo. */
#pragma once

#include "analyzer/base/span.h"

/* Capitals only. */
bool country_known(struct span code);
