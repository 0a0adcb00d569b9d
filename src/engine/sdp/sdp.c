#include "engine/sdp/sdp.h"

#include <string.h>

#include "base/address.h"
#include "engine/sdp/sdp_read.h"
#include "engine/sdp/sdp_write.h"

enum {
    OPUS_PT = 111, /* what we offer; the far side's own numbers else */
    DTMF_PT = 101,
    DTMF_48000_PT = 100,
    PTIME_MS = 20,
    PTIME_MIN_MS = 10,
    PTIME_MAX_MS = 60,
    OPUS_RATE_MIN = 6000, /* bit/s, RFC 7587 section 6.1 */
    OPUS_RATE_MAX = 510000,
};

static const struct sdp_error_info errors[SDP_ERRORS] = {
    [SDP_OK] = {200, 0, "agreed"},
    [SDP_BROKEN] = {400, 0, "Session description malformed or too large"},
    [SDP_NO_AUDIO] = {488, 304, "No audio"},
    [SDP_SECURE] = {488, 302, "Audio over RTP/AVP only"},
    [SDP_INSECURE] = {488, 302, "Audio over RTP/SAVP only, keys by SDES"},
    [SDP_KEYS] = {488, 302, "No SRTP suite or key in common"},
    [SDP_NO_CODEC] = {488, 305, "No codec in common"},
    [SDP_FAMILY] = {488, 301, "Other IP version than ours"},
    [SDP_ADDRESS] = {488, 301, "No unicast IP address for audio"},
    [SDP_MISMATCH] = {488, 399, "Answer does not fit the offer"},
    [SDP_ROOM] = {500, 0, "Own session description too long"},
};

const struct sdp_error_info *sdp_error_info(enum sdp_error e)
{
    return &errors[e];
}

void sdp_session_init(struct sdp_session *s, uint64_t id)
{
    memset(s, 0, sizeof(*s));
    s->id = id & (UINT64_MAX >> 2);
}

/* ---- what the far side says ---- */

/* The m= line that we take, and what was agreed on it. */
struct choice {
    struct sdes_line crypto; /* theirs; MEDIA_PLAIN: none */
    size_t index;
    enum sdp_direction direction; /* as the far side sees it */
    struct sdp_formats formats;
    struct media_session media;
};

static const struct sdp_format *find_format(const struct sdp_formats *f,
                                            const char *name, uint32_t rate)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->format[i].rate == rate &&
            slice_is_nocase(f->format[i].name, name))
            return &f->format[i];
    return NULL;
}

static const struct sdp_format *find_codec(const struct sdp_formats *f,
                                           enum media_codec codec)
{
    return find_format(f, sdp_codecs[codec].name, sdp_codecs[codec].rate);
}

/* Ours first: the first of our first n that they have; else the first of
   theirs that is one of these. Formats keep their order, so the lowest
   pointer is it. */
static const struct sdp_format *choose_among(const struct sdp_formats *f,
                                             const struct sdp_local *l,
                                             size_t n, enum media_codec *codec)
{
    const struct sdp_format *best = NULL;

    for (size_t i = 0; i < n; i++) {
        const struct sdp_format *theirs = find_codec(f, l->codecs[i]);

        if (!theirs || (best && best < theirs))
            continue;
        best = theirs;
        *codec = l->codecs[i];
        if (l->ours_first)
            break;
    }
    return best;
}

static const struct sdp_format *choose_codec(const struct sdp_formats *f,
                                             const struct sdp_local *l,
                                             enum media_codec *codec)
{
    const struct sdp_format *best = choose_among(f, l, l->n_preferred, codec);

    return best ? best : choose_among(f, l, l->n_codecs, codec);
}

/* telephone-event of the codec's clock, or of 8000 Hz. */
static const struct sdp_format *choose_dtmf(const struct sdp_formats *f,
                                            enum media_codec codec)
{
    const struct sdp_format *theirs =
        find_format(f, "telephone-event", sdp_codecs[codec].rate);

    if (!theirs)
        theirs = find_format(f, "telephone-event", 8000);
    return theirs && theirs->pt ? theirs : NULL;
}

/* Milliseconds in a packet that we send: as they wish, where a packet can
   be made of so many. An Opus frame lasts 10, 20, 40 or 60 ms. */
static uint8_t choose_ptime(const struct sdp_formats *f,
                            enum media_codec codec)
{
    unsigned ms = f->ptime_ms ? f->ptime_ms : PTIME_MS;

    if (f->maxptime_ms && ms > f->maxptime_ms)
        ms = f->maxptime_ms;
    if (ms > PTIME_MAX_MS)
        ms = PTIME_MAX_MS;
    ms -= ms % PTIME_MIN_MS;
    if (ms < PTIME_MIN_MS)
        ms = PTIME_MIN_MS;
    if (codec == MEDIA_OPUS && (ms == 30 || ms == 50))
        ms -= PTIME_MIN_MS;
    return (uint8_t)ms;
}

/* What the far side says of Opus that it receives (RFC 7587 section 6.1). */
static void choose_opus(struct media_format *format, struct slice fmtp)
{
    uint64_t bitrate;

    format->fec = slice_is(sdp_fmtp_value(fmtp, "useinbandfec"), "1");
    if (!slice_to_u64(sdp_fmtp_value(fmtp, "maxaveragebitrate"), OPUS_RATE_MIN,
                      OPUS_RATE_MAX, &bitrate))
        format->bitrate_max = (uint32_t)bitrate;
}

static bool choose_format(struct choice *c, const struct sdp_local *l)
{
    struct media_format *format = &c->media.format;
    const struct sdp_format *audio, *dtmf;

    audio = choose_codec(&c->formats, l, &format->codec);
    if (!audio)
        return false;
    dtmf = choose_dtmf(&c->formats, format->codec);
    format->send_pt = format->recv_pt = audio->pt;
    format->send_dtmf_pt = format->recv_dtmf_pt = dtmf ? dtmf->pt : 0;
    format->dtmf_rate = dtmf ? dtmf->rate : 0;
    format->ptime_ms = choose_ptime(&c->formats, format->codec);
    if (format->codec == MEDIA_OPUS)
        choose_opus(format, audio->fmtp);
    return true;
}

/* The any-address is how RFC 2543 says hold: there is nowhere to send to. */
static enum sdp_error choose_remote(struct choice *c,
                                    const struct sdp_local *l,
                                    const struct sdp_section *s)
{
    struct sockaddr_storage *remote = &c->media.remote;

    if (sdp_read_address(remote, s))
        return SDP_ADDRESS;
    if (remote->ss_family != l->address.ss_family)
        return SDP_FAMILY;
    sdp_read_rtcp(&c->media.remote_rtcp, &c->media.rtcp_mux, s);
    if (c->media.remote_rtcp.ss_family != remote->ss_family)
        c->media.remote_rtcp.ss_family = 0;
    c->direction = s->direction;
    if (address_is_any(remote)) {
        c->direction &= ~(unsigned)SDP_RECVONLY;
        address_port_set(remote, 0);
    }
    c->media.send = c->direction & SDP_RECVONLY;
    c->media.receive = c->direction & SDP_SENDONLY;
    return SDP_OK;
}

/* Offers may leave names of payload types away that we gave them. */
static void name_formats(struct sdp_formats *f, const struct sdp_session *s)
{
    const struct {
        uint8_t pt;
        const char *name;
        uint32_t rate;
    } ours[] = {
        {s->opus_pt, "opus", 48000},
        {s->dtmf_pt, "telephone-event", 8000},
        {s->dtmf_48000_pt, "telephone-event", 48000},
    };

    for (size_t i = 0; i < f->n; i++)
        for (size_t j = 0; j < sizeof(ours) / sizeof(*ours); j++)
            if (!f->format[i].name.len && f->format[i].pt == ours[j].pt) {
                f->format[i].name = slice_of(ours[j].name);
                f->format[i].rate = ours[j].rate;
            }
}

static bool is_one_of(struct slice proto, const char *plain,
                      const char *feedback)
{
    return slice_is_nocase(proto, plain) || slice_is_nocase(proto, feedback);
}

static bool is_secure(const struct sdp_section *section)
{
    return is_one_of(section->proto, "RTP/SAVP", "RTP/SAVPF");
}

/* Whether and how audio is encrypted. The profiles with feedback (RFC 4585,
   5124) are taken as those without: none is asked for. */
static enum sdp_error choose_crypto(struct choice *c,
                                    const struct sdp_local *l,
                                    const struct sdp_section *section)
{
    bool wanted = is_secure(section);
    int err;

    c->crypto.suite = MEDIA_PLAIN;
    if (!wanted && !is_one_of(section->proto, "RTP/AVP", "RTP/AVPF"))
        return SDP_SECURE;
    if (l->srtp == SDP_SRTP_OFF)
        return wanted ? SDP_SECURE : SDP_OK;
    err = sdp_read_crypto(&c->crypto, section);
    if (!err)
        return SDP_OK;
    c->crypto.suite = MEDIA_PLAIN;
    if (wanted)
        return SDP_KEYS;
    return l->srtp == SDP_SRTP_MANDATORY ? SDP_INSECURE : SDP_OK;
}

/* A suite that goes on keeps its key; with another one, or after a time in
   the clear, packets are counted anew, which wants a new key (RFC 3711
   section 9.1). */
static const uint8_t *our_key(const struct sdp_session *s,
                              const struct sdp_local *l,
                              enum media_suite suite)
{
    return s->agreed && s->media.crypto.suite == suite
               ? s->media.crypto.send_key
               : l->key;
}

static void use_crypto(struct choice *c, const struct sdp_session *s,
                       const struct sdp_local *l)
{
    struct media_crypto *crypto = &c->media.crypto;

    crypto->suite = c->crypto.suite;
    if (crypto->suite == MEDIA_PLAIN)
        return;
    memcpy(crypto->recv_key, c->crypto.key, MEDIA_KEY_MAX);
    memcpy(crypto->send_key, our_key(s, l, crypto->suite), MEDIA_KEY_MAX);
}

static void add_crypto(struct sdp_audio *a, const struct sdp_session *s,
                       const struct sdp_local *l, uint32_t tag,
                       enum media_suite suite)
{
    struct sdes_line *line = &a->crypto[a->n_crypto++];

    line->tag = tag;
    line->suite = suite;
    memcpy(line->key, our_key(s, l, suite), MEDIA_KEY_MAX);
}

/* Try one m= line. */
static enum sdp_error take_section(struct choice *c,
                                   const struct sdp_session *s,
                                   const struct sdp_local *l,
                                   const struct sdp_section *section)
{
    enum sdp_error e;

    if (!slice_is_nocase(section->media, "audio") || !section->port)
        return SDP_NO_AUDIO;
    e = choose_crypto(c, l, section);
    if (e)
        return e;
    sdp_read_formats(&c->formats, section);
    name_formats(&c->formats, s);
    if (!choose_format(c, l))
        return SDP_NO_CODEC;
    return choose_remote(c, l, section);
}

/* The first m= line that will do; else what was wrong with the first that
   was audio. */
static enum sdp_error choose(struct choice *c, const struct sdp_session *s,
                             const struct sdp_local *l,
                             const struct sdp_description *d)
{
    enum sdp_error first = SDP_NO_AUDIO;

    for (size_t i = 0; i < d->n; i++) {
        enum sdp_error e = take_section(c, s, l, &d->section[i]);

        c->index = i;
        if (e == SDP_OK)
            return e;
        if (first == SDP_NO_AUDIO)
            first = e;
    }
    return first;
}

/* ---- what we say ---- */

static void keep_lines(struct sdp_session *s, const struct sdp_description *d)
{
    s->n_lines = d->n;
    for (size_t i = 0; i < d->n; i++) {
        const struct sdp_section *section = &d->section[i];

        slice_copy(section->media, s->lines[i].media,
                   sizeof(s->lines[i].media));
        slice_copy(section->proto, s->lines[i].proto,
                   sizeof(s->lines[i].proto));
        slice_copy(section->format, s->lines[i].format,
                   sizeof(s->lines[i].format));
    }
}

/* Their numbers hold for our later offers, too. */
static void keep_numbers(struct sdp_session *s, const struct sdp_formats *f)
{
    const struct sdp_format *opus = find_codec(f, MEDIA_OPUS);
    const struct sdp_format *dtmf = find_format(f, "telephone-event", 8000);
    const struct sdp_format *dtmf_48000 =
        find_format(f, "telephone-event", 48000);

    s->opus_pt = opus ? opus->pt : 0;
    s->dtmf_pt = dtmf ? dtmf->pt : 0;
    s->dtmf_48000_pt = dtmf_48000 ? dtmf_48000->pt : 0;
}

/* What of theirs is ours: they send where we receive. */
static enum sdp_direction mirrored(enum sdp_direction d)
{
    return (d & SDP_SENDONLY ? SDP_RECVONLY : 0U) |
           (d & SDP_RECVONLY ? SDP_SENDONLY : 0U);
}

enum sdp_error sdp_answer(struct sdp_session *s, const struct sdp_local *l,
                          const char *body, size_t len)
{
    struct sdp_session next = *s;
    struct sdp_description d;
    struct sdp_audio a = {0};
    struct choice c = {0};
    const struct media_format *format = &c.media.format;
    enum sdp_error e;

    if (s->offering)
        return SDP_MISMATCH;
    if (sdp_read(&d, body, len))
        return SDP_BROKEN;
    e = choose(&c, &(struct sdp_session){0}, l, &d);
    if (e)
        return e;
    keep_lines(&next, &d);
    keep_numbers(&next, &c.formats);
    use_crypto(&c, s, l);
    if (c.crypto.suite != MEDIA_PLAIN)
        add_crypto(&a, s, l, c.crypto.tag, c.crypto.suite);
    next.active = c.index;
    next.media = c.media;
    next.agreed = true;
    sdp_audio_add(&a, format->recv_pt, sdp_codecs[format->codec].rtpmap,
                  sdp_codecs[format->codec].fmtp);
    if (format->recv_dtmf_pt)
        sdp_audio_add(&a, format->recv_dtmf_pt,
                      choose_dtmf(&c.formats, format->codec)->rate == 8000
                          ? "telephone-event/8000"
                          : "telephone-event/48000",
                      "0-16");
    a.ptime_ms = format->ptime_ms;
    a.direction = mirrored(c.direction);
    a.rtcp_mux = c.media.rtcp_mux;
    e = sdp_write(&next, l, &a);
    if (!e)
        *s = next;
    return e;
}

/* Payload types and the m= line of a dialog that begins with our offer. */
static void begin_dialog(struct sdp_session *s, const struct sdp_local *l)
{
    s->opus_pt = OPUS_PT;
    s->dtmf_pt = DTMF_PT;
    s->dtmf_48000_pt = DTMF_48000_PT;
    s->n_lines = 1;
    s->active = 0;
    s->lines[0] = (struct sdp_line){"audio", "RTP/AVP", "0"};
    if (l->srtp == SDP_SRTP_MANDATORY)
        s->lines[0] = (struct sdp_line){"audio", "RTP/SAVP", "0"};
}

/* Keys of an offer: those in force, or at the beginning one for each suite,
   its number being the tag. */
static void offer_crypto(struct sdp_session *s, struct sdp_audio *a,
                         const struct sdp_local *l)
{
    enum media_suite now = s->media.crypto.suite;

    if (s->agreed && now != MEDIA_PLAIN)
        add_crypto(a, s, l, now, now);
    else if (!s->agreed && (l->srtp == SDP_SRTP_MANDATORY ||
                            (l->srtp == SDP_SRTP_OPTIONAL && l->offer_keys)))
        for (uint32_t i = MEDIA_PLAIN + 1; i < MEDIA_SUITES; i++)
            add_crypto(a, s, l, i, (enum media_suite)i);
    s->keyed = a->n_crypto > 0;
}

/* The answer picks one of our keys by its tag (RFC 4568 section 5.1.3).
   Without a key of ours nothing can be encrypted, so it must not say so. */
static enum sdp_error accept_crypto(const struct sdp_session *s,
                                    struct choice *c,
                                    const struct sdp_section *section)
{
    if (!s->keyed) {
        c->crypto.suite = MEDIA_PLAIN;
        return is_secure(section) ? SDP_MISMATCH : SDP_OK;
    }
    return c->crypto.suite != MEDIA_PLAIN && c->crypto.tag != c->crypto.suite
               ? SDP_MISMATCH
               : SDP_OK;
}

enum sdp_error sdp_offer(struct sdp_session *s, const struct sdp_local *l)
{
    struct sdp_session next = *s;
    struct sdp_audio a = {.ptime_ms = PTIME_MS, .direction = SDP_SENDRECV};
    bool opus = false;
    enum sdp_error e;

    if (!next.agreed)
        begin_dialog(&next, l);
    a.rtcp_mux = next.agreed && next.media.rtcp_mux;
    for (size_t i = 0; i < l->n_codecs && i < MEDIA_CODECS; i++) {
        enum media_codec codec = l->codecs[i];
        bool is_opus = codec == MEDIA_OPUS;

        if (is_opus && !next.opus_pt)
            continue;
        opus |= is_opus;
        sdp_audio_add(&a, is_opus ? next.opus_pt : sdp_codecs[codec].pt,
                      sdp_codecs[codec].rtpmap, sdp_codecs[codec].fmtp);
    }
    if (!a.n)
        return SDP_NO_CODEC;
    if (next.dtmf_pt)
        sdp_audio_add(&a, next.dtmf_pt, "telephone-event/8000", "0-16");
    if (opus && next.dtmf_48000_pt)
        sdp_audio_add(&a, next.dtmf_48000_pt, "telephone-event/48000", "0-16");
    offer_crypto(&next, &a, l);
    next.offering = true;
    e = sdp_write(&next, l, &a);
    if (!e)
        *s = next;
    return e;
}

/* Where we receive, our own numbers hold. */
static void use_our_numbers(const struct sdp_session *s, struct choice *c)
{
    struct media_format *format = &c->media.format;
    const struct sdp_format *dtmf = choose_dtmf(&c->formats, format->codec);

    format->recv_pt = format->codec == MEDIA_OPUS
                          ? s->opus_pt
                          : sdp_codecs[format->codec].pt;
    if (dtmf)
        format->recv_dtmf_pt =
            dtmf->rate == 8000 ? s->dtmf_pt : s->dtmf_48000_pt;
    if (!format->recv_dtmf_pt)
        format->send_dtmf_pt = 0;
}

enum sdp_error sdp_accept(struct sdp_session *s, const struct sdp_local *l,
                          const char *body, size_t len)
{
    struct sdp_description d;
    struct choice c = {0};
    enum sdp_error e;

    if (!s->offering)
        return SDP_MISMATCH;
    s->offering = false;
    if (sdp_read(&d, body, len))
        return SDP_BROKEN;
    if (d.n != s->n_lines)
        return SDP_MISMATCH;
    e = take_section(&c, s, l, &d.section[s->active]);
    if (e)
        return e;
    e = accept_crypto(s, &c, &d.section[s->active]);
    if (e)
        return e;
    use_our_numbers(s, &c);
    use_crypto(&c, s, l);
    c.media.rtcp_mux &= s->agreed && s->media.rtcp_mux;
    s->media = c.media;
    s->agreed = true;
    return SDP_OK;
}

void sdp_withdraw(struct sdp_session *s)
{
    s->offering = false;
}
