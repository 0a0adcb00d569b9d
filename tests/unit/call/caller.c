#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "call/caller.h"

static void modes(void **state)
{
    static const struct {
        enum config_caller_name mode;
        const char *name, *number, *expected;
    } rows[] = {
        {CONFIG_NAME_FULL, "Alice", "4711", "Alice"},
        {CONFIG_NAME_FULL, "", "4711", "4711"},
        {CONFIG_NAME_FULL, "", "", "Phone"},
        {CONFIG_NAME_FULL, "  Zoë  ", "", "Zoë"},
        {CONFIG_NAME_FULL, "\r\n\t", "", "Phone"},
        {CONFIG_NAME_FULL, "\r\n\t", "1", "1"},
        {CONFIG_NAME_FULL,
         "\x01 A\x7f"
         "B \x02",
         "", "AB"},
        {CONFIG_NAME_FULL, "\xff\xfe", "\xff", "Phone"},
        {CONFIG_NAME_NUMBER, "Alice", "4711", "4711"},
        {CONFIG_NAME_NUMBER, "Alice", "", "Phone"},
        {CONFIG_NAME_NONE, "Alice", "4711", "Phone"},
        {CONFIG_NAME_MASKED, "Alice", "+49301234567", "Alice"},
        {CONFIG_NAME_MASKED, "", "+49301234567", "+49******567"},
        {CONFIG_NAME_MASKED, "Bob 030/123 45 67", "", "Bob 03*/*** *5 67"},
        {CONFIG_NAME_MASKED, "", "123456", "12*456"},
        {CONFIG_NAME_MASKED, "", "12345", "12345"}, /* an extension */
        {CONFIG_NAME_MASKED, "Room 12", "", "Room 12"},
        {CONFIG_NAME_MASKED, "", "", "Phone"},
    };
    char out[CALLER_NAME_SIZE];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        caller_name(out, rows[i].mode, rows[i].name, rows[i].number);
        assert_string_equal(out, rows[i].expected);
    }
}

static void bounded_at_a_characters_edge(void **state)
{
    char name[300], out[CALLER_NAME_SIZE];

    memset(name, 'x', sizeof(name));
    for (int i = 1; i + 1 < 299; i += 2)
        memcpy(name + i, "ä", 2);
    name[299] = '\0';
    caller_name(out, CONFIG_NAME_FULL, name, "");
    assert_true(strlen(out) < CALLER_NAME_SIZE);
    assert_int_equal(strlen(out), 63); /* x and 31 of ä */
}

static void long_numbers_are_masked_in_place(void **state)
{
    char number[300], out[CALLER_NAME_SIZE];

    memset(number, '7', sizeof(number));
    number[299] = '\0';
    caller_name(out, CONFIG_NAME_MASKED, "", number);
    assert_int_equal(strspn(out, "7"), 2);
    assert_int_equal(strlen(out), CALLER_NAME_SIZE - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modes),
        cmocka_unit_test(bounded_at_a_characters_edge),
        cmocka_unit_test(long_numbers_are_masked_in_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
