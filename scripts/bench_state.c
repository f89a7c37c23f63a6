/* What an open flow costs: the flow itself, its TCP facts, and what each detector keeps of it; and what is bounded a capture. */
#include "analyzer/detect/detector.h"
#include "analyzer/net/track.h"

#include <stdio.h>

int main(void)
{
	size_t slots = 0;
	puts("state: bytes");
	printf("  %-34s %8zu\n", "a flow (UDP: all it needs)", sizeof(struct flow));
	printf("  %-34s %8zu\n", "the facts of a TCP flow", sizeof(struct tcp_flow));
	for (size_t i = 0; detectors[i]; i++) {
		slots += (detectors[i]->flow_size + 15) / 16 * 16;
		if (detectors[i]->flow_size)
			printf("  %-34s %8zu\n", detectors[i]->name, detectors[i]->flow_size);
	}
	printf("  %-34s %8zu\n", "all detectors, a flow", slots);
	printf("  %-34s %8zu\n", "an open TCP flow", sizeof(struct flow) + sizeof(struct tcp_flow) + slots);
	printf("  %-34s %8zu\n", "attempts of a capture, at most", sizeof(struct attempt) * ATTEMPTS_MAX * 16);
	return 0;
}
