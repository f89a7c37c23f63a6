/* Proposing from the capture pass. */
#include "analyzer/detect/conclusion.h"

struct finding *conclusion_propose(struct conclusion *c, const struct finding *f)
{
	if (c->wanted && !c->wanted[f->mechanism - mechanisms])
		return NULL;
	return candidate_add(c->candidates, f);
}

static enum name_source name_source_of(const struct attempt *a)
{
	if (!a->name)
		return NAME_NONE;
	return a->trigger == TRIGGER_HTTP ? NAME_HOST : a->trigger == TRIGGER_DNS ? NAME_DNS : NAME_SNI;
}

void finding_attempt(struct finding *f, const struct attempt *a)
{
	f->client = a->client;
	f->server = a->server;
	f->client_port = a->client_port;
	f->server_port = a->server_port;
	f->l4_proto = a->l4_proto;
	f->flow_id = a->flow_id;
	f->name = a->name;
	f->name_source = name_source_of(a);
	f->trigger = a->frame;
}
