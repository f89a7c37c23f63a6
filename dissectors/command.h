/*
 * Protocols in which a client says one command a line and a server greets with a number: what SMTP (RFC 5321) and FTP (RFC 959)
 * share. Only the commands are told; replies, mails and files are not looked at.
 *
 *   S: 220 mail.example ESMTP CR LF
 *   C: EHLO client.example CR LF
 */
#pragma once

#include "dissectors/dissector.h"

enum { COMMAND_LINE_MAX = 1024 /* RFC 5321, 4.5.3.1.4: 512; a line without an end is no command */ };

/* Body of COMMAND: a whole line of the client that starts with a known word. */
struct command {
	enum trigger_kind kind; /* TRIGGER_SMTP or TRIGGER_FTP */
	struct span word;       /* as in the table */
};

/* What tells one protocol from another. */
struct command_set {
	enum trigger_kind kind;
	const char *const *words; /* NULL-terminated, upper case */
	const char *const *last;  /* those after which the stream is something else: a mail, TLS; NULL-terminated */
	const uint16_t *ports;    /* 0-terminated: a greeting there is this protocol's */
	const char *greeting;     /* elsewhere a greeting must hold this, in upper case */
};

struct command_state {
	bool over; /* what the client sends from now on is no command */
};

enum probe command_probe(const struct command_set *set, const struct flow *f, enum dir d, struct span head);
size_t command_stream(const struct command_set *set, struct dissection *d, struct span data, bool fin);
