/* wallprint: the table of subcommands. */
#include "analyzer/base/text.h"
#include "analyzer/cmd.h"
#include "analyzer/word.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static const struct command commands[] = {
    {"scan", "captures in, findings out", cmd_scan},
    {"explain", "what a mechanism, column, term, guard or signature means", cmd_explain},
    {"signatures", "check, list, explain, import signature sets", cmd_signatures},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void usage(FILE *out)
{
	fputs("Usage: wallprint COMMAND [OPTION]...\n\n"
	      "Finds in packet captures what censorship and injection boxes leave in them. Works\n"
	      "offline, changes no input, and says what the packets show.\n\n"
	      "Commands:\n",
	      out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-12s %s\n", commands[i].name, commands[i].summary);
	fputs("\n'wallprint COMMAND --help' says more; 'wallprint --version' names version, libraries\n"
	      "and signature set.\n\n"
	      "Example: wallprint scan capture.pcap > findings.csv\n",
	      out);
}

/* Descriptors 0 to 2 are there, so that no file that is opened later takes their place; a write to one that was closed
 * fails all the same. */
static void standard_files(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)!open("/dev/null", O_RDONLY);
	}
}

static int unknown_command(const char *word)
{
	const char *names[COMMANDS];
	for (size_t i = 0; i < COMMANDS; i++)
		names[i] = commands[i].name;
	const char *near = word_nearest(word, names, COMMANDS);
	char shown[160];
	struct text t = text_over(shown, sizeof shown);
	text_add(&t, span_text("'")); /* so that the first byte needs no escape */
	text_escape(&t, span_first(span_text(word), 32), TEXT_FILE_NAME);
	if (near)
		fprintf(stderr, "wallprint: there is no command %s' (did you mean %s?)\n", shown, near);
	else
		fprintf(stderr, "wallprint: there is no command %s': see 'wallprint --help'\n", shown);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	standard_files();
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		usage(stdout);
		return fflush(stdout) == 0 ? EXIT_DONE : EXIT_OUTPUT;
	}
	if (strcmp(argv[1], "--version") == 0)
		return cmd_version();
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	}
	return unknown_command(argv[1]);
}
