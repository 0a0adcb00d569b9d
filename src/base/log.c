#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/utf8.h"

struct log {
    int fd;
    enum log_level level;
};

static const char *const level_names[] = {
    [LOG_ERROR] = "error",
    [LOG_WARN] = "warn",
    [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug",
};

int log_level_parse(enum log_level *level, const char *text)
{
    for (size_t i = 0; i < sizeof(level_names) / sizeof(*level_names); i++) {
        if (strcmp(level_names[i], text) == 0) {
            *level = (enum log_level)i;
            return 0;
        }
    }
    return EINVAL;
}

int log_alloc(struct log **lp, int fd, enum log_level level)
{
    struct log *log = calloc(1, sizeof(*log));

    if (!log)
        return ENOMEM;
    log->fd = fd;
    log->level = level;
    *lp = log;
    return 0;
}

void log_free(struct log *log)
{
    free(log);
}

static size_t head(char *line, size_t size, enum log_level level,
                   const char *call)
{
    struct timespec ts;
    struct tm tm;
    size_t n;

    clock_gettime(CLOCK_REALTIME, &ts);
    gmtime_r(&ts.tv_sec, &tm);
    n = strftime(line, size, "%Y-%m-%dT%H:%M:%S", &tm);
    n += (size_t)snprintf(line + n, size - n, ".%03ldZ %-5s ",
                          ts.tv_nsec / 1000000, level_names[level]);
    if (call && *call)
        n += (size_t)snprintf(line + n, size - n, "call=%.32s ", call);
    return n;
}

struct log_quoted log_quoted(struct slice value)
{
    struct log_quoted q;
    size_t n = utf8_clean(value.p, value.len, q.text + 1, sizeof(q.text) - 2);

    q.text[0] = '"';
    for (size_t i = 1; i <= n; i++)
        if (q.text[i] == '"')
            q.text[i] = '\'';
    q.text[n + 1] = '"';
    q.text[n + 2] = '\0';
    return q;
}

void log_line(struct log *log, enum log_level level, const char *call,
              const char *fmt, ...)
{
    char text[LOG_LINE_MAX], line[LOG_LINE_MAX];
    size_t n;
    va_list ap;
    ssize_t written;

    if (!log || level > log->level)
        return;
    n = head(line, sizeof(line) - 1, level, call);
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    n += utf8_escape(text, strlen(text), line + n, sizeof(line) - 1 - n);
    line[n++] = '\n';
    written = write(log->fd, line, n);
    (void)written; /* a full pipe must not stop calls */
}
