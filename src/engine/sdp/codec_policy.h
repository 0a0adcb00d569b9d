/**
 * Which codecs a leg may speak: JIGATE_JIGASI_CODECS toward Jigasi, and
 * toward phones what lets audio pass through as it comes where that can be.
 */
#ifndef ENGINE_SDP_CODEC_POLICY_H
#define ENGINE_SDP_CODEC_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/sdp/sdp.h"

struct codec_policy {
    bool caller; /* the caller's codec comes first if it is one of … */
    enum media_codec codecs[MEDIA_CODECS]; /* … these, for Jigasi */
    size_t n;
};

/** Read the setting's text: names separated by commas, checked already.
 *  Unknown ones are left out. */
void codec_policy_parse(struct codec_policy *p, const char *text);

/** What a phone may speak: all codecs. Those that Jigasi takes as well go
 *  before others, whatever the phone's order. */
void codec_policy_phone(const struct codec_policy *p, struct sdp_local *l);

/** What Jigasi may speak when the other leg speaks this codec; other is NULL
 *  when that is not known yet. */
void codec_policy_jigasi(const struct codec_policy *p,
                         const enum media_codec *other, struct sdp_local *l);

/** Put one codec before all others; it joins them where it was not there. */
void codec_policy_first(struct sdp_local *l, enum media_codec first);

#endif
