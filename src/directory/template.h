/**
 * The URL template of JIGATE_MEETING_LOOKUP.
 */
#ifndef DIRECTORY_TEMPLATE_H
#define DIRECTORY_TEMPLATE_H

#include <stddef.h>

/**
 * Put id and caller, percent-encoded (RFC 3986 section 2.1: all but the
 * unreserved characters), in the place of {id} and {caller}.
 *
 * @param url  Set to the URL; free() it.
 * @return 0, EINVAL (another word in braces) or ENOMEM.
 */
int template_expand(char **url, const char *text, const char *id,
                    const char *caller);

#endif
