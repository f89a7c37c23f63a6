/* The parts of an X.509 certificate (RFC 5280) that name somebody or something. Nothing is verified. */
#pragma once

#include "analyzer/base/arena.h"

enum {
	X509_NAMES_MAX = 16,  /* dNSName entries kept */
	X509_DN_MAX = 1024,   /* of a distinguished name as text; the rest is dropped */
	X509_LEVELS_MAX = 64, /* attributes and sets of a distinguished name that are read */
};

struct x509 {
	struct span issuer, subject;       /* "C=KZ, CN=..." in the order of the certificate, in scratch */
	struct span issuer_cn, subject_cn; /* last commonName; in the certificate, or in scratch where it was UTF-16 */
	struct span names[X509_NAMES_MAX]; /* dNSName of subjectAltName */
	size_t name_count;
	int64_t not_before, not_after; /* seconds since 1970, or INT64_MIN */
	struct span spki;              /* SubjectPublicKeyInfo, whole, DER */
	bool whole;                    /* everything parsed, to the end of the bytes */
};

/* Reads as far as the DER goes; what was not reached is empty. */
void x509_read(struct x509 *out, struct span der, struct arena *scratch);
