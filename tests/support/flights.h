/* TLS messages made by hand, as bytes of one record each: hellos, alerts, certificates. */
#pragma once

#include "analyzer/base/span.h"

#include <stddef.h>
#include <stdint.h>

enum { FLIGHT_MAX = 4000 };

struct flight {
	uint8_t bytes[FLIGHT_MAX];
	uint32_t len;
};

/* A ClientHello for TLS 1.3. name NULL: without one. extension: one more type, empty; 0: none. pad_to: bytes of the whole record
 * at least, by a padding extension. */
struct flight flight_client_hello(const char *name, uint16_t extension, size_t pad_to);
/* A ServerHello for TLS 1.2. */
struct flight flight_server_hello(void);
struct flight flight_alert(uint8_t level, uint8_t description);
/* A Certificate message that holds one certificate, with one common name in issuer and subject each, valid from 2026-01-01
 * for `days`; key: a byte that the public key repeats. */
struct flight flight_certificate(const char *issuer, const char *subject, unsigned days, uint8_t key);
/* One message with the certificates of both, the leaf first. */
struct flight flight_chain(const struct flight *leaf, const struct flight *above);
/* The certificate in such a message of one, DER. */
struct span flight_der(const struct flight *certificate);
