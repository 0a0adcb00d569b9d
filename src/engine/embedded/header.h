/**
 * Small things in SIP headers: display names, Reason, user parts. Whatever
 * comes from outside is bounded and cleaned here; whatever goes out is
 * quoted here.
 */
#ifndef ENGINE_EMBEDDED_HEADER_H
#define ENGINE_EMBEDDED_HEADER_H

#include <stdbool.h>
#include <stddef.h>

enum {
    HEADER_NAME_MAX = 64 + 1, /* a display name, NUL included */
    HEADER_TEXT_MAX = 128,    /* a Reason text */
    HEADER_URI_MAX = 512,
    HEADER_VALUE_MAX = 8192, /* of a header given by policy: a token */
};

/**
 * A display name as it stands in a header (quoted-string or words, RFC 3261
 * section 25.1), unquoted, as clean UTF-8.
 *
 * @param raw  May be NULL.
 * @param out  Always NUL-terminated.
 */
void header_display_get(const char *raw, char *out, size_t size);

/** Quote text as a quoted-string; control characters are left out. Cut at
 *  a character's edge where it does not fit. */
void header_quote(const char *text, char *out, size_t size);

/** Whether text can stand in a header: UTF-8 without control characters,
 *  shorter than HEADER_VALUE_MAX. */
bool header_text_ok(const char *text);

/** Whether text is a token of RFC 3261, as header names are. */
bool header_token_ok(const char *text);

/**
 * Decode %HH in the user part of a URI. A broken escape stays as it is.
 *
 * @param user  May be NULL.
 * @param out   Receives any byte, and a NUL after the last one.
 * @return number of bytes without that NUL, at most size - 1.
 */
size_t header_user_decode(const char *user, char *out, size_t size);

/** Compose the value of a Reason header (RFC 3326). */
void header_reason_put(unsigned cause, const char *text, char *out,
                       size_t size);

#endif
