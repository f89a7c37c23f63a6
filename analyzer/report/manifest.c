/* walk.c recognises a result folder by the first line that manifest_write makes. */
#include "analyzer/report/manifest.h"

#include "analyzer/base/text.h"
#include "analyzer/report/json.h"

#include <inttypes.h>
#include <nettle/sha2.h>
#include <stdlib.h>

enum { SHA256_SIZE = 32, LINE_MAX_BYTES = 1024 };

/* One line of the canonical text. Length before value, so that no value can look like two lines. */
static void config_line(struct sha256_ctx *sha256, const char *kind, const char *name, struct span value)
{
	char line[LINE_MAX_BYTES];
	struct text t = text_over(line, sizeof line);
	text_printf(&t, "%s %s %zu ", kind, name, value.len);
	sha256_update(sha256, t.len, (const uint8_t *)line);
	sha256_update(sha256, value.len, value.ptr);
	sha256_update(sha256, 1, (const uint8_t *)"\n");
}

static void config_pairs(struct sha256_ctx *sha256, const char *kind, const struct manifest_pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		config_line(sha256, kind, pairs[i].name, span_text(pairs[i].value));
}

void manifest_config_id(const struct manifest *m, char id[CONFIG_ID_SIZE])
{
	struct sha256_ctx sha256;
	uint8_t digest[SHA256_SIZE];
	sha256_init(&sha256);
	config_line(&sha256, "tool", "version", span_text(m->version));
	config_line(&sha256, "tool", "commit", span_text(m->commit));
	config_line(&sha256, "tool", "build", span_text(m->build));
	config_line(&sha256, "tool", "compiler", span_text(m->compiler));
	config_pairs(&sha256, "library", m->libraries, m->library_count);
	config_pairs(&sha256, "option", m->options, m->option_count);
	for (size_t i = 0; i < m->set_count; i++)
		config_line(&sha256, "signatures", "sha256", span_of(m->sets[i].sha256, SHA256_SIZE));
	config_line(&sha256, "weights", "sha256", span_of(m->weights.sha256, SHA256_SIZE));
	sha256_digest(&sha256, sizeof digest, digest);
	struct text t = text_over(id, CONFIG_ID_SIZE);
	text_hex(&t, span_of(digest, sizeof digest));
}

static void put_hash(struct json *j, const char *key, const uint8_t *digest)
{
	char hex[2 * SHA256_SIZE + 1];
	struct text t = text_over(hex, sizeof hex);
	if (digest)
		text_hex(&t, span_of(digest, SHA256_SIZE));
	json_text(j, key, hex);
}

static void put_pairs(struct json *j, const char *key, const struct manifest_pair *pairs, size_t count)
{
	json_open(j, key, '{');
	for (size_t i = 0; i < count; i++)
		json_text(j, pairs[i].name, pairs[i].value);
	json_close(j, '}');
}

static void put_set(struct json *j, const char *key, const struct manifest_set *set)
{
	json_open(j, key, '{');
	json_text(j, "path", set->path);
	json_number(j, "rows", set->rows);
	put_hash(j, "sha256", set->sha256);
	json_close(j, '}');
}

static void put_sets(struct json *j, const char *key, const struct manifest_set *sets, size_t count)
{
	json_open(j, key, '[');
	for (size_t i = 0; i < count; i++)
		put_set(j, NULL, &sets[i]);
	json_close(j, ']');
}

static void put_captures(struct json *j, const struct manifest *m)
{
	json_open(j, "captures", '[');
	for (size_t i = 0; i < m->capture_count; i++) {
		struct manifest_capture c = m->capture(m->context, i);
		json_open(j, NULL, '{');
		json_text(j, "capture", c.name);
		put_hash(j, "sha256", c.sha256);
		json_text(j, "status", c.status);
		json_close(j, '}');
	}
	json_close(j, ']');
}

void manifest_write(const struct manifest *m, FILE *out)
{
	struct json j = {.file = out};
	char id[CONFIG_ID_SIZE];
	manifest_config_id(m, id);
	json_open(&j, NULL, '{');
	json_text(&j, "wallprint", m->version);
	json_text(&j, "commit", m->commit);
	json_text(&j, "build", m->build);
	json_text(&j, "compiler", m->compiler);
	put_pairs(&j, "libraries", m->libraries, m->library_count);
	json_text(&j, "config_id", id);
	put_pairs(&j, "options", m->options, m->option_count);
	put_sets(&j, "signatures", m->sets, m->set_count);
	put_set(&j, "weights", &m->weights);
	put_sets(&j, "tables", m->tables, m->table_count);
	put_captures(&j, m);
	json_close(&j, '}');
}

static void put_time(struct json *j, const char *key, int64_t ns)
{
	char time[40];
	struct text t = text_over(time, sizeof time);
	text_time(&t, ns);
	json_text(j, key, time);
}

/* Words from outside, in printable bytes. */
static void put_outside(struct json *j, const char *key, const char *word)
{
	char *escaped = malloc(4 * strlen(word) + 1);
	if (!escaped)
		return;
	struct text t = text_over(escaped, 4 * strlen(word) + 1);
	for (const char *c = word; *c; c++) {
		if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e || *c == '\\')
			text_printf(&t, "\\x%02x", (unsigned char)*c);
		else
			text_add(&t, span_of(c, 1));
	}
	json_text(j, key, escaped);
	free(escaped);
}

void run_write(const struct run_facts *r, FILE *out)
{
	struct json j = {.file = out};
	json_open(&j, NULL, '{');
	put_time(&j, "started", r->started_ns);
	put_time(&j, "finished", r->finished_ns);
	put_outside(&j, "host", r->host);
	json_open(&j, "arguments", '[');
	for (int i = 0; i < r->argc; i++)
		put_outside(&j, NULL, r->argv[i]);
	json_close(&j, ']');
	json_number(&j, "jobs", r->jobs);
	json_number(&j, "other_files", r->other_files);
	json_number(&j, "result_folders", r->result_folders);
	json_close(&j, '}');
}
