#include "call/call.h"

const struct call_state_row call_state_rows[CALL_STATES] = {
    [CALL_NEW] = {.name = "new"},
    [CALL_ASKING] =
        {
            .name = "asking",
            .answered = ivr_ask,
            .digits = ivr_digits,
        },
    [CALL_LOOKUP] =
        {
            .name = "lookup",
            .step = ivr_lookup_now,
        },
    [CALL_PASSWORD] =
        {
            .name = "password",
            .answered = ivr_password_ask,
            .digits = ivr_password_digits,
        },
    [CALL_DIALLING] =
        {
            .name = "dialling",
            .digits = connect_digits,
            .step = connect_no_ringing,
            .jigasi_gone = connect_refused,
        },
    [CALL_RINGING] =
        {
            .name = "ringing",
            .digits = connect_digits,
            .step = connect_wait_prompt,
            .jigasi_gone = connect_refused,
        },
    [CALL_WAITING] =
        {
            .name = "waiting",
            .answered = connect_wait_audio,
            .digits = connect_digits,
            .step = connect_redial,
        },
    [CALL_RETRYING] =
        {
            .name = "retrying",
            .answered = connect_retry_audio,
            .digits = connect_digits,
            .step = connect_redial,
        },
    [CALL_OUTBOUND] =
        {
            .name = "outbound",
            .step = outbound_unanswered,
            .jigasi_gone = outbound_cancelled,
        },
    [CALL_JOINING] =
        {
            .name = "joining",
            .answered = connect_bridge,
            .jigasi_gone = meeting_gone,
        },
    [CALL_MEETING] =
        {
            .name = "meeting",
            .keys = meeting_keys,
            .jigasi_gone = meeting_gone,
        },
    [CALL_LOBBY] =
        {
            .name = "lobby",
            .digits = lobby_digits,
            .keys = lobby_keys,
            .jigasi_gone = meeting_gone,
        },
    [CALL_NOT_LIVE] =
        {
            .name = "not-live",
            .keys = meeting_keys,
            .jigasi_gone = meeting_gone,
        },
    [CALL_ENDING] =
        {
            .name = "ending",
            .answered = ending_audio,
            .played = ending_hangup,
            .step = ending_hangup,
        },
    [CALL_GONE] = {.name = "gone"},
    [CALL_HEALTHCHECK] =
        {
            .name = "healthcheck",
            .answered = call_play_tone,
            .step = ending_hangup,
        },
};
