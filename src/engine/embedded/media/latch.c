#include "engine/embedded/media/latch.h"

#include <string.h>

#include "base/address.h"

void latch_open(struct latch *l, const struct sockaddr_storage *sdp)
{
    memset(l, 0, sizeof(*l));
    l->sdp = *sdp;
    l->has_sdp = address_usable(sdp);
}

bool latch_retarget(struct latch *l, const struct sockaddr_storage *sdp)
{
    if (address_usable(sdp) ? l->has_sdp && address_equal(sdp, &l->sdp)
                            : !l->has_sdp)
        return false;
    latch_open(l, sdp);
    return true;
}

static void candidate(struct latch *l, const struct sockaddr_storage *from,
                      uint64_t now_ms)
{
    bool same = l->count && address_equal(from, &l->source);

    if (l->count && !same && now_ms - l->last_ms < LATCH_FORGET_MS)
        return;
    if (!same || now_ms - l->last_ms >= LATCH_FORGET_MS) {
        l->source = *from;
        l->first_ms = now_ms;
        l->count = 0;
    }
    l->last_ms = now_ms;
    l->count++;
    if (l->count >= LATCH_PACKETS || now_ms - l->first_ms >= LATCH_MS)
        l->state = LATCH_LEARNT;
}

bool latch_packet(struct latch *l, const struct sockaddr_storage *from,
                  uint64_t now_ms)
{
    if (l->has_sdp && address_equal(from, &l->sdp)) {
        l->state = LATCH_TO_SDP;
        return true;
    }
    if (l->state == LATCH_OPEN) {
        candidate(l, from, now_ms);
        return l->state == LATCH_LEARNT;
    }
    return l->state == LATCH_LEARNT && address_equal(from, &l->source);
}

const struct sockaddr_storage *latch_target(const struct latch *l)
{
    if (l->state == LATCH_LEARNT)
        return &l->source;
    return l->has_sdp ? &l->sdp : NULL;
}
