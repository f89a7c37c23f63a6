/* Our rows in the formats of others. */
#pragma once

#include "signatures/sigdb.h"

#include <stdio.h>

struct export_sums {
	size_t written;
	size_t off; /* rows of ours that are not in use */
	size_t
	    no_word; /* rows that match what the format has no word for: certificates, titles, prefixes of addresses */
};

/*
 * Every row of the sets, of one kind when it is not SIG_KIND_COUNT, as CSV of OONI's blocking fingerprints, in the order of
 * load; rows that were imported from there as they were. ERR_FORMAT: a row says wrongly what it was, ERR_IO: out takes no
 * more, ERR_NOMEM.
 */
int export_ooni(const struct sigdb *db, enum sig_kind kind, FILE *out, struct export_sums *sums, struct err *e);
