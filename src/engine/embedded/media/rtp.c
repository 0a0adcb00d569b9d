#include "engine/embedded/media/rtp.h"

static uint32_t get16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
    return get16(p) << 16 | get16(p + 2);
}

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v & 0xffff);
}

enum rtp_verdict rtp_parse(const uint8_t *buf, size_t len,
                           struct rtp_packet *p)
{
    size_t at = RTP_HEADER_SIZE;

    if (len < 2 || len > RTP_PACKET_MAX || buf[0] >> 6 != 2)
        return RTP_MALFORMED;
    if (buf[1] >= 192 && buf[1] <= 223)
        return RTP_RTCP;
    if (len < RTP_HEADER_SIZE)
        return RTP_MALFORMED;
    at += 4 * (size_t)(buf[0] & 0x0f);
    if (buf[0] & 0x10) {
        if (len < at + 4)
            return RTP_MALFORMED;
        at += 4 + 4 * (size_t)get16(buf + at + 2);
    }
    if (len < at)
        return RTP_MALFORMED;
    if (buf[0] & 0x20) {
        uint8_t padding = buf[len - 1];

        if (!padding || padding > len - at)
            return RTP_MALFORMED;
        len -= padding;
    }
    p->marker = buf[1] & 0x80;
    p->pt = buf[1] & 0x7f;
    p->seq = (uint16_t)get16(buf + 2);
    p->ts = get32(buf + 4);
    p->ssrc = get32(buf + 8);
    p->payload = at;
    p->len = len - at;
    return RTP_OK;
}

void rtp_header_write(uint8_t *buf, bool marker, uint8_t pt, uint16_t seq,
                      uint32_t ts, uint32_t ssrc)
{
    buf[0] = 0x80;
    buf[1] = (uint8_t)((marker ? 0x80 : 0) | pt);
    put16(buf + 2, seq);
    put32(buf + 4, ts);
    put32(buf + 8, ssrc);
}
