/**
 * SIP URIs as phones register them: checked before they are kept, sent to or
 * logged, and compared.
 */
#ifndef ENGINE_EMBEDDED_CONTACT_URI_H
#define ENGINE_EMBEDDED_CONTACT_URI_H

#include <stdbool.h>

#include "base/slice.h"

/**
 * Whether this is a sip: or sips: URI that can be a request URI: printable
 * ASCII without blanks, quotes, brackets <> and backslash, one host, a port
 * in range, and no header part ("?", RFC 3261 section 19.1.1), with which a
 * phone could put headers into our requests.
 */
bool contact_uri_check(struct slice uri);

/** Whether two checked URIs name the same contact (RFC 3261 section 19.1.4,
 *  but that escapes are not resolved). */
bool contact_uri_same(struct slice a, struct slice b);

#endif
