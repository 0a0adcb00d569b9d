#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "engine/sdp/codec_policy.h"

/* Codecs as letters: u, a, o, g. */
static const char *letters(const struct sdp_local *l)
{
    static char text[MEDIA_CODECS + 1];

    memset(text, 0, sizeof(text));
    for (size_t i = 0; i < l->n_codecs; i++)
        text[i] = "uaog"[l->codecs[i]];
    return text;
}

static void jigasi_is_offered_what_the_setting_says(void **state)
{
    static const enum media_codec codecs[] = {MEDIA_PCMU, MEDIA_PCMA,
                                              MEDIA_OPUS, MEDIA_G722};
    static const struct {
        const char *text;
        int caller; /* of codecs; -1: not known yet */
        const char *offered;
    } row[] = {
        {"caller,opus,pcmu,pcma", -1, "oua"},
        {"caller,opus,pcmu,pcma", 0, "uoa"},
        {"caller,opus,pcmu,pcma", 1, "aou"},
        {"caller,opus,pcmu,pcma", 2, "oua"},
        {"caller,opus,pcmu,pcma", 3, "oua"}, /* never G.722 by itself */
        {"opus,pcmu", 0, "ou"},
        {"opus", 1, "o"},
        {"Caller,G722,opus", 3, "go"},
        {"opus,opus,pcmu", 0, "ou"},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct codec_policy p;
        struct sdp_local l = {0};

        codec_policy_parse(&p, row[i].text);
        codec_policy_jigasi(
            &p, row[i].caller < 0 ? NULL : &codecs[row[i].caller], &l);
        assert_string_equal(letters(&l), row[i].offered);
        assert_int_equal(l.n_preferred, l.n_codecs);
    }
}

static void phones_may_speak_all_but_what_passes_goes_first(void **state)
{
    struct codec_policy p;
    struct sdp_local l = {0};

    codec_policy_parse(&p, "caller,opus,pcmu,pcma");
    codec_policy_phone(&p, &l);
    assert_string_equal(letters(&l), "ouag");
    assert_int_equal(l.n_preferred, 3);
    /* Jigasi will speak Opus whatever the phone has: the phone's best then */
    codec_policy_parse(&p, "opus,pcmu");
    codec_policy_phone(&p, &l);
    assert_string_equal(letters(&l), "ouga");
    assert_int_equal(l.n_preferred, 1);
    codec_policy_first(&l, MEDIA_PCMA);
    assert_string_equal(letters(&l), "aoug");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jigasi_is_offered_what_the_setting_says),
        cmocka_unit_test(phones_may_speak_all_but_what_passes_goes_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
