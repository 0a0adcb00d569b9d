/**
 * Looks for a secret in memory that the program gives back. For tests that
 * are linked with -Wl,--wrap=free,--wrap=realloc: then what our own code gives
 * back passes here, on its way to the library.
 */
#ifndef TESTS_FREED_H
#define TESTS_FREED_H

#include <stddef.h>

/** Begin to look for these bytes, which stay the caller's. One secret more
 *  each time, 4 at most. */
void freed_watch(const void *secret, size_t len);

/** How many blocks had one of them in it. */
unsigned freed_found(void);

/** Stop looking, and forget what was found. */
void freed_forget(void);

#endif
