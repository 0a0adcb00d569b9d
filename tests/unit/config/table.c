#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "config/config.h"
#include "config/setting.h"

static char *printed(void (*print)(FILE *))
{
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    print(out);
    fclose(out);
    return text;
}

/* Whether some line of text is: before, name, and then after. */
static bool has_line(const char *text, const char *before, const char *name,
                     char after)
{
    char line[100];

    snprintf(line, sizeof(line), "\n%s%s%c", before, name, after);
    return strstr(text, line) != NULL;
}

static void help_and_sample_name_every_setting(void **state)
{
    char *help = printed(config_help);
    char *sample = printed(config_sample);
    size_t in_help = 0, in_sample = 0;

    for (const struct setting *s = settings; s->name; s++) {
        assert_true(has_line(help, "  ", s->name, '\n'));
        assert_true(has_line(sample, "", s->name, '=') ||
                    has_line(sample, "#", s->name, '='));
    }
    for (char *p = help; (p = strstr(p, "\n  ")); p++)
        in_help += p[3] != ' ';
    for (char *p = sample; (p = strchr(p, '\n')); p++)
        in_sample += p[1] && p[1] != '\n' && strncmp(p + 1, "# ", 2) != 0;
    assert_int_equal(in_help, settings_count());
    assert_int_equal(in_sample, settings_count());
    free(help);
    free(sample);
}

static void help_fits_80_columns(void **state)
{
    char *help = printed(config_help);

    for (char *line = strtok(help, "\n"); line; line = strtok(NULL, "\n"))
        assert_true(strlen(line) < 80);
    free(help);
}

static void each_default_is_a_value_that_the_row_takes(void **state)
{
    for (const struct setting *s = settings; s->name; s++) {
        assert_true(s->help && *s->help);
        assert_non_null(s->def);
        if (s->type == SETTING_TEXT && s->kind && *s->def)
            assert_true(s->kind->valid(s->def));
        if (s->type == SETTING_TEXT) {
            assert_true(s->max > 0);
            assert_true(strlen(s->def) <= s->max);
        }
        if (s->flags & SETTING_SECRET)
            assert_string_equal(s->def, "");
        for (const struct setting *o = settings; o < s; o++) {
            assert_string_not_equal(o->name, s->name);
            assert_true(s->type == SETTING_ELSEWHERE ||
                        o->offset != s->offset);
        }
    }
}

/* The sample with its comment signs taken off is a file of defaults. */
static void the_sample_can_be_read_back(void **state)
{
    char *sample = printed(config_sample);
    char path[] = "/tmp/jigate-unit-XXXXXX";
    char *env[] = {"JIGASI_SIP_PASSWORD=x7rTq21LmWz",
                   "FREESWITCH_REGISTRATION_PASSWORD=x7rTq21LmWy",
                   "FREESWITCH_ESL_PASSWORD=x7rTq21LmWx",
                   "FREESWITCH_EXTERNAL_IP=127.0.0.1",
                   "JIGATE_SOUNDS_DIR=" TEST_SOUNDS,
                   NULL};
    FILE *f = fdopen(mkstemp(path), "w");
    FILE *warnings = fopen("/dev/null", "w");
    struct config cfg;

    for (char *line = strtok(sample, "\n"); line; line = strtok(NULL, "\n"))
        fprintf(f, "%s\n", *line == '#' && line[1] != ' ' ? line + 1 : line);
    fclose(f);
    assert_int_equal(config_load(&cfg, path, env, warnings), 0);
    fclose(warnings);
    assert_int_equal(cfg.rest_port, 8080);
    assert_int_equal(cfg.engine, CONFIG_ENGINE_EMBEDDED);
    config_reset(&cfg);
    remove(path);
    free(sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_and_sample_name_every_setting),
        cmocka_unit_test(help_fits_80_columns),
        cmocka_unit_test(each_default_is_a_value_that_the_row_takes),
        cmocka_unit_test(the_sample_can_be_read_back),
    };

    return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
