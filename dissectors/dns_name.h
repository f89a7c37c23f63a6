/* Domain names in DNS messages (RFC 1035, section 4.1.4): reading with decompression, and the presentation form. */
#pragma once

#include "analyzer/base/arena.h"
#include "analyzer/base/cursor.h"
#include "dissectors/dns.h"

enum dns_name_result {
	DNS_NAME_OK,
	DNS_NAME_SHORT, /* the bytes end within the name */
	DNS_NAME_BAD    /* a pointer that does not lead backwards, an unknown label type, or longer than 255 bytes */
};

struct dns_name {
	char text[DNS_NAME_MAX]; /* presentation form as dns.h describes, not NUL-ended */
	size_t len;
};

/*
 * Reads the name at the cursor, which must be over the whole message so that pointers lead into it, and moves behind the
 * name's bytes in place. *out is whole only with DNS_NAME_OK. Otherwise the cursor is where reading stopped.
 */
enum dns_name_result dns_name_read(struct cursor *message, struct dns_name *out);

/* Moves behind the name without following pointers or spelling it out. */
enum dns_name_result dns_name_skip(struct cursor *message);
