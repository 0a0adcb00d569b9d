/**
 * What two sides agree on to encrypt audio: SRTP (RFC 3711) with keys told in
 * SDP (SDES, RFC 4568).
 */
#ifndef ENGINE_SDP_CRYPTO_H
#define ENGINE_SDP_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

/** Crypto suites of RFC 4568 section 6.2 and RFC 6188 section 4. */
enum media_suite {
    MEDIA_PLAIN, /* no encryption */
    MEDIA_AES_CM_128_HMAC_SHA1_80,
    MEDIA_AES_CM_128_HMAC_SHA1_32,
    MEDIA_AES_256_CM_HMAC_SHA1_80,
    MEDIA_SUITES,
};

enum { MEDIA_KEY_MAX = 46 }; /* bytes of the longest master key with salt */

/** Master keys with their salts, as long as the suite says. */
struct media_crypto {
    enum media_suite suite;
    uint8_t send_key[MEDIA_KEY_MAX];
    uint8_t recv_key[MEDIA_KEY_MAX];
};

#endif
