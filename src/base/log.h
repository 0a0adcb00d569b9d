/**
 * Log lines for operators, one line a fact, in logfmt:
 *
 *   2026-01-31T12:00:00.123Z info  call=1f3a9c02 answered leg=phone
 *
 * A line is bounded (LOG_LINE_MAX bytes), made of printable UTF-8 only
 * (every control character, quote trick and broken sequence of outside text
 * is escaped as \xNN) and written by one write(2), so lines of several
 * threads never mix.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdarg.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

enum { LOG_LINE_MAX = 2048 };

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

/** Parse "error", "warn", "info" or "debug"; returns 0 or EINVAL. */
int log_level_parse(enum log_level *level, const char *text);

#endif
