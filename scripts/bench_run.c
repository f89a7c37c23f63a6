/*
 * Runs a command several times and prints the medians: CPU seconds (user and system, with all descendants), wall seconds,
 * and the peak memory in KiB of its largest process. Output of the command is dropped. usage: bench_run TIMES COMMAND...
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TIMES_MAX = 99 };

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

/* The exit status, or -1. */
static int run(char **command, double *cpu, double *wall, double *peak)
{
	struct timespec before, after;
	clock_gettime(CLOCK_MONOTONIC, &before);
	pid_t child = fork();
	if (child == 0) {
		int null = open("/dev/null", O_WRONLY);
		dup2(null, 1);
		dup2(null, 2);
		execvp(command[0], command);
		_exit(127);
	}
	int status;
	struct rusage usage;
	if (child < 0 || wait4(child, &status, 0, &usage) != child || !WIFEXITED(status))
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &after);
	*cpu = seconds(usage.ru_utime) + seconds(usage.ru_stime);
	*wall = (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9;
	*peak = (double)usage.ru_maxrss;
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	int times = argc > 2 ? atoi(argv[1]) : 0;
	if (times < 1 || times > TIMES_MAX) {
		fprintf(stderr, "usage: bench_run TIMES COMMAND...\n");
		return 2;
	}
	double cpu[TIMES_MAX], wall[TIMES_MAX], peak[TIMES_MAX];
	for (int i = 0; i < times; i++) {
		int status = run(argv + 2, &cpu[i], &wall[i], &peak[i]);
		if (status != 0) {
			fprintf(stderr, "bench_run: %s: exit status %d\n", argv[2], status);
			return 1;
		}
	}
	qsort(cpu, (size_t)times, sizeof(double), compare);
	qsort(wall, (size_t)times, sizeof(double), compare);
	qsort(peak, (size_t)times, sizeof(double), compare);
	printf("%.3f %.3f %.0f\n", cpu[times / 2], wall[times / 2], peak[times / 2]);
	return 0;
}
