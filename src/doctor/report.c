/* Findings as lines for a terminal. */
#include <stdarg.h>
#include <string.h>

#include "base/utf8.h"
#include "doctor/checkup.h"

enum { WIDTH = 78, INDENT = 9, TEXT_MAX = 1024 };

/* Break a text at blanks; the first line has `used` columns behind it. */
static void wrap(FILE *out, const char *text, size_t used)
{
    size_t column = used;

    while (*text) {
        size_t n = strcspn(text, " ");

        if (column > used && column + 1 + n > WIDTH) {
            fprintf(out, "\n%*s", INDENT, "");
            column = INDENT;
            used = INDENT;
        } else if (column > used) {
            fputc(' ', out);
            column++;
        }
        fwrite(text, 1, n, out);
        column += n;
        text += n;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

static void put(FILE *out, const char *fmt, va_list ap, size_t used)
{
    char text[TEXT_MAX], clean[2 * TEXT_MAX];

    vsnprintf(text, sizeof(text), fmt, ap);
    utf8_escape(text, strlen(text), clean, sizeof(clean));
    wrap(out, clean, used);
}

void found(struct checkup *c, enum severity s, const char *fmt, ...)
{
    static const char *const names[SEVERITIES] = {"ok", "warning", "fault"};
    va_list ap;

    c->count[s]++;
    fprintf(c->out, "%-*s%s: ", INDENT, names[s], c->check);
    va_start(ap, fmt);
    put(c->out, fmt, ap, INDENT + strlen(c->check) + 2);
    va_end(ap);
}

void advise(struct checkup *c, const char *fmt, ...)
{
    va_list ap;

    fprintf(c->out, "%*s-> ", INDENT, "");
    va_start(ap, fmt);
    put(c->out, fmt, ap, INDENT + 3);
    va_end(ap);
}
