/* Incidents: findings of one flow that are about one event. */
#pragma once

#include "analyzer/evidence/finding.h"

/*
 * Sets `incident` of every finding: the id of the strongest one of its flow (of equals, the first in all[]) that shares a
 * suspect frame or the trigger frame with it. all[] is in the order of the table and stays so. n log n. When memory is
 * out, each finding is its own incident.
 */
void incident_name_all(struct finding *const *all, size_t count);
