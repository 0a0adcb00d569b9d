"""What is one engine's own. Every scenario runs on both engines but these,
which look at something that the other does not do itself; there they are
deselected, and said to be."""

GUARD = ("embedded", "who is let in is FreeSWITCH's to say: it answers wrong "
         "credentials with 403 each time and logs them; fail2ban bans")

OWN = {
    "test_sip.py::test_wrong_password_is_challenged_three_times": GUARD,
    "test_sip.py::test_an_unknown_caller_gets_one_challenge_then_nothing":
        GUARD,
}


def is_for(engine, name):
    """Whether a scenario, "file::test", runs on an engine; and why not."""
    own, reason = OWN.get(name.split("[")[0], (engine, ""))
    return own == engine, reason
