/* wallprint scan: captures in, findings out. Puts options, inputs, knowledge, batch and output together. */
#include "analyzer/batch.h"
#include "analyzer/cmd.h"
#include "analyzer/knowledge.h"
#include "analyzer/options.h"
#include "analyzer/output.h"
#include "analyzer/pipeline.h"

#include <signal.h>
#include <unistd.h>

static const int end_signals[] = {SIGINT, SIGTERM, SIGHUP};

static int complain(const struct err *e)
{
	fprintf(stderr, "wallprint scan: %s\n", e->text);
	return EXIT_USAGE;
}

static int scan_job(void *context, int input, const struct sink *sink, struct err *e)
{
	return pipeline_run(input, context, sink, e);
}

static int inputs_collect(struct inputs *in, const struct options *o, struct err *e)
{
	int status = 0;
	for (size_t i = 0; status == 0 && i < o->operand_count; i++) {
		const struct operand *operand = &o->operands[i];
		if (operand->list)
			status = inputs_add_list(in, operand->text, o->nul_ended, o->walk, e);
		else
			status = inputs_add(in, operand->text, o->walk, e);
	}
	return status;
}

/* Far above what the budgets of a capture add up to: it stops what has run out of hand. */
static uint64_t worker_memory(const struct options *o)
{
	return (UINT64_C(4) << 30) + 4 * o->max_memory + o->max_flows * 16384;
}

/* Signals that ask for an end must not leave half a folder: they wait until the batch looks, or until all is written. Those
 * that the caller's parent wants ignored (nohup) stay ignored. */
static void signals_hold(void)
{
	sigset_t held;
	struct sigaction now;
	sigemptyset(&held);
	for (size_t i = 0; i < sizeof end_signals / sizeof end_signals[0]; i++) {
		if (sigaction(end_signals[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(&held, end_signals[i]);
	}
	sigprocmask(SIG_BLOCK, &held, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
}

/* The number of a signal that was held back, or 0. */
static int signal_held(void)
{
	sigset_t pending;
	sigpending(&pending);
	for (size_t i = 0; i < sizeof end_signals / sizeof end_signals[0]; i++) {
		if (sigismember(&pending, end_signals[i]) == 1)
			return end_signals[i];
	}
	return 0;
}

static int die_of(int number)
{
	sigset_t none;
	signal(number, SIG_DFL);
	raise(number);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return 128 + number;
}

/* Result of the batch and the output -> exit status; a negative number is a signal to die of. */
static int scan_run(struct output *out, const struct batch *batch, const struct output_run *run)
{
	struct err e = {0};
	int status = output_start(out, &e);
	if (status == 0)
		status = batch_run(batch, &e);
	if (status > 0)
		return -status;
	if (status == 0)
		status = output_commit(out, run, &e);
	if (status == 0)
		return output_status(out);
	if (signal_held())
		return -signal_held();
	if (output_pipe_closed(out))
		return EXIT_DONE;
	complain(&e);
	return status == ERR_NOMEM ? EXIT_DIED : EXIT_OUTPUT;
}

static int scan_analyse(const struct options *o, const struct inputs *in, const struct knowledge *k, int argc,
                        char **argv)
{
	struct err e = {0};
	struct output *out;
	int status = output_open(&out, o, in, &e);
	if (status < 0) {
		complain(&e);
		return status == ERR_USAGE ? EXIT_USAGE : status == ERR_NOMEM ? EXIT_DIED : EXIT_OUTPUT;
	}
	struct pipeline_config config = {
	    .signatures = k->signatures,
	    .weights = k->weights,
	    .max_flows = o->max_flows,
	    .max_memory = o->max_memory,
	    .max_inflated = o->max_inflated,
	    .max_findings = o->max_findings,
	    .min_label = o->min_label,
	    .mechanisms = o->mechanisms,
	    .hash = !o->no_hash,
	};
	struct batch batch = {
	    .inputs = in,
	    .job = scan_job,
	    .job_context = &config,
	    .workers = (unsigned)(o->jobs < in->count ? o->jobs
	                          : in->count         ? in->count
	                                              : 1),
	    .stall_ms = o->stall * 1000,
	    .memory = worker_memory(o),
	    .context = out,
	    .take = output_take,
	    .tick = output_tick,
	};
	struct output_run run = {.knowledge = k, .argc = argc, .argv = argv};
	status = scan_run(out, &batch, &run);
	output_close(out);
	return status;
}

static int scan_prepared(const struct options *o, int argc, char **argv)
{
	struct err e = {0};
	struct knowledge k;
	struct inputs in = {0};
	int status = EXIT_USAGE;
	if (knowledge_load(&k, !o->no_default_signatures, o->signatures, o->signature_count, &e) < 0)
		return complain(&e);
	if (inputs_collect(&in, o, &e) < 0) {
		complain(&e);
	} else {
		signals_hold();
		status = scan_analyse(o, &in, &k, argc, argv);
	}
	inputs_free(&in);
	knowledge_free(&k);
	if (status < 0)
		return die_of(-status);
	return status;
}

int cmd_scan(int argc, char **argv)
{
	struct err e = {0};
	struct options o;
	int status = options_parse(&o, argc, argv, &e);
	if (status < 0)
		status = complain(&e);
	else if (o.version)
		status = cmd_version();
	else if (o.help)
		options_help(stdout);
	else
		status = scan_prepared(&o, argc, argv);
	options_free(&o);
	return status;
}
