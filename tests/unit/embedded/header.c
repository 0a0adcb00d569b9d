#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "engine/embedded/header.h"

static void display_names_are_unquoted_and_cleaned(void **state)
{
    static const struct {
        const char *raw, *name;
    } rows[] = {
        {NULL, ""},
        {"", ""},
        {"\"\"", ""},
        {"Anna Example ", "Anna Example"},
        {"  \"Anna \\\"A\\\" \\\\\" ", "Anna \"A\" \\"},
        {"\"open", "open"},
        {"\"end\\", "end\\"},
        {"\"a\" b", "a"},
        {"\"Z\xc3\xb6"
         "e\x01\xff\"",
         "Z\xc3\xb6"
         "e"},
        {"\"\xe2\x80\xae"
         "evil\"",
         "evil"},
    };
    char out[HEADER_NAME_MAX];

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        header_display_get(rows[i].raw, out, sizeof(out));
        assert_string_equal(out, rows[i].name);
    }
}

static void long_names_are_cut_between_characters(void **state)
{
    char raw[2000], out[HEADER_NAME_MAX];

    memset(raw, 0, sizeof(raw));
    for (size_t i = 0; i + 3 < sizeof(raw); i += 3)
        memcpy(raw + i, "\xe2\x82\xac", 3);
    header_display_get(raw, out, sizeof(out));
    assert_int_equal(strlen(out), 63);
    header_quote(raw, out, 16);
    assert_string_equal(out, "\"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
                             "\xe2\x82\xac\"");
}

static void quoting_cannot_be_broken_out_of(void **state)
{
    char out[64];

    header_quote("a\"b\\c\r\nd\x7f", out, sizeof(out));
    assert_string_equal(out, "\"a\\\"b\\\\cd\"");
    header_quote("\"\"\"\"", out, 6);
    assert_string_equal(out, "\"\\\"\"");
    header_quote("x", out, 2);
    assert_string_equal(out, "");
}

static void only_fit_text_goes_into_headers(void **state)
{
    assert_true(header_text_ok(""));
    assert_true(header_text_ok("room@muc.meet.jitsi \xc3\xb6"));
    assert_false(header_text_ok("a\r\nX: y"));
    assert_false(header_text_ok("a\tb"));
    assert_false(header_text_ok("\xff"));
    assert_true(header_token_ok("X-Room-Name"));
    assert_false(header_token_ok(""));
    assert_false(header_token_ok("X Room"));
    assert_false(header_token_ok("X:"));
    assert_false(header_token_ok("R\xc3\xa4um"));
}

static void user_parts_are_decoded_to_bytes(void **state)
{
    char out[16];

    assert_int_equal(header_user_decode(NULL, out, sizeof(out)), 0);
    assert_int_equal(header_user_decode("a%00%zz%4", out, sizeof(out)), 7);
    assert_memory_equal(out, "a\0%zz%4", 7);
    assert_int_equal(header_user_decode("%41%42%43", out, 3), 2);
    assert_string_equal(out, "AB");
}

static void reasons_are_composed(void **state)
{
    char out[128];

    header_reason_put(480, "", out, sizeof(out));
    assert_string_equal(out, "SIP;cause=480");
    header_reason_put(408, "say \"no\"", out, sizeof(out));
    assert_string_equal(out, "SIP;cause=408;text=\"say \\\"no\\\"\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(display_names_are_unquoted_and_cleaned),
        cmocka_unit_test(long_names_are_cut_between_characters),
        cmocka_unit_test(quoting_cannot_be_broken_out_of),
        cmocka_unit_test(only_fit_text_goes_into_headers),
        cmocka_unit_test(user_parts_are_decoded_to_bytes),
        cmocka_unit_test(reasons_are_composed),
    };

    return cmocka_run_group_tests_name("header", tests, NULL, NULL);
}
