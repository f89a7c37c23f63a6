/* G21: which findings are the doing of one login portal. A portal answers for everybody. */
#pragma once

#include "analyzer/evidence/finding.h"

/*
 * Calls `found` for every finding whose client was led to one private address (the detail private_target) under three
 * unrelated names within ten minutes of it, itself included; a signature of a state or a provider rules it out.
 * Reorders all[]. n log n; `found` may change the finding but not its details, signatures, name, client and suspects.
 */
void portal_search(struct finding **all, size_t count, void (*found)(struct finding *f));
