/**
 * What the far sides say where audio is encoded anew: a prompt's voice, over
 * and over, as packets of 20 ms that are encoded before anything is measured.
 * The codecs alone and the gateway are given the same packets.
 */
#ifndef BENCH_VOICE_H
#define BENCH_VOICE_H

#include <stddef.h>
#include <stdint.h>

#include "engine/embedded/media/codec/codec.h"

enum {
    VOICE_PACKETS = 1500, /* 30 s; then from the begin */
    VOICE_MS = 20,
    VOICE_RATE_MAX = 16000,
    VOICE_PACKET_MAX = 320,
};

struct voice {
    double rms; /* of the samples */
    struct {
        uint16_t len;
        uint32_t at;
    } packet[VOICE_PACKETS];
    uint8_t bytes[VOICE_PACKETS * VOICE_PACKET_MAX];
};

/** Make the packets. Exits when that cannot be done.
 *  @param dir  Holds RATE/help.wav, as the gateway's prompts lie.
 *  @param rate Sample rate, 8000 or VOICE_RATE_MAX: one that the codec has. */
struct voice *voice_make(const char *dir, enum media_codec codec,
                         unsigned rate);

/** Packet i, modulo their number. */
const uint8_t *voice_packet(const struct voice *v, size_t i, size_t *len);

/** A codec by its name in SDP, in any case; exits when there is none. */
enum media_codec voice_codec(const char *name);

#endif
