/* TLS record streams of any bytes in any segments. */
#include "tests/fuzz/feed.h"

extern const struct dissector dissector_tls;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)dissector_tls.probe(NULL, DIR_UP, span_of(data, size));
	feed_compare(&dissector_tls, 443, span_of(data, size), false);
	return 0;
}
