/* The list of dissectors, as a table. */
#include "dissectors/dissector.h"

#define DISSECTOR(name) extern const struct dissector dissector_##name;
#include "dissectors/list.h"
#undef DISSECTOR

const struct dissector *const dissectors[] = {
#define DISSECTOR(name) &dissector_##name,
#include "dissectors/list.h"
#undef DISSECTOR
    NULL,
};
