/* One name beside other names, and beside other resolvers: DN5 by content, DN6 in the capture, DN7, DN8. */
#pragma once

#include "analyzer/detect/dns_log.h"

/* The logs must be settled. */
void dns_names_conclude(struct conclusion *c, struct dns_log *const *logs, size_t count);
