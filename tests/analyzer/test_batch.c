/*
 * Workers that behave, and workers that do everything a worker must not: each costs its own capture and no other. What a job
 * does is the first byte of its input.
 */
#include "analyzer/batch.h"

#include "analyzer/report/columns.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SHADOW_MEMORY 1
#else
#define SHADOW_MEMORY 0
#endif

enum { MANY = 40, BIG_FINDINGS = 3000, BIG_DETAIL = 1000, OUTPUT_FD = 4 };

static const struct mechanism mechanism = {
    .id = "rst_seq_data", .stage = "any", .protocol = "tcp", .note = "note", .source = "test"};

/* What was handed on. */
struct taken {
	size_t count;
	struct {
		enum result_status status;
		uint64_t findings;
		char error[128];
	} item[MANY];
	char *text; /* all fields of all rows */
	size_t size;
	FILE *stream;
	int stop_after; /* refuse this result; -1: none */
	int raise_at_tick;
};

static int push_findings(const struct sink *sink, size_t count, struct err *e)
{
	char value[BIG_DETAIL + 1];
	memset(value, 'v', BIG_DETAIL);
	value[BIG_DETAIL] = '\0';
	for (size_t i = 0; i < count; i++) {
		struct finding f = {.mechanism = &mechanism, .label = LABEL_WEAK, .l4_proto = IPPROTO_TCP};
		f.suspects[0] = (struct frame_ref){.number = i + 1};
		f.suspect_count = 1;
		f.details[0] = (struct detail){"filler", value};
		f.detail_count = 1;
		int status = sink->finding(sink->context, &f, e);
		if (status < 0)
			return status;
	}
	return 0;
}

static int push_summary(const struct sink *sink, uint64_t packets, size_t findings, struct err *e)
{
	struct capture_facts facts = {.status = CAPTURE_OK, .format = "pcap", .compression = ""};
	struct capture_summary s = {.input = &facts, .packets = packets, .findings = findings};
	return sink->summary(sink->context, &s, e);
}

static int use_memory(struct err *e)
{
	for (int i = 0; i < 64; i++) {
		volatile char *block = malloc(64 << 20);
		if (!block)
			return err_set(e, ERR_NOMEM, "no memory");
		block[0] = 1;
	}
	return 0;
}

static int bad_row(const struct sink *sink, char kind, struct err *e)
{
	static const char garbage[] = "not a row at all, but bytes of somebody's choice";
	struct rows_writer *w = rows_writer_new(OUTPUT_FD);
	struct row_fields row = {.count = 3, .field = {span_text("a"), span_text("b"), span_text("c")}};
	if (kind == 'x')
		return write(OUTPUT_FD, garbage, sizeof garbage) < 0;
	if (kind == 'c')
		rows_put(w, ROW_FINDING, &row, e);
	if (kind == '2') {
		push_summary(sink, 1, 0, e);
		return push_summary(sink, 1, 0, e);
	}
	if (kind == 'l') {
		row = (struct row_fields){.count = column_count(ROW_FINDING)};
		row.field[column_find(ROW_FINDING, "label")] = span_text("certain");
		rows_put(w, ROW_FINDING, &row, e);
	}
	rows_flush(w, e);
	rows_writer_free(w);
	return push_summary(sink, 1, 0, e);
}

static int job(void *context, int input, const struct sink *sink, struct err *e)
{
	(void)context;
	char what = 0;
	if (read(input, &what, 1) != 1)
		return err_set(e, ERR_IO, "nothing to read");
	switch (what) {
	case 'a':
		abort();
	case 's':
		signal(SIGSEGV, SIG_DFL); /* the test library has a handler of its own */
		raise(SIGSEGV);
		return 0;
	case 'k':
		raise(SIGKILL);
		return 0;
	case 'e':
		_exit(7);
	case 'p':
		for (;;)
			pause();
	case 'm':
		if (use_memory(e) < 0)
			return e->code;
		return push_summary(sink, 1, 0, e);
	case 'f':
		return err_set(e, ERR_IO, "the environment failed");
	case 'o':
		close(OUTPUT_FD);
		return push_summary(sink, 1, 0, e);
	case 'n':
		return push_findings(sink, 2, e);
	case 'x':
	case 'c':
	case '2':
	case 'l':
		return bad_row(sink, what, e);
	case 'B': {
		int status = push_findings(sink, BIG_FINDINGS, e);
		return status < 0 ? status : push_summary(sink, 1, BIG_FINDINGS, e);
	}
	case 'w':
		usleep(150000);
		__attribute__((fallthrough));
	default: {
		int status = push_findings(sink, (size_t)(what - '0') % 5, e);
		return status < 0 ? status : push_summary(sink, (uint64_t)what, (size_t)(what - '0') % 5, e);
	}
	}
}

static int take(void *context, const struct batch_result *r, struct err *e)
{
	struct taken *t = context;
	struct row_fields row;
	enum row_kind kind;
	assert_int_equal(r->index, t->count);
	if (t->stop_after == (int)t->count)
		return err_set(e, ERR_IO, "full");
	t->item[t->count].status = r->status;
	t->item[t->count].findings = r->findings;
	snprintf(t->item[t->count].error, sizeof t->item[0].error, "%s", r->error);
	t->count++;
	fprintf(t->stream, "[%s %s]", r->input->name, result_status_name(r->status));
	while (r->rows && rows_next(r->rows, &kind, &row, e) > 0) {
		for (size_t i = 0; i < row.count; i++)
			fwrite(row.field[i].ptr, 1, row.field[i].len, t->stream);
	}
	return 0;
}

static void tick(void *context, const struct batch_progress *progress)
{
	struct taken *t = context;
	(void)progress;
	if (t->raise_at_tick)
		kill(getpid(), t->raise_at_tick);
}

static int setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	char *path;
	assert_true(asprintf(&path, "%s/wallprint-batch-XXXXXX", tmp ? tmp : "/tmp") > 0);
	assert_non_null(mkdtemp(path));
	*state = path;
	return chdir(path);
}

static int teardown(void **state)
{
	char command[512];
	snprintf(command, sizeof command, "rm -rf '%s'", (char *)*state);
	int status = chdir("/") | system(command);
	free(*state);
	return status;
}

/* One capture for each letter. */
static int run(const char *letters, unsigned workers, uint64_t stall_ms, struct taken *t, struct err *e)
{
	struct inputs in = {0};
	for (size_t i = 0; letters[i]; i++) {
		char name[32];
		snprintf(name, sizeof name, "%02zu", i);
		int fd = open(name, O_CREAT | O_WRONLY | O_TRUNC, 0600);
		assert_int_equal(write(fd, &letters[i], 1), 1);
		close(fd);
		if (letters[i] == '!')
			unlink(name);
		assert_int_equal(inputs_add(&in, name, false, e), 0);
	}
	struct batch b = {.inputs = &in,
	                  .job = job,
	                  .workers = workers,
	                  .stall_ms = stall_ms,
	                  .memory = UINT64_C(512) << 20,
	                  .context = t,
	                  .take = take,
	                  .tick = tick};
	t->stream = open_memstream(&t->text, &t->size);
	int status = batch_run(&b, e);
	fclose(t->stream);
	inputs_free(&in);
	/* Nobody is left behind. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	return status;
}

static void every_death_costs_its_own_capture(void **state)
{
	(void)state;
	static const struct {
		char letter;
		enum result_status status;
		const char *says;
	} deaths[] = {
	    {'a', RESULT_CRASHED, "SIGABRT"},
	    {'k', RESULT_NO_MEMORY, "SIGKILL"},
	    {'e', RESULT_CRASHED, "status 7"},
	    {'f', RESULT_CRASHED, "the environment failed"},
	    {'n', RESULT_CRASHED, "no capture row"},
	    {'x', RESULT_CRASHED, "wrong head"},
	    {'c', RESULT_CRASHED, "number of columns"},
	    {'2', RESULT_CRASHED, "after the capture row"},
	    {'l', RESULT_CRASHED, "label"},
	    {'!', RESULT_UNREADABLE, "No such file"},
	};
	enum { DEATHS = sizeof deaths / sizeof deaths[0] };
	char letters[2 * DEATHS + 2] = "1";
	for (size_t i = 0; i < DEATHS; i++) {
		letters[2 * i + 1] = deaths[i].letter;
		letters[2 * i + 2] = '1';
	}
	struct taken t = {.stop_after = -1};
	struct err e;
	assert_int_equal(run(letters, 3, 0, &t, &e), 0);
	assert_int_equal(t.count, 2 * DEATHS + 1);
	for (size_t i = 0; i < t.count; i++) {
		if (i % 2 == 0) {
			assert_int_equal(t.item[i].status, RESULT_DONE);
			assert_int_equal(t.item[i].findings, 1);
			continue;
		}
		assert_int_equal(t.item[i].status, deaths[i / 2].status);
		assert_int_equal(t.item[i].findings, 0);
		if (!strstr(t.item[i].error, deaths[i / 2].says))
			fail_msg("'%c' says '%s'", deaths[i / 2].letter, t.item[i].error);
	}
	free(t.text);
}

static void a_segmentation_fault_is_a_crash(void **state)
{
	(void)state;
	struct taken t = {.stop_after = -1};
	struct err e;
	assert_int_equal(run("s", 1, 0, &t, &e), 0);
	assert_int_equal(t.item[0].status, RESULT_CRASHED);
	assert_non_null(strstr(t.item[0].error, "SIGSEGV"));
	free(t.text);
}

static void memory_is_bounded(void **state)
{
	(void)state;
	if (SHADOW_MEMORY)
		skip();
	struct taken t = {.stop_after = -1};
	struct err e;
	assert_int_equal(run("1m1", 1, 0, &t, &e), 0);
	assert_int_equal(t.item[1].status, RESULT_NO_MEMORY);
	assert_int_equal(t.item[2].status, RESULT_DONE);
	free(t.text);
}

static void a_worker_that_stands_still_is_given_up(void **state)
{
	(void)state;
	struct taken t = {.stop_after = -1};
	struct err e;
	assert_int_equal(run("p", 1, 40, &t, &e), 0);
	assert_int_equal(t.item[0].status, RESULT_STALLED);
	assert_non_null(strstr(t.item[0].error, "0.04 s"));
	free(t.text);
}

static void order_and_bytes_do_not_depend_on_the_number_of_workers(void **state)
{
	(void)state;
	static const char letters[] = "w1234x32a1!4w3210123Bn44";
	struct taken one = {.stop_after = -1}, four = {.stop_after = -1}, many = {.stop_after = -1};
	struct err e;
	assert_int_equal(run(letters, 1, 0, &one, &e), 0);
	assert_int_equal(run(letters, 4, 0, &four, &e), 0);
	assert_int_equal(run(letters, 40, 0, &many, &e), 0);
	assert_true(one.size > BIG_FINDINGS * BIG_DETAIL);
	assert_int_equal(one.size, four.size);
	assert_memory_equal(one.text, four.text, one.size);
	assert_int_equal(one.size, many.size);
	assert_memory_equal(one.text, many.text, one.size);
	free(one.text);
	free(four.text);
	free(many.text);
}

static void big_results_arrive_whole(void **state)
{
	(void)state;
	struct taken t = {.stop_after = -1};
	struct err e;
	assert_int_equal(run("BwB", 3, 0, &t, &e), 0);
	assert_int_equal(t.item[0].findings, BIG_FINDINGS);
	assert_int_equal(t.item[2].findings, BIG_FINDINGS);
	free(t.text);
}

static void nothing_to_do_is_done_at_once(void **state)
{
	(void)state;
	struct taken t = {.stop_after = -1};
	struct err e;
	assert_int_equal(run("", 2, 0, &t, &e), 0);
	assert_int_equal(t.count, 0);
	free(t.text);
}

static void a_refused_result_stops_the_run(void **state)
{
	(void)state;
	struct taken t = {.stop_after = 2};
	struct err e;
	assert_int_equal(run("1111ppp", 2, 0, &t, &e), ERR_IO);
	assert_string_equal(e.text, "full");
	assert_int_equal(t.count, 2);
	free(t.text);
}

static void a_worker_that_cannot_write_stops_the_run(void **state)
{
	(void)state;
	struct taken t = {.stop_after = -1};
	struct err e;
	assert_int_equal(run("1o1", 1, 0, &t, &e), ERR_IO);
	assert_non_null(strstr(e.text, "temporary file"));
	free(t.text);
}

static void a_signal_ends_the_run(void **state)
{
	(void)state;
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
	for (size_t i = 0; i < 3; i++) {
		struct taken t = {.stop_after = -1, .raise_at_tick = numbers[i]};
		struct err e;
		signal(numbers[i], SIG_DFL); /* whoever runs the tests may ignore it */
		assert_int_equal(run("1pp", 2, 0, &t, &e), numbers[i]);
		assert_int_equal(t.count, 1);
		free(t.text);
	}
}

/* nohup: a signal that is ignored stays ignored. */
static void an_ignored_signal_does_not_end_the_run(void **state)
{
	(void)state;
	struct taken t = {.stop_after = -1, .raise_at_tick = SIGHUP};
	struct err e;
	signal(SIGHUP, SIG_IGN);
	assert_int_equal(run("ww1", 1, 0, &t, &e), 0);
	assert_int_equal(t.count, 3);
	signal(SIGHUP, SIG_DFL);
	free(t.text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(every_death_costs_its_own_capture),
	    TEST(a_segmentation_fault_is_a_crash),
	    TEST(memory_is_bounded),
	    TEST(a_worker_that_stands_still_is_given_up),
	    TEST(order_and_bytes_do_not_depend_on_the_number_of_workers),
	    TEST(big_results_arrive_whole),
	    TEST(nothing_to_do_is_done_at_once),
	    TEST(a_refused_result_stops_the_run),
	    TEST(a_worker_that_cannot_write_stops_the_run),
	    TEST(a_signal_ends_the_run),
	    TEST(an_ignored_signal_does_not_end_the_run),
	};
	return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
