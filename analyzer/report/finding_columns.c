/* findings.csv, column by column. */
#include "analyzer/report/columns.h"
#include "analyzer/report/filter.h"

#include <inttypes.h>
#include <stdlib.h>

static void put_word(struct text *t, const char *word)
{
	if (word)
		text_add(t, span_text(word));
}

/* Separates the entries of a list. */
static void put_gap(struct text *t)
{
	if (t->len)
		text_add(t, span_text(";"));
}

static bool known(const struct finding *f, enum fact fact)
{
	return f->facts.known & fact;
}

static void put_frames(struct text *t, const struct frame_ref *frames, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		put_gap(t);
		text_printf(t, "%" PRIu64, frames[i].number);
	}
}

static void put_finding_id(struct text *t, const struct finding *f)
{
	put_word(t, f->id);
}

static void put_incident(struct text *t, const struct finding *f)
{
	put_word(t, f->incident);
}

static void put_frame(struct text *t, const struct finding *f)
{
	if (finding_frame(f)->number)
		text_printf(t, "%" PRIu64, finding_frame(f)->number);
}

static void put_time(struct text *t, const struct finding *f)
{
	if (finding_frame(f)->number)
		text_time(t, finding_frame(f)->ts_ns);
}

static void put_suspects(struct text *t, const struct finding *f)
{
	put_frames(t, f->suspects, f->suspect_count);
}

static void put_evidence(struct text *t, const struct finding *f)
{
	put_frames(t, f->evidence, f->evidence_count);
}

static void put_mechanism(struct text *t, const struct finding *f)
{
	put_word(t, f->mechanism->id);
}

static void put_kind(struct text *t, const struct finding *f)
{
	put_word(t, finding_kind_name(f->kind));
}

static void put_stage(struct text *t, const struct finding *f)
{
	put_word(t, f->stage ? f->stage : f->mechanism->stage);
}

static void put_protocol(struct text *t, const struct finding *f)
{
	put_word(t, f->protocol ? f->protocol : f->mechanism->protocol);
}

static void put_label(struct text *t, const struct finding *f)
{
	put_word(t, label_name(f->label));
}

static void put_score(struct text *t, const struct finding *f)
{
	text_printf(t, "%" PRId32, f->score_db);
}

static void put_terms(struct text *t, const struct finding *f)
{
	for (size_t i = 0; i < f->term_count; i++) {
		put_gap(t);
		text_printf(t, "%s:%+d", f->terms[i].id, f->terms[i].db);
	}
}

static void put_selectivity(struct text *t, const struct finding *f)
{
	put_word(t, selectivity_name(f->selectivity));
}

static void put_vantage(struct text *t, const struct finding *f)
{
	put_word(t, vantage_name(f->vantage));
}

static void put_address(struct text *t, const struct addr *a)
{
	char buffer[ADDR_TEXT_SIZE];
	put_word(t, addr_text(a, buffer));
}

static void put_port(struct text *t, const struct finding *f, uint16_t port)
{
	if (f->l4_proto == IPPROTO_TCP || f->l4_proto == IPPROTO_UDP || port)
		text_printf(t, "%u", port);
}

static void put_client(struct text *t, const struct finding *f)
{
	put_address(t, &f->client);
}

static void put_client_port(struct text *t, const struct finding *f)
{
	put_port(t, f, f->client_port);
}

static void put_server(struct text *t, const struct finding *f)
{
	put_address(t, &f->server);
}

static void put_server_port(struct text *t, const struct finding *f)
{
	put_port(t, f, f->server_port);
}

static void put_direction(struct text *t, const struct finding *f)
{
	put_word(t, f->to_client ? "to_client" : "to_server");
}

static void put_name(struct text *t, const struct finding *f)
{
	if (f->name)
		text_escape(t, span_text(f->name), TEXT_FIELD);
}

static void put_name_source(struct text *t, const struct finding *f)
{
	if (f->name && f->name_source != NAME_NONE)
		put_word(t, name_source_name(f->name_source));
}

static void put_trigger(struct text *t, const struct finding *f)
{
	if (f->trigger.number)
		text_printf(t, "%" PRIu64, f->trigger.number);
}

static void put_signature(struct text *t, const struct finding *f)
{
	for (size_t i = 0; i < f->signature_count; i++) {
		put_gap(t);
		text_escape(t, span_text(f->signatures[i]->id), TEXT_LIST);
	}
}

static void put_scope(struct text *t, const struct finding *f)
{
	for (size_t i = 0; i < f->signature_count; i++) {
		put_gap(t);
		put_word(t, sig_scope_name(f->signatures[i]->scope));
	}
}

/* Whether an entry is among the ;-separated ones already written. */
static bool listed(const struct text *t, struct span entry)
{
	struct span rest = span_of(t->ptr, t->len);
	while (rest.len) {
		size_t end = span_find(rest, span_text(";"));
		if (span_equal(span_first(rest, end), entry))
			return true;
		rest = end == SIZE_MAX ? span_of(NULL, 0) : span_after(rest, end + 1);
	}
	return false;
}

static void put_country(struct text *t, const struct finding *f)
{
	for (size_t i = 0; i < f->signature_count; i++) {
		struct span rest = span_text(f->signatures[i]->country);
		while (rest.len) {
			size_t end = span_find(rest, span_text(";"));
			struct span country = span_first(rest, end);
			if (country.len && !listed(t, country)) {
				put_gap(t);
				text_escape(t, country, TEXT_LIST);
			}
			rest = end == SIZE_MAX ? span_of(NULL, 0) : span_after(rest, end + 1);
		}
	}
}

static void put_ttl(struct text *t, const struct finding *f)
{
	if (known(f, FACT_TTL))
		text_printf(t, "%u", f->facts.ttl);
}

static void put_ttl_baseline(struct text *t, const struct finding *f)
{
	if (known(f, FACT_TTL_BASELINE))
		text_printf(t, "%u", f->facts.ttl_baseline);
}

static void put_hop_delta(struct text *t, const struct finding *f)
{
	if (known(f, FACT_TTL_BASELINE))
		text_printf(t, "%d", f->facts.hop_delta);
}

static void put_ip_id(struct text *t, const struct finding *f)
{
	if (known(f, FACT_IP_ID))
		text_printf(t, "%u", f->facts.ip_id);
}

static void put_ip_id_previous(struct text *t, const struct finding *f)
{
	if (known(f, FACT_IP_ID_PREVIOUS))
		text_printf(t, "%u", f->facts.ip_id_previous);
}

static void put_ip_id_class(struct text *t, const struct finding *f)
{
	if (known(f, FACT_IP_ID_CLASS) && f->facts.ip_id_class != IPID_UNKNOWN)
		put_word(t, ipid_class_name(f->facts.ip_id_class));
}

static void put_df(struct text *t, const struct finding *f)
{
	if (known(f, FACT_DF))
		text_printf(t, "%d", f->facts.df);
}

struct bit_word {
	uint16_t bit;
	const char *word;
};

static void put_bits(struct text *t, uint16_t value, const struct bit_word *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!(value & words[i].bit))
			continue;
		put_gap(t);
		put_word(t, words[i].word);
	}
	if (t->len == 0)
		put_word(t, "none");
}

static void put_tcp_flags(struct text *t, const struct finding *f)
{
	static const struct bit_word words[] = {
	    {TCP_FIN, "fin"}, {TCP_SYN, "syn"}, {TCP_RST, "rst"}, {TCP_PSH, "psh"}, {TCP_ACK, "ack"},
	    {TCP_URG, "urg"}, {TCP_ECE, "ece"}, {TCP_CWR, "cwr"}, {TCP_NS, "ns"},
	};
	if (known(f, FACT_TCP))
		put_bits(t, f->facts.tcp_flags, words, sizeof words / sizeof words[0]);
}

static void put_window(struct text *t, const struct finding *f)
{
	if (known(f, FACT_TCP))
		text_printf(t, "%u", f->facts.window);
}

static void put_option_kinds(struct text *t, uint16_t seen)
{
	static const struct bit_word words[] = {
	    {TCPOPT_SEEN_MSS, "mss"},     {TCPOPT_SEEN_WSCALE, "wscale"}, {TCPOPT_SEEN_SACK_PERMITTED, "sackok"},
	    {TCPOPT_SEEN_SACK, "sack"},   {TCPOPT_SEEN_TIMESTAMPS, "ts"}, {TCPOPT_SEEN_FASTOPEN, "fastopen"},
	    {TCPOPT_SEEN_MPTCP, "mptcp"}, {TCPOPT_SEEN_OTHER, "other"},   {TCPOPT_BROKEN, "broken"},
	};
	put_bits(t, seen, words, sizeof words / sizeof words[0]);
}

static void put_options(struct text *t, const struct finding *f)
{
	if (known(f, FACT_OPTIONS))
		put_option_kinds(t, f->facts.options_seen);
}

static void put_options_baseline(struct text *t, const struct finding *f)
{
	if (known(f, FACT_OPTIONS_BASELINE))
		put_option_kinds(t, f->facts.options_seen_baseline);
}

static void put_seq(struct text *t, const struct finding *f)
{
	if (known(f, FACT_SEQ_RELATIVE))
		text_printf(t, "%" PRId64, f->facts.seq_relative);
}

static void put_ack(struct text *t, const struct finding *f)
{
	if (known(f, FACT_ACK_RELATIVE))
		text_printf(t, "%" PRId64, f->facts.ack_relative);
}

static void put_payload_length(struct text *t, const struct finding *f)
{
	if (known(f, FACT_TCP) || known(f, FACT_PAYLOAD_LENGTH))
		text_printf(t, "%" PRIu32, f->facts.payload_length);
}

static void put_delta(struct text *t, const struct finding *f)
{
	if (known(f, FACT_DELTA))
		text_printf(t, "%" PRId64, f->facts.delta_us);
}

static void put_rtt_min(struct text *t, const struct finding *f)
{
	if (known(f, FACT_RTT))
		text_printf(t, "%" PRId64, f->facts.rtt_min_us);
}

static void put_rtt_samples(struct text *t, const struct finding *f)
{
	if (known(f, FACT_RTT))
		text_printf(t, "%" PRIu32, f->facts.rtt_samples);
}

static void put_copies(struct text *t, const struct finding *f)
{
	if (f->copies)
		text_printf(t, "%" PRIu32, f->copies);
}

static int detail_order(const void *a, const void *b)
{
	const struct detail *x = a, *y = b;
	int by_key = strcmp(x->key, y->key);
	return by_key ? by_key : strcmp(x->value, y->value);
}

static void put_details(struct text *t, const struct finding *f)
{
	struct detail sorted[FINDING_DETAILS_MAX];
	memcpy(sorted, f->details, f->detail_count * sizeof sorted[0]);
	qsort(sorted, f->detail_count, sizeof sorted[0], detail_order);
	for (size_t i = 0; i < f->detail_count; i++) {
		put_gap(t);
		text_printf(t, "%s=%s", sorted[i].key, sorted[i].value);
	}
}

static void put_guards(struct text *t, uint32_t set)
{
	for (unsigned g = 1; g < GUARD_COUNT; g++) {
		if (!(set & (UINT32_C(1) << g)))
			continue;
		put_gap(t);
		put_word(t, guard_name((enum guard)g));
	}
}

static void put_guards_failed(struct text *t, const struct finding *f)
{
	put_guards(t, f->guards_failed);
}

/* Guards that could not be tested are innocent explanations that remain. */
static void put_alternatives(struct text *t, const struct finding *f)
{
	put_guards(t, (f->guards_untested | f->guards_named) & ~f->guards_failed);
	for (unsigned a = 0; a < ALTERNATIVE_COUNT; a++) {
		if (!(f->alternatives & (UINT32_C(1) << a)))
			continue;
		put_gap(t);
		put_word(t, alternative_name((enum alternative)a));
	}
}

/* Only a contrast between names or addresses, or a signature of a state or a provider, says that a choice was made. */
static bool is_selective(const struct finding *f)
{
	bool chosen = f->selectivity >= SELECT_NAME && f->selectivity <= SELECT_PROTOCOL;
	for (size_t i = 0; i < f->signature_count; i++)
		chosen |= f->signatures[i]->scope == SIG_NATIONAL || f->signatures[i]->scope == SIG_ISP;
	return chosen;
}

static void put_note(struct text *t, const struct finding *f)
{
	const struct mechanism *m = f->mechanism;
	put_word(t, m->note_selective && is_selective(f) ? m->note_selective : m->note);
}

const struct finding_column finding_columns[] = {
    {{"finding_id", COLUMN_WORD, "first 16 hex digits of SHA-256 over the mechanism and the frames"}, put_finding_id},
    {{"incident", COLUMN_WORD, "finding_id of the strongest finding that shares a suspect or trigger frame"},
     put_incident},
    {{"capture", COLUMN_OUTSIDE, "the capture file, as it was named"}, NULL},
    {{"capture_sha256", COLUMN_WORD, "SHA-256 of the file as it is"}, NULL},
    {{"frame", COLUMN_NUMBER, "first suspect frame, or the last frame before silence"}, put_frame},
    {{"time", COLUMN_TIME, "its time"}, put_time},
    {{"suspect_frames", COLUMN_LIST, "every frame judged forged or rewritten"}, put_suspects},
    {{"evidence_frames", COLUMN_LIST, "every other frame that the proof needs"}, put_evidence},
    {{"mechanism", COLUMN_WORD, "id of the taxonomy"}, put_mechanism},
    {{"kind", COLUMN_WORD, "contradiction, match, symptom or informational"}, put_kind},
    {{"stage", COLUMN_WORD, "how far the connection had come"}, put_stage},
    {{"protocol", COLUMN_WORD, "protocol concerned"}, put_protocol},
    {{"label", COLUMN_WORD, "weight of the evidence as a word"}, put_label},
    {{"score_db", COLUMN_NUMBER, "the same in decibans, without a prior"}, put_score},
    {{"terms", COLUMN_LIST, "the terms that made the score"}, put_terms},
    {{"selectivity", COLUMN_WORD, "what the interference depends on"}, put_selectivity},
    {{"vantage", COLUMN_WORD, "where the capture was taken"}, put_vantage},
    {{"client", COLUMN_WORD, "client address"}, put_client},
    {{"client_port", COLUMN_NUMBER, "client port"}, put_client_port},
    {{"server", COLUMN_WORD, "server address"}, put_server},
    {{"server_port", COLUMN_NUMBER, "server port"}, put_server_port},
    {{"direction", COLUMN_WORD, "where the suspect went: to_client or to_server"}, put_direction},
    {{"name", COLUMN_OUTSIDE, "what was asked for: SNI, Host or DNS name"}, put_name},
    {{"name_source", COLUMN_WORD, "where the name comes from"}, put_name_source},
    {{"trigger_frame", COLUMN_NUMBER, "the frame that asked"}, put_trigger},
    {{"signature", COLUMN_LIST, "ids of the database entries that matched"}, put_signature},
    {{"signature_scope", COLUMN_LIST, "their scopes"}, put_scope},
    {{"country", COLUMN_LIST, "countries that these entries name"}, put_country},
    {{"ttl", COLUMN_NUMBER, "TTL or hop limit of the suspect"}, put_ttl},
    {{"ttl_baseline", COLUMN_NUMBER, "usual value of that sender"}, put_ttl_baseline},
    {{"hop_delta", COLUMN_NUMBER, "difference in hops"}, put_hop_delta},
    {{"ip_id", COLUMN_NUMBER, "IP-ID of the suspect"}, put_ip_id},
    {{"ip_id_previous", COLUMN_NUMBER, "IP-ID of that sender's packet before"}, put_ip_id_previous},
    {{"ip_id_class", COLUMN_WORD, "how that sender counts its IP-IDs"}, put_ip_id_class},
    {{"df", COLUMN_NUMBER, "1: do not fragment"}, put_df},
    {{"tcp_flags", COLUMN_LIST, "TCP flags of the suspect"}, put_tcp_flags},
    {{"window", COLUMN_NUMBER, "TCP window of the suspect, unscaled"}, put_window},
    {{"options", COLUMN_LIST, "kinds of TCP options of the suspect"}, put_options},
    {{"options_baseline", COLUMN_LIST, "usual kinds of that sender"}, put_options_baseline},
    {{"seq_relative", COLUMN_NUMBER, "sequence number, relative"}, put_seq},
    {{"ack_relative", COLUMN_NUMBER, "acknowledgement number, relative"}, put_ack},
    {{"payload_length", COLUMN_NUMBER, "bytes of payload of the suspect"}, put_payload_length},
    {{"delta_us", COLUMN_NUMBER, "microseconds from trigger to suspect"}, put_delta},
    {{"rtt_min_us", COLUMN_NUMBER, "smallest round-trip time of the path, microseconds"}, put_rtt_min},
    {{"rtt_samples", COLUMN_NUMBER, "how many samples of it"}, put_rtt_samples},
    {{"copies", COLUMN_NUMBER, "packets of the same burst, or later collisions with the same range"}, put_copies},
    {{"details", COLUMN_LIST, "further fields of the mechanism, key=value"}, put_details},
    {{"guards_failed", COLUMN_LIST, "guards that did not hold"}, put_guards_failed},
    {{"alternatives", COLUMN_LIST, "innocent explanations that could not be ruled out"}, put_alternatives},
    {{"filter", COLUMN_WORD, "Wireshark display filter for the frames"}, filter_put},
    {{"client_asn", COLUMN_NUMBER, "AS of the client"}, NULL},
    {{"client_country", COLUMN_WORD, "country of the client"}, NULL},
    {{"server_asn", COLUMN_NUMBER, "AS of the server"}, NULL},
    {{"server_country", COLUMN_WORD, "country of the server"}, NULL},
    {{"note", COLUMN_WORD, "one fixed sentence about the mechanism"}, put_note},
};
const size_t finding_column_count = sizeof finding_columns / sizeof finding_columns[0];
