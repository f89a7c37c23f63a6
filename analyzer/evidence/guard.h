/* The innocent explanations that have a number: the words of guards_failed and alternatives, and of mechanisms' lists. */
#pragma once

/* The guards of docs/rules.md, by number; bit 1 << n of a set. */
enum guard {
	GUARD_MIDSTREAM = 1,
	GUARD_CAPTURE_LOSS = 2,
	GUARD_RST_ANSWERS_PACKET = 3,
	GUARD_DUPLICATE_CAPTURE = 4,
	GUARD_REORDERED = 5,
	GUARD_TS_DISORDER = 6,
	GUARD_SUPER_PACKET = 7,
	GUARD_SNAPLEN = 8,
	GUARD_ONE_WAY = 9,
	GUARD_CHECKSUM_BAD = 10,
	GUARD_KEEPALIVE = 11,
	GUARD_ZERO_WINDOW_PROBE = 12,
	GUARD_PORT_REUSE = 13,
	GUARD_CAPTURE_END = 14,
	GUARD_SCANNER = 15,
	GUARD_HAPPY_EYEBALLS = 16,
	GUARD_CLIENT_ABORT = 17,
	GUARD_SERVER_ABORT = 18,
	GUARD_NAT_IDLE = 19,
	GUARD_LOCAL_BOX = 20,
	GUARD_CAPTIVE_PORTAL = 21,
	GUARD_OWN_NETWORK_DOWN = 22,
	GUARD_TERMINATED_LOCALLY = 23,
	GUARD_COUNT = 24
};

/* "midstream", "capture_loss", ...: the words of guards_failed and alternatives. */
const char *guard_name(enum guard g);
