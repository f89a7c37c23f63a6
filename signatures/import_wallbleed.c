/* Address pools of the GFW's third DNS injector, one address a line in the order in which it gives them (Fan et al., Wallbleed,
 * NDSS 2025; https://github.com/gfw-report/ndss25-wallbleed). Most of them belong to large companies, whose own names
 * rightly have them. */
#include "signatures/address.h"
#include "signatures/draft.h"

#include <stdio.h>

/* Names that rightly have addresses of the owner, or NULL. */
static const char *names_of(const char *owner)
{
	static const struct {
		const char *owner, *names;
	} table[] = {
	    {"Dropbox", "dropbox.com;dropboxapi.com;dropboxstatic.com;dropboxusercontent.com;dropboxforum.com;dropbox-"
	                "dns.com;getdropbox.com;"
	                "db.tt;hellosign.com;docsend.com"},
	    {"Google",
	     "google.com;googleapis.com;gstatic.com;googleusercontent.com;googlevideo.com;youtube.com;ytimg.com;ggpht."
	     "com;"
	     "1e100.net;gmail.com;goo.gl;blogger.com;blogspot.com;google.cn;doubleclick.net;googlesyndication.com"},
	    {"Meta", "facebook.com;facebook.net;accountkit.com;fbcdn.net;fbsbx.com;fb.com;fb.me;fb.gg;messenger.com;m."
	             "me;instagram.com;"
	             "cdninstagram.com;ig.me;whatsapp.com;whatsapp.net;wa.me;threads.net;threads.com;oculus.com;meta."
	             "com;metacareers.com;"
	             "internet.org;tfbnw.net;workplace.com;wit.ai;atdmt.com"},
	    {"X",
	     "twitter.com;x.com;t.co;twimg.com;twttr.com;twitterinc.com;periscope.tv;pscp.tv;vine.co;ads-twitter.com;"
	     "tweetdeck.com;x.ai"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(owner, table[i].owner) == 0)
			return table[i].names;
	return NULL;
}

int draft_wallbleed(const struct published *row, struct arena *arena, struct draft *out, struct err *e)
{
	struct address_prefix address;
	enum address_form form;
	int code = draft_take(out, COL_PATTERN, row, "line", arena, e);
	if (code < 0)
		return code;
	form = address_read(out->field[COL_PATTERN], false, &address);
	if (form == ADDRESS_UNREADABLE)
		return err_set(e, ERR_FORMAT, "%s:%u: not an address; a pool has one a line", row->file, row->line);
	const char *owner = form == ADDRESS_FINE ? address_owner(&address) : NULL,
	           *names = owner ? names_of(owner) : NULL;
	draft_set_answer(out);
	out->field[COL_ORIGIN_ID] = out->field[COL_PATTERN];
	draft_set(out, COL_EXCEPT, names ? names : "");
	draft_set(out, COL_SCOPE, "national");
	draft_set(out, COL_COUNTRY, "CN");
	draft_set(out, COL_VENDOR, "GFW");
	draft_set(out, COL_CONFIDENCE, "8");
	draft_set(out, COL_ACTION, "hit");
	draft_set(out, COL_SOURCE, "GFW Report, Wallbleed artefacts (NDSS 2025)");
	draft_set(out, COL_URL, "https://github.com/gfw-report/ndss25-wallbleed");
	char *notes = arena_alloc(arena, 80);
	if (!notes)
		return err_set(e, ERR_NOMEM, "no memory for the import");
	snprintf(notes, 80, "line %u of the pool%s%s", row->line, owner ? ", address of " : "", owner ? owner : "");
	draft_set(out, COL_NOTES, notes);
	return 0;
}
