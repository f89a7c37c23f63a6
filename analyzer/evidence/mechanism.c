/* The table of mechanisms, in the order of the taxonomy. */
#include "analyzer/evidence/mechanism.h"

#include <string.h>

const struct mechanism mechanisms[] = {
    {
        .id = "rst_seq_data",
        .stage = "any",
        .protocol = "tcp",
        .note =
            "A reset carries a sequence number that its sender had already passed with data: it fits a packet made by "
            "somebody else, interference by a box on the path.",
        .note_selective =
            "A reset carries a sequence number that its sender had already passed with data, and what it hits "
            "was chosen: it fits censorship by forged resets.",
        .source = "Weaver, Sommer, Paxson, NDSS 2009",
    },
    {
        .id = "data_seq_rst",
        .stage = "any",
        .protocol = "tcp",
        .note = "The purported sender of a reset went on with the connection afterwards, which no closed socket does: "
                "interference by a box on the path.",
        .note_selective =
            "The purported sender of a reset went on with the connection afterwards, and what the reset hits was "
            "chosen: it fits censorship by forged resets.",
        .source = "Weaver, Sommer, Paxson, NDSS 2009; Suricata stream event 2210058",
    },
    {
        .id = "rst_seq_change",
        .stage = "any",
        .protocol = "tcp",
        .note = "A second reset lies beyond every sequence number that was sent or acknowledged, as if guessed ahead: "
                "interference by a box on the path.",
        .note_selective =
            "A second reset lies beyond every sequence number that was sent or acknowledged, and what it hits was "
            "chosen: it fits censorship by forged resets.",
        .source = "Weaver, Sommer, Paxson, NDSS 2009",
    },
    {
        .id = "rst_ack_change",
        .stage = "any",
        .protocol = "tcp",
        .note = "Resets of one burst acknowledge different bytes, or bytes that were never sent: interference by a box "
                "on the "
                "path.",
        .note_selective =
            "Resets of one burst acknowledge different bytes, or bytes that were never sent, and what they hit was "
            "chosen: it fits censorship by forged resets.",
        .source = "Weaver, Sommer, Paxson, NDSS 2009",
    },
    {
        .id = "syn_rst_conflict",
        .stage = "post_syn",
        .protocol = "tcp",
        .note = "One connection attempt was both accepted and reset, and one host does not answer both ways: "
                "interference by a "
                "box on the path.",
        .note_selective =
            "One connection attempt was both accepted and reset, and what was hit was chosen: it fits censorship by "
            "forged resets.",
        .source = "Weaver, Sommer, Paxson, NDSS 2009; Niaki et al., S&P 2020",
    },
    {
        .id = "synack_conflict",
        .stage = "post_syn",
        .protocol = "tcp",
        .note = "One connection attempt was accepted twice with different initial sequence numbers: interference by a "
                "box on the "
                "path, or two hosts behind one address.",
        .note_selective =
            "One connection attempt was accepted twice with different initial sequence numbers, and what was hit was "
            "chosen: it fits censorship by a hijacked handshake.",
        .source = "HoneyBadger; Suricata stream event 2210005",
    },
    {
        .id = "tcp_overlap_conflict",
        .stage = "any",
        .protocol = "tcp",
        .note =
            "Two packets claim the same bytes of a stream and say different things: interference by a box on the path.",
        .note_selective =
            "Two packets claim the same bytes of a stream and say different things, and what was hit was chosen: it "
            "fits censorship by forged content.",
        .source = "Fox-IT 2015; Zeek rexmit_inconsistency; Suricata stream event 2210050",
    },
    {
        .id = "http_blockpage",
        .stage = "http",
        .protocol = "http",
        .note = "The answer equals a page that filtering boxes are known to send: interference by a box on the path.",
        .note_selective =
            "The answer equals a page that is known to stand in place of blocked content: it fits censorship by a "
            "block page.",
        .source = "OONI; Censored Planet; Niaki et al., S&P 2020",
    },
    {
        .id = "http_redirect_block",
        .stage = "http",
        .protocol = "http",
        .note = "The answer leads to a place that filtering boxes are known to redirect to, or to an address that is "
                "not public: "
                "interference by a box on the path.",
        .note_selective =
            "The answer leads to a place that is known to stand in place of blocked content: it fits censorship by "
            "redirection.",
        .source = "OONI; net4people reports 241 and 295",
    },
    {
        .id = "dns_dual_answer",
        .stage = "dns",
        .protocol = "dns",
        .note =
            "One DNS query has answers that contradict each other: at least one was not sent by the resolver asked, "
            "interference by a box on the path.",
        .note_selective =
            "One DNS query has answers that contradict each other, and what was hit was chosen: it fits censorship by "
            "forged DNS answers.",
        .source = "Duan et al., SATIN 2012; Anonymous et al., FOCI 2020; Hoang et al., USENIX Security 2021",
    },
    {
        .id = "dns_bogon_answer",
        .stage = "dns",
        .protocol = "dns",
        .note = "A public name was answered with an address that is not public: a filtering resolver, a private view "
                "of the name, "
                "or interference by a box on the path.",
        .note_selective =
            "A public name was answered with an address that is known to stand in place of blocked names: it fits "
            "censorship by false DNS answers.",
        .source = "Pearce et al., USENIX Security 2017",
    },
    {
        .id = "dns_known_forged_ip",
        .stage = "dns",
        .protocol = "dns",
        .note = "The answer holds an address that is known from forged DNS answers and does not belong to the name's "
                "owner: "
                "interference by a box on the path.",
        .note_selective =
            "The answer holds an address that is known from forged DNS answers of a filtering system and does not "
            "belong to the name's owner: it fits censorship by false DNS answers.",
        .source = "Hoang et al., USENIX Security 2021",
    },
    {
        .id = "local_interference",
        .stage = "any",
        .protocol = "any",
        .note = "The packet was made on the client's own network, by security software, a router or a proxy; it says "
                "nothing of "
                "the network outside.",
        .source = "docs/rules.md, guard G20",
    },
    {
        .id = "captive_portal",
        .stage = "any",
        .protocol = "any",
        .note = "The network asks its user to log in before it lets traffic through.",
        .source = "docs/rules.md, guard G21",
    },
    {
        .id = "server_side_geoblock",
        .stage = "any",
        .protocol = "any",
        .note = "The server itself, or the network that serves it, refuses this visitor.",
        .source = "docs/rules.md, mechanism C3; RFC 7725",
    },
};

const size_t mechanism_count = sizeof mechanisms / sizeof mechanisms[0];

const struct mechanism *mechanism_find(const char *id)
{
	for (size_t i = 0; i < mechanism_count; i++)
		if (strcmp(mechanisms[i].id, id) == 0)
			return &mechanisms[i];
	return NULL;
}
