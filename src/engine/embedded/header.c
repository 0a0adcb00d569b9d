#include "engine/embedded/header.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

void header_display_get(const char *raw, char *out, size_t size)
{
    char plain[HEADER_URI_MAX];
    size_t n = 0;
    bool quoted;

    *out = '\0';
    if (!raw)
        return;
    raw += strspn(raw, " \t");
    quoted = *raw == '"';
    if (quoted)
        raw++;
    for (; *raw && n < sizeof(plain); raw++) {
        if (quoted && *raw == '"')
            break;
        if (quoted && *raw == '\\' && raw[1])
            raw++;
        plain[n++] = *raw;
    }
    while (n && (plain[n - 1] == ' ' || plain[n - 1] == '\t'))
        n--;
    utf8_clean(plain, n, out, size);
}

void header_quote(const char *text, char *out, size_t size)
{
    char clean[HEADER_URI_MAX];
    size_t n = 0;

    utf8_clean(text, strlen(text), clean, sizeof(clean));
    if (size < 3) {
        if (size)
            *out = '\0';
        return;
    }
    out[n++] = '"';
    for (const char *p = clean; *p;) {
        uint32_t cp;
        size_t len = utf8_decode(p, strlen(p), &cp);
        bool escape = *p == '"' || *p == '\\';

        if (n + len + escape + 2 > size)
            break;
        if (escape)
            out[n++] = '\\';
        memcpy(out + n, p, len);
        n += len;
        p += len;
    }
    out[n++] = '"';
    out[n] = '\0';
}

bool header_text_ok(const char *text)
{
    char clean[HEADER_VALUE_MAX];
    size_t len = strlen(text);

    return len < sizeof(clean) &&
           utf8_clean(text, len, clean, sizeof(clean)) == len;
}

bool header_token_ok(const char *text)
{
    static const char token[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789-.!%*_+`'~";

    return *text && strlen(text) < 64 && !text[strspn(text, token)];
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

size_t header_user_decode(const char *user, char *out, size_t size)
{
    size_t n = 0;

    for (; user && *user && n + 1 < size; user++) {
        if (*user == '%' && hex(user[1]) >= 0 && hex(user[2]) >= 0) {
            out[n++] = (char)(hex(user[1]) << 4 | hex(user[2]));
            user += 2;
        } else {
            out[n++] = *user;
        }
    }
    out[n] = '\0';
    return n;
}

void header_reason_put(unsigned cause, const char *text, char *out,
                       size_t size)
{
    char quoted[HEADER_TEXT_MAX];

    header_quote(text, quoted, sizeof(quoted));
    if (text && *text)
        snprintf(out, size, "SIP;cause=%u;text=%s", cause, quoted);
    else
        snprintf(out, size, "SIP;cause=%u", cause);
}
