/* doh_dot_block: which connections in question were for an encrypted resolver. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "analyzer/detect/detector.h"
#include "tests/support/events.h"

extern const struct detector detector_encrypted_dns;

enum { PORT_DOT = 853, PORT_HTTPS = 443 };

struct place {
	struct candidates in, out;
	struct conclusion c;
	uint64_t *tested;
};

static void place_open(struct place *p)
{
	struct err e;
	*p = (struct place){.tested = calloc(mechanism_count, sizeof(uint64_t))};
	assert_int_equal(candidates_init(&p->in, 100, 0, &e), 0);
	assert_int_equal(candidates_init(&p->out, 100, 0, &e), 0);
}

static void place_close(struct place *p)
{
	candidates_free(&p->in);
	candidates_free(&p->out);
	free(p->tested);
}

/* A finding about a connection, as another detector proposed it. */
static void proposed(struct place *p, uint16_t port, const char *name, enum finding_kind kind)
{
	struct finding f = {.mechanism = mechanism_find("tls_sni_drop"),
	                    .kind = kind,
	                    .client = addr_parse("192.0.2.7"),
	                    .server = addr_parse("198.51.100.9"),
	                    .server_port = port,
	                    .l4_proto = IPPROTO_TCP,
	                    .name = name,
	                    .name_source = NAME_SNI};
	finding_suspect(&f, (struct frame_ref){.number = 4, .wire_len = 100});
	finding_detail(&f, "transmissions", "6");
	assert_non_null(candidate_add(&p->in, &f));
}

static size_t concluded(struct place *p)
{
	p->c = (struct conclusion){.findings = p->in.items,
	                           .finding_count = p->in.count,
	                           .candidates = &p->out,
	                           .tested = p->tested};
	detector_encrypted_dns.conclude(&p->c);
	return p->out.count;
}

static void finds_dns_over_https(void **state)
{
	struct place p;
	(void)state;
	place_open(&p);
	proposed(&p, PORT_HTTPS, "Dns.Google", KIND_SYMPTOM);
	assert_int_equal(concluded(&p), 1);
	const struct finding *d = p.out.items[0];
	assert_string_equal(d->mechanism->id, "doh_dot_block");
	assert_int_equal(d->kind, KIND_SYMPTOM);
	assert_int_equal(d->suspects[0].number, 4);
	assert_string_equal(finding_detail_value(d, "transmissions"), "6");
	assert_string_equal(finding_detail_value(d, "seen_as"), "tls_sni_drop");
	place_close(&p);
}

static void finds_dns_over_tls_by_its_port(void **state)
{
	struct place p;
	(void)state;
	place_open(&p);
	proposed(&p, PORT_DOT, NULL, KIND_CONTRADICTION);
	assert_int_equal(concluded(&p), 1);
	assert_int_equal(p.out.items[0]->kind, KIND_CONTRADICTION);
	place_close(&p);
}

static void leaves_other_connections_alone(void **state)
{
	struct place p;
	(void)state;
	place_open(&p);
	proposed(&p, PORT_HTTPS, "www.example.com", KIND_SYMPTOM);
	proposed(&p, PORT_HTTPS, "notdns.google.example.com", KIND_SYMPTOM);
	proposed(&p, PORT_HTTPS, NULL, KIND_SYMPTOM);
	proposed(&p, 80, "dns.google", KIND_SYMPTOM);
	proposed(&p, PORT_DOT, NULL, KIND_INFORMATIONAL);
	assert_int_equal(concluded(&p), 0);
	place_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_dns_over_https),
	    cmocka_unit_test(finds_dns_over_tls_by_its_port),
	    cmocka_unit_test(leaves_other_connections_alone),
	};
	return cmocka_run_group_tests_name("encrypted_dns", tests, NULL, NULL);
}
