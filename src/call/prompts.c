#include "call/prompts.h"

#include <stddef.h>
#include <string.h>

static const char *const names[PROMPT_END] = {
    [PROMPT_ENTER_ID] = "enter-id",
    [PROMPT_NO_INPUT] = "no-input",
    [PROMPT_UNKNOWN_ID] = "unknown-id",
    [PROMPT_ENTER_PASSWORD] = "enter-password",
    [PROMPT_JOIN] = "join",
    [PROMPT_WAIT_JOIN] = "wait-join",
    [PROMPT_NOT_STARTED] = "not-started",
    [PROMPT_PASSWORD_HINT] = "password-hint",
    [PROMPT_IN_CONFERENCE] = "in-conference",
    [PROMPT_WENT_WRONG] = "went-wrong",
    [PROMPT_GOODBYE] = "goodbye",
    [PROMPT_MUTED] = "muted",
    [PROMPT_UNMUTED] = "unmuted",
    [PROMPT_MUTED_BY_MODERATOR] = "muted-by-moderator",
    [PROMPT_HAND_RAISED] = "hand-raised",
    [PROMPT_HAND_LOWERED] = "hand-lowered",
    [PROMPT_HAND_NOT_NEEDED] = "hand-not-needed",
    [PROMPT_MODERATION_ON] = "moderation-on",
    [PROMPT_MODERATION_OFF] = "moderation-off",
    [PROMPT_MAY_UNMUTE] = "may-unmute",
    [PROMPT_MAY_NOT_UNMUTE] = "may-not-unmute",
    [PROMPT_VISITOR] = "visitor",
    [PROMPT_PROMOTED] = "promoted",
    [PROMPT_NOT_LIVE] = "not-live",
    [PROMPT_LIVE] = "live",
    [PROMPT_LOBBY_WAIT] = "lobby-wait",
    [PROMPT_LOBBY_ADMITTED] = "lobby-admitted",
    [PROMPT_LOBBY_REFUSED] = "lobby-refused",
    [PROMPT_PASSWORD_WRONG] = "password-wrong",
    [PROMPT_WAITING_FOR_OTHERS] = "waiting-for-others",
    [PROMPT_ENDED] = "ended",
    [PROMPT_ONE_MINUTE] = "one-minute",
    [PROMPT_HELP] = "help",
    [PROMPT_STATUS_MUTED] = "status-muted",
    [PROMPT_STATUS_UNMUTED] = "status-unmuted",
    [PROMPT_STATUS_HAND] = "status-hand",
    [PROMPT_STATUS_MODERATED] = "status-moderated",
    [PROMPT_MUSIC] = "music",
    [PROMPT_TONE] = "tone",
};

const char *prompt_name(enum prompt p)
{
    return (unsigned)p < PROMPT_END ? names[p] : NULL;
}

enum prompt prompt_find(const char *name)
{
    for (int i = PROMPT_NONE + 1; i < PROMPT_END; i++) {
        if (!strcmp(name, names[i]))
            return (enum prompt)i;
    }
    return PROMPT_NONE;
}
