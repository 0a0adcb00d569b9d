#include <stdarg.h>
#include <string.h>

#include "base/utf8.h"
#include "config/setting.h"

static void tell(struct faults *f, const char *what, const char *fmt,
                 va_list ap)
{
    char text[1024], line[2048];

    vsnprintf(text, sizeof(text), fmt, ap);
    utf8_escape(text, strlen(text), line, sizeof(line));
    fprintf(f->out, "%s: %s\n", what, line);
}

void fault(struct faults *f, const char *fmt, ...)
{
    va_list ap;

    f->errors++;
    va_start(ap, fmt);
    tell(f, "error", fmt, ap);
    va_end(ap);
}

void fault_warn(struct faults *f, const char *fmt, ...)
{
    va_list ap;

    f->warnings++;
    va_start(ap, fmt);
    tell(f, "warning", fmt, ap);
    va_end(ap);
}
