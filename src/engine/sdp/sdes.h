/**
 * a=crypto lines of SDP: keys of SRTP told in the clear (SDES, RFC 4568).
 * Pure.
 */
#ifndef ENGINE_SDP_SDES_H
#define ENGINE_SDP_SDES_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "engine/sdp/crypto.h"

enum {
    SDES_TAG_MAX = 999999999, /* nine digits, RFC 4568 section 9.1 */
    SDES_LINE_SIZE = 160,     /* bytes of a value we write, NUL included */
};

/** One a=crypto line. */
struct sdes_line {
    uint32_t tag;
    enum media_suite suite;
    uint8_t key[MEDIA_KEY_MAX];
};

/**
 * Read the value of an a=crypto line: tag, suite, one inline key. A lifetime
 * is ignored: it is longer than any call. Of the session parameters only WSH
 * is taken, which binds nobody.
 *
 * @return 0, EBADMSG (not such a line), or ENOTSUP: a suite that we have not,
 *         several keys or an MKI, or session parameters that would switch
 *         protection off or bind us to more than we do.
 */
int sdes_read(struct sdes_line *l, struct slice value);

/** Write a line's value, "1 AES_CM_128_HMAC_SHA1_80 inline:…". */
void sdes_write(char out[SDES_LINE_SIZE], const struct sdes_line *l);

/** Name of a suite, for log lines. */
const char *sdes_suite_name(enum media_suite suite);

#endif
