/**
 * UTF-8 (RFC 3629) as it comes from outside: checked before it is used.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/**
 * Decode one code point.
 *
 * @param p    At least one byte.
 * @param len  Bytes there.
 * @param cp   Set to the code point.
 * @return bytes taken, 0 when the sequence is broken, overlong, a surrogate
 * or cut off.
 */
size_t utf8_decode(const char *p, size_t len, uint32_t *cp);

/**
 * Copy text for a log line: printable UTF-8 as it is, control characters
 * (C0, DEL, C1, line and paragraph separators, direction overrides) and
 * broken bytes as \xNN, a backslash doubled.
 *
 * @return bytes written, at most size - 1, always NUL-terminated.
 */
size_t utf8_escape(const char *p, size_t len, char *out, size_t size);

/**
 * Copy text for a header or a name: broken bytes and control characters
 * (as above) left out, cut at a character's edge to fit.
 *
 * @return bytes written, at most size - 1, always NUL-terminated.
 */
size_t utf8_clean(const char *p, size_t len, char *out, size_t size);

#endif
