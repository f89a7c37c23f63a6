/* Certificates of any bytes. */
#include "dissectors/x509.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena scratch = {0};
	struct x509 x;
	uint64_t sum = 0;
	x509_read(&x, span_of(data, size), &scratch);
	const struct span spans[] = {x.issuer, x.subject, x.issuer_cn, x.subject_cn, x.spki};
	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
		for (size_t n = 0; n < spans[i].len; n++)
			sum += spans[i].ptr[n];
	}
	if (x.name_count > X509_NAMES_MAX || x.issuer.len > X509_DN_MAX || x.subject.len > X509_DN_MAX ||
	    sum == UINT64_MAX)
		abort();
	for (size_t i = 0; i < x.name_count; i++) {
		if (x.names[i].len > size)
			abort();
	}
	arena_free(&scratch);
	return 0;
}
