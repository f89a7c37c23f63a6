/*
 * A row of OONI's blocking fingerprints beside a row of ours, both ways. Ours holds most of theirs under other names; what it
 * cannot hold as it was stands in `origin`, behind the name of the set: "ooni;scope=injb;exp_url=...", with the escapes of
 * patterns, and \x3b for a semicolon. So what is imported is exported field for field, whatever it was.
 */
#pragma once

#include "analyzer/base/arena.h"
#include "signatures/sigdb.h"

enum ooni_field {
	OONI_NAME,
	OONI_SCOPE,
	OONI_OTHER_NAMES,
	OONI_LOCATION_FOUND,
	OONI_PATTERN_TYPE,
	OONI_PATTERN,
	OONI_CONFIDENCE_NO_FP,
	OONI_EXPECTED_COUNTRIES,
	OONI_SOURCE,
	OONI_EXP_URL,
	OONI_NOTES,
	OONI_FIELDS
};

extern const char *const ooni_names[OONI_FIELDS];

#define OONI_SET         "ooni"
#define OONI_SOURCE_TEXT "OONI blocking-fingerprints"
#define OONI_URL         "https://github.com/ooni/blocking-fingerprints"

/* How import marks, at the end of `notes`, why a row is off; what stands before it is the publisher's. */
#define IMPORT_OFF_MARK "[off: "

enum ooni_outcome {
	OONI_WRITTEN,
	OONI_NO_WORD /* the format has no word for it */,
	OONI_BROKEN /* origin cannot be read */
};

/* Their row, borrowed from s or in the arena. ERR_NOMEM is the only failure. *why names what has no word, or is broken. */
int ooni_write(const struct signature *s, struct arena *arena, struct span out[OONI_FIELDS], enum ooni_outcome *outcome,
               const char **why, struct err *e);

/* The `origin` from which ooni_write makes `original` out of s, whose own origin is not looked at. ERR_NOMEM. */
int ooni_origin(const struct signature *s, const struct span original[OONI_FIELDS], struct arena *arena,
                struct span *origin, struct err *e);
