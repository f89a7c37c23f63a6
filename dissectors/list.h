/* DISSECTOR(name): asked in this order whether a flow is theirs. */
DISSECTOR(dns_udp)
DISSECTOR(quic)
DISSECTOR(dns_tcp)
DISSECTOR(http)
DISSECTOR(tls)
