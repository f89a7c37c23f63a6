/* JSON of published.h (RFC 8259), read by jansson one object at a time, so that a hostile file costs the memory of one. */
#include "signatures/published.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum { NUMBERS_MAX = 24 /* bytes of a number as text */ };

/* Where numbers and joined lists of one object are written: no longer than the object was, but for numbers. */
struct values {
	char *text;
	size_t used, room;
};

static struct span keep_bytes(struct values *v, const char *bytes, size_t len)
{
	struct span kept = span_of(v->text + v->used, len < v->room - v->used ? len : v->room - v->used);
	if (kept.len)
		memcpy(v->text + v->used, bytes, kept.len);
	v->used += kept.len;
	return kept;
}

/* False: not a list of texts. */
static bool list_value(struct values *v, const json_t *list, struct span *out)
{
	size_t start = v->used;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		if (!json_is_string(item))
			return false;
		if (i)
			keep_bytes(v, "\n", 1);
		keep_bytes(v, json_string_value(item), json_string_length(item));
	}
	*out = span_of(v->text + start, v->used - start);
	return true;
}

static bool plain_value(struct values *v, const json_t *value, struct span *out)
{
	char number[NUMBERS_MAX];
	if (json_is_string(value)) {
		*out = span_of(json_string_value(value), json_string_length(value));
		return true;
	}
	if (json_is_integer(value)) {
		int len = snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		*out = keep_bytes(v, number, (size_t)len);
		return true;
	}
	*out = span_of("", 0);
	return json_is_null(value) || (json_is_array(value) && list_value(v, value, out));
}

static int take_object(struct published *row, struct values *v, json_t *object, struct err *e)
{
	const char *name;
	json_t *value;
	row->count = v->used = 0;
	json_object_foreach(object, name, value)
	{
		if (row->count == PUBLISHED_FIELDS_MAX)
			return err_set(e, ERR_FORMAT, "%s:%u: an object of more than %d fields", row->file, row->line,
			               PUBLISHED_FIELDS_MAX);
		if (!plain_value(v, value, &row->value[row->count]))
			return err_set(e, ERR_FORMAT,
			               "%s:%u: field %zu of the object is no text, number or list of texts", row->file,
			               row->line, row->count + 1);
		row->name[row->count++] = span_text(name);
	}
	return 0;
}

/* Position in the text: between the objects of an array, or of a file of objects. */
struct place {
	struct span text;
	size_t at;
	uint32_t line;
};

static void skip_to(struct place *p, size_t at)
{
	for (; p->at < at; p->at++)
		p->line += p->text.ptr[p->at] == '\n';
}

static void skip_blanks(struct place *p)
{
	while (p->at < p->text.len && strchr(" \t\r\n", p->text.ptr[p->at]) && p->text.ptr[p->at])
		skip_to(p, p->at + 1);
}

/* True when c stands there; it is skipped then. */
static bool skip_sign(struct place *p, uint8_t c)
{
	skip_blanks(p);
	if (p->at == p->text.len || p->text.ptr[p->at] != c)
		return false;
	skip_to(p, p->at + 1);
	return true;
}

static int one_object(struct place *p, struct published *row, struct values *v, published_handler *handle, void *arg,
                      struct err *e)
{
	json_error_t why;
	struct span rest = span_first(span_after(p->text, p->at), PUBLISHED_OBJECT_MAX);
	bool begins = rest.len && rest.ptr[0] == '{';
	json_t *object = begins ? json_loadb((const char *)rest.ptr, rest.len,
	                                     JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why)
	                        : NULL;
	row->line = p->line;
	if (!begins)
		return err_set(e, ERR_FORMAT, "%s:%u: an object of JSON must begin here", row->file, row->line);
	if (!object)
		return err_set(e, ERR_FORMAT, "%s:%u: not JSON, or an object of more than %d bytes: %.*s", row->file,
		               row->line + (uint32_t)(why.line > 0 ? why.line - 1 : 0), PUBLISHED_OBJECT_MAX,
		               (int)strcspn(why.text, "'"), why.text); /* what it quotes is not ours to print */
	int code = take_object(row, v, object, e);
	if (code == 0)
		code = handle(arg, row, e);
	json_decref(object);
	skip_to(p, p->at + (size_t)why.position);
	return code;
}

/* What follows an object of an array: 1 another one, 0 the end. */
static int array_goes_on(struct place *p, const struct published *row, struct err *e)
{
	if (skip_sign(p, ','))
		return 1;
	if (skip_sign(p, ']'))
		return 0;
	return err_set(e, ERR_FORMAT, "%s:%u: a comma or ] is missing; is the file cut?", row->file, p->line);
}

static int all_objects(struct place *p, struct published *row, struct values *v, published_handler *handle, void *arg,
                       struct err *e)
{
	bool array = skip_sign(p, '['), more = !array || !skip_sign(p, ']');
	skip_blanks(p);
	while (more && (array || p->at < p->text.len)) {
		int code = one_object(p, row, v, handle, arg, e);
		if (code)
			return code;
		skip_blanks(p);
		code = array ? array_goes_on(p, row, e) : 1;
		if (code < 0)
			return code;
		more = code;
		skip_blanks(p);
	}
	if (p->at < p->text.len)
		return err_set(e, ERR_FORMAT, "%s:%u: something stands behind the end of the array", row->file,
		               p->line);
	return 0;
}

int published_json(const char *file, struct span text, published_handler *handle, void *arg, struct err *e)
{
	struct place p = {.text = span_starts(text, span_text("\xef\xbb\xbf")) ? span_after(text, 3) : text, .line = 1};
	struct published row = {.file = file};
	struct values v = {.room = PUBLISHED_OBJECT_MAX + PUBLISHED_FIELDS_MAX * NUMBERS_MAX};
	v.text = malloc(v.room);
	if (!v.text)
		return err_set(e, ERR_NOMEM, "no memory to read the set");
	int code = all_objects(&p, &row, &v, handle, arg, e);
	free(v.text);
	return code;
}
