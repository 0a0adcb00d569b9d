/**
 * Log lines for operators, one line a fact, in logfmt:
 *
 *   2026-01-31T12:00:00.123Z info  call=1f3a9c02 answered leg=phone
 *
 * A line is bounded (LOG_LINE_MAX bytes), made of printable UTF-8 only
 * (every control character and broken sequence of outside text is escaped as
 * \xNN; for quotes see log_quoted()) and written by one write(2), so lines of
 * several threads never mix.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdarg.h>

#include "base/slice.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

enum { LOG_LINE_MAX = 2048, LOG_QUOTED_MAX = 300 };

struct log;

/**
 * Make a log that writes to a file descriptor.
 *
 * @param lp     Set to the new log; free it with log_free().
 * @param fd     Where lines go; stays the caller's.
 * @param level  Lines above this level are dropped.
 * @return 0 or ENOMEM.
 */
int log_alloc(struct log **lp, int fd, enum log_level level);
void log_free(struct log *log);

/**
 * Write one line. Callable from any thread. A NULL log drops the line.
 *
 * @param call  Id of the call that the line belongs to, NULL when none.
 * @param fmt   printf format of the message, without a newline.
 */
void log_line(struct log *log, enum log_level level, const char *call,
              const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/** The value of a field, with the quotes around it. */
struct log_quoted {
    char text[LOG_QUOTED_MAX];
};

/**
 * Outside text as the value of one field: name="…". A quote inside becomes
 * an apostrophe, so the value cannot end early and feign further fields;
 * broken bytes and control characters are left out, as by utf8_clean().
 * What is too long is cut.
 */
struct log_quoted log_quoted(struct slice value);

/** Parse "error", "warn", "info" or "debug"; returns 0 or EINVAL. */
int log_level_parse(enum log_level *level, const char *text);

#endif
