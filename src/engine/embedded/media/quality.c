#include "engine/embedded/media/quality.h"

/* G.107: the rating with all else at its default. */
static const double undisturbed = 93.2;

/* G.113 appendix I: impairment Ie of the codec, robustness Bpl against
   random loss. It has none for Opus and, beside
   narrow-band codecs, none for G.722; both conceal no worse than G.711
   does by its appendix I. */
static const struct {
    double ie;
    double bpl;
} impairments[MEDIA_CODECS] = {
    [MEDIA_PCMU] = {0, 25.1},
    [MEDIA_PCMA] = {0, 25.1},
    [MEDIA_OPUS] = {0, 25.1},
    [MEDIA_G722] = {0, 25.1},
};

/* One way: half the round trip, a packet's time to fill, and what the
   listener holds back. */
static double delay_ms(const struct quality_path *p)
{
    double held = 2 * p->jitter_us / 1000.0;

    if (held < p->ptime_ms)
        held = p->ptime_ms;
    return p->rtt_us / 2000.0 + p->ptime_ms + held;
}

unsigned quality_mos(const struct quality_path *p)
{
    double ie = impairments[p->codec].ie;
    double d = delay_ms(p);
    double percent, r, mos;

    if (!p->received)
        return 0;
    percent = 100.0 * (double)p->lost / (double)(p->received + p->lost);
    r = undisturbed - 0.024 * d - (d > 177.3 ? 0.11 * (d - 177.3) : 0) - ie -
        (95 - ie) * percent / (percent + impairments[p->codec].bpl);
    mos = r > 0 ? 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6 : 1;
    return mos > 1 ? (unsigned)(100 * mos + 0.5) : 100;
}
