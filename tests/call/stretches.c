/* Stretches of calls that many tests begin with. */
#include "tests/call/scripted.h"

static void rings(struct scenario *t)
{
    offer(t, "room");
    ringing(t, name_of(t->n_jigasis));
    answered(t, this_phone(t));
}

void joins(struct scenario *t, const char *leg)
{
    ringing(t, leg);
    answered(t, leg);
    bridged(t);
}

void in_dialling(struct scenario *t)
{
    offer(t, "room");
    pass_over(t);
}

void in_ringing(struct scenario *t)
{
    rings(t);
    pass_over(t);
}

void in_meeting(struct scenario *t)
{
    rings(t);
    answered(t, name_of(t->n_jigasis));
    bridged(t);
    advance(t, 1000);
    pass_over(t);
}

void in_moderated(struct scenario *t)
{
    in_meeting(t);
    info(t, "{\"t\":8,\"d\":true}");
    pass_over(t);
}

void in_waiting(struct scenario *t)
{
    rings(t);
    refused(t, name_of(t->n_jigasis), 486);
    pass_over(t);
}

void in_lobby(struct scenario *t)
{
    rings(t);
    answered(t, name_of(t->n_jigasis));
    info(t, "{\"i\":0,\"t\":3}");
    bridged(t);
    pass_over(t);
}

void in_lobby_password(struct scenario *t)
{
    in_lobby(t);
    keys(t, "#");
    pass_over(t);
}

void password_refused(struct scenario *t, const char *leg)
{
    keys(t, "#");
    digits(t, "1", '#');
    pass_over(t);
    bye(t, leg, 0, "");
}

void in_outbound(struct scenario *t)
{
    struct engine_offer o = {
        .source = ENGINE_FROM_JIGASI, .to = "+49301234", .to_len = 9};

    config_of(t)->dialout_allow = "+49";
    offer_from(t, &o, 0);
    use_callee(t, 1);
    answered(t, "callee1");
    answered(t, "phone");
    bridged(t);
    advance(t, 1000);
    pass_over(t);
}

void in_ivr(struct scenario *t)
{
    offer(t, "1000");
    answered(t, this_phone(t));
    pass_over(t);
}

void in_lookup(struct scenario *t)
{
    in_ivr(t);
    digits(t, "12", '#');
    pass_over(t);
}
