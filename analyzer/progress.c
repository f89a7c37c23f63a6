/* Wall-clock time is seen here and nowhere in a table. */
#include "analyzer/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void progress_start(struct progress *p, bool shown, const struct inputs *inputs)
{
	*p = (struct progress){.shown = shown, .started_ms = now_ms()};
	for (size_t i = 0; shown && i < inputs->count; i++) {
		struct stat st;
		if (!inputs->items[i].standard_input && stat(inputs->items[i].name, &st) == 0 && S_ISREG(st.st_mode))
			p->total_bytes += (uint64_t)st.st_size;
	}
}

static void put_bytes(char *out, size_t size, uint64_t n)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	size_t unit = 0;
	double value = (double)n;
	for (; value >= 1024 && unit + 1 < sizeof units / sizeof units[0]; unit++)
		value /= 1024;
	snprintf(out, size, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

static void put_left(char *out, size_t size, uint64_t done, uint64_t total, int64_t elapsed_ms)
{
	out[0] = '\0';
	if (done == 0 || total <= done || elapsed_ms < 2000)
		return;
	double left = (double)elapsed_ms / 1000 * ((double)total / (double)done - 1);
	uint64_t seconds = left < 3.6e6 ? (uint64_t)left : 3600000;
	snprintf(out, size, ", %" PRIu64 ":%02u:%02u left", seconds / 3600, (unsigned)(seconds / 60 % 60),
	         (unsigned)(seconds % 60));
}

void progress_draw(struct progress *p, const struct batch_progress *now)
{
	if (!p->shown)
		return;
	char done[24], total[24], left[48];
	int64_t elapsed = now_ms() - p->started_ms;
	put_bytes(done, sizeof done, now->bytes);
	put_bytes(total, sizeof total, p->total_bytes);
	put_left(left, sizeof left, now->bytes, p->total_bytes, elapsed);
	uint64_t rate = elapsed > 0 ? now->frames * 1000 / (uint64_t)elapsed : 0;
	fprintf(stderr, "\r%zu/%zu captures, %s of %s, %" PRIu64 " packets/s, %" PRIu64 " findings%s\033[K",
	        now->captures_done, now->captures, done, p->total_bytes ? total : "?", rate, now->findings, left);
	fflush(stderr);
	p->drawn = true;
}

void progress_clear(struct progress *p)
{
	if (!p->drawn)
		return;
	fputs("\r\033[K", stderr);
	p->drawn = false;
}
