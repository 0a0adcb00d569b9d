#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "call/keys.h"

static int parse(struct keys *k, const char *text)
{
    const char *why = NULL;
    int err = keys_parse(k, text, strlen(text), &why);

    assert_non_null(why);
    assert_int_equal(err != 0, why[0] != '\0');
    return err;
}

static void default_map(void **state)
{
    struct keys k;
    enum key_action a;

    assert_int_equal(parse(&k, "*6=mute,*9=hand,*1=help,*0=status"), 0);
    assert_int_equal(k.n, 4);
    assert_int_equal(keys_find(&k, "*6", &a), 0);
    assert_int_equal(a, KEY_MUTE);
    assert_int_equal(keys_find(&k, "*9", &a), 0);
    assert_int_equal(a, KEY_HAND);
    assert_int_equal(keys_find(&k, "*1", &a), 0);
    assert_int_equal(a, KEY_HELP);
    assert_int_equal(keys_find(&k, "*0", &a), 0);
    assert_int_equal(a, KEY_STATUS);
    assert_int_not_equal(keys_find(&k, "*2", &a), 0);
    assert_int_not_equal(keys_find(&k, "", &a), 0);
}

static void empty_map_binds_nothing(void **state)
{
    struct keys k;

    assert_int_equal(parse(&k, ""), 0);
    assert_int_equal(k.n, 0);
    assert_int_equal(parse(&k, "  "), 0);
    assert_int_equal(k.n, 0);
}

static void blanks_are_ignored(void **state)
{
    struct keys k;

    assert_int_equal(parse(&k, " 12345678 = mute , # =help "), 0);
    assert_int_equal(k.n, 2);
    assert_string_equal(k.map[0].sequence, "12345678");
    assert_string_equal(k.map[1].sequence, "#");
}

static void actions_may_have_several_sequences(void **state)
{
    struct keys k;

    assert_int_equal(parse(&k, "*6=mute,#6=mute"), 0);
    assert_int_equal(k.n, 2);
}

static void faults_are_told(void **state)
{
    struct keys k;
    static const char *const bad[] = {
        "*6",
        "*6=",
        "=mute",
        "*6=dance",
        "*6=Mute",
        "a=mute",
        "*6=mute,",
        ",*6=mute",
        "*6==mute",
        "* 6=mute",
        "*6=mute;*9=hand",
        "*6=mute,*6=hand",
        "123456789=mute",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_not_equal(parse(&k, bad[i]), 0);
}

static void any_bytes_are_taken(void **state)
{
    struct keys k;
    const char *why;

    assert_int_not_equal(keys_parse(&k, "*\0=mute", 7, &why), 0);
    assert_int_not_equal(keys_parse(&k, "*6=mu\0e", 7, &why), 0);
    assert_int_equal(keys_parse(&k, NULL, 0, &why), 0);
}

static void more_than_sixteen_are_too_many(void **state)
{
    struct keys k;

    assert_int_equal(parse(&k, "0=help,1=help,2=help,3=help,4=help,5=help,"
                               "6=help,7=help,8=help,9=help,00=help,"
                               "01=help,02=help,03=help,04=help,05=help"),
                     0);
    assert_int_equal(k.n, 16);
    assert_int_not_equal(
        parse(&k, "0=help,1=help,2=help,3=help,4=help,5=help,"
                  "6=help,7=help,8=help,9=help,00=help,"
                  "01=help,02=help,03=help,04=help,05=help,06=help"),
        0);
}

static void every_action_has_a_name_of_its_own(void **state)
{
    for (int a = 0; a < KEY_ACTIONS; a++) {
        assert_non_null(key_action_name((enum key_action)a));
        for (int b = 0; b < a; b++)
            assert_string_not_equal(key_action_name((enum key_action)a),
                                    key_action_name((enum key_action)b));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(default_map),
        cmocka_unit_test(empty_map_binds_nothing),
        cmocka_unit_test(blanks_are_ignored),
        cmocka_unit_test(actions_may_have_several_sequences),
        cmocka_unit_test(faults_are_told),
        cmocka_unit_test(any_bytes_are_taken),
        cmocka_unit_test(more_than_sixteen_are_too_many),
        cmocka_unit_test(every_action_has_a_name_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
