/* The manifest is put together in output_manifest.c. */
#include "analyzer/output.h"

#include "analyzer/output_manifest.h"
#include "analyzer/progress.h"
#include "analyzer/report/folder.h"
#include "analyzer/report/table.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { NAME_BYTES = 4 * PATH_MAX + 1, ERROR_BYTES = 4 * TEXT_OUTSIDE_MAX + 16 };

/* Columns that are filled in, or read, here. */
struct columns {
	size_t finding_capture, finding_sha256, label, score, mechanism;
	size_t capture, sha256, packets, flows, findings, dropped, status, error;
};

struct strongest {
	enum label label;
	int64_t score;
	char text[96]; /* "very_strong tcp_overlap_conflict" */
};

struct output {
	const struct options *options;
	const struct inputs *inputs;
	struct columns column;
	struct folder *folder; /* NULL: findings to standard output */
	struct table *findings, *captures;
	struct capture_seen *seen; /* by input */
	struct progress progress;
	uint64_t cut, died, rows,
	    telling; /* captures not read to their end; without a worker's result; findings; at least weak */
	int64_t started_ns;
	char name[NAME_BYTES];
};

static int64_t wall_clock_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct columns columns_find(void)
{
	return (struct columns){
	    .finding_capture = column_find(ROW_FINDING, "capture"),
	    .finding_sha256 = column_find(ROW_FINDING, "capture_sha256"),
	    .label = column_find(ROW_FINDING, "label"),
	    .score = column_find(ROW_FINDING, "score_db"),
	    .mechanism = column_find(ROW_FINDING, "mechanism"),
	    .capture = column_find(ROW_CAPTURE, "capture"),
	    .sha256 = column_find(ROW_CAPTURE, "sha256"),
	    .packets = column_find(ROW_CAPTURE, "packets"),
	    .flows = column_find(ROW_CAPTURE, "flows"),
	    .findings = column_find(ROW_CAPTURE, "findings"),
	    .dropped = column_find(ROW_CAPTURE, "dropped_by_limit"),
	    .status = column_find(ROW_CAPTURE, "status"),
	    .error = column_find(ROW_CAPTURE, "error"),
	};
}

static int output_tables(struct output *out, struct err *e)
{
	int findings = STDOUT_FILENO, captures = -1;
	if (out->options->output) {
		int status = folder_open(&out->folder, out->options->output, e);
		if (status == 0)
			status = findings = folder_create(out->folder, "findings.csv", e);
		if (status >= 0)
			status = captures = folder_create(out->folder, "captures.csv", e);
		if (status < 0)
			return status;
	}
	out->findings = table_new(findings, ROW_FINDING);
	out->captures = captures < 0 ? NULL : table_new(captures, ROW_CAPTURE);
	if (!out->findings || (captures >= 0 && !out->captures))
		return err_set(e, ERR_NOMEM, "out of memory");
	return 0;
}

int output_open(struct output **result, const struct options *o, const struct inputs *inputs, struct err *e)
{
	*result = NULL;
	struct output *out = calloc(1, sizeof *out);
	if (!out)
		return err_set(e, ERR_NOMEM, "out of memory");
	out->options = o;
	out->inputs = inputs;
	out->column = columns_find();
	out->started_ns = wall_clock_ns();
	out->seen = calloc(inputs->count ? inputs->count : 1, sizeof *out->seen);
	int status = out->seen ? output_tables(out, e) : err_set(e, ERR_NOMEM, "out of memory");
	if (status < 0) {
		output_close(out);
		return status;
	}
	bool shown =
	    o->progress == PROGRESS_ALWAYS || (o->progress == PROGRESS_AUTO && !o->quiet && isatty(STDERR_FILENO));
	progress_start(&out->progress, shown, inputs);
	*result = out;
	return 0;
}

/* What the error of a table write was about. */
static int table_failed(const struct output *out, const char *table, struct err *e)
{
	struct err why = *e;
	if (out->folder)
		return err_set(e, ERR_IO, "%s/%s: %s", out->options->output, table, why.text);
	return err_set(e, ERR_IO, "standard output: %s", why.text);
}

static int64_t number_of(struct span field)
{
	char digits[24] = "";
	memcpy(digits, field.ptr, field.len < sizeof digits ? field.len : sizeof digits - 1);
	return strtoll(digits, NULL, 10);
}

static enum label label_of(struct span word)
{
	for (unsigned l = LABEL_NONE; l < LABEL_COUNT; l++) {
		if (span_equal(word, span_text(label_name((enum label)l))))
			return (enum label)l;
	}
	return LABEL_NONE;
}

static void strongest_look(const struct output *out, struct strongest *s, const struct row_fields *row)
{
	struct span label = row->field[out->column.label], mechanism = row->field[out->column.mechanism];
	enum label strength = label_of(label);
	int64_t score = number_of(row->field[out->column.score]);
	if (s->text[0] && (strength < s->label || (strength == s->label && score <= s->score)))
		return;
	struct text t = text_over(s->text, sizeof s->text);
	text_add(&t, label);
	text_add(&t, span_text(" "));
	text_add(&t, mechanism);
	s->label = strength;
	s->score = score;
}

static int take_findings(struct output *out, const struct batch_result *result, struct span name, struct strongest *s,
                         struct err *e)
{
	struct row_fields row;
	enum row_kind kind;
	int more;
	while ((more = rows_next(result->rows, &kind, &row, e)) > 0 && kind == ROW_FINDING) {
		row.field[out->column.finding_capture] = name;
		row.field[out->column.finding_sha256] = result->capture->field[out->column.sha256];
		strongest_look(out, s, &row);
		out->telling += label_of(row.field[out->column.label]) >= LABEL_WEAK;
		if (table_row(out->findings, &row, e) < 0)
			return table_failed(out, "findings.csv", e);
	}
	return more < 0 ? more : 0;
}

/* "2 packets", "1 packet". */
static void put_count(FILE *f, uint64_t n, const char *what)
{
	fprintf(f, "%" PRIu64 " %s%s", n, what, n == 1 ? "" : "s");
}

static void put_span(FILE *f, struct span s)
{
	fprintf(f, "%.*s", (int)s.len, s.len ? (const char *)s.ptr : "");
}

/* "x.pcap: 12 packets, 3 flows, 1 finding (strongest: weak dns_dual_answer), 4 dropped by limits". */
static void say_capture(struct output *out, const struct row_fields *row, uint64_t findings, const struct strongest *s,
                        bool sound)
{
	bool wanted = out->folder ? out->options->verbose : !out->options->quiet;
	if (!wanted && sound)
		return;
	progress_clear(&out->progress);
	put_span(stderr, row->field[out->column.capture]);
	if (!sound) {
		fputs(": ", stderr);
		put_span(stderr, row->field[out->column.status]);
		if (row->field[out->column.error].len)
			fputs(": ", stderr);
		put_span(stderr, row->field[out->column.error]);
	}
	if (row->field[out->column.packets].len) {
		fputs(sound ? ": " : "; ", stderr);
		put_count(stderr, (uint64_t)number_of(row->field[out->column.packets]), "packet");
		fputs(", ", stderr);
		put_count(stderr, (uint64_t)number_of(row->field[out->column.flows]), "flow");
		fputs(", ", stderr);
		put_count(stderr, findings, "finding");
		if (s->text[0])
			fprintf(stderr, " (strongest: %s)", s->text);
		uint64_t dropped = (uint64_t)number_of(row->field[out->column.dropped]);
		if (dropped)
			fprintf(stderr, ", %" PRIu64 " dropped by limits", dropped);
	}
	fputc('\n', stderr);
}

/* Remembers for the manifest and the exit status; true when all is well. */
static bool note_capture(struct output *out, const struct batch_result *result, const struct row_fields *row)
{
	struct capture_seen *seen = &out->seen[result->index];
	seen->hashed = capture_seen_hash(seen, row->field[out->column.sha256]);
	seen->status = capture_seen_word(row->field[out->column.status]);
	if (result->status == RESULT_DONE || result->status == RESULT_UNREADABLE) {
		bool sound = span_equal(row->field[out->column.status], span_text("ok"));
		out->cut += !sound;
		return sound;
	}
	out->died++;
	return false;
}

int output_take(void *context, const struct batch_result *result, struct err *e)
{
	struct output *out = context;
	struct strongest strongest = {.text = ""};
	struct row_fields row = {.count = column_count(ROW_CAPTURE)};
	char error[ERROR_BYTES], findings[24];
	struct text name = text_over(out->name, sizeof out->name), why = text_over(error, sizeof error);
	text_escape(&name, span_text(result->input->standard_input ? "" : result->input->name), TEXT_FILE_NAME);
	if (result->input->standard_input)
		text_add(&name, span_text("-"));
	if (result->status == RESULT_DONE) {
		row = *result->capture;
		int status = take_findings(out, result, span_of(name.ptr, name.len), &strongest, e);
		if (status < 0)
			return status;
		snprintf(findings, sizeof findings, "%" PRIu64, result->findings);
		if (row.field[out->column.findings].len)
			row.field[out->column.findings] = span_text(findings);
	} else {
		text_escape(&why, span_text(result->error), TEXT_FIELD);
		row.field[out->column.status] = span_text(result_status_name(result->status));
		row.field[out->column.error] = span_of(why.ptr, why.len);
	}
	row.field[out->column.capture] = span_of(name.ptr, name.len);
	out->rows += result->findings;
	say_capture(out, &row, result->findings, &strongest, note_capture(out, result, &row));
	if (out->captures && table_row(out->captures, &row, e) < 0)
		return table_failed(out, "captures.csv", e);
	if (!out->folder && table_flush(out->findings, e) < 0)
		return table_failed(out, "", e);
	return 0;
}

void output_tick(void *context, const struct batch_progress *progress)
{
	struct output *out = context;
	progress_draw(&out->progress, progress);
}

int output_start(struct output *out, struct err *e)
{
	bool wanted = out->folder || !out->options->no_header;
	if (wanted && table_header(out->findings, e) < 0)
		return table_failed(out, "findings.csv", e);
	if (out->captures && table_header(out->captures, e) < 0)
		return table_failed(out, "captures.csv", e);
	if (!out->folder && table_flush(out->findings, e) < 0)
		return table_failed(out, "", e);
	return 0;
}

static void say_total(struct output *out)
{
	bool skipped = out->inputs->other_files || out->inputs->result_folders;
	if (out->options->quiet || (!out->folder && !skipped))
		return;
	progress_clear(&out->progress);
	put_count(stderr, out->inputs->count, "capture");
	fputs(", ", stderr);
	put_count(stderr, out->rows, "finding");
	if (out->cut)
		fprintf(stderr, "; %" PRIu64 " not read to the end", out->cut);
	if (out->died)
		fprintf(stderr, "; %" PRIu64 " given up", out->died);
	if (out->inputs->other_files) {
		fputs("; ", stderr);
		put_count(stderr, out->inputs->other_files, "other file");
		fputs(" skipped", stderr);
	}
	if (out->inputs->result_folders) {
		fputs("; ", stderr);
		put_count(stderr, out->inputs->result_folders, "result folder");
		fputs(" skipped", stderr);
	}
	if (out->folder)
		fprintf(stderr, "; written to %s", out->options->output);
	fputc('\n', stderr);
}

int output_commit(struct output *out, const struct output_run *run, struct err *e)
{
	if (table_flush(out->findings, e) < 0)
		return table_failed(out, "findings.csv", e);
	if (out->captures && table_flush(out->captures, e) < 0)
		return table_failed(out, "captures.csv", e);
	/* What a network file system could not keep is reported when the file is closed. */
	if (!out->folder && close(STDOUT_FILENO) < 0)
		return err_set(e, ERR_IO, "standard output: %s", strerror(errno));
	if (out->folder) {
		struct output_facts facts = {
		    .options = out->options,
		    .inputs = out->inputs,
		    .seen = out->seen,
		    .tables = {out->findings, out->captures},
		    .run = run,
		    .started_ns = out->started_ns,
		    .finished_ns = wall_clock_ns(),
		};
		int status = output_manifest(out->folder, &facts, e);
		if (status == 0)
			status = folder_commit(out->folder, e);
		if (status < 0)
			return status;
	}
	say_total(out);
	return 0;
}

bool output_pipe_closed(const struct output *out)
{
	return !out->folder && table_pipe_closed(out->findings);
}

int output_status(const struct output *out)
{
	if (out->died)
		return 4;
	if (out->cut)
		return 1;
	return out->options->exit_code && out->telling ? 10 : 0;
}

void output_close(struct output *out)
{
	if (!out)
		return;
	progress_clear(&out->progress);
	table_free(out->findings);
	table_free(out->captures);
	folder_close(out->folder);
	free(out->seen);
	free(out);
}
