/* Transport headers: what the decoder's other files need of transport.c. */
#pragma once

#include "analyzer/net/walk.h"

/* The layer that an IP protocol number names; LAYER_STOP when it is none that is opened. */
enum layer transport_layer(uint8_t protocol);
