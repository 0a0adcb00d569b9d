#include "engine/embedded/media/telephone_event.h"

enum {
    PAYLOAD_SIZE = 4,
    END_BIT = 0x80,
    STALE_MS = 1000, /* repeats and late packets come within this time */
};

static const char key_of_event[16] = {'0', '1', '2', '3', '4', '5', '6', '7',
                                      '8', '9', '*', '#', 'A', 'B', 'C', 'D'};

/* A long press comes in segments, each beginning where the one before it
 * ended (RFC 4733 section 2.5.1.3). */
static bool next_segment(const struct telephone_event *t, uint8_t event,
                         uint32_t ts, bool marker)
{
    uint32_t moved = ts - t->ts;

    return event == t->event && !t->ended && !marker && moved &&
           (moved == t->duration || moved == UINT16_MAX);
}

static bool same_press(const struct telephone_event *t, uint8_t event,
                       uint32_t ts, uint32_t ssrc, bool marker,
                       uint64_t now_ms)
{
    bool recent = now_ms - t->seen_ms < STALE_MS;

    if (!t->any || ssrc != t->ssrc)
        return false;
    if (ts == t->ts)
        return recent || !t->ended;
    if ((int32_t)(ts - t->ts) < 0)
        return recent; /* late packet of a press before */
    return next_segment(t, event, ts, marker);
}

char telephone_event_packet(struct telephone_event *t, const uint8_t *payload,
                            size_t len, uint32_t ts, uint32_t ssrc,
                            bool marker, uint64_t now_ms)
{
    uint16_t duration;
    bool same;

    if (len < PAYLOAD_SIZE || payload[0] >= sizeof(key_of_event))
        return 0;
    duration = (uint16_t)(payload[2] << 8 | payload[3]);
    same = same_press(t, payload[0], ts, ssrc, marker, now_ms);
    if (same && (int32_t)(ts - t->ts) < 0)
        return 0;
    if (!same || ts != t->ts) {
        t->duration = 0;
        t->ended = false;
    }
    t->any = true;
    t->event = payload[0];
    t->ts = ts;
    t->ssrc = ssrc;
    t->seen_ms = now_ms;
    if (duration > t->duration)
        t->duration = duration;
    if (payload[1] & END_BIT)
        t->ended = true;
    return same ? 0 : key_of_event[payload[0]];
}
