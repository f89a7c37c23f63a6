/* Addresses of signatures: how they are written, whose they are, and which rows cover one. */
#include "signatures/address.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants the above */
#include <cmocka.h>

static struct address_prefix read_prefix(const char *text)
{
	struct address_prefix p;
	bool prefix = strchr(text, '/') != NULL;
	if (address_read(span_text(text), prefix, &p) != ADDRESS_FINE)
		fail_msg("%s", text);
	return p;
}

static void forms(void **unused)
{
	(void)unused;
	static const struct {
		const char *text;
		bool prefix;
		enum address_form form;
	} cases[] = {
	    {"192.0.2.7", false, ADDRESS_FINE},
	    {"192.0.2.0/24", true, ADDRESS_FINE},
	    {"0.0.0.0/0", true, ADDRESS_FINE},
	    {"2001:db8::1", false, ADDRESS_FINE},
	    {"2001:db8::/32", true, ADDRESS_FINE},
	    {"d0::11", false, ADDRESS_FINE},
	    {"192.0.2.7", true, ADDRESS_UNREADABLE},
	    {"192.0.2.0/24", false, ADDRESS_UNREADABLE},
	    {"192.0.2", false, ADDRESS_UNREADABLE},
	    {"192.0.2.300", false, ADDRESS_UNREADABLE},
	    {"192.0.2.0/33", true, ADDRESS_UNREADABLE},
	    {"192.0.2.0/", true, ADDRESS_UNREADABLE},
	    {"192.0.2.0/-1", true, ADDRESS_UNREADABLE},
	    {"", false, ADDRESS_UNREADABLE},
	    {"2001:db8::/129", true, ADDRESS_UNREADABLE},
	    {"2001:DB8::1", false, ADDRESS_NOT_CANONICAL},
	    {"2001:db8:0:0:0:0:0:1", false, ADDRESS_NOT_CANONICAL},
	    {"::ffff:192.0.2.7", false, ADDRESS_NOT_CANONICAL},
	    {"192.0.2.0/024", true, ADDRESS_NOT_CANONICAL},
	    {"192.0.2.1/24", true, ADDRESS_HOST_BITS},
	    {"2001:db8::1/64", true, ADDRESS_HOST_BITS},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct address_prefix p;
		enum address_form form = address_read(span_text(cases[i].text), cases[i].prefix, &p);
		if (form != cases[i].form)
			fail_msg("%s: %d", cases[i].text, (int)form);
	}
}

static void known_owners(void **unused)
{
	(void)unused;
	static const struct {
		const char *text, *owner;
	} cases[] = {{"31.13.94.37", "Meta"}, {"2a03:2880:f130:83:face:b00c:0:25de", "Meta"},
	             {"199.59.148.20", "X"},  {"108.160.170.45", "Dropbox"},
	             {"8.8.8.8", "Google"},   {"104.16.0.0/12", "Cloudflare"},
	             {"0.0.0.0/0", "Akamai"}, {"8.7.198.45", NULL},
	             {"2001:db8::1", NULL},   {"31.13.23.255", NULL}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct address_prefix p = read_prefix(cases[i].text);
		const char *owner = address_owner(&p);
		if (!owner != !cases[i].owner || (owner && strcmp(owner, cases[i].owner) != 0))
			fail_msg("%s: %s", cases[i].text, owner ? owner : "nobody");
	}
}

static void common_addresses(void **unused)
{
	(void)unused;
	static const char *const common[] = {"0.0.0.0",     "127.0.0.1", "10.10.34.34", "192.168.1.1", "172.31.0.1",
	                                     "169.254.1.1", "1.2.3.4",   "100.64.0.1",  "::",          "::1",
	                                     "fd00::1",     "fe80::1",   "8.0.0.0/5"};
	static const char *const others[] = {"1.2.3.5",     "11.0.0.1", "172.32.0.1", "192.169.0.1",
	                                     "2001:db8::1", "::2",      "d0::11"};
	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
		struct address_prefix p = read_prefix(common[i]);
		assert_non_null(address_common(&p));
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct address_prefix p = read_prefix(others[i]);
		assert_null(address_common(&p));
	}
}

static void table_finds_every_cover(void **unused)
{
	(void)unused;
	static const char *const prefixes[] = {"10.10.34.0/24", "10.10.34.34", "10.0.0.0/8",  "2001::/32",
	                                       "10.10.34.34",   "0.0.0.0/0",   "2001:0:1::5", "10.10.35.0/24"};
	struct address_table t = {0};
	struct err e;
	for (uint32_t i = 0; i < 8; i++) {
		struct address_prefix p = read_prefix(prefixes[i]);
		assert_int_equal(address_table_add(&t, &p, i, &e), 0);
	}
	address_table_sort(&t);
	uint8_t key[16];
	uint32_t found[8];
	assert_true(address_from_wire(span_of("\x0a\x0a\x22\x22", 4), key));
	assert_int_equal(address_table_find(&t, key, found, 8), 5);
	static const uint32_t expected[] = {1, 4, 0, 2, 5};
	assert_memory_equal(found, expected, sizeof(expected));
	assert_int_equal(address_table_find(&t, key, found, 2), 5);
	inet_pton(AF_INET6, "2001:0:1::5", key);
	assert_int_equal(address_table_find(&t, key, found, 8), 2);
	assert_int_equal(found[0], 6);
	assert_int_equal(found[1], 3);
	inet_pton(AF_INET6, "2002::", key);
	assert_int_equal(address_table_find(&t, key, found, 8), 0);
	assert_false(address_from_wire(span_of("\x0a\x0a", 2), key));
	address_table_free(&t);
	assert_int_equal(address_table_find(&t, key, found, 8), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(forms),
	    cmocka_unit_test(known_owners),
	    cmocka_unit_test(common_addresses),
	    cmocka_unit_test(table_finds_every_cover),
	};
	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
