/* Versions are asked of the libraries at run time where they can tell. */
#include "analyzer/version.h"

#include <csv.h>
#include <libtrace.h>
#include <nettle/version.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define QUOTED(number)                     #number
#define RELEASE(name, major, minor, patch) name " " QUOTED(major) "." QUOTED(minor) "." QUOTED(patch)
#ifdef __clang__
#define COMPILER RELEASE("clang", __clang_major__, __clang_minor__, __clang_patchlevel__)
#else
#define COMPILER RELEASE("gcc", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__)
#endif

const char *version_number(void)
{
	return WALLPRINT_VERSION;
}

const char *version_commit(void)
{
	return WALLPRINT_GIT;
}

const char *version_build(void)
{
	return WALLPRINT_BUILD;
}

const char *version_compiler(void)
{
	return COMPILER;
}

static void set(struct library *l, const char *name, const char *version)
{
	l->name = name;
	snprintf(l->version, sizeof l->version, "%s", version);
}

/* The number in "libpcap version 1.10.3 (with TPACKET_V3)". */
static void set_pcap(struct library *l)
{
	const char *text = pcap_lib_version(), *number = strstr(text, "version ");
	set(l, "libpcap", number ? number + strlen("version ") : text);
	l->version[strcspn(l->version, " ")] = '\0';
}

void version_libraries(struct library out[VERSION_LIBRARIES])
{
	char number[48];
	set_pcap(&out[0]);
	snprintf(number, sizeof number, "%u.%u.%u", LIBTRACE_API_VERSION >> 16, LIBTRACE_API_VERSION >> 8 & 0xff,
	         LIBTRACE_API_VERSION & 0xff);
	set(&out[1], "libtrace", number);
	set(&out[2], "zlib", zlibVersion());
	set(&out[3], "libzstd", ZSTD_versionString());
	snprintf(number, sizeof number, "%d.%d", nettle_version_major(), nettle_version_minor());
	set(&out[4], "nettle", number);
	if (pcre2_config(PCRE2_CONFIG_VERSION, NULL) > (int)sizeof number ||
	    pcre2_config(PCRE2_CONFIG_VERSION, number) < 0)
		snprintf(number, sizeof number, "%d.%d", PCRE2_MAJOR, PCRE2_MINOR);
	set(&out[5], "pcre2", number);
	snprintf(number, sizeof number, "%d.%d.%d", CSV_MAJOR, CSV_MINOR, CSV_RELEASE);
	set(&out[6], "libcsv", number);
}
