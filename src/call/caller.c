#include "call/caller.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

enum {
    MASK_MIN = 6,  /* digits that make a number worth hiding */
    MASK_HEAD = 2, /* digits left readable at its start */
    MASK_TAIL = 3, /* … and at its end */
};

static void clean(char *out, const char *text)
{
    const char *p = text;
    size_t n;

    while (*p == ' ')
        p++;
    n = utf8_clean(p, strlen(p), out, CALLER_NAME_SIZE);
    while (n && out[n - 1] == ' ')
        out[--n] = '\0';
    if (out[0] == ' ')
        memmove(out, out + strspn(out, " "), n - strspn(out, " ") + 1);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Length of a number as people write it, and how many digits it has. */
static size_t number_span(const char *p, size_t *digits)
{
    size_t len = 0;

    *digits = 0;
    for (size_t i = 0; p[i] && (is_digit(p[i]) || strchr(" -/().", p[i]));
         i++) {
        if (is_digit(p[i])) {
            ++*digits;
            len = i + 1;
        }
    }
    return len;
}

/* In place, for a star takes the place of one digit. */
static void mask(char *text)
{
    for (char *p = text; *p;) {
        size_t digits, len = is_digit(*p) ? number_span(p, &digits) : 0;
        size_t seen = 0;

        if (!len) {
            p++;
            continue;
        }
        for (size_t i = 0; i < len; i++) {
            if (!is_digit(p[i]))
                continue;
            if (digits >= MASK_MIN && seen >= MASK_HEAD &&
                seen < digits - MASK_TAIL)
                p[i] = '*';
            seen++;
        }
        p += len;
    }
}

void caller_name(char *out, enum config_caller_name mode, const char *name,
                 const char *number)
{
    out[0] = '\0';
    if (mode == CONFIG_NAME_FULL || mode == CONFIG_NAME_MASKED)
        clean(out, name);
    if (!out[0] && mode != CONFIG_NAME_NONE)
        clean(out, number);
    if (mode == CONFIG_NAME_MASKED)
        mask(out);
    if (!out[0])
        snprintf(out, CALLER_NAME_SIZE, "Phone");
}
