/*
 * Fingerprints of a ClientHello that researchers exchange: JA4 (FoxIO's specification of the client part, BSD 3-clause) and
 * JA3 (Salesforce, 2017). They name a client program, and interceptors are client programs of their own.
 */
#pragma once

#include "dissectors/tls.h"

enum {
	JA4_DIGEST = 6, /* bytes that the text shows of a digest */
	JA4_TEXT_SIZE = 10 + 2 * (1 + 2 * JA4_DIGEST) + 1,
	JA3_TEXT_SIZE = 2 * 16 + 1,
};

/* What carried the hello. */
enum ja4_transport { JA4_TCP, JA4_QUIC, JA4_DTLS };

/* A fingerprint in few bytes. summary[0] 0: none. */
struct ja4 {
	char summary[10];
	uint8_t ciphers[JA4_DIGEST], extensions[JA4_DIGEST]; /* all 0: the lists were empty */
};

/* False for a hello that was cut, or whose lists are longer than struct tls_client_hello holds. */
bool ja4_of(struct ja4 *out, const struct tls_client_hello *hello, enum ja4_transport transport);
/* "t13d1516h2_8daaf6152771_e5627efa2ab1", NUL-ended. */
const char *ja4_text(const struct ja4 *j, char out[JA4_TEXT_SIZE]);

/* MD5 in hexadecimal digits, NUL-ended; false as for ja4_of. */
bool ja3_of(char out[JA3_TEXT_SIZE], const struct tls_client_hello *hello);
