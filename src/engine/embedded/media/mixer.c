#include "engine/embedded/media/mixer.h"

#include <math.h>

static const float duck_gain = 0.17782794F; /* MIXER_DUCK_DB */

void mixer_begin(struct mixer *m)
{
    *m = (struct mixer){.gain = 1, .mute = 1};
}

/* Up to the knee as it is; what is above comes ever closer to full scale. */
static int16_t limited(float x)
{
    float size = fabsf(x), room = 32767 - MIXER_KNEE;

    if (size > MIXER_KNEE) {
        float over = size - MIXER_KNEE;

        size = MIXER_KNEE + room * over / (room + over);
    }
    return (int16_t)lrintf(copysignf(size, x));
}

static float toward(float from, float to, float step)
{
    return from < to - step   ? from + step
           : from > to + step ? from - step
                              : to;
}

/* Nothing to be done: the usual case. */
static bool idle(const struct mixer *m, const int16_t *prompt, bool muted)
{
    return !prompt && !muted && m->gain == 1 && m->mute == 1 && m->fade == 0;
}

void mixer_run(struct mixer *m, int16_t *x, size_t n, const int16_t *prompt,
               size_t n_prompt, unsigned rate, bool duck, bool muted)
{
    float target = prompt ? duck ? duck_gain : 0 : 1;
    float ramp = 1000.0F / (MIXER_RAMP_MS * (float)rate);
    float fade = 1000.0F / (MIXER_FADE_MS * (float)rate);

    if (idle(m, prompt, muted))
        return;
    if (!prompt)
        n_prompt = 0;
    for (size_t i = 0; i < n; i++) {
        float p;

        m->gain = toward(m->gain, target, ramp);
        m->mute = toward(m->mute, muted ? 0 : 1, ramp);
        if (i < n_prompt) {
            p = m->last = prompt[i];
            m->fade = 1;
        } else {
            p = m->last * m->fade;
            m->fade = toward(m->fade, 0, fade);
        }
        x[i] = limited(m->gain * m->mute * x[i] + p);
    }
}
