#include "engine/embedded/media/rtcp.h"

#include <string.h>

enum {
    HEADER = 8, /* common header, and SSRC of who sends */
    SENDER = 20,
    BLOCK = 24,
    SDES_CNAME = 1,
    VERSION = 2,
};

static uint32_t get16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
    return get16(p) << 16 | get16(p + 2);
}

static void put32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

/* ---- reading ---- */

/* One packet of a compound one. */
struct part {
    const uint8_t *p;
    size_t len; /* padding taken off */
    unsigned count;
    unsigned type;
};

/* Cut the next packet off; false when it is malformed. Padding is allowed in
   the last one only. */
static bool next_part(const uint8_t **buf, size_t *len, struct part *part)
{
    const uint8_t *p = *buf;
    size_t size;

    if (*len < 4 || p[0] >> 6 != VERSION)
        return false;
    size = 4 * ((size_t)get16(p + 2) + 1);
    if (size > *len)
        return false;
    part->p = p;
    part->len = size;
    part->count = p[0] & 0x1f;
    part->type = p[1];
    *buf += size;
    *len -= size;
    if (p[0] & 0x20) {
        uint8_t padding = p[size - 1];

        if (*len || !padding || padding % 4 || padding > size - 4)
            return false;
        part->len -= padding;
    }
    return true;
}

static void read_block(const uint8_t *p, struct rtcp_block *b)
{
    uint32_t lost = get32(p + 4) & 0xffffff;

    b->ssrc = get32(p);
    b->fraction = p[4];
    b->lost = (int32_t)lost - (lost & 0x800000 ? 0x1000000 : 0);
    b->highest = get32(p + 8);
    b->jitter = get32(p + 12);
    b->lsr = get32(p + 16);
    b->dlsr = get32(p + 20);
}

static bool read_report(const struct part *part, uint32_t ours, bool first,
                        struct rtcp_report *r)
{
    bool sender = part->type == RTCP_SR;
    size_t at = HEADER + (sender ? SENDER : 0);

    if (part->len < at + part->count * (size_t)BLOCK)
        return false;
    if (first)
        r->ssrc = get32(part->p + 4);
    else if (get32(part->p + 4) != r->ssrc)
        return true; /* another source's, by a mixer: not our far side */
    if (sender) {
        r->is_sender = true;
        r->ntp_middle = get32(part->p + 10);
    }
    for (unsigned i = 0; i < part->count; i++, at += BLOCK) {
        if (get32(part->p + at) != ours)
            continue;
        read_block(part->p + at, &r->block);
        r->has_block = true;
    }
    return true;
}

static bool read_bye(const struct part *part, struct rtcp_report *r)
{
    if (part->len < 4 + part->count * (size_t)4)
        return false;
    for (unsigned i = 0; i < part->count; i++)
        r->bye |= get32(part->p + 4 + 4 * (size_t)i) == r->ssrc;
    return true;
}

bool rtcp_parse(const uint8_t *buf, size_t len, uint32_t ours,
                struct rtcp_report *r)
{
    bool first = true;

    memset(r, 0, sizeof(*r));
    if (!len || len > RTCP_PACKET_MAX)
        return false;
    while (len) {
        struct part part;
        bool report;

        if (!next_part(&buf, &len, &part))
            return false;
        report = part.type == RTCP_SR || part.type == RTCP_RR;
        if (first && (!report || part.p[0] & 0x20))
            return false;
        if (report && !read_report(&part, ours, first, r))
            return false;
        if (part.type == RTCP_BYE && !read_bye(&part, r))
            return false;
        first = false;
    }
    return true;
}

/* ---- writing ---- */

static size_t head(uint8_t *p, unsigned count, enum rtcp_type type, size_t len)
{
    put32(p, (uint32_t)VERSION << 30 | count << 24 | (uint32_t)type << 16 |
                 (uint32_t)(len / 4 - 1));
    return len;
}

static size_t write_report(uint8_t *p, const struct rtcp_own *own)
{
    const struct rtcp_sender *s = own->sender;
    const struct rtcp_block *b = own->block;
    uint8_t *at = p + HEADER;

    put32(p + 4, own->ssrc);
    if (s) {
        put32(at, (uint32_t)(s->ntp >> 32));
        put32(at + 4, (uint32_t)s->ntp);
        put32(at + 8, s->rtp_ts);
        put32(at + 12, s->packets);
        put32(at + 16, s->octets);
        at += SENDER;
    }
    if (b) {
        put32(at, b->ssrc);
        put32(at + 4,
              (uint32_t)b->fraction << 24 | ((uint32_t)b->lost & 0xffffff));
        put32(at + 8, b->highest);
        put32(at + 12, b->jitter);
        put32(at + 16, b->lsr);
        put32(at + 20, b->dlsr);
        at += BLOCK;
    }
    return head(p, b ? 1 : 0, s ? RTCP_SR : RTCP_RR, (size_t)(at - p));
}

/* A chunk ends with at least one zero byte, at a multiple of four. */
static size_t write_cname(uint8_t *p, const struct rtcp_own *own)
{
    size_t n = strnlen(own->cname, RTCP_CNAME_SIZE - 1);
    size_t len = (HEADER + 2 + n) / 4 * 4 + 4;

    memset(p, 0, len);
    put32(p + 4, own->ssrc);
    p[HEADER] = SDES_CNAME;
    p[HEADER + 1] = (uint8_t)n;
    memcpy(p + HEADER + 2, own->cname, n);
    return head(p, 1, RTCP_SDES, len);
}

size_t rtcp_write(uint8_t out[RTCP_OWN_MAX], const struct rtcp_own *own)
{
    size_t len = write_report(out, own);

    len += write_cname(out + len, own);
    if (own->bye) {
        put32(out + len + 4, own->ssrc);
        len += head(out + len, 1, RTCP_BYE, HEADER);
    }
    return len;
}
