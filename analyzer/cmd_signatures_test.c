/* wallprint signatures test: what in a page, an HTTP response or a capture the signatures match, and what silences it. */
#include "analyzer/cmd_signatures.h"
#include "analyzer/knowledge.h"
#include "analyzer/pipeline.h"
#include "analyzer/signature_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE_BYTES_MAX = 16 * 1024 * 1024 };

/* One file that is tested. */
struct tested_file {
	const char *path;
	const struct knowledge *knowledge;
	size_t lines;
};

/* "FILE: frame 7: " */
static void put_place(struct tested_file *file, uint64_t frame)
{
	char shown[PATH_MAX * 4];
	struct text t = text_over(shown, sizeof shown);
	text_escape(&t, span_text(file->path), TEXT_FILE_NAME);
	printf("%s: ", shown);
	if (frame)
		printf("frame %llu: ", (unsigned long long)frame);
	file->lines++;
}

static void put_signature(const struct signature *s)
{
	char location[TEXT_OUTSIDE_MAX];
	struct text t = text_over(location, sizeof location);
	sig_location_add(&t, s);
	signatures_put(s->id);
	printf(" (%s %s, %s", sig_kind_names[s->kind], location, sig_scope_names[s->scope]);
	if (*s->country) {
		putchar(' ');
		signatures_put(s->country);
	}
	putchar(')');
}

/* A line a row; what an fp row silences says by which. */
static void report_message(void *context, const struct watched *message)
{
	struct tested_file *file = context;
	const struct sig_hits *hits = message->hits;
	const struct signature *silence = NULL;
	for (size_t i = 0; i < hits->count && !silence; i++)
		if (hits->hit[i]->action == SIG_ACTION_FP)
			silence = hits->hit[i];
	for (size_t i = 0; i < hits->count; i++) {
		const struct signature *s = hits->hit[i];
		put_place(file, message->frame);
		printf("%s ", sig_action_names[s->action]);
		put_signature(s);
		if (silence && s->action != SIG_ACTION_FP) {
			fputs(", silenced by ", stdout);
			signatures_put(silence->id);
		}
		putchar('\n');
	}
	if (hits->dropped) {
		put_place(file, message->frame);
		printf("further matches: %u\n", hits->dropped);
	}
}

/* Rules of injectors need the facts of packets that only detectors gather. */
static int report_finding(void *context, const struct finding *f, struct err *e)
{
	struct tested_file *file = context;
	(void)e;
	for (size_t i = 0; i < f->signature_count; i++) {
		const struct signature *s = f->signatures[i];
		if (!sig_is_rule(s->location))
			continue;
		put_place(file, f->suspect_count ? f->suspects[0].number : 0);
		printf("%s ", sig_action_names[s->action]);
		put_signature(s);
		putchar('\n');
	}
	return 0;
}

static int take_summary(void *context, const struct capture_summary *s, struct err *e)
{
	(void)context;
	(void)s;
	(void)e;
	return 0;
}

static int test_capture(struct tested_file *file, int fd, struct err *e)
{
	struct signature_watch watch = {.signatures = file->knowledge->signatures,
	                                .report = report_message,
	                                .context = file};
	const struct sink sink = {.context = file, .finding = report_finding, .summary = take_summary};
	const struct pipeline_config config = {
	    .signatures = file->knowledge->signatures,
	    .weights = file->knowledge->weights,
	    .max_flows = PIPELINE_MAX_FLOWS_DEFAULT,
	    .max_memory = PIPELINE_MAX_MEMORY_DEFAULT,
	    .max_inflated = CAPTURE_MAX_INFLATED_DEFAULT,
	    .max_findings = PIPELINE_MAX_FINDINGS_DEFAULT,
	    .min_label = LABEL_NONE,
	    .listen = signature_watch_listen,
	    .listen_context = &watch,
	};
	int code = pipeline_run(fd, &config, &sink, e);
	signature_watch_close(&watch);
	if (watch.unread) {
		put_place(file, 0);
		printf("responses whose body was not looked at, too many at once: %llu\n",
		       (unsigned long long)watch.unread);
	}
	return code;
}

/* A page is the body of a response that says nothing else. */
static int test_page(struct tested_file *file, int fd, size_t size, struct err *e)
{
	struct signature_watch watch = {.signatures = file->knowledge->signatures,
	                                .report = report_message,
	                                .context = file};
	char head[80];
	int head_len = snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", size);
	uint8_t *bytes = malloc((size_t)head_len + size);
	size_t got = 0;
	ssize_t n = bytes ? 1 : 0;
	if (!bytes)
		return err_set(e, ERR_NOMEM, "out of memory");
	memcpy(bytes, head, (size_t)head_len);
	while (n > 0 && got < size) {
		n = read(fd, bytes + head_len + got, size - got);
		got += n > 0 ? (size_t)n : 0;
	}
	struct span page = span_of(bytes + head_len, got), whole = span_of(bytes, (size_t)head_len + got);
	int code = signature_watch_response(&watch, span_starts(page, span_text("HTTP/")) ? page : whole, e);
	signature_watch_close(&watch);
	free(bytes);
	return code;
}

static int test_file(struct tested_file *file, struct err *e)
{
	struct stat st;
	int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		err_set(e, ERR_IO, "%s: %s", file->path, fd < 0 ? strerror(errno) : "not a regular file");
		if (fd >= 0)
			close(fd);
		return e->code;
	}
	int code;
	if (capture_recognised(fd))
		code = test_capture(file, fd, e);
	else if (st.st_size > PAGE_BYTES_MAX)
		code = err_set(e, ERR_IO, "%s: no capture, and larger than 16 MiB, which no page is", file->path);
	else
		code = test_page(file, fd, (size_t)st.st_size, e);
	close(fd);
	if (code == 0 && file->lines == 0) {
		put_place(file, 0);
		puts("nothing matches");
	}
	return code;
}

int signatures_test(const struct signature_args *args)
{
	struct err e = {0};
	struct knowledge k;
	int status = EXIT_DONE;
	if (knowledge_load(&k, true, &args->signatures, args->signatures ? 1 : 0, &e) < 0)
		return signatures_complain(&e);
	for (size_t i = 0; i < args->path_count && status != EXIT_DIED; i++) {
		struct tested_file file = {.path = args->paths[i], .knowledge = &k};
		int code = test_file(&file, &e);
		if (code < 0)
			fprintf(stderr, "wallprint signatures: %s\n", e.text);
		if (code < 0)
			status = code == ERR_NOMEM ? EXIT_DIED : EXIT_CUT;
	}
	knowledge_free(&k);
	return status;
}
