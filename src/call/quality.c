/* The record of a leg's audio, as one line of the log and as an event. */
#include <stdio.h>
#include <string.h>

#include "call/call.h"

enum { TEXT_MAX = 256 };

/* " name=1.5ms", nothing where the figure is unknown. */
static void put(char text[TEXT_MAX], const char *name, double value,
                int decimals, const char *unit)
{
    size_t n = strlen(text);

    if (value >= 0)
        snprintf(text + n, TEXT_MAX - n, " %s=%.*f%s", name, decimals, value,
                 unit);
}

static double percent(uint32_t lost, uint64_t all)
{
    return all ? 100.0 * lost / (double)all : 0;
}

/* The far side's own figures, which only RTCP tells. */
static void put_far(char text[TEXT_MAX], const struct engine_quality *q)
{
    if (!q->far_mos)
        return;
    put(text, "far_lost", percent(q->far_lost, q->sent), 1, "%");
    put(text, "far_jitter", q->far_jitter_us / 1000.0, 1, "ms");
    put(text, "far_mos", q->far_mos / 100.0, 2, "");
}

void calls_quality(struct calls *cs, const struct engine_event *ev)
{
    const struct engine_quality *q = &ev->gone.quality;
    const struct call *c = calls_find(cs, ev->leg);
    struct monitor_event me = {.type = MONITOR_QUALITY,
                               .node = ev->node,
                               .call = ev->gone.call,
                               .side = ev->gone.side,
                               .quality = q};
    char text[TEXT_MAX] = "";

    if (!q->measured || (c && c->healthcheck))
        return;
    put(text, "received", q->received, 0, "");
    put(text, "lost", percent(q->lost, (uint64_t)q->received + q->lost), 1,
        "%");
    put(text, "jitter", q->jitter_us / 1000.0, 1, "ms");
    put(text, "mos", q->mos ? q->mos / 100.0 : -1, 2, "");
    put(text, "sent", q->sent, 0, "");
    put_far(text, q);
    put(text, "rtt", q->rtt_us ? q->rtt_us / 1000.0 : -1, 1, "ms");
    log_line(cs->deps.log, LOG_INFO, ev->gone.call, "audio of the %s:%s",
             ev->gone.side == ENGINE_EXTERNAL ? "phone" : "meeting", text);
    calls_tell_event(cs, &me);
}
