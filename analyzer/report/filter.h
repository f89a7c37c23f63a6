/* The Wireshark display filter that shows a finding's frames: addresses and ports, never a stream number, which changes with
 * the version and the file. */
#pragma once

#include "analyzer/evidence/finding.h"

void filter_put(struct text *t, const struct finding *f);
