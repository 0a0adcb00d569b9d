#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "config/config.h"
#include "config/setting.h"

/* A folder with one file JIGASI_SIP_PASSWORD in it. */
struct box {
    char dir[40];
    char path[80];
    struct config cfg;
    char *told;
    size_t len;
};

static int box_setup(void **state)
{
    struct box *b = calloc(1, sizeof(*b));

    snprintf(b->dir, sizeof(b->dir), "/tmp/jigate-unit-XXXXXX");
    if (!mkdtemp(b->dir))
        return -1;
    snprintf(b->path, sizeof(b->path), "%s/JIGASI_SIP_PASSWORD", b->dir);
    *state = b;
    return 0;
}

static int box_teardown(void **state)
{
    struct box *b = *state;

    unlink(b->path);
    rmdir(b->dir);
    config_reset(&b->cfg);
    free(b->told);
    free(b);
    return 0;
}

static void put(struct box *b, const char *text, size_t len)
{
    FILE *f = fopen(b->path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    fclose(f);
}

static int load(struct box *b, const char *one, const char *two)
{
    char *env[] = {"FREESWITCH_REGISTRATION_PASSWORD=x7rTq21LmWz",
                   "FREESWITCH_EXTERNAL_IP=127.0.0.1",
                   "JIGATE_SOUNDS_DIR=" TEST_SOUNDS,
                   (char *)one,
                   (char *)two,
                   NULL};
    FILE *out;
    int err;

    free(b->told);
    config_reset(&b->cfg);
    out = open_memstream(&b->told, &b->len);
    err = config_load(&b->cfg, NULL, env, out);
    fclose(out);
    return err;
}

static void a_secret_comes_from_its_file(void **state)
{
    struct box *b = *state;
    char named[120], dir[120];

    snprintf(named, sizeof(named), "JIGASI_SIP_PASSWORD_FILE=%s", b->path);
    snprintf(dir, sizeof(dir), "CREDENTIALS_DIRECTORY=%s", b->dir);
    put(b, "s3cretOfMine\n", 13);
    assert_int_equal(load(b, named, NULL), 0);
    assert_string_equal(b->cfg.jigasi_password, "s3cretOfMine");
    assert_int_equal(load(b, dir, NULL), 0);
    assert_string_equal(b->cfg.jigasi_password, "s3cretOfMine");
    put(b, "s3cretOfMine", 12);
    assert_int_equal(load(b, named, NULL), 0);
    assert_string_equal(b->cfg.jigasi_password, "s3cretOfMine");
}

static void two_sources_of_a_secret_are_a_fault(void **state)
{
    struct box *b = *state;
    char named[120], dir[120];

    snprintf(named, sizeof(named), "JIGASI_SIP_PASSWORD_FILE=%s", b->path);
    snprintf(dir, sizeof(dir), "CREDENTIALS_DIRECTORY=%s", b->dir);
    put(b, "s3cretOfMine\n", 13);
    assert_int_equal(load(b, named, "JIGASI_SIP_PASSWORD=t4ken2wice"), EINVAL);
    assert_non_null(strstr(b->told, "both set"));
    assert_int_equal(load(b, dir, "JIGASI_SIP_PASSWORD=t4ken2wice"), EINVAL);
    assert_non_null(strstr(b->told, "credential"));
    assert_int_equal(load(b, named, "JIGASI_SIP_PASSWORD="), 0);
}

static void unusable_secret_files_are_told(void **state)
{
    struct box *b = *state;
    static const struct {
        const char *text;
        size_t len;
        const char *told;
    } row[] = {
        {"", 0, "empty"},
        {"\n", 1, "empty"},
        {"abcdefgh1\0x", 11, "NUL"},
        {"abcdefgh1\n\n", 11, "control"},
    };
    char named[120];

    snprintf(named, sizeof(named), "JIGASI_SIP_PASSWORD_FILE=%s", b->path);
    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        put(b, row[i].text, row[i].len);
        assert_int_equal(load(b, named, NULL), EINVAL);
        assert_non_null(strstr(b->told, "error: JIGASI_SIP_PASSWORD"));
        assert_non_null(strstr(b->told, row[i].told));
        assert_null(strstr(b->told, "abcdefgh1"));
    }
    unlink(b->path);
    assert_int_equal(load(b, named, NULL), EINVAL);
    assert_non_null(strstr(b->told, "No such file"));
}

static void a_huge_secret_file_is_refused(void **state)
{
    struct box *b = *state;
    char named[120], *text = malloc(100000);

    snprintf(named, sizeof(named), "JIGASI_SIP_PASSWORD_FILE=%s", b->path);
    memset(text, 'x', 100000);
    put(b, text, 100000);
    free(text);
    assert_int_equal(load(b, named, NULL), EINVAL);
    assert_non_null(strstr(b->told, "longer than 4096 bytes"));
}

static void guessable_passwords_are_refused_and_never_shown(void **state)
{
    struct box *b = *state;
    static const char *const bad[] = {
        "JIGASI_SIP_PASSWORD=password",   "JIGASI_SIP_PASSWORD=Password1",
        "JIGASI_SIP_PASSWORD=secret",     "JIGASI_SIP_PASSWORD=changeme",
        "JIGASI_SIP_PASSWORD=jigasi",     "JIGASI_SIP_PASSWORD=JIGASI",
        "JIGASI_SIP_PASSWORD=1234",       "JIGASI_SIP_PASSWORD=1234567890",
        "JIGASI_SIP_PASSWORD=ClueCon",    "JIGASI_SIP_PASSWORD=zzzzzzzzzz",
        "JIGASI_SIP_PASSWORD=q8Zr2pA",    "JIGASI_SIP_PASSWORD=87654321",
        "JIGASI_SIP_PASSWORD=abcdefghij",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        const char *value = strchr(bad[i], '=') + 1;
        const char *at;

        assert_int_equal(load(b, bad[i], NULL), EINVAL);
        at = strstr(b->told, "error: JIGASI_SIP_PASSWORD");
        assert_non_null(at);
        at = strstr(at, "but ");
        assert_non_null(at);
        at += strcspn(at, ";"); /* behind what is wrong with it */
        assert_null(strstr(at, value));
        assert_null(strstr(b->told, bad[i]));
    }
}

static void the_user_name_is_no_password(void **state)
{
    assert_non_null(secret_weakness("telephone-7", "Telephone-7"));
    assert_null(secret_weakness("telephone-7", "bob"));
    assert_null(secret_weakness("0f8d1c7b22aa4be0", "jigasi"));
}

static void esl_default_password_is_refused(void **state)
{
    struct box *b = *state;

    assert_int_equal(
        load(b, "JIGATE_ENGINE=freeswitch", "FREESWITCH_ESL_PASSWORD=ClueCon"),
        EINVAL);
    assert_non_null(strstr(b->told, "error: FREESWITCH_ESL_PASSWORD"));
    assert_null(strstr(b->told, "ClueCon"));
}

static void a_provider_may_give_a_weak_password(void **state)
{
    struct box *b = *state;

    assert_int_equal(
        load(b, "JIGASI_SIP_PASSWORD=s3cretOfMine", "SIPGW_SIP_PASSWORD=1234"),
        0);
    assert_string_equal(b->cfg.trunk_password, "1234");
}

#define BOX_TEST(f) cmocka_unit_test_setup_teardown(f, box_setup, box_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOX_TEST(a_secret_comes_from_its_file),
        BOX_TEST(two_sources_of_a_secret_are_a_fault),
        BOX_TEST(unusable_secret_files_are_told),
        BOX_TEST(a_huge_secret_file_is_refused),
        BOX_TEST(guessable_passwords_are_refused_and_never_shown),
        BOX_TEST(the_user_name_is_no_password),
        BOX_TEST(esl_default_password_is_refused),
        BOX_TEST(a_provider_may_give_a_weak_password),
    };

    return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
