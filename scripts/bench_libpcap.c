/* The yardstick of the benchmark: a bare pcap_next_ex loop over a file. Prints packets and bytes. usage: bench_libpcap FILE */
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	char text[PCAP_ERRBUF_SIZE];
	pcap_t *in = argc == 2 ? pcap_open_offline(argv[1], text) : NULL;
	if (!in)
		return 1;
	struct pcap_pkthdr *head;
	const u_char *bytes;
	uint64_t packets = 0, total = 0;
	while (pcap_next_ex(in, &head, &bytes) == 1) {
		packets++;
		total += head->caplen;
	}
	printf("%" PRIu64 " %" PRIu64 "\n", packets, total);
	pcap_close(in);
	return 0;
}
