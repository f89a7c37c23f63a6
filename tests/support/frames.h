/*
 * Frames for tests, built from the inside out: payload first, then each header in front of what is there, with lengths
 * and checksums as a sender would fill them in. And what decoding such a frame must keep to, however it is cut.
 */
#pragma once

#include "analyzer/net/decode.h"

enum { BYTES_ROOM = 80000 };

struct bytes {
	size_t start; /* of what is there, which goes on to the end of room */
	uint8_t room[BYTES_ROOM];
};

void bytes_clear(struct bytes *b);
struct span bytes_span(const struct bytes *b);
/* In front: the bytes of a hexadecimal text (blanks do not count), numbers, and plain bytes. */
void bytes_hex(struct bytes *b, const char *hex);
void bytes_be16(struct bytes *b, unsigned value);
void bytes_be32(struct bytes *b, uint32_t value);
void bytes_put(struct bytes *b, struct span s);
/* Behind. */
void bytes_append_zeros(struct bytes *b, size_t count);

struct tcp_fields {
	uint16_t sport, dport;
	uint32_t seq, ack;
	unsigned flags;
	const char *options; /* hexadecimal, a multiple of four bytes; NULL: none */
};

/* Transport headers get their checksum from the IP header put before them. */
void bytes_tcp(struct bytes *b, const struct tcp_fields *f);
void bytes_udp(struct bytes *b, unsigned sport, unsigned dport);
/* Addresses as text. fragment: the flags and offset as they are on the wire. */
void bytes_ipv4(struct bytes *b, uint8_t protocol, const char *src, const char *dst);
void bytes_ipv4_fragment(struct bytes *b, uint8_t protocol, const char *src, const char *dst, unsigned id,
                         unsigned fragment);
void bytes_ipv6(struct bytes *b, uint8_t next, const char *src, const char *dst);
void bytes_ethernet(struct bytes *b, unsigned type);

/* 10.1.1.1:1234 to 10.2.2.2:80 with "hello" in TCP, and 2001:db8::1 to 2001:db8::2 likewise; from empty. */
void bytes_hello(struct bytes *b);
void bytes_hello6(struct bytes *b);
/* Asserts that the packet is the one that bytes_hello or bytes_hello6 made. */
void assert_hello(const struct packet *p, uint8_t version);

struct decoder *frames_decoder(void);
/* A whole frame, decoded at clock_ns 0 unless told. The packet's spans borrow from `bytes`. */
enum decode_result frames_decode(struct decoder *d, uint16_t linktype, struct span bytes, struct packet *p);
enum decode_result frames_decode_at(struct decoder *d, uint16_t linktype, struct span bytes, int64_t clock_ns,
                                    struct packet *p);

/*
 * Every prefix of the frame, at a guard page: read as snapped it is never called malformed (when the whole is not), and
 * never has another address, port or digest than the whole at the same depth of tunnels; read as whole it does not fault.
 */
void assert_prefixes(const char *name, uint16_t linktype, struct span bytes);
