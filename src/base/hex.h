/**
 * Bytes as hex digits.
 */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stddef.h>

/**
 * Write two lower-case digits a byte, 2 * len in all, without a NUL.
 */
void hex_put(char *out, const unsigned char *p, size_t len);

#endif
