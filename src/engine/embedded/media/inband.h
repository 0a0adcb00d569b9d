/**
 * Keys as tones in the audio, for far sides that know no telephone-event.
 * The tones themselves are heard by the bridged leg: they cannot be taken
 * out of audio that has already gone on when they are recognised.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_INBAND_H
#define ENGINE_EMBEDDED_MEDIA_INBAND_H

#include <stddef.h>
#include <stdint.h>

#include "engine/embedded/media/media.h"

struct inband;

enum { INBAND_KEYS_MAX = 16 };

/** To be called once before any thread uses a detector: spandsp makes tables
 *  that all detectors share when the first one is made. Returns 0 or
 *  ENOMEM. */
int inband_prepare(void);

/** A detector for audio, most of it of this codec. Returns 0 or ENOMEM. */
int inband_alloc(struct inband **ibp, enum media_codec codec);
void inband_free(struct inband *ib);

/**
 * Take one packet. A lost one between two of a tone does not end the key.
 *
 * @param codec    Of the payload; another than before needs memory once.
 * @param payload  Audio as it came; what is broken is passed over.
 * @param keys     Set to the keys recognised, NUL-terminated.
 * @return their number.
 */
size_t inband_packet(struct inband *ib, enum media_codec codec,
                     const uint8_t *payload, size_t len,
                     char keys[INBAND_KEYS_MAX]);

#endif
