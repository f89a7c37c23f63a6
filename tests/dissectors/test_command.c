/* Commands of SMTP and FTP: which streams are theirs, which lines are told, where it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>

#include "dissectors/command.h"
#include "tests/support/dissect.h"

extern const struct dissector dissector_smtp, dissector_ftp;

#define SAYS(text)                                                                                                     \
	{                                                                                                              \
		.dir = DIR_UP, .bytes = {(const uint8_t *)(text), sizeof(text) - 1 }                                   \
	}
#define ANSWER(text)                                                                                                   \
	{                                                                                                              \
		.dir = DIR_DOWN, .bytes = {(const uint8_t *)(text), sizeof(text) - 1 }                                 \
	}

static const struct dissect_step mail[] = {
    ANSWER("220 mail.example ESMTP\r\n"),
    SAYS("ehlo client.example\r\nMAIL FROM:<a@a.example>\r\nXYZZY\r\n"),
    ANSWER("250 ok\r\n"),
    SAYS("RCPT TO:<b@b.example>\r\nDATA\r\nQUIT is not said here\r\nQUIT\r\n"),
};

static void commands_up_to_the_mail(void **state)
{
	(void)state;
	char *text = dissect_play(&dissector_smtp, 25, mail, 4, 0, 0, SIZE_MAX);
	assert_non_null(strstr(text, "word=EHLO\n"));
	assert_non_null(strstr(text, "word=MAIL\n"));
	assert_non_null(strstr(text, "word=RCPT\n"));
	assert_non_null(strstr(text, "word=DATA\n"));
	assert_null(strstr(text, "XYZZY"));
	assert_null(strstr(text, "QUIT"));
	free(text);
	assert_true(dissect_split_holds(&dissector_smtp, 25, mail, 4));
	assert_true(dissect_prefix_holds(&dissector_smtp, 25, mail, 4));
}

static bool claims(const struct dissector *dissector, uint16_t port, enum dir dir, const char *head)
{
	struct flow flow = {.server_port = port};
	return dissector->probe(&flow, dir, span_text(head)) == PROBE_YES;
}

static void greetings_say_whose_they_are(void **state)
{
	(void)state;
	assert_true(claims(&dissector_ftp, 21, DIR_DOWN, "220 welcome\r\n"));
	assert_true(claims(&dissector_smtp, 25, DIR_DOWN, "220-welcome\r\n"));
	assert_false(claims(&dissector_ftp, 2121, DIR_DOWN, "220 welcome\r\n"));
	assert_true(claims(&dissector_ftp, 2121, DIR_DOWN, "220 FTP server\r\n"));
	assert_false(claims(&dissector_smtp, 2121, DIR_DOWN, "220 FTP server\r\n"));
	assert_false(claims(&dissector_ftp, 21, DIR_DOWN, "HTTP/1.1 220 FTP\r\n"));
	assert_true(claims(&dissector_ftp, 21, DIR_UP, "user anonymous\r\n")); /* the greeting was lost */
	assert_false(claims(&dissector_ftp, 2121, DIR_UP, "USER anonymous\r\n"));
	assert_false(claims(&dissector_ftp, 21, DIR_UP, "USERS\r\n")); /* begins like a word of the list */
}

/* A terminal sends a byte at a time, and some servers do. */
static void first_bytes_may_become_one(void **state)
{
	struct flow flow = {.server_port = 21}, elsewhere = {.server_port = 2121};
	(void)state;
	assert_int_equal(dissector_ftp.probe(&flow, DIR_UP, span_text("US")), PROBE_MAYBE);
	assert_int_equal(dissector_ftp.probe(&flow, DIR_UP, span_text("USER")), PROBE_MAYBE);
	assert_int_equal(dissector_ftp.probe(&flow, DIR_UP, span_text("UX")), PROBE_NO);
	assert_int_equal(dissector_ftp.probe(&flow, DIR_DOWN, span_text("22")), PROBE_MAYBE);
	assert_int_equal(dissector_ftp.probe(&flow, DIR_DOWN, span_text("23")), PROBE_NO);
	assert_int_equal(dissector_ftp.probe(&elsewhere, DIR_DOWN, span_text("220 a long")), PROBE_MAYBE);
	assert_true(dissect_split_holds(&dissector_ftp, 2121,
	                                (struct dissect_step[]){ANSWER("220 My FTP\r\n"), SAYS("USER a\r\n")}, 2));
}

static void a_line_without_an_end_is_given_up(void **state)
{
	char line[COMMAND_LINE_MAX + 6] = "USER ";
	(void)state;
	memset(line + 5, 'x', sizeof line - 5);
	struct dissect_step step = {.dir = DIR_UP, .bytes = span_of(line, sizeof line)};
	char *text = dissect_play(&dissector_ftp, 21, &step, 1, 0, 0, SIZE_MAX);
	assert_non_null(strstr(text, "GIVEN UP"));
	assert_null(strstr(text, "word="));
	free(text);
}

int main(void)
{
	const struct CMUnitTest command[] = {
	    cmocka_unit_test(commands_up_to_the_mail),
	    cmocka_unit_test(greetings_say_whose_they_are),
	    cmocka_unit_test(first_bytes_may_become_one),
	    cmocka_unit_test(a_line_without_an_end_is_given_up),
	};
	return cmocka_run_group_tests(command, NULL, NULL);
}
