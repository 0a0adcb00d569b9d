#include <stdio.h>
#include <string.h>

#include "base/slice.h"
#include "engine/freeswitch/fs.h"

#define EVERY "caller,opus,g722,pcmu,pcma"

/* As FreeSWITCH writes them in "module.PCMU@8000h@20i@64000b,…". */
static const char *const known[] = {"OPUS", "G722", "PCMU", "PCMA"};

enum { N_KNOWN = sizeof(known) / sizeof(known[0]) };

void fs_codecs_learn(struct fs_leg *leg, const struct esl_event *ev)
{
    char list[1024];
    const char *first = NULL;

    if (!esl_event_get(ev, "Channel-Write-Codec-Name", list, sizeof(list)))
        esl_event_get(ev, "variable_ep_codec_string", list, sizeof(list));
    leg->codec[0] = '\0';
    for (size_t i = 0; i < N_KNOWN; i++) {
        const char *p = strcasestr(list, known[i]);

        if (p && (!first || p < first)) {
            first = p;
            slice_copy(slice_of(known[i]), leg->codec, sizeof(leg->codec));
        }
    }
}

static bool lists(const char *list, const char *name)
{
    struct slice rest = slice_of(list);

    while (rest.len)
        if (slice_is_nocase(slice_split(&rest, ','), name))
            return true;
    return false;
}

static void add(char out[static FS_CODECS_MAX], const char *name)
{
    size_t n = strlen(out);

    if (!strstr(out, name))
        snprintf(out + n, FS_CODECS_MAX - n, "%s%s", n ? "," : "", name);
}

void fs_codecs(char out[static FS_CODECS_MAX], const char *setting,
               const struct fs_leg *participant)
{
    const char *list = participant && participant->jigasi ? EVERY : setting;
    struct slice rest = slice_of(list);

    out[0] = '\0';
    if (participant && *participant->codec && lists(list, "caller") &&
        lists(list, participant->codec))
        add(out, participant->codec);
    while (rest.len) {
        struct slice name = slice_split(&rest, ',');

        for (size_t i = 0; i < N_KNOWN; i++)
            if (slice_is_nocase(name, known[i]))
                add(out, known[i]);
    }
}
