/**
 * The name that a caller has in the meeting: the display name in From of the
 * jigasi leg, by JIGATE_CALLER_NAME.
 */
#ifndef CALL_CALLER_H
#define CALL_CALLER_H

#include "config/config.h"

enum { CALLER_NAME_SIZE = 65 }; /* bytes, NUL included */

/**
 * Make the name.
 *
 *   full    the caller's own display name, else the number
 *   masked  the same, the middle of every number in it hidden
 *   number  the number
 *   none    no name
 *
 * Control characters and broken UTF-8 are left out, blanks at the ends too;
 * "Phone" when nothing is left.
 *
 * @param out     CALLER_NAME_SIZE bytes.
 * @param name    Display name, any text.
 * @param number  Number or user name, any text.
 */
void caller_name(char *out, enum config_caller_name mode, const char *name,
                 const char *number);

#endif
