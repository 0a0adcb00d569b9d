#include "engine/sdp/codec_policy.h"

#include <string.h>

#include "base/slice.h"

static const char *const names[MEDIA_CODECS] = {
    [MEDIA_PCMU] = "pcmu",
    [MEDIA_PCMA] = "pcma",
    [MEDIA_OPUS] = "opus",
    [MEDIA_G722] = "g722",
};

static bool holds(const enum media_codec *list, size_t n, enum media_codec c)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == c)
            return true;
    return false;
}

static void add(enum media_codec list[MEDIA_CODECS], size_t *n,
                enum media_codec c)
{
    if (!holds(list, *n, c))
        list[(*n)++] = c;
}

void codec_policy_parse(struct codec_policy *p, const char *text)
{
    struct slice rest = slice_of(text);

    memset(p, 0, sizeof(*p));
    while (rest.len) {
        struct slice name = slice_split(&rest, ',');

        p->caller |= slice_is_nocase(name, "caller");
        for (int c = 0; c < MEDIA_CODECS; c++)
            if (slice_is_nocase(name, names[c]))
                add(p->codecs, &p->n, (enum media_codec)c);
    }
}

void codec_policy_phone(const struct codec_policy *p, struct sdp_local *l)
{
    l->n_codecs = 0;
    for (size_t i = 0; i < p->n; i++)
        add(l->codecs, &l->n_codecs, p->codecs[i]);
    l->n_preferred = p->caller ? p->n : 1;
    add(l->codecs, &l->n_codecs, MEDIA_G722);
    add(l->codecs, &l->n_codecs, MEDIA_OPUS);
    add(l->codecs, &l->n_codecs, MEDIA_PCMU);
    add(l->codecs, &l->n_codecs, MEDIA_PCMA);
}

void codec_policy_first(struct sdp_local *l, enum media_codec first)
{
    enum media_codec was[MEDIA_CODECS];
    size_t n = l->n_codecs;

    memcpy(was, l->codecs, sizeof(was));
    l->n_codecs = 0;
    add(l->codecs, &l->n_codecs, first);
    for (size_t i = 0; i < n; i++)
        add(l->codecs, &l->n_codecs, was[i]);
}

void codec_policy_jigasi(const struct codec_policy *p,
                         const enum media_codec *other, struct sdp_local *l)
{
    memcpy(l->codecs, p->codecs, sizeof(l->codecs));
    l->n_codecs = p->n;
    l->n_preferred = p->n;
    if (other && p->caller && holds(p->codecs, p->n, *other))
        codec_policy_first(l, *other);
}
