/**
 * The codecs' functions, for the table in codec.c; see struct codec.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_CODEC_CODECS_H
#define ENGINE_EMBEDDED_MEDIA_CODEC_CODECS_H

#include "engine/embedded/media/codec/codec.h"

/* ---- g711.c: ITU-T G.711; has no state ---- */
size_t g711_pcmu_encode(void *e, const int16_t *samples, size_t n,
                        uint8_t *out, size_t size);
size_t g711_pcma_encode(void *e, const int16_t *samples, size_t n,
                        uint8_t *out, size_t size);
size_t g711_pcmu_decode(void *d, const uint8_t *payload, size_t len,
                        int16_t *out, size_t max);
size_t g711_pcma_decode(void *d, const uint8_t *payload, size_t len,
                        int16_t *out, size_t max);
unsigned g711_units(const uint8_t *payload, size_t len);

/* ---- g722.c: ITU-T G.722 at 64 kbit/s, by spandsp ---- */
int g722_encoder_alloc(void **ep, unsigned rate);
void g722_encoder_free(void *e);
size_t g722_payload_encode(void *e, const int16_t *samples, size_t n,
                           uint8_t *out, size_t size);
int g722_decoder_alloc(void **dp, unsigned rate);
void g722_decoder_free(void *d);
size_t g722_payload_decode(void *d, const uint8_t *payload, size_t len,
                           int16_t *out, size_t max);

/* ---- opus.c: RFC 6716 in RTP as by RFC 7587, by libopus; mono ---- */
int opus_payload_encoder_alloc(void **ep, unsigned rate);
void opus_payload_encoder_free(void *e);
void opus_payload_tune(void *e, const struct codec_tuning *t);
size_t opus_payload_encode(void *e, const int16_t *samples, size_t n,
                           uint8_t *out, size_t size);
int opus_payload_decoder_alloc(void **dp, unsigned rate);
void opus_payload_decoder_free(void *d);
size_t opus_payload_decode(void *d, const uint8_t *payload, size_t len,
                           int16_t *out, size_t max);
size_t opus_payload_conceal(void *d, const uint8_t *payload, size_t len,
                            int16_t *out, size_t n);
unsigned opus_payload_units(const uint8_t *payload, size_t len);

#endif
