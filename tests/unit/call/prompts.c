/* The table of prompts and sounds/en/prompts.txt have the same names in the
 * same order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "call/prompts.h"

static void names_are_those_of_the_texts(void **state)
{
    FILE *f = fopen(TEST_SOUNDS "/en/prompts.txt", "r");
    char line[512];
    int p = PROMPT_NONE + 1;

    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        if (line[0] == '#' || line[0] == '\n')
            continue;
        line[strcspn(line, "\t\n")] = '\0';
        assert_in_range(p, PROMPT_NONE + 1, PROMPT_END - 1);
        assert_string_equal(prompt_name((enum prompt)p), line);
        p++;
    }
    fclose(f);
    assert_int_equal(p, PROMPT_END);
}

static void beyond_the_table_is_no_name(void **state)
{
    assert_null(prompt_name(PROMPT_NONE));
    assert_null(prompt_name(PROMPT_END));
    assert_null(prompt_name((enum prompt) - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_those_of_the_texts),
        cmocka_unit_test(beyond_the_table_is_no_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
