/* See country.h. */
#include "signatures/country.h"

/* By first letter, the second letters. */
static const char *const second_letters[26] = {
    "DEFGILMOQRSTUWXZ",
    "ABDEFGHIJLMNOQRSTVWYZ",
    "ACDFGHIKLMNORUVWXYZ",
    "EJKMOZ",
    "CEGHRST",
    "IJKMOR",
    "ABDEFGHILMNPQRSTUWY",
    "KMNRTU",
    "DELMNOQRST",
    "EMOP",
    "EGHIMNPRWYZ",
    "ABCIKRSTUVY",
    "ACDEFGHKLMNOPQRSTUVWXYZ",
    "ACEFGILOPRUZ",
    "M",
    "AEFGHKLMNRSTWY",
    "A",
    "EOSUW",
    "ABCDEGHIJKLMNORSTVXYZ",
    "CDFGHJKLMNORTVWZ",
    "AGMSYZ",
    "ACEGINU",
    "FS",
    "K",
    "ET",
    "AMW",
};

bool country_known(struct span code)
{
	if (code.len != 2 || code.ptr[0] < 'A' || code.ptr[0] > 'Z')
		return false;
	const char *second = second_letters[code.ptr[0] - 'A'];
	return memchr(second, code.ptr[1], strlen(second)) != NULL;
}
