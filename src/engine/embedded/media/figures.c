#include "engine/embedded/media/figures.h"

#include "engine/embedded/media/quality.h"

static uint32_t get(const struct figures *f, enum figure which)
{
    return atomic_load_explicit(&f->v[which], memory_order_relaxed);
}

void figures_quality(const struct figures *f, struct engine_quality *q)
{
    struct quality_path path = {
        .codec = (enum media_codec)get(f, FIGURE_CODEC),
        .ptime_ms = get(f, FIGURE_PTIME_MS),
        .rtt_us = get(f, FIGURE_RTT_US),
    };

    *q = (struct engine_quality){
        .received = get(f, FIGURE_RECEIVED),
        .lost = get(f, FIGURE_LOST),
        .jitter_us = get(f, FIGURE_JITTER_US),
        .sent = get(f, FIGURE_SENT),
        .far_lost = get(f, FIGURE_FAR_LOST),
        .far_jitter_us = get(f, FIGURE_FAR_JITTER_US),
        .rtt_us = get(f, FIGURE_RTT_US),
    };
    q->measured = q->received || q->sent;
    path.received = q->received;
    path.lost = q->lost;
    path.jitter_us = q->jitter_us;
    q->mos = (uint16_t)quality_mos(&path);
    if (!get(f, FIGURE_FAR_REPORTS) || q->far_lost > q->sent)
        return;
    path.received = q->sent - q->far_lost;
    path.lost = q->far_lost;
    path.jitter_us = q->far_jitter_us;
    q->far_mos = (uint16_t)quality_mos(&path);
}
