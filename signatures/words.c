/* The words that signature files are written with: see sigdb.h. */
#include "signatures/sigdb.h"

const char *const sig_kind_names[SIG_KIND_COUNT] = {
    [SIG_HTTP] = "http", [SIG_DNS] = "dns", [SIG_TLS] = "tls", [SIG_RST] = "rst", [SIG_QUIC] = "quic"};

const char *const sig_match_names[SIG_MATCH_COUNT] = {
    [SIG_FULL] = "full",     [SIG_PREFIX] = "prefix", [SIG_CONTAINS] = "contains",
    [SIG_REGEXP] = "regexp", [SIG_CIDR] = "cidr",     [SIG_EQ] = "eq"};

const char *const sig_scope_names[SIG_SCOPE_COUNT] = {[SIG_NATIONAL] = "national",
                                                      [SIG_ISP] = "isp",
                                                      [SIG_INJECTED] = "injected",
                                                      [SIG_PRODUCT] = "product",
                                                      [SIG_INSTITUTION] = "institution",
                                                      [SIG_UNCLEAR] = "unclear",
                                                      [SIG_BENIGN] = "benign"};

const char *const sig_action_names[SIG_ACTION_COUNT] = {
    [SIG_ACTION_HIT] = "hit", [SIG_ACTION_HINT] = "hint", [SIG_ACTION_FP] = "fp", [SIG_ACTION_OFF] = "off"};

const char *sig_scope_name(enum sig_scope scope)
{
	return sig_scope_names[scope];
}

void sig_location_add(struct text *t, const struct signature *s)
{
	static const char *const names[SIG_LOCATION_COUNT] = {
	    [SIG_BODY] = "body",
	    [SIG_TITLE] = "title",
	    [SIG_STATUS_LINE] = "status_line",
	    [SIG_HEADER] = "header.",
	    [SIG_DNS_ANSWER] = "answer",
	    [SIG_DNS_CNAME] = "cname",
	    [SIG_TLS_ISSUER] = "issuer",
	    [SIG_TLS_SUBJECT] = "subject",
	    [SIG_TLS_SPKI_SHA256] = "spki_sha256",
	    [SIG_TLS_CERT_SHA256] = "cert_sha256",
	    [SIG_TLS_JA4] = "ja4",
	    [SIG_RST_RULE] = "rule",
	    [SIG_DNS_RULE] = "rule",
	    [SIG_HTTP_RULE] = "rule",
	};
	text_add(t, span_text(names[s->location]));
	if (s->location == SIG_HEADER)
		text_add(t, span_text(s->header));
}
