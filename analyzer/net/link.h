/* Link layers: what the decoder's other files need of link.c. */
#pragma once

#include "analyzer/net/walk.h"

/* Where a frame of this link type starts; LAYER_COUNT when it is not known. */
enum layer link_layer(uint16_t linktype);
/* What an EtherType carries; LAYER_STOP when it is nothing for us. */
enum layer link_ethertype(uint16_t ethertype);
/* Whether an Ethernet frame that leads somewhere stands here: for encapsulations that do not say what they hold. */
bool link_ethernet_plausible(struct cursor c, size_t cut);
