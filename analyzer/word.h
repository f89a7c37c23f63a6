/* Guessing what a mistyped word was meant to be. */
#pragma once

#include <stddef.h>

/* The nearest of some words, or NULL when none is near. */
const char *word_nearest(const char *word, const char *const *words, size_t count);
