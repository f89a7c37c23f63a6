/* The handshake messages that are readable in TLS up to 1.3, as whole messages: also what QUIC carries. */
#pragma once

#include "analyzer/base/arena.h"
#include "dissectors/tls.h"

/*
 * Reads a ClientHello without its 4-byte header. `partial`: the body is cut; what was reached is filled in. False when
 * not even version, random and session id are there. Fields about records are left to the caller. Spans are into body.
 */
bool tls_client_hello_read(struct tls_client_hello *hello, struct span body, bool partial);

/* The same for a whole ServerHello or HelloRetryRequest. False when it does not parse up to the extensions. */
bool tls_server_hello_read(struct tls_server_hello *hello, struct span body);

/* A Certificate message of TLS 1.2 and before. False when there is no first certificate. Texts are in scratch. */
bool tls_certificate_read(struct tls_certificate *certificate, struct span body, struct arena *scratch);
