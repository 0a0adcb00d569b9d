#include "engine/embedded/media/codec/plc.h"

#include <math.h>
#include <string.h>

enum {
    PITCH_MIN_MS = 5, /* 200 Hz; a higher voice fits twice or more */
    PITCH_MAX_MS = 15,
    COMPARED_MS = 20,
    JOIN_MS = 4,         /* cross-fade */
    WHOLE_MS = 10,       /* before it fades */
    CUT_MIN_TENTHS = 25, /* periods taken out or repeated: 2.5 ms … */
    CUT_MAX_TENTHS = 100,
    FIT_PERCENT = 60, /* of a perfect likeness, to be taken out unheard */
    QUIET = 40,       /* mean square root below which anything fits */
};

/* Likeness of two stretches, 1 at best, scaled by nothing. */
static float likeness(const int16_t *a, const int16_t *b, size_t n,
                      size_t step)
{
    float ab = 0, aa = 0, bb = 0;

    for (size_t i = 0; i < n; i += step) {
        float x = a[i], y = b[i];

        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    return ab <= 0 ? 0 : ab / sqrtf(aa * bb);
}

/* The lag in [min, max] at which b, going back from a, is most like a. */
static size_t best_lag(const int16_t *a, int direction, size_t n, size_t min,
                       size_t max, size_t step, float *fit)
{
    size_t best = max;

    *fit = -1;
    for (size_t lag = min; lag <= max; lag += step) {
        float l = likeness(a, a + direction * (ptrdiff_t)lag, n, step);

        if (l > *fit) {
            *fit = l;
            best = lag;
        }
    }
    if (step == 1)
        return best;
    min = best > min + step ? best - step + 1 : min;
    max = best + step <= max ? best + step - 1 : max;
    return best_lag(a, direction, n, min, max, 1, fit);
}

static int16_t clipped(float x)
{
    return x > 32767 ? 32767 : x < -32768 ? -32768 : (int16_t)lrintf(x);
}

/* From a to b over n samples. */
static void cross_fade(int16_t *out, const int16_t *a, const int16_t *b,
                       size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float w = ((float)i + 0.5F) / (float)n;

        out[i] = clipped((1 - w) * a[i] + w * b[i]);
    }
}

void plc_begin(struct plc *p, unsigned rate)
{
    memset(p, 0, sizeof(*p));
    p->rate = rate;
    p->lost = (size_t)PLC_FADE_MS * rate / 1000; /* silence before */
}

static size_t samples_in(const struct plc *p, unsigned ms)
{
    return (size_t)ms * p->rate / 1000;
}

static void remember(struct plc *p, const int16_t *samples, size_t n)
{
    size_t all = samples_in(p, PLC_HISTORY_MS), to_end = all - p->oldest;
    size_t now;

    if (n > all) {
        samples += n - all;
        n = all;
    }
    now = n < to_end ? n : to_end;
    memcpy(p->history + p->oldest, samples, now * sizeof(*samples));
    memcpy(p->history, samples + now, (n - now) * sizeof(*samples));
    p->oldest = (p->oldest + n) % all;
}

/* The history in its order; returns its end. */
static const int16_t *recall(const struct plc *p, int16_t past[PLC_HISTORY])
{
    size_t all = samples_in(p, PLC_HISTORY_MS), to_end = all - p->oldest;

    memcpy(past, p->history + p->oldest, to_end * sizeof(*past));
    memcpy(past + to_end, p->history, p->oldest * sizeof(*past));
    return past + all;
}

/* Find the pitch and cut a cycle that can be repeated without a seam. */
static void cycle_make(struct plc *p)
{
    int16_t past[PLC_HISTORY];
    const int16_t *end = recall(p, past);
    size_t compared = samples_in(p, COMPARED_MS);
    size_t seam;
    float fit;

    p->period =
        best_lag(end - compared, -1, compared, samples_in(p, PITCH_MIN_MS),
                 samples_in(p, PITCH_MAX_MS), p->rate / 8000, &fit);
    memcpy(p->cycle, end - p->period, p->period * sizeof(*p->cycle));
    seam = p->period / 4;
    cross_fade(p->cycle + p->period - seam, end - seam, end - p->period - seam,
               seam);
    p->step = end[-1] - end[-1 - (ptrdiff_t)p->period];
}

static float gain_at(const struct plc *p, size_t lost)
{
    size_t whole = samples_in(p, WHOLE_MS), all = samples_in(p, PLC_FADE_MS);

    return lost <= whole ? 1
           : lost >= all ? 0
                         : (float)(all - lost) / (float)(all - whole);
}

void plc_conceal(struct plc *p, int16_t *out, size_t n)
{
    size_t all = samples_in(p, PLC_FADE_MS), join = samples_in(p, JOIN_MS);
    size_t i = 0;

    if (!p->lost)
        cycle_make(p);
    for (; i < n && p->lost < all; i++, p->lost++) {
        float x = p->cycle[p->lost % p->period];

        if (p->lost < join)
            x += (float)p->step * (float)(join - p->lost) / (float)join;
        out[i] = clipped(x * gain_at(p, p->lost));
    }
    memset(out + i, 0, (n - i) * sizeof(*out));
    remember(p, out, n);
}

void plc_received(struct plc *p, int16_t *samples, size_t n)
{
    size_t join = samples_in(p, JOIN_MS);

    if (p->lost) {
        int16_t made_up[JOIN_MS * PLC_RATE_MAX / 1000];
        size_t kept = p->lost;

        if (join > n)
            join = n;
        memset(made_up, 0, sizeof(made_up));
        for (size_t i = 0; i < join && p->period; i++)
            made_up[i] = clipped(p->cycle[(kept + i) % p->period] *
                                 gain_at(p, kept + i));
        cross_fade(samples, made_up, samples, join);
        p->lost = 0;
    }
    remember(p, samples, n);
}

/* ---- shorter and longer ---- */

float plc_loudness(const int16_t *x, size_t n)
{
    float sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (float)x[i] * (float)x[i];
    return sqrtf(sum / (float)n);
}

/* A period that may be taken out at the begin of x; 0 when none fits. */
static size_t period_find(const int16_t *x, size_t n, unsigned rate)
{
    size_t min = (size_t)CUT_MIN_TENTHS * rate / 10000;
    size_t max = (size_t)CUT_MAX_TENTHS * rate / 10000;
    size_t step = rate > 16000 ? 4 : rate / 8000;
    size_t period;
    float fit;

    if (n < 2 * max)
        return 0;
    if (plc_loudness(x, n) < QUIET)
        return max;
    period = best_lag(x, 1, max, min, max, step, &fit);
    return fit * 100 >= FIT_PERCENT ? period : 0;
}

static size_t take_out(int16_t *x, size_t n, size_t period)
{
    if (!period || n < 2 * period)
        return n;
    cross_fade(x, x, x + period, period);
    memmove(x + period, x + 2 * period, (n - 2 * period) * sizeof(*x));
    return n - period;
}

size_t plc_shorten(int16_t *x, size_t n, unsigned rate)
{
    return take_out(x, n, period_find(x, n, rate));
}

size_t plc_cut(int16_t *x, size_t n, unsigned rate)
{
    return take_out(x, n, (size_t)CUT_MAX_TENTHS * rate / 10000);
}

size_t plc_lengthen(int16_t *x, size_t n, unsigned rate)
{
    size_t period = period_find(x, n, rate);

    if (!period)
        return n;
    memmove(x + 2 * period, x + period, (n - period) * sizeof(*x));
    /* x … period is followed by itself, which turns into what came next */
    cross_fade(x + period, x + 2 * period, x, period);
    return n + period;
}
