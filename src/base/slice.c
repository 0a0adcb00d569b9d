#include "base/slice.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

struct slice slice_of(const char *text)
{
    return (struct slice){text ? text : "", text ? strlen(text) : 0};
}

bool slice_is(struct slice s, const char *text)
{
    return s.len == strlen(text) && (!s.len || memcmp(s.p, text, s.len) == 0);
}

bool slice_is_nocase(struct slice s, const char *text)
{
    return s.len == strlen(text) &&
           (!s.len || strncasecmp(s.p, text, s.len) == 0);
}

int slice_to_u64(struct slice s, uint64_t min, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;

    if (!s.len)
        return EINVAL;
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = (unsigned)(unsigned char)s.p[i] - '0';

        if (digit > 9)
            return EINVAL;
        if (v > (UINT64_MAX - digit) / 10)
            return ERANGE;
        v = v * 10 + digit;
    }
    if (v < min || v > max)
        return ERANGE;
    *out = v;
    return 0;
}

struct slice slice_split(struct slice *text, char separator)
{
    const char *at = text->len ? memchr(text->p, separator, text->len) : NULL;
    struct slice head = *text;

    if (at)
        head.len = (size_t)(at - text->p);
    text->p += head.len + (at ? 1 : 0);
    text->len -= head.len + (at ? 1 : 0);
    return head;
}

int slice_copy(struct slice s, char *buf, size_t size)
{
    if (s.len >= size || (s.len && memchr(s.p, '\0', s.len))) {
        if (size)
            buf[0] = '\0';
        return EOVERFLOW;
    }
    if (s.len)
        memcpy(buf, s.p, s.len);
    buf[s.len] = '\0';
    return 0;
}
