/* See sigdb.h. Reading files is sigfile.c, judging rows lint.c; here rows become a database and are checked against
 * each other. Compiling is compile.c. */
#include "analyzer/base/hash.h"
#include "signatures/database.h"
#include "signatures/sigfile.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { STRINGS_MAX = 256 * 1024 * 1024 };

static struct sigdb *database_new(void)
{
	struct sigdb *db = calloc(1, sizeof(*db));
	if (db)
		arena_init(&db->arena, STRINGS_MAX);
	return db;
}

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "no memory for the signatures");
}

static int take_row(void *arg, const struct row *row, struct err *e)
{
	struct sigdb *db = arg;
	if (db->count == db->room) {
		size_t room = db->room ? db->room * 2 : 4096; /* what is never written costs no memory */
		struct rule *grown = realloc(db->rules, room * sizeof(*grown));
		if (!grown)
			return no_memory(e);
		db->rules = grown;
		db->room = room;
	}
	struct rule rule;
	int code = lint_row(row, db->count ? &db->rules[db->count - 1].s : NULL, &db->arena, &rule, e);
	if (code < 0)
		return code;
	rule.set = (uint32_t)db->set_count;
	db->rules[db->count++] = rule;
	return 0;
}

/* 1: a signature file was added; 0: it is of another kind. */
static int load_file(struct sigdb *db, const char *path, const char *name, struct err *e)
{
	struct sigfile file;
	int code = sigfile_read(&file, path, name, take_row, db, e);
	if (code < 0 || !file.signatures)
		return code;
	struct sigset *grown = realloc(db->sets, (db->set_count + 1) * sizeof(*grown));
	if (!grown)
		return no_memory(e);
	db->sets = grown;
	const char *kept = arena_string(&db->arena, span_text(name));
	if (!kept)
		return no_memory(e);
	struct sigset *set = &db->sets[db->set_count++];
	*set = (struct sigset){.path = kept, .rows = file.rows};
	memcpy(set->sha256, file.sha256, sizeof(set->sha256));
	return 1;
}

static int is_csv(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);
	return len > 4 && entry->d_name[0] != '.' && strcmp(entry->d_name + len - 4, ".csv") == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int load_directory(struct sigdb *db, const char *path, struct err *e)
{
	struct dirent **names = NULL;
	int n = scandir(path, &names, is_csv, by_bytes), code = 0, files = 0;
	if (n < 0)
		return err_set(e, ERR_IO, "%s: %s", path, strerror(errno));
	for (int i = 0; i < n; i++) {
		char *file = NULL;
		if (code >= 0 && asprintf(&file, "%s/%s", path, names[i]->d_name) < 0)
			code = no_memory(e);
		else if (code >= 0)
			code = load_file(db, file, names[i]->d_name, e);
		files += code > 0;
		free(file);
		free(names[i]);
	}
	free(names);
	if (code >= 0 && files == 0)
		return err_set(e, ERR_FORMAT,
		               "%s: no signature file (*.csv that begins with id,kind) in this directory", path);
	return code;
}

/* A rule in a list that is sorted by what it is asked for: the key settles nearly every comparison without a look at it. */
struct keyed {
	uint64_t key;
	struct rule *rule;
};

static uint64_t id_key(const struct rule *rule)
{
	static const struct hash_key any = {0};
	return hash_bytes(any, rule->s.id, strlen(rule->s.id));
}

static uint64_t meaning_key(const struct rule *rule)
{
	static const struct hash_key any = {0};
	return hash_bytes(any, rule->s.pattern.ptr, rule->s.pattern.len);
}

static int compare_key(const struct keyed *a, const struct keyed *b)
{
	return a->key < b->key ? -1 : a->key > b->key;
}

static int compare_id(const void *left, const void *right)
{
	const struct keyed *a = left, *b = right;
	int order = compare_key(a, b);
	if (order == 0 && a->rule != b->rule)
		order = strcmp(a->rule->s.id, b->rule->s.id);
	return order ? order : a->rule < b->rule ? -1 : a->rule > b->rule;
}

static int compare_span(struct span a, struct span b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common ? memcmp(a.ptr, b.ptr, common) : 0;
	return order ? order : a.len < b.len ? -1 : a.len > b.len;
}

int signature_compare(const struct signature *a, const struct signature *b)
{
	if (a->location != b->location)
		return a->location < b->location ? -1 : 1;
	if (a->match != b->match)
		return a->match < b->match ? -1 : 1;
	int order = a->location == SIG_HEADER ? strcmp(a->header, b->header) : 0;
	return order ? order : compare_span(a->pattern, b->pattern);
}

static int compare_rule(const void *left, const void *right)
{
	const struct keyed *a = left, *b = right;
	int order = compare_key(a, b);
	if (order == 0 && a->rule != b->rule)
		order = signature_compare(&a->rule->s, &b->rule->s);
	return order ? order : a->rule < b->rule ? -1 : a->rule > b->rule;
}

static int duplicate(const struct sigdb *db, const struct rule *first, const struct rule *second, enum column column,
                     struct err *e)
{
	struct row row = {.file = db->sets[second->set].path, .line = second->s.line};
	return row_error(&row, column, e, "the same as in %s:%u (%s); remove one", db->sets[first->set].path,
	                 first->s.line, first->s.id);
}

/* The rules from `first` on in the order of compare; in-use ones only when asked. Freed by the caller. */
static struct keyed *sorted_rules(struct sigdb *db, size_t first, size_t last, bool used_only, size_t *n,
                                  uint64_t (*key)(const struct rule *), int (*compare)(const void *, const void *))
{
	struct keyed *sorted = malloc((last - first + 1) * sizeof(*sorted));
	*n = 0;
	for (size_t i = first; sorted && i < last; i++)
		if (!used_only || db->rules[i].s.action != SIG_ACTION_OFF)
			sorted[(*n)++] = (struct keyed){.key = key(&db->rules[i]), .rule = &db->rules[i]};
	if (sorted)
		qsort(sorted, *n, sizeof(*sorted), compare);
	return sorted;
}

/* No id twice among the rules from `first` on, and no (location, match, pattern) twice among those of them in use. */
static int check_duplicates(struct sigdb *db, size_t first, struct err *e)
{
	size_t n, used;
	struct keyed *ids = sorted_rules(db, first, db->count, false, &n, id_key, compare_id);
	struct keyed *rules = sorted_rules(db, first, db->count, true, &used, meaning_key, compare_rule);
	int code = 0;
	if (!ids || !rules) {
		free(ids);
		free(rules);
		return no_memory(e);
	}
	for (size_t i = 1; code == 0 && i < n; i++)
		if (ids[i - 1].key == ids[i].key && strcmp(ids[i - 1].rule->s.id, ids[i].rule->s.id) == 0)
			code = duplicate(db, ids[i - 1].rule, ids[i].rule, COL_ID, e);
	for (size_t i = 1; code == 0 && i < used; i++)
		if (rules[i - 1].key == rules[i].key &&
		    signature_compare(&rules[i - 1].rule->s, &rules[i].rule->s) == 0)
			code = duplicate(db, rules[i - 1].rule, rules[i].rule, COL_PATTERN, e);
	free(ids);
	free(rules);
	return code;
}

/* The rule with the id of another one in a list sorted by compare_id, or NULL. */
static struct rule *find_id(const struct keyed *sorted, size_t n, const struct rule *other)
{
	const struct keyed wanted = {.key = id_key(other)};
	size_t low = 0, high = n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_key(&sorted[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < n && sorted[low].key == wanted.key; low++)
		if (strcmp(sorted[low].rule->s.id, other->s.id) == 0)
			return sorted[low].rule;
	return NULL;
}

/* Rules from `first` on take the place of older ones with their id; then everything is numbered. */
static int replace_older(struct sigdb *db, size_t first, struct err *e)
{
	size_t n, kept = first;
	struct keyed *older = sorted_rules(db, 0, first, false, &n, id_key, compare_id);
	if (!older)
		return no_memory(e);
	for (size_t i = first; i < db->count; i++) {
		struct rule *replaced = find_id(older, n, &db->rules[i]);
		struct rule *to = replaced ? replaced : &db->rules[kept++];
		if (replaced)
			regexp_free(to->regexp);
		*to = db->rules[i];
	}
	free(older);
	db->count = kept;
	for (size_t i = 0; i < db->count; i++)
		db->rules[i].s.order = (uint32_t)i;
	return 0;
}

int sigdb_load(struct sigdb **db, const char *path, struct err *e)
{
	struct stat st;
	if (!*db)
		*db = database_new();
	if (!*db)
		return no_memory(e);
	size_t first = (*db)->count;
	int code = stat(path, &st) < 0 ? err_set(e, ERR_IO, "%s: %s", path, strerror(errno)) : 0;
	if (code == 0 && S_ISDIR(st.st_mode))
		code = load_directory(*db, path, e);
	else if (code == 0 && (code = load_file(*db, path, path, e)) == 0)
		code =
		    err_set(e, ERR_FORMAT, "%s:1: not a signature file: its header does not begin with id,kind", path);
	if (code >= 0)
		code = check_duplicates(*db, first, e);
	if (code >= 0)
		code = replace_older(*db, first, e);
	if (code >= 0)
		return 0;
	sigdb_free(*db);
	*db = NULL;
	return code;
}

void sigdb_free(struct sigdb *db)
{
	if (!db)
		return;
	for (size_t i = 0; i < db->count; i++)
		regexp_free(db->rules[i].regexp);
	for (size_t i = 0; i < db->matcher_count; i++) {
		automaton_free(db->matchers[i].automaton);
		free(db->matchers[i].entries);
	}
	for (size_t i = 0; i < sizeof(db->packet_rules) / sizeof(db->packet_rules[0]); i++)
		free(db->packet_rules[i].rules);
	free(db->matchers);
	free(db->rules);
	free(db->sets);
	address_table_free(&db->answers);
	arena_free(&db->arena);
	free(db);
}

size_t sigdb_count(const struct sigdb *db)
{
	return db->count;
}

const struct signature *sigdb_at(const struct sigdb *db, size_t i)
{
	return &db->rules[i].s;
}

size_t sigdb_sets(const struct sigdb *db)
{
	return db->set_count;
}

const struct sigset *sigdb_set(const struct sigdb *db, size_t i)
{
	return &db->sets[i];
}

const char *sigdb_path(const struct sigdb *db, const struct signature *s)
{
	return db->sets[db->rules[s->order].set].path;
}

const struct signature *sigdb_find(const struct sigdb *db, const char *id)
{
	for (size_t i = 0; i < db->count; i++)
		if (strcmp(db->rules[i].s.id, id) == 0)
			return &db->rules[i].s;
	return NULL;
}

bool signature_excepts(const struct signature *s, struct span name)
{
	if (name.len && name.ptr[name.len - 1] == '.')
		name = span_first(name, name.len - 1);
	for (const char *item = s->except; *item;) {
		size_t len = strcspn(item, ";");
		struct span tail = name.len >= len ? span_after(name, name.len - len) : span_of(NULL, 0);
		bool label = name.len == len || (name.len > len && name.ptr[name.len - len - 1] == '.');
		if (len && label && span_equal_nocase(tail, span_of(item, len)))
			return true;
		item += len + (item[len] == ';');
	}
	return false;
}
