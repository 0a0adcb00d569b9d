#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/freeswitch/fs.h"

static void offers_follow_the_setting(void **state)
{
    static const struct {
        const char *setting, *codec;
        bool jigasi;
        const char *offer;
    } cases[] = {
        {"caller,opus,pcmu,pcma", "PCMA", false, "PCMA,OPUS,PCMU"},
        {"opus,pcmu,caller", "PCMU", false, "PCMU,OPUS"},
        {"opus,pcmu", "PCMU", false, "OPUS,PCMU"},
        {"caller,opus", "G722", false, "OPUS"},
        {"caller,opus,g722", "G722", false, "G722,OPUS"},
        {"caller,opus,opus,OPUS,Opus,pcmu", "", false, "OPUS,PCMU"},
        {"opus", "PCMU", true, "PCMU,OPUS,G722,PCMA"},
        {"opus", "", true, "OPUS,G722,PCMU,PCMA"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fs_leg leg = {.jigasi = cases[i].jigasi};
        char out[FS_CODECS_MAX];

        slice_copy(slice_of(cases[i].codec), leg.codec, sizeof(leg.codec));
        fs_codecs(out, cases[i].setting, &leg);
        assert_string_equal(out, cases[i].offer);
    }
}

static void nobody_is_dialled_for(void **state)
{
    char out[FS_CODECS_MAX];

    (void)state;
    fs_codecs(out, "caller,pcmu,opus", NULL);
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
