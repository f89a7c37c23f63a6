/* EVENT(NAME, body): every event there is, and the struct that is its body (event.h says where each is declared). */
#define EVENT_LIST(EVENT)                                                                                              \
	EVENT(FLOW_CLOSE, flow_change)                                                                                 \
	EVENT(TCP_SYNACK, tcp_synack)                                                                                  \
	EVENT(TCP_ZERO_WINDOW, tcp_zero_window)                                                                        \
	EVENT(TRANSFER, transfer_log)                                                                                  \
	EVENT(ICMP_ERROR, icmp_error)                                                                                  \
	EVENT(STREAM_OPENING, stream_opening)                                                                          \
	EVENT(STREAM_GAP, stream_gap)                                                                                  \
	EVENT(STREAM_CONFLICT, stream_conflict)                                                                        \
	EVENT(DNS_MESSAGE, dns_message)                                                                                \
	EVENT(HTTP_REQUEST, http_request)                                                                              \
	EVENT(HTTP_RESPONSE, http_response)                                                                            \
	EVENT(HTTP_BODY, http_body)                                                                                    \
	EVENT(COMMAND, command)                                                                                        \
	EVENT(TUNNEL_MESSAGE, tunnel_message)                                                                          \
	EVENT(TLS_CLIENT_HELLO, tls_client_hello)                                                                      \
	EVENT(TLS_SERVER_HELLO, tls_server_hello)                                                                      \
	EVENT(TLS_CERTIFICATE, tls_certificate)                                                                        \
	EVENT(TLS_ALERT, tls_alert)                                                                                    \
	EVENT(QUIC_INITIAL, quic_initial)                                                                              \
	EVENT(QUIC_FLOW, quic_flow)
