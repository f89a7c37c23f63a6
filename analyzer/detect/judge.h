/*
 * The capture pass: turns candidates into findings once the whole capture was seen. Applies the guards that need more than
 * one address pair, weighs, names, orders, and ties findings of one event together. Runs in one thread, after the last packet.
 */
#pragma once

#include "analyzer/detect/census.h"
#include "analyzer/evidence/candidate.h"
#include "analyzer/evidence/weight.h"

struct judge {
	const struct census *census; /* of the whole capture */
	const struct weights *weights;
	bool raw_ip;               /* every frame is raw IP */
	uint64_t eligible, copies; /* duplicate.h, summed over shards */
	enum label min_label;
	uint64_t max_findings;    /* a mechanism */
	uint64_t interface_drops; /* packets that the capturing machine says it lost (G2) */
};

/*
 * Judges all[0..count), which it reorders: findings come first, in the order of the table (frame, mechanism, id), with score,
 * label, id and incident set. Returns how many there are; adds what max_findings cost to *dropped.
 */
size_t judge_all(struct finding **all, size_t count, const struct judge *j, uint64_t *dropped);
