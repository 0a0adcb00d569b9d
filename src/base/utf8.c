#include "base/utf8.h"

#include <stdbool.h>
#include <string.h>

#include "base/hex.h"

size_t utf8_decode(const char *p, size_t len, uint32_t *cp)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *u = (const unsigned char *)p;
    size_t n;
    uint32_t v;

    if (!len)
        return 0;
    if (u[0] < 0x80) {
        *cp = u[0];
        return 1;
    }
    n = u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 : 2;
    if (u[0] < 0xc2 || u[0] > 0xf4 || n > len)
        return 0;
    v = u[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((u[i] & 0xc0) != 0x80)
            return 0;
        v = v << 6 | (u[i] & 0x3fu);
    }
    if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
        return 0;
    *cp = v;
    return n;
}

static bool is_control(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x2028 ||
           cp == 0x2029 || (cp >= 0x200e && cp <= 0x200f) ||
           (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069) ||
           cp == 0xfeff;
}

static size_t escape_one(const char *p, size_t n, char out[16])
{
    size_t o = 0;

    for (size_t i = 0; i < n; i++) {
        memcpy(out + o, "\\x", 2);
        hex_put(out + o + 2, (const unsigned char *)p + i, 1);
        o += 4;
    }
    return o;
}

size_t utf8_escape(const char *p, size_t len, char *out, size_t size)
{
    size_t o = 0;

    while (len) {
        char piece[16];
        uint32_t cp = 0;
        size_t n = utf8_decode(p, len, &cp);
        size_t m = n;

        if (n == 1 && cp == '\\') {
            memcpy(piece, "\\\\", 2);
            m = 2;
        } else if (!n || is_control(cp)) {
            n = n ? n : 1;
            m = escape_one(p, n, piece);
        } else {
            memcpy(piece, p, n);
        }
        if (o + m >= size)
            break;
        memcpy(out + o, piece, m);
        o += m;
        p += n;
        len -= n;
    }
    if (size)
        out[o] = '\0';
    return o;
}

size_t utf8_clean(const char *p, size_t len, char *out, size_t size)
{
    size_t o = 0;

    while (len) {
        uint32_t cp = 0;
        size_t n = utf8_decode(p, len, &cp);

        if (n && !is_control(cp)) {
            if (o + n >= size)
                break;
            memcpy(out + o, p, n);
            o += n;
        }
        p += n ? n : 1;
        len -= n ? n : 1;
    }
    if (size)
        out[o] = '\0';
    return o;
}
