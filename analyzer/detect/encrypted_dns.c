/*
 * doh_dot_block: a connection to an encrypted resolver that another rule already has in question (dropped, reset, refused by a
 * forged packet). What is added here is only what the connection was for: port 853 (RFC 7858, RFC 9250), or a name that
 * serves DNS over HTTPS (RFC 8484). Seen in China and Iran (Hoang et al., 2022; Niere et al., 2025).
 *
 * What else could explain the bytes: all that explains the other finding, whose terms and guards are taken over, and a
 * network that keeps its clients to its own resolver.
 */
#include "analyzer/detect/detector.h"
#include "analyzer/detect/dns_name.h"

#include <stddef.h>
#include <string.h>

enum { PORT_DOT = 853, PORT_HTTPS = 443 };

/* Host names that operators of public resolvers publish for DNS over HTTPS. */
static const char *const resolvers[] = {
    "dns.google",
    "dns64.dns.google",
    "cloudflare-dns.com",
    "one.one.one.one",
    "dns.quad9.net",
    "dns9.quad9.net",
    "dns10.quad9.net",
    "dns11.quad9.net",
    "doh.opendns.com",
    "dns.opendns.com",
    "dns.umbrella.com",
    "doh.familyshield.opendns.com",
    "dns.adguard.com",
    "dns.adguard-dns.com",
    "unfiltered.adguard-dns.com",
    "family.adguard-dns.com",
    "doh.cleanbrowsing.org",
    "dns.nextdns.io",
    "dns.mullvad.net",
    "doh.mullvad.net",
    "doh.dns.sb",
    "dns.alidns.com",
    "doh.pub",
    "dot.pub",
    "doh.360.cn",
    "dns.switch.ch",
    "doh.libredns.gr",
    "freedns.controld.com",
    "dns.controld.com",
    "dns0.eu",
    "doh.ffmuc.net",
    "dns.digitale-gesellschaft.ch",
    "doh.applied-privacy.net",
    "odvr.nic.cz",
    "dns.njal.la",
    "doh.xfinity.com",
};

static bool serves_dns(const struct finding *f)
{
	if (f->server_port == PORT_DOT)
		return true;
	if (f->server_port != PORT_HTTPS || !f->name || f->name_source != NAME_SNI)
		return false;
	for (size_t i = 0; i < sizeof resolvers / sizeof *resolvers; i++)
		if (dns_name_below(span_text(f->name), span_text(resolvers[i])))
			return true;
	return false;
}

/* A candidate has room only for the details that it has. */
static void copy_finding(struct finding *to, const struct finding *from)
{
	*to = (struct finding){0};
	memcpy(to, from, offsetof(struct finding, details) + from->detail_count * sizeof *from->details);
}

static void conclude(struct conclusion *c)
{
	const struct mechanism *block = mechanism_find("doh_dot_block");
	size_t count = c->finding_count;
	for (size_t i = 0; i < count; i++) {
		struct finding f;
		if (c->findings[i]->kind == KIND_INFORMATIONAL || c->findings[i]->mechanism == block ||
		    !serves_dns(c->findings[i]))
			continue;
		c->tested[block - mechanisms]++;
		copy_finding(&f, c->findings[i]);
		finding_detail(&f, "seen_as", f.mechanism->id);
		f.mechanism = block;
		f.stage = f.protocol = NULL;
		(void)conclusion_propose(c, &f);
	}
}

const struct detector detector_encrypted_dns = {
    .name = "encrypted_dns",
    .summary = "interfered connections that were for an encrypted resolver",
    .conclude = conclude,
};
