/* JIGATE_KEYS. */
#include <string.h>

#include "call/keys.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct keys k;
    enum key_action action;
    const char *why = NULL;

    if (keys_parse(&k, (const char *)data, len, &why)) {
        PROMISE(why);
        return 0;
    }
    PROMISE(k.n <= KEYS_MAX);
    for (size_t i = 0; i < k.n; i++) {
        PROMISE(k.map[i].sequence[0]);
        PROMISE(strspn(k.map[i].sequence, "0123456789*#") ==
                strlen(k.map[i].sequence));
        PROMISE(keys_find(&k, k.map[i].sequence, &action) == 0);
        PROMISE(action == k.map[i].action && key_action_name(action));
    }
    return 0;
}
