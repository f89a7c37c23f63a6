/* A subcommand: what `wallprint NAME` runs. */
#pragma once

struct command {
	const char *name, *summary;
	int (*run)(int argc, char **argv); /* argv[0] is the name; gives the exit status */
};

/* Exit statuses that are a contract with scripts: README.md lists them. */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_CUT = 1,
	EXIT_USAGE = 2,
	EXIT_OUTPUT = 3,
	EXIT_DIED = 4,
	EXIT_FINDINGS = 10,
};

int cmd_scan(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_signatures(int argc, char **argv);
int cmd_version(void);
