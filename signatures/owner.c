/* Whose addresses these are: see address.h. */
#include "signatures/address.h"

static bool is_v4(const struct address_prefix *a)
{
	uint8_t v4[16];
	(void)address_from_wire(span_of(a->address + 12, 4), v4);
	return a->bits >= 96 && memcmp(a->address, v4, 12) == 0;
}

struct named_v4 {
	uint8_t address[4], bits;
	const char *name;
};

struct named_v6 {
	uint8_t address[6], bits; /* no range here is longer than /48, but ::/127 */
	const char *name;
};

static bool overlap(const struct address_prefix *a, const uint8_t range[16], unsigned range_bits)
{
	unsigned bits = a->bits < range_bits ? a->bits : range_bits;
	uint8_t differ[16];
	for (size_t i = 0; i < 16; i++)
		differ[i] = a->address[i] ^ range[i];
	for (unsigned i = 0; i < bits / 8; i++)
		if (differ[i])
			return false;
	return bits % 8 == 0 || (differ[bits / 8] & (0xff00U >> bits % 8) & 0xff) == 0;
}

static const char *name_v4(const struct address_prefix *a, const struct named_v4 *list, size_t n)
{
	uint8_t range[16];
	bool narrow = a->bits >= 96 + 8; /* as every range of the lists is, so that the first byte rules most out */
	for (size_t i = 0; is_v4(a) && i < n; i++) {
		if (narrow && a->address[12] != list[i].address[0])
			continue;
		(void)address_from_wire(span_of(list[i].address, 4), range);
		if (overlap(a, range, list[i].bits + 96U))
			return list[i].name;
	}
	return NULL;
}

static const char *name_v6(const struct address_prefix *a, const struct named_v6 *list, size_t n)
{
	for (size_t i = 0; !is_v4(a) && i < n; i++) {
		uint8_t range[16] = {0};
		memcpy(range, list[i].address, sizeof(list[i].address));
		if (overlap(a, range, list[i].bits))
			return list[i].name;
	}
	return NULL;
}

static const struct named_v4 common_v4[] = {
    {{0, 0, 0, 0}, 8, "this network"}, {{1, 2, 3, 4}, 32, "a placeholder"}, {{10, 0, 0, 0}, 8, "private"},
    {{100, 64, 0, 0}, 10, "shared"},   {{127, 0, 0, 0}, 8, "loopback"},     {{169, 254, 0, 0}, 16, "link-local"},
    {{172, 16, 0, 0}, 12, "private"},  {{192, 168, 0, 0}, 16, "private"},
};

static const struct named_v6 common_v6[] = {
    {{0x00, 0x00, 0x00, 0x00, 0x00, 0x00}, 127, "unspecified or loopback"},
    {{0xfc, 0x00, 0x00, 0x00, 0x00, 0x00}, 7, "private"},
    {{0xfe, 0x80, 0x00, 0x00, 0x00, 0x00}, 10, "link-local"},
};

const char *address_common(const struct address_prefix *a)
{
	const char *name = name_v4(a, common_v4, sizeof(common_v4) / sizeof(common_v4[0]));
	return name ? name : name_v6(a, common_v6, sizeof(common_v6) / sizeof(common_v6[0]));
}

/* Well-known ranges of companies whose names censors forge answers for, or whose addresses they forge. Not checked row by row
 * against what the owners publish: a wrong range costs an address row an `except`, never a finding. */
static const struct named_v4 owned_v4[] = {
    {{2, 16, 0, 0}, 13, "Akamai"},
    {{23, 32, 0, 0}, 11, "Akamai"},
    {{23, 192, 0, 0}, 11, "Akamai"},
    {{96, 16, 0, 0}, 15, "Akamai"},
    {{104, 64, 0, 0}, 10, "Akamai"},
    {{184, 24, 0, 0}, 13, "Akamai"},
    {{13, 32, 0, 0}, 15, "Amazon"},
    {{13, 224, 0, 0}, 14, "Amazon"},
    {{52, 84, 0, 0}, 15, "Amazon"},
    {{54, 192, 0, 0}, 16, "Amazon"},
    {{54, 230, 0, 0}, 16, "Amazon"},
    {{99, 84, 0, 0}, 16, "Amazon"},
    {{143, 204, 0, 0}, 16, "Amazon"},
    {{17, 0, 0, 0}, 8, "Apple"},
    {{103, 21, 244, 0}, 22, "Cloudflare"},
    {{103, 22, 200, 0}, 22, "Cloudflare"},
    {{103, 31, 4, 0}, 22, "Cloudflare"},
    {{104, 16, 0, 0}, 13, "Cloudflare"},
    {{104, 24, 0, 0}, 14, "Cloudflare"},
    {{108, 162, 192, 0}, 18, "Cloudflare"},
    {{131, 0, 72, 0}, 22, "Cloudflare"},
    {{141, 101, 64, 0}, 18, "Cloudflare"},
    {{162, 158, 0, 0}, 15, "Cloudflare"},
    {{172, 64, 0, 0}, 13, "Cloudflare"},
    {{173, 245, 48, 0}, 20, "Cloudflare"},
    {{188, 114, 96, 0}, 20, "Cloudflare"},
    {{190, 93, 240, 0}, 20, "Cloudflare"},
    {{197, 234, 240, 0}, 22, "Cloudflare"},
    {{198, 41, 128, 0}, 17, "Cloudflare"},
    {{45, 58, 64, 0}, 20, "Dropbox"},
    {{108, 160, 160, 0}, 20, "Dropbox"},
    {{162, 125, 0, 0}, 16, "Dropbox"},
    {{185, 45, 8, 0}, 22, "Dropbox"},
    {{199, 47, 216, 0}, 22, "Dropbox"},
    {{151, 101, 0, 0}, 16, "Fastly"},
    {{199, 232, 0, 0}, 16, "Fastly"},
    {{140, 82, 112, 0}, 20, "GitHub"},
    {{185, 199, 108, 0}, 22, "GitHub"},
    {{192, 30, 252, 0}, 22, "GitHub"},
    {{8, 8, 4, 0}, 24, "Google"},
    {{8, 8, 8, 0}, 24, "Google"},
    {{64, 233, 160, 0}, 19, "Google"},
    {{66, 102, 0, 0}, 20, "Google"},
    {{66, 249, 64, 0}, 19, "Google"},
    {{72, 14, 192, 0}, 18, "Google"},
    {{74, 125, 0, 0}, 16, "Google"},
    {{108, 177, 0, 0}, 17, "Google"},
    {{142, 250, 0, 0}, 15, "Google"},
    {{172, 217, 0, 0}, 16, "Google"},
    {{172, 253, 0, 0}, 16, "Google"},
    {{173, 194, 0, 0}, 16, "Google"},
    {{203, 208, 32, 0}, 19, "Google"},
    {{209, 85, 128, 0}, 17, "Google"},
    {{216, 58, 192, 0}, 19, "Google"},
    {{216, 239, 32, 0}, 19, "Google"},
    {{108, 174, 0, 0}, 20, "LinkedIn"},
    {{31, 13, 24, 0}, 21, "Meta"},
    {{31, 13, 64, 0}, 18, "Meta"},
    {{45, 64, 40, 0}, 22, "Meta"},
    {{66, 220, 144, 0}, 20, "Meta"},
    {{69, 63, 176, 0}, 20, "Meta"},
    {{69, 171, 224, 0}, 19, "Meta"},
    {{74, 119, 76, 0}, 22, "Meta"},
    {{102, 132, 96, 0}, 20, "Meta"},
    {{103, 4, 96, 0}, 22, "Meta"},
    {{129, 134, 0, 0}, 16, "Meta"},
    {{157, 240, 0, 0}, 16, "Meta"},
    {{173, 252, 64, 0}, 18, "Meta"},
    {{179, 60, 192, 0}, 22, "Meta"},
    {{185, 60, 216, 0}, 22, "Meta"},
    {{185, 89, 216, 0}, 22, "Meta"},
    {{204, 15, 20, 0}, 22, "Meta"},
    {{13, 107, 0, 0}, 16, "Microsoft"},
    {{40, 96, 0, 0}, 12, "Microsoft"},
    {{52, 96, 0, 0}, 14, "Microsoft"},
    {{204, 79, 197, 0}, 24, "Microsoft"},
    {{45, 57, 0, 0}, 17, "Netflix"},
    {{198, 38, 96, 0}, 19, "Netflix"},
    {{91, 108, 4, 0}, 22, "Telegram"},
    {{91, 108, 8, 0}, 22, "Telegram"},
    {{91, 108, 56, 0}, 22, "Telegram"},
    {{149, 154, 160, 0}, 20, "Telegram"},
    {{91, 198, 174, 0}, 24, "Wikimedia"},
    {{103, 102, 166, 0}, 24, "Wikimedia"},
    {{198, 35, 26, 0}, 23, "Wikimedia"},
    {{208, 80, 152, 0}, 22, "Wikimedia"},
    {{64, 63, 0, 0}, 18, "X"},
    {{69, 195, 160, 0}, 19, "X"},
    {{103, 252, 112, 0}, 22, "X"},
    {{104, 244, 40, 0}, 21, "X"},
    {{188, 64, 224, 0}, 21, "X"},
    {{192, 133, 76, 0}, 22, "X"},
    {{199, 16, 156, 0}, 22, "X"},
    {{199, 59, 148, 0}, 22, "X"},
    {{199, 96, 56, 0}, 21, "X"},
    {{202, 160, 128, 0}, 22, "X"},
    {{74, 6, 0, 0}, 16, "Yahoo"},
    {{98, 136, 0, 0}, 14, "Yahoo"},
};

static const struct named_v6 owned_v6[] = {
    {{0x24, 0x00, 0xcb, 0x00, 0x00, 0x00}, 32, "Cloudflare"}, {{0x24, 0x05, 0x81, 0x00, 0x00, 0x00}, 32, "Cloudflare"},
    {{0x24, 0x05, 0xb5, 0x00, 0x00, 0x00}, 32, "Cloudflare"}, {{0x26, 0x06, 0x47, 0x00, 0x00, 0x00}, 32, "Cloudflare"},
    {{0x28, 0x03, 0xf8, 0x00, 0x00, 0x00}, 32, "Cloudflare"}, {{0x2a, 0x06, 0x98, 0xc0, 0x00, 0x00}, 29, "Cloudflare"},
    {{0x2c, 0x0f, 0xf2, 0x48, 0x00, 0x00}, 32, "Cloudflare"}, {{0x26, 0x20, 0x01, 0x00, 0x60, 0x00}, 40, "Dropbox"},
    {{0x2a, 0x04, 0x4e, 0x40, 0x00, 0x00}, 32, "Fastly"},     {{0x20, 0x01, 0x48, 0x60, 0x00, 0x00}, 32, "Google"},
    {{0x24, 0x04, 0x68, 0x00, 0x00, 0x00}, 32, "Google"},     {{0x26, 0x07, 0xf8, 0xb0, 0x00, 0x00}, 32, "Google"},
    {{0x2a, 0x00, 0x14, 0x50, 0x00, 0x00}, 32, "Google"},     {{0x26, 0x20, 0x00, 0x00, 0x1c, 0x00}, 40, "Meta"},
    {{0x2a, 0x03, 0x28, 0x80, 0x00, 0x00}, 32, "Meta"},       {{0x20, 0x01, 0x06, 0x7c, 0x04, 0xe8}, 48, "Telegram"},
    {{0x26, 0x20, 0x00, 0x00, 0x08, 0x60}, 46, "Wikimedia"},  {{0x24, 0x00, 0x66, 0x80, 0x00, 0x00}, 32, "X"},
    {{0x2a, 0x04, 0x9d, 0x40, 0x00, 0x00}, 29, "X"},
};

const char *address_owner(const struct address_prefix *a)
{
	const char *name = name_v4(a, owned_v4, sizeof(owned_v4) / sizeof(owned_v4[0]));
	return name ? name : name_v6(a, owned_v6, sizeof(owned_v6) / sizeof(owned_v6[0]));
}
