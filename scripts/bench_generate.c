/*
 * Writes the captures of the benchmark to stdout: TLS, HTTP and DNS conversations between many addresses, interleaved, with
 * right lengths, sequence numbers and checksums. The same arguments give the same bytes.
 * usage: bench_generate bulk|imix|small MEGABYTES, or bench_generate open CONNECTIONS (all stay open at once)
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MSS = 1448, BLOCK = 1 << 16, TCP_HEAD = 14 + 20 + 32, UDP_HEAD = 14 + 20 + 8 };
enum { FIN = 1, SYN = 2, PSH = 8, ACK = 16 };

struct mix {
	const char *name;
	uint32_t alive;      /* conversations at a time */
	uint32_t dns_share;  /* of 100 conversations */
	uint32_t data_least; /* data segments of a TCP conversation: least, and spread */
	uint32_t data_spread;
	uint32_t size_least; /* bytes of one */
	uint32_t size_spread;
};

/* Packets and bytes a flow come out near the table of the performance targets. */
static const struct mix mixes[] = {
    {"bulk", 512, 5, 60, 240, 1448, 1},
    {"imix", 4096, 25, 4, 40, 200, 1248},
    {"small", 8192, 50, 2, 16, 30, 160},
    {"open", 1, 0, 1, 1, 100, 1},
};

struct talk {
	uint32_t client, server;
	uint16_t client_port, server_port;
	uint32_t seq[2];
	uint16_t ipid[2];
	uint32_t data_left, step, unacked;
	bool dns;
};

struct world {
	const struct mix *mix;
	uint64_t random, written, now_us;
	uint32_t started;
	uint8_t noise[BLOCK + 2048], text[BLOCK + 2048];
};

static uint32_t draw(struct world *w)
{
	w->random = w->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(w->random >> 33);
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

static uint32_t sum_add(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	return len % 2 ? sum + ((uint32_t)p[len - 1] << 8) : sum;
}

static uint16_t sum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Ethernet and IPv4 in front of what stands at frame + 34, and out with it. */
static void emit(struct world *w, struct talk *t, bool down, uint8_t protocol, uint8_t *frame, size_t len,
                 size_t sum_at)
{
	static const uint8_t macs[2][12] = {{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2}, {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1}};
	uint8_t *ip = frame + 14;
	uint32_t body = (uint32_t)len - 34;
	memcpy(frame, macs[down], 12);
	put16(frame + 12, 0x0800);
	memset(ip, 0, 20);
	ip[0] = 0x45;
	put16(ip + 2, body + 20);
	put16(ip + 4, t->ipid[down]++);
	ip[6] = 0x40;
	ip[8] = down ? 53 : 64;
	ip[9] = protocol;
	put32(ip + 12, down ? t->server : t->client);
	put32(ip + 16, down ? t->client : t->server);
	put16(ip + 10, sum_fold(sum_add(0, ip, 20)));
	put16(frame + sum_at, sum_fold(sum_add(sum_add(protocol + body, ip + 12, 8), frame + 34, body)));

	uint32_t record[4] = {(uint32_t)(1700000000 + w->now_us / 1000000), (uint32_t)(w->now_us % 1000000),
	                      (uint32_t)len, (uint32_t)len};
	fwrite(record, sizeof(record), 1, stdout);
	fwrite(frame, len, 1, stdout);
	w->written += sizeof(record) + len;
	w->now_us += 1 + len / 100;
}

static void emit_tcp(struct world *w, struct talk *t, bool down, uint8_t flags, const uint8_t *payload, size_t len)
{
	uint8_t frame[TCP_HEAD + MSS] = {0}, *tcp = frame + 34;
	put16(tcp, down ? t->server_port : t->client_port);
	put16(tcp + 2, down ? t->client_port : t->server_port);
	put32(tcp + 4, t->seq[down]);
	put32(tcp + 8, flags & ACK ? t->seq[!down] : 0);
	tcp[12] = 8 << 4;
	tcp[13] = flags;
	put16(tcp + 14, 501);
	static const uint8_t stamp[4] = {1, 1, 8, 10};
	memcpy(tcp + 20, stamp, 4);
	put32(tcp + 24, (uint32_t)(w->now_us / 1000));
	put32(tcp + 28, (uint32_t)(w->now_us / 1000));
	if (len)
		memcpy(tcp + 32, payload, len);
	emit(w, t, down, 6, frame, TCP_HEAD + len, 34 + 16);
	t->seq[down] += (uint32_t)len + (flags & (SYN | FIN) ? 1 : 0);
}

static size_t dns_question(uint8_t *p, struct talk *t, uint32_t flags, uint32_t answers)
{
	put16(p, t->client_port);
	put16(p + 2, flags);
	put16(p + 4, 1);
	put16(p + 6, answers);
	put32(p + 8, 0);
	int n = snprintf((char *)p + 12, 40, "%chost%06u%cexample%ccom", 10, t->seq[0] % 1000000, 7, 3);
	p[12 + n] = 0;
	put32(p + 13 + n, 0x00010001);
	return (size_t)n + 17;
}

static void emit_dns(struct world *w, struct talk *t, bool down)
{
	uint8_t frame[UDP_HEAD + 200] = {0}, *udp = frame + 34;
	size_t len = dns_question(udp + 8, t, down ? 0x8180 : 0x0100, down);
	if (down) {
		static const uint8_t record[12] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4};
		memcpy(udp + 8 + len, record, 12);
		put32(udp + 8 + len + 12, 0x60000000 | (t->server & 0xffffff));
		len += 16;
	}
	put16(udp, down ? 53 : t->client_port);
	put16(udp + 2, down ? t->client_port : 53);
	put16(udp + 4, (uint32_t)len + 8);
	emit(w, t, down, 17, frame, UDP_HEAD + len, 34 + 6);
}

static void talk_start(struct world *w, struct talk *t)
{
	uint32_t n = w->started++;
	*t = (struct talk){.client = 0x0a000000 | (draw(w) & 0x3fff), .server = 0x5db80000 | (draw(w) & 0xffff)};
	t->client_port = (uint16_t)(1024 + n % 60000);
	t->dns = draw(w) % 100 < w->mix->dns_share;
	t->server_port = draw(w) % 4 ? 443 : 80;
	t->seq[0] = draw(w);
	t->seq[1] = draw(w);
	t->ipid[0] = (uint16_t)draw(w);
	t->data_left = w->mix->data_least + draw(w) % w->mix->data_spread;
	if (t->dns)
		t->server = 0x08080800 | (draw(w) & 3);
}

static void talk_request(struct world *w, struct talk *t)
{
	uint8_t bytes[600];
	if (t->server_port == 80) {
		int n = snprintf((char *)bytes, sizeof(bytes),
		                 "GET /%u HTTP/1.1\r\nHost: host%06u.example.com\r\nAccept: */*\r\n\r\n", draw(w),
		                 t->server % 1000000);
		emit_tcp(w, t, false, PSH | ACK, bytes, (size_t)n);
		return;
	}
	/* ClientHello: one extension, the name, and noise for the rest of a usual length in a padding extension. */
	memset(bytes, 0, sizeof(bytes));
	char name[40];
	size_t len = (size_t)snprintf(name, sizeof(name), "host%06u.example.com", t->server % 1000000), total = 512;
	static const uint8_t head[11] = {0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3};
	memcpy(bytes, head, sizeof(head));
	memcpy(bytes + 11, w->noise + draw(w) % BLOCK, 32);
	uint8_t *p = bytes + 11 + 32;
	static const uint8_t suites[7] = {0, 0, 2, 0x13, 1, 1, 0};
	memcpy(p, suites, sizeof(suites));
	p += sizeof(suites);
	put16(p, (uint32_t)(bytes + 5 + total - p - 2));
	put16(p + 4, (uint32_t)len + 5);
	put16(p + 6, (uint32_t)len + 3);
	put16(p + 9, (uint32_t)len);
	memcpy(p + 11, name, len);
	p += 11 + len;
	put16(p, 21);
	put16(p + 2, (uint32_t)(bytes + 5 + total - p - 4));
	emit_tcp(w, t, false, PSH | ACK, bytes, 5 + total);
}

static void talk_data(struct world *w, struct talk *t)
{
	uint8_t bytes[MSS];
	size_t len = w->mix->size_least + draw(w) % w->mix->size_spread;
	memcpy(bytes, (t->server_port == 80 ? w->text : w->noise) + draw(w) % BLOCK, len);
	if (t->step == 5 && t->server_port == 80) {
		static const char head[] = "HTTP/1.1 200 OK\r\n\r\n";
		memcpy(bytes, head, sizeof(head) - 1);
	} else if (t->server_port == 443 && len > 5) { /* one record a segment */
		bytes[0] = 23;
		bytes[1] = bytes[2] = 3;
		put16(bytes + 3, (uint32_t)len - 5);
	}
	emit_tcp(w, t, true, ACK, bytes, len);
	t->data_left--;
	t->unacked++;
}

/* One packet further; false: this was the last. */
static bool talk_step(struct world *w, struct talk *t, bool stays_open)
{
	t->step++;
	if (t->dns) {
		emit_dns(w, t, t->step == 2);
		return t->step < 2;
	}
	switch (t->step) {
	case 1:
		emit_tcp(w, t, false, SYN, NULL, 0);
		return true;
	case 2:
		emit_tcp(w, t, true, SYN | ACK, NULL, 0);
		return true;
	case 3:
		emit_tcp(w, t, false, ACK, NULL, 0);
		return true;
	case 4:
		talk_request(w, t);
		return true;
	default:
		break;
	}
	if (t->unacked == 2 || (t->unacked && !t->data_left)) {
		emit_tcp(w, t, false, ACK, NULL, 0);
		t->unacked = 0;
		return !stays_open;
	}
	if (t->data_left) {
		talk_data(w, t);
		return true;
	}
	emit_tcp(w, t, true, FIN | ACK, NULL, 0);
	emit_tcp(w, t, false, FIN | ACK, NULL, 0);
	emit_tcp(w, t, true, ACK, NULL, 0);
	return false;
}

static const struct mix *mix_find(const char *name)
{
	for (size_t i = 0; i < sizeof(mixes) / sizeof(mixes[0]); i++)
		if (strcmp(mixes[i].name, name) == 0)
			return &mixes[i];
	return NULL;
}

static void world_fill(struct world *w)
{
	static const char words[] = "the quick brown fox jumps over the lazy dog <p> ";
	for (size_t i = 0; i < sizeof(w->noise); i++) {
		w->noise[i] = (uint8_t)draw(w);
		w->text[i] = (uint8_t)words[i % (sizeof(words) - 1)];
	}
}

int main(int argc, char **argv)
{
	struct world *w = calloc(1, sizeof(*w));
	struct talk *talks = NULL;
	if (!w || argc != 3 || !(w->mix = mix_find(argv[1])) || !(talks = calloc(w->mix->alive, sizeof(*talks)))) {
		fprintf(stderr, "usage: bench_generate bulk|imix|small MEGABYTES | open CONNECTIONS\n");
		return 2;
	}
	bool open = strcmp(argv[1], "open") == 0;
	uint64_t amount = strtoull(argv[2], NULL, 10);
	w->random = 20240305;
	world_fill(w);
	static const uint32_t head[6] = {0xa1b2c3d4, 4 << 16 | 2, 0, 0, 262144, 1};
	fwrite(head, sizeof(head), 1, stdout);
	for (uint32_t i = 0; i < w->mix->alive; i++)
		talk_start(w, &talks[i]);
	while (open ? w->started <= amount : w->written < amount << 20) {
		struct talk *t = &talks[draw(w) % w->mix->alive];
		if (!talk_step(w, t, open))
			talk_start(w, t);
	}
	free(talks);
	free(w);
	return ferror(stdout) || fflush(stdout) != 0;
}
