/*
 * Guards that need what else the client did: scanners (G15), losers of a race between addresses (G16), closed tabs and
 * programs (G17), a network that was down for everything (G22). Tested for every finding whose mechanism lists them. One that
 * fits adds its term (N15 to N17, N22) and stands in guards_failed; one that could not be tested stands in guards_untested.
 */
#pragma once

#include "analyzer/detect/attempt.h"
#include "analyzer/evidence/weight.h"

struct guard_input {
	const struct attempt_table *attempts;
	const struct weights *weights;
	int64_t first_ns; /* of the capture: where bins are counted from */
};

void guard_all(struct finding **all, size_t count, const struct guard_input *in);

/* Each guard by itself; `a` is the attempt that the finding is about. */
enum guard_result { GUARD_CLEAR, GUARD_FITS, GUARD_UNTESTED };
enum guard_result guard_scanner(const struct attempt_table *t, const struct attempt *a);
enum guard_result guard_happy_eyeballs(const struct attempt_table *t, const struct attempt *a);
enum guard_result guard_client_abort(const struct attempt_table *t, const struct attempt *a);
enum guard_result guard_own_network_down(const struct attempt_table *t, const struct attempt *a, int64_t first_ns);

/*
 * May the network have been down for everything while `a` failed, as far as one can tell until until_ns? True when some attempt of the
 * client at another server met silence around it and none was answered meanwhile, and when nothing of the client was
 * answered after `a` had begun to fail. Weaker than own_network_down: it takes the weight from a control, and no more.
 */
bool guard_silence_around(const struct attempt_table *t, const struct attempt *a, int64_t until_ns);
