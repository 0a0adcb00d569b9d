/**
 * What the tests of the engine begin with, as setups for cmocka. The state is
 * a struct scene.
 */
#ifndef TESTS_SCENE_H
#define TESTS_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_media.h"
#include "harness.h"

struct scene {
    struct harness h;
    struct peer phone;
    struct peer jigasi; /* of scene_with_jigasi() … */
    char contact[64];
    engine_leg leg; /* the phone's, of scene_with_call() … */
    struct fake_stream *stream;
};

/** An engine, and a phone that has said nothing yet. */
int scene_with_phone(void **state);

/** The same, the phone in a call that is up, in PCMU. */
int scene_with_call(void **state);

/** An engine, a phone, and a Jigasi that is registered. */
int scene_with_jigasi(void **state);

int scene_teardown(void **state);

#endif
