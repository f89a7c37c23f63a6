/* The words of the rule language: what a condition can be about, and what it can say. */
#include "signatures/rule_parts.h"

enum {
	K_RST = 1 << RULE_RST,
	K_DNS = 1 << RULE_DNS,
	K_HTTP = 1 << RULE_HTTP,
	K_TCP = K_RST | K_HTTP,
	K_ALL = K_RST | K_DNS | K_HTTP,
};

static const struct rule_word yes_no[] = {{"no", BURST_NO}, {"yes", BURST_YES}, {NULL, 0}};

static const struct rule_word counters[] = {{"unknown", BURST_COUNTER_UNKNOWN},
                                            {"zero", BURST_COUNTER_ZERO},
                                            {"local", BURST_COUNTER_LOCAL},
                                            {"global", BURST_COUNTER_GLOBAL},
                                            {"random", BURST_COUNTER_RANDOM},
                                            {"const", BURST_COUNTER_CONST},
                                            {NULL, 0}};

static const struct rule_word stages[] = {{"post_syn", BURST_POST_SYN},
                                          {"post_ack", BURST_POST_ACK},
                                          {"post_psh", BURST_POST_PSH},
                                          {"later", BURST_LATER},
                                          {NULL, 0}};

static const struct rule_word questions[] = {{"tls", BURST_ASKED_TLS},
                                             {"http", BURST_ASKED_HTTP},
                                             {"dns", BURST_ASKED_DNS},
                                             {NULL, 0}};

static const struct rule_word ways[] = {{"client", BURST_TO_CLIENT}, {"server", BURST_TO_SERVER}, {NULL, 0}};

const struct rule_fact_info rule_facts[RULE_FACT_COUNT] = {
    [ABOUT_COUNT] = {.name = "count", .words = "number of packets", .kinds = K_TCP},
    [ABOUT_FLAGS] = {.name = "flags", .words = "flags", .type = TYPE_FLAGS, .of_packet = true, .kinds = K_TCP},
    [ABOUT_TTL] = {.name = "ttl", .words = "TTL", .of_packet = true, .groups = RULE_GROUP_TTL, .kinds = K_ALL},
    [ABOUT_WINDOW] =
        {.name = "window", .words = "raw window", .of_packet = true, .groups = RULE_GROUP_WIN, .kinds = K_TCP},
    [ABOUT_WINDOW_TTL] = {.name = "window-ttl",
                          .words = "window minus TTL",
                          .of_packet = true,
                          .groups = RULE_GROUP_TTL | RULE_GROUP_WIN,
                          .kinds = K_TCP},
    [ABOUT_IPID] =
        {.name = "ipid", .words = "IP-ID", .of_packet = true, .wraps = 16, .groups = RULE_GROUP_IPID, .kinds = K_ALL},
    [ABOUT_DF] = {.name = "df",
                  .words = "don't-fragment bit",
                  .type = TYPE_WORD,
                  .of_packet = true,
                  .kinds = K_ALL,
                  .choices = yes_no},
    [ABOUT_SEQ] = {.name = "seq",
                   .words = "sequence number",
                   .of_packet = true,
                   .wraps = 32,
                   .groups = RULE_GROUP_SEQ,
                   .kinds = K_TCP},
    [ABOUT_ACK] = {.name = "ack",
                   .words = "acknowledgement field",
                   .of_packet = true,
                   .wraps = 32,
                   .groups = RULE_GROUP_SEQ,
                   .kinds = K_TCP},
    [ABOUT_PAYLOAD] = {.name = "payload", .words = "payload length", .of_packet = true, .kinds = K_ALL},
    [ABOUT_BYTES] = {.name = "bytes", .words = "payload", .type = TYPE_BYTES, .of_packet = true, .kinds = K_ALL},
    [ABOUT_OPTIONS] = {.name = "options", .words = "bytes of TCP options", .of_packet = true, .kinds = K_TCP},
    [ABOUT_ANSWERS] = {.name = "answers",
                       .words = "what a closed socket would answer",
                       .type = TYPE_WORD,
                       .of_packet = true,
                       .kinds = K_RST,
                       .choices = yes_no},
    [ABOUT_GAP] = {.name = "gap", .words = "time to the next", .type = TYPE_TIME, .kinds = K_TCP},
    [ABOUT_COUNTER] =
        {.name = "counter", .words = "IP-ID counter", .type = TYPE_WORD, .kinds = K_ALL, .choices = counters},
    [ABOUT_FRONT_END] = {.name = "front-end",
                         .words = "SYN/ACK copies the IP-ID of the SYN",
                         .type = TYPE_WORD,
                         .kinds = K_TCP,
                         .choices = yes_no},
    [ABOUT_STAGE] =
        {.name = "stage", .words = "stage of the connection", .type = TYPE_WORD, .kinds = K_TCP, .choices = stages},
    [ABOUT_ASKED] = {.name = "asked", .words = "question", .type = TYPE_WORD, .kinds = K_TCP, .choices = questions},
    [ABOUT_WAY] = {.name = "to", .words = "sent to the", .type = TYPE_WORD, .kinds = K_ALL, .choices = ways},
    [ABOUT_PORT] = {.name = "port", .words = "port of the server", .kinds = K_ALL},
    [ABOUT_DNS_AA] =
        {.name = "dns-aa", .words = "authoritative bit", .type = TYPE_WORD, .kinds = K_DNS, .choices = yes_no},
    [ABOUT_DNS_RA] = {.name = "dns-ra", .words = "recursion bit", .type = TYPE_WORD, .kinds = K_DNS, .choices = yes_no},
    [ABOUT_DNS_RD] =
        {.name = "dns-rd", .words = "recursion asked for", .type = TYPE_WORD, .kinds = K_DNS, .choices = yes_no},
    [ABOUT_DNS_OPT] =
        {.name = "dns-opt", .words = "OPT record in the answer", .type = TYPE_WORD, .kinds = K_DNS, .choices = yes_no},
    [ABOUT_DNS_QUERY_OPT] = {.name = "dns-query-opt",
                             .words = "OPT record in the query",
                             .type = TYPE_WORD,
                             .kinds = K_DNS,
                             .choices = yes_no},
    [ABOUT_DNS_POINTER] = {.name = "dns-pointer",
                           .words = "ends in a record named by a pointer to the question",
                           .type = TYPE_WORD,
                           .kinds = K_DNS,
                           .choices = yes_no},
    [ABOUT_DNS_TTL] = {.name = "dns-ttl", .words = "TTL of the first record", .kinds = K_DNS},
    [ABOUT_DNS_ANSWERS] = {.name = "dns-answers", .words = "answer records", .kinds = K_DNS},
    [ABOUT_DNS_RCODE] = {.name = "dns-rcode", .words = "response code", .kinds = K_DNS},
    [ABOUT_DNS_TRAILING] = {.name = "dns-trailing", .words = "bytes behind the message", .kinds = K_DNS},
    [ABOUT_HTTP_STATUS] = {.name = "http-status", .words = "HTTP status", .kinds = K_HTTP},
};

const char *const rule_which_names[WHICH_COUNT] = {
    [WHICH_ALL] = "",    [WHICH_BARE] = "rst",    [WHICH_WITH_ACK] = "rstack",
    [WHICH_OWN] = "own", [WHICH_OTHER] = "other", [WHICH_REQUEST] = "request",
};

const struct rule_word rule_flag_letters[] = {{"F", BURST_TCP_FIN}, {"S", BURST_TCP_SYN},
                                              {"R", BURST_TCP_RST}, {"P", BURST_TCP_PSH},
                                              {"A", BURST_TCP_ACK}, {"U", BURST_TCP_URG},
                                              {"E", BURST_TCP_ECE}, {"C", BURST_TCP_CWR},
                                              {"N", BURST_TCP_NS},  {NULL, 0}};
