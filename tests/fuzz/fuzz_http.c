/* HTTP conversations of any bytes in any segments. */
#include "tests/fuzz/feed.h"

extern const struct dissector dissector_http;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)dissector_http.probe(NULL, DIR_UP, span_of(data, size));
	feed_compare(&dissector_http, 80, span_of(data, size), false);
	return 0;
}
