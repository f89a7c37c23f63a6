/* One answer beside the resolver's other answers: DN4 and the part of DN5 that rests on headers. */
#pragma once

#include "analyzer/detect/dns_log.h"

/* The log must be settled. */
void dns_lone_conclude(struct conclusion *c, const struct dns_log *l);
