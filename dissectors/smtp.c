/* SMTP (RFC 5321): the client's commands, up to the first mail or to TLS. Mails after the first are not looked for. */
#include "dissectors/command.h"

static const char *const words[] = {"EHLO", "HELO", "MAIL", "RCPT", "DATA",     "BDAT", "AUTH",
                                    "VRFY", "RSET", "NOOP", "QUIT", "STARTTLS", NULL};
static const char *const last[] = {"DATA", "BDAT", "STARTTLS", NULL};
static const uint16_t ports[] = {25, 587, 2525, 0};
static const struct command_set smtp = {TRIGGER_SMTP, words, last, ports, "SMTP"};

static enum probe probe(const struct flow *f, enum dir d, struct span head)
{
	return command_probe(&smtp, f, d, head);
}

static size_t stream(struct dissection *d, struct span data, bool fin)
{
	return command_stream(&smtp, d, data, fin);
}

const struct dissector dissector_smtp = {
    .name = "smtp",
    .l4_proto = IPPROTO_TCP,
    .flow_size = sizeof(struct command_state),
    .probe = probe,
    .stream = stream,
};
