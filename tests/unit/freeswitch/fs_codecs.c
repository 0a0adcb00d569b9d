#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/freeswitch/fs.h"

#define SPEAKS(name, ...)                                                     \
    {                                                                         \
        .codec = MEDIA_##name, .codec_known = true, __VA_ARGS__               \
    }

static void offers_follow_the_setting(void **state)
{
    static const struct {
        const char *setting;
        struct fs_leg leg;
        const char *offer;
    } cases[] = {
        {"caller,opus,pcmu,pcma", SPEAKS(PCMA), "PCMA,OPUS,PCMU"},
        {"opus,pcmu,caller", SPEAKS(PCMU), "PCMU,OPUS"},
        {"opus,pcmu", SPEAKS(PCMU), "OPUS,PCMU"},
        {"caller,opus", SPEAKS(G722), "OPUS"},
        {"caller,opus,g722", SPEAKS(G722), "G722,OPUS"},
        {"caller,opus,opus,OPUS,Opus,pcmu", {0}, "OPUS,PCMU"},
        {"opus", SPEAKS(PCMU, .jigasi = true), "PCMU,OPUS,G722,PCMA"},
        {"opus", {.jigasi = true}, "OPUS,G722,PCMU,PCMA"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct codec_policy policy;
        char out[FS_CODECS_MAX];

        codec_policy_parse(&policy, cases[i].setting);
        fs_codecs(out, &policy, &cases[i].leg);
        assert_string_equal(out, cases[i].offer);
    }
}

static void nobody_is_dialled_for(void **state)
{
    struct codec_policy policy;
    char out[FS_CODECS_MAX];

    (void)state;
    codec_policy_parse(&policy, "caller,pcmu,opus");
    fs_codecs(out, &policy, NULL);
    assert_string_equal(out, "PCMU,OPUS");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offers_follow_the_setting),
        cmocka_unit_test(nobody_is_dialled_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
