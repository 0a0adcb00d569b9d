/**
 * Joins what the bridged leg says and what is played: the prompt in its
 * place, or over it while it is lowered. Every change of loudness is a ramp,
 * so that nothing clicks, and the sum is limited softly, so that nothing
 * clips. Pure.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_MIXER_H
#define ENGINE_EMBEDDED_MEDIA_MIXER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MIXER_RAMP_MS = 20,  /* of the bridged leg's audio */
    MIXER_FADE_MS = 5,   /* of a prompt that is cut off */
    MIXER_DUCK_DB = -15, /* of that audio under a prompt */
    MIXER_KNEE = 24000,  /* louder is compressed: -2.7 dBFS */
};

struct mixer {
    float gain;   /* of the bridged leg's audio */
    float mute;   /* likewise, 0 when it is muted */
    float fade;   /* what is left of a cut-off prompt, 0 to 1 */
    int16_t last; /* sample of it */
};

void mixer_begin(struct mixer *m);

/**
 * Mix n samples.
 *
 * @param x        The bridged leg's audio; becomes the sum.
 * @param prompt   What is played, NULL: nothing.
 * @param n_prompt Samples of it; behind them it has ended.
 * @param duck     The bridged leg is heard under the prompt.
 * @param muted    The bridged leg is not heard at all.
 */
void mixer_run(struct mixer *m, int16_t *x, size_t n, const int16_t *prompt,
               size_t n_prompt, unsigned rate, bool duck, bool muted);

#endif
