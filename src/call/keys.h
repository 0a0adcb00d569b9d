/**
 * JIGATE_KEYS: which keys a participant may press in a meeting and what they
 * do, e.g. "*6=mute,*9=hand,*1=help,*0=status".
 */
#ifndef CALL_KEYS_H
#define CALL_KEYS_H

#include <stddef.h>

#include "engine/engine.h"

enum key_action {
    KEY_MUTE,   /* mute, unmute, or ask to speak: call/mute.h */
    KEY_HAND,   /* raise or lower the hand */
    KEY_HELP,   /* list the keys */
    KEY_STATUS, /* say muted or not, hand, moderated */
    KEY_ACTIONS,
};

enum { KEYS_MAX = 16 }; /* sequences in the map */

struct keys {
    size_t n;
    struct {
        char sequence[ENGINE_SEQUENCE_MAX + 1];
        enum key_action action;
    } map[KEYS_MAX];
};

/**
 * Parse a key map: entries SEQUENCE=ACTION separated by commas, blanks
 * around an entry ignored. A sequence is 1 to ENGINE_SEQUENCE_MAX of
 * 0-9 * # and may stand once; several may lead to one action. An empty map
 * binds no keys.
 *
 * @param why  Set to what is wrong, for a log line, when not 0.
 * @return 0 or EINVAL.
 */
int keys_parse(struct keys *k, const char *p, size_t len, const char **why);

/** Find the action of a sequence. Returns 0 or ENOENT. */
int keys_find(const struct keys *k, const char *sequence,
              enum key_action *action);

/** Name of an action as the map spells it. */
const char *key_action_name(enum key_action a);

#endif
