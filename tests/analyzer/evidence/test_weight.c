/* Weighing: worked examples, and the conditions of docs/rules.md, "Terms and labels"; reading weights.csv. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/weights.h"

static int make_weights(void **state)
{
	*state = weights_fixture();
	return 0;
}

static int drop_weights(void **state)
{
	weights_free(*state);
	return 0;
}

/* Terms apart by blanks, `E01b/` for half a weight. */
static struct finding weighed(const struct weights *w, enum finding_kind kind, const char *terms)
{
	struct finding f = {.kind = kind};
	char buffer[128], *rest = buffer;
	struct text t = text_over(buffer, sizeof buffer);
	text_add(&t, span_text(terms));
	for (char *id; (id = strsep(&rest, " "));) {
		char *slash = strchr(id, '/');
		if (slash)
			*slash = 0;
		finding_term(&f, w, id, slash);
	}
	finding_weigh(&f, w);
	return f;
}

static void expect(const struct weights *w, enum finding_kind kind, const char *terms, int score, enum label label)
{
	struct finding f = weighed(w, kind, terms);
	if (f.score_db != score || f.label != label)
		print_error("%s: %d %s\n", terms, (int)f.score_db, label_name(f.label));
	assert_int_equal(f.score_db, score);
	assert_int_equal(f.label, label);
}

static void weighs_the_six_worked_examples(void **state)
{
	const struct weights *w = *state;
	expect(w, KIND_CONTRADICTION, "E02c E02 E04 E05", 60, LABEL_VERY_STRONG);
	expect(w, KIND_CONTRADICTION, "E06 E02b E07 E03", 57, LABEL_VERY_STRONG);
	expect(w, KIND_CONTRADICTION, "E11 E04d", 23, LABEL_MODERATELY_STRONG);
	expect(w, KIND_SYMPTOM, "E11", 3, LABEL_WEAK);
	expect(w, KIND_CONTRADICTION, "E12 E12c", 38, LABEL_STRONG);
	expect(w, KIND_CONTRADICTION, "E06 E09 E02b E07 E03 E01b/", 60, LABEL_VERY_STRONG);
	expect(w, KIND_MATCH, "E09", 25, LABEL_MODERATELY_STRONG);
	expect(w, KIND_SYMPTOM, "E11 E10b", 13, LABEL_MODERATE);
}

static void adds_at_most_three_for_the_rest_of_a_group(void **state)
{
	const struct weights *w = *state;
	expect(w, KIND_MATCH, "E09b E09", 28, LABEL_MODERATELY_STRONG);
	expect(w, KIND_CONTRADICTION, "E12b_sink E12", 38, LABEL_STRONG);
	expect(w, KIND_CONTRADICTION, "E02 E02b E02c", 23, LABEL_MODERATELY_STRONG);
}

static void halves_toward_zero_and_lists_what_was_added(void **state)
{
	struct finding f = weighed(*state, KIND_CONTRADICTION, "E03b/ E02d/ E02b/ E99");
	assert_int_equal(f.term_count, 3);
	assert_string_equal(f.terms[0].id, "E03b");
	assert_string_equal(f.terms[0].group, "ipid");
	assert_int_equal(f.terms[0].db, 12);
	assert_int_equal(f.terms[1].db, -1);
	assert_int_equal(f.terms[2].db, 6);
	assert_int_equal(f.score_db, 17);
}

static void keeps_the_stronger_of_one_id(void **state)
{
	struct finding f = weighed(*state, KIND_CONTRADICTION, "E09/ E09 E09/ N18/ N18 N18/");
	assert_int_equal(f.term_count, 2);
	assert_int_equal(f.terms[0].db, 25);
	assert_int_equal(f.terms[1].db, -20);
}

static void caps_after_all_terms(void **state)
{
	expect(*state, KIND_CONTRADICTION, "E06 E02b E04 E05 E07 N18", 60, LABEL_VERY_STRONG);
	expect(*state, KIND_CONTRADICTION, "E06 E04 N18", 32, LABEL_STRONG);
}

static void counts_negatives_in_full(void **state)
{
	expect(*state, KIND_SYMPTOM, "E11 N18 E03c E02d", -33, LABEL_NONE);
	expect(*state, KIND_CONTRADICTION, "E05 N18", 0, LABEL_NONE);
}

static void wants_two_groups_for_strong(void **state)
{
	struct finding f = {.kind = KIND_CONTRADICTION};
	f.terms[0] = (struct term){"E05", "after", 33};
	f.term_count = 1;
	finding_weigh(&f, *state);
	assert_int_equal(f.label, LABEL_MODERATELY_STRONG);
	f.terms[1] = (struct term){"E08", "win", 3};
	f.term_count = 2;
	finding_weigh(&f, *state);
	assert_int_equal(f.label, LABEL_STRONG);
	expect(*state, KIND_CONTRADICTION, "E12", 35, LABEL_STRONG);
	expect(*state, KIND_CONTRADICTION, "E14", 40, LABEL_VERY_STRONG);
	expect(*state, KIND_CONTRADICTION, "E14 E12", 60, LABEL_VERY_STRONG);
}

static void keeps_a_symptom_weak_without_a_second_group(void **state)
{
	expect(*state, KIND_SYMPTOM, "E10", 20, LABEL_WEAK);
	expect(*state, KIND_SYMPTOM, "E10 E11", 23, LABEL_MODERATELY_STRONG);
	expect(*state, KIND_SYMPTOM, "E10 E10b E07b", 23, LABEL_WEAK);
}

static void lowers_the_label_for_guards(void **state)
{
	struct finding f = weighed(*state, KIND_CONTRADICTION, "E06 E02b");
	f.guards_failed = 1 << GUARD_REORDERED;
	finding_weigh(&f, *state);
	assert_int_equal(f.score_db, 38);
	assert_int_equal(f.label, LABEL_MODERATE);
	f.guards_failed = 0;
	f.guards_untested = 1 << GUARD_MIDSTREAM;
	finding_weigh(&f, *state);
	assert_int_equal(f.label, LABEL_STRONG);
	f.kind = KIND_MATCH;
	finding_weigh(&f, *state);
	assert_int_equal(f.label, LABEL_MODERATELY_STRONG);
	f.guards_untested = 0;
	f.guards_named = 1 << GUARD_LOCAL_BOX;
	f.alternatives = 1 << ALT_LOST_RETRY;
	finding_weigh(&f, *state);
	assert_int_equal(f.label, LABEL_STRONG);
}

static void gives_the_least_label_of_a_rule_but_not_against_a_guard(void **state)
{
	struct finding f = weighed(*state, KIND_SYMPTOM, "E11");
	f.least = LABEL_MODERATELY_STRONG;
	finding_weigh(&f, *state);
	assert_int_equal(f.label, LABEL_MODERATELY_STRONG);
	f.guards_failed = 1 << GUARD_CAPTURE_LOSS;
	finding_weigh(&f, *state);
	assert_int_equal(f.label, LABEL_MODERATE);
	f = weighed(*state, KIND_SYMPTOM, "E11 N18");
	f.least = LABEL_MODERATE;
	finding_weigh(&f, *state);
	assert_int_equal(f.label, LABEL_NONE);
}

static void accuses_nobody_with_an_informational_finding(void **state)
{
	struct finding f = weighed(*state, KIND_INFORMATIONAL, "E09 E06");
	assert_int_equal(f.label, LABEL_NONE);
	f.least = LABEL_MODERATE;
	finding_weigh(&f, *state);
	assert_int_equal(f.label, LABEL_NONE);
}

static void refuses(const char *text, int code, const char *says)
{
	char path[256];
	temporary_file(path, sizeof path, text);
	struct weights *w = (struct weights *)path;
	struct err e = {0};
	assert_int_equal(weights_load(&w, path, &e), code);
	unlink(path);
	assert_null(w);
	if (!strstr(e.text, says))
		print_error("%s\n", e.text);
	assert_non_null(strstr(e.text, says));
}

#define HEAD "id,group,decibans,description,basis,source\n"
#define SCALE_TOP                                                                                                      \
	"label_moderately_strong,label,20,f,b,s\nlabel_strong,label,30,f,b,s\nlabel_very_strong,label,40,f,b,s\n"
#define SCALE  SCALE_TOP "label_weak,label,1,f,b,s\nlabel_moderate,label,10,f,b,s\n"
#define LIMITS "score_most,limit,60,f,b,s\ngroup_rest,limit,3,f,b,s\n"

static void refuses_broken_files_naming_the_line(void **state)
{
	(void)state;
	refuses("id,group,description,decibans,basis,source\nE1,a,1,f,b,s\n", ERR_FORMAT, ":1: the header");
	refuses(HEAD "E1,a,1,f,b\n", ERR_FORMAT, ":2: a row has six");
	refuses(HEAD "E1,a,1,f,b,s,t\n", ERR_FORMAT, ":2: too many");
	refuses(HEAD "E1,a,1,f,b,s\nE1,b,2,f,b,s\n", ERR_FORMAT, ":3: the id is there");
	refuses(HEAD "E1,a,ten,f,b,s\n", ERR_FORMAT, ":2: decibans");
	refuses(HEAD "E1,a,61,f,b,s\n", ERR_FORMAT, ":2: decibans");
	refuses(HEAD "E1,a,-,f,b,s\n", ERR_FORMAT, ":2: decibans");
	refuses(HEAD ",a,1,f,b,s\n", ERR_FORMAT, ":2: the id");
	refuses(HEAD "E1,,1,f,b,s\n", ERR_FORMAT, ":2: the group");
	refuses(HEAD "E1,a,1,\"f,b,s\n", ERR_FORMAT, "not CSV");
	refuses(HEAD SCALE_TOP "label_weak,label,1,f,b,s\n", ERR_FORMAT, "add a row label_moderate");
	refuses(HEAD SCALE_TOP "label_weak,label,1,f,b,s\nlabel_moderate,label,1,f,b,s\n", ERR_FORMAT,
	        "label_moderate");
	refuses(HEAD SCALE, ERR_FORMAT, "add a row score_most");
	refuses(HEAD, ERR_FORMAT, "no weights");
	refuses("", ERR_FORMAT, "no weights");
	struct weights *w;
	struct err e;
	assert_int_equal(weights_load(&w, "/nonexistent/weights.csv", &e), ERR_IO);
	assert_null(w);
}

static void reads_quotes_signs_and_hashes(void **state)
{
	(void)state;
	char path[256];
	temporary_file(path, sizeof path,
	               HEAD "E1,a,+7,\"two\nlines, \"\"quoted\"\"\",b,s\nN1,g,-20,f,b,s\n" SCALE LIMITS);
	struct weights *w;
	struct err e;
	assert_int_equal(weights_load(&w, path, &e), 0);
	unlink(path);
	assert_int_equal(weights_rows(w), 9);
	char hex[65];
	struct text t = text_over(hex, sizeof hex);
	text_hex(&t, span_of(weights_sha256(w), 32));
	assert_string_equal(hex, "3b79f0410687cbcc0945feac9499fa764bbb2d87551e5cacf64245ea88dc9035");
	assert_string_equal(weights_find(w, "E1")->description, "two\nlines, \"quoted\"");
	struct finding f = weighed(w, KIND_CONTRADICTION, "E1 N1");
	assert_int_equal(f.score_db, -13);
	weights_free(w);
	weights_free(NULL);
}

/* Words and caps are data too. */
static void another_scale_gives_other_words(void **state)
{
	(void)state;
	char path[256];
	temporary_file(path, sizeof path,
	               HEAD "E1,a,12,f,b,s\nE2,a,12,f,b,s\nE3,b,12,f,b,s\n" SCALE_TOP
	                    "label_weak,label,1,f,b,s\nlabel_moderate,label,13,f,b,s\nscore_most,limit,22,f,b,s\n"
	                    "group_rest,limit,0,f,b,s\n");
	struct weights *w;
	struct err e;
	assert_int_equal(weights_load(&w, path, &e), 0);
	unlink(path);
	expect(w, KIND_CONTRADICTION, "E1", 12, LABEL_WEAK);
	expect(w, KIND_CONTRADICTION, "E1 E2", 12, LABEL_WEAK);
	expect(w, KIND_CONTRADICTION, "E1 E3", 22, LABEL_MODERATELY_STRONG);
	weights_free(w);
}

int main(void)
{
	const struct CMUnitTest weight[] = {
	    cmocka_unit_test(weighs_the_six_worked_examples),
	    cmocka_unit_test(adds_at_most_three_for_the_rest_of_a_group),
	    cmocka_unit_test(halves_toward_zero_and_lists_what_was_added),
	    cmocka_unit_test(keeps_the_stronger_of_one_id),
	    cmocka_unit_test(caps_after_all_terms),
	    cmocka_unit_test(counts_negatives_in_full),
	    cmocka_unit_test(wants_two_groups_for_strong),
	    cmocka_unit_test(keeps_a_symptom_weak_without_a_second_group),
	    cmocka_unit_test(lowers_the_label_for_guards),
	    cmocka_unit_test(gives_the_least_label_of_a_rule_but_not_against_a_guard),
	    cmocka_unit_test(accuses_nobody_with_an_informational_finding),
	    cmocka_unit_test(refuses_broken_files_naming_the_line),
	    cmocka_unit_test(reads_quotes_signs_and_hashes),
	    cmocka_unit_test(another_scale_gives_other_words),
	};
	return cmocka_run_group_tests(weight, make_weights, drop_weights);
}
