#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "call/contacts.h"

static int setup(void **state)
{
    return contacts_alloc((struct contacts **)state);
}

static int teardown(void **state)
{
    contacts_free(*state);
    return 0;
}

static int put(struct contacts *cs, unsigned node, const char *id,
               bool reachable, bool gone, uint64_t order)
{
    struct engine_contact ec = {.id = id,
                                .user = "jigasi",
                                .uri = id,
                                .gone = gone,
                                .reachable = reachable,
                                .order = order};

    return contacts_update(cs, node, &ec);
}

static const char *chosen(struct contacts *cs, unsigned node, uint64_t now)
{
    struct contact *ct = contacts_choose(cs, node, NULL, 0, now);

    return ct ? ct->id : "";
}

static void none_is_chosen_of_none(void **state)
{
    assert_string_equal(chosen(*state, 0, 0), "");
}

static void newest_then_least_loaded(void **state)
{
    struct contacts *cs = *state;

    put(cs, 0, "a", true, false, 1);
    put(cs, 0, "b", true, false, 2);
    assert_string_equal(chosen(cs, 0, 0), "b");
    contact_hold(contacts_find(cs, 0, "b"));
    assert_string_equal(chosen(cs, 0, 0), "a");
    contact_hold(contacts_find(cs, 0, "a"));
    assert_string_equal(chosen(cs, 0, 0), "b");
}

static void tried_unreachable_gone_and_other_nodes_are_left_out(void **state)
{
    struct contacts *cs = *state;
    uint32_t tried[1];

    put(cs, 0, "a", true, false, 1);
    put(cs, 0, "b", false, false, 2);
    put(cs, 1, "c", true, false, 3);
    put(cs, 0, "d", true, false, 4);
    put(cs, 0, "d", true, true, 4);
    assert_string_equal(chosen(cs, 0, 0), "a");
    tried[0] = contacts_find(cs, 0, "a")->serial;
    assert_null(contacts_choose(cs, 0, tried, 1, 0));
}

static void the_newest_is_of_the_reachable_ones(void **state)
{
    struct contacts *cs = *state;

    assert_null(contacts_newest(cs, 0));
    put(cs, 0, "a", false, false, 1);
    put(cs, 0, "c", false, false, 3);
    put(cs, 0, "b", false, false, 2);
    put(cs, 1, "d", true, false, 4);
    assert_string_equal(contacts_newest(cs, 0)->id, "c");
    put(cs, 0, "a", true, false, 1);
    assert_string_equal(contacts_newest(cs, 0)->id, "a");
    put(cs, 0, "b", true, false, 2);
    assert_string_equal(contacts_newest(cs, 0)->id, "b");
    put(cs, 0, "b", true, true, 2);
    assert_string_equal(contacts_newest(cs, 0)->id, "a");
}

static void failed_ones_come_last_for_a_while(void **state)
{
    struct contacts *cs = *state;

    put(cs, 0, "a", true, false, 1);
    put(cs, 0, "b", true, false, 2);
    contacts_find(cs, 0, "b")->failed_until = 100;
    assert_string_equal(chosen(cs, 0, 99), "a");
    assert_string_equal(chosen(cs, 0, 100), "b");
    contacts_find(cs, 0, "a")->failed_until = 100;
    assert_string_equal(chosen(cs, 0, 99), "b"); /* better than none */
}

static void registering_anew_is_forgiven_and_may_be_tried(void **state)
{
    struct contacts *cs = *state;
    uint32_t serial;

    put(cs, 0, "a", true, false, 1);
    contacts_find(cs, 0, "a")->failed_until = 100;
    serial = contacts_find(cs, 0, "a")->serial;
    put(cs, 0, "a", true, false, 1); /* a refresh */
    assert_int_equal(contacts_find(cs, 0, "a")->serial, serial);
    put(cs, 0, "a", true, false, 2);
    assert_int_not_equal(contacts_find(cs, 0, "a")->serial, serial);
    assert_int_equal(contacts_find(cs, 0, "a")->failed_until, 0);
}

static void calls_are_counted_over_a_new_registration(void **state)
{
    struct contacts *cs = *state;
    struct contact *ct;

    put(cs, 0, "a", true, false, 1);
    ct = contacts_find(cs, 0, "a");
    contact_hold(ct);
    put(cs, 0, "a", true, true, 1);
    assert_string_equal(chosen(cs, 0, 0), "");
    put(cs, 0, "a", true, false, 2);
    assert_ptr_equal(contacts_choose(cs, 0, NULL, 0, 0), ct);
    assert_int_equal(ct->calls, 1);
    contact_release(cs, ct);
}

static void held_contact_lives_until_released(void **state)
{
    struct contacts *cs = *state;
    struct contact *ct;

    put(cs, 3, "a", true, false, 1);
    ct = contacts_find(cs, 3, "a");
    contact_hold(ct);
    contacts_void(cs, 3);
    assert_string_equal(ct->uri, "a");
    contact_release(cs, ct); /* ASan would tell a use after it */
    assert_string_equal(chosen(cs, 3, 0), "");
}

static void unknown_contact_of_a_recovered_call(void **state)
{
    struct contacts *cs = *state;
    struct contact *ct = contacts_find(cs, 0, "a");

    assert_non_null(ct);
    contact_hold(ct);
    assert_string_equal(chosen(cs, 0, 0), ""); /* not registered */
    put(cs, 0, "a", true, false, 1);
    assert_ptr_equal(contacts_choose(cs, 0, NULL, 0, 0), ct);
}

static void contacts_are_bounded(void **state)
{
    struct contacts *cs = *state;
    char id[16];

    for (unsigned i = 0; i < CONTACTS_MAX; i++) {
        snprintf(id, sizeof(id), "%u", i);
        assert_int_equal(put(cs, 0, id, true, false, i), 0);
    }
    assert_int_equal(put(cs, 0, "more", true, false, 999), ENOSPC);
    assert_int_equal(put(cs, 0, "0", true, true, 0), 0);
    assert_int_equal(put(cs, 0, "more", true, false, 999), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(none_is_chosen_of_none),
        T(newest_then_least_loaded),
        T(tried_unreachable_gone_and_other_nodes_are_left_out),
        T(the_newest_is_of_the_reachable_ones),
        T(failed_ones_come_last_for_a_while),
        T(registering_anew_is_forgiven_and_may_be_tried),
        T(calls_are_counted_over_a_new_registration),
        T(held_contact_lives_until_released),
        T(unknown_contact_of_a_recovered_call),
        T(contacts_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
