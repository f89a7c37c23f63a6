/* DETECTOR(name): called in this order for every event. Output is sorted, so the order is free. */
DETECTOR(tcp_overlap)
DETECTOR(rst_injection)
DETECTOR(rst_fingerprint)
DETECTOR(handshake_conflict)
DETECTOR(dns_injection)
DETECTOR(http_blocking)
DETECTOR(proxy)
DETECTOR(tls_blocking)
