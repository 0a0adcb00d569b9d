/* UTF-8 from outside, on its way into log lines and headers. */
#include <string.h>

#include "base/slice.h"
#include "base/utf8.h"
#include "fuzz.h"

static void harmless(const char *p, size_t len)
{
    uint32_t cp;
    size_t n;

    for (size_t i = 0; i < len; i += n) {
        n = utf8_decode(p + i, len - i, &cp);
        PROMISE(n > 0 && i + n <= len);
        PROMISE(cp >= 0x20 && !(cp >= 0x7f && cp < 0xa0));
        PROMISE(cp != 0x2028 && cp != 0x2029 && cp != 0x202e);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    size_t size = len ? 1 + data[0] : 1, n;
    const char *p = (const char *)data;
    char *out = malloc(size);
    uint64_t v;

    if (!out)
        return 0;
    n = utf8_escape(p, len, out, size);
    PROMISE(n < size && out[n] == '\0');
    harmless(out, n);
    n = utf8_clean(p, len, out, size);
    PROMISE(n < size && out[n] == '\0');
    harmless(out, n);
    if (slice_to_u64((struct slice){p, len}, 3, 300, &v) == 0)
        PROMISE(v >= 3 && v <= 300);
    if (slice_copy((struct slice){p, len}, out, size) == 0)
        PROMISE(strlen(out) == len);
    free(out);
    return 0;
}
