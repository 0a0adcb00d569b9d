#include "call/dialout.h"

#include <errno.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

int dialout_number(char *out, struct slice to)
{
    size_t n = 0, digits = 0;

    for (size_t i = 0; i < to.len; i++) {
        char c = to.p[i];

        if (c && strchr("-./() ", c))
            continue;
        if ((!is_digit(c) && c != '*' && (c != '+' || n)) ||
            n + 1 >= DIALOUT_NUMBER_SIZE) {
            out[0] = '\0';
            return EINVAL;
        }
        digits += is_digit(c);
        out[n++] = c;
    }
    out[digits ? n : 0] = '\0';
    return digits ? 0 : EINVAL;
}

bool dialout_allowed(const char *prefixes, const char *number)
{
    static const char between[] = ", ";

    for (const char *p = prefixes; *p;) {
        size_t n = strcspn(p, between);

        if (n && !strncmp(number, p, n))
            return true;
        p += n + strspn(p + n, between);
    }
    return false;
}
