/* Properties of the whole: over the samples, which are read from the top of the tree and skipped where they are not there. */
#include "analyzer/pipeline.h"

#include "signatures/match.h"
#include "tests/analyzer/capture/captures.h"

#include <glob.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FINDINGS_MAX = 64, TRANSCRIPT_MAX = 32 * 1024, RECORD_HEADER = 16, FILE_HEADER = 24 };

/* What a run said, as text and as numbers. */
struct outcome {
	char transcript[TRANSCRIPT_MAX];
	struct text text;
	struct verdict {
		const struct mechanism *mechanism;
		enum label label;
		uint64_t suspect; /* number of the first; 0: none */
	} findings[FINDINGS_MAX];
	size_t count;
	uint64_t packets, last_frame, dropped, evicted, time_jumps;
	unsigned summaries;
	int fail_with; /* the sink says so */
};

struct known {
	struct sigdb *signatures;
	struct weights *weights;
	struct pipeline_config config;
};

static void list_frames(struct outcome *o, const char *name, const struct frame_ref *frames, size_t count)
{
	text_printf(&o->text, " %s", name);
	for (size_t i = 0; i < count; i++) {
		text_printf(&o->text, " %llu", (unsigned long long)frames[i].number);
		if (frames[i].number > o->last_frame)
			o->last_frame = frames[i].number;
	}
}

static int take_finding(void *context, const struct finding *f, struct err *e)
{
	struct outcome *o = context;
	assert_int_equal(o->summaries, 0);
	if (o->fail_with)
		return err_set(e, o->fail_with, "no");
	text_printf(&o->text, "%s %s %d %s %s", f->mechanism->id, label_name(f->label), f->score_db, f->id,
	            f->incident);
	list_frames(o, "suspects", f->suspects, f->suspect_count);
	list_frames(o, "evidence", f->evidence, f->evidence_count);
	text_printf(&o->text, " name=%s failed=%x\n", f->name ? f->name : "", f->guards_failed);
	if (o->count < FINDINGS_MAX) {
		o->findings[o->count].mechanism = f->mechanism;
		o->findings[o->count].label = f->label;
		o->findings[o->count].suspect = f->suspect_count ? f->suspects[0].number : 0;
	}
	o->count++;
	return 0;
}

static int take_summary(void *context, const struct capture_summary *s, struct err *e)
{
	struct outcome *o = context;
	(void)e;
	o->summaries++;
	o->packets = s->packets;
	o->dropped = s->dropped_by_limit;
	o->evicted = s->evicted_flows;
	o->time_jumps = s->time_jumps;
	assert_int_equal(s->findings, o->count);
	assert_int_equal(s->packets, s->input->frames);
	assert_true(o->last_frame <= s->packets);
	text_printf(
	    &o->text,
	    "packets=%llu analysed=%llu flows=%llu dns=%llu http=%llu tls=%llu names=%llu lost=%llu dropped=%llu\n",
	    (unsigned long long)s->packets, (unsigned long long)s->packets_analysed, (unsigned long long)s->flows,
	    (unsigned long long)s->dns_queries, (unsigned long long)s->http_requests,
	    (unsigned long long)s->client_hellos, (unsigned long long)s->names, (unsigned long long)s->lost_bytes,
	    (unsigned long long)s->dropped_by_limit);
	return 0;
}

static int run_config(const struct pipeline_config *config, struct span file, struct outcome *o)
{
	struct sink sink = {.context = o, .finding = take_finding, .summary = take_summary};
	struct err e;
	int fd = memfd_create("capture", MFD_CLOEXEC), fail_with = o->fail_with;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, file.ptr, file.len), file.len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	memset(o, 0, sizeof *o);
	o->fail_with = fail_with;
	o->text = text_over(o->transcript, sizeof o->transcript);
	int result = pipeline_run(fd, config, &sink, &e);
	close(fd);
	return result;
}

static void run(const struct known *k, struct span file, struct outcome *o)
{
	o->fail_with = 0;
	assert_int_equal(run_config(&k->config, file, o), 0);
	assert_int_equal(o->summaries, 1);
}

static struct outcome *outcome_new(void)
{
	struct outcome *o = calloc(1, sizeof *o);
	assert_non_null(o);
	return o;
}

static void read_file(const char *path, struct image *m)
{
	uint8_t block[4096];
	size_t got;
	FILE *in = fopen(path, "rb");
	assert_non_null(in);
	while ((got = fread(block, 1, sizeof block, in)) > 0)
		image_add(m, block, got);
	fclose(in);
}

/* Calls for every sample of that form whose file is no larger than `most`; how many there were. */
static size_t each_sample(const char *pattern, size_t most, const struct known *k,
                          void (*visit)(const struct known *k, const char *path, const struct image *m))
{
	glob_t found;
	size_t visited = 0;
	if (glob(pattern, 0, NULL, &found) != 0) {
		print_message("skipped: no %s here\n", pattern);
		skip();
	}
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct image m = {0};
		read_file(found.gl_pathv[i], &m);
		if (m.len <= most) {
			visit(k, found.gl_pathv[i], &m);
			visited++;
		}
		image_free(&m);
	}
	globfree(&found);
	return visited;
}

static uint32_t le32(const struct image *m, size_t at)
{
	return m->bytes[at] | (uint32_t)m->bytes[at + 1] << 8 | (uint32_t)m->bytes[at + 2] << 16 |
	       (uint32_t)m->bytes[at + 3] << 24;
}

/* Little-endian classic captures alone. */
static bool is_pcap(const struct image *m)
{
	return m->len >= FILE_HEADER && (le32(m, 0) == (uint32_t)MAGIC_MICRO || le32(m, 0) == (uint32_t)MAGIC_NANO);
}

/* End of the last whole record that starts at or after `from` and ends by `end`; the records are counted. */
static size_t whole_records(const struct image *m, size_t end, uint64_t *count)
{
	size_t at = FILE_HEADER;
	*count = 0;
	while (at + RECORD_HEADER <= end && at + RECORD_HEADER + le32(m, at + 8) <= end) {
		at += RECORD_HEADER + le32(m, at + 8);
		(*count)++;
	}
	return at;
}

/* A capture cut anywhere is the capture that ends behind the last whole frame. */
static void visit_cuts(const struct known *k, const char *path, const struct image *m)
{
	struct outcome *whole = outcome_new(), *cut = outcome_new();
	if (!is_pcap(m))
		goto done;
	size_t stride = m->len > 600 ? m->len / 60 | 1 : 1, boundary = 0;
	for (size_t len = FILE_HEADER; len <= m->len; len += stride) {
		uint64_t frames;
		size_t end = whole_records(m, len, &frames);
		if (end != boundary)
			run(k, span_of(m->bytes, end), whole);
		boundary = end;
		assert_int_equal(whole->packets, frames);
		run(k, span_of(m->bytes, len), cut);
		if (strcmp(whole->transcript, cut->transcript) != 0)
			fail_msg("%s cut to %zu bytes:\n%s, cut to whole frames:\n%s", path, len, cut->transcript,
			         whole->transcript);
	}
done:
	free(whole);
	free(cut);
}

static void cut_at_every_length(void **state)
{
	assert_true(each_sample("samples/*/capture.pcap", 20000, *state, visit_cuts) > 0);
}

/* Any format: no cut is an error, and none shows more frames than a longer one. */
static void visit_other_cuts(const struct known *k, const char *path, const struct image *m)
{
	struct outcome *o = outcome_new();
	uint64_t before = 0;
	(void)path;
	for (size_t len = 0; len <= m->len; len += m->len / 100 | 1) {
		run(k, span_of(m->bytes, len), o);
		assert_true(o->packets >= before);
		before = o->packets;
	}
	free(o);
}

static void cut_in_other_formats(void **state)
{
	each_sample("samples/*/capture.pcapng", 20000, *state, visit_other_cuts);
	each_sample("samples/*/capture.pcap.gz", 20000, *state, visit_other_cuts);
}

static void as_pcapng(const struct image *m, struct image *out)
{
	bool nano = le32(m, 0) == (uint32_t)MAGIC_NANO;
	image_section(out);
	size_t b = interface_begin(out, (uint16_t)le32(m, 20), le32(m, 16));
	image_option_number(out, 9, nano ? 9 : 6, 1);
	image_option(out, 0, "", 0);
	block_end(out, b);
	for (size_t at = FILE_HEADER; at < m->len; at += RECORD_HEADER + le32(m, at + 8)) {
		uint64_t stamp = (uint64_t)le32(m, at) * (nano ? 1000000000 : 1000000) + le32(m, at + 4);
		b = block_begin(out, 6);
		image_u32(out, 0);
		image_u32(out, (uint32_t)(stamp >> 32));
		image_u32(out, (uint32_t)stamp);
		image_u32(out, le32(m, at + 8));
		image_u32(out, le32(m, at + 12));
		image_add(out, m->bytes + at + RECORD_HEADER, le32(m, at + 8));
		block_end(out, b);
	}
}

static void visit_formats(const struct known *k, const char *path, const struct image *m)
{
	struct outcome *plain = outcome_new(), *other = outcome_new();
	struct image forms[3] = {0};
	run(k, image_span(m), plain);
	if (is_pcap(m))
		as_pcapng(m, &forms[0]);
	image_gzip(&forms[1], image_span(m));
	image_zstd(&forms[2], image_span(m));
	for (int i = 0; i < 3; i++) {
		if (forms[i].len == 0)
			continue;
		run(k, image_span(&forms[i]), other);
		if (strcmp(plain->transcript, other->transcript) != 0)
			fail_msg("%s in form %d:\n%s, plain:\n%s", path, i, other->transcript, plain->transcript);
		image_free(&forms[i]);
	}
	/* And once more in the same process. */
	run(k, image_span(m), other);
	assert_string_equal(plain->transcript, other->transcript);
	free(plain);
	free(other);
}

static void same_frames_in_any_format(void **state)
{
	assert_true(each_sample("samples/*/capture.pcap", 1 << 20, *state, visit_formats) > 0);
}

/* Hitting every limit is no error, and gives the same result each time. */
static void visit_tiny(const struct known *k, const char *path, const struct image *m)
{
	struct outcome *first = outcome_new(), *second = outcome_new();
	struct pipeline_config config = k->config;
	(void)path;
	config.max_flows = 16;
	config.max_memory = 1;
	config.max_findings = 1;
	assert_int_equal(run_config(&config, image_span(m), first), 0);
	assert_int_equal(run_config(&config, image_span(m), second), 0);
	assert_string_equal(first->transcript, second->transcript);
	config.max_memory = 1 << 20;
	assert_int_equal(run_config(&config, image_span(m), first), 0);
	assert_int_equal(run_config(&config, image_span(m), second), 0);
	assert_string_equal(first->transcript, second->transcript);
	free(first);
	free(second);
}

static void tiny_limits(void **state)
{
	assert_true(each_sample("samples/*/capture.*", 1 << 20, *state, visit_tiny) > 0);
}

/* By the same mechanism, or of the same frame: an overlap that cannot be compared leaves the FIN that it rode on. */
static bool has_verdict(const struct outcome *o, const struct verdict *v)
{
	for (size_t i = 0; i < o->count && i < FINDINGS_MAX; i++)
		if (o->findings[i].mechanism == v->mechanism ||
		    (o->findings[i].label >= LABEL_MODERATE && v->suspect && o->findings[i].suspect == v->suspect))
			return true;
	return false;
}

static void snapped_to(const struct image *m, uint32_t snaplen, struct image *out)
{
	image_add(out, m->bytes, FILE_HEADER);
	for (size_t at = FILE_HEADER; at < m->len; at += RECORD_HEADER + le32(m, at + 8)) {
		uint32_t len = le32(m, at + 8) < snaplen ? le32(m, at + 8) : snaplen;
		image_add(out, m->bytes + at, 8);
		image_u32(out, len);
		image_add(out, m->bytes + at + 12, 4);
		image_add(out, m->bytes + at + RECORD_HEADER, len);
	}
}

static void visit_snapped(const struct known *k, const char *path, const struct image *m)
{
	static const uint32_t snaplens[] = {14, 34, 54, 64, 96, 128, 256};
	struct outcome *whole = outcome_new(), *part = outcome_new();
	if (is_pcap(m))
		run(k, image_span(m), whole);
	for (size_t i = 0; is_pcap(m) && i < sizeof snaplens / sizeof snaplens[0]; i++) {
		struct image cut = {0};
		snapped_to(m, snaplens[i], &cut);
		run(k, image_span(&cut), part);
		assert_int_equal(part->packets, whole->packets);
		for (size_t f = 0; f < part->count && f < FINDINGS_MAX; f++)
			if (part->findings[f].label >= LABEL_MODERATE && !has_verdict(whole, &part->findings[f]))
				fail_msg("%s at %u bytes has a new verdict:\n%s", path, snaplens[i], part->transcript);
		image_free(&cut);
	}
	free(whole);
	free(part);
}

static void snapping_gives_no_new_verdict(void **state)
{
	assert_true(each_sample("samples/*/capture.pcap", 1 << 20, *state, visit_snapped) > 0);
}

/* A frame of nobody with a date of its own (and, behind it, the capture as it was) changes no verdict. */
static void visit_bogus_dates(const struct known *k, const char *path, const struct image *m)
{
	static const uint32_t dates[] = {1, 0xf0000000};
	struct outcome *whole = outcome_new(), *other = outcome_new();
	uint64_t frames = 0;
	size_t end = is_pcap(m) ? whole_records(m, m->len, &frames) : 0;
	if (frames == 0 || frames > 40)
		end = 0;
	else
		run(k, image_span(m), whole);
	for (size_t at = FILE_HEADER; at < end; at += RECORD_HEADER + le32(m, at + 8))
		for (int d = 0; at > FILE_HEADER && d < 2; d++) {
			struct image bogus = {0};
			image_add(&bogus, m->bytes, at);
			image_u32(&bogus, dates[d]);
			image_u32(&bogus, 0);
			image_u32(&bogus, 60);
			image_u32(&bogus, 60);
			image_zeros(&bogus, 60);
			image_add(&bogus, m->bytes + at, m->len - at);
			run(k, image_span(&bogus), other);
			assert_int_equal(other->time_jumps, whole->time_jumps + 1);
			if (other->count != whole->count)
				fail_msg("%s with a bogus date at %zu:\n%s, without:\n%s", path, at, other->transcript,
				         whole->transcript);
			for (size_t i = 0; i < whole->count && i < FINDINGS_MAX; i++) {
				assert_ptr_equal(other->findings[i].mechanism, whole->findings[i].mechanism);
				assert_int_equal(other->findings[i].label, whole->findings[i].label);
			}
			image_free(&bogus);
		}
	free(whole);
	free(other);
}

static void one_bogus_date_changes_nothing(void **state)
{
	assert_true(each_sample("samples/*/capture.pcap", 3000, *state, visit_bogus_dates) > 0);
}

static void what_is_no_capture(void **state)
{
	static const char *const files[] = {"", "x", "\n", "not a capture at all, but some text", "\x1f\x8b", "PK\3\4"};
	struct outcome *o = outcome_new();
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		run(*state, span_text(files[i]), o);
		assert_int_equal(o->packets, 0);
		assert_int_equal(o->count, 0);
	}
	free(o);
}

static void wrong_words_and_broken_sinks(void **state)
{
	const struct known *k = *state;
	static const char *const wrong[] = {"no_such_mechanism", NULL}, *const none[] = {NULL};
	struct outcome *o = outcome_new();
	struct pipeline_config config = k->config;
	struct image m = {0};
	config.mechanisms = wrong;
	assert_int_equal(run_config(&config, span_text(""), o), ERR_USAGE);
	assert_int_equal(o->summaries, 0);
	if (access("samples/quantum_insert/capture.pcap", R_OK) == 0) {
		read_file("samples/quantum_insert/capture.pcap", &m);
		run(k, image_span(&m), o);
		assert_true(o->count > 0);
		o->fail_with = ERR_IO;
		assert_int_equal(run_config(&k->config, image_span(&m), o), ERR_IO);
		assert_int_equal(o->summaries, 0);
		config.mechanisms = none;
		o->fail_with = 0;
		assert_int_equal(run_config(&config, image_span(&m), o), 0);
		assert_int_equal(o->count, 0);
		image_free(&m);
	}
	free(o);
}

static int load(void **state)
{
	static struct known k;
	struct err e;
	if (sigdb_load(&k.signatures, "signatures", &e) != 0 || sigdb_compile(k.signatures, &e) != 0 ||
	    weights_load(&k.weights, "signatures/weights.csv", &e) != 0) {
		print_error("%s\n", e.text);
		return -1;
	}
	k.config = (struct pipeline_config){.signatures = k.signatures,
	                                    .weights = k.weights,
	                                    .max_flows = 65536,
	                                    .max_memory = PIPELINE_MAX_MEMORY_DEFAULT,
	                                    .max_inflated = 64 << 20,
	                                    .max_findings = 1000};
	*state = &k;
	return 0;
}

static int unload(void **state)
{
	struct known *k = *state;
	sigdb_free(k->signatures);
	weights_free(k->weights);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cut_at_every_length),
	    cmocka_unit_test(cut_in_other_formats),
	    cmocka_unit_test(same_frames_in_any_format),
	    cmocka_unit_test(tiny_limits),
	    cmocka_unit_test(snapping_gives_no_new_verdict),
	    cmocka_unit_test(one_bogus_date_changes_nothing),
	    cmocka_unit_test(what_is_no_capture),
	    cmocka_unit_test(wrong_words_and_broken_sinks),
	};
	return cmocka_run_group_tests_name("pipeline", tests, load, unload);
}
