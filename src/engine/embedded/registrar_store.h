/**
 * Keeps registrations over a restart, in registrations.json of the state
 * directory: Jigasi does not notice that its registrar forgot it. Whether a
 * contact answers is written for whoever looks, and not read back.
 */
#ifndef ENGINE_EMBEDDED_REGISTRAR_STORE_H
#define ENGINE_EMBEDDED_REGISTRAR_STORE_H

#include <stdint.h>

#include "base/log.h"
#include "engine/embedded/registrar.h"

enum { REGISTRAR_STORE_MAX = 1024 * 1024 }; /* bytes of the file */

/**
 * Put back what was stored and has not expired. A file that cannot be read
 * is moved aside to registrations.json.bad; an entry that makes no sense is
 * left out; either way a warning says so, and the program goes on.
 *
 * @param dir  State directory (JIGATE_STATE_DIR).
 * @param now  Wall clock, ms.
 * @return 0 (also when there is no file yet), EBADMSG (moved aside) or
 * another errno value (logged).
 */
int registrar_store_load(struct registrar *r, const char *dir, uint64_t now,
                         struct log *log);

/**
 * Store all bindings: a new file with mode 0600, written and flushed to
 * disk, takes the old one's name, so that a crash leaves the one or the
 * other whole. Blocks for the disk: call it once for many changes, e.g. a
 * second after the first, and at the end.
 *
 * @return 0 or an errno value (logged; the old file is still there).
 */
int registrar_store_save(const struct registrar *r, const char *dir,
                         struct log *log);

#endif
