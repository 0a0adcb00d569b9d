/* A series of RTP packets: source learning, header, keys, renumbering. The
 * first bytes of each say how long it is, from where, and how much later. */
#include <netinet/in.h>
#include <string.h>

#include "engine/embedded/media/latch.h"
#include "engine/embedded/media/rtp.h"
#include "engine/embedded/media/rtp_out.h"
#include "engine/embedded/media/telephone_event.h"
#include "fuzz.h"

struct ear {
    struct latch latch;
    struct telephone_event keys;
    struct rtp_out out;
    uint64_t now_ms;
};

static void address(struct sockaddr_storage *ss, unsigned which)
{
    struct sockaddr_in *in = (struct sockaddr_in *)ss;

    memset(ss, 0, sizeof(*ss));
    in->sin_family = AF_INET;
    in->sin_port = htons((uint16_t)(4000 + which % 3));
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK + which % 2);
}

static void packet(struct ear *e, const uint8_t *p, size_t len, unsigned from)
{
    struct sockaddr_storage ss;
    struct rtp_packet rp;
    struct rtp_numbers n;
    char key;

    if (rtp_parse(p, len, &rp) != RTP_OK)
        return;
    PROMISE(rp.payload >= RTP_HEADER_SIZE && rp.payload + rp.len <= len);
    address(&ss, from);
    if (!latch_packet(&e->latch, &ss, e->now_ms))
        return;
    PROMISE(latch_target(&e->latch));
    if (rp.pt == 101) {
        key = telephone_event_packet(&e->keys, p + rp.payload, rp.len, rp.ts,
                                     rp.ssrc, rp.marker, e->now_ms);
        PROMISE(!key || strchr("0123456789*#ABCD", key));
        rtp_out_skip(&e->out, &rp);
        return;
    }
    if (from & 0x80) {
        uint16_t before = e->out.seq;

        rtp_out_local(&e->out, RTP_PROMPT, e->now_ms * 1000, 160, &n);
        PROMISE(n.seq == (uint16_t)(before + 1) && n.seq == e->out.seq);
    }
    rtp_out_relay(&e->out, &rp, e->now_ms * 1000, &n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ear e = {.now_ms = 5000};
    struct sockaddr_storage sdp;

    address(&sdp, 0);
    latch_open(&e.latch, &sdp);
    rtp_out_init(&e.out, 8000, 1, 65000, 0xfffff000);
    while (len >= 3) {
        size_t n = data[0];
        uint8_t *copy;

        if (n > len - 3)
            n = len - 3;
        e.now_ms += data[2];
        copy = malloc(n ? n : 1);
        if (!copy)
            return 0;
        memcpy(copy, data + 3, n);
        packet(&e, copy, n, data[1]);
        free(copy);
        data += 3 + n;
        len -= 3 + n;
    }
    return 0;
}
