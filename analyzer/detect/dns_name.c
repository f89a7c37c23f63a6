/* Lists of special names: RFC 6761, 6762, 7686, 8375, 8880, and what vendors document of their own zones. */
#include "analyzer/detect/dns_name.h"

/* Zones, whole: the last labels of a name. */
static const char *const special_zones[] = {
    /* special use, and what private networks took for themselves; not `example`, which captures use as a real name */
    "arpa",
    "local",
    "localhost",
    "localdomain",
    "test",
    "invalid",
    "onion",
    "alt",
    "internal",
    "lan",
    "home",
    "corp",
    "private",
    "intranet",
    "domain",
    "workgroup",
    "router",
    "gateway",
    "wpad",
    "mesh",
    "cluster.local",
    /* made to give private addresses: development and rebinding tests */
    "localtest.me",
    "lvh.me",
    "vcap.me",
    "lacolhost.com",
    "nip.io",
    "sslip.io",
    "xip.io",
    "traefik.me",
    "localhost.direct",
    "local.gd",
    "local-ip.co",
    "local-ip.sh",
    "local-ip.dev",
    "rbndr.us",
    "rebind.network",
    "1u.ms",
    "rebind.it",
    /* devices in the home or in a private network under a public name */
    "fritz.box",
    "myfritz.net",
    "routerlogin.net",
    "routerlogin.com",
    "tplinkwifi.net",
    "tplinkmodem.net",
    "tplinklogin.net",
    "asusrouter.com",
    "router.asus.com",
    "miwifi.com",
    "speedport.ip",
    "linksyssmartwifi.com",
    "orbilogin.com",
    "mywifiext.net",
    "mafreebox.freebox.fr",
    "easy.box",
    "o2.box",
    "plex.direct",
    "ui.direct",
    "ts.net",
    "netbird.cloud",
    "router.synology.com",
    "direct.quickconnect.to",
    /* private views of a hosting company's names */
    "compute.internal",
    "rds.amazonaws.com",
    "elb.amazonaws.com",
    "amazonaws.com.cn",
    "compute.amazonaws.com",
    "windows.net",
    "cloudapp.azure.com",
    "azure-api.net",
    "privatelink.link",
    /* asked for in order to learn about the resolver */
    "use-application-dns.net",
};

/* Zones whose answers are data about what the name in front of them says. */
static const char *const list_zones[] = {
    "spamhaus.org",
    "spamhaus.net",
    "surbl.org",
    "uribl.com",
    "dnswl.org",
    "barracudacentral.org",
    "sorbs.net",
    "spamcop.net",
    "mailspike.net",
    "senderscore.com",
    "abuse.ch",
    "abuseat.org",
    "support-intelligence.net",
    "invaluement.com",
    "dnsbl.info",
    "rfc-clueless.org",
    "uceprotect.net",
    "gbudb.net",
    "hostkarma.junkemailfilter.com",
    "cymru.com",
    "shadowserver.org",
    "dshield.org",
    "blocklist.de",
};

/* A label anywhere that marks such a zone elsewhere. */
static const char *const list_labels[] = {"dnsbl", "dnswl", "rbl", "uribl", "surbl"};

static const char *const portal_probes[] = {
    "captive.apple.com",
    "captive.g.aaplimg.com",
    "connectivitycheck.gstatic.com",
    "connectivitycheck.android.com",
    "connectivitycheck.platform.hicloud.com",
    "clients3.google.com",
    "detectportal.firefox.com",
    "detectportal.prod.mozaws.net",
    "msftconnecttest.com",
    "msftncsi.com",
    "connectivity-check.ubuntu.com",
    "nmcheck.gnome.org",
    "network-test.debian.org",
    "ping.archlinux.org",
    "conncheck.opensuse.org",
    "captive.roku.com",
    "spectrum.s3.amazonaws.com",
    "connect.rom.miui.com",
    "wifi.vivo.com.cn",
};

bool dns_name_below(struct span name, struct span suffix)
{
	if (name.len < suffix.len)
		return false;
	size_t before = name.len - suffix.len;
	if (!span_equal_nocase(span_of(name.ptr + before, suffix.len), suffix))
		return false;
	return before == 0 || name.ptr[before - 1] == '.';
}

static bool below_any(struct span name, const char *const *zones, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (dns_name_below(name, span_text(zones[i])))
			return true;
	return false;
}

#define BELOW_ANY(name, zones) below_any(name, zones, sizeof(zones) / sizeof(zones)[0])

/* The first label, which leaves the name; an escaped dot does not end it. */
static struct span label_next(struct span *name)
{
	size_t n = 0;
	while (n < name->len && name->ptr[n] != '.')
		n += name->ptr[n] == '\\' && n + 1 < name->len ? 2 : 1;
	struct span label = span_first(*name, n);
	*name = span_after(*name, n + 1);
	return label;
}

static bool is_octet(struct span label)
{
	uint64_t value;
	return label.len <= 3 && span_decimal(label, &value) && value <= 255;
}

static bool is_nibble(struct span label)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	return label.len == 1 && memchr(digits, label.ptr[0], sizeof digits - 1);
}

static bool is_list_query(struct span name)
{
	size_t octets = 0, nibbles = 0, labels = 0;
	bool marked = false;
	while (name.len) {
		struct span label = label_next(&name);
		octets += octets == labels && is_octet(label);
		nibbles += nibbles == labels && is_nibble(label);
		for (size_t i = 0; i < sizeof list_labels / sizeof list_labels[0]; i++)
			marked |= span_equal_nocase(label, span_text(list_labels[i]));
		labels++;
	}
	return (octets >= 4 && labels > octets) || nibbles >= 16 || marked;
}

bool dns_name_is_public(struct span name)
{
	struct span rest = name;
	(void)label_next(&rest);
	if (name.len == 0 || rest.len == 0)
		return false; /* the root or a single label */
	return !BELOW_ANY(name, special_zones) && !BELOW_ANY(name, list_zones) && !is_list_query(name);
}

bool dns_name_probes_portal(struct span name)
{
	return BELOW_ANY(name, portal_probes);
}
