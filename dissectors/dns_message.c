/*
 * DNS messages: header, questions, records of all sections, EDNS (RFC 1035, section 4.1; RFC 6891). Reads as far as the
 * bytes carry and says why it stopped. Leaves the meaning of record data to others, but for names that point elsewhere.
 *
 *    0               2               4         6         8         10
 *   +---------------+---------------+---------+---------+---------+---------+
 *   | id            |Q|op  |A|T|R|  | QD      | AN      | NS      | AR      |
 *   |               |R|    |A|C|D|..| count   | count   | count   | count   |
 *   +---------------+---------------+---------+---------+---------+---------+
 */
#include "dissectors/dns_message.h"

#include "dissectors/dns_name.h"

enum {
	FLAG_QR = 0x8000,
	FLAG_AA = 0x0400,
	FLAG_TC = 0x0200,
	FLAG_RD = 0x0100,
	FLAG_RA = 0x0080,
	FLAG_AD = 0x0020,
	FLAG_CD = 0x0010,
	OPCODE_QUERY = 0,
	OPCODE_MAX = 6,      /* DSO, RFC 8490 */
	OPCODE_UNUSED = 3,   /* never assigned */
	TYPE_DNAME = 39,     /* RFC 6672 */
	COMPRESSED = 0xc000, /* first two bits of a pointer */
	QUESTIONS_PLAUSIBLE = 256,
	RECORDS_PLAUSIBLE = 4096, /* a zone transfer's messages hold hundreds */
};

/* What reading a message works with. */
struct reading {
	struct cursor c;
	struct arena *scratch;
	struct dns_record *records;
	size_t capacity;
	struct dns_name name;
};

static void header_read(struct cursor *c, struct dns_message *m)
{
	m->id = cursor_be16(c);
	uint16_t flags = cursor_be16(c);
	for (int i = 0; i < 4; i++)
		m->counts[i] = cursor_be16(c);
	m->response = flags & FLAG_QR;
	m->opcode = flags >> 11 & 0xf;
	m->aa = flags & FLAG_AA;
	m->tc = flags & FLAG_TC;
	m->rd = flags & FLAG_RD;
	m->ra = flags & FLAG_RA;
	m->ad = flags & FLAG_AD;
	m->cd = flags & FLAG_CD;
	m->rcode = flags & 0xf;
}

static bool header_possible(const struct dns_message *m)
{
	return m->opcode <= OPCODE_MAX && m->opcode != OPCODE_UNUSED;
}

/* A short read is the capture's doing only when the capture is shorter than the message. */
static void stop(struct dns_message *m, enum dns_name_result why)
{
	bool cut = why == DNS_NAME_SHORT && m->wire.len < m->length;
	m->flaws |= cut ? DNS_CUT : DNS_BROKEN;
}

/* The name as a span in scratch. A bare pointer to the question's name, as nearly every answer has, is not copied. */
static bool name_keep(struct reading *r, const struct dns_message *m, struct span in_place, struct span *out)
{
	struct cursor c = cursor_over(in_place);
	if (in_place.len == 2 && m->qname.len > 0 && cursor_be16(&c) == (COMPRESSED | DNS_HEADER_LEN)) {
		*out = m->qname;
		return true;
	}
	*out = arena_copy(r->scratch, span_of(r->name.text, r->name.len));
	return out->len > 0;
}

static struct span name_bytes(const struct cursor *after, size_t start)
{
	struct cursor c = *after;
	size_t end = cursor_offset(&c);
	(void)cursor_seek(&c, start);
	return cursor_take(&c, end - start);
}

static bool questions_read(struct reading *r, struct dns_message *m)
{
	for (uint16_t i = 0; i < m->counts[0]; i++) {
		enum dns_name_result result = i == 0 ? dns_name_read(&r->c, &r->name) : dns_name_skip(&r->c);
		uint16_t qtype = cursor_be16(&r->c), qclass = cursor_be16(&r->c);
		if (result == DNS_NAME_OK && r->c.failed)
			result = DNS_NAME_SHORT;
		if (result != DNS_NAME_OK) {
			stop(m, result);
			return false;
		}
		if (i > 0)
			continue;
		m->qtype = qtype;
		m->qclass = qclass;
		m->qname = arena_copy(r->scratch, span_of(r->name.text, r->name.len));
	}
	return true;
}

static size_t target_offset(uint16_t type)
{
	switch (type) {
	case DNS_TYPE_NS:
	case DNS_TYPE_CNAME:
	case DNS_TYPE_PTR:
	case TYPE_DNAME:
		return 0;
	case DNS_TYPE_MX:
		return 2; /* preference */
	default:
		return SIZE_MAX;
	}
}

/* The name inside record data; it may lead out by pointer, but what stands in place must stay within the data. */
static bool target_read(struct reading *r, struct dns_message *m, struct dns_record *record, size_t rdata_at)
{
	size_t skip = target_offset(record->type);
	if (skip == SIZE_MAX)
		return true;
	struct cursor c = r->c;
	size_t end = cursor_offset(&c);
	size_t start = rdata_at + skip;
	if (start >= end || !cursor_seek(&c, start))
		return false;
	if (dns_name_read(&c, &r->name) != DNS_NAME_OK || cursor_offset(&c) > end)
		return false;
	return name_keep(r, m, name_bytes(&c, start), &record->target);
}

static void opt_read(struct dns_message *m, const struct dns_record *record)
{
	if (m->has_opt || record->type != DNS_TYPE_OPT)
		return;
	m->has_opt = true;
	m->udp_size = record->rrclass;
	m->rcode |= (uint16_t)(record->ttl >> 24 << 4);
}

static enum dns_name_result record_read(struct reading *r, struct dns_message *m, struct dns_record *record, bool keep)
{
	size_t name_at = cursor_offset(&r->c);
	enum dns_name_result result = keep ? dns_name_read(&r->c, &r->name) : dns_name_skip(&r->c);
	if (result != DNS_NAME_OK)
		return result;
	struct span in_place = name_bytes(&r->c, name_at);
	record->type = cursor_be16(&r->c);
	record->rrclass = cursor_be16(&r->c);
	record->ttl = cursor_be32(&r->c);
	uint16_t rdata_len = cursor_be16(&r->c);
	size_t rdata_at = cursor_offset(&r->c);
	record->rdata = cursor_take(&r->c, rdata_len);
	if (r->c.failed)
		return DNS_NAME_SHORT;
	if (!keep)
		return DNS_NAME_OK;
	if (!name_keep(r, m, in_place, &record->name)) {
		m->flaws |= DNS_RECORDS_DROPPED;
		return DNS_NAME_OK;
	}
	if (!target_read(r, m, record, rdata_at))
		m->flaws |= DNS_BROKEN;
	return DNS_NAME_OK;
}

static bool section_read(struct reading *r, struct dns_message *m, enum dns_section section)
{
	for (uint16_t i = 0; i < m->counts[1 + section]; i++) {
		bool keep = m->record_count < r->capacity;
		struct dns_record record = {.section = section};
		enum dns_name_result result = record_read(r, m, &record, keep);
		if (result != DNS_NAME_OK) {
			stop(m, result);
			return false;
		}
		opt_read(m, &record);
		if (!keep)
			m->flaws |= DNS_RECORDS_DROPPED;
		else if (record.name.len > 0)
			r->records[m->record_count++] = record;
	}
	return true;
}

/* No more records than fit the bytes, and than are kept. */
static void records_reserve(struct reading *r, const struct dns_message *m)
{
	size_t wanted = (size_t)m->counts[1] + m->counts[2] + m->counts[3];
	size_t possible = cursor_left(&r->c) / DNS_RECORD_MIN;
	wanted = wanted < possible ? wanted : possible;
	wanted = wanted < DNS_RECORDS_MAX ? wanted : DNS_RECORDS_MAX;
	r->records = wanted ? arena_alloc(r->scratch, wanted * sizeof(*r->records)) : NULL;
	r->capacity = r->records != NULL ? wanted : 0;
}

bool dns_message_read(struct dns_message *m, struct span wire, size_t wire_len, struct arena *scratch)
{
	*m = (struct dns_message){.wire = wire, .length = (uint32_t)(wire_len < UINT32_MAX ? wire_len : UINT32_MAX)};
	struct reading r = {.c = cursor_over(wire), .scratch = scratch};
	header_read(&r.c, m);
	if (r.c.failed || !header_possible(m))
		return false;
	if (!questions_read(&r, m))
		return true;
	records_reserve(&r, m);
	m->records = r.records;
	for (int section = DNS_ANSWER; section <= DNS_ADDITIONAL; section++) {
		if (!section_read(&r, m, (enum dns_section)section))
			return true;
	}
	size_t used = cursor_offset(&r.c);
	if (used < wire_len) {
		m->trailing = (uint32_t)(wire_len - used);
		m->flaws |= DNS_TRAILING;
	}
	return true;
}

bool dns_message_plausible(struct span head, size_t wire_len)
{
	struct dns_message m = {0};
	struct cursor c = cursor_over(head);
	header_read(&c, &m);
	if (c.failed || !header_possible(&m))
		return false;
	size_t records = (size_t)m.counts[1] + m.counts[2] + m.counts[3];
	if (m.counts[0] > QUESTIONS_PLAUSIBLE || records > RECORDS_PLAUSIBLE)
		return false;
	if (m.counts[0] == 0)
		return records * DNS_RECORD_MIN <= wire_len;
	struct dns_name name;
	return (size_t)m.counts[0] * DNS_QUESTION_MIN <= wire_len && dns_name_read(&c, &name) != DNS_NAME_BAD;
}

static bool class_known(uint16_t qclass)
{
	return qclass == 1 || qclass == 3 || qclass == 4 || qclass == 254 || qclass == 255;
}

/* Skips records and wants each whole. */
static bool records_skip(struct cursor *c, size_t count)
{
	while (count-- > 0) {
		if (dns_name_skip(c) != DNS_NAME_OK)
			return false;
		cursor_skip(c, 8);
		cursor_skip(c, cursor_be16(c));
		if (c->failed)
			return false;
	}
	return true;
}

bool dns_message_certain(struct span wire, bool *response)
{
	struct dns_message m = {0};
	struct dns_name name;
	struct cursor c = cursor_over(wire);
	header_read(&c, &m);
	*response = m.response;
	if (c.failed || m.opcode != OPCODE_QUERY || m.counts[0] != 1)
		return false;
	if (!m.response && (m.rcode != 0 || m.counts[1] != 0 || m.counts[2] != 0 || m.counts[3] > 2))
		return false;
	if (dns_name_read(&c, &name) != DNS_NAME_OK)
		return false;
	uint16_t qtype = cursor_be16(&c), qclass = cursor_be16(&c);
	if (c.failed || qtype == 0 || !class_known(qclass))
		return false;
	return records_skip(&c, (size_t)m.counts[1] + m.counts[2] + m.counts[3]) && cursor_left(&c) == 0;
}

bool dns_port(uint16_t a, uint16_t b)
{
	static const uint16_t ports[] = {53, 5353, 5355};
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		if (a == ports[i] || b == ports[i])
			return true;
	}
	return false;
}

bool dns_port_netbios(uint16_t a, uint16_t b)
{
	return a == 137 || b == 137;
}
