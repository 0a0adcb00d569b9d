#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "call/dialout.h"

static void numbers_as_people_write_them(void **state)
{
    static const struct {
        const char *typed, *number;
    } good[] = {
        {"+49301234", "+49301234"},
        {"030/12 34-56", "030123456"},
        {"(030).1", "0301"},
        {"-+49", "+49"},
        {"*72", "*72"},
        {"0", "0"},
        {"+1*2", "+1*2"},
        {"12345678901234567890123456789012",
         "12345678901234567890123456789012"},
    };
    char out[DIALOUT_NUMBER_SIZE];

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(dialout_number(out, slice_of(good[i].typed)), 0);
        assert_string_equal(out, good[i].number);
    }
}

static void other_text_is_no_number(void **state)
{
    static const char *const bad[] = {
        "",         "+",
        "*",        "-",
        "a",        "1a",
        "1+",       "++1",
        "1#",       "1,2",
        "1;x=y",    "1@b",
        "${1}",     "1\n",
        "1\r",      "1\t",
        "1%20",     "1'",
        "1\"",      "1|2",
        "\xd9\xa1", "123456789012345678901234567890123"};
    char out[DIALOUT_NUMBER_SIZE];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_not_equal(dialout_number(out, slice_of(bad[i])), 0);
        assert_string_equal(out, "");
    }
    assert_int_not_equal(dialout_number(out, (struct slice){"1\0"
                                                            "2",
                                                            3}),
                         0);
}

static void prefixes_permit(void **state)
{
    assert_true(dialout_allowed("+49", "+49301"));
    assert_true(dialout_allowed("+49", "+49"));
    assert_true(dialout_allowed("+43,+49 , 030", "0301"));
    assert_true(dialout_allowed("+43 +49", "+491"));
    assert_false(dialout_allowed("", "1"));
    assert_false(dialout_allowed(" , ", "1"));
    assert_false(dialout_allowed("+49", "0049301"));
    assert_false(dialout_allowed("+49", "49301"));
    assert_false(dialout_allowed("+491", "+49"));
    assert_false(dialout_allowed("+43,+49", "3,+49"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_as_people_write_them),
        cmocka_unit_test(other_text_is_no_number),
        cmocka_unit_test(prefixes_permit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
