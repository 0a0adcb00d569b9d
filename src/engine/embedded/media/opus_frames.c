#include "engine/embedded/media/opus_frames.h"

#include <errno.h>
#include <opus.h>
#include <stdlib.h>
#include <string.h>

#include "engine/embedded/media/codec/codec.h"

enum {
    BITRATE = 24000,
    COMPLEXITY = 5,
    FRAME_SAMPLES_MAX = 16000 * PROMPT_OPUS_MS / 1000,
    SILENCE_SETTLE = 10, /* frames until the encoder has forgotten its start */
};

static int encoder_alloc(OpusEncoder **encoder, int rate, int *lookahead)
{
    int err;
    OpusEncoder *e =
        opus_encoder_create(rate, 1, OPUS_APPLICATION_AUDIO, &err);

    if (!e)
        return err == OPUS_ALLOC_FAIL ? ENOMEM : EIO;
    opus_encoder_ctl(e, OPUS_SET_BITRATE(BITRATE));
    opus_encoder_ctl(e, OPUS_SET_COMPLEXITY(COMPLEXITY));
    opus_encoder_ctl(e, OPUS_GET_LOOKAHEAD(lookahead));
    *encoder = e;
    return 0;
}

/* Frame i of the recording, filled up with silence behind its end. */
static void frame_cut(int16_t *frame, size_t per, const int16_t *samples,
                      size_t n, size_t i)
{
    size_t from = i * per;
    size_t have = from < n ? n - from : 0;

    if (have > per)
        have = per;
    memset(frame, 0, per * sizeof(*frame));
    if (have)
        memcpy(frame, samples + from, have * sizeof(*frame));
}

static int encode_all(struct opus_frames *f, OpusEncoder *e,
                      const int16_t *samples, size_t n, size_t per)
{
    int16_t frame[FRAME_SAMPLES_MAX];

    for (size_t i = 0; i < f->n; i++) {
        opus_int32 len;

        frame_cut(frame, per, samples, n, i);
        len = opus_encode(e, frame, (int)per, f->bytes + f->offset[i],
                          PROMPT_OPUS_MAX);
        if (len <= 0)
            return EIO;
        f->offset[i + 1] = f->offset[i] + (uint32_t)len;
    }
    return 0;
}

int opus_frames_encode(struct opus_frames *f, const int16_t *samples, size_t n,
                       int rate)
{
    size_t per = (size_t)rate * PROMPT_OPUS_MS / 1000;
    OpusEncoder *e = NULL;
    uint8_t *fitted;
    int lookahead;
    int err = encoder_alloc(&e, rate, &lookahead);

    if (err)
        return err;
    memset(f, 0, sizeof(*f));
    /* the decoder is behind by the lookahead: room for the last of it */
    f->n = (n + (size_t)lookahead + per - 1) / per;
    f->offset = calloc(f->n + 1, sizeof(*f->offset));
    f->bytes = malloc(f->n * PROMPT_OPUS_MAX);
    err = f->offset && f->bytes ? encode_all(f, e, samples, n, per) : ENOMEM;
    opus_encoder_destroy(e);
    if (err) {
        opus_frames_reset(f);
        return err;
    }
    fitted = realloc(f->bytes, f->offset[f->n]);
    if (fitted)
        f->bytes = fitted;
    return 0;
}

void opus_frames_reset(struct opus_frames *f)
{
    free(f->bytes);
    free(f->offset);
    memset(f, 0, sizeof(*f));
}

static int g722_silence(uint8_t *out, size_t size)
{
    static const int16_t zero[320];
    struct codec_encoder e;
    uint8_t settle[160];
    int err = codec_encoder_alloc(&e, MEDIA_G722, 16000);

    if (err)
        return err;
    for (int i = 0; i < SILENCE_SETTLE; i++)
        codec_encode(&e, zero, 320, settle, sizeof(settle));
    for (size_t n = 0; n < size; n += sizeof(settle))
        codec_encode(&e, zero, 320, out + n, size - n);
    codec_encoder_reset(&e);
    return 0;
}

int silence_init(struct silence *s)
{
    static const int ms[4] = {10, 20, 40, 60};
    static const int16_t zero[48 * 60];

    for (int i = 0; i < 4; i++) {
        OpusEncoder *e = NULL;
        int lookahead;
        opus_int32 len = 0;
        int err = encoder_alloc(&e, 48000, &lookahead);

        if (err)
            return err;
        for (int k = 0; k < SILENCE_SETTLE && len >= 0; k++)
            len =
                opus_encode(e, zero, 48 * ms[i], s->opus[i], PROMPT_OPUS_MAX);
        opus_encoder_destroy(e);
        if (len <= 0)
            return EIO;
        s->opus_len[i] = (size_t)len;
    }
    return g722_silence(s->g722, sizeof(s->g722));
}
