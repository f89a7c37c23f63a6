/*
 * Events of the dissectors of tunnels (OpenVPN, WireGuard, DTLS): which step of its handshake a message is. What is inside stays
 * unread.
 */
#pragma once

#include "analyzer/event/event.h"

enum tunnel_protocol { TUNNEL_OPENVPN, TUNNEL_WIREGUARD, TUNNEL_DTLS };

enum tunnel_step {
	TUNNEL_OPENING, /* asks for a tunnel: hard reset, initiation, ClientHello */
	TUNNEL_ANSWER,  /* grants it: server reset, response or cookie, ServerHello or HelloVerifyRequest */
	TUNNEL_CONTROL, /* goes on negotiating */
	TUNNEL_DATA,
};

struct tunnel_message {
	enum tunnel_protocol protocol;
	enum tunnel_step step;
};
