/* FTP (RFC 959): the commands of a control connection, up to TLS. Data connections are not looked at. */
#include "dissectors/command.h"

static const char *const words[] = {"USER", "PASS", "AUTH", "FEAT", "SYST", "OPTS", "PWD",  "CWD",
                                    "TYPE", "PASV", "EPSV", "PORT", "EPRT", "LIST", "NLST", "MLSD",
                                    "RETR", "STOR", "SIZE", "NOOP", "QUIT", NULL};
static const char *const last[] = {"AUTH", NULL};
static const uint16_t ports[] = {21, 0};
static const struct command_set ftp = {TRIGGER_FTP, words, last, ports, "FTP"};

static enum probe probe(const struct flow *f, enum dir d, struct span head)
{
	return command_probe(&ftp, f, d, head);
}

static size_t stream(struct dissection *d, struct span data, bool fin)
{
	return command_stream(&ftp, d, data, fin);
}

const struct dissector dissector_ftp = {
    .name = "ftp",
    .l4_proto = IPPROTO_TCP,
    .flow_size = sizeof(struct command_state),
    .probe = probe,
    .stream = stream,
};
