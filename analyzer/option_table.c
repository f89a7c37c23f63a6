/* The option table, and the help made from it. */
#include "analyzer/option_table.h"

#include "analyzer/capture/capture.h"
#include "analyzer/detect/detector.h"
#include "analyzer/options.h"
#include "analyzer/pipeline.h"

#include <inttypes.h>

#define MEMBER(name) offsetof(struct options, name)

const struct option_row option_rows[] = {
    {"files-from", 0, "FILE", OPTION_LIST, 0, 0, 0, 0, GROUP_INPUT, false,
     "read names of captures from FILE ('-': standard input), one a line"},
    {"null", '0', NULL, OPTION_FLAG, MEMBER(nul_ended), 0, 0, 0, GROUP_INPUT, false, "these names end in NUL"},
    {"recursive", 'r', NULL, OPTION_FLAG, MEMBER(walk), 0, 0, 0, GROUP_INPUT, false,
     "a folder gives the captures below it, recognised by content"},
    {"no-hash", 0, NULL, OPTION_FLAG, MEMBER(no_hash), 0, 0, 0, GROUP_INPUT, true, "skip the SHA-256 of the captures"},

    {"output", 'o', "DIR", OPTION_TEXT, MEMBER(output), 0, 0, 0, GROUP_OUTPUT, false,
     "write findings.csv, captures.csv, manifest.json and run.json into DIR, new or empty"},
    {"no-header", 0, NULL, OPTION_FLAG, MEMBER(no_header), 0, 0, 0, GROUP_OUTPUT, false,
     "no header on standard output"},
    {"exit-code", 0, NULL, OPTION_FLAG, MEMBER(exit_code), 0, 0, 0, GROUP_OUTPUT, false,
     "exit 10 when there are findings (of at least --min-label, and at least weak)"},

    {"mechanisms", 0, "LIST", OPTION_MECHANISMS, MEMBER(mechanisms), 0, 0, 0, GROUP_DETECTION, true,
     "look for these only, separated by commas"},
    {"min-label", 0, "LABEL", OPTION_LABEL, MEMBER(min_label), 0, 0, 0, GROUP_DETECTION, true,
     "write findings from this strength on: none, weak (the default), moderate, moderately_strong, strong, "
     "very_strong"},
    {"signatures", 0, "PATH", OPTION_SIGNATURES, 0, 0, 0, 0, GROUP_DETECTION, false,
     "add a signature file, or a folder of them; a row replaces an earlier one with its id; may be repeated"},
    {"no-default-signatures", 0, NULL, OPTION_FLAG, MEMBER(no_default_signatures), 0, 0, 0, GROUP_DETECTION, false,
     "use only those given with --signatures"},

    {"jobs", 'j', "N", OPTION_NUMBER, MEMBER(jobs), 1, 1, OPTION_JOBS_MAX, GROUP_LIMITS, false,
     "captures analysed side by side (default: processors)"},
    {"stall", 0, "SECONDS", OPTION_NUMBER, MEMBER(stall), 60, 0, 86400, GROUP_LIMITS, false,
     "give a capture up when no packet was read for so long; 0: never"},
    {"max-flows", 0, "N", OPTION_NUMBER, MEMBER(max_flows), PIPELINE_MAX_FLOWS_DEFAULT, PIPELINE_SHARDS,
     UINT64_C(1) << 32, GROUP_LIMITS, true, "connections followed at once in a capture"},
    {"max-memory", 0, "SIZE", OPTION_SIZE, MEMBER(max_memory), PIPELINE_MAX_MEMORY_DEFAULT, UINT64_C(1) << 20,
     UINT64_C(1) << 44, GROUP_LIMITS, true, "memory for what connections say, a capture"},
    {"max-inflated", 0, "SIZE", OPTION_SIZE, MEMBER(max_inflated), CAPTURE_MAX_INFLATED_DEFAULT, 1, UINT64_C(1) << 60,
     GROUP_LIMITS, true, "bytes that a compressed capture may grow to"},
    {"max-findings", 0, "N", OPTION_NUMBER, MEMBER(max_findings), PIPELINE_MAX_FINDINGS_DEFAULT, 1, UINT64_C(1) << 32,
     GROUP_LIMITS, true, "findings kept a capture and mechanism, the first by frame"},

    {"progress", 0, "WHEN", OPTION_PROGRESS, 0, 0, 0, 0, GROUP_GENERAL, false,
     "show progress on standard error: auto (on a terminal), always, never"},
    {"quiet", 'q', NULL, OPTION_FLAG, MEMBER(quiet), 0, 0, 0, GROUP_GENERAL, false, "say nothing but errors"},
    {"verbose", 'v', NULL, OPTION_FLAG, MEMBER(verbose), 0, 0, 0, GROUP_GENERAL, false,
     "with -o too, say a line about each capture"},
    {"help", 'h', NULL, OPTION_FLAG, MEMBER(help), 0, 0, 0, GROUP_GENERAL, false, "show this text"},
    {"version", 0, NULL, OPTION_FLAG, MEMBER(version), 0, 0, 0, GROUP_GENERAL, false,
     "show version, libraries and signature set"},
};
const size_t option_row_count = sizeof option_rows / sizeof option_rows[0];

_Static_assert(sizeof option_rows / sizeof option_rows[0] <= OPTION_ROWS_MAX, "OPTION_ROWS_MAX is too small");

enum { HELP_COLUMN = 28, HELP_WIDTH = 79 };

static void size_text(struct text *t, uint64_t n)
{
	static const char units[] = {0, 'K', 'M', 'G', 'T'};
	size_t unit = 0;
	while (unit + 1 < sizeof units && n && n % 1024 == 0) {
		n /= 1024;
		unit++;
	}
	text_printf(t, "%" PRIu64, n);
	if (unit)
		text_add(t, span_of(&units[unit], 1));
}

static void row_help(const struct option_row *row, struct text *t)
{
	text_add(t, span_text(row->help));
	/* That of --jobs is the machine's. */
	if ((row->kind != OPTION_NUMBER && row->kind != OPTION_SIZE) || row->letter == 'j')
		return;
	text_add(t, span_text(" (default "));
	if (row->kind == OPTION_SIZE)
		size_text(t, row->fallback);
	else
		text_printf(t, "%" PRIu64, row->fallback);
	text_add(t, span_text(")"));
}

/* Words in the right-hand column; what stands before it on the first line is `used` wide. */
static void put_wrapped(FILE *out, size_t used, const char *words)
{
	if (used >= HELP_COLUMN) {
		fputc('\n', out);
		used = 0;
	}
	fprintf(out, "%*s", (int)(HELP_COLUMN - used), "");
	size_t column = HELP_COLUMN;
	while (*words) {
		size_t len = strcspn(words, " ");
		if (column > HELP_COLUMN && column + 1 + len > HELP_WIDTH) {
			fprintf(out, "\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		} else if (column > HELP_COLUMN) {
			fputc(' ', out);
			column++;
		}
		fwrite(words, 1, len, out);
		column += len;
		words += len + (words[len] == ' ');
	}
	fputc('\n', out);
}

static void put_row(FILE *out, const struct option_row *row)
{
	char left[64], help[512];
	struct text l = text_over(left, sizeof left), h = text_over(help, sizeof help);
	if (row->letter)
		text_printf(&l, "  -%c, ", row->letter);
	else
		text_add(&l, span_text("      "));
	text_printf(&l, "--%s", row->name);
	if (row->argument)
		text_printf(&l, " %s", row->argument);
	row_help(row, &h);
	fputs(left, out);
	put_wrapped(out, l.len, help);
}

static void put_detectors(FILE *out)
{
	fputs("\nDetectors:\n", out);
	for (const struct detector *const *d = detectors; *d; d++) {
		int used = fprintf(out, "  %s", (*d)->name);
		put_wrapped(out, used > 0 ? (size_t)used : 0, (*d)->summary);
	}
}

static void put_mechanisms(FILE *out)
{
	size_t column = 0;
	fputs("\nMechanisms that they find:\n", out);
	for (size_t i = 0; i < mechanism_count; i++) {
		size_t len = strlen(mechanisms[i].id);
		if (column && column + 1 + len > HELP_WIDTH) {
			fputc('\n', out);
			column = 0;
		}
		column += (size_t)fprintf(out, "%s%s", column ? " " : "  ", mechanisms[i].id);
	}
	fputc('\n', out);
}

void options_help(FILE *out)
{
	static const char *const titles[GROUP_COUNT] = {
	    [GROUP_INPUT] = "Captures", [GROUP_OUTPUT] = "Results",  [GROUP_DETECTION] = "What to look for",
	    [GROUP_LIMITS] = "Limits",  [GROUP_GENERAL] = "General",
	};
	fputs("Usage: wallprint scan [OPTION]... CAPTURE...\n\n"
	      "Reads captures (pcap, pcapng, snoop, ERF, TSH; plain, gzip, zstd; '-' is stdin)\n"
	      "and writes what interference they show as CSV: findings on standard output\n"
	      "and a line a capture on standard error, or everything into a folder with -o.\n",
	      out);
	for (unsigned group = 0; group < GROUP_COUNT; group++) {
		fprintf(out, "\n%s:\n", titles[group]);
		for (size_t i = 0; i < option_row_count; i++) {
			if (option_rows[i].group == group)
				put_row(out, &option_rows[i]);
		}
	}
	put_detectors(out);
	put_mechanisms(out);
	fputs("\nExit status: 0 done; 1 some captures could not be read to their end; 2 wrong\n"
	      "usage or a broken signature file; 3 the output could not be written; 4 a worker\n"
	      "crashed, stalled or ran out of memory; 10 findings, with --exit-code.\n",
	      out);
}
