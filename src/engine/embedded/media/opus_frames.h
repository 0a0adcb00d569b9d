/**
 * Encoding of whole recordings into Opus frames.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_OPUS_FRAMES_H
#define ENGINE_EMBEDDED_MEDIA_OPUS_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include "engine/embedded/media/prompt_store.h"

/**
 * Encode mono samples.
 *
 * @param f     Filled in; free with opus_frames_reset().
 * @param rate  Of the samples: 8000 or 16000. RTP's clock is 48 kHz
 *              whatever this is (RFC 7587 section 4.1).
 * @return 0, ENOMEM or EIO (libopus refuses).
 */
int opus_frames_encode(struct opus_frames *f, const int16_t *samples, size_t n,
                       int rate);
void opus_frames_reset(struct opus_frames *f);

#endif
