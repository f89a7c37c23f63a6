/* ClientHello bodies of any bytes to fingerprints: first byte the transport and whether the hello was cut. */
#include <stdlib.h>

#include "dissectors/ja4.h"
#include "dissectors/tls_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_hex(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!strchr("0123456789abcdef", text[i]) || text[i] == '\0')
			return false;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tls_client_hello hello;
	struct ja4 j;
	char text[JA4_TEXT_SIZE], again[JA4_TEXT_SIZE], ja3[JA3_TEXT_SIZE];
	if (size < 1 || !tls_client_hello_read(&hello, span_of(data + 1, size - 1), data[0] & 4))
		return 0;
	enum ja4_transport transport = (enum ja4_transport)(data[0] & 3) % 3;
	bool whole = ja4_of(&j, &hello, transport);
	ja4_text(&j, text);
	if (whole != ja3_of(ja3, &hello) || whole != (text[0] != '\0'))
		abort();
	if (!whole)
		return 0;
	if (strlen(text) != JA4_TEXT_SIZE - 1 || text[10] != '_' || text[23] != '_' || !is_hex(text + 11, 12) ||
	    !is_hex(text + 24, 12) || strlen(ja3) != JA3_TEXT_SIZE - 1 || !is_hex(ja3, JA3_TEXT_SIZE - 1))
		abort();
	/* The order of ciphers and extensions says nothing to JA4. */
	for (size_t i = 0; i < hello.cipher_count / 2; i++) {
		uint16_t swap = hello.ciphers[i];
		hello.ciphers[i] = hello.ciphers[hello.cipher_count - 1 - i];
		hello.ciphers[hello.cipher_count - 1 - i] = swap;
	}
	if (!ja4_of(&j, &hello, transport) || strcmp(ja4_text(&j, again), text) != 0)
		abort();
	return 0;
}
