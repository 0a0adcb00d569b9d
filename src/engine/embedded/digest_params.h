/**
 * The parameters of a Digest header (RFC 7616 sections 3.3 and 3.4), read by
 * a table. Private to digest*.c.
 */
#ifndef ENGINE_EMBEDDED_DIGEST_PARAMS_H
#define ENGINE_EMBEDDED_DIGEST_PARAMS_H

#include <stddef.h>

/** A parameter that is wanted; the others are passed over. */
struct digest_param {
    const char *name;
    size_t offset; /* of its struct slice in what is filled */
    size_t max;    /* bytes of the value */
};

/**
 * Fill the slices of out, which begin empty, with values without their quotes.
 *
 * @param params  NULL-terminated list of "name=value", the value bare or
 *                quoted, as sofia-sip's au_params. NULL is an empty list.
 * @return 0, or EINVAL: too many or too long, a parameter twice, an open
 * quote, a control character.
 */
int digest_params_read(void *out, const struct digest_param *known, size_t n,
                       const char *const *params);

#endif
