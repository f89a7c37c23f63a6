/* The loop of the parent: start, wait, reap, hand on. */
#include "analyzer/batch.h"

#include "analyzer/spool.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum { TICK_MS = 200, TICK_MIN_MS = 5 };

enum place_state { PLACE_WAITING, PLACE_RUNNING, PLACE_ENDED };

/* What became of one capture, until it is handed on. */
struct place {
	enum place_state state;
	enum result_status status;
	char *error;                /* NULL: none, or no memory for it */
	struct spool_piece spooled; /* its rows, when it is done but not its turn */
};

/* One of the workers. */
struct seat {
	struct worker worker;
	size_t place;
	uint64_t seen_bytes, seen_frames, seen_steps;
	int64_t moved_ms; /* when one of them last changed */
};

struct run {
	const struct batch *batch;
	struct seat *seats;
	struct place *places;
	size_t next_start, next_take;
	struct spool *spool;
	struct result_reader *reader;
	int signals;   /* signalfd */
	sigset_t mask; /* of the caller */
	int64_t looked_ms;
	struct batch_progress ended; /* sums over workers that ended */
};

const char *result_status_name(enum result_status status)
{
	static const char *const names[] = {
	    [RESULT_DONE] = "ok",         [RESULT_UNREADABLE] = "unreadable", [RESULT_CRASHED] = "crashed",
	    [RESULT_STALLED] = "stalled", [RESULT_NO_MEMORY] = "no_memory",
	};
	return names[status];
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void place_end(struct place *s, enum result_status status, const char *error)
{
	s->state = PLACE_ENDED;
	s->status = status;
	s->error = error ? strdup(error) : NULL;
}

/* Signals that ask for an end come by descriptor, but for those that the caller's parent wants ignored (nohup). */
static int run_signals(struct run *r, struct err *e)
{
	static const int wanted[] = {SIGINT, SIGTERM, SIGHUP};
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
		struct sigaction old;
		if (sigaction(wanted[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaddset(&set, wanted[i]);
	}
	sigprocmask(SIG_BLOCK, &set, &r->mask);
	r->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return r->signals < 0 ? err_set(e, ERR_IO, "signalfd: %s", strerror(errno)) : 0;
}

static int run_open(struct run *r, struct err *e)
{
	const struct batch *b = r->batch;
	r->seats = calloc(b->workers, sizeof *r->seats);
	r->places = calloc(b->inputs->count ? b->inputs->count : 1, sizeof *r->places);
	r->reader = result_reader_new();
	if (!r->seats || !r->places || !r->reader)
		return err_set(e, ERR_NOMEM, "out of memory for %zu captures", b->inputs->count);
	int status = spool_open(&r->spool, e);
	for (unsigned i = 0; status == 0 && i < b->workers; i++)
		status = worker_open(&r->seats[i].worker, e);
	r->looked_ms = now_ms();
	return status < 0 ? status : run_signals(r, e);
}

static void run_close(struct run *r)
{
	for (unsigned i = 0; r->seats && i < r->batch->workers; i++)
		worker_close(&r->seats[i].worker);
	for (size_t i = 0; r->places && i < r->batch->inputs->count; i++)
		free(r->places[i].error);
	free(r->seats);
	free(r->places);
	result_reader_free(r->reader);
	spool_close(r->spool);
	if (r->signals >= 0) {
		close(r->signals);
		sigprocmask(SIG_SETMASK, &r->mask, NULL);
	}
}

static bool seats_idle(const struct run *r)
{
	for (unsigned i = 0; i < r->batch->workers; i++) {
		if (r->seats[i].worker.pid)
			return false;
	}
	return true;
}

/* Starts the next capture. False: no worker can be had now, ask again when one has ended. */
static bool seat_start(struct run *r, struct seat *seat)
{
	const struct batch *b = r->batch;
	struct place *place = &r->places[r->next_start];
	struct err e;
	int input = input_open(&b->inputs->items[r->next_start], &e);
	if (input < 0) {
		place_end(place, RESULT_UNREADABLE, e.text);
		r->next_start++;
		return true;
	}
	int status = worker_start(&seat->worker, input, b->job, b->job_context, b->memory, &e);
	close(input);
	if (status < 0 && !seats_idle(r))
		return false;
	if (status < 0)
		place_end(place, RESULT_NO_MEMORY, e.text);
	else
		place->state = PLACE_RUNNING;
	seat->place = r->next_start++;
	seat->seen_bytes = seat->seen_frames = seat->seen_steps = 0;
	seat->moved_ms = now_ms();
	return true;
}

static void run_start(struct run *r)
{
	for (unsigned i = 0; i < r->batch->workers; i++) {
		while (!r->seats[i].worker.pid && r->next_start < r->batch->inputs->count) {
			if (!seat_start(r, &r->seats[i]))
				return;
		}
	}
}

/* The rows of the place whose turn it is or that has to wait: checked, and put aside when it has to. */
static int place_done(struct run *r, struct seat *seat, struct err *e)
{
	struct place *place = &r->places[seat->place];
	struct err why;
	struct spool_piece all;
	if (spool_measure(seat->worker.output, &all, e) < 0)
		return e->code;
	int status = result_check(r->reader, seat->worker.output, all, &why);
	if (status == ERR_IO)
		return *e = why, status;
	if (status < 0) {
		char text[sizeof why.text + 40];
		snprintf(text, sizeof text, "worker handed over a broken result: %s", why.text);
		place_end(place, RESULT_CRASHED, text);
		return 0;
	}
	place_end(place, RESULT_DONE, NULL);
	return spool_add(r->spool, seat->worker.output, all, &place->spooled, e);
}

static int seat_reap(struct run *r, struct seat *seat, struct err *e)
{
	enum worker_end end;
	struct err why = {0};
	if (!worker_ended(&seat->worker, &end, &why))
		return 0;
	struct place *place = &r->places[seat->place];
	r->ended.bytes += seat->worker.page->bytes;
	r->ended.frames += seat->worker.page->frames;
	switch (end) {
	case WORKER_DONE:
		return place_done(r, seat, e);
	case WORKER_OUTPUT_FAILED:
		*e = why;
		return ERR_IO;
	case WORKER_NO_MEMORY:
		place_end(place, RESULT_NO_MEMORY, why.text);
		return 0;
	case WORKER_CRASHED:
	default:
		place_end(place, RESULT_CRASHED, why.text);
		return 0;
	}
}

static int run_reap(struct run *r, struct err *e)
{
	int status = 0;
	for (unsigned i = 0; status == 0 && i < r->batch->workers; i++)
		status = seat_reap(r, &r->seats[i], e);
	return status;
}

static void seat_look(struct run *r, struct seat *seat, int64_t now)
{
	uint64_t bytes = seat->worker.page->bytes, frames = seat->worker.page->frames;
	uint64_t steps = seat->worker.page->steps;
	if (bytes != seat->seen_bytes || frames != seat->seen_frames || steps != seat->seen_steps) {
		seat->seen_steps = steps;
		seat->seen_bytes = bytes;
		seat->seen_frames = frames;
		seat->moved_ms = now;
	}
	if (now - seat->moved_ms < (int64_t)r->batch->stall_ms)
		return;
	char text[80];
	snprintf(text, sizeof text, "no packet was read for %.3g s", (double)r->batch->stall_ms / 1000);
	worker_kill(&seat->worker);
	place_end(&r->places[seat->place], RESULT_STALLED, text);
}

/* Time in which this process itself was stopped does not count against the workers. */
static void run_look(struct run *r)
{
	int64_t now = now_ms(), away = now - r->looked_ms - 4 * TICK_MS;
	r->looked_ms = now;
	for (unsigned i = 0; r->batch->stall_ms && i < r->batch->workers; i++) {
		struct seat *seat = &r->seats[i];
		if (!seat->worker.pid)
			continue;
		if (away > 0)
			seat->moved_ms += away;
		seat_look(r, seat, now);
	}
}

static int place_take(struct run *r, struct place *place, struct err *e)
{
	struct batch_result result = {
	    .input = &r->batch->inputs->items[r->next_take],
	    .index = r->next_take,
	    .status = place->status,
	    .error = place->error ? place->error : "",
	};
	if (place->status == RESULT_DONE) {
		int status = spool_read(r->spool, r->reader, place->spooled, &result, e);
		if (status < 0)
			return status;
		r->ended.findings += result.findings;
	}
	int status = r->batch->take(r->batch->context, &result, e);
	free(place->error);
	place->error = NULL;
	if (place->status == RESULT_DONE)
		spool_drop(r->spool);
	return status;
}

static int run_take(struct run *r, struct err *e)
{
	while (r->next_take < r->batch->inputs->count && r->places[r->next_take].state == PLACE_ENDED) {
		int status = place_take(r, &r->places[r->next_take], e);
		if (status < 0)
			return status;
		r->next_take++;
	}
	return 0;
}

static void run_tick(const struct run *r)
{
	struct batch_progress p = r->ended;
	p.captures = r->batch->inputs->count;
	p.captures_done = r->next_take;
	for (unsigned i = 0; i < r->batch->workers; i++) {
		if (!r->seats[i].worker.pid)
			continue;
		p.bytes += r->seats[i].worker.page->bytes;
		p.frames += r->seats[i].worker.page->frames;
		p.findings += r->seats[i].worker.page->findings;
	}
	if (r->batch->tick)
		r->batch->tick(r->batch->context, &p);
}

/* Until something happens, or it is time to look. The number of a signal that asks for an end, or 0. */
static int run_wait(const struct run *r)
{
	uint64_t tick = TICK_MS;
	if (r->batch->stall_ms && r->batch->stall_ms / 4 < tick)
		tick = r->batch->stall_ms / 4 > TICK_MIN_MS ? r->batch->stall_ms / 4 : TICK_MIN_MS;
	struct pollfd p = {.fd = r->signals, .events = POLLIN};
	struct signalfd_siginfo info;
	int asked = 0;
	(void)poll(&p, 1, (int)tick);
	while (read(r->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo != SIGCHLD && !asked)
			asked = (int)info.ssi_signo;
	}
	return asked;
}

static int run_loop(struct run *r, struct err *e)
{
	for (;;) {
		run_start(r);
		int status = run_take(r, e);
		if (status < 0 || r->next_take == r->batch->inputs->count)
			return status;
		int asked = run_wait(r);
		if (asked)
			return asked;
		status = run_reap(r, e);
		if (status < 0)
			return status;
		run_look(r);
		run_tick(r);
	}
}

int batch_run(const struct batch *b, struct err *e)
{
	struct run r = {.batch = b, .signals = -1};
	int status = run_open(&r, e);
	if (status == 0)
		status = run_loop(&r, e);
	run_close(&r);
	return status;
}
