/* The words of guards. */
#include "analyzer/evidence/guard.h"

static const char *const guard_names[GUARD_COUNT] = {
    [GUARD_MIDSTREAM] = "midstream",
    [GUARD_CAPTURE_LOSS] = "capture_loss",
    [GUARD_RST_ANSWERS_PACKET] = "rst_answers_packet",
    [GUARD_DUPLICATE_CAPTURE] = "duplicate_capture",
    [GUARD_REORDERED] = "reordered",
    [GUARD_TS_DISORDER] = "ts_disorder",
    [GUARD_SUPER_PACKET] = "gro_tso",
    [GUARD_SNAPLEN] = "snaplen",
    [GUARD_ONE_WAY] = "one_way",
    [GUARD_CHECKSUM_BAD] = "checksum_bad",
    [GUARD_KEEPALIVE] = "keepalive",
    [GUARD_ZERO_WINDOW_PROBE] = "zero_window_probe",
    [GUARD_PORT_REUSE] = "port_reuse",
    [GUARD_CAPTURE_END] = "capture_end",
    [GUARD_SCANNER] = "scanner",
    [GUARD_HAPPY_EYEBALLS] = "happy_eyeballs",
    [GUARD_CLIENT_ABORT] = "client_abort",
    [GUARD_SERVER_ABORT] = "server_abort",
    [GUARD_NAT_IDLE] = "nat_idle",
    [GUARD_LOCAL_BOX] = "local_box",
    [GUARD_CAPTIVE_PORTAL] = "captive_portal",
    [GUARD_OWN_NETWORK_DOWN] = "own_network_down",
    [GUARD_TERMINATED_LOCALLY] = "terminated_locally",
};

const char *guard_name(enum guard g)
{
	return (unsigned)g < GUARD_COUNT && guard_names[g] ? guard_names[g] : "";
}
