/* The table of mechanisms, in the order of the taxonomy. */
#include "analyzer/evidence/mechanism.h"

#include <string.h>

/* What a server saw of a client, one of the published nineteen. */
#define STAGE_SIGNATURE(name, how_far, what)                                                                           \
	{                                                                                                              \
		.id = (name), .stage = (how_far), .protocol = "tcp",                                                   \
		.note = "The server received " what ": filters cause this, and so do clients that give up, scanners "  \
		        "and lost networks.",                                                                          \
		.source = "Sundara Raman et al., SIGCOMM 2023",                                                        \
		.rule = "Among the first ten packets that a server received of a connection: " what ".",               \
		.innocent =                                                                                            \
		    "Scanners (G15), losers of a race between addresses (G16), clients that abort (G17), lost "        \
		    "coverage. Another TTL or IP-ID of the reset than of the client's other packets tells them "       \
		    "apart; silence alone says little.",                                                               \
		.terms = "E11 E02 E03 E05 N15 N16 N17",                                                                \
		.guards = 1U << GUARD_SCANNER | 1U << GUARD_HAPPY_EYEBALLS | 1U << GUARD_CLIENT_ABORT,                 \
	}

const struct mechanism mechanisms[] = {
    STAGE_SIGNATURE("sig_syn_none", "post_syn", "one SYN, then silence"),
    STAGE_SIGNATURE("sig_syn_rst", "post_syn", "one SYN, then resets without ACK"),
    STAGE_SIGNATURE("sig_syn_rstack", "post_syn", "one SYN, then resets with ACK"),
    STAGE_SIGNATURE("sig_syn_rst_rstack", "post_syn", "one SYN, then resets with and without ACK"),
    STAGE_SIGNATURE("sig_ack_none", "post_ack", "a handshake, then silence"),
    STAGE_SIGNATURE("sig_ack_rst", "post_ack", "a handshake, then one reset without ACK"),
    STAGE_SIGNATURE("sig_ack_rst_rst", "post_ack", "a handshake, then several resets without ACK"),
    STAGE_SIGNATURE("sig_ack_rstack", "post_ack", "a handshake, then one reset with ACK"),
    STAGE_SIGNATURE("sig_ack_rstack_rstack", "post_ack", "a handshake, then several resets with ACK"),
    STAGE_SIGNATURE("sig_psh_none", "post_psh", "one data packet, then silence"),
    STAGE_SIGNATURE("sig_psh_rst", "post_psh", "one data packet, then one reset without ACK"),
    STAGE_SIGNATURE("sig_psh_rstack", "post_psh", "one data packet, then one reset with ACK"),
    STAGE_SIGNATURE("sig_psh_rst_rstack", "post_psh", "one data packet, then resets with and without ACK"),
    STAGE_SIGNATURE("sig_psh_rstack_rstack", "post_psh", "one data packet, then several resets with ACK"),
    STAGE_SIGNATURE("sig_psh_rst_eq_rst", "post_psh",
                    "one data packet, then several resets without ACK whose acknowledgement fields are equal"),
    STAGE_SIGNATURE("sig_psh_rst_ne_rst", "post_psh",
                    "one data packet, then several resets without ACK whose acknowledgement fields differ"),
    STAGE_SIGNATURE("sig_psh_rst_rst0", "post_psh",
                    "one data packet, then several resets without ACK, one with an acknowledgement field of 0"),
    STAGE_SIGNATURE("sig_data_rst", "later", "several data packets, then resets without ACK"),
    STAGE_SIGNATURE("sig_data_rstack", "later", "several data packets, then resets with ACK"),
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
        .rule = "A RST lies more than 2 bytes behind data that its sender had sent within the 2 s before, and is no "
                "answer to a packet.",
        .innocent = "A closed socket answering what still arrives takes its number from there (off, G3); a stack that "
                    "resets at the edge of the window (off); reordering, told by timestamps or IP-IDs (G5).",
        .terms = "E04b E05",
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
        .rule = "Within 2 s after a RST its sender sends new data beyond the RST's number, and the two were not merely "
                "swapped.",
        .innocent = "Retransmissions, unless their timestamp is newer; a reused port (G13); the RST of another "
                    "connection, 1 MiB away; one host of several behind an address (load_balancer).",
        .terms = "E05",
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
        .rule = "Within 2 s a second RST lies more than 2 beyond the first, beyond all that its sender sent and all "
                "that the other side acknowledged.",
        .innocent =
            "The capture lost the data between them: off where bytes were acknowledged that it does not hold (G2).",
        .terms = "E04 E05",
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
        .rule =
            "Within 2 s two RST+ACKs acknowledge different bytes, and at least one of them bytes that were never sent.",
        .innocent = "RST+ACKs that answer two packets in flight (each number is the end of one: off); lost data (G2); "
                    "a start that was not captured (G1).",
        .terms = "E04c E05",
    },
    {
        .id = "rst_fingerprint",
        .stage = "any",
        .protocol = "tcp",
        .note = "Resets have the marks of a known injector: interference by a box on the path.",
        .note_selective = "Resets have the marks of an injector that is known to choose what it hits: it fits "
                          "censorship by forged resets.",
        .source = "Weaver, Sommer, Paxson, NDSS 2009; Wang et al., IMC 2017; the source of the signature",
        .rule = "The fields of a reset, or the way they change within a burst of two seconds, are as a row of kind rst "
                "says.",
        .innocent = "Answers of a closed socket, which carry the number that they were asked with; copies made by a "
                    "mirror port, which a file full of copies gives away. Patterns that an ordinary close has too are "
                    "hints, which find nothing.",
        .terms = "E09_seq E09_ttl E09_ipid E09_win E09b_seq E09b_ttl E09b_ipid E09b_win E09 E09b E02c E05",
    },
    {
        .id = "rst_with_payload",
        .stage = "any",
        .protocol = "tcp",
        .note = "A reset carries bytes, as few hosts send it and some injectors do.",
        .source = "RFC 9293; RFC 1122; Wu et al., S&P 2025; Nourin et al. 2023",
        .rule = "A RST has a payload, padding of the link left out. A match when a row of kind rst knows it, else a "
                "symptom.",
        .innocent = "Some stacks put a reason in words into a reset (RFC 1122): payload_text shows it.",
        .terms = "E11 E09 E09b E02c",
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
        .rule = "A SYN/ACK and a RST that acknowledge the same SYN, within 3 s and without another SYN between them; "
                "where the RST came second, one of E01, E02, E03.",
        .innocent = "A cluster where one machine refuses (half weight after a repeated SYN, load_balancer named); a "
                    "server that accepts and then aborts.",
        .terms = "E05b",
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
        .rule = "Two SYN/ACKs for one SYN with different initial numbers, among the first 12 packets.",
        .innocent = "A SYN that was sent twice (off); load balancers and SYN cookies: load_balancer is always named, "
                    "and without another feature the weight is half.",
        .terms = "E05b",
    },
    {
        .id = "rst_both_ways",
        .stage = "any",
        .protocol = "tcp",
        .note = "Resets reached both ends of a connection within a millisecond, in the middle of the path, where the "
                "ends are far from each other: interference by a box on the path.",
        .note_selective = "Resets went to both ends of a connection at once, and what they hit was chosen: it fits "
                          "censorship by forged resets.",
        .source = "Clayton, Murdoch, Watson, PET 2006; net4people report 511",
        .rule = "Seen between two ends that are each over 4 ms away: a reset from each within 1 ms, of which neither "
                "answers a packet of the other.",
        .innocent = "A firewall in line that rejects with resets to both (a box all the same, perhaps a company's).",
        .terms = "E05b E02 E03 E03b",
    },
    {
        .id = "tls_sni_rst",
        .stage = "post_psh",
        .protocol = "tls",
        .note = "A reset was the first answer to a TLS hello: interference by a box on the path, or a server that "
                "refuses it.",
        .note_selective = "A reset was the first answer to a TLS hello, and names asked at the same place got other "
                          "answers: it fits censorship by resets.",
        .source = "Bock et al. 2020; Sundara Raman et al., SIGCOMM 2023",
        .rule = "The first packet of the server behind a TLS hello, pure ACKs aside, is a reset that acknowledges it "
                "or stands where the server's next byte would. A contradiction with E01, E05 or where the burst broke "
                "B1 to B4 or F2.",
        .innocent = "A server that refuses the name, the client or the protocol does it for every client (name "
                    "contrast), with its own TTL, IP-ID and window. A server that had answered or closed (G18), a "
                    "client that aborts (G17), a minute of silence before (G19) rule it out; a box on the client's "
                    "network (G20) makes it local_interference.",
        .terms = "E11 E04 E04b E04c E04d E05 E10_1 E10_2 E10_3 E10_4 E13 N17",
        .guards = 1U << GUARD_CLIENT_ABORT,
    },
    {
        .id = "http_host_rst",
        .stage = "post_psh",
        .protocol = "http",
        .note = "A reset was the first answer to an HTTP request: interference by a box on the path, or a server that "
                "refuses it.",
        .note_selective = "A reset was the first answer to an HTTP request, and names asked at the same place got "
                          "other answers: it fits censorship by resets.",
        .source = "Bock et al. 2020; Sundara Raman et al., SIGCOMM 2023",
        .rule = "The first packet of the server behind an HTTP request, pure ACKs aside, is a reset that acknowledges "
                "it or stands where the server's next byte would. A contradiction with E01, E05 or where the burst "
                "broke B1 to B4 or F2.",
        .innocent = "A server that refuses the name, the client or the protocol does it for every client (name "
                    "contrast), with its own TTL, IP-ID and window. A server that had answered or closed (G18), a "
                    "client that aborts (G17), a minute of silence before (G19) rule it out; a box on the client's "
                    "network (G20) makes it local_interference.",
        .terms = "E11 E04 E04b E04c E04d E05 E10_1 E10_2 E10_3 E10_4 E13 N17",
        .guards = 1U << GUARD_CLIENT_ABORT,
    },
    {
        .id = "smtp_rst",
        .stage = "post_psh",
        .protocol = "smtp",
        .note = "A reset was the first answer to a mail command: interference by a box on the path, or a server that "
                "refuses it.",
        .note_selective = "A reset was the first answer to a mail command, and names asked at the same place got other "
                          "answers: it fits censorship by resets.",
        .source = "Bock et al. 2020; Sundara Raman et al., SIGCOMM 2023",
        .rule = "The first packet of the server behind a mail command, pure ACKs aside, is a reset that acknowledges "
                "it or stands where the server's next byte would. A contradiction with E01, E05 or where the burst "
                "broke B1 to B4 or F2.",
        .innocent = "A server that refuses the name, the client or the protocol does it for every client (name "
                    "contrast), with its own TTL, IP-ID and window. A server that had answered or closed (G18), a "
                    "client that aborts (G17), a minute of silence before (G19) rule it out; a box on the client's "
                    "network (G20) makes it local_interference.",
        .terms = "E11 E04 E04b E04c E04d E05 E10_1 E10_2 E10_3 E10_4 E13 N17",
        .guards = 1U << GUARD_CLIENT_ABORT,
    },
    {
        .id = "ftp_rst",
        .stage = "post_psh",
        .protocol = "ftp",
        .note = "A reset was the first answer to an FTP command: interference by a box on the path, or a server that "
                "refuses it.",
        .note_selective = "A reset was the first answer to an FTP command, and names asked at the same place got other "
                          "answers: it fits censorship by resets.",
        .source = "Bock et al. 2020; Sundara Raman et al., SIGCOMM 2023",
        .rule = "The first packet of the server behind an FTP command, pure ACKs aside, is a reset that acknowledges "
                "it or stands where the server's next byte would. A contradiction with E01, E05 or where the burst "
                "broke B1 to B4 or F2.",
        .innocent = "A server that refuses the name, the client or the protocol does it for every client (name "
                    "contrast), with its own TTL, IP-ID and window. A server that had answered or closed (G18), a "
                    "client that aborts (G17), a minute of silence before (G19) rule it out; a box on the client's "
                    "network (G20) makes it local_interference.",
        .terms = "E11 E04 E04b E04c E04d E05 E10_1 E10_2 E10_3 E10_4 E13 N17",
        .guards = 1U << GUARD_CLIENT_ABORT,
    },
    {
        .id = "dns_tcp_rst",
        .stage = "post_psh",
        .protocol = "dns",
        .note = "A reset was the first answer to a DNS query over TCP: interference by a box on the path, or a server "
                "that refuses it.",
        .note_selective = "A reset was the first answer to a DNS query over TCP, and names asked at the same place got "
                          "other answers: it fits censorship by resets.",
        .source = "Bock et al. 2020; Sundara Raman et al., SIGCOMM 2023",
        .rule = "The first packet of the server behind a DNS query over TCP, pure ACKs aside, is a reset that "
                "acknowledges it or stands where the server's next byte would. A contradiction with E01, E05 or where "
                "the burst broke B1 to B4 or F2.",
        .innocent = "A server that refuses the name, the client or the protocol does it for every client (name "
                    "contrast), with its own TTL, IP-ID and window. A server that had answered or closed (G18), a "
                    "client that aborts (G17), a minute of silence before (G19) rule it out; a box on the client's "
                    "network (G20) makes it local_interference.",
        .terms = "E11 E04 E04b E04c E04d E05 E10_1 E10_2 E10_3 E10_4 E13 N17",
        .guards = 1U << GUARD_CLIENT_ABORT,
    },
    {
        .id = "fin_injected",
        .stage = "post_psh",
        .protocol = "tcp",
        .note = "The purported sender of a FIN went on as if it had not sent it: interference by a box on the path.",
        .note_selective = "The purported sender of a FIN went on as if it had not sent it, and what it hits was "
                          "chosen: it fits censorship by forged closes.",
        .source = "Bock et al. 2021; Tai et al. 2025",
        .rule = "Behind a FIN, within 2 s, its sender sends payload in the place of the FIN or beyond it. "
                "Acknowledgements as if it had not closed are named.",
        .innocent = "Reordering (G5), a reused port (G13), wrong checksums (G10); forged payload behind a genuine FIN "
                    "has the odd headers itself. Where the FIN carried payload that another packet contradicts, "
                    "tcp_overlap_conflict is the row.",
        .terms = "E05",
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
        .rule = "Two segments give different bytes for the same sequence numbers, inside the receiver's window, among "
                "the first 10 segments and 4096 bytes of a turn.",
        .innocent = "Keep-alives and window probes (G11, G12), wrong checksums (G10), copies (G4), cut packets (G8), "
                    "payload overwritten by an anonymiser, two flows in two tunnels.",
        .terms = "E06 E06b",
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
        .rule =
            "Status line, header, title or body matches a row of the signatures; rows of action fp silence the others.",
        .innocent = "Error pages of content networks (fp rows), filters of companies and schools (scope product), a "
                    "server that refuses this visitor itself, a login portal (G21), a box at home (G20).",
        .terms = "E02e E05b E06 E06b E09 E09b E09_hint E09_private",
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
        .rule = "Location, meta refresh, frame or script leads to a host of the signatures, or from a public server to "
                "an address that is not public.",
        .innocent = "Login portals (G21), filters of companies, appliances behind a public name.",
        .terms = "E02e E05b E06 E06b E09 E09b E09_hint E09_private",
    },
    {
        .id = "tls_sni_drop",
        .stage = "tls_handshake",
        .protocol = "tls",
        .note = "A ClientHello was sent again and again and never acknowledged, on a connection that had just been "
                "accepted: it or its answers were lost or dropped.",
        .note_selective = "A ClientHello was sent again and again and never acknowledged, and other names were not hit "
                          "at the same address: it fits censorship by dropping packets.",
        .source = "Xue et al., TSPU, IMC 2022; OONI",
        .rule = "The handshake is complete; the hello is sent three times or more; 6 s after the first, nothing has "
                "acknowledged all of it, and the server has neither reset nor closed.",
        .innocent = "A server or path that died that moment (other names at the address, guard G22); a path that loses "
                    "large packets (pmtu_blackhole: large hellos fail for all names); a NAT that forgot the connection "
                    "(G19, silent); a capture that misses packets (G2, G9, silent).",
        .terms = "E11 E10_1 E10_2 E10_3 E10_4 E10b E13 N22",
        .guards = 1U << GUARD_OWN_NETWORK_DOWN,
    },
    {
        .id = "tls_sni_stall",
        .stage = "tls_handshake",
        .protocol = "tls",
        .note = "A ClientHello was acknowledged, and then, after a few packets at most, nothing passed any more.",
        .note_selective = "A ClientHello was acknowledged and then nothing passed any more, and other names were not "
                          "hit at the same address: it fits censorship by dropping packets.",
        .source = "Xue et al., TSPU, IMC 2022",
        .rule =
            "The hello is acknowledged. Then either at most 8 packets of the server pass and what one side sends is "
            "transmitted four times in 6 s or more without an acknowledgement, or no payload comes for 12 s. At a "
            "server: what it answers is transmitted four times and nobody acknowledges it.",
        .innocent = "A server that is slow, or does not answer this name; a client that vanished; a radio hole. Other "
                    "names at the address tell (contrast), guard G22 a network that was down for everything.",
        .terms = "E11 E10_1 E10_2 E10_3 E10_4 E13 N22",
        .guards = 1U << GUARD_OWN_NETWORK_DOWN,
    },
    {
        .id = "tls_esni_drop",
        .stage = "tls_handshake",
        .protocol = "tls",
        .note =
            "A connection fell silent at a ClientHello with an encrypted server name of the drafts (extension ffce).",
        .note_selective = "A connection fell silent at a ClientHello with an encrypted server name of the drafts, and "
                          "others were not hit at the same address: it fits censorship by dropping packets.",
        .source = "gfw.report 2020",
        .rule = "As tls_sni_drop or tls_sni_stall, with extension ffce in the hello.",
        .innocent = "As for tls_sni_drop; a server that does not know the draft answers all the same.",
        .terms = "E11 E10_1 E10_2 E10_3 E10_4 E10b E13 N22",
        .guards = 1U << GUARD_OWN_NETWORK_DOWN,
    },
    {
        .id = "tls_ech_drop",
        .stage = "tls_handshake",
        .protocol = "tls",
        .note = "A connection fell silent at a ClientHello with ECH and the outer name cloudflare-ech.com.",
        .note_selective = "A connection fell silent at a ClientHello with ECH and the outer name cloudflare-ech.com, "
                          "and other names were not hit at the same address: it fits censorship by dropping packets.",
        .source = "net4people report 417; Niere et al. 2025",
        .rule = "As tls_sni_drop or tls_sni_stall, with extension fe0d and that outer name in the hello. Browsers send "
                "the extension to everybody, so alone it says nothing.",
        .innocent = "As for tls_sni_drop.",
        .terms = "E11 E10_1 E10_2 E10_3 E10_4 E10b E10c E13 N22",
        .guards = 1U << GUARD_OWN_NETWORK_DOWN,
    },
    {
        .id = "quic_sni_drop",
        .stage = "quic_handshake",
        .protocol = "quic",
        .note = "A QUIC handshake died: what the client sent found no answer, while the server, or another name at the "
                "same address, went on.",
        .note_selective = "A QUIC handshake died, and other names were not hit at the same address: it fits censorship "
                          "by dropping packets.",
        .source = "Zohaib et al., USENIX Security 2025; Xue et al., TSPU, IMC 2022",
        .rule = "The server takes the hello and repeats its handshake, while the client's part goes out four times or "
                "more and nothing else comes; or three flights or more of the client get no answer, or no more than a "
                "first Initial, though "
                "another name's handshake at the same address and port came to its end within ten minutes. Either "
                "way for 6 s.",
        .innocent = "A server without QUIC (no name gets an answer: silent); a path that was lost in that direction, a "
                    "network that was down (other names, guard G22); a client that broke off, one direction alone in "
                    "the capture, its end (silent).",
        .terms = "E11 E10_1 E10_2 E10_3 E10_4 E10c E13 N22",
        .guards = 1U << GUARD_OWN_NETWORK_DOWN,
    },
    {
        .id = "udp443_blocked",
        .stage = "quic_handshake",
        .protocol = "quic",
        .note =
            "No QUIC handshake of the client got an answer from UDP port 443 of anybody, though TCP reached the same "
            "servers.",
        .source = "net4people report 108; Elmenhorst et al., IMC 2021",
        .rule =
            "Three servers or more left all Initials of a client on UDP port 443 without an answer (three datagrams "
            "or more, 6 s), two of them answered it by TCP on port 443 or 80, and nothing came from UDP port 443 of "
            "anybody in the whole capture.",
        .innocent =
            "Networks that let no UDP out but DNS: companies, schools, hotels do, and nothing in the packets tells "
            "them from others. Several servers without QUIC.",
        .terms = "E11 N22",
        .guards = 1U << GUARD_OWN_NETWORK_DOWN,
    },
    {
        .id = "tls_alert_forged",
        .stage = "tls_handshake",
        .protocol = "tls",
        .note =
            "A ClientHello was answered with an alert that ends the connection, which the server or a box on the path "
            "may have sent.",
        .note_selective = "A ClientHello was answered with an alert that ends the connection, and the name in it was "
                          "chosen: it fits censorship by forged alerts, unless the server itself refuses the name.",
        .source = "project rule; RFC 8446, section 6; RFC 7323, section 3.2",
        .rule =
            "The first answer to a hello is a fatal alert in the clear. A contradiction if other bytes came for the "
            "same numbers, it came too soon, mirrors the IP-ID of the hello, or has another TTL and lacks the "
            "timestamps (or counts its IP-ID) unlike the rest of the server's packets. Else a symptom.",
        .innocent = "Servers refuse names, versions and hellos with the same alerts; without a contradiction nothing "
                    "tells them apart. Silent at the server itself.",
        .terms = "E06 E06b E01 E01b E02b E03 E03b E07 E11 E10_1 E10_2 E10_3 E10_4 E13",
    },
    {
        .id = "tls_mitm_cert",
        .stage = "tls_handshake",
        .protocol = "tls",
        .note =
            "The certificate is one that an interceptor makes: somebody between client and server ends the encryption.",
        .note_selective = "The certificate is one that a state or a provider is known to intercept connections with: "
                          "it fits censorship and surveillance by an interceptor.",
        .source = "Raman et al., Kazakhstan, IMC 2020",
        .rule =
            "Issuer, subject or key of the leaf, or the hash of a certificate in its chain, equals a row of the "
            "signatures (TLS 1.2 and before). Or: one issuer "
            "signed for three unrelated names or more at three addresses or more, with one key or one validity, and "
            "for one of the names another issuer was seen too.",
        .innocent =
            "Antivirus software and company proxies intercept on purpose (rows of products: local_interference; "
            "guard G20); debugging proxies; private authorities and new roots are only unknown, and silent.",
        .terms = "E09 E09b E09_hint E09_issuer E09_fresh E02e",
    },
    {
        .id = "mitm_client_fp",
        .stage = "tls_handshake",
        .protocol = "tls",
        .note = "The hello that reached this server is an interceptor's own, not that of a visitor's program.",
        .note_selective = "The hello that reached this server is that of a box with which a state or a provider "
                          "intercepts connections: it fits censorship and surveillance.",
        .source = "Raman et al., Kazakhstan, IMC 2020",
        .rule = "At a server, or on the way: JA4 of the hello equals a row of the signatures.",
        .innocent = "A program of the visitor's with the same TLS library and settings has the same fingerprint.",
        .terms = "E09 E09b E09_hint",
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
        .rule = "Two answers to one query, at most 5 s apart, that exclude each other by code or addresses, and more "
                "answers than queries.",
        .innocent = "Copies (G4), repeated or lost queries, rotation inside one /24 or /48, DNS64, truncation, "
                    "forwarders that say SERVFAIL; multicast names are left out.",
        .terms = "E12 E12b E12b_sink E12c E12d E09 E09b",
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
        .rule = "A public name is answered with nothing but addresses that no public name has.",
        .innocent = "Private zones, block lists whose answers are data, filtering resolvers (0/8, 127/8, :: weigh "
                    "less), a resolver of the own network, portals (G21).",
        .terms = "E12b E12b_sink E12c E12d E09 E09b",
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
        .rule = "An answer holds an address, or a CNAME, that the signatures know from forged answers, and the name is "
                "not its owner's.",
        .innocent = "The name is really served from there (real_host).",
        .terms = "E12c E12d E09 E09b",
    },
    {
        .id = "http_double_response",
        .stage = "http",
        .protocol = "http",
        .note = "One request has two answers, one behind the other: at least one was not sent by the server asked, "
                "interference by a box on the path.",
        .note_selective =
            "One request has two answers, one behind the other, and what was hit was chosen: it fits censorship by "
            "forged content.",
        .source = "Marczak et al., China's Great Cannon, FOCI 2015; Fox-IT 2015",
        .rule = "A final answer comes where no request is outstanding, within 5 s of the answer before it, in a "
                "connection whose start "
                "was captured and of which nothing is missing.",
        .innocent =
            "Interim answers (1xx), pipelined requests, a request that the capture lost (off, G2), the complaints of a "
            "server (400, 408).",
        .terms = "E05b",
    },
    {
        .id = "zero_window_forged",
        .stage = "any",
        .protocol = "tcp",
        .note = "A packet closes the receive window of a side whose other packets look different: interference by a "
                "box on the "
                "path.",
        .note_selective = "A packet closes the receive window of a side whose other packets look different, and what "
                          "was hit was chosen: it "
                          "fits censorship by stalling.",
        .source = "project proposal; docs/rules.md, mechanism F8",
        .rule = "A side whose windows were more than ten times 64 says 0, and its header does not fit its sender's "
                "others: another "
                "IP-ID series, no timestamps, a copied IP-ID.",
        .innocent = "A slow reader: its packet fits its others, and it opens the window again.",
        .terms = "E05",
    },
    {
        .id = "mss_or_option_stripped",
        .stage = "post_syn",
        .protocol = "tcp",
        .note = "A server took up fewer TCP options in one connection than in others that offered the same: a "
                "middlebox, which is no "
                "interference by itself.",
        .source = "Detal et al., tracebox, IMC 2013",
        .rule = "Two SYNs of one client to one place offer the same options, and one SYN/ACK lacks one that the other "
                "took up.",
        .innocent = "Several machines behind one address; SYN cookies, which cannot remember options.",
    },
    {
        .id = "small_window_synack",
        .stage = "post_syn",
        .protocol = "tcp",
        .note = "A server offers a tiny window in one handshake and a large one in others: a middlebox, or a server "
                "that wants "
                "requests in small pieces.",
        .source = "Bock et al., SIGCOMM 2020",
        .rule = "A SYN/ACK has a window of at most 512 bytes and no scaling, while another of the place offers more "
                "than 8192.",
        .innocent = "Several machines behind one address; a server that helps its visitors around a filter.",
    },
    {
        .id = "openvpn_block",
        .stage = "any",
        .protocol = "openvpn",
        .note = "A tunnel's opening stays unanswered, or the tunnel falls silent after it was granted: lost packets, a "
                "peer that is switched off, or interference by a box on the path.",
        .note_selective = "A tunnel's opening stays unanswered, or the tunnel falls silent after it was granted, and "
                          "what was hit was chosen: it fits censorship by dropping.",
        .source = "Xue et al., USENIX Security 2022",
        .rule = "Three or more hard resets of the client over 10 s without a server reset; or, after one, three "
                "packets of the client over 10 s unanswered while the server had sent at most 64.",
        .innocent = "A server that is down or does not speak it, lost packets, a laptop that went away (G22); not "
                    "tested after 60 s of silence (G19).",
        .terms = "E11",
        .guards = 1U << GUARD_OWN_NETWORK_DOWN,
    },
    {
        .id = "wireguard_block",
        .stage = "any",
        .protocol = "wireguard",
        .note = "A tunnel's opening stays unanswered, or the tunnel falls silent after it was granted: lost packets, a "
                "peer that is switched off, or interference by a box on the path.",
        .note_selective = "A tunnel's opening stays unanswered, or the tunnel falls silent after it was granted, and "
                          "what was hit was chosen: it fits censorship by dropping.",
        .source = "Donenfeld, NDSS 2017; OONI practice",
        .rule = "Four or more initiations over 10 s without response or cookie; or, after one, three packets of the "
                "client over 10 s unanswered while the peer had sent at most 64.",
        .innocent = "A peer that is off, or a wrong key: WireGuard is silent then by design; lost packets; a network "
                    "that was down (G22).",
        .terms = "E11",
        .guards = 1U << GUARD_OWN_NETWORK_DOWN,
    },
    {
        .id = "mtproto_block",
        .stage = "any",
        .protocol = "mtproto",
        .note = "No connection to the addresses of one messaging service gets through: an outage there, or "
                "interference by a box on the path.",
        .note_selective = "No connection to the addresses of one messaging service gets through, and what was hit was "
                          "chosen: it fits censorship by address.",
        .source = "OONI specification ts-020; Ramesh et al., NDSS 2020",
        .rule =
            "Three or more connections of a client to Telegram's published networks over 10 s fail, and none succeeds.",
        .innocent = "The client's own network was down (G22), an outage of the service.",
        .terms = "E11",
        .guards = 1U << GUARD_OWN_NETWORK_DOWN,
    },
    {
        .id = "snowflake_dtls_block",
        .stage = "dtls_handshake",
        .protocol = "dtls",
        .note = "A DTLS hello stays unanswered, or the tunnel falls silent after it was granted: lost packets, a peer "
                "behind a NAT, or interference by a box on the path.",
        .note_selective = "A DTLS hello stays unanswered, or the tunnel falls silent after it was granted, and what "
                          "was hit was chosen: it fits censorship by dropping.",
        .source = "net4people/bbs issues 223 and 603",
        .rule = "Three or more ClientHellos of the client over 10 s without ServerHello or HelloVerifyRequest; or, "
                "after one, three packets of the client over 10 s unanswered while the peer had sent at most 64.",
        .innocent = "A peer behind a NAT that cannot be reached, a call that ended, a network that was down (G22).",
        .terms = "E11",
        .guards = 1U << GUARD_OWN_NETWORK_DOWN,
    },
    {
        .id = "active_probe",
        .stage = "cross_flow",
        .protocol = "tcp",
        .note = "Another address sends a server the very bytes that a client began with: somebody on the path recorded "
                "them, "
                "interference by a box on the path.",
        .note_selective = "Another address sends a server the very bytes that a client began with: it fits "
                          "probing that precedes censorship.",
        .source = "Beznazwy, Houmansadr et al., IMC 2020",
        .rule = "Within an hour, two clients of different addresses open connections to one place with the same first "
                "payload of 32 bytes or "
                "more, half of it or less printable, and no TLS hello.",
        .innocent = "Health checks and plain text repeat themselves (left out); one client that changed its address "
                    "and kept its nonce.",
        .terms = "E16",
    },
    {
        .id = "name_contrast",
        .stage = "cross_flow",
        .protocol = "any",
        .note = "Connections for one name fail at a place where those for others pass: the server itself refuses the "
                "name, or "
                "interference by a box on the path.",
        .note_selective =
            "Connections for one name fail at a place where those for others pass: it fits censorship by name.",
        .source = "Fisher's exact test; Benjamini and Hochberg 1995; docs/rules.md, \"Name contrast\"",
        .rule = "At one address and port, within five bins of five minutes, a name was never acknowledged, got no "
                "answer or was "
                "reset in three tries or more and passed in one at most, others passed three times or more, and chance "
                "explains it in less than "
                "one case of twenty, all names counted.",
        .innocent =
            "The server refuses the name itself; a filter on the client's own machine. Closing without a word and "
            "refusals in words are left out, since servers do both.",
    },
    {
        .id = "http_proxy_seen",
        .stage = "http",
        .protocol = "http",
        .note = "A message carries headers that only a proxy adds: a middlebox, which is no interference by itself.",
        .source = "OONI specification ts-006",
        .rule = "A request as its server sees it, or a response, has Via, X-Forwarded-For, X-Cache, Forwarded or a "
                "Proxy header.",
        .innocent =
            "Content networks and reverse proxies add them on the server's side; a proxy that the client knows of.",
    },
    {
        .id = "transparent_proxy",
        .stage = "any",
        .protocol = "tcp",
        .note = "Connections to this port of the address end at a nearer machine than those to its other ports: a "
                "middlebox, which is no interference by itself.",
        .source = "OONI specification ts-006; docs/rules.md, mechanism C6",
        .rule = "The SYN/ACKs of this port have crossed two or more routers less than those of the address's other "
                "ports, which "
                "agree with each other, and came in under four fifths of their time.",
        .innocent = "A load balancer or a router that forwards ports to several machines.",
    },
    {
        .id = "dns_injector_fingerprint",
        .stage = "dns",
        .protocol = "dns",
        .note =
            "A DNS answer differs in its headers from the other answers of the resolver that it claims to come from: "
            "interference by a box on the path, or another machine behind the resolver's address.",
        .note_selective = "A DNS answer differs in its headers from the other answers of the resolver that it claims "
                          "to come from, and "
                          "what was hit was chosen: it fits censorship by forged DNS answers.",
        .source = "Anonymous et al., Triplet Censors, FOCI 2020; Duan et al., SATIN 2012",
        .rule = "The header satisfies a rule about a published injector (signatures/injectors.csv) that the "
                "resolver's answers to other names within ten minutes do not, and TTL, DF or IP-ID differ from theirs; "
                "or DF differs, and TTL or IP-ID; or AA, RA or OPT, and one of the three. A TTL far away alone is a "
                "symptom.",
        .innocent = "Sister machines behind one address differ in TTL and IP-ID, not in settings; a changed path. A "
                    "resolver with "
                    "zones of its own sets AA, with the same IP header.",
        .terms = "E02b E03 E12d E12e E12f E01 E01b E09_hint",
    },
    {
        .id = "dns_trailing_garbage",
        .stage = "dns",
        .protocol = "dns",
        .note = "A DNS answer is followed by bytes that belong to no record: a fault of whoever sent it, known from "
                "one system "
                "that forges answers.",
        .source = "Fan et al., Wallbleed, NDSS 2025",
        .rule = "1 to 125 bytes, not all 0, behind the last record of an answer over UDP whose query had none. A match "
                "where the "
                "answer shows another sign of being forged and a signature knows such bytes, else a symptom.",
        .innocent = "Faulty resolvers and forwarders send such bytes for all names.",
        .terms = "E12d E09_hint E02b E03 E12e E12f",
    },
    {
        .id = "dns_rcode_injected",
        .stage = "dns",
        .protocol = "dns",
        .note = "An error code for a name is contradicted by another answer, or its packet by the resolver's other "
                "packets: "
                "interference by a box on the path, or a resolver that filters.",
        .note_selective = "An error code for a name is contradicted by another answer, or its packet by the resolver's "
                          "other packets, and "
                          "what was hit was chosen: it fits censorship by DNS.",
        .source = "OONI web connectivity; Niaki et al., ICLab, IEEE S&P 2020",
        .rule = "A contradiction: the same query has an address too (dns_dual_answer), or the header differs as in "
                "dns_injector_fingerprint. A symptom: NXDOMAIN or REFUSED where another public resolver of the client "
                "gives "
                "a public address, or the same one before and after.",
        .innocent = "Private views of a name, filtering resolvers the client chose, resolvers that refuse strangers, "
                    "failures of a "
                    "zone (SERVFAIL alone says nothing).",
        .terms = "E12 E02b E03 E12d E12e E12f E01 E01b E09_hint E11",
    },
    {
        .id = "dns_sinkhole_ip",
        .stage = "dns",
        .protocol = "dns",
        .note = "One address was given for many unrelated names, and no connection to it came to anything.",
        .note_selective =
            "One address was given for many unrelated names, and what was hit was chosen: it fits censorship by DNS.",
        .source = "Niaki et al., ICLab, IEEE S&P 2020",
        .rule = "One public address answered for 11 or more registered domains, and every connection of the client to "
                "it failed.",
        .innocent = "Content networks serve thousands of names from one address: connections to them succeed.",
        .terms = "E11",
    },
    {
        .id = "dns_name_drop",
        .stage = "dns",
        .protocol = "dns",
        .note = "One name got no answer from a resolver that answered other names at the time: lost or dropped, or its "
                "zone has no "
                "working server.",
        .note_selective = "One name got no answer from a resolver that answered other names at the time, and another "
                          "resolver had one: "
                          "it fits censorship by dropped DNS queries.",
        .source = "Hoang et al., 2022",
        .rule = "Three or more transmissions of queries for a name, none answered for 5 s, while the resolver answered "
                "other names "
                "within 10 s: one, or three when other names were silent too.",
        .innocent = "Lost packets (three in a row), a zone whose servers are down (other resolvers are silent too: no "
                    "contrast then), "
                    "an ignored record type (another type of the name is answered).",
        .terms = "E11 E10_1 E10_2 E10_3 E10_4 E13",
        .guards = 1U << GUARD_OWN_NETWORK_DOWN,
    },
    {
        .id = "dns_answer_from_silent_host",
        .stage = "dns",
        .protocol = "dns",
        .note = "A host that left every other name unanswered answered one: a box on the path may have answered for "
                "it, or it serves "
                "that name alone.",
        .source = "OONI ts-012",
        .rule = "In the whole capture the host answers one name of this client, and not one of three or more unrelated "
                "ones.",
        .innocent = "A server of one zone; a resolver that limits the rate.",
        .terms = "E11",
    },
    {
        .id = "synack_rewritten",
        .stage = "post_syn",
        .protocol = "tcp",
        .note = "A reset answered a SYN with the number, window and options of a SYN/ACK: it fits a packet changed on "
                "the way, interference by a box on the path.",
        .source = "Xue et al., TSPU, IMC 2022",
        .rule = "A RST+ACK to a SYN has a sequence number other than 0, a window and options that only a SYN/ACK has, "
                "and no SYN/ACK was seen.",
        .innocent = "A refusal has sequence number 0, no window and no options; a firewall that answers from its own "
                    "state may have some.",
        .terms = "E11 E04d",
    },
    {
        .id = "rst_rewritten_in_place",
        .stage = "post_psh",
        .protocol = "tcp",
        .note = "Several resets of one side go on as a living socket's packets do: packets turned into resets on the "
                "way, interference by a box on the path.",
        .note_selective = "Packets of one side were turned into resets on the way, and what they hit was chosen: it "
                          "fits censorship by rewritten packets.",
        .source = "Xue et al., TSPU, IMC 2022; Linux tcp_ipv4.c",
        .rule = "Two or more RST+ACKs of one side with a window, their sender's TTL and timestamps that advance "
                "(without timestamps three with IP-IDs that advance and gaps that double), and no packet of the other "
                "side between them.",
        .innocent = "One alone is what a socket sends that closes with unread data. Copies of one reset (G4) have "
                    "equal timestamps.",
        .terms = "E11 E04d",
    },
    {
        .id = "flow_freeze_bytes",
        .stage = "data_transfer",
        .protocol = "tcp",
        .note = "The connection stopped for good: what one end sent was never acknowledged or answered again. A lost "
                "route or "
                "a dead end looks the same.",
        .note_selective =
            "The connection stopped for good while others beside it went on, and what was hit was chosen: it fits "
            "censorship by dropped packets.",
        .source = "net4people report 490; Xue et al., IMC 2022",
        .rule = "The server's payload stops between 10 and 32 KiB, or after 18 to 32 packets of an end, without FIN or "
                "RST, and 3 packets of "
                "the client over 10 s get no answer (2 transmissions and 6 s of silence where the stop is in the "
                "middle of a train of "
                "full-size segments); at the server: 3 transmissions of a byte over 6 s. Or data of the client, TLS "
                "hellos apart, "
                "is sent 3 times over 6 s and never acknowledged.",
        .innocent = "A NAT that forgot the connection (60 s of silence before: no finding), the end of the capture, "
                    "lost packets of the "
                    "capture, a black hole for full-size packets (stops before 10 KiB), the own network down. A "
                    "control at the same "
                    "place tells them apart.",
        .terms = "E11 E10b E10_1 E10_2 E10_3 E10_4 E13 N22",
        .guards = 1U << GUARD_OWN_NETWORK_DOWN,
    },
    {
        .id = "ip_blackhole",
        .stage = "post_syn",
        .protocol = "ip",
        .note = "An address never answered while the client's other connections worked. A host that is down looks the "
                "same.",
        .source = "Elmenhorst et al., IMC 2021; Bock et al. 2021",
        .rule =
            "4 SYNs to an address and port, or 3 connections over 30 s, get no answer for 7 s or more, and nothing at "
            "that place answered "
            "within 10 minutes. Least label moderate only where the address answered this client before and somebody "
            "later, and UDP to it went silent within the same minute.",
        .innocent =
            "A host that is down: no difference without history. Scanners (G15), losers of a race between addresses "
            "(G16), the "
            "client's own network down (G22), answers on another way (a client that acknowledges was answered).",
        .terms = "E11 N15 N16 N22",
        .guards = 1U << GUARD_SCANNER | 1U << GUARD_HAPPY_EYEBALLS | 1U << GUARD_OWN_NETWORK_DOWN,
    },
    {
        .id = "port_blackhole",
        .stage = "post_syn",
        .protocol = "tcp",
        .note =
            "A port never answered while another port of the same host did. A firewall of that host looks the same.",
        .source = "Bock et al. 2021",
        .rule = "As ip_blackhole, and another port of the address answered the client within 10 minutes.",
        .innocent = "A firewall of the server that drops instead of refusing: no difference without history. Otherwise "
                    "as ip_blackhole.",
        .terms = "E11 N15 N16 N22",
        .guards = 1U << GUARD_SCANNER | 1U << GUARD_HAPPY_EYEBALLS | 1U << GUARD_OWN_NETWORK_DOWN,
    },
    {
        .id = "fet_block",
        .stage = "post_psh",
        .protocol = "tcp",
        .note = "A connection whose first bytes look like no known protocol went dead: what the client sent was never "
                "acknowledged. A "
                "server that died looks the same.",
        .note_selective =
            "Connections whose first bytes look like no known protocol went dead, and what was hit was chosen: it fits "
            "censorship of fully encrypted traffic.",
        .source = "Wu et al., USENIX Security 2023",
        .rule =
            "The client's first payload fails all five published exemptions (3.4 to 4.6 set bits a byte, fewer than 6 "
            "printable bytes in "
            "front, at most half printable, no run of more than 20, no TLS or HTTP in front), and data of the client, "
            "sent 3 times over "
            "6 s, is never acknowledged. Moderate at least when 3 such connections stalled, 3 others to the same place "
            "passed, and the capture is of the time in which it was seen (2021-11 to 2023-03).",
        .innocent = "A server that died, a network that was down (G22), a capture that lost packets (G2).",
        .terms = "E11 N22",
        .guards = 1U << GUARD_OWN_NETWORK_DOWN,
    },
    {
        .id = "proto_whitelist_drop",
        .stage = "post_psh",
        .protocol = "tcp",
        .note = "The client's packets were never acknowledged again, while the server's still arrived: the path lost "
                "one direction after a "
                "protocol that is not usual on that port.",
        .source = "Bock et al., FOCI 2020; net4people report 49",
        .rule = "Port 53, 80 or 443, and no DNS, HTTP or TLS; data of the client, sent 3 times over 6 s, is not "
                "acknowledged, while packets of "
                "the server still arrive a second or more after the first of them.",
        .innocent = "A server that does not speak the protocol would acknowledge all the same. Lost packets (G2), the "
                    "own network down "
                    "(G22: then the server's packets would not arrive either).",
        .terms = "E11 N22",
        .guards = 1U << GUARD_OWN_NETWORK_DOWN,
    },
    {
        .id = "residual_block",
        .stage = "cross_flow",
        .protocol = "any",
        .note = "After a request that met interference, later connections to the same server and port failed whatever "
                "they asked. A server "
                "that bans a client looks the same.",
        .source = "Clayton et al., PET 2006; Bock et al., 2021; Zohaib et al., USENIX Security 2025",
        .rule = "After the first finding with a request at a client, address and port: two or more later attempts "
                "fail, for names that "
                "get through afterwards or were never said, and a later one succeeds: the duration lies between. Or 4 "
                "SYNs over 7 s "
                "meet silence within 420 s, and no success was seen. The published times and scopes that fit are in "
                "details.",
        .innocent = "A server that bans after a strange request (ten minutes or more), a full queue of SYNs, a name "
                    "that is blocked for "
                    "itself (it never gets through), the own network down (G22).",
        .terms = "E11 N22",
        .guards = 1U << GUARD_OWN_NETWORK_DOWN,
    },
    {
        .id = "icmp_reject",
        .stage = "any",
        .protocol = "icmp",
        .note =
            "A router said that a filter's policy rejects the client's packet: a filter of some network on the path.",
        .source = "Niaki et al., S&P 2020; RFC 1812; RFC 4443",
        .rule = "An ICMP error to the client that quotes a packet it did send: type 3 code 9, 10 or 13, ICMPv6 type 1 "
                "code 1, 5 or 6. Code 13 "
                "(ICMPv6: 1) from another address than the destination is moderate at least: an explicit statement.",
        .innocent = "A policy of the client's own network (hop 0 or 1: G20), a firewall of the server itself (the "
                    "error's source), ordinary "
                    "routers' policies. Codes 0, 1 and 3 are everyday answers and not counted.",
        .terms = "E11",
    },
    {
        .id = "icmp_forged",
        .stage = "any",
        .protocol = "icmp",
        .note = "An ICMP error says that a packet could not be delivered, and its receiver answered that very packet: "
                "interference by a "
                "box on the path.",
        .source = "Niaki et al., S&P 2020",
        .rule = "An ICMP unreachable about a SYN that was sent once, and a SYN/ACK that answers it.",
        .innocent =
            "A packet sent or captured twice (off), UDP (off: forged DNS answers and genuine errors come together).",
        .terms = "E05b",
    },
    {
        .id = "doh_dot_block",
        .stage = "dns",
        .protocol = "dns",
        .note = "A connection to an encrypted resolver was interfered with, as another row of the same incident shows.",
        .note_selective =
            "Connections to an encrypted resolver were interfered with, and what was hit was chosen: it fits "
            "censorship of encrypted DNS.",
        .source = "Hoang et al., 2022; Niere et al., 2025",
        .rule = "Another rule has a connection to port 853, or one with the TLS name of a public DNS over HTTPS "
                "service, in "
                "question; its terms and guards are taken over.",
        .innocent = "Whatever explains the other row; networks that keep their clients to their own resolver.",
        .terms = "E11 E10_1 E10_2 E10_3 E10_4 E10b E13 E02 E02b E03 E04 E05",
    },
    {
        .id = "local_interference",
        .stage = "any",
        .protocol = "any",
        .note = "The packet was made on the client's own network, by security software, a router or a proxy; it says "
                "nothing of "
                "the network outside.",
        .source = "docs/rules.md, guard G20",
        .rule = "A match or symptom whose packet has crossed no router while the server's others have crossed three or "
                "more, or that came in under a millisecond.",
        .innocent = "It is the innocent explanation itself.",
    },
    {
        .id = "policing_token_bucket",
        .stage = "data_transfer",
        .protocol = "tcp",
        .note = "Packets beyond a steady rate were lost and packets within it passed, as at a token bucket, which "
                "networks use for ordinary reasons too: interference by a box on the path.",
        .note_selective = "Packets beyond a steady rate were lost and packets within it passed, as at a token bucket, "
                          "for some names alone: it fits censorship by throttling.",
        .source = "Flach et al., SIGCOMM 2016, and its public code",
        .rule = "The published detector, on each request with its response: a bucket of the rate between the first and "
                "the last loss is empty at losses and not below empty at packets that passed, and round trips do not "
                "grow before losses. Beside the receiver a hole that was filled is a loss, with half the weight.",
        .innocent = "Overflowing queues, random loss and slow receivers fail a step. A provider's own limit per "
                    "customer or connection passes all of them: policing is found in 2.8 to 6.6% of traffic.",
        .terms = "E15 E10_1 E10_2 E10_3 E10_4",
    },
    {
        .id = "throttle_plateau",
        .stage = "data_transfer",
        .protocol = "tcp",
        .note = "A transfer went at a steady low rate while the same client got at least five times as much from "
                "elsewhere: interference by a box on the path, or a server that gives no more.",
        .note_selective = "A transfer went at a steady low rate while the same client got at least five times as much "
                          "under other names: it fits censorship by throttling.",
        .source = "Xue et al., IMC 2021",
        .rule = "Goodput by the second, after the first two: for 10 s and 30 packets or more the median is at most 400 "
                "kbit/s and the range between quartiles less than a quarter of it; the sender always had more to "
                "send; and within 60 s the same client had another transfer at five times the rate.",
        .innocent = "Streams at the rate of their content (pauses, pushed packets); radio links and full queues (then "
                    "everything is slow); a server that limits each connection, which only other names at the same "
                    "address tell apart.",
        .terms = "E15b E15c E10_1 E10_2 E10_3 E10_4",
    },
    {
        .id = "captive_portal",
        .stage = "any",
        .protocol = "any",
        .note = "The network asks its user to log in before it lets traffic through.",
        .source = "docs/rules.md, guard G21",
        .rule = "Three or more unrelated names lead one client to one private address within 10 minutes, or a portal "
                "probe is led elsewhere.",
        .innocent = "It is the innocent explanation itself.",
    },
    {
        .id = "server_side_geoblock",
        .stage = "any",
        .protocol = "any",
        .note = "The server itself, or the network that serves it, refuses this visitor.",
        .source = "docs/rules.md, mechanism C3; RFC 7725",
        .rule = "A refusal (403 or 451) that a row of action fp knows as the server's own.",
        .innocent = "It is the innocent explanation itself.",
    },
    {
        .id = "pmtu_blackhole",
        .stage = "any",
        .protocol = "any",
        .note = "Large packets to this address are lost, whatever name they carry: somewhere the path is narrower than "
                "its ends think.",
        .source = "RFC 4821; docs/rules.md, mechanism D1",
        .rule =
            "First packets of full size fail under two names or more at one address, none passes, and a smaller one "
            "does. Or a router said that a packet of the connection is too big, and what went out stayed unanswered.",
        .innocent = "It is the innocent explanation of tls_sni_drop.",
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
