#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/freeswitch/esl_command.h"
#include "engine/freeswitch/esl_event.h"

static struct esl_command cmd;

/* FreeSWITCH's list parser (switch_separate_string), written from what it
   is observed to do: splits at a delimiter outside quotes (the last part not
   any more), takes quotes away, and reads a backslash before a quote, a
   backslash, the delimiter (but a blank), n, r, t and s. */
static char *next_part(char **rest, char delimiter, bool last)
{
    char *start = *rest, *in = start, *out = start;
    bool quoted = false;

    if (!start)
        return NULL;
    *rest = NULL;
    for (; *in; in++) {
        if (*in == '\\' && in[1] && strchr("'\"\\nrts", in[1])) {
            static const char from[] = "nrts", to[] = "\n\r\t ";
            const char *p = strchr(from, *++in);

            *out++ = p ? to[p - from] : *in;
        } else if (*in == '\\' && in[1] == delimiter && delimiter != ' ') {
            *out++ = *++in;
        } else if (*in == '\'') {
            quoted = !quoted;
        } else if (*in == delimiter && !quoted && !last) {
            *rest = in + 1;
            break;
        } else {
            *out++ = *in;
        }
    }
    *out = '\0';
    return start;
}

/* The value of a variable as FreeSWITCH would set it. */
static const char *read_back(const char *name)
{
    static char text[ESL_COMMAND_MAX];
    char *rest = text, *vars, *var;

    snprintf(text, sizeof(text), "%s", cmd.text + strlen("bgapi originate "));
    *strchr(text, '\n') = '\0';
    vars = next_part(&rest, ' ', false);
    assert_true(vars[0] == '{');
    *strchr(vars, '}') = '\0';
    vars++;
    while ((var = next_part(&vars, ',', false))) {
        char *value = var, *key = next_part(&value, '=', false);

        if (!strcmp(key, name))
            return value ? next_part(&value, '=', true) : "";
    }
    return NULL;
}

static int originate(const char *value)
{
    const struct engine_header headers[] = {{"X-Room-Name", value},
                                            {"X-After", "after"}};
    const struct esl_variable variables[] = {{"first", "1"}};
    const struct esl_originate o = {
        .variables = variables,
        .n_variables = 1,
        .headers = headers,
        .n_headers = 2,
        .profile = "internal",
        .uri = "sip:jigasi@127.0.0.2:5090;transport=tcp",
    };

    return esl_command_originate(&cmd, "job-1", &o);
}

static void words_make_a_line(void **state)
{
    const char *const words[] = {"uuid_kill", "1-2", "USER_BUSY"};
    char line[64];

    assert_int_equal(esl_line(line, sizeof(line), words, 3), 0);
    assert_string_equal(line, "uuid_kill 1-2 USER_BUSY");
    assert_int_equal(esl_line(line, 10, words, 3), EOVERFLOW);
    assert_int_equal(esl_command_bgapi(&cmd, "j-1", "uuid_kill 1-2"), 0);
    assert_string_equal(cmd.text, "bgapi uuid_kill 1-2\nJob-UUID: j-1\n\n");
}

static void what_is_no_word_makes_no_line(void **state)
{
    static const char *const bad[] = {"",    "a b", "a\nb", "a\rb",    "a'b",
                                      "a\"", "a\\", "${x}", "{a",      "a|b",
                                      "a<",  "\t",  "\x7f", "\xc3\xa4"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *const words[] = {"x", bad[i]};
        char line[64];

        assert_int_equal(esl_line(line, sizeof(line), words, 2), EINVAL);
        assert_string_equal(line, "");
    }
    assert_int_not_equal(esl_command_bgapi(&cmd, "j", "a\nb"), 0);
    assert_int_not_equal(esl_command_bgapi(&cmd, "j\n", "a"), 0);
}

static void values_arrive_exactly_or_not_at_all(void **state)
{
    static const char *const good[] = {
        "room",
        "stra\xc3\x9f"
        "e_1-2+~!",
        "a b",
        " a ",
        "a,b=c",
        "O'Brien",
        "a\\b",
        "\\",
        "say \"hi\"",
        "'",
        "''",
        "a\\'b\\,c\\=",
        "^^:a",
        "\\s\\n",
        "a;b|c&",
        "<sip:x>",
        "$1,000 & up",
        "x,origination_uuid=evil",
        "[a]",
        "a  b",
    };
    static const char *const bad[] = {"a{b",  "a}b",   "${system(id)}", "a\nb",
                                      "a\rb", "a:_:b", "\x01"};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(originate(good[i]), 0);
        assert_string_equal(read_back("sip_h_X-Room-Name"), good[i]);
        assert_string_equal(read_back("sip_h_X-After"), "after");
        assert_string_equal(read_back("first"), "1");
        assert_null(read_back("origination_uuid"));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(originate(bad[i]), EINVAL);
}

static void an_address_that_could_be_two_is_refused(void **state)
{
    static const char *const bad[] = {
        "",          "jigasi@1.2.3.4",    "sip:a@b,sofia/x/y", "sip:a b",
        "sip:a|b",   "sip:a\nb",          "sip:'a'",           "[x=y]sip:a",
        "sip:&p(x)", "sip:a:_:sofia/x/y",
    };
    struct esl_originate o = {.profile = "internal"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        o.uri = bad[i];
        assert_int_equal(esl_command_originate(&cmd, "j", &o), EINVAL);
    }
    o.uri = "sip:jigasi@[::1]:5090;fs_path=sip%3A1.2.3.4%3Blr";
    assert_int_equal(esl_command_originate(&cmd, "j", &o), 0);
}

static void an_info_body_goes_as_it_is(void **state)
{
    const char body[] = "{\"t\":14,\"d\":\"O'B \\\\ \\\"x\\\"\"}\n\nbgapi x";
    char end[sizeof(body) + 64];

    assert_int_equal(esl_command_info(&cmd, "internal", "a b@c",
                                      "application/json", body, strlen(body)),
                     0);
    snprintf(end, sizeof(end), "\ncontent-length: %zu\n\n%s", strlen(body),
             body);
    assert_string_equal(cmd.text + cmd.len - strlen(end), end);
    assert_int_equal(esl_command_info(&cmd, "internal", "a\nb", "a/b", "", 0),
                     EINVAL);
    assert_int_equal(esl_command_info(&cmd, "internal", "", "a/b", "", 0),
                     EINVAL);
    assert_int_equal(esl_command_info(&cmd, "internal", "a", "a\n", "", 0),
                     EINVAL);
}

static void applications_get_their_argument_as_a_body(void **state)
{
    assert_int_equal(
        esl_command_execute(&cmd, "u-1", "respond", "503 Busy", "e-1"), 0);
    assert_string_equal(cmd.text,
                        "sendmsg u-1\ncall-command: execute\n"
                        "execute-app-name: respond\nEvent-UUID: e-1\n"
                        "content-type: text/plain\ncontent-length: 8\n\n"
                        "503 Busy");
    assert_int_equal(esl_command_execute(&cmd, "u-1", "a", "x\ny", "e"),
                     EINVAL);
    assert_int_equal(esl_command_execute(&cmd, "u 1", "a", "", "e"), EINVAL);
}

static void a_password_is_one_line(void **state)
{
    assert_int_equal(esl_command_auth(&cmd, "s3 cret'\"\\"), 0);
    assert_string_equal(cmd.text, "auth s3 cret'\"\\\n\n");
    assert_int_equal(esl_command_auth(&cmd, "a\n\nevent"), EINVAL);
}

static void the_subscription_is_narrow(void **state)
{
    const char *const custom[] = {"sofia::register"};

    assert_int_equal(esl_command_events(&cmd, custom, 1), 0);
    assert_non_null(strstr(cmd.text, " DTMF "));
    assert_non_null(strstr(cmd.text, " CUSTOM sofia::register\n\n"));
    assert_null(strstr(cmd.text, " all"));
}

static void encoded_text_is_decoded_again(void **state)
{
    const char text[] = "v=1&s=a b%\xc3\xa4\n";
    char out[64], back[64];

    assert_int_equal(esl_encode(text, strlen(text), out, sizeof(out)), 0);
    assert_true(esl_is_word(out));
    assert_true(esl_decode(slice_of(out), back, sizeof(back), NULL));
    assert_string_equal(back, text);
    assert_int_equal(esl_encode(text, strlen(text), out, 10), EOVERFLOW);
}

/* ---- every byte ---- */

static const char harmless[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    "-_.:/+@%=~&()[]*;,!?";

static unsigned lines(void)
{
    unsigned n = 0;

    for (size_t i = 0; i < cmd.len; i++)
        n += cmd.text[i] == '\n' || cmd.text[i] == '\r';
    return n;
}

static void a_word_has_harmless_bytes_only(void **state)
{
    for (int b = 1; b < 256; b++) {
        const char text[] = {'x', (char)b, 'y', '\0'};
        const char *const words[] = {"uuid_setvar", text};
        bool good = b < 128 && strchr(harmless, b);
        char line[64];

        assert_int_equal(esl_is_word(text), good);
        assert_int_equal(esl_line(line, sizeof(line), words, 2),
                         good ? 0 : EINVAL);
        assert_string_equal(strchr(line, ' ') ? strchr(line, ' ') + 1 : "",
                            good ? text : "");
    }
}

static void an_encoded_byte_is_a_word_of_few_characters(void **state)
{
    static const char few[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.%";

    for (int b = 0; b < 256; b++) {
        const char text[] = {'x', (char)b, '4', '1'};
        char out[16], back[16];
        size_t n;

        assert_int_equal(esl_encode(text, 4, out, sizeof(out)), 0);
        assert_int_equal(strspn(out, few), strlen(out));
        assert_true(esl_decode(slice_of(out), back, sizeof(back), &n));
        assert_int_equal(n, 4);
        assert_memory_equal(back, text, 4);
    }
}

/* Alone, at both ends, and beside each other byte. */
static void a_value_of_any_two_bytes_arrives_or_is_refused(void **state)
{
    for (int a = 1; a < 256; a++) {
        for (int b = 1; b < 256; b++) {
            const char value[] = {(char)a, (char)b, 'x',
                                  (char)b, (char)a, '\0'};
            bool bad = a < ' ' || b < ' ' || a == 0x7f || b == 0x7f ||
                       strpbrk(value, "{}");

            assert_int_equal(originate(value), bad ? EINVAL : 0);
            if (bad)
                continue;
            assert_int_equal(lines(), 3);
            assert_string_equal(read_back("sip_h_X-Room-Name"), value);
            assert_string_equal(read_back("sip_h_X-After"), "after");
            assert_string_equal(read_back("first"), "1");
        }
    }
}

static void a_name_has_letters_digits_and_dashes_only(void **state)
{
    for (int b = 1; b < 256; b++) {
        const char name[] = {'X', (char)b, '\0'};
        const struct engine_header header = {name, "v"};
        const struct esl_originate o = {.headers = &header,
                                        .n_headers = 1,
                                        .profile = "internal",
                                        .uri = "sip:a@b"};
        bool good = b < 128 && (strchr("-_", b) || (strchr(harmless, b) &&
                                                    !strchr("-_.:/+@%=~&()[]"
                                                            "*;,!?",
                                                            b)));

        assert_int_equal(esl_command_originate(&cmd, "j", &o),
                         good ? 0 : EINVAL);
    }
}

static void an_address_has_the_bytes_of_one_only(void **state)
{
    for (int b = 1; b < 256; b++) {
        char uri[] = "sip:a?b@1.2.3.4:5060;x=y";
        struct esl_originate o = {.profile = "internal", .uri = uri};
        bool good = b < 128 && strchr(harmless, b) && !strchr(",()", b);

        uri[5] = (char)b;
        assert_int_equal(esl_command_originate(&cmd, "j", &o),
                         good ? 0 : EINVAL);
    }
}

static void no_byte_makes_a_line_of_its_own(void **state)
{
    for (int b = 1; b < 256; b++) {
        const char text[] = {'x', (char)b, '\0'};
        bool good = b >= ' ' && b != 0x7f;

        assert_int_equal(esl_command_auth(&cmd, text), good ? 0 : EINVAL);
        assert_true(!good || lines() == 2);
        assert_int_equal(esl_command_execute(&cmd, "u", "set", text, "e"),
                         good ? 0 : EINVAL);
        assert_true(!good || lines() == 7);
        assert_int_equal(
            esl_command_info(&cmd, "internal", text, "a/b", "body", 4),
            good ? 0 : EINVAL);
        assert_true(!good || lines() == 6);
        assert_int_equal(esl_command_info(&cmd, text, "id", "a/b", "body", 4),
                         b < 128 && strchr(harmless, b) ? 0 : EINVAL);
        good = b >= ' ' && b != 0x7f && !strchr("'\"\\{}$", b);
        assert_int_equal(esl_command_bgapi(&cmd, "j", text),
                         good ? 0 : EINVAL);
        assert_true(!good || lines() == 3);
    }
}

static void numbers_behind_the_trunk(void **state)
{
    static const char *const bad[] = {
        "",    "+",     "1;a=b", "1 2",  "1,sofia/x", "1|2", "${x}", "1@h",
        "1/2", "sip:1", "1\n2",  "1\\n", "1'",        "a1",  "1+2",  "gw"};
    struct esl_originate o = {.uri = "+4930*12"};

    assert_int_equal(esl_command_originate(&cmd, "j", &o), 0);
    assert_non_null(strstr(cmd.text, "}sofia/gateway/trunk/+4930*12 &park()"));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        o.uri = bad[i];
        assert_int_equal(esl_command_originate(&cmd, "j", &o), EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_behind_the_trunk),
        cmocka_unit_test(words_make_a_line),
        cmocka_unit_test(what_is_no_word_makes_no_line),
        cmocka_unit_test(values_arrive_exactly_or_not_at_all),
        cmocka_unit_test(an_address_that_could_be_two_is_refused),
        cmocka_unit_test(an_info_body_goes_as_it_is),
        cmocka_unit_test(applications_get_their_argument_as_a_body),
        cmocka_unit_test(a_password_is_one_line),
        cmocka_unit_test(the_subscription_is_narrow),
        cmocka_unit_test(encoded_text_is_decoded_again),
        cmocka_unit_test(a_word_has_harmless_bytes_only),
        cmocka_unit_test(an_encoded_byte_is_a_word_of_few_characters),
        cmocka_unit_test(a_value_of_any_two_bytes_arrives_or_is_refused),
        cmocka_unit_test(a_name_has_letters_digits_and_dashes_only),
        cmocka_unit_test(an_address_has_the_bytes_of_one_only),
        cmocka_unit_test(no_byte_makes_a_line_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
