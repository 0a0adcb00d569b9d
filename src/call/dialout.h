/**
 * What may be dialled out of a meeting through the trunk
 * (JIGATE_DIALOUT_ALLOW): whoever is in a meeting types it, and the operator
 * pays for it.
 */
#ifndef CALL_DIALOUT_H
#define CALL_DIALOUT_H

#include <stdbool.h>

#include "base/slice.h"

enum { DIALOUT_NUMBER_SIZE = 33 }; /* bytes of a number, NUL included */

/**
 * Make a telephone number of what was typed: what people write between
 * digits ("-", ".", "/", "(", ")", blanks) is left out.
 *
 * @param out  DIALOUT_NUMBER_SIZE bytes: "+" or not, then digits and "*";
 *             "" on failure.
 * @param to   Any bytes.
 * @return 0, or EINVAL: something else is in it, no digit, or too many.
 */
int dialout_number(char *out, struct slice to);

/** Whether a number begins with one of the prefixes, a list separated by
 *  commas or blanks. "00" and "+" are not the same. */
bool dialout_allowed(const char *prefixes, const char *number);

#endif
