#include <stdio.h>
#include <string.h>

#include "engine/freeswitch/fs.h"

/* As FreeSWITCH writes them in "module.PCMU@8000h@20i@64000b,…". */
static const char *const names[MEDIA_CODECS] = {
    [MEDIA_PCMU] = "PCMU",
    [MEDIA_PCMA] = "PCMA",
    [MEDIA_OPUS] = "OPUS",
    [MEDIA_G722] = "G722",
};

static const struct codec_policy participants = {
    .caller = true,
    .codecs = {MEDIA_OPUS, MEDIA_G722, MEDIA_PCMU, MEDIA_PCMA},
    .n = MEDIA_CODECS,
};

void fs_codecs_learn(struct fs_leg *leg, const struct esl_event *ev)
{
    char list[1024];
    const char *first = NULL;

    if (!esl_event_get(ev, "Channel-Write-Codec-Name", list, sizeof(list)))
        esl_event_get(ev, "variable_ep_codec_string", list, sizeof(list));
    for (int c = 0; c < MEDIA_CODECS; c++) {
        const char *p = strcasestr(list, names[c]);

        if (p && (!first || p < first)) {
            first = p;
            leg->codec = (enum media_codec)c;
        }
    }
    leg->codec_known = first != NULL;
}

void fs_codecs(char out[static FS_CODECS_MAX],
               const struct codec_policy *jigasi,
               const struct fs_leg *participant)
{
    bool to_participant = participant && participant->jigasi;
    bool known = participant && participant->codec_known;
    struct sdp_local l;
    size_t n = 0;

    codec_policy_jigasi(to_participant ? &participants : jigasi,
                        known ? &participant->codec : NULL, &l);
    for (size_t i = 0; i < l.n_codecs; i++)
        n += (size_t)snprintf(out + n, FS_CODECS_MAX - n, "%s%s", i ? "," : "",
                              names[l.codecs[i]]);
}

void fs_codecs_steady(struct fs_leg *leg, struct fs_leg *peer)
{
    struct fs_leg *jigasi = leg->jigasi ? leg : peer;
    const struct fs_leg *participant = leg->jigasi ? peer : leg;

    if (jigasi->steady || !participant->codec_known ||
        participant->codec != MEDIA_G722)
        return;
    jigasi->steady = true;
    fs_leg_send(jigasi, NULL, 0, "uuid_displace", jigasi->uuid, "start",
                FS_SILENCE, "0", "mr", NULL);
}
