/* The list of signatures that matched one message: see match.h. */
#include "signatures/match.h"

static bool before(const struct signature *a, const struct signature *b)
{
	return a->scope != b->scope ? a->scope < b->scope : a->order < b->order;
}

static bool is_fp(const struct signature *s)
{
	return s->action == SIG_ACTION_FP;
}

bool sig_hits_false_positive(const struct sig_hits *hits)
{
	for (size_t i = 0; i < hits->count; i++)
		if (is_fp(hits->hit[i]))
			return true;
	return false;
}

const struct signature *sig_hits_best(const struct sig_hits *hits)
{
	if (sig_hits_false_positive(hits))
		return NULL;
	for (size_t i = 0; i < hits->count; i++)
		if (hits->hit[i]->action == SIG_ACTION_HIT)
			return hits->hit[i];
	return NULL;
}

bool sig_hits_hold(const struct sig_hits *hits, const struct signature *s)
{
	for (size_t i = 0; i < hits->count; i++)
		if (hits->hit[i] == s)
			return true;
	return false;
}

/* Which of a full list goes first: the last that is no fp row, or else the last. */
static size_t least(const struct sig_hits *hits)
{
	for (size_t i = hits->count; i > 0; i--)
		if (!is_fp(hits->hit[i - 1]))
			return i - 1;
	return hits->count - 1;
}

/* Makes room in a full list, or tells that s is the one to go. An fp row is kept before any other: it decides. */
static bool make_room(struct sig_hits *hits, const struct signature *s)
{
	size_t victim = least(hits);
	bool stronger = is_fp(s) != is_fp(hits->hit[victim]) ? is_fp(s) : before(s, hits->hit[victim]);
	hits->dropped++;
	if (!stronger)
		return false;
	hits->count--;
	memmove(&hits->hit[victim], &hits->hit[victim + 1], (hits->count - victim) * sizeof(hits->hit[0]));
	return true;
}

void sig_hits_add(struct sig_hits *hits, const struct signature *s)
{
	if (sig_hits_hold(hits, s) || (hits->count == SIG_HITS_MAX && !make_room(hits, s)))
		return;
	size_t at = hits->count++;
	for (; at > 0 && before(s, hits->hit[at - 1]); at--)
		hits->hit[at] = hits->hit[at - 1];
	hits->hit[at] = s;
}
