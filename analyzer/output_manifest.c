/* Gathers what report/manifest.c writes. */
#include "analyzer/output_manifest.h"

#include "analyzer/report/manifest.h"
#include "analyzer/version.h"
#include "signatures/sigdb.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

enum { VALUE_BYTES = 4096 };

/* Texts that a manifest borrows. */
struct manifest_texts {
	struct library libraries[VERSION_LIBRARIES];
	char values[MANIFEST_PAIRS_MAX][VALUE_BYTES];
	char name[4 * PATH_MAX + 1];
	uint8_t hashes[2][32];
	char paths[MANIFEST_SETS_MAX][TEXT_OUTSIDE_MAX * 4];
};

struct manifest_source {
	const struct output_facts *facts;
	struct manifest_texts *texts;
};

static int hex_digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool capture_seen_hash(struct capture_seen *seen, struct span hex)
{
	if (hex.len != 2 * sizeof seen->sha256)
		return false;
	for (size_t i = 0; i < sizeof seen->sha256; i++) {
		int high = hex_digit(hex.ptr[2 * i]), low = hex_digit(hex.ptr[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		seen->sha256[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

const char *capture_seen_word(struct span status)
{
	for (unsigned s = CAPTURE_OK; s <= CAPTURE_LIMITED; s++) {
		const char *word = capture_status_name((enum capture_status)s);
		if (span_equal(status, span_text(word)))
			return word;
	}
	for (unsigned s = RESULT_DONE; s <= RESULT_NO_MEMORY; s++) {
		const char *word = result_status_name((enum result_status)s);
		if (span_equal(status, span_text(word)))
			return word;
	}
	return "";
}

static struct manifest_capture capture_at(void *context, size_t i)
{
	const struct manifest_source *source = context;
	const struct input *input = &source->facts->inputs->items[i];
	const struct capture_seen *seen = &source->facts->seen[i];
	struct text name = text_over(source->texts->name, sizeof source->texts->name);
	if (input->standard_input)
		text_add(&name, span_text("-"));
	else
		text_escape(&name, span_text(input->name), TEXT_FILE_NAME);
	return (struct manifest_capture){.name = name.ptr,
	                                 .status = seen->status,
	                                 .sha256 = seen->hashed ? seen->sha256 : NULL};
}

static void manifest_tool(struct manifest *m, struct manifest_texts *texts, const struct options *o)
{
	m->version = version_number();
	m->commit = version_commit();
	m->build = version_build();
	m->compiler = version_compiler();
	version_libraries(texts->libraries);
	for (size_t i = 0; i < VERSION_LIBRARIES; i++)
		m->libraries[m->library_count++] =
		    (struct manifest_pair){texts->libraries[i].name, texts->libraries[i].version};
	while (m->option_count < MANIFEST_PAIRS_MAX) {
		struct text value = text_over(texts->values[m->option_count], VALUE_BYTES);
		const char *name = options_shaping(o, m->option_count, &value);
		if (!name)
			break;
		m->options[m->option_count++] = (struct manifest_pair){name, value.ptr};
	}
}

static void manifest_knowledge(struct manifest *m, struct manifest_texts *texts, const struct knowledge *k)
{
	for (size_t i = 0; i < sigdb_sets(k->signatures) && i < MANIFEST_SETS_MAX; i++) {
		const struct sigset *set = sigdb_set(k->signatures, i);
		struct text path = text_over(texts->paths[i], sizeof texts->paths[i]);
		text_escape(&path, span_text(set->path), TEXT_FIELD);
		m->sets[m->set_count++] = (struct manifest_set){path.ptr, set->rows, set->sha256};
	}
	m->weights = (struct manifest_set){"weights.csv", weights_rows(k->weights), weights_sha256(k->weights)};
}

static void manifest_tables(struct manifest *m, struct manifest_texts *texts, const struct output_facts *facts)
{
	static const char *const names[] = {"findings.csv", "captures.csv"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		table_sha256(facts->tables[i], texts->hashes[i]);
		m->tables[m->table_count++] =
		    (struct manifest_set){names[i], table_rows(facts->tables[i]), texts->hashes[i]};
	}
}

/* A stream over a file of the folder, whose descriptor stays the folder's. */
static FILE *folder_stream(struct folder *folder, const char *name, struct err *e)
{
	int fd = folder_create(folder, name, e);
	int copy = fd < 0 ? -1 : dup(fd);
	FILE *out = copy < 0 ? NULL : fdopen(copy, "w");
	if (fd >= 0 && !out)
		err_set(e, ERR_IO, "%s: %s", name, strerror(errno));
	return out;
}

static int stream_end(FILE *out, const char *name, struct err *e)
{
	bool failed = fflush(out) != 0 || ferror(out);
	int why = errno;
	fclose(out);
	return failed ? err_set(e, ERR_IO, "%s: %s", name, strerror(why)) : 0;
}

static int write_manifest(struct folder *folder, const struct manifest *m, struct err *e)
{
	FILE *out = folder_stream(folder, "manifest.json", e);
	if (!out)
		return e->code;
	manifest_write(m, out);
	return stream_end(out, "manifest.json", e);
}

static int write_run(struct folder *folder, const struct output_facts *facts, struct err *e)
{
	char host[256] = "";
	FILE *out = folder_stream(folder, "run.json", e);
	if (!out)
		return e->code;
	(void)gethostname(host, sizeof host - 1);
	struct run_facts run = {
	    .started_ns = facts->started_ns,
	    .finished_ns = facts->finished_ns,
	    .host = host,
	    .argc = facts->run->argc,
	    .argv = facts->run->argv,
	    .jobs = facts->options->jobs,
	    .other_files = facts->inputs->other_files,
	    .result_folders = facts->inputs->result_folders,
	};
	run_write(&run, out);
	return stream_end(out, "run.json", e);
}

int output_manifest(struct folder *folder, const struct output_facts *facts, struct err *e)
{
	struct manifest_texts *texts = calloc(1, sizeof *texts);
	struct manifest *m = calloc(1, sizeof *m);
	struct manifest_source source = {.facts = facts, .texts = texts};
	int status = 0;
	if (!texts || !m) {
		free(texts);
		free(m);
		return err_set(e, ERR_NOMEM, "out of memory");
	}
	if (sigdb_sets(facts->run->knowledge->signatures) > MANIFEST_SETS_MAX)
		status = err_set(e, ERR_LIMIT, "more than %d signature files", MANIFEST_SETS_MAX);
	if (status == 0) {
		manifest_tool(m, texts, facts->options);
		manifest_knowledge(m, texts, facts->run->knowledge);
		manifest_tables(m, texts, facts);
		m->capture = capture_at;
		m->context = &source;
		m->capture_count = facts->inputs->count;
		status = write_manifest(folder, m, e);
	}
	if (status == 0)
		status = write_run(folder, facts, e);
	free(texts);
	free(m);
	return status;
}
