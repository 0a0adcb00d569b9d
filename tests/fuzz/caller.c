/* Names of callers: number, newline, display name. */
#include <string.h>

#include "base/utf8.h"
#include "call/caller.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char out[CALLER_NAME_SIZE], *text = malloc(len + 1), *name;

    if (!text)
        return 0;
    memcpy(text, data, len);
    text[len] = '\0';
    name = strchr(text, '\n');
    if (name)
        *name++ = '\0';
    for (int mode = CONFIG_NAME_FULL; mode <= CONFIG_NAME_NONE; mode++) {
        uint32_t cp;
        size_t n;

        caller_name(out, (enum config_caller_name)mode, name ? name : "",
                    text);
        PROMISE(out[0] && strlen(out) < CALLER_NAME_SIZE);
        for (const char *p = out; *p; p += n) {
            n = utf8_decode(p, strlen(p), &cp);
            PROMISE(n > 0 && cp >= 0x20 && cp != 0x7f);
        }
    }
    free(text);
    return 0;
}
