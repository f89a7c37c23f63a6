/* The process side first, then the parent's. */
#include "analyzer/worker.h"

#include "analyzer/report/columns.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WORKER_SHADOW_MEMORY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define WORKER_SHADOW_MEMORY 1
#endif
#endif
#ifndef WORKER_SHADOW_MEMORY
#define WORKER_SHADOW_MEMORY 0
#endif

enum {
	/* Where the process finds its two files; everything else is closed. */
	WORKER_INPUT = 3,
	WORKER_OUTPUT = 4,
	WORKER_TABLE_BYTES = 64 * 1024,
	WORKER_FILES_MAX = 64,
	/* Exit statuses that sanitizers and shells do not use. */
	EXIT_NO_MEMORY = 81,
	EXIT_OUTPUT_FAILED = 82,
	EXIT_FAILED = 83,
};

/* Context of the sink: rows into the output file. */
struct worker_sink {
	struct worker_page *page;
	struct rows_writer *rows;
	struct row_room *room;
	bool output_failed;
};

static int sink_put(struct worker_sink *s, enum row_kind kind, const struct row_fields *row, struct err *e)
{
	int status = rows_put(s->rows, kind, row, e);
	s->output_failed = s->output_failed || status == ERR_IO;
	return status;
}

static int sink_finding(void *context, const struct finding *f, struct err *e)
{
	struct worker_sink *s = context;
	struct row_fields row;
	finding_row(&row, s->room, f);
	return sink_put(s, ROW_FINDING, &row, e);
}

static void sink_progress(void *context, uint64_t bytes, uint64_t frames, uint64_t findings)
{
	struct worker_page *page = ((struct worker_sink *)context)->page;
	atomic_store_explicit(&page->bytes, bytes, memory_order_relaxed);
	atomic_store_explicit(&page->frames, frames, memory_order_relaxed);
	atomic_store_explicit(&page->findings, findings, memory_order_relaxed);
}

static void sink_alive(void *context)
{
	atomic_fetch_add_explicit(&((struct worker_sink *)context)->page->steps, 1, memory_order_relaxed);
}

static int sink_summary(void *context, const struct capture_summary *summary, struct err *e)
{
	struct worker_sink *s = context;
	struct row_fields row;
	sink_progress(context, summary->input->file_bytes, summary->packets, summary->findings);
	capture_row(&row, s->room, summary);
	return sink_put(s, ROW_CAPTURE, &row, e);
}

static int worker_job_run(struct worker_page *page, worker_job *job, void *context)
{
	struct worker_sink s = {.page = page,
	                        .rows = rows_writer_new(WORKER_OUTPUT),
	                        .room = malloc(sizeof(struct row_room))};
	if (!s.rows || !s.room)
		return EXIT_NO_MEMORY;
	struct sink sink = {.context = &s,
	                    .finding = sink_finding,
	                    .summary = sink_summary,
	                    .progress = sink_progress,
	                    .alive = sink_alive};
	struct err e = {0};
	int status = job(context, WORKER_INPUT, &sink, &e);
	if (status >= 0 && (status = rows_flush(s.rows, &e)) < 0)
		s.output_failed = true;
	rows_writer_free(s.rows);
	free(s.room);
	if (status >= 0)
		return EXIT_SUCCESS;
	page->error = e;
	return s.output_failed ? EXIT_OUTPUT_FAILED : status == ERR_NOMEM ? EXIT_NO_MEMORY : EXIT_FAILED;
}

/* The input and output under their fixed numbers, no standard input or output, nothing else but stderr. */
static bool worker_files(int input, int output)
{
	int in = fcntl(input, F_DUPFD, 16), out = fcntl(output, F_DUPFD, 16);
	int nothing = open("/dev/null", O_RDWR);
	if (in < 0 || out < 0 || nothing < 0)
		return false;
	if (dup2(nothing, STDIN_FILENO) < 0 || dup2(nothing, STDOUT_FILENO) < 0 || dup2(in, WORKER_INPUT) < 0 ||
	    dup2(out, WORKER_OUTPUT) < 0)
		return false;
	return close_range(WORKER_OUTPUT + 1, ~0U, 0) == 0;
}

/* A pipe was opened without waiting for its writer: wait now, and read in the ordinary way from here on. */
static void worker_await_input(void)
{
	int flags = fcntl(WORKER_INPUT, F_GETFL);
	if (flags < 0 || !(flags & O_NONBLOCK))
		return;
	struct pollfd p = {.fd = WORKER_INPUT, .events = POLLIN};
	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		;
	(void)fcntl(WORKER_INPUT, F_SETFL, flags & ~O_NONBLOCK);
}

static void worker_signals(void)
{
	sigset_t none;
	/* The terminal sends SIGINT and SIGHUP to everybody; whether to stop is the parent's decision. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void limit_set(__rlimit_resource_t resource, rlim_t value)
{
	struct rlimit limit = {.rlim_cur = value, .rlim_max = value};
	(void)setrlimit(resource, &limit);
}

/* Everything that takes rights away before the first byte of a capture is looked at. */
static void worker_confine(uint64_t memory)
{
	limit_set(RLIMIT_CORE, 0);
	limit_set(RLIMIT_NOFILE, WORKER_FILES_MAX);
	if (memory && !WORKER_SHADOW_MEMORY)
		limit_set(RLIMIT_AS, (rlim_t)memory);
}

int worker_file(struct err *e)
{
	const char *folder = getenv("TMPDIR");
	if (!folder || !folder[0])
		folder = "/tmp";
	int fd = open(folder, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	char *name;
	if (asprintf(&name, "%s/wallprint-XXXXXX", folder) < 0)
		return err_set(e, ERR_NOMEM, "out of memory"), -1;
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		err_set(e, ERR_IO, "cannot make a temporary file in %s: %s", folder, strerror(errno));
	else
		unlink(name);
	free(name);
	return fd;
}

int worker_open(struct worker *w, struct err *e)
{
	*w = (struct worker){.output = worker_file(e)};
	if (w->output < 0)
		return ERR_IO;
	void *page = mmap(NULL, sizeof *w->page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED) {
		close(w->output);
		w->output = 0;
		return err_set(e, ERR_NOMEM, "out of memory for a worker");
	}
	w->page = page;
	return 0;
}

void worker_close(struct worker *w)
{
	if (!w->page)
		return;
	worker_kill(w);
	close(w->output);
	munmap(w->page, sizeof *w->page);
	*w = (struct worker){0};
}

int worker_start(struct worker *w, int input, worker_job *job, void *context, uint64_t memory, struct err *e)
{
	if (ftruncate(w->output, 0) < 0 || lseek(w->output, 0, SEEK_SET) < 0)
		return err_set(e, ERR_IO, "temporary file: %s", strerror(errno));
	memset(w->page, 0, sizeof *w->page);
	pid_t parent = getpid();
	w->pid = fork();
	if (w->pid < 0) {
		w->pid = 0;
		return err_set(e, ERR_NOMEM, "cannot start a worker: %s", strerror(errno));
	}
	if (w->pid > 0)
		return 0;
	/* No worker outlives its parent. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || !worker_files(input, w->output))
		_exit(EXIT_FAILED);
	worker_signals();
	worker_await_input();
	worker_confine(memory);
	/* Large tables come zeroed from the system, page by page as they are used, not cleared out of what loading left behind. */
	mallopt(M_MMAP_THRESHOLD, WORKER_TABLE_BYTES);
	_exit(worker_job_run(w->page, job, context));
}

void worker_kill(struct worker *w)
{
	if (w->pid <= 0)
		return;
	kill(w->pid, SIGKILL);
	while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
		;
	w->pid = 0;
}

/* The process may have written anything there. */
static const char *last_words(struct worker *w)
{
	w->page->error.text[sizeof w->page->error.text - 1] = '\0';
	return w->page->error.text[0] ? w->page->error.text : "no reason given";
}

static enum worker_end exit_means(struct worker *w, int code, struct err *why)
{
	switch (code) {
	case EXIT_SUCCESS:
		return WORKER_DONE;
	case EXIT_NO_MEMORY:
		err_set(why, ERR_NOMEM, "out of memory");
		return WORKER_NO_MEMORY;
	case EXIT_OUTPUT_FAILED:
		err_set(why, ERR_IO, "%s", last_words(w));
		return WORKER_OUTPUT_FAILED;
	case EXIT_FAILED:
		err_set(why, ERR_IO, "worker failed: %s", last_words(w));
		return WORKER_CRASHED;
	default:
		err_set(why, ERR_IO, "worker ended with status %d", code);
		return WORKER_CRASHED;
	}
}

bool worker_ended(struct worker *w, enum worker_end *end, struct err *why)
{
	int status;
	pid_t ended = w->pid > 0 ? waitpid(w->pid, &status, WNOHANG) : 0;
	if (ended == 0 || (ended < 0 && errno == EINTR))
		return false;
	w->pid = 0;
	if (ended < 0) {
		*end = WORKER_CRASHED;
		err_set(why, ERR_IO, "worker lost: %s", strerror(errno));
		return true;
	}
	if (WIFEXITED(status)) {
		*end = exit_means(w, WEXITSTATUS(status), why);
		return true;
	}
	/* Nobody but the system kills so, and it does when memory runs out. */
	bool out_of_memory = WTERMSIG(status) == SIGKILL;
	const char *name = sigabbrev_np(WTERMSIG(status));
	*end = out_of_memory ? WORKER_NO_MEMORY : WORKER_CRASHED;
	err_set(why, ERR_IO, "worker killed by SIG%s%s", name ? name : "?",
	        out_of_memory ? ", as the system does when memory runs out" : "");
	return true;
}
